"""BatchNormalization by one operation of the backend's computes what Keras' own does."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from arttl.models.fused_batchnorm import batch_normalized, fuse_batch_normalization, is_fusable
from arttl.recipes import get_recipe
from arttl.training import set_momentum
from arttl.training.computing import Computing

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.core
fused_only = pytest.mark.skipif(BACKEND == "jax", reason="JAX has no such operation")


def network(fused, **options):
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    pixels = keras.Input((6, 5, 3))
    x = layers.BatchNormalization(name="one", **options)(layers.Conv2D(4, 3)(pixels))
    x = layers.BatchNormalization(name="two", **options)(layers.Conv2D(4, 3)(layers.ReLU()(x)))
    outputs = layers.Dense(3, "softmax", dtype="float32")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(pixels, outputs)
    set_momentum(model, 0.7)
    if fused:
        fuse_batch_normalization(model)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "categorical_crossentropy", jit_compile=BACKEND == "jax")
    return model


def trained(fused, **options):
    """Weights after a few steps, moving statistics among them, of batches of unequal size."""
    model, rng = network(fused, **options), np.random.default_rng(0)
    for size in (8, 8, 3, 1):
        images = 5 + 3 * rng.normal(size=(size, 6, 5, 3)).astype("float32")
        model.train_on_batch(images, np.eye(3, dtype="float32")[rng.integers(0, 3, size)])
    return model


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"scale": False, "epsilon": 1.001e-5}, {"center": False}])
def test_training_is_keras_own_but_for_rounding(options):
    mine, keras_own = trained(True, **options), trained(False, **options)
    assert len(mine.get_weights()) == len(keras_own.get_weights())
    for one, other in zip(mine.get_weights(), keras_own.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_statistics_are_those_of_numpy(precision, rng):
    values = (100 + 3 * rng.normal(size=(4, 5, 6, 2))).astype("float32")
    with Computing(precision).applied():
        layer = layers.BatchNormalization()
    layer.build(values.shape)
    layer.gamma.assign([2.0, 0.5])
    layer.beta.assign([1.0, -1.0])
    given = ops.cast(values, layer.compute_dtype)
    seen = ops.convert_to_numpy(ops.cast(given, "float32")).astype("float64")
    outputs, mean, variance = batch_normalized(layer, given)
    expected = (seen - seen.mean((0, 1, 2))) / np.sqrt(seen.var((0, 1, 2)) + 1e-3) * [2.0, 0.5] + [1.0, -1.0]
    np.testing.assert_allclose(ops.convert_to_numpy(mean), seen.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(variance), seen.var((0, 1, 2)), rtol=3e-3)
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
    found = ops.convert_to_numpy(ops.cast(outputs, "float32"))
    np.testing.assert_allclose(found, expected, atol=1e-3 if precision == "float32" else 0.04)


@fused_only
def test_what_the_operation_is_not_made_for_keras_does():
    layer = layers.BatchNormalization()
    assert is_fusable(layer, np.zeros((2, 3, 3, 4), "float32"))
    assert not is_fusable(layer, np.zeros((2, 3, 3, 4), "float64"))
    assert not is_fusable(layer, np.zeros((2, 4), "float32"))
    assert not is_fusable(layers.BatchNormalization(axis=1), np.zeros((2, 3, 3, 4), "float32"))
    assert not is_fusable(layers.BatchNormalization(epsilon=1e-7), np.zeros((2, 3, 3, 4), "float32"))


def test_a_frozen_layer_and_inference_use_moving_statistics(rng):
    model = network(True)
    images = rng.normal(size=(4, 6, 5, 3)).astype("float32")
    expected = model.predict_on_batch(images)
    for layer in model.layers:
        layer.trainable = False
    before = model.get_weights()
    np.testing.assert_allclose(ops.convert_to_numpy(model(images, training=True)), expected, rtol=1e-5)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_recipes_compile_with_it_and_models_are_saved_without(tmp_path):
    model = get_recipe("keras3", "scratch").compile(network(False))
    calls = [layer.call for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    model = get_recipe("keras3", "scratch").compile(model)
    assert calls == [layer.call for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    assert "_call" in repr(calls[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    assert type(loaded.get_layer("one")) is layers.BatchNormalization
    assert "_call" not in repr(loaded.get_layer("one").call)
