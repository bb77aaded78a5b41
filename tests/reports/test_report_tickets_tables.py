"""Chapter 2's tables: published numbers as printed, the choice of the best ticket, means and deviations by hand."""

import math
import re
from pathlib import Path

import pytest
from report_tickets import series_of, write_ticket
from tickets_told import cells_of, texts_of, write_rounds

from arttl.collections.targets import TARGETS
from arttl.published import chapter2 as published
from arttl.reports.formats import latex
from arttl.reports.tickets.series import TEST, VALIDATION
from arttl.reports.tickets.tables import accuracy_table, fractions_table

THESIS = (Path(__file__).parents[1] / "references" / "chapter2_tables.md").read_text(encoding="utf-8")


def thesis_rows(number):
    """The rows of a table of the thesis, as lists of texts."""
    section = re.search(rf"### Table {number} .*?(?=### Table|\Z)", THESIS, re.S)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_published_targets_are_table_4():
    rows = [(name, *map(int, sizes)) for name, *sizes in thesis_rows(4)]
    assert rows == [(each.name, *each.sizes, each.images, each.classes) for each in TARGETS]


def test_published_accuracies_and_fractions_are_tables_5_and_6():
    assert {name: tuple(values) for name, *values in thesis_rows(5)} == published.ACCURACIES
    assert {name: tuple(values) for name, *values in thesis_rows(6)} == published.FRACTIONS
    assert published.accuracy("Mouse-LBA", "resnet50", "cifar10") == ("74.20", "2.04")
    assert published.fraction("Human-LBA", "resnet50", "cifar100") == "0.79"
    assert published.accuracy("Mouse-LBA", "resnet20", "cifar10") is None
    assert published.fraction("Mouse-LBA", "resnet50", "") is None
    assert published.accuracy("Artist-Classification-2", "resnet50", "") is None


def test_all_but_two_published_fractions_are_those_of_a_round():
    for printed in (each for row in published.FRACTIONS.values() for each in row):
        decimals = len(printed.partition(".")[2])
        grid = {f"{1 - 0.8**n:.{decimals}f}" for n in range(published.ROUNDS)}
        assert (printed in grid) == (printed not in published.OFF_GRID)


def test_the_best_ticket_by_test_and_the_one_chosen_on_validation(tmp_path):
    """Means of 60, 70 and 65: the test chooses round 2, validation round 3, and neither the unpruned round 0."""
    write_rounds(tmp_path, {0: (10, 10, 0.9), 1: (5, 7, 0.5), 2: (6, 8, 0.6), 3: (6, 7, 0.7)})
    series = series_of(tmp_path)
    row = texts_of(accuracy_table(series), "Human-LBA", "ResNet50")
    found = [row["CIFAR-10", name] for name in ("value", "interval", "published", "difference")]
    # the deviation of 60 and 80 is sqrt(10² + 10²) with n - 1 (with n it would be 10); 70 - 79.17 = -9.17
    assert found == ["70.00", "± 14.14 (2 seeds)", "79.17 ± 1.85", "-9.17"]
    assert row["CIFAR-10", "chosen on validation"] == "65.00"
    assert row["CIFAR-10", "its interval"] == "± 7.07 (2 seeds)"
    assert row["from scratch", "value"] == ""
    assert row["from scratch", "published"] == "71.85 ± 1.12"
    fractions = texts_of(fractions_table(series), "Human-LBA", "ResNet50")
    # 1 - 0.8² and 1 - 0.8³
    assert [fractions["CIFAR-10", name] for name in ("value", "published", "chosen on validation")] == [
        "0.360", "0.945", "0.488"
    ]  # fmt: skip
    assert fractions["Fashion-MNIST", "published"] == "0.886†"
    assert fractions["CIFAR-100", "published"] == "0.79‡"


def test_the_best_is_shown_with_round_0_and_without(tmp_path):
    """Round 0 has 100 and 100%, round 1 50 and 70%: the best ticket has 60, and what is not pruned 100."""
    write_rounds(tmp_path, {0: (10, 10, 0.9), 1: (5, 7, 0.5)})
    write_rounds(tmp_path, {0: (4, 6, 0.9), 2: (7, 9, 0.5)}, source="cifar100")
    write_rounds(tmp_path, {3: (8, 8, 0.5)}, source="fashion_mnist")
    series = series_of(tmp_path)
    accuracy = texts_of(accuracy_table(series), "Human-LBA", "ResNet50")
    fraction = texts_of(fractions_table(series), "Human-LBA", "ResNet50")
    for source, texts in {
        "CIFAR-10": ("60.00", "100.00", "0.200", "0.000"),
        "CIFAR-100": ("80.00", "80.00", "0.360", "0.360"),
        "Fashion-MNIST": ("80.00", "", "0.488", ""),  # round 0 was not run
    }.items():
        found = [(each[source, "value"], each[source, "with round 0"]) for each in (accuracy, fraction)]
        assert found == [texts[:2], texts[2:]]
    assert any('"with round 0"' in note for note in accuracy_table(series).notes)
    data = fractions_table(series).data.set_index(["target", "source"]).with_0_round
    assert (data["Human-LBA", "cifar10"], data["Human-LBA", "cifar100"]) == (0, 2)


def test_the_published_curve_is_shown_at_our_best_round(tmp_path):
    write_rounds(tmp_path, {1: (5, 7, 0.5), 13: (6, 8, 0.6)})
    write_rounds(tmp_path, {1: (5, 7, 0.5)}, network="resnet20")
    write_ticket(tmp_path, start="scratch")
    table = accuracy_table(series_of(tmp_path))
    row = texts_of(table, "Human-LBA", "ResNet50")
    assert row["CIFAR-10", "published curve"] == "79.2"  # Table 5's 79.17 "at 0.945", which is round 13
    assert row["CIFAR-100", "published curve"] == ""
    assert ("from scratch", "published curve") not in row
    assert texts_of(table, "Human-LBA", "ResNet20")["CIFAR-10", "published curve"] == ""


def test_cells_of_the_unpruned_network_are_marked(tmp_path):
    table = accuracy_table(series_of(write_ticket(tmp_path).parents[7]))
    marked = {
        (row[0].text, group)
        for row in table.rows
        for (group, name), cell in zip(table.columns, row, strict=True)
        if name == "published" and cell.text.endswith("‡")
    }
    assert marked == {("Human-LBA", "CIFAR-100"), ("Mouse-LBA", "Fashion-MNIST")}
    assert r"\ddag{}" in latex(table)


@pytest.mark.parametrize(
    ("rounds", "chosen"),
    [
        ({1: (0.7, 1.0), 2: (0.7, 0.9), 3: (0.6, 0.1)}, 2),
        ({1: (0.7, math.nan), 2: (0.7, 2.0)}, 2),
        ({1: (0.7, math.nan), 2: (0.7, math.nan)}, 1),
        ({1: (0.7, None), 2: (0.7, 5.0)}, 2),
        ({1: (None, 0.1), 2: (0.1, 5.0)}, 2),
        ({1: (math.nan, 0.1)}, None),
    ],
)
def test_ties_of_validation_go_to_the_lower_loss_then_to_the_earlier_round(tmp_path, rounds, chosen):
    for number, val in rounds.items():
        write_ticket(tmp_path, number=number, right=5, metrics={"val_accuracy": val[0], "val_loss": val[1]})
    (series,) = series_of(tmp_path)
    best = series.best(VALIDATION)
    assert (best and best["round"]) == chosen
    assert series.best(TEST)["round"] == 1


def test_one_seed_has_its_wilson_interval_and_no_deviation(tmp_path):
    write_ticket(tmp_path, start="scratch", right=6)
    row = texts_of(accuracy_table(series_of(tmp_path)), "Human-LBA", "ResNet50")
    assert [row["from scratch", name] for name in ("value", "interval", "difference")] == [
        "60.00", "[31.3, 83.2]", "-11.85"
    ]  # fmt: skip


def test_rounds_that_lack_a_seed_do_not_compete(tmp_path):
    write_rounds(tmp_path, {1: (5, 7, 0.5)})
    write_ticket(tmp_path, number=2, right=10, seed=1, val=(0.9, 0.1))
    table = accuracy_table(series_of(tmp_path))
    row = texts_of(table, "Human-LBA", "ResNet50")
    assert (row["CIFAR-10", "value"], row["CIFAR-10", "chosen on validation"]) == ("60.00", "60.00")
    assert "Human-LBA, ResNet50, CIFAR-10: 1 round without all of the cell's seeds left out." in table.notes
    assert table.data.query("seeds > 0").rounds_left_out.tolist() == [1]


def test_all_cells_of_the_thesis_are_there_and_others_below_them(tmp_path):
    write_ticket(tmp_path, target="clipart-a type", source="mnist")
    write_ticket(tmp_path, network="resnet20")
    write_ticket(tmp_path, target="Mouse-LBA", source="human-lba")
    table = accuracy_table(series_of(tmp_path))
    assert [row[0].text for row in table.rows] == [
        "Human-LBA", "Human-LBA", "Lung-Tissues", "Mouse-LBA", "Bone-Marrow", "Artist-Classification-1",
        "Type-Classification", "clipart-a type",
    ]  # fmt: skip
    assert texts_of(table, "Human-LBA", "ResNet20")["CIFAR-10", "published"] == ""
    assert texts_of(table, "Human-LBA", "ResNet20")["CIFAR-10", "value"] == "60.00"
    groups = list(dict.fromkeys(group for group, _ in table.columns if group))
    expected = ["from scratch", "CIFAR-10", "CIFAR-100", "Fashion-MNIST", "target ticket", "MNIST"]
    assert groups == [*expected, "ticket of Human-LBA"]
    assert ("MNIST", "published") not in table.columns
    for name, *values in thesis_rows(5):
        row = texts_of(table, name, "ResNet50")
        assert [row[group, "published"].removesuffix("‡") for group in groups[:5]] == values


def test_best_and_second_best_are_of_a_target_s_row(tmp_path):
    write_ticket(tmp_path, start="scratch", right=5)
    for source, right in (("cifar10", 9), ("fashion_mnist", 8), ("human_lba", 7)):
        write_ticket(tmp_path, source=source, right=right)
    row = cells_of(accuracy_table(series_of(tmp_path)), "Human-LBA", "ResNet50")
    marks = {
        group: row[group, "value"].mark for group in ("from scratch", "CIFAR-10", "Fashion-MNIST", "target ticket")
    }
    assert marks == {"from scratch": "", "CIFAR-10": "best", "Fashion-MNIST": "second", "target ticket": ""}
    assert row["target ticket", "published"].mark == "best"  # 81.72
    assert row["CIFAR-10", "published"].mark == "second"  # 79.17


def test_nothing_is_best_among_runs_of_different_images(tmp_path):
    write_ticket(tmp_path, right=9)
    write_ticket(tmp_path, source="cifar100", right=8, settings={"data": {"split": "other"}})
    table = accuracy_table(series_of(tmp_path))
    assert cells_of(table, "Human-LBA", "ResNet50")["CIFAR-10", "value"].mark == ""
    assert any("different images" in line for line in table.warnings)
