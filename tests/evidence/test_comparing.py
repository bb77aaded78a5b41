"""Comparisons over folds, by hand; and folds that test every picture once."""

import math

import numpy as np
import pandas as pd
import pytest
from comparing import TESTED_TO_TRAINED, compared, pooled, verdict
from make_folds import folds


def pictures(*folds):
    """A table whose fold k has so many pictures right by (both, first alone, second alone, neither)."""
    rows = []
    for number, counts in enumerate(folds, 1):
        for count, (first, second) in zip(counts, ((1, 1), (1, 0), (0, 1), (0, 0)), strict=True):
            rows += [{"fold": number, "first": first, "second": second}] * count
    return pd.DataFrame(rows)


def test_difference_by_hand():
    """Folds of ten: +2, +1, +3 pictures, so 20, 10, 30 points: mean 20, deviation 10, k = 3."""
    found = compared(pictures((5, 2, 0, 3), (6, 2, 1, 1), (4, 4, 1, 1)), "first", "second")
    error = 10 * math.sqrt(1 / 3 + 20 / 70)  # of 100 pictures a fold of the five tests 20 and trains on 70
    assert found.points == pytest.approx(20)
    assert (found.high - found.points) / error == pytest.approx(4.302653, abs=1e-5)  # Student's t, 2 degrees of freedom
    assert (found.folds, found.pictures) == (3, 30)
    assert verdict(found.low, found.high) == "undecided"


def test_a_clear_difference_is_supported_or_contradicted_and_one_fold_decides_nothing():
    table = pictures((50, 30, 0, 20), (50, 31, 1, 18), (50, 29, 0, 21))
    assert verdict(*compared(table, "first", "second")[1:3]) == "supported"
    assert verdict(*compared(table, "second", "first")[1:3]) == "contradicted"
    assert compared(table[table.fold == 1], "first", "second") is None


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-1, 2.9, "supported"),
        (-1, 3, "undecided"),
        (2.9, 9, "undecided"),
        (3, 9, "contradicted"),
        (-9, -3, "contradicted"),
    ],
)
def test_about_the_same_is_within_so_many_points(low, high, said):
    assert verdict(low, high, alike=3) == said


def test_folds_that_one_way_has_not_been_trained_on_are_left_out():
    table = pictures((5, 2, 0, 3), (6, 2, 1, 1), (4, 4, 1, 1))
    table.loc[table.fold == 3, "second"] = np.nan
    found = compared(table, "first", "second")
    assert (found.folds, found.pictures) == (2, 20)
    assert pooled(table, "second")[0] == pytest.approx(100 * 12 / 20)


def test_accuracy_over_seeds_counts_a_picture_once_and_the_seeds_apart():
    """Two seeds that agree say no more than one; two that do not, less."""
    one = pd.DataFrame({"seed": 1, "image_id": range(100), "way": [1] * 60 + [0] * 40})
    accuracy, low, high = pooled(one, "way")
    assert (accuracy, low, high) == pytest.approx((60, 50.2, 69.06), abs=0.01)  # Wilson
    alike = pd.concat([one, one.assign(seed=2)])
    assert pooled(alike, "way") == pytest.approx((60, 50.2, 69.06), abs=0.7)
    apart = pd.concat([one, one.assign(seed=2, way=[1] * 20 + [0] * 80)])
    accuracy, low, high = pooled(apart, "way")
    assert accuracy == 40
    assert (low, high) == (0.0, 100.0)  # Student's t of two seeds


def test_every_picture_is_tested_once_and_duplicates_stay_together():
    labels = np.array(["a", "b"] * 100)
    groups = np.array([str(number if number > 9 else number % 2) for number in range(200)])
    parts = np.array(list(folds(labels, groups)))
    assert ((parts == "test").sum(axis=0) == 1).all()
    assert {tuple(np.unique(each)) for each in parts} == {("test", "train", "val")}
    assert (parts == "test").sum() / (parts == "train").sum() == pytest.approx(TESTED_TO_TRAINED, rel=0.05)
    for fold in parts:
        assert len(set(fold[[0, 2, 4, 6, 8]])) == 1  # duplicates of each other
