"""What each kind of layer does with channels: which belong together, which it reads, and how to take some away.

A channel is an entry of a tensor's last axis. A layer that is not known here keeps all channels it reads and makes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import keras
import numpy as np
from keras import layers

from arttl.models.keras2018 import BatchNormalization2018

CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
NORMALIZATIONS = (layers.BatchNormalization, BatchNormalization2018)
MERGES = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)
CHANNELWISE = (  # output channel j is made of input channel j, by the layer's settings alone
    *(layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D),
    *(layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D),
    *(layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D),
    *(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D),
    *(layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D),
    *(layers.Cropping1D, layers.Cropping2D, layers.Cropping3D),
    *(layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D),
    *(layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU, layers.Activation),
    *(layers.Identity, layers.ActivityRegularization, layers.Dropout, layers.AlphaDropout),
    *(layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D),
    *(layers.GaussianDropout, layers.GaussianNoise),
)
ELEMENTWISE = {  # activations that act on each value alone
    getattr(keras.activations, name)
    for name in (
        *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus"),
        *("softsign", "sigmoid", "hard_sigmoid", "log_sigmoid", "tanh", "hard_tanh", "exponential"),
    )
    if hasattr(keras.activations, name)
}


@dataclass
class Link:
    """How a call's output channels depend on its inputs' channels.

    Attributes:
        ties: triples (number of the input, its channels, the output's channels): arrays of equal length that pair
            channels which can only be taken away together.
        reads: boolean (input channels, output channels) of the kernel that mixes channels; None for a layer without.
        cut: boolean, one an output channel: True where the weights cut it off from its input.
        borderless: whether each output sees as much of the map as any other, so that a constant input is a bias.
    """

    outputs: int
    ties: list = field(default_factory=list)
    reads: np.ndarray | None = None
    cut: np.ndarray | None = None
    borderless: bool = True

    def independent(self, entering):
        """Which output channels are the same for every image, given as much of the input's channels."""
        found = np.ones(self.outputs, bool)
        for source, ins, outs in self.ties:
            np.logical_and.at(found, outs, entering[source][ins])
        if self.reads is not None:
            found &= ~(self.reads & ~entering[0][:, None]).any(axis=0)
        return found if self.cut is None else found | self.cut


def link(layer, inputs, output):
    """The Link of a layer's call, or None for one whose channels must all stay.

    Arguments:
        layer: the layer.
        inputs: the Keras tensors it takes.
        output: the one it makes.
    """
    kind, channels, first = type(layer), output.shape[-1], inputs[0].shape
    last_axis = getattr(layer, "data_format", "channels_last") == "channels_last"
    if pads_channels(layer):
        before = layer.padding[1][0]
        ins = np.arange(first[-1])
        return Link(channels, [(0, ins, before + ins)])
    if not last_axis or _is_modified(layer) or getattr(layer, "activation", None) not in ELEMENTWISE | {None}:
        return None
    if kind in (*CONVOLUTIONS, *SEPARABLE, layers.Dense):
        return _mixing(layer, channels)
    if kind in DEPTHWISE:
        outs = np.arange(channels)
        zero = _any(layer.kernel, 2).ravel()
        return Link(channels, [(0, outs // layer.depth_multiplier, outs)], cut=~zero)
    if kind in NORMALIZATIONS:
        return _normalization(layer, channels) if layer.axis in (-1, len(first) - 1) else None
    if kind is layers.PReLU and len(first) - 1 in (layer.shared_axes or ()):
        return None
    if kind in CHANNELWISE or (kind is layers.Rescaling and np.ndim(layer.scale) == np.ndim(layer.offset) == 0):
        return Link(channels, [(0, np.arange(channels), np.arange(channels))])
    if kind is layers.Flatten:
        outs = np.arange(channels)
        return Link(channels, [(0, outs % first[-1], outs)])
    return _merge(layer, inputs, channels)


def pads_channels(layer):
    """Whether a layer adds zero channels: told that channels come first, ZeroPadding2D pads the last two axes."""
    return type(layer) is layers.ZeroPadding2D and layer.data_format == "channels_first" and layer.padding[0] == (0, 0)


def _is_modified(layer):
    """Whether more than the layer's own kernel takes part (groups, quantisation, LoRA)."""
    grouped = getattr(layer, "groups", 1) != 1 and type(layer) not in NORMALIZATIONS
    return grouped or bool(getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False))


def _any(kernel, kept_axes):
    """Where a kernel has a non-zero weight, over all but its last axes."""
    array = keras.ops.convert_to_numpy(kernel)
    return (array != 0).reshape(-1, *array.shape[-kept_axes:]).any(axis=0)


def _mixing(layer, channels):
    size = getattr(layer, "kernel_size", (1,))
    borderless = getattr(layer, "padding", "valid") == "valid" or set(size) == {1}
    if type(layer) not in SEPARABLE:
        return Link(channels, reads=_any(layer.kernel, 2), borderless=borderless)
    depth = _any(layer.depthwise_kernel, 2)
    points = _any(layer.pointwise_kernel, 2).reshape(*depth.shape, channels)
    return Link(channels, reads=(depth[:, :, None] & points).any(axis=1), borderless=borderless)


def _normalization(layer, channels):
    every = np.arange(channels)
    cut = keras.ops.convert_to_numpy(layer.gamma) == 0 if layer.scale else None
    return Link(channels, [(0, every, every)], cut=cut)


def _merge(layer, inputs, channels):
    every, shapes = np.arange(channels), [tensor.shape for tensor in inputs]
    if type(layer) is layers.Concatenate and layer.axis in (-1, len(shapes[0]) - 1):
        starts = np.cumsum([0] + [shape[-1] for shape in shapes])
        parts = zip(starts, shapes, strict=False)
        return Link(
            channels,
            [(number, np.arange(s[-1]), start + np.arange(s[-1])) for number, (start, s) in enumerate(parts)],
        )
    if type(layer) in (*MERGES, layers.Concatenate) and all(shape[-1] == channels for shape in shapes):
        return Link(channels, [(number, every, every) for number in range(len(shapes))])
    return None


def constant_effect(layer, constants):
    """What constant input channels add to each output of a borderless layer that mixes channels.

    Arguments:
        layer: a convolution, a separable one or a dense layer.
        constants: float64, one value an input channel, 0 for those that are not meant.
    """
    if type(layer) in SEPARABLE:
        depth = _float64(layer.depthwise_kernel)
        sums = depth.reshape(-1, *depth.shape[-2:]).sum(axis=0)
        points = _float64(layer.pointwise_kernel)
        return (constants[:, None] * sums).ravel() @ points.reshape(-1, points.shape[-1])
    kernel = _float64(layer.kernel)
    return constants @ kernel.reshape(-1, *kernel.shape[-2:]).sum(axis=0)


def _float64(variable):
    return keras.ops.convert_to_numpy(variable).astype("float64")


@dataclass
class Cut:
    """What is left of a layer.

    Attributes:
        ins: indices of the channels left of its first input.
        outs: indices of the channels left of its output.
        bias: float64, one an output channel before the cut, to be added to the bias; None for nothing.
        carrier: index of the input channel that stands for removed ones, and their common kernel slice; or None.
    """

    ins: np.ndarray
    outs: np.ndarray
    bias: np.ndarray | None = None
    carrier: tuple | None = None


def cut_config(layer, cut):
    """The configuration of a layer with only the channels of a Cut."""
    config, kind = layer.get_config(), type(layer)
    if kind in CONVOLUTIONS + SEPARABLE:
        config["filters"] = len(cut.outs)
    elif kind is layers.Dense:
        config["units"] = len(cut.outs)
    elif pads_channels(layer):
        before = int((cut.outs < layer.padding[1][0]).sum())
        config["padding"] = [[0, 0], [before, len(cut.outs) - before - len(cut.ins)]]
    if cut.bias is not None:
        config["use_bias"] = True
    return config


def cut_weights(layer, cut):
    """The weights of a layer with only the channels of a Cut, in the order of `layer.weights`."""
    kind, arrays = type(layer), [keras.ops.convert_to_numpy(each) for each in layer.weights]
    if kind in (*CONVOLUTIONS, layers.Dense):
        kernel = arrays[0].copy()
        if cut.carrier is not None:
            kernel[..., cut.carrier[0], :] += cut.carrier[1].astype(kernel.dtype)
        return [kernel[..., cut.ins, :][..., cut.outs], *_cut_bias(arrays[1:], cut, kernel)]
    if kind in SEPARABLE:
        depth, points = arrays[:2]
        multiplier = depth.shape[-1]
        rows = (cut.ins[:, None] * multiplier + np.arange(multiplier)).ravel()
        return [depth[..., cut.ins, :], points[..., rows, :][..., cut.outs], *_cut_bias(arrays[2:], cut, points)]
    if kind in DEPTHWISE:
        return [arrays[0][..., cut.ins, :], *(bias[cut.outs] for bias in arrays[1:])]
    return [array[..., cut.outs] if array.ndim else array for array in arrays]


def _cut_bias(biases, cut, kernel):
    if cut.bias is None:
        return [bias[cut.outs] for bias in biases]
    bias = biases[0].astype("float64") if biases else 0.0
    return [(bias + cut.bias)[cut.outs].astype(kernel.dtype)]
