"""Small networks with empty channels, and whether a compacted one computes the same."""

import keras
import numpy as np
from keras import layers


def sequence(*stack, shape=(6, 6, 2)):
    """A functional model of layers in a row."""
    x = first = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(first, x)


RANGES = {"gamma": (1, 0.2), "moving_mean": (0, 0.3), "beta": (0.2, 0.3), "bias": (0.1, 0.3), "alpha": (0, 0.3)}


def randomise(model, rng):
    """Give every weight a random value, such that an image's signal reaches the output."""
    for variable in model.weights:
        if variable.name.endswith("kernel"):
            values = rng.normal(0.1, 1, variable.shape) * (2 / np.prod(variable.shape[:-1])) ** 0.5
        elif variable.name == "moving_variance":
            values = rng.uniform(0.5, 1.5, variable.shape)
        else:
            values = rng.normal(*RANGES.get(variable.name, (0, 0.1)), variable.shape)
        variable.assign(values)
    return model


def empty(layer, *channels, bias=0.0):
    """Set the kernel slices of a layer's output channels to zero, and their biases to a value."""
    arrays = layer.get_weights()
    arrays[0][..., list(channels)] = 0
    if layer.use_bias:
        arrays[1][list(channels)] = bias
    layer.set_weights(arrays)


def same_outputs(model, smaller, rng, images=5):
    """Check that both give the same outputs, or features where a softmax layer follows, to 1e-5 of the largest."""
    batch = rng.uniform(0, 255 if "preprocessing" in model.layers[1].name else 1, (images, *model.input.shape[1:]))
    expected, found = (outputs(each, batch.astype("float32")) for each in (model, smaller))
    assert np.isfinite(expected).all()
    assert np.ptp(expected, axis=0).max() > 1e-3 * np.abs(expected).max()  # the images make a difference
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def outputs(model, batch):
    if getattr(model.layers[-1], "activation", None) is keras.activations.softmax:
        model = keras.Model(model.input, model.layers[-1].input)
    return keras.ops.convert_to_numpy(model(batch, training=False))


def channels(report):
    """Layer name to the number of output channels left."""
    return {each.name: each.channels[1] for each in report.layers}


def residual(rng, in_branch=(), in_shortcut=(), unread=()):
    first = keras.Input((6, 6, 2))
    stem = layers.Conv2D(4, 1, name="shortcut")(first)
    inner = layers.Conv2D(3, 3, padding="same", activation="relu", name="inner")(stem)
    branch = layers.Conv2D(4, 3, padding="same", name="branch")(inner)
    x = layers.ReLU()(layers.Add()([stem, branch]))
    model = randomise(keras.Model(first, layers.Conv2D(2, 3, name="reader")(x)), rng)
    empty(model.get_layer("branch"), *in_branch, bias=0.5)
    empty(model.get_layer("shortcut"), *in_shortcut, bias=0.25)
    for reader in ("inner", "reader"):
        arrays = model.get_layer(reader).get_weights()
        arrays[0][:, :, list(unread)] = 0
        model.get_layer(reader).set_weights(arrays)
    return model
