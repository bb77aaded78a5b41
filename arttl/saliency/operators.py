"""Operations of keras.ops within a model, as in Keras' own `preprocess_input`: which layer does the same."""

from __future__ import annotations

import keras
from keras import layers


class OneChannel(layers.Identity):
    """Stands for `x[..., i]`: a map (batch, height, width)."""


def known_layer(node):
    """The layer of a call, or for an operation of keras.ops a layer that does the same to maps.

    Arguments:
        node: a node of Keras' graph.

    Returns a layer of the operation's name; the operation itself where there is no such layer.
    """
    operation, kind = node.operation, type(node.operation).__name__
    if isinstance(operation, keras.Layer):
        return operation
    make = _ONE.get(kind) if len(node.input_tensors) == 1 else _SEVERAL.get(kind)
    layer = make(node) if make else None
    if layer is None:
        return operation
    layer.name = operation.name
    return layer


def _constant(node):
    """Arithmetic with one number, or one a channel."""
    others = [each for each in keras.tree.flatten(_arguments(node)) if not isinstance(each, keras.KerasTensor)]
    shapes = [getattr(each, "shape", ()) for each in others if each is not None]
    maps = all(len(shape) <= 1 or all(side == 1 for side in shape[:-1]) for shape in shapes)
    return layers.Rescaling(1.0) if maps else None


def _chosen(node):
    """`x[..., i]`, or a choice or another order of channels."""
    key = (*node.arguments.args[1:], *node.arguments.kwargs.values())[0]
    if not isinstance(key, tuple) or len(key) != 2 or key[0] is not Ellipsis:
        return None
    return OneChannel() if isinstance(key[1], int) else layers.Identity()


def _joined(node):
    axis, rank = node.operation.axis, len(node.outputs[0].shape)
    return layers.Concatenate() if axis in (-1, rank - 1) else None


def _arguments(node):
    return [node.arguments.args, node.arguments.kwargs]


def _activation(function):
    return lambda node: layers.Activation(function)


_ONE = {
    **dict.fromkeys(("Add", "Subtract", "Multiply", "TrueDivide", "Divide"), _constant),
    "Cast": lambda node: layers.Identity(),
    "GetItem": _chosen,
    "Softmax": lambda node: layers.Softmax() if node.operation.axis in (-1, None) else None,
    **{name: _activation(name.lower()) for name in ("Relu", "Relu6", "Sigmoid", "Silu", "Elu", "Gelu")},
}
_SEVERAL = {
    "Add": lambda node: layers.Add(),
    "Maximum": lambda node: layers.Maximum(),
    "Concatenate": _joined,
    "Stack": _joined,
}
"""Names of the operations with one tensor, and with several, to the function that makes the layer; None for none."""
