"""The report's first screen: the reader's own collections, what was tried on them, and what stays without the data."""

import json
import re
import shutil

import pandas as pd
import pytest
from page_tags import Tags
from report_runs import report, write_run

from arttl.reports.classes import class_scores
from arttl.reports.collect import collect_runs
from arttl.reports.comparison import tried_table
from arttl.reports.learning import learning_curves
from arttl.reports.overview import overview
from arttl.reports.page import naming_column, own_first
from arttl.reports.studied import thesis_part
from arttl.reports.table import Cell, Table
from arttl.reports.tables import accuracy_table
from arttl.reports.tried import tasks


def own_run(root, **options):
    return write_run(root, **{"collection": "Gemälde", "challenge": "style"} | options)


def page_of(root):
    return (root / "report" / "index.html").read_text(encoding="utf-8")


def test_the_best_is_chosen_by_validation_and_the_table_is_by_test_accuracy(tmp_path):
    own_run(tmp_path, right=7, accuracies=(0.4, 0.9), metrics={"tested_epoch": 1})
    for seed, right in ((1, 5), (2, 7)):
        own_run(tmp_path, approach="off-the-shelf", seed=seed, right=right, accuracies=(0.6, 0.9))
    own_run(tmp_path, approach="off-the-shelf", classifier="linear-svm", right=8)  # C = 10: 0.5 on validation
    (task,) = tasks(collect_runs(tmp_path))
    assert task.title == "Gemälde: style"
    titles = ["ResNet50 off the shelf, linear SVM", "ResNet50 fine tuning", "ResNet50 off the shelf"]
    assert [each.title for each in task.tried] == titles
    assert [each.validation for each in task.tried] == pytest.approx([50, 40, 60])
    assert task.best.title == "ResNet50 off the shelf"
    rows = [[cell.text for cell in row] for row in tried_table(task).rows]
    assert rows[2][:5] == ["ResNet50 off the shelf", "60.0", "± 14.14 (2 seeds)", "60.0", "25.0"]
    assert tried_table(task).rows[0][1].bar == pytest.approx((49.02, 80, 94.33, 50), abs=0.01)  # R's binom.wilson
    (section,) = overview([task], [], [], tmp_path)
    lead = section["lead"]
    assert (lead["accuracy"], lead["interval"], lead["majority"]) == (
        "60.0%",
        "95% interval 31.3 to 83.2%, ± 14.1 over 2 seeds",
        "50.0%",
    )
    assert "ResNet50 off the shelf, linear SVM has 80.0% on the test images" in lead["chosen"]
    assert next(part["title"] for part in section["parts"]) == "ResNet50 off the shelf, seeds 1, 2"


def test_runs_that_differ_in_a_setting_stand_beside_each_other_and_say_in_what(tmp_path):
    own_run(tmp_path / "a", seed=1)
    own_run(tmp_path / "b", seed=2, right=9, settings={"image_size": 96})
    (task,) = tasks(collect_runs(tmp_path))
    assert [each.title for each in task.tried] == [
        "ResNet50 fine tuning, image_size 96",
        "ResNet50 fine tuning, image_size 64",
    ]
    assert not any(each.problem for each in task.tried)


def test_classes_are_counted_by_hand(tmp_path):
    # a: 3 of 4 right, one taken for b; b: 1 of 2 right, one taken for a; c has no test image but training images.
    pairs = ["aa", "aa", "aa", "ab", "bb", "ba"]
    folder = own_run(
        tmp_path, predictions=[(str(n), *pair, 0.5) for n, pair in enumerate(pairs)], classes=("a", "b", "c")
    )
    images = [
        ("x", "a", "train"),
        ("y", "c", "train"),
        ("z", "c", "train"),
        ("v", "c", "validation"),
        ("0", "a", "test"),
    ]
    pd.DataFrame(images, columns=["image_id", "label", "split"]).to_csv(folder / "images.csv", index=False)
    (task,) = tasks(collect_runs(tmp_path))
    scores = class_scores(task.best, task.images).set_index("class")
    assert scores.train_images.to_dict() == {"a": 1, "b": 0, "c": 2}
    assert scores.test_images.to_dict() == {"a": 4, "b": 2, "c": 0}
    assert scores.recall.to_dict() == pytest.approx({"a": 75, "b": 50, "c": float("nan")}, nan_ok=True)
    assert scores.precision.to_dict() == pytest.approx({"a": 75, "b": 50, "c": float("nan")}, nan_ok=True)
    assert scores.f1["a"] == pytest.approx(75)
    assert scores.taken_for.to_dict() == {"a": "b", "b": "a", "c": ""}
    assert task.facts == "5 images (3 train, 1 validation, 1 test), 3 classes"
    assert task.majority == (50, "c")


@pytest.mark.slow
def test_several_collections_have_sections_and_the_thesis_tables_show_one_and_say_so(tmp_path, capsys):
    own_run(tmp_path / "own", challenge="type", right=9)
    write_run(tmp_path / "bundled", right=5)
    collected = collect_runs(tmp_path)
    thesis, (line,) = thesis_part(collected)
    assert line == "type: the thesis' tables and figures show clipart-a; Gemälde has a section of its own."
    (value,) = accuracy_table(thesis, "rijks").data.accuracy.dropna()
    assert value == 50
    assert report(tmp_path) == 0
    text = page_of(tmp_path)
    assert text.index("<h2><bdi>Gemälde: type") < text.index("<h2><bdi>clipart-a: type") < text.index('id="table2"')
    assert "Results: Gemälde, clipart-a</title>" in text


@pytest.mark.slow
def test_an_own_challenge_folds_the_thesis_away_and_is_nowhere_the_rijksmuseum_s(tmp_path, capsys):
    own_run(tmp_path)
    assert report(tmp_path) == 0
    text = page_of(tmp_path)
    assert '<details id="thesis" class="group">' in text
    assert "Rijksmuseum" not in text[: text.index('id="thesis"')].partition("<body>")[2]
    for name in ("frequency", "classifiers", "findings", "runs", "comparison", "classes"):
        assert "Rijksmuseum" not in (tmp_path / "report" / f"{name}.csv").read_text(encoding="utf-8")
    write_run(tmp_path)
    assert report(tmp_path) == 0
    assert '<details id="thesis" class="group" open>' in page_of(tmp_path)


def test_tables_for_people_open_in_excel_with_their_umlauts(tmp_path, capsys):
    own_run(tmp_path)
    assert report(tmp_path) == 0
    for path in (tmp_path / "report").glob("*.csv"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf"), path
    assert pd.read_csv(tmp_path / "report" / "comparison.csv").collection.tolist() == ["Gemälde"]


@pytest.mark.slow
def test_pictures_stay_when_the_report_is_made_again_without_the_data(tmp_path, photographs, capsys):
    data = shutil.copytree(photographs, tmp_path / "museum")
    rows = [(f"{label}/000.jpg", label, "etching", 0.5) for label in ("etching", "painting", "print")]
    folder = write_run(tmp_path / "runs", predictions=rows, collection="museum")
    images = pd.DataFrame([(*row[:2], "test") for row in rows], columns=["image_id", "label", "split"])
    images.to_csv(folder / "images.csv", index=False)
    assert report(tmp_path / "runs", "--data", data) == 0
    before = re.findall(r'<img src="(data:image/jpeg[^"]+)"', page_of(tmp_path / "runs"))
    figure = (tmp_path / "runs" / "report" / "figure1.png").read_bytes()
    table = pd.read_csv(tmp_path / "runs" / "report" / "table1.csv").query("collection == 'museum'")
    shutil.rmtree(data)
    assert report(tmp_path / "runs") == 0
    assert re.findall(r'<img src="(data:image/jpeg[^"]+)"', page_of(tmp_path / "runs")) == before
    assert len(before) == 2
    assert (tmp_path / "runs" / "report" / "figure1.png").read_bytes() == figure
    again = pd.read_csv(tmp_path / "runs" / "report" / "table1.csv").query("collection == 'museum'")
    assert again.images.tolist() == table.images.tolist() == [3]


def test_learning_curves_have_a_line_a_seed_and_no_empty_axes(tmp_path):
    for seed, accuracies in ((1, (0.1, 0.2, 0.3)), (2, (0.2, 0.4))):
        own_run(tmp_path, seed=seed, accuracies=accuracies)
    (task,) = tasks(collect_runs(tmp_path))
    accuracy, loss = learning_curves(task).axes
    assert [line.get_ydata().tolist() for line in accuracy.get_lines()] == [[10, 20, 30], [20, 40]]
    assert len(loss.get_lines()) == 2
    own_run(tmp_path / "other", approach="off-the-shelf", classifier="rbf-svm")
    (task,) = tasks(collect_runs(tmp_path / "other"))
    assert learning_curves(task) is None


def test_columns_with_the_reader_s_own_values_come_first_and_empty_ones_go():
    columns = [
        ("", "challenge"),
        ("", "model"),
        ("a", "value"),
        ("a", "published"),
        ("b", "value"),
        ("b", "x"),
        ("", "X"),
    ]
    rows = [
        [Cell("type"), Cell(name), Cell(), Cell("1"), Cell(own), Cell(), Cell()]
        for name, own in (("p", "2"), ("q", ""))
    ]
    table = own_first(Table("t", "t", columns, rows))
    assert table.columns == [*columns[:2], ("b", "value"), ("", "X"), *columns[2:4]]
    assert [cell.text for cell in table.rows[0]] == ["type", "p", "2", "", "", "1"]
    assert naming_column(table) == 1  # models tell rows apart; all are of one challenge


def test_every_link_of_the_contents_leads_somewhere(tmp_path, capsys):
    own_run(tmp_path, collection="A museum, of sorts")
    assert report(tmp_path) == 0
    tags = Tags(page_of(tmp_path)).tags
    links = {each["href"][1:] for tag, each in tags if tag == "a" and each["href"].startswith("#")}
    ids = [each["id"] for _, each in tags if "id" in each]
    assert links <= {*ids}
    assert len(ids) == len({*ids})


@pytest.mark.slow
def test_runs_say_where_and_how_their_collections_are_read_each_in_its_own_layout(tmp_path, photographs, capsys):
    folders = shutil.copytree(photographs, tmp_path / "folders")
    named = tmp_path / "named"
    shutil.copytree(photographs / "etching", named)
    (named / "list.csv").write_text("file;painter\n000.jpg;Dürer\n001.jpg;Goya\n", encoding="utf-8")
    reading = {"image_column": "file", "label_column": "painter", "metadata": str(named / "list.csv")}
    for data, image, more in ((folders, "etching/000.jpg", {}), (named, "000.jpg", reading)):
        folder = own_run(tmp_path / "runs" / data.name, collection=data.name, predictions=[(image, "a", "b", 0.5)])
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config["reading"] = {"data": str(data), "skip_missing": True, "format": 5, "split": None} | more
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")

    def shown(*options):
        assert report(tmp_path / "runs", *options, "--to", tmp_path / "to") == 0
        text = (tmp_path / "to" / "index.html").read_text(encoding="utf-8")
        shutil.rmtree(tmp_path / "to")
        return len(re.findall(r'<img src="data:image/jpeg', text))

    assert shown() == 2
    away = tmp_path / "away" / "named"
    away.parent.mkdir()
    named.rename(away)
    assert shown() == 1
    assert shown("--data", away, folders) == 2  # each as its runs read it, the list where it lies now
