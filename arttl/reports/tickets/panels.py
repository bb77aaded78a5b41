"""The panels of Figures 5, 8 and 9: accuracy by the fraction of weights pruned, ours before what the thesis plots."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

from arttl.published import chapter2 as published
from arttl.published.chapter2 import COLUMNS, NETWORK, SCRATCH
from arttl.reports.cells import SPREAD
from arttl.reports.figures import BEHIND, new_figure, plain_axes, published_entry
from arttl.reports.tickets.looks import COLOURS, SCRATCH_COLOUR, Look, look, other_sources
from arttl.reports.tickets.naming import order

TICKS = (*(number / 10 for number in range(10)), 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
_APART = 0.085  # of the axis, between two ticks
_DENSEST = 1e-6  # of weights left, where the scale ends
_TITLE = 60  # letters of a line of a title: more would leave the picture
_BAND = {"alpha": 0.18, "linewidth": 0}


@dataclass(frozen=True)
class Line:
    """A Series and its Look."""

    series: object
    look: Look


@dataclass(frozen=True)
class Panel:
    """What one panel shows.

    Attributes:
        figure: "5", "8", "9a", "9b" or "9c".
        title: above it.
        lines: list of Lines.
        scratch: list of Series of training from scratch.
        curves: the RoundCurves that the thesis plots for the same target and network, or for what is stood in for.
        curves_of: of what they are, where that is something else; else "".
        bests: target and network whose published best tickets are marked, or None.
    """

    figure: str
    title: str
    lines: list
    scratch: list
    curves: list
    curves_of: str = ""
    bests: tuple | None = None

    @property
    def all_series(self):
        """Every Series of the panel."""
        return [*(line.series for line in self.lines), *self.scratch]


def make_lines(figure, series, curves):
    """A Line for each Series, in colours that go with the panel's published curves.

    Arguments:
        figure: as Panel's.
        series: the Series.
        curves: the panel's RoundCurves.
    """
    others = other_sources([*(each.key["source"] for each in series), *(each.source for each in curves)])
    return [
        Line(each, look(figure, each.key["source"], each.key["start"], each.key["fraction"], others)) for each in series
    ]


def panels_figure(panels):
    """A figure of Panels in one or two columns; those with nothing of ours to draw are left out.

    Returns a matplotlib Figure, or None where there is no panel.
    """
    drawn = [panel for panel in panels if any(len(each.rounds) for each in panel.all_series)]
    if not drawn:
        return None
    figure, places = empty_panels(len(drawn))
    for axes, panel in zip(places, drawn, strict=True):
        _draw_panel(axes, panel)
    return figure


def published_panels(figure, titles):
    """A figure of what the thesis plots, without any run.

    Arguments:
        figure: as Panel's.
        titles: dict of a panel's title to its RoundCurves.

    Returns a matplotlib Figure.
    """
    drawn, places = empty_panels(len(titles))
    for axes, (title, curves) in zip(places, titles.items(), strict=True):
        for each, its_look in published_looks(figure, curves):
            style = {} if each.start == "scratch" else {"marker": "o", "markersize": 2.5}
            axes.plot(each.pruned, each.percent, label=its_look.label, **_drawn(its_look), linewidth=1.4, **style)
        finish(axes, title)
    return drawn


def published_looks(figure, curves, others=None):
    """Pairs of RoundCurve and Look, a panel's, in the order of the thesis; `others` as look() takes them."""
    others = other_sources([each.source for each in curves]) if others is None else others
    ordered = sorted(curves, key=lambda each: (order("", NETWORK, each.source)[0], each.start != "ticket"))
    return [(each, look(figure, each.source, each.start, each.fraction, others)) for each in ordered]


def draw_line(axes, line):
    """Draw a Series: mean and, over seeds, a band of one standard deviation; rounds that lack seeds as dots alone."""
    rounds, its_look = line.series.rounds, line.look
    whole = rounds[rounds.whole]
    style = _drawn(its_look) | {"marker": "o", "markersize": 3, "linewidth": 1.4}
    axes.plot(whole.sparsity, whole.accuracy, label=its_look.label, **style)
    if (whole.interval == SPREAD).any():
        axes.fill_between(whole.sparsity, whole.low, whole.high, color=its_look.colour, **_BAND)
    for number in rounds["round"][~rounds.whole]:
        runs = line.series.of_round(number)
        values = [100 * metrics["test_accuracy"] for metrics in runs.metrics]
        axes.plot(runs.sparsity, values, ".", color=its_look.colour, alpha=0.5, label=f"_lacks seeds {its_look.label}")


def draw_scratch(axes, series):
    """Draw training from scratch: a dashed black line, and over seeds a light band."""
    scratch = look("", SCRATCH, "scratch")
    for row in series.rounds.itertuples():
        axes.axhline(row.accuracy, label=scratch.label, **_drawn(scratch), linewidth=1.2)
        if row.interval == SPREAD:
            axes.axhspan(row.low, row.high, color=SCRATCH_COLOUR, alpha=0.08, linewidth=0)


def finish(axes, title, more=()):
    """Title, axes and legend of a panel; no text in it is read as mathematics.

    Arguments:
        axes: matplotlib's.
        title: above the panel.
        more: the legend's last entries, beside those of labelled lines.
    """
    axes.set_title(fill(title, _TITLE, break_long_words=False), fontsize=10, parse_math=False)
    axes.set_xlabel("fraction of weights pruned")
    axes.set_ylabel("test accuracy (%)")
    axes.set_xscale("function", functions=(_rounds, _pruned))
    axes.xaxis.set_major_locator(FixedLocator(_ticks(*axes.get_xlim())))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", labelsize=8)
    plain_axes(axes)
    handles = [*axes.get_legend_handles_labels()[0], *more]
    if not handles:
        axes.text(0.5, 0.5, "nothing to draw", transform=axes.transAxes, ha="center", color="grey")
        return
    legend = axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.03, 0.5), frameon=False, fontsize=8)
    for text in legend.get_texts():
        text.set_parse_math(False)


def empty_panels(number):
    """A figure with so many panels, in one or two columns: the Figure and its axes."""
    columns = min(2, number)
    rows = -(-number // columns)
    figure = new_figure(6.8 * columns, 3.6 * rows)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in axes[number:]:
        spare.set_axis_off()
    return figure, axes[:number]


def _draw_panel(axes, panel):
    sources = [*(line.series.key["source"] for line in panel.lines), *(each.source for each in panel.curves)]
    behind = published_looks(panel.figure, panel.curves, other_sources(sources))
    for curve, its_look in behind:
        axes.plot(curve.pruned, curve.percent, label=f"_published {its_look.label}", **_drawn(its_look), **BEHIND)
    for each in panel.scratch:
        draw_scratch(axes, each)
    for line in panel.lines:
        if len(line.series.rounds):
            draw_line(axes, line)
    if panel.bests:
        _draw_bests(axes, *panel.bests)
    labels = set(axes.get_legend_handles_labels()[1])
    missing = {each.label: each for _, each in behind if each.label not in labels}
    more = [Line2D([], [], **_drawn(each), **BEHIND, label=f"{label} (not run)") for label, each in missing.items()]
    finish(axes, panel.title, [*more, *([published_entry(panel.curves_of)] if behind else [])])


def _drawn(its_look):
    return {"color": its_look.colour, "linestyle": its_look.style}


def _draw_bests(axes, target, network):
    """Hollow marks at the published best accuracies and their fractions; that from scratch at the left edge."""
    for source in COLUMNS:
        cell = published.accuracy(target, network, source)
        if cell is None:
            continue
        place = 0.0 if source == SCRATCH else published.plotted_fraction(target, network, source)
        colour = SCRATCH_COLOUR if source == SCRATCH else COLOURS[source]
        style = {"marker": "D", "markerfacecolor": "none", "markersize": 6, "linestyle": "none", "color": colour}
        axes.plot([place], [float(cell[0])], label=f"_published best {source}", **style)
        if source == SCRATCH:
            axes.plot([], [], label="published best", **style)


def _rounds(pruned):
    """Where a fraction pruned lies on the axis: rounds, each of which prunes the same share, are equally far apart."""
    return -np.log(np.maximum(1 - np.asarray(pruned, float), _DENSEST))


def _pruned(place):
    """The inverse of _rounds."""
    return 1 - np.exp(-np.asarray(place, float))


def _ticks(low, high):
    """Those of TICKS that lie within the limits of an axis and have room."""
    chosen, apart = [], _APART * (_rounds(high) - _rounds(low))
    for tick in TICKS:
        if low <= tick <= high and (not chosen or _rounds(tick) - _rounds(chosen[-1]) >= apart):
            chosen.append(tick)
    return chosen
