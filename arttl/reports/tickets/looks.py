"""What each line of Figures 5, 8 and 9 looks like, whether it is ours or the thesis': colours as there."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib import colormaps
from matplotlib.colors import to_hex

from arttl.published.chapter2 import OWN, SCRATCH
from arttl.reports.tickets.naming import source_title

COLOURS = {OWN: "tab:blue", "cifar10": "tab:green", "cifar100": "tab:red", "fashion_mnist": "tab:purple"}
"""Colours of the sources; the others share OTHERS."""

OTHERS = ("tab:cyan", "tab:pink", "tab:olive", "tab:grey")
REINITIALISED, RANDOM, SCRATCH_COLOUR = "tab:orange", "tab:brown", "black"
CONTROLS = {"reinitialised": REINITIALISED, "random-masks": RANDOM}
_LOTTERY = {"ticket": "winning ticket", "reinitialised": "random reinitialisation", "random-masks": "random masks"}
_PARTS = {1.0: "-", 0.75: "--", 0.5: "-.", 0.25: ":"}  # and others drawn through


@dataclass(frozen=True)
class Look:
    """How a line is drawn.

    Attributes:
        label: for the legend.
        colour, style: matplotlib's.
    """

    label: str
    colour: str
    style: str = "-"


def look(figure, source, start, fraction=1.0, others=()):
    """The Look of a line.

    Arguments:
        figure: "5", "8", "9a", "9b" or "9c".
        source, start, fraction: as in arttl.reports.tickets.collect.KEY and in arttl.published.curves.RoundCurve.
        others: the panel's sources that COLOURS does not have, in order.
    """
    if start == "scratch":
        return Look(source_title(SCRATCH), SCRATCH_COLOUR, "--")
    if figure == "5":
        return Look(_LOTTERY[start], CONTROLS.get(start, COLOURS[OWN]))
    if figure == "9c":
        return Look(f"{fraction:.0%} of the training images", _shade(fraction), _PARTS.get(fraction, "-"))
    title = source_title(source) + ("" if fraction == 1.0 else f", {fraction:.0%} of its images")
    if start in CONTROLS:
        return Look(f"{title}, {start.replace('-', ' ')}", CONTROLS[start], "-" if source == OWN else ":")
    colour = COLOURS[source] if source in COLOURS else OTHERS[list(others).index(source) % len(OTHERS)]
    return Look(f"{title}, final weights", colour, "--") if start == "final" else Look(title, colour)


def other_sources(sources):
    """Those of a panel's sources that have no colour of their own, in order."""
    return [source for source in dict.fromkeys(sources) if source not in COLOURS and source != SCRATCH]


def _shade(fraction):
    """A colour for a share of the training images: the fewer, the lighter."""
    return to_hex(colormaps["viridis"](0.85 * min(1.0, (1 - fraction) / 0.75)))
