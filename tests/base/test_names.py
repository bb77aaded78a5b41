"""Weights are the same by name whatever the process has built before, as a notebook's cell that is run twice."""

import keras
import numpy as np
import pytest
from tiny_search import SIDE, tiny_network, tiny_search

from arttl.base.errors import InputError
from arttl.models.keras2018 import BatchNormalization2018
from arttl.pruning import (
    MagnitudePruning,
    SearchSettings,
    TicketFile,
    draw_weights,
    load_ticket,
    model_weights,
    prunable_kernels,
    set_weights,
    weight_shapes,
)

layers = keras.layers
FRESH = ["conv2d/kernel", "conv2d/bias", "conv2d_1/kernel", "conv2d_1/bias", "head/kernel", "head/bias"]


@pytest.fixture(autouse=True)
def built_before():
    """What makes Keras number the next convolution otherwise."""
    for _ in range(3):
        layers.Conv2D(2, 3)


@pytest.mark.core
def test_keys_are_those_of_a_fresh_process_each_time():
    for _ in range(2):
        model = tiny_network()
        assert not any(layer.name == "conv2d" for layer in model.layers)
        assert list(model_weights(model)) == FRESH
        assert list(prunable_kernels(model)) == ["conv2d/kernel", "conv2d_1/kernel"]


@pytest.mark.slow
@pytest.mark.core
def test_a_search_goes_on_and_its_tickets_apply_to_the_network_built_again(tmp_path):
    settings = SearchSettings(rounds=2, rewind=1, keep_initial=True)
    whole = tiny_search(tmp_path / "whole", settings)
    with pytest.raises(KeyboardInterrupt):
        tiny_search(tmp_path / "parts", settings, stop_in=1)
    parts = tiny_search(tmp_path / "parts", settings)
    for number in (1, 2):
        np.testing.assert_equal(parts.read_masks(number), whole.read_masks(number))
    assert tiny_search(tmp_path / "parts", settings).rounds == 2  # finished
    ticket = load_ticket(whole.path, 2)
    applied = [layer.get_weights() for layer in ticket.apply(tiny_network()).layers if layer.weights]
    for position, key in enumerate(("conv2d", "conv2d_1")):
        expected = np.where(ticket.masks[f"{key}/kernel"], ticket.weights[f"{key}/kernel"], 0)
        np.testing.assert_array_equal(applied[position][0], expected)


def test_a_model_that_was_saved_elsewhere(tmp_path):
    model = tiny_network()  # its file has the numbers of this process
    model.save(tmp_path / "m.keras")
    keras.utils.clear_session()
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert list(model_weights(loaded)) == FRESH


def numbered_from(weights, first):
    """Weights under the names that they had in a process that had built so many convolutions before."""
    names = {"conv2d": f"conv2d_{first}", "conv2d_1": f"conv2d_{first + 1}"}
    parts = {key: key.split("/") for key in weights}
    return {f"{names.get(layer, layer)}/{name}": weights[key] for key, (layer, name) in parts.items()}


def test_files_with_the_numbers_of_the_process_that_wrote_them(tmp_path):
    """As they were written before; 1 overlaps with today's names."""
    for first in (1, 7):
        model = tiny_network(seed=first)
        weights, masks = model_weights(model), {"conv2d/kernel": np.zeros((3, 3, 3, 6), bool)}
        masks["conv2d_1/kernel"] = np.ones((3, 3, 6, 6), bool)
        old = numbered_from(weights, first)
        prunable = list(numbered_from(masks, first))
        file = TicketFile.create(tmp_path / f"{first}.h5", old, prunable, rate=0.2, scope="global", metadata={})
        file.add_round(numbered_from(masks, first), None, {})
        other = tiny_network(seed=9)
        load_ticket(file.path, 1).apply(other)
        expected = {**weights, "conv2d/kernel": 0 * weights["conv2d/kernel"]}
        np.testing.assert_equal(model_weights(other), expected)
        set_weights(other, old)
        np.testing.assert_equal(model_weights(other), weights)
        fresh = load_ticket(file.path, 1).reinitialise(3, model).weights
        np.testing.assert_equal(list(fresh.values()), list(draw_weights(weight_shapes(model), 3, model).values()))
        pruning = MagnitudePruning(masks=numbered_from(masks, first))
        other.compile("sgd", "categorical_crossentropy")
        other.fit(np.zeros((2, SIDE, SIDE, 3)), np.eye(4)[:2], callbacks=[pruning], verbose=0)
        assert np.count_nonzero(model_weights(other)["conv2d/kernel"]) == 0
        assert np.count_nonzero(model_weights(other)["conv2d_1/kernel"]) > 0


@pytest.mark.core
def test_names_that_were_given_stay():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, name="dense_300"),
            layers.Dense(5, name="dense_100"),
            layers.BatchNormalization(name="norm_3"),
            BatchNormalization2018(name="batch_normalization_8"),  # as a class derived from Keras' may be called
            layers.BatchNormalization(name="batch_normalization_7"),
            layers.EinsumDense("ab,bc->ac", 3, name="dense"),
        ]
    )
    found = list(dict.fromkeys(key.split("/")[0] for key in model_weights(model)))
    assert found == [
        "dense_300", "dense_100", "norm_3", "batch_normalization_1", "batch_normalization", "dense"
    ]  # fmt: skip


def test_a_name_that_is_taken_is_not_given_twice():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, name="dense_3"), layers.PReLU(name="dense")])
    assert list(model_weights(model)) == ["dense_3/kernel", "dense_3/bias", "dense/alpha"]


def test_another_network_is_still_refused():
    with pytest.raises(InputError, match="conv2d_2/kernel does not fit"):
        set_weights(tiny_network(), {**model_weights(tiny_network()), "conv2d_2/kernel": np.ones(3)})
