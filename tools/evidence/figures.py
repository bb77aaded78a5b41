"""The two figures of docs/results.md, drawn from the tables in docs/results/."""

import pandas as pd
from comparing import pooled

from arttl.published.chapter2 import OWN, SCRATCH
from arttl.reports.figures import new_figure, plain_axes
from arttl.reports.tickets.looks import look, other_sources
from arttl.reports.tickets.naming import data_name
from arttl.reports.tickets.panels import finish


def chapter1(pictures):
    """Accuracy of each way on each collection, with Wilson's 95% interval of the draw of pictures: a Figure.

    Arguments:
        pictures: dict of a collection's name to its table of gather.py.
    """
    figure = new_figure(
        4.2 * max(1, len(pictures)), 0.34 * max([4, *(len(each.columns) for each in pictures.values())])
    )
    panels = figure.subplots(1, max(1, len(pictures)), squeeze=False).flat
    for axes, (name, table) in zip(panels, pictures.items(), strict=False):
        ways = [column for column in table if column not in ("image_id", "fold")]
        for place, way in enumerate(reversed(ways)):
            accuracy, low, high = pooled(table, way)
            axes.errorbar(accuracy, place, xerr=[[accuracy - low], [high - accuracy]], fmt="o", color="#1f77b4")
        axes.set_yticks(range(len(ways)), [way.removeprefix("thesis ") for way in reversed(ways)], fontsize=8)
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("test accuracy (%)")
        plain_axes(axes)
    return figure


def chapter2(runs):
    """Figure 8 of the evidence's targets: a Figure of mean accuracy, and deviation over seeds, by fraction pruned.

    Arguments:
        runs: runs.csv.
    """
    runs = runs[runs.target.notna()] if "target" in runs else runs.iloc[:0].assign(target="")
    targets = sorted(runs.target.unique())
    figure = new_figure(7.5 * max(1, len(targets)), 4.8)
    for axes, target in zip(figure.subplots(1, max(1, len(targets)), squeeze=False).flat, targets, strict=False):
        mine = runs[runs.target == target]
        others = other_sources(data_name(source) for source in mine.source.dropna().unique())
        for (source, start), line in mine.groupby([mine.source.fillna(""), "start"]):
            means = 100 * line.groupby(line.sparsity.round(4)).test_accuracy.agg(["mean", "std"])
            name = OWN if source == target else data_name(source) if source else SCRATCH
            its = look("8", name, start, others=others)
            if start == "scratch":
                axes.axhline(means["mean"].iloc[0], color=its.colour, linestyle="--", label=its.label)
                continue
            axes.plot(
                means.index, means["mean"], its.style, marker="o", markersize=3, color=its.colour, label=its.label
            )
            low, high = means["mean"] - means["std"].fillna(0), means["mean"] + means["std"].fillna(0)
            axes.fill_between(means.index, low, high, color=its.colour, alpha=0.15, linewidth=0)
        seeds = mine.seed.nunique()
        finish(axes, f"{target}, {pd.unique(mine.network)[0]} ({seeds} seed{'s' * (seeds > 1)})")
    return figure
