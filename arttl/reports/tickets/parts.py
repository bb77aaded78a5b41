"""Figure 9c in numbers: are tickets of all of a target's training images better than those of a part?"""

from __future__ import annotations

import pandas as pd

from arttl.base.errors import InputError
from arttl.reports.comparing import METHOD, OUTCOMES, judged, not_compared
from arttl.reports.findings import MEASURED, compared_cells
from arttl.reports.table import Cell, Table, number
from arttl.reports.tickets.findings import compared_as_chosen
from arttl.reports.tickets.naming import network_title
from arttl.reports.tickets.search_series import studies_of_parts
from arttl.reports.tickets.searches import source_title_of_search
from arttl.reports.tickets.series import OF_SEARCH, differing
from arttl.runs import RunFolder

_COLUMNS = ("target", "network", "round", "than those of", "its round", *MEASURED)
_DATA = ["source", "network", "fraction", "round", "than_fraction", "than_round", "difference", "low", "high"]
_DATA += ["covers", "images", "seeds", "published", "result", "problem"]
_NOTES = [
    "Points of test accuracy, of a search on the larger part of a target's training images less one on the smaller, "
    "on the same test images, as the searches themselves trained and tested. Each side's round is the one chosen on "
    "the validation set.",
    METHOD,
]


def parts_table(searches):
    """Searches on all of a target's training images against those on parts of them: a Table.

    Arguments:
        searches: Tickets.searches.
    """
    data = [_line(whole, each) for whole, *smaller in studies_of_parts(searches).values() for each in smaller]
    return Table(
        "ticket-parts",
        "Tickets of all of a target's training images against those of a part",
        [("", name) for name in _COLUMNS],
        [_row(line) for line in data],
        notes=_NOTES,
        data=pd.DataFrame(data, columns=_DATA),
        empty="No search was made on a part of the training images beside one on all of them.",
    )


def _line(whole, part):
    line = dict.fromkeys(_DATA) | {"source": whole.key["source"], "network": whole.key["network"], "problem": ""}
    line |= {"fraction": whole.key["fraction"], "than_fraction": part.key["fraction"]}
    try:
        line |= _compared(whole, part)
    except (InputError, ValueError) as error:
        return line | {"problem": str(error), "result": not_compared(error)}
    return line | {"result": judged(line, OUTCOMES)}


def _compared(whole, part):
    settings = [settings for each in (whole, part) for settings in each.runs.settings]
    names = differing(settings, {*OF_SEARCH, "fraction"}.__contains__)
    return compared_as_chosen((whole, part), names, RunFolder.answers)


def _row(line):
    return [
        Cell(source_title_of_search(line)),
        Cell(network_title(line["network"])),
        number(line["round"], 0),
        Cell(f"{line['than_fraction']:.0%}"),
        number(line["than_round"], 0),
        *compared_cells(line),
    ]
