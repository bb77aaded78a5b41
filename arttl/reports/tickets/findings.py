"""Is the best ticket better than training from scratch, and than its mask with other weights?"""

from __future__ import annotations

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import first_few, shown
from arttl.published import chapter2 as published
from arttl.published.chapter2 import COLUMNS, OWN, SCRATCH
from arttl.reports.comparing import METHOD, OUTCOMES, judged, not_compared, paired_over_seeds
from arttl.reports.findings import MEASURED, VERDICTS, compared_cells
from arttl.reports.folders import cause_of
from arttl.reports.table import Cell, Table, number
from arttl.reports.tickets.cells import other_settings
from arttl.reports.tickets.naming import network_title, source_title
from arttl.reports.tickets.series import VALIDATION, select
from arttl.runs import RunFolder

THAN = {"scratch": "from scratch", "reinitialised": "reinitialised"}
"""What the best ticket is compared with, by its start."""

_COLUMNS = ("target", "network", "tickets of", "round", "than", "its round", *MEASURED)
_DATA = ["target", "network", "source", "preferred", "round", "than", "than_round", "difference", "low", "high"]
_DATA += ["covers", "images", "seeds", "published", "result", "problem"]
_NOTES = [
    "Points of test accuracy, the ticket's less the other's, on the same test images; with several seeds the images' "
    "results are averaged over those that both have. Each side's round is the one chosen on the validation set, never "
    "on the test images, so that the comparison is fair. In bold: of a target's tickets those that its validation set "
    "prefers.",
    METHOD,
    "Published: Table 5's difference, of tickets chosen by test accuracy.",
]


def findings_table(series):
    """The best ticket against training from scratch and against reinitialisation, wherever both were run: a Table.

    Arguments:
        series: what make_series() returned.
    """
    data = [line for ticket in select(series, start="ticket") for line in _lines(series, ticket)]
    for line in data:
        rivals = [each for each in data if each["_row"] == line["_row"] and each["_validation"] is not None]
        highest = max((each["_validation"] for each in rivals), default=None)
        line["preferred"] = line["_validation"] is not None and line["_validation"] == highest
    return Table(
        "ticket-findings",
        "Best ticket against its controls, on the same test images",
        [("", name) for name in _COLUMNS],
        [_row(line) for line in data],
        notes=_NOTES,
        data=pd.DataFrame(data, columns=_DATA),
        empty="No ticket can be compared with a control yet.",
    )


def _lines(series, ticket):
    """A dict for each control of a ticket's Series."""
    key, chosen = ticket.key, ticket.best(VALIDATION)
    for start, than in THAN.items():
        source = SCRATCH if start == "scratch" else key["source"]
        part = {} if start == "scratch" else {"fraction": key["fraction"]}
        others = select(series, **part, target=key["target"], network=key["network"], source=source, start=start)
        if not others:
            continue
        line = dict.fromkeys(_DATA) | {"target": key["target"], "network": key["network"], "source": key["source"]}
        line |= {"than": than, "problem": "", "_row": (key["target"], key["network"])}
        line["_validation"] = None if chosen is None else chosen["val_accuracy"]
        try:
            line |= _compared(ticket, others[0])
        except InputError:
            raise
        except ValueError as error:
            line |= {"problem": str(error), "result": not_compared(error)}
        else:
            line["published"] = _published(key) if start == "scratch" else None
            in_thesis = key["source"] in COLUMNS if start == "scratch" else key["source"] == OWN
            line["result"] = judged(line, VERDICTS if in_thesis else OUTCOMES)
        yield line


def _compared(ticket, other):
    """Round, other's round, and what paired_over_seeds() returns. Raises ValueError if they cannot be compared."""
    names = other_settings((ticket, other), of_one_search=other.key["start"] != "scratch")
    return compared_as_chosen((ticket, other), names, _predicted)


def compared_as_chosen(sides, names, read):
    """Two Series on the same test images, each in the round that validation chooses.

    Arguments:
        sides: the Series.
        names: settings in which they differ and should not.
        read: a function of a run's folder and its round that gives its predictions, called only now: those of
            thousands of runs would fill the memory.

    Returns a dict: round, than_round, and what paired_over_seeds() returns.

    Raises ValueError if they cannot be compared.
    """
    for each in sides:
        if each.problem:
            raise ValueError(each.problem)
    if names:
        raise ValueError(f"they differ in {first_few(names)}")
    rounds = [each.best(VALIDATION) for each in sides]
    if any(chosen is None and each.key["start"] != "scratch" for each, chosen in zip(sides, rounds, strict=True)):
        raise ValueError("no round has a validation accuracy of every seed")
    numbers = [int(chosen["round"]) if chosen else 0 for chosen in rounds]
    predicted = []
    for each, chosen in zip(sides, numbers, strict=True):
        runs = each.of_round(chosen)
        found = [read(RunFolder(path), chosen) for path in runs.path]
        predicted.append(pd.DataFrame({"seed": list(runs.seed), "predictions": found}))
    return {"round": numbers[0], "than_round": numbers[1]} | paired_over_seeds(*predicted)


def _predicted(folder, number):
    try:
        return folder.predictions()
    except (OSError, ValueError, InputError) as error:
        raise ValueError(f"predictions cannot be read ({cause_of(error)})") from error


def _published(key):
    """Table 5's difference in points, or None."""
    place = key["target"], key["network"]
    cells = [published.accuracy(*place, source) for source in (key["source"], SCRATCH)]
    return None if None in cells else float(cells[0][0]) - float(cells[1][0])


def _row(line):
    return [
        Cell(shown(line["target"])),
        Cell(network_title(line["network"])),
        Cell(source_title(line["source"]), mark="best" if line["preferred"] else ""),
        number(line["round"], 0),
        Cell(line["than"]),
        number(line["than_round"] or None, 0),
        *compared_cells(line),
    ]
