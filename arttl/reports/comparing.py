"""Two ways to train compared on the same test images, and when that decides anything."""

from __future__ import annotations

import numpy as np

from arttl.reports.cells import DECIMALS
from arttl.runs.metrics import difference_over_seeds

LEAST_SEEDS = 3
"""Fewer seeds decide nothing: of one there is no spread, and two tell next to nothing of it."""

BOTH, IMAGES = "seeds and images", "images alone"
"""What an interval covers the draw of: with several seeds, and with one."""

OUTCOMES = {1: "better", 0: "not decided", -1: "worse"}
"""What a comparison comes to that the thesis does not make."""

FEW_SEEDS = {1: "one seed", 2: "two seeds"}

METHOD = (
    "The 95% interval covers the draw of seeds and of test images together: images and networks are crossed random "
    "effects (Hillis, 2007; images as Agresti and Min, 2005). With one seed it covers images alone, and says so. Where "
    f"it holds zero, or there are fewer than {LEAST_SEEDS} seeds, nothing is decided. It is not widened for the number "
    "of comparisons. Runs that differ in more than what is compared are not compared."
)
"""A table's note on its intervals and verdicts."""


def paired_over_seeds(better, worse):
    """How much better the runs of one side are than the other's, on the images and with the seeds that both have.

    Arguments:
        better, worse: DataFrames with the columns seed and predictions (DataFrames of image_id, label, predicted).

    Returns a dict: difference, low and high in points, covers (BOTH or IMAGES), images, seeds.

    Raises ValueError if they have no seed in common, or other test images.
    """
    seeds = common_seeds(better, worse)
    found = [_right(of_seed(side, seed).predictions) for side in (better, worse) for seed in seeds]
    if not all(each.index.equals(found[0].index) for each in found):
        raise ValueError("they were tested on different images")
    right = np.stack(found, axis=1)
    values = difference_over_seeds(right[:, : len(seeds)], right[:, len(seeds) :])
    measured = dict(zip(("difference", "low", "high"), (100 * float(value) for value in values), strict=True))
    return measured | {"covers": covers(len(seeds)), "images": len(right), "seeds": len(seeds)}


def common_seeds(better, worse):
    """The seeds that both sides have, sorted. Raises ValueError if there is none."""
    seeds = sorted({*better.seed} & {*worse.seed})
    if not seeds:
        raise ValueError("they have no seed in common")
    return seeds


def of_seed(runs, seed):
    """The run of a seed, a row."""
    return runs[runs.seed == seed].iloc[0]


def covers(seeds):
    """What the interval of a difference covers."""
    return BOTH if seeds > 1 else IMAGES


def verdict(low, high):
    """1 if an interval is all above zero, -1 if all below, else 0."""
    return int(low > 0) - int(high < 0)


def judged(found, words):
    """What a difference comes to, in words; without LEAST_SEEDS seeds nothing, and it says so.

    Arguments:
        found: a mapping with low, high and seeds.
        words: dict of 1, 0 and -1, as verdict() returns them, to words.
    """
    if found["seeds"] in FEW_SEEDS:
        return f"{words[0]} ({FEW_SEEDS[found['seeds']]})"
    return words[verdict(found["low"], found["high"])]


def interval_text(found):
    """An interval in points, with what it covers where that is less than usual; "" where there is none.

    Arguments:
        found: a mapping with low, high and covers.
    """
    if found["low"] is None:
        return ""
    part = f" ({IMAGES})" if found["covers"] == IMAGES else ""
    return f"[{found['low']:+.{DECIMALS - 1}f}, {found['high']:+.{DECIMALS - 1}f}]{part}"


def not_compared(problem):
    """What stands in the place of a verdict on runs that do not belong together."""
    return f"not compared: {problem}"


def _right(predictions):
    table = predictions.set_index("image_id").sort_index()
    return (table.label == table.predicted).astype(float)
