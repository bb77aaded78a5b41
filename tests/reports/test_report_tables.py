"""The report's tables: published numbers as the thesis prints them, hand-computed means, differences and marks."""

import math
from pathlib import Path

import pandas as pd
import pytest
from report_runs import row_of, write_run

from arttl.published import chapter1 as published
from arttl.reports.cells import accuracy_cells, marks
from arttl.reports.collect import collect_runs
from arttl.reports.formats import latex, markdown, write_formats
from arttl.reports.pictures import Pictures
from arttl.reports.table import Cell, Table
from arttl.reports.table1 import collections_table
from arttl.reports.tables import accuracy_table, frequency_table

STUDY_CLASSES = [f"class {number}" for number in range(1054)]


def test_a_cell_of_one_seed_has_its_wilson_interval(tmp_path):
    write_run(tmp_path, right=6, images=10)
    row = row_of(accuracy_table(collect_runs(tmp_path), "rijks"), "type", "ResNet50")
    # Wilson for 6 of 10: 31.27 to 83.18 (Newcombe's formula by hand); other data than the thesis', so no difference.
    assert row[6:10] == ["60.00", "[31.3, 83.2]", "91.30", ""]
    assert row[2:6] == ["", "", "71.23", ""]
    assert row[10:] == ["81.0", "23.6", "25", "2,048"]  # Figure 3's first epoch, the one tested


def test_a_cell_of_several_seeds_has_their_mean_and_standard_deviation(tmp_path):
    for seed, right in ((1, 5), (2, 7), (3, 9)):
        write_run(tmp_path, seed=seed, right=right)
    collected = collect_runs(tmp_path)
    assert row_of(accuracy_table(collected, "rijks"), "type", "ResNet50")[6:10] == [
        "70.00",
        "± 20.00 (3 seeds)",  # sqrt((20² + 0² + 20²) / 2)
        "91.30",
        "",
    ]
    (cell,) = accuracy_cells(collected, "rijks").query("seeds > 0").itertuples()
    assert (cell.low, cell.high, cell.interval) == (pytest.approx(50), pytest.approx(90), "mean ± 1 SD")


def test_a_column_for_what_the_thesis_has_not_comes_only_with_its_runs(tmp_path):
    write_run(tmp_path, approach="scratch", architecture="inception_v3")
    table = accuracy_table(collect_runs(tmp_path), "rijks")
    place = table.columns.index(("from scratch", "value"))
    assert ("from scratch", "published") not in table.columns
    assert row_of(table, "type", "InceptionV3")[place] == "60.00"
    assert row_of(table, "type", "VGG19")[place] == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([50.0, 70.0, 60.0, None], ["", "best", "second", ""]),
        ([70.001, 70.004, 60.0, 50.0], ["best", "best", "second", ""]),  # both print as 70.00
        ([70.0, 60.0, 60.0], ["best", "second", "second"]),
        ([70.0, None], ["", ""]),  # nothing to be better than
        ([math.nan, 1.0, 2.0], ["", "second", "best"]),
        ([70.0, 70.0], ["best", "best"]),
    ],
)
def test_best_and_second_best(values, expected):
    assert marks(values) == expected


def test_marks_are_per_challenge_and_column(tmp_path):
    for number, architecture in enumerate(("vgg19", "xception", "resnet50")):
        write_run(tmp_path, architecture=architecture, right=7 + number)
        write_run(tmp_path, architecture=architecture, right=3 - number, approach="off-the-shelf")
        write_run(tmp_path, architecture=architecture, right=1, challenge="artist")
    cells = accuracy_cells(collect_runs(tmp_path), "rijks").set_index(["challenge", "approach", "architecture"]).mark
    assert cells["type"]["fine-tuning"].to_dict() == {
        "xception": "second", "inception_v3": "", "resnet50": "best", "vgg19": ""
    }  # fmt: skip
    assert cells["type"]["off-the-shelf"].to_dict() == {
        "xception": "second", "inception_v3": "", "resnet50": "", "vgg19": "best"
    }  # fmt: skip
    assert cells["artist"]["fine-tuning"].drop("inception_v3").eq("best").all()  # a tie


def test_the_published_curve_is_shown_at_the_tested_epoch(tmp_path):
    write_run(tmp_path, metrics={"tested_epoch": 2})
    write_run(tmp_path, approach="off-the-shelf", seed=1, metrics={"tested_epoch": 1})
    write_run(tmp_path, approach="off-the-shelf", seed=2, metrics={"tested_epoch": 4})
    write_run(tmp_path, architecture="inception_v3", approach="scratch", metrics={"tested_epoch": 3})
    write_run(tmp_path, architecture="vgg19", metrics={"tested_epoch": 27})
    write_run(tmp_path, challenge="style", metrics={"tested_epoch": 2})
    write_run(tmp_path, experiment="antwerp", source="imagenet")
    cells = accuracy_cells(collect_runs(tmp_path), "rijks").set_index(["challenge", "architecture", "approach"])
    curve = cells.published_curve["type"]
    assert curve["resnet50", "fine-tuning"] == 88.8  # Figure 3
    assert curve["resnet50", "off-the-shelf"] == pytest.approx((70.7 + 71.5) / 2)
    assert curve["inception_v3", "scratch"] == 77.3
    assert curve["vgg19", "fine-tuning"] is None  # the curve has 26 epochs
    assert cells.published_curve["style"]["resnet50", "fine-tuning"] is None
    table = accuracy_table(collect_runs(tmp_path), "rijks")
    assert ("fine tuning", "published curve") in table.columns
    assert ("from scratch", "published curve") in table.columns
    assert any("validation accuracy of Figures 2 and 3" in note for note in table.notes)
    antwerp = accuracy_table(collect_runs(tmp_path), "antwerp")
    assert "published curve" not in [name for _, name in antwerp.columns]


def test_no_difference_from_a_misprint(tmp_path):
    write_run(tmp_path, challenge="artist", approach="off-the-shelf")
    table = accuracy_table(collect_runs(tmp_path), "rijks")
    assert row_of(table, "artist", "ResNet50")[2:6] == ["60.00", "[31.3, 83.2]", ".08†", ""]
    assert any("near 8-9%" in note for note in table.notes)


def test_antwerp_runs_stand_under_their_source(tmp_path):
    for source, right in (("imagenet", 5), ("rijks", 8)):
        write_run(tmp_path, experiment="antwerp", source=source, right=right)
    row = row_of(accuracy_table(collect_runs(tmp_path), "antwerp"), "type", "ResNet50")
    assert (row[10], row[12]) == ("50.00", "76.50")
    assert (row[14], row[16]) == ("80.00", "78.15")
    assert row_of(accuracy_table(collect_runs(tmp_path), "rijks"), "type", "ResNet50")[6] == ""


@pytest.mark.parametrize(
    ("collection", "classes", "images", "other"),
    [
        ("rijks2014", STUDY_CLASSES, 11_201, False),
        ("rijks2014", STUDY_CLASSES[:1002], 11_201, False),  # 5% fewer classes
        ("rijks2014", STUDY_CLASSES[:1001], 11_201, True),
        ("rijks2014", STUDY_CLASSES, 10_000, True),
        ("clipart-a", STUDY_CLASSES, 11_201, True),
    ],
)
def test_it_says_when_the_published_numbers_are_for_other_data(tmp_path, collection, classes, images, other):
    write_run(tmp_path, classes=classes, images=images, collection=collection)
    table = accuracy_table(collect_runs(tmp_path), "rijks")
    lines = table.warnings
    difference = 600 / images - 91.30  # six are right; the thesis has 91.30 for ResNet50 fine-tuned on type
    assert row_of(table, "type", "ResNet50")[9] == ("" if other else f"{difference:+.2f}")
    assert table.data.set_index(["challenge", "architecture", "approach"]).difference[
        "type", "resnet50", "fine-tuning"
    ] == pytest.approx(difference)
    assert [f"the published numbers are for other data. This is {collection}" in line for line in lines] == [
        True
    ] * other


def test_departures_are_starred_and_listed(tmp_path):
    write_run(tmp_path, deviations=["image size is 64, not 224", "100% <b>odd</b>"])
    write_run(tmp_path, architecture="vgg19", deviations=["image size is 64, not 224"])
    write_run(tmp_path, architecture="xception")
    table = accuracy_table(collect_runs(tmp_path), "rijks")
    starred = {row[1].text for row in table.rows if row[6].star}
    assert starred == {"VGG19", "ResNet50"}
    assert table.deviations["image size is 64, not 224"] == ["type: ResNet50 fine tuning", "type: VGG19 fine tuning"]
    text = markdown(table)
    assert "60.00\\*" in text
    assert "- 100% &lt;b&gt;odd&lt;/b&gt; (type: ResNet50 fine tuning)" in text
    assert "60.00*" in latex(table)


def test_csv_reads_back_as_the_numbers(tmp_path):
    write_run(tmp_path, right=7, images=9)
    write_run(tmp_path, experiment="antwerp", source="rijks", seed=1, right=1, images=3)
    write_run(tmp_path, experiment="antwerp", source="rijks", seed=2, right=2, images=3)
    collected = collect_runs(tmp_path)
    for experiment in ("rijks", "antwerp"):
        write_formats(accuracy_table(collected, experiment), tmp_path)
    table2, table3 = (pd.read_csv(tmp_path / f"table{number}.csv") for number in (2, 3))
    (cell,) = table2[table2.seeds > 0].itertuples()
    assert (cell.challenge, cell.architecture, cell.approach) == ("type", "resnet50", "fine-tuning")
    assert cell.accuracy == pytest.approx(700 / 9)
    assert cell.difference == pytest.approx(700 / 9 - 91.30)
    assert table2.accuracy.isna().sum() == 23
    (cell,) = table3[table3.seeds > 0].itertuples()
    assert (cell.seeds, cell.source, cell.accuracy) == (2, "rijks", pytest.approx(50))
    assert cell.high - cell.accuracy == pytest.approx(100 * math.sqrt(2 * (1 / 6) ** 2))
    assert table2.published.tolist()[0] == 87.69


HOSTILE = r"50%_of $a & #1 {b} ~ ^ \end{table} <script>|*x*"


def test_latex_and_markdown_show_hostile_text_as_it_is():
    table = Table("t", HOSTILE, [("", "name"), (HOSTILE, "value")], [[Cell(HOSTILE), Cell("-1.5", "best", sort=-1.5)]])
    escaped = (
        r"50\%\_of \$a \& \#1 \{b\} \textasciitilde{} \textasciicircum{} \textbackslash{}end\{table\} "
        r"\textless{}script\textgreater{}\textbar{}*x*"
    )
    text = latex(table)
    assert text.count(escaped) == 3  # caption, group, cell
    assert r"\textbf{$-1.5$}" in text
    assert text.count(r"\end{table}") == 1
    text = markdown(table)
    assert "<script" not in text
    assert r"50%\_of $a &amp; #1 {b} ~ ^ \\end{table} &lt;script&gt;\|\*x\*" in text
    assert "**-1.5**" in text


def test_latex_groups_columns_and_marks_the_second_best(tmp_path):
    for architecture, right in (("vgg19", 8), ("xception", 7)):
        write_run(tmp_path, architecture=architecture, right=right)
    collected = collect_runs(tmp_path)
    text = latex(accuracy_table(collected, "rijks"))
    assert r"\multicolumn{5}{c}{fine tuning}" in text
    assert r"type & Xception &  &  & \underline{74.80} &  & \underline{70.00} & {[}39.7, 89.2{]}" in text
    assert r"type & VGG19 &  &  & \textbf{77.33} &  & \textbf{80.00}" in text
    assert r"{$\theta^r$ fine tuning}" in latex(accuracy_table(collected, "antwerp"))


def test_accuracy_by_class_frequency(tmp_path):
    head = {"test_accuracy_head": 0.75, "test_accuracy_head_low": 0.7, "test_accuracy_head_high": 0.8}
    head |= {"test_images_head": 8, "test_classes_head": 2}
    tail = dict.fromkeys(["test_accuracy_tail", "test_accuracy_tail_low", "test_accuracy_tail_high"])
    tail |= {"test_images_tail": 0, "test_classes_tail": 0}
    write_run(tmp_path, metrics=head | tail)
    write_run(tmp_path, architecture="vgg19")
    table = frequency_table(collect_runs(tmp_path))
    (row,) = [[cell.text for cell in row] for row in table.rows]
    assert row[:4] == ["clipart-a", "type", "ResNet50", "fine tuning"]
    assert row[4:8] == ["75.00", "[70.0, 80.0]", "8", "2"]
    assert row[8:12] == ["", "", "", ""]  # no such key: made before arttl measured it
    assert row[12:] == ["", "", "0", "0"]
    for seed, value in ((1, 0.2), (2, 0.4)):
        write_run(tmp_path, challenge="artist", seed=seed, metrics=head | {"test_accuracy_head": value})
    row = row_of(frequency_table(collect_runs(tmp_path)), "clipart-a", "artist")
    assert row[4:6] == ["30.00", "± 14.14 (2 seeds)"]


def test_table_1_counts_a_collection_as_its_split_file_does(tmp_path):
    """The split files in splits/ were written by arttl.splits when the runs were made; the metadata is the user's."""
    from arttl.collections import bundled
    from arttl.splits import make_split

    collection = bundled("clipart-a")
    split = make_split(collection.labels("type"))
    write_run(tmp_path, classes=split.classes, split=split.fingerprint)
    metadata = pd.read_csv(Path(published.__file__).parents[1] / "data" / "clipart-a" / "metadata.csv")
    file = pd.read_csv(Path(__file__).parents[2] / "splits" / "clipart-a" / "type-thesis-seed-42.csv")
    table = collections_table(collect_runs(tmp_path), Pictures({"clipart-a": [collection]}))
    row = row_of(table, "type", "Rijksmuseum")
    assert row[2:6] == ["clipart-a", f"{len(file):,}", "112,012", ""]
    assert row[6:9] == [str(file.label.nunique()), "1,054", ""]
    assert any(f"{len(metadata):,} images of" in note for note in table.notes)


def test_table_1_without_the_data_still_has_classes_and_overlap(tmp_path):
    write_run(tmp_path, classes=("a", "b", "c"), collection="mine")
    write_run(tmp_path, classes=("b", "c", "d", "e"), collection="theirs", experiment="antwerp", source="rijks")
    table = collections_table(collect_runs(tmp_path), Pictures({}))
    assert row_of(table, "type", "Antwerp")[2:] == [
        "theirs",
        "",
        "23,797",
        "",
        "4",
        "920",
        "",
        "50.0%",
        "about 15%",
    ]
    assert any("not known without its metadata" in note for note in table.notes)
