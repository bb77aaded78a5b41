"""A table in every format: its cells, and what the tables of both chapters show beside the published numbers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import pandas as pd

from arttl.base.wording import shown, shown_path
from arttl.published.chapter1 import ARCHITECTURES
from arttl.reports.cells import DECIMALS, SPREAD

OURS = ("value", "interval")
BESIDE = (*OURS, "published", "difference")
CURVE = "published curve"
PLACE = ("collection", "challenge", "model")
STARRED = "* departs from the study's settings"


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: what is shown; empty for what was not run.
        mark: "best", "second" or "".
        star: whether its runs depart from the study.
        sort: the number to sort by; None to sort by the text.
        bar: what the page draws below it on a scale of 0 to 100: (low, value, high, a thin line or None); or None.
    """

    text: str = ""
    mark: str = ""
    star: bool = False
    sort: float | None = None
    bar: tuple | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """A table in every format that formats.py writes.

    Attributes:
        name: its files' name.
        title: one line.
        columns: pairs of group ("" for none) and name.
        rows: lists of Cells.
        warnings: lines above it, without which its numbers would mislead.
        notes: lines below it.
        deviations: departures from the study, each with the list of cells it applies to.
        data: the same as a DataFrame with unrounded numbers, for the CSV.
        empty: what the page says if there are no rows.
    """

    name: str
    title: str
    columns: list
    rows: list
    warnings: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    deviations: dict = field(default_factory=dict)
    data: pd.DataFrame = field(default_factory=pd.DataFrame)
    empty: str = "There is no run."

    def _repr_markdown_(self):
        """How a notebook shows it."""
        from arttl.reports.formats import markdown

        return markdown(self) if self.rows else self.empty


def place_cells(key):
    """The Cells of PLACE: where a cell belongs.

    Arguments:
        key: a dict with collection, challenge and architecture.
    """
    network = ARCHITECTURES.get(key["architecture"], key["architecture"])
    return [Cell(shown(text)) for text in (key["collection"], key["challenge"], network)]


def number(value, decimals=DECIMALS, sign="", **options):
    """A Cell of a number, empty for None."""
    if value is None or pd.isna(value):
        return Cell()
    return Cell(f"{value:{sign},.{decimals}f}", sort=float(value), **options)


def beside(cell, published, difference):
    """What Tables 2, 3 and 5 show of a cell: a dict of value, interval, published, difference and CURVE to Cells.

    Arguments:
        cell: a dict with cells.MEASURE, mark, deviations (their number), published (str or None), published_mark and
            published_curve.
        published: the published number as it is shown, with its footnote.
        difference: from it, or None.
    """
    known = cell["published"] is not None
    return {
        "value": number(cell["accuracy"], mark=cell["mark"], star=cell["deviations"] > 0),
        "interval": interval(cell),
        "published": Cell(published, cell["published_mark"], sort=float(cell["published"])) if known else Cell(),
        "difference": number(difference, sign="+"),
        CURVE: number(cell["published_curve"], 1),
    }


def interval(value):
    """A Cell of a measure's interval, empty where there is none."""
    if value["low"] is None or pd.isna(value["low"]):
        return Cell()
    half = (value["high"] - value["low"]) / 2
    if value["interval"] == SPREAD:
        return Cell(f"± {half:.2f} ({value['seeds']} seeds)", sort=half)
    return Cell(f"[{value['low']:.1f}, {value['high']:.1f}]", sort=half)


def departures(cells):
    """Departures from the study, each with the titles of the cells whose runs have it: Table.deviations.

    Arguments:
        cells: pairs of a title and runs, with the column deviations.
    """
    found = defaultdict(dict)
    for title, runs in cells:
        for line in (line for lines in runs.deviations for line in lines):
            found[shown_path(line)][title] = None
    return {line: list(titles) for line, titles in found.items()}
