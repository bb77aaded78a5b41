"""The gradient of 1 x 1 convolutions in bfloat16 by matrix products, on TensorFlow.

oneDNN's own operation takes two to four times as long on a CPU for the gradient of their weights, which is the largest
part of a step of ResNet50 in mixed_bfloat16 (docs/performance.md). The products round as the operation does: factors in
bfloat16, sums in float32. In float32 there is nothing to gain.
"""

from __future__ import annotations

from functools import partial

import keras

from arttl.models.devices import number_of_devices

_COMPUTED_IN = "bfloat16"


def multiply_pointwise(model):
    """Have the 1 x 1 convolutions of a model learn like that; it is saved as it was, and loaded without.

    Arguments:
        model: a flat keras.Model, before it is compiled. Layers that are not Keras' own Conv2D, or compute in another
            precision, are left alone, and all of them on other backends and where TensorFlow has a GPU.
    """
    if keras.backend.backend() != "tensorflow":
        return
    for layer in model.layers:
        convolve = _of_layer(layer)
        if convolve and layer.compute_dtype == _COMPUTED_IN and not isinstance(layer.call, partial):
            layer.call = partial(_call, layer, layer.call, convolve)


def _of_layer(layer):
    """The function that convolves for a layer; None where it is of another kind."""
    if getattr(layer, "data_format", None) != "channels_last":
        return None
    if type(layer) is keras.layers.Conv2D and layer.kernel_size == (1, 1) and layer.groups == 1:
        return _pointwise
    return _separable if type(layer) is keras.layers.SeparableConv2D else None


def _pointwise(layer, inputs):
    import tensorflow as tf

    return _convolution(layer.strides)(inputs, tf.convert_to_tensor(layer.kernel))


def _separable(layer, inputs):
    import tensorflow as tf

    options = {"padding": layer.padding, "data_format": layer.data_format, "dilation_rate": layer.dilation_rate}
    filtered = keras.ops.depthwise_conv(inputs, layer.depthwise_kernel, strides=layer.strides, **options)
    return _convolution((1, 1))(filtered, tf.convert_to_tensor(layer.pointwise_kernel))


def _call(layer, original, convolve, inputs):
    import tensorflow as tf

    if not layer.trainable or number_of_devices() > 1 or tf.config.list_physical_devices("GPU"):
        return original(inputs)
    outputs = convolve(layer, tf.convert_to_tensor(inputs))
    if layer.use_bias:
        outputs = _with_bias(outputs, tf.convert_to_tensor(layer.bias))
    return outputs if layer.activation is None else layer.activation(outputs)


def _convolution(strides):
    """A function of images (batch, height, width, channels) and a kernel (1, 1, channels, filters)."""
    import tensorflow as tf

    @tf.custom_gradient
    def convolved(images, kernel):
        def gradients(upstream):
            seen = images if strides == (1, 1) else images[:, :: strides[0], :: strides[1]]
            of_kernel = tf.matmul(_rows(seen), _rows(upstream), transpose_a=True)
            of_images = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(images), filter=kernel, out_backprop=upstream, **options
            )
            return of_images, tf.reshape(of_kernel, kernel.shape)

        options = {"strides": [1, *strides, 1], "padding": "VALID"}
        return tf.raw_ops.Conv2D(input=images, filter=kernel, **options), gradients

    return convolved


def _with_bias(outputs, bias):
    """The outputs plus a bias (filters,), whose gradient is summed by a product with ones: Eigen's sum takes longer."""
    import tensorflow as tf

    @tf.custom_gradient
    def added(outputs, bias):
        def gradients(upstream):
            rows = _rows(upstream)
            return upstream, tf.matmul(tf.ones((1, tf.shape(rows)[0]), rows.dtype), rows)[0]

        return tf.nn.bias_add(outputs, bias), gradients

    return added(outputs, bias)


def _rows(images):
    """(batch, height, width, channels) as a matrix of (pixels, channels)."""
    import tensorflow as tf

    return tf.reshape(images, (-1, images.shape[-1]))
