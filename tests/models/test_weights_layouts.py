"""Weights files in every layout that Keras writes, written by Keras itself, into another network of the same layers."""

from types import SimpleNamespace

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from arttl.base.errors import InputError
from arttl.models.keras2018 import BatchNormalization2018
from arttl.models.weights import _load_file

OTHER = SimpleNamespace(name="other", title="Other")


def backbone(kind=layers.BatchNormalization, filters=4, **options):
    """Eleven convolutions of one class, so that conv2d_10 comes after conv2d_9, and one of another."""
    x = y = keras.Input((6, 6, 3))
    for _ in range(11):
        y = layers.Conv2D(filters, 1)(y)
        y = kind(scale=False, **options)(y)
    y = layers.SeparableConv2D(5, 3)(y)
    return keras.Model(x, layers.GlobalAveragePooling2D()(y), name="backbone")


def drawn(model, rng):
    model.set_weights([rng.normal(size=weight.shape) for weight in model.weights])
    return model


def with_head(base):
    return keras.Model(base.input, layers.Dense(7)(base.output))


def nested(base):
    x = keras.Input((6, 6, 3))
    scaled = layers.Normalization(mean=0.5, variance=2.0)(x)
    return keras.Model(x, layers.Dense(7)(base(keras.Sequential([layers.RandomFlip()])(scaled))))


def saved(model, path):
    (model.save_weights if path.name.endswith(".weights.h5") else model.save)(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.weights.h5"])
@pytest.mark.parametrize("whole", [lambda base: base, with_head, nested], ids=["bare", "head", "nested"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_keras_writes_is_read(name, whole, tmp_path, rng):
    theirs, ours = drawn(backbone(), rng), backbone()
    _load_file(ours, OTHER, saved(whole(theirs), tmp_path / name))
    for mine, given in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, given)


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.weights.h5"])
def test_zero_debiased_averages_of_2018_stay_in_the_file(name, tmp_path, rng):
    theirs, ours = drawn(backbone(BatchNormalization2018, moving_average="zero-debiased"), rng), backbone()
    _load_file(ours, OTHER, saved(with_head(theirs), tmp_path / name))
    kept = [w for layer in theirs.layers for w in layer.weights if w.name not in ("biased_mean", "biased_variance")]
    kept = [keras.ops.convert_to_numpy(weight) for weight in kept if weight.name != "local_step"]
    for mine, given in zip(ours.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(mine, given)


def test_what_does_not_fit_is_refused_in_a_line_that_says_what_is_there(tmp_path):
    path = saved(with_head(backbone(filters=3)), tmp_path / "model.weights.h5")
    with pytest.raises(InputError, match=r"model\.weights\.h5 does not fit Other without top \(layer conv2d.*shapes"):
        _load_file(backbone(), OTHER, path)
    small = keras.Sequential([keras.Input((6, 6, 3)), layers.Conv2D(2, 3), layers.Conv2D(2, 3)])
    with pytest.raises(InputError, match=r"it holds 2 conv2d, and 11 conv2d are wanted"):
        _load_file(backbone(), OTHER, saved(small, tmp_path / "small.weights.h5"))
    with pytest.raises(InputError, match=r"2 layers with weights in the file, conv2d.*; 23 here"):
        _load_file(backbone(), OTHER, saved(small, tmp_path / "small.keras"))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["pixels"] = np.zeros(3)
    with pytest.raises(InputError, match="it holds pixels, in no layout that Keras writes"):
        _load_file(backbone(), OTHER, tmp_path / "other.h5")


def test_code_in_a_file_is_not_run(tmp_path):
    x = keras.Input((6, 6, 3))
    path = saved(keras.Model(x, layers.Lambda(lambda y: y + 1)(layers.Conv2D(2, 1)(x))), tmp_path / "lambda.keras")
    with pytest.raises(InputError, match=r"lambda\.keras does not fit Other"):
        _load_file(backbone(), OTHER, path)
