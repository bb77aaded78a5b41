"""Masks against a NumPy implementation of the published rule written here, against counts by hand, and what is refused.

The rule (Frankle and Carbin 2019; thesis, Chapter 2): each round removes 20% of the weights that remain, those of
lowest magnitude. Of equal ones the last goes first.
"""

from fractions import Fraction
from math import floor

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arttl.base.errors import InputError
from arttl.models import build_classifier
from arttl.pruning import (
    full_masks,
    grid,
    layer_sparsity,
    prunable_kernels,
    prune,
    shuffled_masks,
    sparsity,
)

layers = keras.layers
LENET = [(784, 300), (300, 100), (100, 10)]
RESNET20 = [(3, 3, 3, 16)] + [(3, 3, 16, 16)] * 6 + [(3, 3, 16, 32)] + [(3, 3, 32, 32)] * 5 + [(1, 1, 16, 32)]
RESNET20 += [(3, 3, 32, 64)] + [(3, 3, 64, 64)] * 5 + [(1, 1, 32, 64)]


def sorted_rule(weights, masks, rate, scope):
    """One round by sorting pairs of magnitude and place; `rate` is a string, so that the count is exact."""
    groups = [list(weights)] if scope == "global" else [[key] for key in weights]
    masks = {key: mask.copy() for key, mask in masks.items()}
    for group in groups:
        magnitude = np.concatenate([np.abs(weights[key]).ravel() for key in group])
        alive = np.flatnonzero(np.concatenate([masks[key].ravel() for key in group]))
        order = alive[np.lexsort((-alive, magnitude[alive]))]
        flat = np.concatenate([masks[key].ravel() for key in group])
        flat[order[: floor(Fraction(rate) * len(alive) + Fraction(1, 2))]] = False
        for key in group:
            masks[key] = flat[: masks[key].size].reshape(masks[key].shape)
            flat = flat[masks[key].size :]
    return masks


def assert_equal(masks, expected):
    assert list(masks) == list(expected)
    for key, mask in masks.items():
        assert mask.dtype == bool
        np.testing.assert_array_equal(mask, expected[key])


@pytest.mark.core
def test_a_round_by_hand():
    weights = {"a": np.array([[1.0, -5.0], [0.5, 3.0]]), "b": np.array([-0.1, 4.0, 0.2, 0.3, 7.0, -6.0])}
    once = prune(weights, full_masks(weights), 0.2)  # two of ten: -0.1 and 0.2
    assert_equal(once, {"a": np.ones((2, 2), bool), "b": np.array([0, 1, 0, 1, 1, 1], bool)})
    weights["b"][0] = 100.0  # what is pruned stays so, whatever its weight
    twice = prune(weights, once, 0.25, "layer")  # one of four in a, one of four in b
    assert_equal(twice, {"a": np.array([[1, 1], [0, 1]], bool), "b": np.array([0, 1, 0, 0, 1, 1], bool)})
    assert once["b"].sum() == 4  # the masks handed in are left as they were
    assert sparsity(twice) == 0.4
    assert layer_sparsity(twice) == {"a": 0.25, "b": 0.5}


@pytest.mark.core
def test_of_equal_weights_the_last_goes_first():
    weights = {"a": np.array([2.0, -1.0, 1.0]), "b": np.array([[1.0, 2.0], [-1.0, 3.0]])}
    masks = full_masks(weights)
    gone = []
    for _ in range(4):
        new = prune(weights, masks, 1 / sum(mask.sum() for mask in masks.values()))
        gone += [(key, int(place)) for key in masks for place in np.flatnonzero((masks[key] & ~new[key]).ravel())]
        masks = new
    assert gone == [("b", 2), ("b", 0), ("a", 2), ("a", 1)]


@pytest.mark.core
@pytest.mark.parametrize(
    ("rate", "count", "goes"), [(0.1, 5, 1), (0.1, 25, 3), (0.29, 50, 15), (0.2, 7, 1), (0.2, 8, 2), (0.7, 15, 11)]
)
def test_halves_are_rounded_upwards_in_decimal(rate, count, goes):
    # 0.1 * 25 = 2.5, where Python's round gives 2; 0.29 * 50 is 14.499999999999998 in binary
    weights = {"a": np.arange(1.0, count + 1)}
    assert np.count_nonzero(~prune(weights, full_masks(weights), rate)["a"]) == goes


@pytest.mark.core
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_agrees_with_sorting_for_weights_that_change_each_round(data):
    shapes = data.draw(st.lists(st.sampled_from([(7,), (3, 5), (1, 1, 2, 9), (3, 3, 2, 4)]), min_size=1, max_size=4))
    rate = data.draw(st.sampled_from(["0", "0.1", "0.2", "0.25", "0.5", "0.9"]))
    scope = data.draw(st.sampled_from(["global", "layer"]))
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    levels = data.draw(st.sampled_from([1, 2, 5, 1000]))  # few levels: many ties
    masks = expected = {str(number): np.ones(shape, bool) for number, shape in enumerate(shapes)}
    for _ in range(5):
        weights = {
            key: generator.integers(-levels, levels + 1, mask.shape).astype("float32") for key, mask in masks.items()
        }
        former, masks = masks, prune(weights, masks, float(rate), scope)
        expected = sorted_rule(weights, expected, rate, scope)
        assert_equal(masks, expected)
        assert all((former[key] | ~masks[key]).all() for key in masks)  # nested


@pytest.mark.core
@pytest.mark.parametrize("scope", ["global", "layer"])
@pytest.mark.parametrize("shapes", [LENET, RESNET20], ids=["lenet", "resnet20"])
def test_thirty_one_rounds_agree_with_sorting(shapes, scope, rng):
    weights = {
        f"{number}/kernel": np.round(rng.normal(size=shape), 2).astype("float32") for number, shape in enumerate(shapes)
    }
    masks = expected = full_masks(weights)
    size = remaining = sum(mask.size for mask in masks.values())
    for published in grid(0.2, 31):
        masks, expected = prune(weights, masks, 0.2, scope), sorted_rule(weights, expected, "0.2", scope)
        assert_equal(masks, expected)
        if scope == "global":
            remaining -= floor(Fraction(remaining, 5) + Fraction(1, 2))
            assert sum(int(mask.sum()) for mask in masks.values()) == remaining
            assert sparsity(masks) == pytest.approx(published, abs=5 / size)
    assert sparsity(masks) == pytest.approx(0.999, abs=0.0005)


@pytest.mark.slow
def test_thirty_one_rounds_of_a_resnet50_agree_with_sorting_once(rng):
    shapes = [
        tuple(kernel.shape)
        for kernel in prunable_kernels(build_classifier("resnet50", 10, "none", image_size=32)).values()
    ]
    weights = {str(number): rng.integers(-30000, 30000, shape, "int16") for number, shape in enumerate(shapes)}
    flat = np.concatenate([np.abs(each).ravel() for each in weights.values()])
    order = flat.size - 1 - np.argsort(flat[::-1], kind="stable")  # a radix sort; of equal ones the last comes first
    masks, expected, gone = full_masks(weights), np.ones(flat.size, bool), 0
    for _ in range(31):
        masks = prune(weights, masks, 0.2)
        count = floor(Fraction(flat.size - gone, 5) + Fraction(1, 2))
        expected[order[gone : gone + count]] = False
        gone += count
        np.testing.assert_array_equal(np.concatenate([mask.ravel() for mask in masks.values()]), expected)


@pytest.mark.core
def test_the_grid_is_the_published_one():
    np.testing.assert_allclose(grid()[[0, 1, 2, 30]], [0.2, 0.36, 0.488, 0.99900965], atol=5e-9)
    assert grid().shape == (31,)


@pytest.mark.core
def test_no_weight_left_in_a_layer_is_no_error():
    weights = {"small": np.full(5, 0.01), "large": np.arange(1.0, 101)}
    masks = prune(weights, full_masks(weights), 0.2)
    assert layer_sparsity(masks) == {"small": 1.0, "large": 0.16}
    assert layer_sparsity(prune(weights, masks, 0.25, "layer")) == {"small": 1.0, "large": 0.37}


@pytest.fixture
def masks(rng):
    return {"a": rng.random((4, 6)) < 0.2, "b": rng.random((3, 3, 2, 5)) < 0.9, "c": rng.random(11) < 0.5}


def counts(masks):
    return {key: int(mask.sum()) for key, mask in masks.items()}


@pytest.mark.core
def test_shuffled_masks_keep_each_kernels_survivors(masks):
    shuffled = shuffled_masks(masks, seed=3)
    assert counts(shuffled) == counts(masks)
    assert any((shuffled[key] != masks[key]).any() for key in masks)


@pytest.mark.core
def test_every_place_survives_equally_often(masks):
    drawn = [shuffled_masks(masks, seed) for seed in range(600)]
    for key in masks:
        shares = np.mean([each[key] for each in drawn], axis=0)
        assert np.abs(shares - shares.mean()).max() < 4.5 * 0.5 / np.sqrt(600)  # 4.5 standard deviations
    assert_equal(shuffled_masks(masks, 5), drawn[5])


@pytest.mark.core
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 1.0}, "rate .* is 1.0"),
        ({"rate": -0.1}, "rate .* is -0.1"),
        ({"rate": float("nan")}, "rate .* is nan"),
        ({"scope": "rows"}, "scope is 'rows'"),
        ({"weights": {"a": np.array([1.0, np.nan, 2.0])}}, "a holds weights that are not finite"),
        ({"weights": {"b": np.ones(3)}}, "a is only in the masks"),
        ({"weights": {"a": np.ones(3), "b": np.ones(3)}}, "b is only in the network"),
        ({"weights": {"a": np.ones(4)}}, r"mask of a must be a boolean array of shape \(4,\)"),
        ({"masks": {"a": np.ones(3)}}, "mask of a must be a boolean array"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    arguments = {"weights": {"a": np.ones(3)}, "masks": {"a": np.ones(3, bool)}, "rate": 0.2, "scope": "global"}
    with pytest.raises(InputError, match=message):
        prune(**{**arguments, **change})
