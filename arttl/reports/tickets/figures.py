"""Figures 8 and 9: test accuracy by the fraction of weights pruned, as matplotlib Figures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

from arttl.collections.wording import counted, shown
from arttl.published import chapter2 as published
from arttl.published.chapter2 import COLUMNS, OWN, SCRATCH
from arttl.reports.cells import SPREAD
from arttl.reports.figures import new_figure, plain_axes
from arttl.reports.tickets.naming import is_related, network_title, source_title
from arttl.reports.tickets.series import select

COLOURS = {"cifar10": "tab:blue", "cifar100": "tab:red", "fashion_mnist": "tab:purple", OWN: "tab:brown"}
"""Colours of the sources; the others share OTHERS."""

OTHERS = ("tab:cyan", "tab:pink", "tab:olive", "tab:grey")
REINITIALISED, RANDOM = "tab:orange", "tab:green"
SCRATCH_COLOUR = "black"
STUDIES = {
    "figure9a": "the pruned network with its final source weights, against the ticket",
    "figure9b": "tickets of a related source, another target",
    "figure9c": "tickets found on a part of the training images",
}
TICKS = (*(number / 10 for number in range(10)), 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
_APART = 0.085  # of the axis, between two ticks
_DENSEST = 1e-6  # of weights left, where the scale ends
_BAND = {"alpha": 0.18, "linewidth": 0}
_STYLES = ("-", "--", "-.", ":")


@dataclass(frozen=True)
class Line:
    """How a Series is drawn.

    Attributes:
        series: a Series.
        label: for the legend.
        colour, style: matplotlib's.
    """

    series: object
    label: str
    colour: str
    style: str = "-"


def figure8(series):
    """Figure 8: a panel for each target and network, a line for each source.

    Arguments:
        series: what make_series() returned.

    Returns a matplotlib Figure, or None without runs.
    """
    panels = {}
    for place in _places(series, "ticket", "reinitialised", "random-masks", "scratch"):
        lines = _tickets(_at(series, place, start="ticket"))
        for start, colour in (("reinitialised", REINITIALISED), ("random-masks", RANDOM)):
            for each in _at(series, place, start=start):
                own = each.key["source"] == OWN
                label = f"{_title(each)}, {start.replace('-', ' ')}"
                lines.append(Line(each, label, colour, "-" if own else ":"))
        panels[place] = (lines, _at(series, place, start="scratch"))
    return _figure(panels, references=True)


def figure9(series, name):
    """One of Figure 9's three studies, a panel wherever it was run.

    Arguments:
        series: what make_series() returned.
        name: "figure9a", "figure9b" or "figure9c".

    Returns a matplotlib Figure, or None without runs of the study.
    """
    panels = {"figure9a": _final, "figure9b": _related, "figure9c": _parts}[name](series)
    return _figure(panels)


def draw_line(axes, line):
    """Draw a Series: mean and, over seeds, a band of one standard deviation; rounds that lack seeds as dots alone."""
    rounds = line.series.rounds
    whole = rounds[rounds.whole]
    style = {"color": line.colour, "linestyle": line.style, "marker": "o", "markersize": 3, "linewidth": 1.4}
    axes.plot(whole.sparsity, whole.accuracy, label=line.label, **style)
    if (whole.interval == SPREAD).any():
        axes.fill_between(whole.sparsity, whole.low, whole.high, color=line.colour, **_BAND)
    for number in rounds["round"][~rounds.whole]:
        runs = line.series.of_round(number)
        values = [100 * metrics["test_accuracy"] for metrics in runs.metrics]
        axes.plot(runs.sparsity, values, ".", color=line.colour, alpha=0.5, label=f"_lacks seeds {line.label}")


def draw_scratch(axes, series):
    """Draw training from scratch: a dashed black line, and over seeds a light band."""
    for row in series.rounds.itertuples():
        axes.axhline(row.accuracy, color=SCRATCH_COLOUR, linestyle="--", linewidth=1.2, label=source_title(SCRATCH))
        if row.interval == SPREAD:
            axes.axhspan(row.low, row.high, color=SCRATCH_COLOUR, alpha=0.08, linewidth=0)


def finish(axes, title):
    """Title, axes and legend of a panel; no text in it is read as mathematics."""
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.set_xlabel("fraction of weights pruned")
    axes.set_ylabel("test accuracy (%)")
    axes.set_xscale("function", functions=(_rounds, _pruned))
    axes.xaxis.set_major_locator(FixedLocator(_ticks(*axes.get_xlim())))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", labelsize=8)
    plain_axes(axes)
    if not axes.get_legend_handles_labels()[0]:
        axes.text(0.5, 0.5, "nothing to draw", transform=axes.transAxes, ha="center", color="grey")
        return
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.03, 0.5), frameon=False, fontsize=8)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _rounds(pruned):
    """Where a fraction pruned lies on the axis: rounds, each of which prunes the same share, are equally far apart."""
    return -np.log(np.maximum(1 - np.asarray(pruned, float), _DENSEST))


def _ticks(low, high):
    """Those of TICKS that lie within the limits of an axis and have room."""
    chosen, apart = [], _APART * (_rounds(high) - _rounds(low))
    for tick in TICKS:
        if low <= tick <= high and (not chosen or _rounds(tick) - _rounds(chosen[-1]) >= apart):
            chosen.append(tick)
    return chosen


def _pruned(place):
    """The inverse of _rounds."""
    return 1 - np.exp(-np.asarray(place, float))


def panels_figure(number):
    """A figure with so many panels, in one or two columns: the Figure and its axes."""
    columns = min(2, number)
    rows = -(-number // columns)
    figure = new_figure(6.8 * columns, 3.6 * rows)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in axes[number:]:
        spare.set_axis_off()
    return figure, axes[:number]


def _figure(panels, references=False):
    """A panel for each place: its Lines, and the Series from scratch; places with nothing to draw are left out."""
    drawn = {place: each for place, each in panels.items() if any(len(s.rounds) for s in _all(each))}
    if not drawn:
        return None
    figure, axes = panels_figure(len(drawn))
    for panel, (place, (lines, scratch)) in zip(axes, drawn.items(), strict=True):
        for each in scratch:
            draw_scratch(panel, each)
        for line in lines:
            if len(line.series.rounds):
                draw_line(panel, line)
        if references:
            _draw_references(panel, *place[:2])
        finish(panel, _panel_title(place, (lines, scratch)))
    return figure


def _all(panel):
    lines, scratch = panel
    return [*(line.series for line in lines), *scratch]


def _panel_title(place, panel):
    seeds = sorted({each.seeds for each in _all(panel)})
    number = counted(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    rest = "".join(f", {source_title(source)}" for source in place[2:])
    return f"{shown(place[0])}, {network_title(place[1])}{rest} ({number})"


def _draw_references(axes, target, network):
    """Hollow marks at the published best accuracies and their fractions; that from scratch at the left edge."""
    for source in COLUMNS:
        cell, fraction = published.accuracy(target, network, source), published.fraction(target, network, source)
        if cell is None:
            continue
        colour = SCRATCH_COLOUR if source == SCRATCH else COLOURS[source]
        style = {"marker": "D", "markerfacecolor": "none", "markersize": 7, "linestyle": "none", "color": colour}
        axes.plot([float(fraction or 0)], [float(cell[0])], label=f"_published {source}", **style)
        if source == SCRATCH:
            axes.plot([], [], label="published best", **style)


def _places(series, *starts):
    """Target and network of all the study's runs with these starts, in the order of the thesis."""
    return list(dict.fromkeys(_place(each) for start in starts for each in select(series, start=start)))


def _place(series):
    return series.key["target"], series.key["network"]


def _at(series, place, **key):
    return select(series, target=place[0], network=place[1], **key)


def _tickets(found):
    """A Line for each Series of tickets of one panel."""
    colours = _colours(found)
    return [Line(each, _title(each), colours[each.key["source"]]) for each in found]


def _title(series):
    part = "" if series.key["fraction"] == 1.0 else f", {series.key['fraction']:.0%} of its images"
    return source_title(series.key["source"]) + part


def _colours(found):
    """Colours of the sources of one panel's Series: a dict."""
    others = list(dict.fromkeys(each.key["source"] for each in found if each.key["source"] not in COLOURS))
    return COLOURS | {source: OTHERS[number % len(OTHERS)] for number, source in enumerate(others)}


def _final(series):
    panels = {}
    for place in _places(series, "final"):
        finals = _at(series, place, start="final")
        sources = [each.key["source"] for each in finals]
        lines = _tickets([each for each in _at(series, place, start="ticket") if each.key["source"] in sources])
        for each, source in zip(finals, sources, strict=True):
            lines.append(Line(each, f"{_title(each)}, final weights", _colours(finals)[source], "--"))
        panels[place] = (lines, _at(series, place, start="scratch"))
    return panels


def _related(series):
    panels = {}
    for place in _places(series, "ticket"):
        tickets = _at(series, place, start="ticket")
        if any(is_related(each.key["source"]) for each in tickets):
            lines = _tickets([each for each in tickets if each.key["source"] == OWN or is_related(each.key["source"])])
            panels[place] = (lines, _at(series, place, start="scratch"))
    return panels


def _parts(series):
    found = {}
    for each in select(series, start="ticket", fraction=None):
        found.setdefault((*_place(each), each.key["source"]), []).append(each)
    panels = {}
    for place, parts in found.items():
        if len(parts) > 1:
            parts = sorted(parts, key=lambda each: -each.key["fraction"])
            shades = colormaps["viridis"](np.linspace(0, 0.85, len(parts)))
            lines = [
                Line(each, f"{each.key['fraction']:.0%} of the training images", to_hex(shade), style)
                for each, shade, style in zip(parts, shades, cycle(_STYLES), strict=False)
            ]
            panels[place] = (lines, _at(series, place, start="scratch"))
    return panels
