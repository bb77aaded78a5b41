"""Figures 2, 3, 5, 8 and 9 as published, without any run."""

from __future__ import annotations

from arttl.published.curves import round_curves
from arttl.reports.figures import CURVES, published_accuracy_curves
from arttl.reports.tickets.panels import published_panels

PUBLISHED_TITLES = {
    "figure2": "Figure 2: validation accuracy by epoch, material",
    "figure3": "Figure 3: validation accuracy by epoch, type and artist",
    "figure5": "Figure 5: winning tickets and random reinitialisation on MNIST",
    "figure8": "Figure 8: test accuracy by fraction of weights pruned",
    "figure9a": "Figure 9a: tickets of natural sources against their final weights",
    "figure9b": "Figure 9b: tickets of a related source, beside the natural ones",
    "figure9c": "Figure 9c: target tickets found on parts of the target's training images",
}
PUBLISHED_FIGURES = tuple(PUBLISHED_TITLES)
"""Names of the figures whose curves are published."""

_TITLES = {"mnist": "MNIST, two hidden layers"}  # of panels; the others are called as the thesis calls them


def published_figure(name):
    """A figure as published.

    Arguments:
        name: one of PUBLISHED_FIGURES, such as "figure8".

    Returns a matplotlib Figure.
    """
    if name in CURVES:
        return published_accuracy_curves(CURVES[name])
    figure = name.removeprefix("figure")
    curves = round_curves(figure)
    targets = dict.fromkeys(each.target for each in curves)
    panels = {_TITLES.get(each, each): [curve for curve in curves if curve.target == each] for each in targets}
    return published_panels(figure, panels)
