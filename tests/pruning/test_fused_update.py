"""The one-operation update of pruned training against Keras' own, step by step."""

import keras
import numpy as np
import pytest

from arttl.pruning import MagnitudePruning
from arttl.pruning.fused import fused_update
from arttl.pruning.optimizers import held_masks

FUSED = keras.backend.backend() == "tensorflow"
OPTIMIZERS = {
    "nesterov": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "decayed": lambda: keras.optimizers.SGD(0.05, momentum=0.9, weight_decay=0.01, clipvalue=0.1),
    "scheduled": lambda: keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), momentum=0.8),
    "adam": lambda: keras.optimizers.Adam(0.01, beta_1=0.8, beta_2=0.99, epsilon=1e-5),
    "averaged": lambda: keras.optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=3),
    "accumulated": lambda: keras.optimizers.Adam(0.01, gradient_accumulation_steps=2),
}


class Descent(keras.optimizers.SGD):
    """A user's own, whose update is not Keras'."""


def network(seed=0):
    layers = keras.layers
    inputs = keras.Input((6, 6, 2))
    x = layers.Conv2D(3, 3, activation="relu", kernel_initializer=keras.initializers.HeNormal(seed))(inputs)
    x = layers.BatchNormalization()(x)
    outputs = layers.Dense(4, "softmax", kernel_initializer=keras.initializers.HeNormal(seed + 1))(layers.Flatten()(x))
    return keras.Model(inputs, outputs)


def trained(optimizer, callbacks, rng, dtype="float32"):
    keras.config.set_dtype_policy(dtype)
    try:
        model = network()
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(optimizer, "categorical_crossentropy", jit_compile=False)
    images, labels = rng.normal(size=(28, 6, 6, 2)), np.eye(4)[rng.integers(0, 4, 28)]
    model.fit(images, labels, batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_are_those_of_keras(name):
    plain = trained(OPTIMIZERS[name](), [], np.random.default_rng(5))
    pruning = MagnitudePruning(dense=True)
    held = trained(OPTIMIZERS[name](), [pruning], np.random.default_rng(5))
    assert (fused_update(held_masks(held).optimizer, held) is not None) == FUSED
    for ours, theirs in zip(held.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_mixed_precision_is_updated_in_float32():
    plain = trained(OPTIMIZERS["nesterov"](), [], np.random.default_rng(5), "mixed_bfloat16")
    held = trained(OPTIMIZERS["nesterov"](), [MagnitudePruning()], np.random.default_rng(5), "mixed_bfloat16")
    for ours, theirs in zip(held.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize(
    "optimizer",
    [
        Descent(0.1, momentum=0.9),
        keras.optimizers.SGD(0.1),
        keras.optimizers.Adam(amsgrad=True),
        keras.optimizers.AdamW(),
        keras.optimizers.RMSprop(),
    ],
)
def test_others_keep_their_own_update(optimizer):
    assert fused_update(optimizer, network()) is None
