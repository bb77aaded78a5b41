"""Whether features still depend on the image is seen, and the search says so and ends."""

import keras
import numpy as np
import pandas as pd
import pytest
from small_search import CLASSES, lenet, small_search

from arttl.models import resnet20
from arttl.pruning import SearchSettings, open_tickets
from arttl.pruning.liveness import ALIVE, DEAD, LAGGING, Liveness


def network():
    layers = keras.layers
    pixels = keras.Input((6, 6, 1))
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, name="conv")(pixels))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(layers.ReLU()(x)))
    return keras.Model(pixels, layers.Dense(3, "softmax", name="head")(x))


IMAGES = np.random.default_rng(0).integers(0, 256, (5, 6, 6, 1)).astype("uint8")


@pytest.mark.core
def test_what_it_tells_and_that_it_leaves_the_network_as_it_is():
    model = network()
    live = Liveness(model, IMAGES)
    before = [np.array(variable) for variable in model.variables]
    assert live() == ALIVE
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(np.array(variable), value)
    norm = model.get_layer("norm")
    norm.moving_variance.assign(np.full(4, 1e30))
    norm.beta.assign(np.ones(4))
    assert live() == LAGGING
    model.get_layer("conv").kernel.assign(np.zeros((3, 3, 1, 4)))
    assert live() == DEAD


@pytest.mark.core
def test_a_sequential_model_is_looked_at_too():
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3, "softmax")]
    )
    assert Liveness(model, IMAGES)() == ALIVE


def test_of_equal_images_nothing_can_be_told():
    model = network()
    model.get_layer("conv").kernel.assign(np.zeros((3, 3, 1, 4)))
    assert Liveness(model, np.repeat(IMAGES[:1], 3, axis=0))() == ALIVE
    assert Liveness(model, IMAGES[:1])() == ALIVE


@pytest.mark.slow
@pytest.mark.parametrize("on_dead", ["stop", "continue"])
def test_a_search_ends_where_its_features_are_lost_unless_told_to_go_on(tmp_path, on_dead):
    lines = []
    settings = SearchSettings(rate=0.99, rounds=4, rewind=1, scope="global", on_dead=on_dead)
    tickets = small_search(tmp_path, resnet20(CLASSES, (8, 8, 3)), settings, epochs=1, log=lines.append)
    rounds = pd.read_csv(tmp_path / "rounds.csv")
    lost = int(rounds["round"][rounds.features == DEAD].min())
    assert rounds.features[0] == ALIVE
    assert 0 < lost < 4
    assert tickets.rounds == (lost if on_dead == "stop" else 4)
    assert not (tmp_path / "checkpoint").exists()
    told = [line for line in lines if "no longer depend on the image" in line]
    assert len(told) == (rounds.features == DEAD).sum()
    assert told[0].endswith("the search ends here" if on_dead == "stop" else "the search goes on")
    lines.clear()  # and it counts as finished
    assert small_search(tmp_path, resnet20(CLASSES, (8, 8, 3)), settings, epochs=1, log=lines.append).rounds
    assert not lines


def test_a_search_without_rounds_is_the_unpruned_network(tmp_path):
    tickets = small_search(tmp_path, lenet(), SearchSettings(rounds=0, dense=True, head=True, keep_final=True))
    assert tickets.rounds == 0
    assert pd.read_csv(tmp_path / "rounds.csv")["round"].tolist() == [0]
    final = open_tickets(tickets.path).read_final(0)
    assert any((final[name] != array).any() for name, array in tickets.read_weights().items())
    assert all(mask.all() for mask in tickets.read_masks(0).values())
