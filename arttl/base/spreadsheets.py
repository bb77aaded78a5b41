"""Tables that people open: a CSV whose letters Excel shows as they are, or a workbook.

The tables of run folders are written by `arttl.base.files.write_table`, and read by programs.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from arttl.base.errors import InputError
from arttl.base.files import partial_path, write_table

MARK = "\ufeff"
"""The byte order mark, without which Excel takes UTF-8 for Windows-1252."""

LONGEST_CELL = 32_767  # letters that a cell of Excel holds
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # in XML 1.0


def is_workbook(path):
    """Whether a table of this name is to be a workbook."""
    return Path(path).suffix.lower() == ".xlsx"


def write_spreadsheet(path, table):
    """Write a DataFrame without its index, whole or not at all: a workbook if the name ends in .xlsx, else a CSV.

    In a workbook text stays text, also where it begins as a formula does, and NaN is an empty cell.

    Raises InputError if it cannot be written.
    """
    if is_workbook(path):
        _write_workbook(path, table)
    else:
        write_table(path, table, mark=MARK)


def _write_workbook(path, table):
    try:
        import openpyxl
    except ImportError as error:
        raise InputError(f"{path} is a workbook, which needs openpyxl: pip install openpyxl; or name a CSV") from error
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    def cell(value, bold=False):
        made = WriteOnlyCell(sheet)
        if isinstance(value, str) and value:
            made.value = _ILLEGAL.sub(lambda letter: ascii(letter[0])[1:-1], value)[:LONGEST_CELL]
            # Not what Excel would make of it: "=" starts a formula, and "+", "-" and "@" do once the cell is edited.
            made.data_type, made.quotePrefix = "s", value[:1] in ("=", "+", "-", "@")
        elif value == value and value != "":  # not NaN
            made.value = value.item() if isinstance(value, np.generic) else value
        if bold:
            made.font = Font(bold=True)
        return made

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("arttl")
    sheet.freeze_panes = "A2"
    sheet.append([cell(str(name), bold=True) for name in table.columns])
    for row in table.itertuples(index=False, name=None):
        sheet.append([cell(value) for value in row])
    with partial_path(path) as partial:
        book.save(partial)
