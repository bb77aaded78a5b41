"""Metadata as spreadsheets save it: workbooks made with openpyxl, CSVs in the encodings of Excel."""

import datetime
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from collection_files import message_of, plain, refusal, touch, write

from arttl.base.errors import InputError
from arttl.base.spreadsheets import write_spreadsheet
from arttl.check.findings import Finding, write_findings
from arttl.collections import open_collection
from arttl.collections.csv_file import read_csv
from arttl.collections.tables import read_table

NAMED = {"image_column": "file", "label_column": "kind"}


def workbook(path, rows, title="Objekte", **more):
    """A workbook of one sheet, and more of other names; values as they are, or functions of a cell."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, content in {title: rows, **more}.items():
        sheet = book.create_sheet(name)
        for row, values in enumerate(content, 1):
            for column, value in enumerate(values, 1):
                cell = sheet.cell(row, column)
                if callable(value):
                    value(cell)
                else:
                    cell.value = value
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def formatted(value, number_format):
    def fill(cell):
        cell.value, cell.number_format = value, number_format

    return fill


def table_of(path, **options):
    return read_table(path, **options).rows


# --- workbooks


def test_a_workbook_beside_its_pictures_is_the_metadata(tmp_path):
    touch(tmp_path / "Fotos", "Boëtius.jpg", "0042.jpg")
    workbook(tmp_path / "Übersicht.xlsx", [["file", "kind"], ["Boëtius.jpg", "Öl"], [formatted(42, "0000"), "Kreide"]])
    (tmp_path / "~$Übersicht.xlsx").write_bytes(b"open in Excel")
    assert plain(tmp_path).labels("type").to_dict() == {"0042": "Kreide", "Boëtius.jpg": "Öl"}


def test_cells_become_what_they_show(tmp_path):
    shown = {
        "007": "007",
        7: "7",
        7.5: "7.5",
        0.1: "0.1",
        1234567890123: "1234567890123",
        formatted(42, "00000"): "00042",
        formatted(2019.1, "0.00"): "2019.10",
        True: "TRUE",
        formatted(datetime.datetime(2020, 3, 4), "dd.mm.yyyy"): "2020-03-04",
        datetime.datetime(2020, 3, 4, 5, 6): "2020-03-04 05:06:00",
        " x ": " x ",
        "NA": "NA",
        "two\nlines": "two\nlines",
    }
    book = workbook(tmp_path / "m.xlsx", [["value", "k"], *([value, "k"] for value in shown)])
    table = table_of(book)
    assert table["value"].tolist() == list(shown.values())
    assert table.index.tolist() == list(range(2, 2 + len(shown)))


def test_a_workbook_and_its_csv_say_the_same(tmp_path):
    rows = [["file", "kind", "year"], ["a.jpg", "Öl", "1630"], ["b,c.jpg", "", "x"]]
    book = workbook(tmp_path / "m.xlsx", [[], *rows, [], ["d.jpg", "e"]])
    text = '\nfile;kind;year\na.jpg;Öl;1630\n"b,c.jpg";;x\n;;\nd.jpg;e;\n'
    assert table_of(book).equals(read_csv(write(tmp_path / "m.csv", text)))


def test_formulas_count_as_their_saved_values(tmp_path):
    """A sheet by hand, since openpyxl computes nothing: two formulas with a value, and one without."""
    book = workbook(tmp_path / "m.xlsx", [["file", "kind"], ["a.jpg", "=1+1"], ["b.jpg", '="x"&"y"']])
    assert "m.xlsx cell B2: a formula without a value" in message_of(book)
    computed = {b"<f>1+1</f><v></v>": b"<f>1+1</f><v>2</v>", b"<f>1+1</f><v />": b"<f>1+1</f><v>2</v>"}
    text = b'<c r="B3" t="str"><f>"x"&amp;"y"</f><v>xy</v></c>'
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(tmp_path / "n.xlsx", "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                for old, new in computed.items():
                    content = content.replace(old, new)
                start = content.index(b'<c r="B3"')
                content = content[:start] + text + content[content.index(b"</c>", start) + 4 :]
            target.writestr(name, content)
    assert table_of(tmp_path / "n.xlsx")["kind"].tolist() == ["2", "xy"]


def test_several_sheets_are_named(tmp_path, monkeypatch):
    rows = [["file", "kind"], ["a.jpg", "x"]]
    book = workbook(tmp_path / "m.xlsx", rows, Künstler=[["n"], ["Rembrandt"]], Leer=[])
    message = message_of(book)
    assert "m.xlsx has 2 sheets with data (Objekte, Künstler); name one: sheet='Objekte'" in message
    assert table_of(book, sheet="Objekte")["kind"].tolist() == ["x"]
    assert "has no sheet 'objekte'; it has Objekte, Künstler, Leer" in message_of(book, sheet="objekte")
    touch(tmp_path, "a.jpg")
    assert open_collection(tmp_path, "type", sheet="Objekte", **NAMED).labels("type").to_dict() == {"a.jpg": "x"}
    assert "sheet='x' goes with a workbook" in message_of(write(tmp_path / "m.csv", "a,b\n1,2\n"), sheet="x")
    touch(tmp_path / "folders" / "x", "a.jpg")
    with pytest.raises(InputError, match="folders holds no workbook with sheet=A; leave it out"):
        open_collection(tmp_path / "folders", "type", sheet="A")


def test_one_sheet_with_data_needs_no_name_nor_does_the_only_one_in_sight(tmp_path):
    rows = [["file", "kind"], ["a.jpg", "x"]]
    assert len(table_of(workbook(tmp_path / "m.xlsx", rows, Leer=[]))) == 1
    book = openpyxl.load_workbook(workbook(tmp_path / "n.xlsx", rows, Listen=[["hidden"], ["y"]]))
    book["Listen"].sheet_state = "hidden"
    book.save(tmp_path / "n.xlsx")
    assert table_of(tmp_path / "n.xlsx").columns.tolist() == ["file", "kind"]


def merged(path, *ranges):
    book = openpyxl.load_workbook(path)
    for each in ranges:
        book.active.merge_cells(each)
    book.save(path)
    return path


def test_merged_cells_count_for_each_of_their_rows(tmp_path):
    rows = [["file", "kind"], ["a.jpg", "oil"], ["b.jpg", None], ["c.jpg", None], ["d.jpg", "ink"]]
    table = read_table(merged(workbook(tmp_path / "m.xlsx", rows), "B2:B4"))
    assert table.rows["kind"].tolist() == ["oil", "oil", "oil", "ink"]
    assert [note for note in table.notes if "cells B2:B4 are merged" in note]


def test_header_cells_without_a_name_are_told(tmp_path):
    rows = [["file", "kind", None], ["a.jpg", "oil", "1630"]]
    table = read_table(merged(workbook(tmp_path / "m.xlsx", rows), "B1:C1"))
    assert table.rows.columns.tolist() == ["file", "kind"]
    assert [note for note in table.notes if "column C without a name in row 1" in note]
    titled = workbook(tmp_path / "n.xlsx", [["Inventory of 2020"], ["file", "kind"], ["a.jpg", "oil"]])
    assert "n.xlsx row 1 names 1 of 2 columns" in message_of(titled)


def test_what_excel_has_changed_is_told(tmp_path):
    rows = [["file", "kind"], ["1-2", "#N/A"], [datetime.date(2020, 3, 4), "x"], [12345678901234567890, "x"]]
    table = read_table(workbook(tmp_path / "m.xlsx", [*rows, ["9-9", "x"]]))
    assert table.rows["kind"].tolist() == ["", "x", "x", "x"]
    told = " ".join(table.notes)
    assert "1 cell of Excel's errors, read as blank: B2 #N/A" in told
    assert "1 cell among other values hold dates (first: A3)" in told
    assert "numbers of more than 15 digits" in told
    assert "A4" in told


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("m.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "no workbook, damaged or encrypted"),
        ("m.xlsx", b"", "no workbook, damaged or encrypted"),
        ("m.xls", b"\xd0\xcf\x11\xe0", "save it as .xlsx or CSV"),
        ("m.ods", b"PK", "save it as .xlsx or CSV"),
    ],
)
def test_other_spreadsheets_are_refused(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    touch(tmp_path / "images", "a.jpg")
    assert expected in message_of(tmp_path / name)
    assert expected in refusal(tmp_path, **NAMED)


def test_a_workbook_without_rows_or_that_is_no_workbook_is_refused(tmp_path):
    assert "has no rows" in message_of(workbook(tmp_path / "m.xlsx", []))
    assert "has no rows" in message_of(workbook(tmp_path / "n.xlsx", [["file", "kind"]]))
    assert "column file occurs twice" in message_of(workbook(tmp_path / "o.xlsx", [["file", "file"], ["a", "b"]]))
    with zipfile.ZipFile(tmp_path / "p.xlsx", "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    assert "no workbook" in message_of(tmp_path / "p.xlsx")
    assert "cannot be read (No such file" in message_of(tmp_path / "gone.xlsx")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"<sheetData>", b"<sheetData><row", "damaged or encrypted"),
        (b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet', "damaged or encrypted"),
        (b"<sheetData>", b"<!--" + b" " * 2_000 + b"--><sheetData>", "unpacks to 0.0 MB, too much; save it as CSV"),
    ],
)
def test_a_damaged_or_hostile_sheet_is_refused(tmp_path, monkeypatch, old, new, expected):
    book = workbook(tmp_path / "m.xlsx", [["file", "kind"], ["a.jpg", "x"]])
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(tmp_path / "n.xlsx", "w") as target:
        unpacked = sum(part.file_size for part in source.infolist())
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(old, new, 1) if name.endswith("sheet1.xml") else content)
    monkeypatch.setattr("arttl.collections.workbook.MOST_BYTES", unpacked + 1_000)
    assert len(table_of(book)) == 1
    assert expected in message_of(tmp_path / "n.xlsx")


def test_what_gives_labels_without_a_workbook_comes_first_and_says_so(tmp_path):
    touch(tmp_path, "oil/a.jpg", "ink/b.jpg")
    workbook(tmp_path / "inventory.xlsx", [["file", "kind"], ["a.jpg", "x"], ["b.jpg", "y"]])
    collection = open_collection(tmp_path, "type")
    assert set(collection.labels("type")) == {"oil", "ink"}
    assert "inventory.xlsx left aside" in collection.notes[0]
    assert set(plain(tmp_path).labels("type")) == {"x", "y"}
    write(tmp_path / "m.csv", "file,kind\na.jpg,csv\n")
    assert set(plain(tmp_path).labels("type")) == {"csv"}


# --- CSVs


ODD = [
    "=1+1",
    "+49 30",
    "-5",
    "@home",
    "Boëtius",
    'a "b", c',
    "two\nlines",
    "bell \x07",
    "\udce9",
    "",
    "007",
    "x" * 40_000,
]


def test_a_workbook_keeps_text_as_text_and_numbers_as_numbers(tmp_path):
    numbers = np.linspace(0, 1, len(ODD)).astype(np.float32)
    numbers[3] = np.nan
    table = pd.DataFrame({"path": ODD, "probability": numbers, "rank": range(len(ODD))})
    write_spreadsheet(tmp_path / "p.xlsx", table)
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx").active
    header, *rows = sheet.iter_rows()
    assert [cell.value for cell in header] == ["path", "probability", "rank"]
    assert [row[0].data_type for row in rows] == ["s"] * 9 + ["n", "s", "s"]  # "" is an empty cell
    expected = {"bell \x07": "bell \\x07", "\udce9": "\\udce9", "": None, "x" * 40_000: "x" * 32_767}
    assert [row[0].value for row in rows] == [expected.get(each, each) for each in ODD]
    assert [row[0].quotePrefix for row in rows[:5]] == [True, True, True, True, False]
    assert rows[3][1].value is None
    assert rows[4][1].value == float(numbers[4])
    assert [row[2].value for row in rows] == list(range(len(ODD)))
    assert not list(tmp_path.glob(".*"))


def test_a_csv_begins_with_the_mark_that_excel_looks_for_and_pandas_passes_over(tmp_path):
    table = pd.DataFrame({"path": ["Boëtius.jpg"], "n": [1]})
    write_spreadsheet(tmp_path / "p.csv", table)
    assert (tmp_path / "p.csv").read_bytes() == b"\xef\xbb\xbfpath,n\nBo\xc3\xabtius.jpg,1\n"
    assert pd.read_csv(tmp_path / "p.csv").equals(table)
    assert read_csv(tmp_path / "p.csv").columns.tolist() == ["path", "n"]


def test_findings_as_a_workbook(tmp_path):
    write_findings(tmp_path / "f.xlsx", [Finding("dropped", "type", "=Öl", "3 images")])
    assert table_of(tmp_path / "f.xlsx").to_dict("list") == {
        "kind": ["dropped"],
        "challenge": ["type"],
        "item": ["=Öl"],
        "detail": ["3 images"],
        "group": [""],
    }
