"""Which models VisualBackProp maps: called twice, changed, refused by name; and images that do not fit."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers
from mapped import ones, sequential, small_net

import arttl
from arttl import InputError
from arttl.saliency import visual_backprop
from arttl.saliency.graph import Graph


def branches_that_part():
    pixels = keras.Input((8, 8, 1))
    stem = layers.Conv2D(2, 3, activation="relu")(pixels)
    deep = layers.Conv2D(2, 3, activation="relu", name="deep")(stem)
    pooled = [layers.GlobalAveragePooling2D()(each) for each in (stem, deep)]
    return keras.Model(pixels, layers.Concatenate()(pooled))


def squeeze_and_excite():
    pixels = keras.Input((8, 8, 1))
    maps = layers.Conv2D(2, 3, activation="relu")(pixels)
    gates = layers.Dense(2, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(maps))
    return keras.Model(pixels, layers.Flatten()(layers.Multiply(name="excite")([maps, gates])))


def two_inputs():
    pixels = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    return keras.Model(pixels, layers.Flatten()(layers.Conv2D(1, 3)(layers.Add()(pixels))), name="twins")


class Own(keras.Model):
    def call(self, inputs):
        return inputs


def joined(join):
    """Two branches that a function brings together."""
    pixels = keras.Input((8, 8, 1))
    maps = [ones(size, padding="same")(pixels) for size in (1, 3)]
    return keras.Model(pixels, layers.Flatten()(join(*maps)))


REFUSED = {
    "'inner' has no graph": lambda: sequential((8, 8), ones(), Own(name="inner")),
    "'lstm' .ConvLSTM1D": lambda: sequential(
        (8, 8), ones(), layers.ConvLSTM1D(2, 3, return_sequences=True, name="lstm")
    ),
    "'excite' .Multiply": squeeze_and_excite,
    "'up' .Conv2DTranspose": lambda: sequential((8, 8), layers.Conv2DTranspose(1, 3, name="up"), ones()),
    "'smooth' .UpSampling2D": lambda: sequential((8, 8), layers.UpSampling2D(interpolation="bilinear", name="smooth")),
    "'rows' .Concatenate": lambda: keras.Model(
        (pixels := keras.Input((8, 8, 1))), layers.Flatten()(layers.Concatenate(axis=1, name="rows")([pixels, pixels]))
    ),
    "'lines' .Reshape": lambda: sequential((8, 8), ones(), layers.Reshape((64, 1, 1), name="lines")),
    "cannot be scaled up .*Cumsum": lambda: joined(lambda one, other: keras.ops.cumsum(one, axis=1)),
    "no rectified map": lambda: sequential((8, 8), layers.Conv2D(1, 3)),
    "'deep' .* no ReLU brings together": branches_that_part,
    "'twins' has input": two_inputs,
    "no input yet": lambda: keras.Sequential([layers.Conv2D(1, 3, activation="relu")]),
    "leaves nothing": lambda: keras.Sequential(
        [keras.Input((None, None, 1)), ones(11), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    ),
}  # fmt: skip


def test_model_without_fixed_size_takes_any(rng):
    keras.utils.set_random_seed(0)
    stack = [layers.Conv2D(4, 3, strides=2, activation="relu"), layers.Conv2D(4, 3, activation="relu")]
    free = keras.Sequential([keras.Input((None, None, 1)), *stack, layers.GlobalAveragePooling2D(), layers.Dense(2)])
    for size in ((11, 14), (16, 9)):
        pixels = rng.random((2, *size, 1))
        fixed = keras.Sequential([keras.Input((*size, 1)), *stack, layers.GlobalAveragePooling2D()])
        np.testing.assert_allclose(visual_backprop(free, pixels), visual_backprop(fixed, pixels), atol=1e-6)


def test_layer_that_is_called_twice_counts_twice(images):
    keras.utils.set_random_seed(0)

    def network(first, second):
        pixels = keras.Input((17, 14, 1))
        maps = second(layers.MaxPooling2D(2)(first(layers.Conv2D(4, 3, activation="relu", name="stem")(pixels))))
        return keras.Model(pixels, layers.Dense(2)(layers.Flatten()(maps)))

    shared = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")
    one = network(shared, shared)
    two = network(*(layers.Conv2D(4, 3, strides=2, padding="same", activation="relu") for _ in range(2)))
    two.get_layer("stem").set_weights(one.get_layer("stem").get_weights())
    for layer in (two.layers[2], two.layers[4]):
        layer.set_weights(shared.get_weights())
    np.testing.assert_allclose(visual_backprop(one, images), visual_backprop(two, images), atol=1e-6)


def test_changed_model_is_mapped_anew_and_a_dropped_one_let_go(images):
    model = small_net()
    longer = visual_backprop(model, images)
    for _ in range(3):  # the head, and the last convolution
        model.pop()
    model.add(layers.GlobalAveragePooling2D())
    assert np.abs(visual_backprop(model, images) - longer).max() > 0.01
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def points(model):
    graph = Graph(model)
    return [graph.layers[point.rectified].name for point in graph.points()]


def test_multiplies_before_a_pre_activation_block():
    """The sum is not rectified, a ReLU is on one branch alone, and its map is the sum's (ResNet v2, DenseNet)."""
    pixels = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, padding="same")(pixels)
    for name in ("one", "two"):
        branch = layers.ReLU(name=name)(layers.BatchNormalization()(x))
        x = layers.Add()([x, layers.Conv2D(2, 3, padding="same")(branch)])
    x = layers.Activation("relu", name="last")(x)
    assert points(keras.Model(pixels, layers.GlobalMaxPooling2D()(x))) == ["one", "two", "last"]


def test_a_second_activation_in_a_row_does_not_count():
    stack = layers.Conv2D(2, 3, activation="relu", name="conv"), layers.ReLU(), layers.MaxPooling2D(2), layers.ReLU()
    assert points(sequential((8, 8), *stack)) == ["conv"]


@pytest.mark.parametrize("message", REFUSED)
def test_models_that_cannot_be_mapped_are_refused_by_name(message):
    with pytest.raises(InputError, match=message):
        visual_backprop(REFUSED[message](), np.zeros((1, 8, 8, 1)))


def test_operators_are_the_layers_that_do_the_same(images):
    by_layer = joined(lambda one, other: layers.ReLU()(layers.Add()([one, other])))
    by_operator = joined(lambda one, other: keras.ops.relu(one + other))
    np.testing.assert_array_equal(*(visual_backprop(model, images[:, :8, :8]) for model in (by_layer, by_operator)))


def test_images_that_do_not_fit_are_refused(images):
    model = small_net()
    for wrong in (images[0], images[:, :-1], np.repeat(images, 3, axis=-1), images.astype(str)):
        with pytest.raises(InputError, match="images are"):
            visual_backprop(model, wrong)
    with pytest.raises(InputError, match="batch_size is 0"):
        visual_backprop(model, images, batch_size=0)
    with pytest.raises(InputError, match="images hold values that are not finite"):
        visual_backprop(model, images * np.nan)
    model.get_layer("first").set_weights([np.full((3, 2, 1, 5), np.inf), np.zeros(5)])
    with pytest.raises(InputError, match="maps are not finite"):
        visual_backprop(model, images)


def test_saliency_loads_at_first_use():
    assert arttl.saliency.visual_backprop is visual_backprop
    assert "saliency" in dir(arttl)
