"""Runs of one cell averaged over seeds, and cells marked as the thesis marks them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from arttl.published.chapter1 import MISPRINTS, accuracies
from arttl.published.curves import accuracy_at_epoch
from arttl.reports.collect import study_order
from arttl.reports.folders import is_share
from arttl.reports.studied import is_studied

COLUMNS = ["challenge", "architecture", "approach", "source"]
MEASURE = ["seeds", "accuracy", "low", "high", "interval"]

WILSON, SPREAD = "95% Wilson", "mean ± 1 SD"
"""The kinds of interval: of one run over its test images, and of several over seeds."""

INTERVALS = (
    "Intervals: of one seed, in brackets, 95% (Wilson) for the draw of test images; of several seeds, mean ± 1 "
    "standard deviation (n - 1) over the seeds."
)
CURVES = (
    "Published curve: the validation accuracy of Figures 2 and 3 at the epoch that was tested here, to one decimal; "
    "empty beyond the curve's end."
)
DECIMALS = 2  # of a percentage, as the thesis prints it


def measure(runs, name):
    """A measure of a cell's runs in percent, averaged over seeds: a dict of MEASURE.

    Arguments:
        runs: rows of Collected.runs.
        name: of a share in metrics.json, whose interval is `name`_low and `name`_high.

    Every value is None (seeds 0) where a run does not have it.
    """
    values = [metrics.get(name) for metrics in runs.metrics]
    if not values or not all(is_share(value) for value in values):
        return dict.fromkeys(MEASURE) | {"seeds": 0}
    mean = 100 * float(np.mean(values))
    if len(values) > 1:
        spread = 100 * float(np.std(values, ddof=1))
        return dict(zip(MEASURE, (len(values), mean, mean - spread, mean + spread, SPREAD), strict=True))
    limits = [runs.metrics.iloc[0].get(f"{name}_{limit}") for limit in ("low", "high")]
    low, high = (100 * limit if is_share(limit) else None for limit in limits)
    return dict(zip(MEASURE, (1, mean, low, high, WILSON), strict=True))


def marks(values):
    """Which of a column's values is "best" and which "second"; the others are "".

    Arguments:
        values: numbers, or None for an empty cell.

    Values that print alike share their mark. A column with fewer than two values has none.
    """
    printed = [None if _empty(value) else round(float(value), DECIMALS) for value in values]
    ranked = sorted({value for value in printed if value is not None}, reverse=True)
    if sum(value is not None for value in printed) < 2:
        return [""] * len(printed)
    names = dict(zip(ranked, ("best", "second"), strict=False))
    return [names.get(value, "") for value in printed]


def accuracy_cells(collected, experiment):
    """Every cell of an experiment's table, run or published.

    Arguments:
        collected: what collect_runs() returned.
        experiment: "rijks" (Table 2) or "antwerp" (Table 3).

    Returns a DataFrame in the order of the thesis: COLUMNS; collection, split, test_images; MEASURE, in percent; mark;
    published (str, as printed), published_mark, difference (in points, None beside a misprint); published_curve, the
    validation accuracy of Figure 2 or 3 at the epoch tested here, of several seeds the mean; deviations (their number);
    studied, whether the data are of the thesis' size, without which the difference says nothing; problem, which says
    why a cell that was run is empty. Cells not run have None.
    """
    published = accuracies(experiment)
    found = {
        tuple(key[name] for name in COLUMNS): (runs, problem)
        for key, runs, problem in collected.cells()
        if key["experiment"] == experiment
    }
    keys = sorted(dict.fromkeys([*published, *found]), key=lambda key: study_order(*key))
    frame = pd.DataFrame([_cell(key, *found.get(key, (None, "")), published.get(key)) for key in keys], dtype=object)
    frame["mark"], frame["published_mark"] = "", ""
    for _, column in frame.groupby(["challenge", "approach", "source"], sort=False):
        frame.loc[column.index, "published_mark"] = marks(None if p is None else float(p) for p in column.published)
    for _, challenge in frame.groupby("challenge", sort=False):
        if same_data(challenge):
            for _, column in challenge.groupby(["approach", "source"], sort=False):
                frame.loc[column.index, "mark"] = marks(column.accuracy)
    return frame


def same_data(cells):
    """Whether cells that were run were all tested on the same images, so that one can be better than another."""
    run = cells[cells.accuracy.notna()]
    return len(set(zip(run.collection, run.split, strict=True))) <= 1


def _cell(key, runs, problem, published):
    row = dict(zip(COLUMNS, key, strict=True))
    row |= dict.fromkeys(["collection", "split", "test_images", *MEASURE, "difference", "published_curve"])
    row |= {"seeds": 0, "published": published, "deviations": 0, "studied": False}
    row["problem"] = problem
    if runs is None:
        return row
    row["deviations"] = len({line for lines in runs.deviations for line in lines})
    row["studied"] = all(map(is_studied, runs.itertuples()))
    if problem:
        return row
    first = runs.iloc[0]
    row |= {name: first[name] for name in ("collection", "split", "test_images")} | measure(runs, "test_accuracy")
    if published is not None and published not in MISPRINTS:
        row["difference"] = row["accuracy"] - float(published)
    if key[3] == "":
        row["published_curve"] = _published_curve(key[:3], runs)
    return row


def _published_curve(place, runs):
    """The published validation accuracy at the epochs that runs were tested at; None where a curve ends before."""
    found = [accuracy_at_epoch(*place, metrics.get("tested_epoch")) for metrics in runs.metrics]
    return None if None in found else float(np.mean(found))


def _empty(value):
    return value is None or (isinstance(value, float) and math.isnan(value))
