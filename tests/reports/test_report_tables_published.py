"""What Tables 1 to 3 print of the thesis, and that they have a cell for all of it."""

import re
from pathlib import Path

from report_runs import write_run

from arttl.models import BACKBONES
from arttl.published import chapter1 as published
from arttl.recipes import APPROACHES
from arttl.reports.cells import accuracy_cells
from arttl.reports.collect import collect_runs
from arttl.reports.tables import accuracy_table

THESIS = (Path(__file__).parents[1] / "references" / "chapter1_tables.md").read_text(encoding="utf-8")
NAMES = {title: name for name, title in published.ARCHITECTURES.items()}


def thesis_rows(number):
    """The rows of a table of the thesis, as lists of texts."""
    section = re.search(rf"### Table {number} .*?(?=### Table|\Z)", THESIS, re.S)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_published_collections_are_table_1():
    rows = {(row[0], row[1]): tuple(int(cell.replace(",", "")) for cell in row[2:4]) for row in thesis_rows(1)}
    assert rows == published.COLLECTIONS
    assert {row[0]: row[4] for row in thesis_rows(1) if row[4] and row[0] != "material"} == published.OVERLAP


def test_published_accuracies_sizes_and_features_are_table_2():
    rows = thesis_rows(2)
    assert len(rows) == 12
    found = published.accuracies("rijks")
    for challenge, title, shelf, tuned, parameters, features in rows:
        name = NAMES[title]
        assert found.pop((challenge, name, "off-the-shelf", "")) == shelf.split()[0]
        assert found.pop((challenge, name, "fine-tuning", "")) == tuned
        assert published.PARAMETERS[challenge][name] == int(parameters)
        assert published.FEATURES[name] == int(features) == BACKBONES[name].features
        assert BACKBONES[name].title == title
    assert not found
    assert set(published.MISPRINTS) == {row[2].split()[0] for row in rows if "printed so" in row[2]}


def test_published_accuracies_are_table_3():
    found = published.accuracies("antwerp")
    for challenge, title, *values in thesis_rows(3):
        columns = [(a, s) for a in ("off-the-shelf", "fine-tuning") for s in ("imagenet", "rijks")]
        assert [found.pop((challenge, NAMES[title], *column)) for column in columns] == values
    assert not found


def test_titles_cover_every_approach():
    assert tuple(published.APPROACH_TITLES) == APPROACHES


def test_all_cells_of_the_thesis_are_there_and_empty_if_not_run(tmp_path):
    write_run(tmp_path)
    collected = collect_runs(tmp_path)
    for experiment, number, columns in (("rijks", 2, 2), ("antwerp", 3, 4)):
        table = accuracy_table(collected, experiment)
        assert [[row[0].text, row[1].text] for row in table.rows] == [row[:2] for row in thesis_rows(number)]
        assert len(accuracy_cells(collected, experiment)) == columns * len(table.rows)
    assert all(not cell.text for row in table.rows for cell in row[2::4])  # nothing was run for Table 3
    assert "from scratch" not in dict(accuracy_table(collected, "rijks").columns)


def test_published_marks_are_the_thesis(tmp_path):
    write_run(tmp_path)
    cells = accuracy_cells(collect_runs(tmp_path), "antwerp").set_index(
        ["challenge", "approach", "source", "architecture"]
    )
    artist = cells.published_mark["artist"]["fine-tuning"]
    assert artist["rijks"].to_dict() == {"xception": "", "inception_v3": "", "resnet50": "best", "vgg19": "second"}
    assert artist["imagenet"].to_dict() == {"xception": "second", "inception_v3": "", "resnet50": "best", "vgg19": ""}
