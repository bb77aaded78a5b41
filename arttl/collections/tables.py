"""Tables that people make: a CSV in whatever encoding their spreadsheet saves, or an Excel workbook."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import shown, shown_path
from arttl.collections.csv_file import parse_csv, read_bytes
from arttl.collections.encodings import decoded

WORKBOOKS = (".xlsx", ".xlsm")
OTHER_SUFFIXES = (".tsv", *WORKBOOKS)
"""Suffixes of tables beside .csv, in lower case."""

UNREAD_SUFFIXES = (".xls", ".xlsb", ".ods", ".numbers")
"""Suffixes of spreadsheets that are not read."""


class Table(NamedTuple):
    """A table as it was read.

    Attributes:
        path: its file.
        rows: DataFrame of str, indexed by row number as a spreadsheet counts, without the columns that have no name.
        notes: what is to be said of how it was read, a line each.
    """

    path: Path
    rows: pd.DataFrame
    notes: list[str]


def read_table(path, sheet=None):
    """Read a table.

    Arguments:
        path: a CSV (its delimiter a comma, semicolon or tab; in UTF-8, UTF-16 or Windows-1252) or a workbook; or a
            Table, which is given back.
        sheet: name of the workbook's sheet; None for the only one that holds anything.

    Returns a Table.

    Raises InputError as read_csv and read_workbook do, for a spreadsheet of another kind, and for a sheet of a CSV.
    """
    if isinstance(path, Table):
        return path
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in UNREAD_SUFFIXES:
        raise InputError(f"{shown_path(path)} is a spreadsheet that is not read; save it as .xlsx or CSV")
    if suffix in WORKBOOKS:
        from arttl.collections.workbook import read_workbook  # here and not above: few have one

        return Table(path, *read_workbook(path, sheet))
    if sheet is not None:
        raise InputError(f"sheet='{shown(sheet)}' goes with a workbook, and {shown_path(path)} is none; leave it out")
    text, notes = decoded(path, read_bytes(path))
    return Table(path, parse_csv(path, text), notes)
