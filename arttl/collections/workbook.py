"""Excel workbooks (.xlsx) as text: every value a str as its cell shows it, every row with the number Excel gives it."""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
import zlib
from collections import defaultdict
from contextlib import contextmanager

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.files import open_regular
from arttl.base.wording import bytes_text, counted, first_few, shown, shown_path
from arttl.collections.csv_file import named_columns

MOST_BYTES = 1 << 30  # of unpacked XML: a small file can be made to fill the memory
DIGITS = 15  # that Excel keeps of a number

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')
# A formula whose value was never computed, since no spreadsheet has opened the file.
_NO_VALUE = re.compile(
    rb'<(?:\w+:)?c\s[^>]*?r="([A-Z]+[0-9]+)"[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)'
    rb"(?:\s*<(?:\w+:)?v\s*/>)?\s*</(?:\w+:)?c>"
)
_PADDED = re.compile(r"(0+)(?:\.(0+))?")  # a number format that shows leading zeros, or zeros after the point


def read_workbook(path, sheet=None):
    """Read a sheet of a workbook; its header is the first row that holds anything.

    Formulas are read as the values saved with them. Numbers become text as their cells show them: whole ones without
    a point, those formatted as 00000 with their zeros; dates become 2020-03-04. What a merged cell holds counts for
    all rows that it spans.

    Arguments:
        path: the file.
        sheet: the sheet's name; None for the only visible one that holds anything.

    Returns (DataFrame of str, as read_csv; notes on what is not as it seems, a list of lines).

    Raises InputError for a file that is missing, no workbook, or encrypted; for a sheet that is not there; where
    several hold something and none is named; for a formula without a value; and for a header that is a title, names a
    column twice, or has no rows.
    """
    try:
        with open_regular(path) as file:
            return _read(path, file, sheet)
    except OSError as error:
        raise InputError(f"{shown_path(path)} cannot be read ({error.strerror}); check the path") from error


def _read(path, file, sheet):
    with _sound(path):
        chosen = _chosen(path, _opened(path, file), sheet)
        cells = _Cells(path, _filled(chosen))
        xml = zipfile.ZipFile(file).read(chosen._worksheet_path)
    uncomputed = _NO_VALUE.search(xml)
    if uncomputed:
        raise InputError(
            f"{shown_path(path)} cell {uncomputed[1].decode()}: a formula without a value; open the file in a "
            "spreadsheet, which computes it, and save it"
        )
    rows = cells.rows
    if len(rows) < 2:
        raise InputError(f"{shown_path(path)} has no rows; it needs a header and one row an image")
    merged = _spread([found.decode() for found in _MERGED.findall(xml)], rows)
    notes = [f"{shown_path(path)}: cells {first_few(merged)} are merged, and count for each row"] if merged else []
    table, more = _table(path, rows)
    return table, [*notes, *more, *cells.notes]


def _opened(path, file):
    try:
        import openpyxl
    except ImportError as error:
        raise InputError(f"{shown_path(path)} is a workbook, which needs openpyxl: pip install openpyxl") from error
    parts = zipfile.ZipFile(file).infolist()
    unpacked = sum(part.file_size for part in parts if part.filename.endswith((".xml", ".rels")))
    if unpacked > MOST_BYTES:
        raise InputError(f"{shown_path(path)} unpacks to {bytes_text(unpacked)}, too much; save it as CSV")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of extensions that openpyxl does not know: no values are among them
        return openpyxl.load_workbook(file, read_only=True, data_only=True)


@contextmanager
def _sound(path):
    """Refuse in one line what a damaged workbook makes openpyxl raise within the block."""
    try:
        yield
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, SyntaxError, TypeError) as error:
        raise InputError(
            f"{shown_path(path)} is no workbook, damaged or encrypted; save it anew as .xlsx, without a password"
        ) from error


def _chosen(path, book, sheet):
    """The worksheet of that name, or the only one that holds anything; hidden ones count if no other does."""
    sheets = book.worksheets
    if sheet is not None:
        found = next((each for each in sheets if each.title == sheet), None)
        if found is None:
            names = first_few([each.title for each in sheets], 10)
            raise InputError(f"{shown_path(path)} has no sheet '{shown(sheet)}'; it has {names}: name one with sheet=")
        return found
    holding = [each for each in sheets if next(_filled(each), None)]
    holding = [each for each in holding if each.sheet_state == "visible"] or holding
    if not holding:
        raise InputError(f"{shown_path(path)} has no rows; it needs a header and one row an image")
    if len(holding) > 1:
        names = first_few([each.title for each in holding], 10)
        raise InputError(
            f"{shown_path(path)} has {len(holding)} sheets with data ({names}); name one: "
            f"sheet='{shown(holding[0].title)}'"
        )
    return holding[0]


def _filled(sheet):
    """The rows of a sheet that hold anything, each a list of cells that do."""
    sheet.reset_dimensions()  # what some programs write of them is wrong
    for row in sheet.iter_rows():
        cells = [cell for cell in row if cell.value is not None]
        if cells:
            yield cells


class _Cells:
    """Rows of cells as text, and what is to be said of them.

    Attributes:
        rows: dict of row number to a dict of column number to text.
        notes: a list of lines.
    """

    def __init__(self, path, filled):
        self._path, self._errors, self._long = path, [], []
        self._kinds = defaultdict(lambda: defaultdict(list))  # of the cells in each column
        self.rows = {cells[0].row: {cell.column: self._text(cell) for cell in cells} for cells in filled}

    def _text(self, cell):
        value = cell.value
        if cell.data_type == "e":
            self._errors.append(f"{cell.coordinate} {value}")
            return ""
        is_date = isinstance(value, datetime.date | datetime.time)
        self._kinds[cell.column]["date" if is_date else "other"].append(cell.coordinate)
        if isinstance(value, int | float) and abs(value) >= 10**DIGITS:
            self._long.append(cell.coordinate)
        return value if isinstance(value, str) else _shown(value, cell.number_format)

    @property
    def notes(self):
        where, notes = shown_path(self._path), []
        if self._errors:
            notes.append(
                f"{where}: {counted(len(self._errors), 'cell')} of Excel's errors, read as blank: "
                f"{first_few(self._errors)}"
            )
        if self._long:
            notes.append(
                f"{where}: numbers of more than {DIGITS} digits, of which Excel keeps {DIGITS} (first: "
                f"{self._long[0]}); ids so long must be text"
            )
        for kinds in self._kinds.values():
            if kinds["date"] and len(kinds["other"]) > 2:  # a header, and more
                notes.append(
                    f"{where}: {counted(len(kinds['date']), 'cell')} among other values hold dates (first: "
                    f"{kinds['date'][0]}), read as 2020-03-04: Excel may have taken ids for dates"
                )
        return notes


def _shown(value, number_format):
    """A number, truth value, date or time as its cell shows it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "seconds")
    if not isinstance(value, int | float):
        return str(value)
    padded = _PADDED.fullmatch(number_format or "")
    if padded:
        after = len(padded[2] or "")
        return f"{value:0{len(padded[1]) + (after and after + 1)}.{after}f}"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e21 else f"{value:.{DIGITS}g}"


def _spread(merged, rows):
    """Put what merged cells below the header hold into every row that they span.

    Arguments:
        merged: their ranges, such as "B2:B9".
        rows: as _Cells has them, changed in place.

    Returns the ranges that span several rows and hold something.
    """
    from openpyxl.utils import range_boundaries

    header, spread = min(rows), []
    for each in merged:
        left, top, _, bottom = range_boundaries(each)
        value = rows.get(top, {}).get(left)
        if value is None or top <= header or bottom == top:
            continue
        spread.append(each)
        for row in range(top, min(bottom, max(rows)) + 1):
            if row in rows:
                rows[row].setdefault(left, value)
    return spread


def _table(path, rows):
    """Rows of text as a DataFrame of those with a name, and notes on what has none."""
    from openpyxl.utils import get_column_letter

    header = min(rows)
    numbers = [number for number in sorted(rows) if number != header and any(map(str.strip, rows[number].values()))]
    columns = range(1, max(max(row) for row in rows.values()) + 1)
    names = [rows[header].get(column, "").strip() for column in columns]
    named = named_columns(path, names)
    used = {column for number in numbers for column, text in rows[number].items() if text.strip()}
    unnamed = [get_column_letter(column) for column in sorted(used) if not names[column - 1]]
    if unnamed and len(named) < 2:
        raise InputError(
            f"{shown_path(path)} row {header} names {len(named)} of {len(used)} columns, as a title or merged cells "
            "do; make the first row one that names each column"
        )
    notes = []
    if unnamed:
        word = "column" if len(unnamed) == 1 else "columns"
        notes.append(
            f"{shown_path(path)}: {word} {first_few(unnamed)} without a name in row {header} (empty, or merged) left "
            "out"
        )
    content = [[rows[number].get(column, "") for column in columns] for number in numbers]
    table = pd.DataFrame(content, columns=names, index=pd.Index(numbers, name="row"), dtype=str)
    return table[named], notes
