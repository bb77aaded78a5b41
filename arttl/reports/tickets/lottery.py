"""Figure 5: winning tickets against two controls, on the source that they were found on."""

from __future__ import annotations

import pandas as pd

from arttl.collections.wording import counted
from arttl.reports.tickets.figures import RANDOM, REINITIALISED, Line, draw_line, finish, panels_figure
from arttl.reports.tickets.naming import data_name, network_title, order
from arttl.reports.tickets.searches import source_title_of_search
from arttl.reports.tickets.series import OF_SEARCH, Series, make_series, pooling_problem, rounds_of

WINNING = "tab:blue"
CONTROLS = {"reinitialised": ("random reinitialisation", REINITIALISED), "random-masks": ("random masks", RANDOM)}
_MEASURED = ("test_accuracy", "test_accuracy_low", "test_accuracy_high", "val_accuracy", "val_loss")


def lottery_series(searches):
    """The winning tickets of searches as Series, one for each source and network: a list.

    Arguments:
        searches: Tickets.searches; only those below ch2/lth are used.

    Runs of a search's rounds are what the search itself trained and tested; unfinished searches have fewer.
    """
    rows = [row for search in searches[searches.lth].to_dict("records") for row in _rounds(search)]
    columns = ["folder", "source", "network", "fraction", "round", "seed", "sparsity", "settings", "metrics"]
    groups = list(pd.DataFrame(rows, columns=columns).groupby(["source", "network", "fraction"], sort=False))
    return [_series(key, runs) for key, runs in sorted(groups, key=lambda group: order("", group[0][1], group[0][0]))]


def figure5(tickets):
    """Figure 5: a panel for each source and network; mean and one standard deviation over seeds.

    Arguments:
        tickets: what collect_tickets() returned.

    Returns a matplotlib Figure, or None without searches below ch2/lth.
    """
    winning = [each for each in lottery_series(tickets.searches) if len(each.rounds)]
    if not winning:
        return None
    controls = make_series(tickets.controls)
    figure, panels = panels_figure(len(winning))
    for axes, series in zip(panels, winning, strict=True):
        draw_line(axes, Line(series, "winning ticket", WINNING))
        for start, (label, colour) in CONTROLS.items():
            for each in controls:
                if each.key["start"] == start and _same_tickets(series, each) and len(each.rounds):
                    draw_line(axes, Line(each, label, colour))
        part = "" if series.key["fraction"] == 1.0 else f", {series.key['fraction']:.0%} of the images"
        title = f"{source_title_of_search(series.key)}, {network_title(series.key['network'])}{part}"
        finish(axes, f"{title} ({counted(series.seeds, 'seed')})")
    return figure


def lottery_problems(tickets):
    """Lines that say which searches and controls of Figure 5 are not drawn, and why."""
    found = [*lottery_series(tickets.searches), *make_series(tickets.controls)]
    return [f"Left out of Figure 5, since {each.problem}." for each in found if each.problem]


def _same_tickets(series, control):
    """Whether a control is of a search's network and images."""
    same = all(control.key[name] == series.key[name] for name in ("network", "fraction"))
    return same and series.key["source"] == data_name(str(control.runs.settings.iloc[0].get("source")))


def _rounds(search):
    for row in search["rounds"].to_dict("records"):
        about = {name: search[name] for name in ("folder", "source", "network", "fraction", "seed", "settings")}
        metrics = {name: row.get(name) for name in _MEASURED}
        yield about | {"round": row["round"], "sparsity": row["sparsity"], "metrics": metrics}


def _series(key, runs):
    key = dict(zip(("source", "network", "fraction"), key, strict=True)) | {"start": "ticket"}
    runs = runs.sort_values(["round", "seed"])
    problem = pooling_problem(runs, OF_SEARCH)
    return Series(key, runs, problem, rounds_of(runs[:0] if problem else runs))
