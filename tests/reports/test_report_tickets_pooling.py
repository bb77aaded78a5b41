"""What is pooled in the tables of Chapter 2, and what is not: settings, seeds, parts of searches."""

import pandas as pd
import pytest
from report_tickets import series_of, sparsity, write_search, write_ticket
from tickets_told import cells_of, texts_of, write_rounds

from arttl.collections.targets import TARGETS
from arttl.reports.formats import latex, markdown, write_formats
from arttl.reports.tickets.batchnorm import batchnorm_table
from arttl.reports.tickets.collect import collect_tickets
from arttl.reports.tickets.searches import searches_table
from arttl.reports.tickets.series import make_series
from arttl.reports.tickets.tables import accuracy_table, fractions_table, targets_table


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
