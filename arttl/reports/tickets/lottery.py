"""Figure 5: winning tickets against two controls, on the source that they were found on."""

from __future__ import annotations

from arttl.base.wording import counted
from arttl.reports.tickets.batchnorm import beside_the_study
from arttl.reports.tickets.behind import behind
from arttl.reports.tickets.looks import CONTROLS
from arttl.reports.tickets.naming import data_name, network_title
from arttl.reports.tickets.panels import Panel, make_lines, panels_figure
from arttl.reports.tickets.search_series import search_series
from arttl.reports.tickets.searches import source_title_of_search
from arttl.reports.tickets.series import make_series


def lottery_series(searches):
    """The winning tickets of searches as Series, one for each source and network: a list.

    Arguments:
        searches: Tickets.searches; only those below ch2/lth are used.
    """
    return search_series(searches[searches.lth.astype(bool)])


def figure5(tickets):
    """Figure 5: a panel for each source and network; mean and one standard deviation over seeds.

    Arguments:
        tickets: what collect_tickets() returned.

    Returns a matplotlib Figure, or None without searches below ch2/lth.
    """
    winning = [each for each in lottery_series(tickets.searches) if len(each.rounds)]
    controls = make_series(tickets.controls)
    return panels_figure([_panel(series, controls) for series in winning])


def lottery_problems(tickets):
    """Lines that say which searches and controls of Figure 5 are not drawn, and why."""
    found = [*lottery_series(tickets.searches), *make_series(tickets.controls)]
    return [f"Left out of Figure 5, since {each.problem}." for each in found if each.problem]


def _panel(series, controls):
    found = [each for start in CONTROLS for each in controls if each.key["start"] == start]
    found = [each for each in found if _same_tickets(series, each) and len(each.rounds)]
    published = behind("5", series.key["source"], series.key["network"])
    part = "" if series.key["fraction"] == 1.0 else f", {series.key['fraction']:.0%} of the images"
    title = f"{source_title_of_search(series.key)}, {network_title(series.key['network'])}{part}"
    title += beside_the_study(series.key["batchnorm"])
    title = f"{title} ({counted(series.seeds, 'seed')})"
    return Panel("5", title, make_lines("5", [series, *found], published.curves), [], *published)


def _same_tickets(series, control):
    """Whether a control is of a search's network, images and BatchNormalization."""
    same = all(control.key[name] == series.key[name] for name in ("network", "fraction", "batchnorm"))
    return same and series.key["source"] == data_name(str(control.runs.settings.iloc[0].get("source")))
