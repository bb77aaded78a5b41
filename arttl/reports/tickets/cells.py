"""Tables 5 and 6 as numbers: the best tickets of every target, network and source."""

from __future__ import annotations

import json

import pandas as pd

from arttl.base.wording import counted, shown
from arttl.published import chapter2 as published
from arttl.published.chapter2 import COLUMNS, NETWORK, OWN, SCRATCH
from arttl.published.curves import accuracy_at_round
from arttl.reports.cells import MEASURE, marks
from arttl.reports.tickets.naming import is_related, network_title, order, source_title
from arttl.reports.tickets.series import OF_SEARCH, TEST, VALIDATION, differing, select

ROW = ["target", "network"]
_CHOSEN = ["round", "sparsity", *MEASURE[1:]]
_BY_VALIDATION = [f"validation_{name}" for name in _CHOSEN]
_WITH_0 = ["with_0_round", "with_0_sparsity", "with_0_accuracy"]
_PUBLISHED = ["published", "published_std", "published_mark", "difference", "published_fraction", "published_curve"]
_ABOUT = ["mark", "validation_mark", "rounds_left_out", "deviations", "problem"]
CELLS = [*ROW, "source", "seeds", *_CHOSEN, *_BY_VALIDATION, *_WITH_0, *_PUBLISHED, *_ABOUT]
"""Columns of what ticket_cells() returns."""


def table_series(series):
    """The Series that Tables 5 and 6 show: a dict of (target, network, source)."""
    shown = [*select(series, start="scratch"), *select(series, start="ticket")]
    return {tuple(each.key[name] for name in (*ROW, "source")): each for each in shown}


def ticket_cells(series):
    """Every cell of Tables 5 and 6, run or published.

    Arguments:
        series: what make_series() returned.

    Returns a DataFrame of CELLS in the order of the thesis. Accuracies are in percent; `round` to `interval` are of the
    ticket with the best test accuracy, those with "validation_" before of the one chosen on the validation set, those
    with "with_0_" of the best where round 0 was run and competes; published, published_std and published_fraction are
    str, as printed; published_curve is what Figure 8 has at `round`; problem says why a cell that was run is empty.
    Cells not run have None.
    """
    found = table_series(series)
    printed = [(target, NETWORK, source) for target in published.ACCURACIES for source in COLUMNS]
    keys = sorted({*found, *printed}, key=lambda key: order(*key))
    frame = pd.DataFrame([_cell(key, found.get(key)) for key in keys], columns=CELLS, dtype=object)
    for key, row in frame.groupby(ROW, sort=False):
        frame.loc[row.index, "published_mark"] = marks(None if p is None else float(p) for p in row.published)
        run = of_row(found, key)
        if same_data(run) and not other_settings(run):
            frame.loc[row.index, "mark"] = marks(row.accuracy)
            frame.loc[row.index, "validation_mark"] = marks(row.validation_accuracy)
    return frame


def best_tickets(series):
    """Of each target and network the best ticket, chosen on the validation set, beside training from scratch, in words.

    Arguments:
        series: what make_series() returned.

    Returns a list of lines.
    """
    lines = []
    for (target, network), row in ticket_cells(series).groupby(ROW, sort=False):
        tickets = row[row.validation_accuracy.notna()]
        if tickets.empty:
            continue
        best = max(tickets.itertuples(), key=lambda each: each.validation_accuracy)
        scratch = row.accuracy[(row.source == SCRATCH) & row.accuracy.notna()]
        beside = f" (from scratch {scratch.iloc[0]:.1f}%)" if len(scratch) else ""
        found = f"{best.validation_accuracy:.1f}% of the test images{beside}"
        how = f"{best.validation_sparsity:.1%} of its weights are pruned ({counted(int(best.seeds), 'seed')})"
        where = f"{shown(target)}, {network_title(network)}"
        lines.append(f"{where}: {found} with the {_ticket(best.source)} that the validation images choose; {how}.")
    return lines


def _ticket(source):
    return source_title(source) if is_related(source) or source == OWN else f"ticket of {source_title(source)}"


def of_row(found, key):
    """The Series of one target and network that have no problem, of what table_series() returned."""
    return [each for (*row, _), each in found.items() if tuple(row) == tuple(key) and not each.problem]


def same_data(series):
    """Whether runs were all tested on the same images, so that one can be better than another."""
    settings = [settings for each in series for settings in each.runs.settings]
    return len({json.dumps(each.get("data"), sort_keys=True) for each in settings}) <= 1


def other_settings(series, of_one_search=False):
    """Names of settings, beside what makes the cells of a row, in which their runs differ.

    Arguments:
        series: Series.
        of_one_search: whether all are of tickets of one source, whose searches must then agree too, seed by seed.
    """
    own = {"target", "source", "start", "round", "sparsity", "seed", "fraction"}
    own |= {f"tickets.{name}" for name in OF_SEARCH}
    settings = [settings for each in series for settings in each.runs.settings]
    return differing(settings, lambda name: name in own or (name.partition(".")[0] == "tickets" and not of_one_search))


def _cell(key, series):
    target, network, source = key
    row = dict.fromkeys(CELLS) | {"target": target, "network": network, "source": source, "seeds": 0}
    row |= {"mark": "", "validation_mark": "", "rounds_left_out": 0, "deviations": 0, "problem": ""}
    row |= dict(zip(("published", "published_std"), published.accuracy(*key) or (None, None), strict=True))
    row["published_fraction"] = published.fraction(*key)
    if series is None:
        return row
    row |= {"problem": series.problem, "rounds_left_out": series.left_out}
    row["deviations"] = len({line for lines in series.runs.deviations for line in lines})
    best, chosen = series.best(TEST), series.best(VALIDATION)
    if best is not None:
        row |= {name: best[name] for name in ("seeds", *_CHOSEN)}
        if row["published"] is not None:
            row["difference"] = best["accuracy"] - float(row["published"])
        if source != SCRATCH:
            row["published_curve"] = accuracy_at_round(*key, int(best["round"]))
    if series.has_round_0 and source != SCRATCH:
        either = series.best(TEST, with_0=True)
        row |= {f"with_0_{name}": either[name] for name in ("round", "sparsity", "accuracy")}
    if chosen is not None and source != SCRATCH:
        row |= {f"validation_{name}": chosen[name] for name in _CHOSEN}
    return row
