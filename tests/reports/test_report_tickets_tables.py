"""Chapter 2's tables: published numbers as printed, the choice of the best ticket, means and deviations by hand."""

import math
import re
from pathlib import Path

import pandas as pd
import pytest
from report_tickets import sparsity, write_search, write_ticket

from arttl.collections.targets import TARGETS
from arttl.published import chapter2 as published
from arttl.reports.formats import latex, markdown, write_formats
from arttl.reports.tickets.batchnorm import batchnorm_table
from arttl.reports.tickets.collect import collect_tickets
from arttl.reports.tickets.searches import searches_table
from arttl.reports.tickets.series import TEST, VALIDATION, make_series
from arttl.reports.tickets.tables import accuracy_table, fractions_table, targets_table

THESIS = (Path(__file__).parents[1] / "references" / "chapter2_tables.md").read_text(encoding="utf-8")


def thesis_rows(number):
    """The rows of a table of the thesis, as lists of texts."""
    section = re.search(rf"### Table {number} .*?(?=### Table|\Z)", THESIS, re.S)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def cells_of(table, *texts):
    """The Cells of the one row of a Table that begins with these, by (group, name) of their column."""
    (row,) = [row for row in table.rows if [cell.text for cell in row[: len(texts)]] == list(texts)]
    return dict(zip(table.columns, row, strict=True))


def texts_of(table, *texts):
    return {column: cell.text for column, cell in cells_of(table, *texts).items()}


def series_of(root):
    return make_series(collect_tickets(root).runs)


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


def write_rounds(root, rounds, **options):
    """Two seeds of each round; `rounds` is a dict of round to (right of seed 1, of seed 2, validation accuracy)."""
    for number, (first, second, val) in rounds.items():
        write_ticket(root, number=number, right=first, seed=1, val=(val, 1.0), **options)
        write_ticket(root, number=number, right=second, seed=2, val=(val, 1.0), **options)


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


def test_cells_of_one_row_with_other_settings_are_said(tmp_path):
    write_ticket(tmp_path, right=9)
    write_ticket(tmp_path, start="scratch", right=8, settings={"recipe": {"max_epochs": 5}})
    table = accuracy_table(series_of(tmp_path))
    (line,) = table.warnings
    assert "runs differ in recipe" in line
    assert cells_of(table, "Human-LBA", "ResNet50")["CIFAR-10", "value"].mark == ""


SEARCH = {"rate": 0.2, "rounds": 31}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"image_size": 64}, "differ in image_size"),
        ({"recipe": {"optimizer": {"learning_rate": 0.1}}}, "recipe.optimizer.learning_rate"),
        ({"tickets": {"search": {"rate": 0.5}}}, "tickets.search.rate"),
        ({"tickets": {"kind": "search", "search": SEARCH, "data": {"split": {"seed": 1}}}}, "tickets.data.split.seed"),
        ({"sparsity": 0.3}, "sparsity"),
    ],
)
def test_runs_that_differ_in_more_than_the_seed_are_not_pooled(tmp_path, settings, said):
    write_ticket(tmp_path, seed=1)
    write_ticket(tmp_path, seed=2, settings=settings)
    table = accuracy_table(series_of(tmp_path))
    assert texts_of(table, "Human-LBA", "ResNet50")["CIFAR-10", "value"] == ""
    (line,) = table.warnings
    assert said in line
    assert line.startswith("Human-LBA, ResNet50, CIFAR-10: left empty, since ch2/transfer/")


def test_rounds_are_compared_only_if_their_settings_are_the_same(tmp_path):
    write_ticket(tmp_path, number=1)
    write_ticket(tmp_path, number=2, settings={"image_size": 64})
    assert "differ in image_size" in series_of(tmp_path)[0].problem


def test_the_same_round_and_seed_twice_is_not_pooled(tmp_path):
    write_ticket(tmp_path / "a")
    write_ticket(tmp_path / "b")
    assert "of the same round and seed" in series_of(tmp_path)[0].problem


def test_a_seed_s_own_search_may_differ(tmp_path):
    for seed in (1, 2):
        search = {"rounds": 10 * seed, "rate": 0.2, "keep_final": seed == 1}
        tickets = {"seed": seed, "data": {"split": {"seed": 42}}, "search": search}
        write_ticket(tmp_path, seed=seed, settings={"tickets": tickets})
    (series,) = series_of(tmp_path)
    assert (series.problem, series.seeds) == ("", 2)


def test_tickets_of_partial_searches_stand_in_only_where_there_are_no_others(tmp_path):
    write_ticket(tmp_path, right=9, fraction=0.75)
    write_ticket(tmp_path, right=4, fraction=0.5)
    table = accuracy_table(series_of(tmp_path))
    assert texts_of(table, "Human-LBA", "ResNet50")["CIFAR-10", "value"] == "90.00"
    assert table.warnings == ["Human-LBA, ResNet50, CIFAR-10: of searches on 75% of the training images."]
    write_ticket(tmp_path, right=3)
    table = accuracy_table(series_of(tmp_path))
    assert texts_of(table, "Human-LBA", "ResNet50")["CIFAR-10", "value"] == "30.00"
    assert table.warnings == []


def test_table_4_counts_what_the_runs_had(tmp_path):
    write_ticket(tmp_path, target="human_lba type")
    write_ticket(tmp_path, target="clipart-a type", sizes=(10, 2, 3))
    write_ticket(tmp_path, target="Mouse LBA", sizes=(1722, 716, 1845))
    write_ticket(tmp_path, target="Bone-Marrow", seed=1, sizes=(522, 130, 639), settings={"classes": 8})
    write_ticket(tmp_path, target="Bone-Marrow", seed=2, sizes=(522, 130, 638), settings={"classes": 8})
    table = targets_table(collect_tickets(tmp_path))
    assert [row[0].text for row in table.rows] == [*(each.name for each in TARGETS), "clipart-a type"]
    for name, values in (("Human-LBA", ["4,051", "346", "1,023", "5,420", "9"]), ("Bone-Marrow", [""] * 5)):
        row = texts_of(table, name)
        assert [row[part, "value"] for part in ("train", "validation", "test", "N_t", "Q_t")] == values
    own = texts_of(table, "clipart-a type")
    assert (own["N_t", "value"], own["N_t", "published"]) == ("15", "")
    assert [line.partition(":")[0] for line in table.warnings] == ["Mouse-LBA", "Bone-Marrow"]
    assert "different numbers of images" in table.warnings[1]
    data = table.data.set_index("target")
    assert data.loc["Mouse-LBA", ["test", "test_published"]].tolist() == [1845, 1846]


def test_settings_of_batchnorm_are_apart_and_side_by_side(tmp_path):
    other = {"momentum": 0.9, "recalibrate": True}
    study = {"momentum": 0.99, "recalibrate": False}
    write_ticket(tmp_path, start="scratch", right=5)  # says nothing of it: the study's
    write_ticket(tmp_path, number=1, right=7, batchnorm=study)
    write_ticket(tmp_path, number=2, right=6, val=(0.8, 1.0), batchnorm=study)
    write_ticket(tmp_path, start="scratch", right=8, batchnorm=other)
    write_ticket(tmp_path, number=1, right=9, batchnorm=other)
    write_ticket(tmp_path, source="cifar100", right=10)
    series = series_of(tmp_path)
    row = texts_of(accuracy_table(series), "Human-LBA", "ResNet50")
    assert (row["from scratch", "value"], row["CIFAR-10", "value"]) == ("50.00", "70.00")
    table = batchnorm_table(series)
    assert [[cell.text for cell in row[:3]] for row in table.rows] == [["Human-LBA", "ResNet50", "CIFAR-10"]]
    row = texts_of(table, "Human-LBA")
    first, second = "momentum 0.99, not recalibrated", "momentum 0.9, recalibrated"
    assert row[first, "best ticket"] == "70.00 [39.7, 89.2]"  # Wilson for 7 of 10
    assert [row[first, name] for name in ("gap", "its gap")] == ["+20.00", "+10.00"]
    assert row[second, "from scratch"].startswith("80.00 ")
    assert [row[second, name] for name in ("gap", "its gap")] == ["+10.00", "+10.00"]
    assert f"{first}: from scratch" in markdown(table)
    assert batchnorm_table(make_series(collect_tickets(tmp_path).runs.query("seed == 0"))).rows == []


def test_departures_are_starred_and_listed(tmp_path):
    write_ticket(tmp_path, seed=1, deviations=["max_epochs is 2, not 1000"])
    table = accuracy_table(series_of(tmp_path))
    assert cells_of(table, "Human-LBA", "ResNet50")["CIFAR-10", "value"].star
    assert table.deviations == {"max_epochs is 2, not 1000": ["Human-LBA, ResNet50, CIFAR-10"]}


def test_tables_on_disk(tmp_path):
    write_rounds(tmp_path / "runs", {1: (5, 7, 0.5), 2: (6, 8, 0.4)})
    write_ticket(tmp_path / "runs", target="<b>$x_1$|", source="cifar100")
    series = series_of(tmp_path / "runs")
    for table in (accuracy_table(series), fractions_table(series)):
        assert [path.name for path in write_formats(table, tmp_path)] == [
            f"{table.name}.{s}" for s in ("md", "csv", "tex")
        ]
    lines = (tmp_path / "table5.md").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("| Human-LBA")]
    cells = [cell.strip() for cell in line.split("|")[7:14]]
    assert cells == ["70.00", "± 14.14 (2 seeds)", "<u>79.17 ± 1.85</u>", "-9.17", "76.4", "", "60.00"]
    assert any(line.startswith("| &lt;b&gt;$x\\_1$\\| ") for line in lines)
    data = pd.read_csv(tmp_path / "table5.csv").query("source == 'cifar10' and seeds == 2").iloc[0]
    assert data[["accuracy", "validation_accuracy", "difference", "published"]].tolist() == pytest.approx(
        [70, 60, -9.17, 79.17]
    )
    assert (data["low"], data["high"]) == pytest.approx((70 - 10 * 2**0.5, 70 + 10 * 2**0.5))
    assert data[["round", "validation_round", "sparsity"]].tolist() == pytest.approx([2, 1, sparsity(2)])
    text = (tmp_path / "table5.tex").read_text(encoding="utf-8")
    assert r"70.00 & $\pm$ 14.14 (2 seeds) & \underline{79.17 $\pm$ 1.85} & $-9.17$ & 76.4 &  & 60.00" in text
    assert r"\textless{}b\textgreater{}\$x\_1\$\textbar{}" in text
    assert "0.886\\dag{}" in latex(fractions_table(series))


def test_the_table_of_searches(tmp_path):
    """Best by test: round 1; by validation: rounds 2 and 3 are equal and 3 has the lower loss; round 0 has no say."""
    accuracies = [(0.9, 0.9), (0.7, 0.6), (0.6, 0.65), (0.5, 0.65)]
    write_search(tmp_path, "fashion_mnist", 1, accuracies, losses=[0.1, 1.0, 1.0, 0.5])
    write_search(tmp_path, "clipart-a", 2, accuracies[:1], complete=False)
    table = searches_table(collect_tickets(tmp_path).searches)
    row = texts_of(table, "ch2/tickets/fashion_mnist/resnet50/seed-1")
    assert [row["", name] for name in ("source", "network", "seed", "state", "tickets", "epochs", "time")] == [
        "Fashion-MNIST", "ResNet50", "1", "complete", "3", "16", "40 s"
    ]  # fmt: skip
    assert row["unpruned", "test"] == "90.00"
    assert [row["best by test", name] for name in ("round", "test", "validation", "pruned")] == [
        "1", "70.00", "60.00", "0.200"
    ]  # fmt: skip
    assert [row["best by validation", name] for name in ("round", "test", "validation", "pruned")] == [
        "3", "50.00", "65.00", "0.488"
    ]  # fmt: skip
    row = texts_of(table, "ch2/tickets/clipart-a/resnet50/seed-2")
    assert (row["", "state"], row["", "tickets"], row["best by test", "round"]) == ("unfinished", "0", "")
