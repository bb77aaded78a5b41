"""Backbones, heads, dropout and pooling in Keras' words, against what Keras computes of the same layers."""

import keras
import numpy as np
import pytest
from keras import layers

import arttl
from arttl.base.errors import InputError
from arttl.models import build_classifier, feature_extractor, lenet_300_100, replace_head, set_trainable
from arttl.models.backbones import BACKBONES
from arttl.models.own import known_backbone

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), "uint8")


def backbone():
    """Pixels to maps."""
    keras.utils.set_random_seed(1)
    pixels = keras.Input((32, 32, 3))
    return keras.Model(pixels, layers.Conv2D(4, 3, activation="relu", name="conv")(pixels), name="mine")


@pytest.mark.parametrize(("pooling", "pooled"), [("avg", np.mean), ("max", np.max)])
def test_a_model_of_ones_own(pooling, pooled):
    base = backbone()
    model = build_classifier(base, 3, pooling=pooling, dropout=0.5, preprocessing="unit", trainable=False)
    assert [layer.name for layer in model.layers[1:]] == ["preprocessing", "conv", f"{pooling}_pool", "dropout", "head"]
    assert model.get_layer("dropout").rate == 0.5
    assert {weight.path for weight in model.trainable_weights} == {"head/kernel", "head/bias"}
    maps = base.predict(IMAGES / 255, verbose=0)
    features = feature_extractor(model).predict(IMAGES, verbose=0)
    np.testing.assert_allclose(features, pooled(maps, axis=(1, 2)), rtol=1e-5, atol=1e-6)


def test_a_function_of_ones_own_gets_pixels_as_they_are_or_as_a_function_makes_them():
    def network(x):
        return layers.Flatten()(layers.AveragePooling2D(32)(x))

    for preprocessing, factor in ((None, 1), (lambda x: x / 2, 0.5)):
        model = build_classifier(network, 2, input_shape=(32, 32, 3), preprocessing=preprocessing)
        found = feature_extractor(model).predict(IMAGES.astype("float32"), verbose=0)
        np.testing.assert_allclose(found, IMAGES.mean((1, 2)) * factor, rtol=1e-5)


@pytest.mark.slow
def test_a_function_of_keras_applications_with_its_own_preprocessing():
    """MobileNetV2 without random weights' sense: its input is that of its preprocess_input."""
    recipe = arttl.recipes.off_the_shelf("released").changed({"numerics": "keras3"})
    options = {"weights": None, "image_size": (32, 32), "recipe": recipe}
    model = recipe.compile(build_classifier(keras.applications.MobileNetV2, 3, **options))
    base = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    base.set_weights(feature_extractor(model).get_weights())
    expected = base.predict(keras.applications.mobilenet_v2.preprocess_input(IMAGES.astype("float32")), verbose=0)
    np.testing.assert_allclose(feature_extractor(model).predict(IMAGES, verbose=0), expected, rtol=1e-4, atol=1e-6)
    assert len(model.trainable_weights) == 2


def test_the_networks_of_the_table_are_known_by_keras_functions():
    for name, row in BACKBONES.items():
        assert known_backbone(getattr(keras.applications, row.constructor)) is known_backbone(name) is row
    assert known_backbone(keras.applications.MobileNet) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"architecture": 7}, "architecture 7 is no backbone; give a name, a keras.Model or a function"),
        ({"weights": "mine.h5"}, r"weights mine.h5 are not for a backbone of one's own"),
        ({"preprocessing": "imagenet"}, "'imagenet' is not known of a backbone of one's own; give a function"),
        ({"numerics": "2.1.6"}, r"numerics 2.1.6 have layers of their own"),
        ({"pooling": "min"}, "pooling is 'min'; give 'avg' or 'max'"),
        ({"dropout": 1}, "dropout is 1; give the share of X"),
        ({"image_size": "big"}, "image_size is 'big'; a backbone of one's own takes a side"),
    ],
)
def test_what_does_not_go_with_a_backbone_of_ones_own_is_said(given, message):
    with pytest.raises(InputError, match=message):
        build_classifier(**{"architecture": backbone(), "num_classes": 2, **given})


@pytest.mark.core
@pytest.mark.slow
def test_several_heads_compile_train_and_stay_trained_together():
    recipe = arttl.recipes.off_the_shelf()
    model = build_classifier(backbone(), {"material": 3, "type": 2}, trainable=False, preprocessing="unit")
    recipe.compile(model)
    assert {weight.path for weight in model.trainable_weights} == {
        "material/kernel", "material/bias", "type/kernel", "type/bias"
    }  # fmt: skip
    labels = {"material": np.eye(3)[[0, 1, 2, 0]], "type": np.eye(2)[[0, 1, 0, 1]]}
    logs = model.fit(IMAGES, labels, verbose=0).history
    assert {"loss", "material_accuracy", "type_accuracy"} <= logs.keys()
    listed = keras.Model(model.inputs, list(model.output.values()))
    assert len(recipe.compile(set_trainable(listed, False)).fit(IMAGES, [*labels.values()], verbose=0).history) >= 3


def squeezed():
    """As SqueezeNet: a 1 x 1 convolution for a head, then pooling and softmax."""
    x = keras.Input((32, 32, 3))
    y = layers.Conv2D(3, 1, name="classes")(layers.Dropout(0.5)(layers.Conv2D(4, 3, name="conv")(x)))
    return keras.Model(x, layers.Softmax()(layers.GlobalAveragePooling2D()(y)))


def normalised():
    """Logits that are normalised before the softmax."""
    x = keras.Input((32, 32, 3))
    y = layers.Dense(3, name="classes")(layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, name="conv")(x)))
    return keras.Model(x, layers.Softmax()(layers.BatchNormalization()(y)))


def mobile():
    """As MobileNet: the head is a convolution of one position."""
    x = keras.Input((32, 32, 3))
    y = layers.GlobalAveragePooling2D(keepdims=True)(layers.Conv2D(4, 3, name="conv")(x))
    return keras.Model(x, layers.Softmax()(layers.Reshape((3,))(layers.Conv2D(3, 1, name="classes")(y))))


@pytest.mark.core
@pytest.mark.parametrize("make", [squeezed, mobile, normalised])
def test_features_and_heads_of_any_flat_classifier(make):
    model = make()
    maps = keras.Model(model.inputs, model.get_layer("conv").output).predict(IMAGES, verbose=0)
    expected = maps.max((1, 2)) if make is normalised else maps.mean((1, 2))
    np.testing.assert_allclose(feature_extractor(model).predict(IMAGES, verbose=0), expected, rtol=1e-4, atol=1e-3)
    new = replace_head(model, 7)
    assert new.output_shape == (None, 7)
    assert new.get_layer("conv") is model.get_layer("conv")


def test_a_head_that_there_is_not_is_said():
    base = backbone()
    with pytest.raises(InputError, match="does not end in one head"):
        feature_extractor(base)
    with pytest.raises(InputError, match="does not end in one head"):
        feature_extractor(build_classifier(base, {"one": 2, "two": 2}))
    assert replace_head(lenet_300_100(), {"one": 2, "two": 3}).output["two"].shape == (None, 3)


def test_an_output_that_sums_several_layers_leaves_the_other_ones_head():
    x = keras.Input((4,))
    summed = layers.Add()([layers.Dense(2, name="left")(x), layers.Dense(2, name="right")(x)])
    model = set_trainable(keras.Model(x, [summed, layers.Dense(3, name="other")(x)]), False)
    assert {weight.path for weight in model.trainable_weights} == {"other/kernel", "other/bias"}
