"""Where the thesis' tables and the numbers behind its figures differ, as a Table of the report."""

from __future__ import annotations

import pandas as pd

from arttl.published.errata import ERRATA, Erratum
from arttl.reports.table import Cell, Table


def errata_table():
    """Every Erratum: what is printed, what is plotted, and what this project uses: a Table."""
    columns = [("", name) for name in ("where", "cell", "printed", "plotted", "used here")]
    return Table(
        "errata",
        "Errata: where the thesis' tables and its figures differ",
        columns,
        [[Cell(text) for text in each] for each in ERRATA],
        notes=["Percent. Plotted: the values that the author's figures are drawn from (docs/report.md)."],
        data=pd.DataFrame(ERRATA, columns=Erratum._fields),
    )
