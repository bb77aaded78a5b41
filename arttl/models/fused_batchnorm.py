"""Training of BatchNormalization by one operation of TensorFlow's or PyTorch's, in the place of Keras' six or more.

Keras 3 takes the mean, then the variance, and then normalises in several steps, each a pass over the whole of a layer's
inputs, and as many in the gradient. On a CPU that is a fifth of a training step of ResNet50 (docs/performance.md). The
backends' own operation does the same in two passes; results differ by rounding alone. Keras of 2018 used it as well.
"""

from __future__ import annotations

from functools import partial

import keras
from keras import ops

from arttl.models.devices import number_of_devices

_SMALLEST_EPSILON = 1e-5  # cuDNN takes none below


def batch_normalized(layer, inputs):
    """A batch normalised by its own statistics.

    Arguments:
        layer: a built keras.layers.BatchNormalization, whose axis, gamma, beta and epsilon are used.
        inputs: tensor of any rank.

    Returns (outputs, mean, variance): outputs in the layer's compute dtype; mean and variance float32 of shape
    (channels,), the variance divided by the number of values.
    """
    axis = layer.axis % len(inputs.shape)
    if is_fusable(layer, inputs):
        return _FUSED[keras.backend.backend()](layer, ops.convert_to_tensor(inputs))
    values = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
    reduced = [each for each in range(len(values.shape)) if each != axis]
    mean, variance = ops.moments(values, axes=reduced, synchronized=layer.synchronized)
    offset, scale = (ops.cast(each, values.dtype) if each is not None else None for each in (layer.beta, layer.gamma))
    outputs = ops.batch_normalization(values, mean, variance, axis, offset, scale, layer.epsilon)
    return ops.cast(outputs, layer.compute_dtype), mean, variance


def is_fusable(layer, inputs):
    """Whether there is one operation for it: images (batch, height, width, channels), on one device, not on JAX.

    Its scale and statistics are float32, so that a layer whose own are not has none.
    """
    return (
        keras.backend.backend() in _FUSED
        and len(inputs.shape) == 4
        and layer.axis in (-1, 3)
        and layer.epsilon >= _SMALLEST_EPSILON
        and keras.backend.standardize_dtype(inputs.dtype) != "float64"
        and layer.variable_dtype == "float32"
        and number_of_devices() == 1
    )


def fuse_batch_normalization(model):
    """Have the BatchNormalization layers of a model train like that; it is saved as it was, and loaded without.

    Arguments:
        model: a flat keras.Model. Layers that are not Keras' own class are left alone.
    """
    for layer in model.layers:
        if type(layer) is keras.layers.BatchNormalization and not isinstance(layer.call, partial):
            layer.call = partial(_call, layer, layer.call)


def _call(layer, original, inputs, training=None, mask=None):
    plain = mask is None and not layer.synchronized and not getattr(layer, "renorm", False)  # new in Keras 3.14
    if not (training and layer.trainable and plain and is_fusable(layer, inputs)):
        return original(inputs, training=training, mask=mask)
    outputs, mean, variance = batch_normalized(layer, inputs)
    for moving, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        moving.assign(moving * layer.momentum + value * (1.0 - layer.momentum))
    return outputs


def _gamma_and_beta(layer):
    """As float32 tensors; ones and zeros where the layer has none."""
    shape = layer.moving_mean.shape
    gamma = ops.ones(shape, "float32") if layer.gamma is None else ops.convert_to_tensor(layer.gamma)
    beta = ops.zeros(shape, "float32") if layer.beta is None else ops.convert_to_tensor(layer.beta)
    return gamma, beta


def _on_tensorflow(layer, inputs):
    import tensorflow as tf

    gamma, beta = _gamma_and_beta(layer)
    none = tf.constant([], tf.float32)
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs, scale=gamma, offset=beta, mean=none, variance=none, epsilon=layer.epsilon, is_training=True
    )
    count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:3]), variance.dtype)
    return outputs, mean, variance * ((count - 1.0) / count)  # it divides by one less


def _on_torch(layer, inputs):
    import torch

    gamma, beta = _gamma_and_beta(layer)
    channels_first = inputs.permute(0, 3, 1, 2)  # a view: the memory stays channels last
    outputs, mean, deviation = torch.native_batch_norm(
        channels_first, gamma, beta, None, None, training=True, momentum=0.0, eps=layer.epsilon
    )
    variance = deviation.detach() ** -2 - layer.epsilon  # it gives 1 / sqrt(variance + epsilon)
    return outputs.permute(0, 2, 3, 1), mean.detach(), variance.clamp(min=0.0)


_FUSED = {"tensorflow": _on_tensorflow, "torch": _on_torch}
