"""1 x 1 convolutions in bfloat16 learn by matrix products what they learn by TensorFlow's own operation."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from arttl.models.pointwise import multiply_pointwise
from arttl.recipes import get_recipe
from arttl.training.computing import Computing

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.core
on_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's operation alone is slow")


def network(precision="mixed_bfloat16", trainable=True):
    """A 1 x 1 convolution of each kind, between two others."""
    keras.utils.set_random_seed(3)
    with Computing(precision).applied():
        pixels = keras.Input((9, 8, 3))
        x = layers.Conv2D(8, 3, activation="relu", name="first")(pixels)
        x = layers.Conv2D(16, 1, activation="relu", name="plain")(x)
        x = layers.Conv2D(8, 1, strides=2, padding="same", name="strided")(x)
        x = layers.Conv2D(8, 1, strides=(2, 1), use_bias=False, name="unbiased", trainable=trainable)(x)
        x = layers.SeparableConv2D(8, 2, padding="same", name="separable")(x)
        x = layers.Conv2D(8, 2, name="last")(x)
        outputs = layers.Dense(3, "softmax", dtype="float32")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, outputs)


def replaced(model):
    return [layer.name for layer in model.layers if "_call" in repr(layer.call)]


def gradients(model, images, labels):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = model(images, training=True)
        loss = keras.losses.CategoricalCrossentropy(reduction="sum")(labels, outputs)
    return ops.convert_to_numpy(outputs), tape.gradient(loss, model.trainable_weights)


@on_tensorflow
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (2, 1)])
def test_the_products_are_the_exact_sums_to_the_last_place_of_bfloat16(strides, rng):
    """Of the same factors in float64; Eigen, where a processor has no bfloat16, is off by 4% of the largest."""
    import tensorflow as tf

    with Computing("mixed_bfloat16").applied():
        layer = layers.Conv2D(16, 1, strides=strides)
    pixels = keras.Input((9, 8, 8))
    model = keras.Model(pixels, layer(pixels))
    images = tf.cast(rng.normal(size=(16, 9, 8, 8)), "bfloat16")
    upstream = tf.cast(rng.normal(size=(16, *model.output_shape[1:])), "bfloat16")

    def gradients_of(sources):
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = model(images)
        return tape.gradient(outputs, sources, output_gradients=upstream)

    (of_images,) = gradients_of([images])
    multiply_pointwise(model)
    by_products = gradients_of([images, layer.kernel.value, layer.bias.value])
    np.testing.assert_array_equal(by_products[0], of_images)
    seen, given = (np.asarray(tf.cast(x, "float64")) for x in (images[:, :: strides[0], :: strides[1]], upstream))
    for product, exact in zip(
        by_products[1:], (np.einsum("bijc,bijf->cf", seen, given), given.sum((0, 1, 2))), strict=True
    ):
        np.testing.assert_allclose(np.squeeze(product), exact, rtol=2**-7, atol=1e-4)  # TensorFlow may cut, not round


@on_tensorflow
def test_so_are_those_of_a_separable_convolution(rng):
    """Its filtered images by Keras' own operation, and their products with the gradient in float64."""
    import tensorflow as tf

    with Computing("mixed_bfloat16").applied():
        layer = layers.SeparableConv2D(16, 2, padding="same")
    pixels = keras.Input((9, 8, 8))
    model = keras.Model(pixels, layer(pixels))
    images = tf.cast(rng.normal(size=(16, 9, 8, 8)), "bfloat16")
    upstream = tf.cast(rng.normal(size=(16, 9, 8, 16)), "bfloat16")
    multiply_pointwise(model)
    assert replaced(model) == [layer.name]
    with tf.GradientTape() as tape:
        outputs = model(images)
    product = tape.gradient(outputs, layer.pointwise_kernel.value, output_gradients=upstream)
    kernel = ops.cast(layer.depthwise_kernel, "bfloat16")
    filtered = ops.depthwise_conv(images, kernel, padding="same", data_format="channels_last")
    exact = np.einsum("bijc,bijf->cf", *(np.asarray(tf.cast(x, "float64")) for x in (filtered, upstream)))
    np.testing.assert_allclose(np.squeeze(product), exact, rtol=2**-7, atol=1e-4)


@on_tensorflow
def test_a_network_learns_as_in_float32_but_for_rounding(rng):
    images = rng.normal(size=(16, 9, 8, 3)).astype("float32")
    labels = np.eye(3, dtype="float32")[rng.integers(0, 3, 16)]
    model = network()
    expected, _ = gradients(model, images, labels)
    multiply_pointwise(model)
    assert replaced(model) == ["plain", "strided", "unbiased", "separable"]
    outputs, by_products = gradients(model, images, labels)
    np.testing.assert_array_equal(outputs, expected)
    exact = network("float32")
    exact.set_weights(model.get_weights())
    _, in_float32 = gradients(exact, images, labels)
    for weight, product, truth in zip(model.trainable_weights, by_products, in_float32, strict=True):
        np.testing.assert_allclose(product, truth, atol=0.05 * np.abs(truth).max(), err_msg=weight.path)


@on_tensorflow
def test_a_bias_learns_the_exact_sum():
    """Of 4,096 gradients of 1/256 each, whose sum bfloat16 would lose one by one, 16 comes out."""
    import tensorflow as tf

    with Computing("mixed_bfloat16").applied():
        layer = layers.Conv2D(2, 1)
    pixels = keras.Input((64, 64, 3))
    model = keras.Model(pixels, layer(pixels))
    multiply_pointwise(model)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.cast(model(np.zeros((1, 64, 64, 3), "float32")), "float32")) / 256
    np.testing.assert_array_equal(tape.gradient(total, layer.bias.value), [16.0, 16.0])


def test_other_precisions_and_backends_are_left_alone():
    for precision, expected in (("float32", []), ("mixed_bfloat16", ["plain"] if BACKEND == "tensorflow" else [])):
        with Computing(precision).applied():
            model = keras.Sequential([keras.Input((2, 2, 3)), layers.Conv2D(2, 1, name="plain")])
        multiply_pointwise(model)
        assert replaced(model) == expected


@on_tensorflow
def test_a_frozen_layer_computes_as_ever(rng):
    images = rng.normal(size=(2, 9, 8, 3)).astype("float32")
    model = network(trainable=False)
    expected = model.predict_on_batch(images)
    multiply_pointwise(model)
    np.testing.assert_array_equal(model.predict_on_batch(images), expected)


@on_tensorflow
@pytest.mark.slow
def test_recipes_compile_with_it_and_models_are_saved_and_exported_without(tmp_path, rng):
    import tensorflow as tf

    model = get_recipe("keras3", "scratch").compile(network())
    get_recipe("keras3", "scratch").compile(model)
    assert replaced(model) == ["plain", "strided", "unbiased", "separable"]
    images = rng.normal(size=(4, 9, 8, 3)).astype("float32")
    model.train_on_batch(images, np.eye(3, dtype="float32")[[0, 1, 2, 0]])
    expected = model.predict_on_batch(images)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    assert replaced(loaded) == []
    np.testing.assert_array_equal(loaded.predict_on_batch(images), expected)
    model.export(tmp_path / "exported", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "exported"))  # its variables live as long as it does
    np.testing.assert_allclose(served.serve(images), expected, rtol=0.02)
