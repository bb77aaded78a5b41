"""Models that are kept for the next run compute what new ones would, and those that are not give their memory back."""

import tempfile

import keras
import numpy as np
import pytest
import slim

from arttl.models import build_classifier, set_trainable
from arttl.recipes import get_recipe
from arttl.runs import keeping
from arttl.runs.keeping import Kept, compiled, release
from arttl.training import Arrays, Batches, Checkpoint, forget_models, start_afresh, train
from arttl.training.computing import Computing

CLASSES, SHAPE = 3, (8, 8, 3)
SGD = {"name": "SGD", "learning_rate": 0.01, "momentum": 0.9, "nesterov": True}


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(keeping, "_KEPT", Kept(2))


def recipe(**changes):
    settings = {"max_epochs": 2, "batch_size": 4, "numerics": "keras3", **changes}
    return get_recipe("thesis", "scratch").changed(settings)


def network(classes, shape):
    """A convolution, BatchNormalization, whose statistics must be those of a new model too, and a head."""
    pixels = keras.Input(shape)
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(pixels))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    return keras.Model(pixels, keras.layers.Dense(classes, "softmax", name="head")(x))


def trained(seed, given, compile_model, network=network):
    """A model trained on images that follow from the seed."""
    start_afresh(seed)
    model = compile_model(network(CLASSES, SHAPE), given)
    rng = np.random.default_rng(seed)
    images = Arrays(rng.integers(0, 256, (10, *SHAPE), "uint8"))
    batches = Batches(images, np.arange(10), np.arange(10) % CLASSES, CLASSES, given.batch_size, shuffle_seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        train(model, given, batches, batches, Checkpoint(folder))
    return model


@pytest.mark.slow
@pytest.mark.core
@pytest.mark.parametrize("optimizer", [SGD, {"name": "RMSprop", "learning_rate": 0.001}, {"name": "Adam"}])
def test_a_kept_model_is_trained_as_a_new_one(optimizer):
    """Weights after two epochs, to the bit, whatever was trained on it before."""
    given = recipe(**{f"optimizer.{name}": value for name, value in optimizer.items()})
    kept = trained(1, given, compiled)
    assert trained(2, given, compiled) is kept
    new = trained(2, given, lambda model, recipe: recipe.compile(model))
    for mine, expected in zip(kept.get_weights(), new.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, expected)
    for mine, expected in zip(kept.optimizer.variables, new.optimizer.variables, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(mine), keras.ops.convert_to_numpy(expected))


@pytest.mark.slow
def test_only_what_is_the_same_but_for_its_weights_is_kept(monkeypatch):
    slim.put_in_place(monkeypatch)
    start_afresh(0)

    def model(classes=CLASSES, numerics="keras3"):
        forget_models()
        sizes = {"image_size": 32, "numerics": recipe(numerics=numerics).numerics}
        return build_classifier("vgg19", classes, weights="none", **sizes)

    first = compiled(model(), recipe())
    assert compiled(model(), recipe()) is first
    assert compiled(model(), recipe(max_epochs=9)) is first  # `fit` is told those
    assert compiled(model(), recipe(**{"optimizer.learning_rate": 0.5})) is not first
    assert compiled(model(), recipe()) is first
    assert compiled(set_trainable(model(), top=1), recipe()) is not first
    assert compiled(model(), recipe()) is first
    assert compiled(model(classes=4), recipe()) is not first
    assert compiled(model(), recipe()) is first
    assert compiled(model(), recipe(numerics="2.1.6")) is not first
    with Computing("mixed_bfloat16").applied():
        assert compiled(model(), recipe()) is not first


@pytest.mark.slow
def test_a_model_with_dropout_is_not_kept():
    def dropping(classes, shape):
        layers = [keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(classes, "softmax")]
        return keras.Sequential([keras.Input(shape), *layers])

    assert trained(1, recipe(), compiled, dropping) is not trained(1, recipe(), compiled, dropping)


def test_of_too_many_the_one_asked_for_longest_ago_goes():
    models = {}

    def asked(key):
        return kept.get(key, lambda: models.setdefault(key, keeping.Compiled(network(CLASSES, SHAPE), recipe())))

    kept = Kept(2)
    for key in "abac":
        asked(key)
    assert [kept.has(models[key].model) for key in "abc"] == [True, False, True]


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends free what nothing refers to")
def test_what_is_released_has_no_weights_left():
    kept, other = trained(1, recipe(), compiled), trained(1, recipe(), lambda model, recipe: recipe.compile(model))
    for model in (kept, other):
        release(model)
    sizes = [[variable.value.numpy().size for variable in each.variables] for each in (kept, other, other.optimizer)]
    assert min(sizes[0]) > 0
    assert max(sizes[1] + sizes[2]) == 0
