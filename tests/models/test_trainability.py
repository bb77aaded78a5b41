"""Freezing and thawing, against the weights that training does and does not change; what recipes refuse."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

import arttl
from arttl import recipes
from arttl.base.errors import InputError
from arttl.models import resnet20, set_trainable
from arttl.recipes.eras import ERAS


def network(numerics="keras3"):
    """Two convolutions with BatchNormalization, and a head, named as build_classifier names them."""
    x = keras.Input((8, 8, 3), name="pixels")
    y = layers.Rescaling(1 / 255, name="preprocessing")(x)
    for name in ("first", "second"):
        y = layers.Conv2D(2, 3, name=name)(y)
        y = arttl.models.keras2018.batch_normalization.batch_normalization(ERAS[numerics], name=f"{name}_bn")(y)
    y = layers.GlobalAveragePooling2D()(y)
    return keras.Model(x, layers.Dense(2, "softmax", name="head")(y))


def nested():
    """Augmentation and a backbone as layers of a model, as in Keras' guides."""
    backbone = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3, name="first"), layers.Conv2D(2, 3)])
    x = keras.Input((8, 8, 3))
    y = backbone(keras.Sequential([layers.RandomFlip()])(x), training=False)
    return keras.Model(x, layers.Dense(2, "softmax", name="head")(layers.GlobalAveragePooling2D()(y)))


def trained(model):
    """Names of the layers whose weights one step of SGD changes."""
    model.compile("sgd", "categorical_crossentropy")
    before = {weight.path: keras.ops.convert_to_numpy(weight) for weight in model.weights}
    model.fit(np.random.default_rng(0).normal(size=(4, 8, 8, 3)), np.eye(2)[[0, 1, 0, 1]], verbose=0)
    changed = [w.path.split("/")[-2] for w in model.weights if not np.array_equal(before[w.path], w)]
    return set(changed)


EVERYTHING = {"first", "first_bn", "second", "second_bn", "head"}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"trainable": False}, {"head"}),
        ({}, EVERYTHING),
        ({"batch_normalization": False}, {"first", "second", "head"}),
        ({"top": 0}, {"head"}),
        ({"top": 1}, {"second", "head"}),
        ({"top": 1, "batch_normalization": True}, {"second", "second_bn", "head"}),
        ({"top": 9}, {"first", "second", "head"}),
    ],
)
def test_what_is_trained(chosen, expected):
    assert trained(set_trainable(network(), **chosen)) == expected


def test_the_two_phases_of_keras_guides():
    """On TensorFlow `trainable = True` changed nothing after trainable=False: the second phase trained two weights."""
    model = set_trainable(network(), False)
    assert trained(model) == {"head"}
    model.trainable = True
    assert trained(model) == EVERYTHING
    model = set_trainable(nested(), False)
    assert len(model.trainable_weights) == 2
    model.trainable = True
    assert len(model.trainable_weights) == 6
    assert {weight.path.split("/")[-2] for weight in set_trainable(model, top=1).trainable_weights} == {
        "head",
        model.layers[2].layers[-1].name,
    }


def test_a_frozen_model_is_saved_and_loaded_as_frozen(tmp_path):
    set_trainable(network(), False).save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert model.trainable is True
    assert [weight.path for weight in model.trainable_weights] == ["head/kernel", "head/bias"]


def test_classifiers_are_built_frozen_and_thaw():
    model = arttl.build_classifier("vgg19", 2, weights=None, trainable=False, image_size=(32, 40))
    assert model.input_shape == (None, 32, 40, 3)
    assert len(model.trainable_weights) == 2
    model.trainable = True
    assert len(model.trainable_weights) == 34  # 16 convolutions and the head, a kernel and a bias each
    with pytest.raises(InputError, match=r"input_shape is \(32, 32, 1\)"):
        arttl.build_classifier("vgg19", 2, weights=None, input_shape=(32, 32, 1))


def test_top_that_cannot_be():
    for wrong in ({"top": -1}, {"top": 1.5}, {"trainable": False, "top": 1}):
        with pytest.raises(InputError, match="give a whole number of layers"):
            set_trainable(network(), **wrong)
    with pytest.raises(InputError, match=r"has no weights yet; begin it with keras\.Input"):
        set_trainable(keras.Sequential([layers.Dense(2)]))


def test_a_recipe_refuses_what_contradicts_its_approach():
    with pytest.raises(InputError, match=r"trains the head alone, and 3 layers.*set_trainable\(model, False\)"):
        recipes.off_the_shelf("keras3").compile(network())
    with pytest.raises(
        InputError, match=r"trains the backbone, and that of .* is frozen.*set_trainable\(model, True\)"
    ):
        recipes.fine_tuning("keras3").compile(set_trainable(network(), False))
    recipes.fine_tuning("keras3").compile(set_trainable(network(), top=1))
    with pytest.raises(InputError, match="has no weights yet"):
        recipes.fine_tuning("keras3").compile(keras.Sequential([layers.Dense(2)]))


def test_a_recipe_refuses_another_preprocessing_and_other_layers(tmp_path):
    with pytest.raises(InputError, match=r"'released' for fine-tuning has preprocessing 'imagenet', .* with 'unit'"):
        recipes.fine_tuning("released").compile(network())
    era = recipes.fine_tuning(numerics="2.2.4")
    with pytest.raises(InputError, match=r"moving_average 'zero-debiased', and model .* built with 'plain'"):
        era.compile(network())
    network("2.2.4").save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    era.compile(loaded)
    with pytest.raises(InputError, match="moving_average 'plain'"):
        recipes.fine_tuning("keras3").compile(loaded)
    foreign = keras.Sequential([keras.Input((8, 8, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2)])
    recipes.fine_tuning("released").compile(foreign)
    with pytest.raises(InputError, match="preprocessing 'imagenet'"):
        recipes.fine_tuning("released", numerics="keras3").compile(resnet20())


def test_off_the_shelf_computes_as_one_pass_does(slim_networks):
    """Frozen layers of 2018 take the batch's statistics; where X is computed once, they have their moving ones."""
    recipe = recipes.off_the_shelf()
    model = arttl.build_classifier("resnet50", 2, weights="bundled", image_size=32, recipe=recipe)
    recipe.compile(model)
    assert len(model.trainable_weights) == 2
    images = np.random.default_rng(0).integers(0, 255, (4, 32, 32, 3))
    once, training = (keras.ops.convert_to_numpy(model(images, training=each)) for each in (False, True))
    np.testing.assert_allclose(once, training, atol=1e-6)
    with pytest.raises(InputError, match=r"made with numerics\.resnet50 keras3, and here it is 2\.1\.2"):
        arttl.build_classifier("resnet50", 2, weights="bundled", image_size=32, recipe=recipes.fine_tuning())


def test_arguments_beside_a_recipe():
    recipe = recipes.fine_tuning("released")
    for wrong, named in (
        ({"preprocessing": "unit"}, "preprocessing='unit' contradicts the recipe 'released'.*'imagenet'"),
        ({"trainable": False}, "trainable=False contradicts .* fine-tuning, which has True"),
        ({"numerics": "keras3"}, r"numerics='keras3' contradicts .*'2\.1\.2'"),
    ):
        with pytest.raises(InputError, match=named):
            arttl.build_classifier("vgg19", 2, weights=None, image_size=32, recipe=recipe, **wrong)
    model = arttl.build_classifier("vgg19", 2, weights=None, image_size=32, recipe=recipe)
    assert type(model.get_layer("preprocessing")).__name__ == "CaffePreprocessing"


def test_imagenet_weights_are_not_put_into_the_unit_interval_without_a_word(monkeypatch):
    monkeypatch.setattr(arttl.models.classifier, "load_backbone_weights", lambda *arguments: None)
    with pytest.warns(UserWarning, match=r"pixels in \[0, 1\], as in the thesis"):
        arttl.build_classifier("vgg19", 2, image_size=32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        arttl.build_classifier("vgg19", 2, image_size=32, preprocessing="unit")


def test_learning_rate_as_a_keyword():
    assert recipes.off_the_shelf(learning_rate=1e-4).settings()["optimizer"]["learning_rate"] == 1e-4
    assert issubclass(InputError, ValueError)
