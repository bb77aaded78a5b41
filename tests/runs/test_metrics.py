"""Measures of a classifier against hand-worked values and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from arttl.runs.metrics import FREQUENCIES, accuracy_interval, evaluation_metrics, frequency_metrics


def test_accuracy_of_frequent_and_rare_classes_by_hand():
    # training images of classes 0 to 5: 101, 100, 20, 19, 1 and none
    train = np.repeat([0, 1, 2, 3, 4], [101, 100, 20, 19, 1])
    test = np.array([0, 0, 0, 1, 1, 2, 3, 4, 5, 5])
    predicted = np.array([0, 0, 1, 1, 0, 2, 0, 4, 0, 5])
    found = frequency_metrics(train, test, predicted)
    assert found["test_accuracy_head"] == pytest.approx(2 / 3)
    assert found["test_accuracy_middle"] == pytest.approx(2 / 3)
    assert found["test_accuracy_tail"] == pytest.approx(2 / 4)
    assert [found[f"test_images_{name}"] for name in FREQUENCIES] == [3, 3, 4]
    assert [found[f"test_classes_{name}"] for name in FREQUENCIES] == [1, 2, 3]
    assert (found["test_accuracy_tail_low"], found["test_accuracy_tail_high"]) == accuracy_interval(2, 4)[1:]


def test_a_part_of_the_tail_without_test_images_has_no_accuracy():
    found = frequency_metrics([0] * 30, [0, 0], [0, 1])
    assert found["test_accuracy_middle"] == 0.5
    for name in ("head", "tail"):
        assert found[f"test_accuracy_{name}"] is found[f"test_accuracy_{name}_low"] is None
        assert (found[f"test_images_{name}"], found[f"test_classes_{name}"]) == (0, 0)


def test_frequencies_share_the_classes_out():
    """Every number of training images is in exactly one of head, middle and tail."""
    for images in (0, 1, 19, 20, 100, 101, 5000):
        assert sum(low <= images <= (high or images) for low, high in FREQUENCIES.values()) == 1


def test_macro_f1_is_scikit_learns(rng):
    probabilities = rng.dirichlet(np.ones(7), 200)
    labels = rng.integers(0, 7, 200)
    found = evaluation_metrics(labels, probabilities)
    assert found["test_macro_f1"] == pytest.approx(f1_score(labels, probabilities.argmax(1), average="macro"))
    assert found["test_accuracy"] == pytest.approx((labels == probabilities.argmax(1)).mean())
    assert balanced_accuracy_score(labels, probabilities.argmax(1)) != found["test_accuracy"]


def test_a_column_of_labels_is_refused_and_not_broadcast():
    with pytest.raises(ValueError, match=r"labels are of shape \(2, 1\), the answers of \(2,\)"):
        evaluation_metrics([[0], [1]], np.eye(2))
    with pytest.raises(ValueError, match=r"labels are of shape \(2, 1\)"):
        frequency_metrics([0, 1], [[0], [1]], [0, 1])
