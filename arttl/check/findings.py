"""What a check finds: one Finding a row of its CSV."""

from __future__ import annotations

import io
from typing import NamedTuple

import pandas as pd

from arttl.base.files import csv_writer, whole_file
from arttl.base.spreadsheets import MARK, is_workbook, write_spreadsheet

ATTENTION = (
    "cannot-split",
    "few-left",
    "missing",
    "unreadable",
    "corrupt",
    "white",
    "uniform",
    "straddles",
    "two-labels",
    "label-variant",
)
"""Kinds of findings that need attention before training, so that the check ends with exit code 1."""


class Finding(NamedTuple):
    """One thing found.

    Arguments:
        kind: one of ATTENTION, or "dropped", "without-row", "not-read", "transparent", "turned", "duplicate",
            "near-duplicate", or "class", which finds no fault.
        challenge: the challenge it is about; "" for all.
        item: an image id or a label.
        detail: more about it, in words.
        group: what the findings that belong together share, such as "duplicate-12"; "" where each stands alone.
    """

    kind: str
    challenge: str = ""
    item: str = ""
    detail: str = ""
    group: str = ""


def write_findings(path, findings):
    """Write the findings as CSV or .xlsx, with a header, whole or not at all; InputError if it cannot be written.

    In a CSV file names that are not UTF-8 are written as the bytes that they are.
    """
    if is_workbook(path):
        write_spreadsheet(path, pd.DataFrame(findings, columns=Finding._fields))
        return
    text = io.StringIO(newline="")
    text.write(MARK)
    writer = csv_writer(text)
    writer.writerow(Finding._fields)
    writer.writerows(findings)
    with whole_file(path, "wb") as file:
        file.write(text.getvalue().encode("utf-8", "surrogateescape"))
