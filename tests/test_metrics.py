"""Metrics against hand-worked and published values."""

import numpy as np
import pytest

from arttl.metrics import accuracy_interval, majority_accuracy
from arttl.metrics import test_metrics as metrics_of  # pytest would take it for a test


def test_wilson_interval_published_value():
    # Newcombe (1998), Statistics in Medicine 17:857, Table I, method 3: 81 of 263 gives 0.2553 to 0.3662.
    accuracy, low, high = accuracy_interval(81, 263)
    assert accuracy == pytest.approx(0.3080, abs=5e-5)
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_metrics_by_hand():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])
    found = metrics_of([0, 1, 1, 2], probabilities)
    assert found["test_accuracy"] == 0.75
    assert found["test_loss"] == pytest.approx(-np.log([0.7, 0.6, 0.4, 0.6]).mean())
    # F1: class 0 is 2/3 (one of two answers right), class 1 is 2/3 (one of two found), class 2 is 1.
    assert found["test_macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert found["test_top5"] is None
    assert found["test_images"] == 4


def test_top5_by_hand():
    probabilities = np.tile(np.linspace(0.01, 0.3, 7), (2, 1))  # class 6 first, class 2 fifth, class 1 sixth
    assert metrics_of([2, 1], probabilities)["test_top5"] == 0.5


def test_certain_and_wrong_has_a_finite_loss():
    assert metrics_of([1], np.array([[1.0, 0.0]]))["test_loss"] == pytest.approx(-np.log(1e-7))


def test_majority_class():
    assert majority_accuracy([0, 1, 1, 2], [1, 1, 0, 2]) == 0.5
