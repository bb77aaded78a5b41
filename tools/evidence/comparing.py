"""Two ways to train, compared over folds that test every picture once."""

import math
from typing import NamedTuple

from scipy import stats

from arttl.reports.comparing import verdict as side_of_zero
from arttl.runs.metrics import accuracy_interval, difference_over_seeds

FOLDS, VALIDATION = 5, 8
"""A fold tests one part of so many; of so many of the rest one validates (make_folds.py)."""

TESTED_TO_TRAINED = (1 / FOLDS) / ((1 - 1 / FOLDS) * (1 - 1 / VALIDATION))
"""A fold's test pictures over those trained on, of all folds however many have been run: 2/7."""

RECALIBRATED = "-recalibrated"
"""Ends the names of runs and tables whose BatchNormalization was estimated anew before each validation."""

VERDICTS = {1: "supported", 0: "undecided", -1: "contradicted"}


class Difference(NamedTuple):
    """One way's test accuracy less the other's, in points.

    Attributes:
        points, low, high: mean over folds, and its 95% interval.
        folds, pictures: of how many.
    """

    points: float
    low: float
    high: float
    folds: int
    pictures: int


def compared(pictures, better, worse):
    """The Difference of two columns of a table of pictures, over the folds that both have.

    The interval is that of the corrected resampled t-test: folds share most of their training pictures, so that their
    differences vary less than those of new collections would; the variance of a fold's difference counts 1/k +
    TESTED_TO_TRAINED times. Source: C. Nadeau and Y. Bengio, Inference for the generalization error, Machine
    Learning 52, 2003, pages 239 to 281.

    Arguments:
        pictures: DataFrame with image_id, fold, and a column of 0, 1 or NA for each way.
        better, worse: two of these columns.

    Returns a Difference, or None with fewer than two folds.
    """
    both = pictures[["fold", better, worse]].dropna()
    ours, theirs = both[better].astype(int), both[worse].astype(int)
    differences = 100 * (ours - theirs).groupby(both.fold).mean()
    k = len(differences)
    if k < 2:
        return None
    error = math.sqrt(differences.var(ddof=1) * (1 / k + TESTED_TO_TRAINED))
    reach = stats.t.ppf(0.975, k - 1) * error
    mean = float(differences.mean())
    return Difference(mean, mean - reach, mean + reach, k, len(both))


def pooled(pictures, column):
    """(accuracy, low, high) in percent of all pictures tested in a column: a 95% interval.

    Of folds, or of one seed, it is Wilson's, of the draw of pictures; of several seeds, which test the same pictures,
    of the draw of seeds and pictures together (arttl.runs.metrics.difference_over_seeds, from nothing right).
    """
    tested = pictures[pictures[column].notna()]
    if "seed" in pictures and tested.seed.nunique() > 1:
        right = tested.pivot(index="image_id", columns="seed", values=column).to_numpy(float)
        accuracy, low, high = (100 * float(each) for each in difference_over_seeds(right, 0 * right))
        reach = (high - low) / 2  # about the accuracy: that of a difference is drawn towards 0
        return accuracy, max(0.0, accuracy - reach), min(100.0, accuracy + reach)
    right = tested[column].astype(int)
    return tuple(100 * each for each in accuracy_interval(right.sum(), len(right)))


def verdict(low, high, alike=None):
    """What an interval says of a claim that the first way is better, or about the same: a str.

    Arguments:
        low, high: the difference's 95% interval, in points.
        alike: the points to either side that are about the same, where the claim is that; None where it is not.
    """
    if alike is None:
        return VERDICTS[side_of_zero(low, high)]
    if -alike < low and high < alike:
        return VERDICTS[1]
    return VERDICTS[-1 if low >= alike or high <= -alike else 0]
