"""Figures 8 and 9: test accuracy by the fraction of weights pruned, as matplotlib Figures, ours before the thesis'."""

from __future__ import annotations

from arttl.base.wording import counted, shown
from arttl.published.chapter2 import OWN
from arttl.reports.tickets.batchnorm import beside_the_study
from arttl.reports.tickets.behind import NOTHING, behind
from arttl.reports.tickets.looks import CONTROLS
from arttl.reports.tickets.naming import is_related, network_title, source_name, source_title
from arttl.reports.tickets.panels import Panel, make_lines, panels_figure
from arttl.reports.tickets.search_series import studies_of_parts
from arttl.reports.tickets.series import select

STUDIES = {
    "figure9a": "the pruned network with its final source weights, against the ticket",
    "figure9b": "tickets of a related source, beside the natural ones",
    "figure9c": "target tickets found on a part of the target's training images",
}


def figure8(series):
    """Figure 8: a panel for each target and network, a line for each source.

    Arguments:
        series: what make_series() returned.

    Returns a matplotlib Figure, or None without runs.
    """
    panels = []
    for place in _places(series, "ticket", *CONTROLS, "scratch"):
        found = [each for start in ("ticket", *CONTROLS) for each in _at(series, place, start=start)]
        panels.append(_panel("8", series, place, found, bests=place))
    return panels_figure(panels)


def figure9(series, name, searches=None):
    """One of Figure 9's three studies, a panel wherever it was run.

    Arguments:
        series: what make_series() returned.
        name: "figure9a", "figure9b" or "figure9c".
        searches: Tickets.searches, from which Figure 9c is drawn; without them it has only transfers of tickets that
            were found on parts of a source.

    Returns a matplotlib Figure, or None without runs of the study.
    """
    if name == "figure9c":
        return panels_figure([*_searched_parts(series, searches), *_transferred_parts(series)])
    return panels_figure({"figure9a": _final, "figure9b": _related}[name](series))


def _final(series):
    """9a: f(x; m * θ_i) beside the ticket of the same source."""
    panels = []
    for place in _places(series, "final"):
        finals = _at(series, place, start="final")
        sources = [each.key["source"] for each in finals]
        tickets = [each for each in _at(series, place, start="ticket") if each.key["source"] in sources]
        panels.append(_panel("9a", series, place, [*tickets, *finals]))
    return panels


def _related(series):
    """9b: tickets of another target, beside the target's own and the natural ones."""
    panels = []
    for place in _places(series, "ticket"):
        tickets = _at(series, place, start="ticket")
        if any(is_related(each.key["source"]) for each in tickets):
            panels.append(_panel("9b", series, place, tickets))
    return panels


def _searched_parts(series, searches):
    """9c: the rounds of searches on parts of a target's own training images, which are what they were tested with."""
    if searches is None:
        return []
    panels = []
    for (target, network, batchnorm), parts in studies_of_parts(searches).items():
        scratch = select(series, start="scratch", network=network, batchnorm=batchnorm)
        scratch = [each for each in scratch if _is_of(target, each)]
        what = source_title(OWN) + beside_the_study(batchnorm)
        panels.append(_parts_panel(parts, scratch, (target, network), what, behind("9c", target, network)))
    return panels


def _is_of(searched, series):
    """Whether a Series is of the target that a search was made on, which may leave out its challenge."""
    return source_name(searched, series.key["target"], "ticket") == OWN


def _transferred_parts(series):
    """What 9c was before: transfers of tickets found on parts of a source, a panel for each target and source."""
    found = {}
    for each in select(series, start="ticket", fraction=None):
        found.setdefault((*_place(each), each.key["source"]), []).append(each)
    return [
        _parts_panel(parts, _at(series, place, start="scratch"), place, f"{source_title(source)}, transferred")
        for (*place, source), parts in found.items()
        if len(parts) > 1
    ]


def _parts_panel(parts, scratch, place, what, published=NOTHING):
    parts = sorted(parts, key=lambda each: -each.key["fraction"])
    title = _title(place, [*parts, *scratch], f", {what}")
    return Panel("9c", title, make_lines("9c", parts, published.curves), scratch, *published)


def _panel(figure, series, place, found, bests=None):
    published, scratch = behind(figure, *place), _at(series, place, start="scratch")
    lines = make_lines(figure, found, published.curves)
    return Panel(figure, _title(place, [*found, *scratch]), lines, scratch, *published, bests)


def _title(place, found, rest=""):
    seeds = sorted({each.seeds for each in found})
    number = counted(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    return f"{shown(place[0])}, {network_title(place[1])}{rest} ({number})"


def _places(series, *starts):
    """Target and network of all the study's runs with these starts, in the order of the thesis."""
    return list(dict.fromkeys(_place(each) for start in starts for each in select(series, start=start)))


def _place(series):
    return series.key["target"], series.key["network"]


def _at(series, place, **key):
    return select(series, target=place[0], network=place[1], **key)
