"""What a saved model needs is in its file; a model of Keras' own layers alone computes the same numbers."""

import json
import zipfile

import keras
import numpy as np
import pytest
from keras import layers

import arttl
from arttl.base.errors import InputError
from arttl.base.files import write_model
from arttl.base.needs import NOTE, needs_in_words
from arttl.models import needed_objects, without_custom_objects
from arttl.models.belongings import what_weights_need
from arttl.models.keras2018 import BatchNormalization2018
from arttl.models.preprocessing import CaffePreprocessing

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), "uint8")
OURS = [
    "arttl.models.keras2018.batch_normalization.BatchNormalization2018",
    "arttl.models.preprocessing.CaffePreprocessing",
]


def network():
    """The package's layers, one within a model, with statistics that are no longer those of the beginning."""
    keras.utils.set_random_seed(2)
    inner = keras.Sequential(
        [keras.Input((6, 6, 4)), BatchNormalization2018(moving_average="zero-debiased")], name="in"
    )
    pixels = keras.Input((8, 8, 3), name="pixels")
    x = layers.Conv2D(4, 3, name="conv")(CaffePreprocessing(dtype="float32", name="preprocessing")(pixels))
    x = layers.GlobalAveragePooling2D()(inner(x))
    model = keras.Model(pixels, layers.Dense(3, "softmax", name="head")(x), name="mine")
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(IMAGES, np.arange(4) % 3, verbose=0)
    return model


def test_a_saved_model_says_what_it_needs(tmp_path):
    write_model(tmp_path / "model.keras", network())
    assert needed_objects(tmp_path / "model.keras") == OURS
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        told = json.loads(file.read(NOTE))
    assert told == {"objects": OURS, "needs": "`import arttl`, for BatchNormalization2018, CaffePreprocessing"}
    loaded = keras.saving.load_model(tmp_path / "model.keras")  # which passes over the note
    assert loaded.name == "mine"


def test_what_is_compiled_counts_and_what_registers_it_is_named(tmp_path):
    recipe = arttl.recipes.tickets().changed({"optimizer.l2": 1e-4})
    model = recipe.compile(arttl.models.lenet_300_100(3, (4, 4, 1)))
    model.save(tmp_path / "model.keras")
    assert needed_objects(tmp_path / "model.keras") == ["arttl.training.schedule.PenalisedSGD"]
    assert needs_in_words(needed_objects(tmp_path / "model.keras")) == "`import arttl.training`, for PenalisedSGD"
    (tmp_path / "other.keras").write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"other.keras is no .keras file"):
        needed_objects(tmp_path / "other.keras")


@pytest.mark.core
@pytest.mark.slow
def test_a_model_without_custom_objects_computes_the_same(tmp_path):
    model = network()
    plain = without_custom_objects(model)
    np.testing.assert_array_equal(plain.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))
    plain.save(tmp_path / "plain.keras")
    assert needed_objects(tmp_path / "plain.keras") == []
    assert needs_in_words([]) == "nothing but Keras"
    loaded = keras.saving.load_model(tmp_path / "plain.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))
    assert what_weights_need(tmp_path / "plain.keras").preprocessing == "imagenet"


def test_a_layer_that_nothing_stands_for_is_named():
    class Own(layers.Layer):
        def call(self, inputs):
            return inputs

    pixels = keras.Input((8, 8, 3))
    with pytest.raises(InputError, match=r"layer 'own' \(Own\) is neither of Keras nor one that"):
        without_custom_objects(keras.Model(pixels, Own(name="own")(pixels)))
