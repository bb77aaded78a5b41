"""What BatchNormalization's setting does to the gap between the best ticket and training from scratch."""

from __future__ import annotations

import pandas as pd

from arttl.base.wording import shown
from arttl.published.chapter2 import SCRATCH
from arttl.reports.cells import INTERVALS
from arttl.reports.table import Cell, Table, interval, number
from arttl.reports.tickets.naming import network_title, source_title
from arttl.reports.tickets.series import CHOICES, STUDY, TEST, VALIDATION, select

_PARTS = ("from scratch", "best ticket", "gap", "chosen on validation", "its gap")
_DATA = ["target", "network", "source", "batchnorm", "seeds", "scratch_accuracy", "accuracy", "round", "gap"]
_DATA += ["validation_accuracy", "validation_round", "validation_gap", "problem"]


def batchnorm_table(series):
    """Scratch and the best ticket under each setting of BatchNormalization, side by side: a Table.

    Arguments:
        series: what make_series() returned.

    Only tickets that were run under two settings have rows.
    """
    settings = sorted(
        {each.key["batchnorm"] for each in select(series, batchnorm=None)}, key=lambda each: (each != STUDY, str(each))
    )
    columns = [("", name) for name in ("target", "network", "tickets of")]
    columns += [(batchnorm_title(setting), part) for setting in settings for part in _PARTS]
    rows, data = [], []
    for target, network, source in _studied(series):
        row = [Cell(shown(target)), Cell(network_title(network)), Cell(source_title(source))]
        for setting in settings:
            key = {"target": target, "network": network, "batchnorm": setting}
            ticket = _only(select(series, **key, source=source, start="ticket"))
            cells, line = _compared(ticket, _only(select(series, **key, source=SCRATCH, start="scratch")))
            row += cells
            data.append({"target": target, "network": network, "source": source} | line)
            data[-1]["batchnorm"] = batchnorm_title(setting)
        rows.append(row)
    names = ("target", "source", "batchnorm")
    warnings = [
        f"{shown(', '.join(map(line.get, names)))}: empty, since {line['problem']}." for line in data if line["problem"]
    ]
    return Table(
        "batchnorm",
        "BatchNormalization: best ticket less training from scratch",
        columns,
        rows,
        warnings=warnings,
        notes=[
            f"The study's setting is {batchnorm_title(STUDY)}; every other table and figure has its runs alone.",
            CHOICES,
            INTERVALS,
        ],
        data=pd.DataFrame(data, columns=_DATA),
        empty="No tickets were run under two settings of BatchNormalization.",
    )


def beside_the_study(setting):
    """What a title says of a setting: nothing of the study's."""
    return "" if setting == STUDY else f", {batchnorm_title(setting)}"


def batchnorm_title(setting):
    """A setting in words: "momentum 0.99, not recalibrated"."""
    words = dict(setting)
    parts = [f"momentum {words.pop('momentum')}"]
    parts.append("recalibrated" if words.pop("recalibrate") else "not recalibrated")
    return shown(", ".join([*parts, *(f"{name} {value}" for name, value in words.items())]))


def _studied(series):
    """(target, network, source) of tickets that were run under several settings, in order."""
    found = {}
    for each in select(series, start="ticket", batchnorm=None):
        key = tuple(each.key[name] for name in ("target", "network", "source"))
        found.setdefault(key, set()).add(each.key["batchnorm"])
    return [key for key, settings in found.items() if len(settings) > 1]


def _only(found):
    return found[0] if found else None


def _compared(ticket, scratch):
    """The Cells of one setting, and its line for the CSV."""
    line = dict.fromkeys(_DATA)
    line["problem"] = "; ".join(dict.fromkeys(each.problem for each in (ticket, scratch) if each and each.problem))
    base = scratch.best(TEST) if scratch else None
    best, chosen = (ticket.best(by) if ticket else None for by in (TEST, VALIDATION))
    if base:
        line["scratch_accuracy"] = base["accuracy"]
    for found, prefix in ((best, ""), (chosen, "validation_")):
        if found:
            line |= {f"{prefix}accuracy": found["accuracy"], f"{prefix}round": found["round"], "seeds": found["seeds"]}
            line[f"{prefix}gap"] = found["accuracy"] - base["accuracy"] if base else None
    cells = [_with_interval(base), _with_interval(best), number(line["gap"], sign="+")]
    return [*cells, _with_interval(chosen), number(line["validation_gap"], sign="+")], line


def _with_interval(found):
    if found is None:
        return Cell()
    text = number(found["accuracy"])
    return Cell(f"{text.text} {interval(found).text}".rstrip(), sort=text.sort)
