"""Which weights of a network can be pruned: the kernels of known layers, by name."""

from __future__ import annotations

import re

import keras

from arttl.base.errors import InputError
from arttl.models.heads import heads_of
from arttl.pruning.names import check_built, matches, named_weights

# The axes of a kernel that together count its layer's output channels.
_LAST, _LAST_TWO = (-1,), (-2, -1)
_CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
_TRANSPOSED = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose)
_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
_SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
_DENSE = (keras.layers.Dense, keras.layers.EinsumDense)
_KERNELS = {
    _TRANSPOSED: {"kernel": (-2,)},  # (height, width, out, in)
    _DEPTHWISE: {"kernel": _LAST_TWO},  # (height, width, in, multiplier)
    _SEPARABLE: {"depthwise_kernel": _LAST_TWO, "pointwise_kernel": _LAST},
    _CONVOLUTIONS: {"kernel": _LAST},
    _DENSE: {"kernel": _LAST},
}
_WITHOUT_KERNELS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
    keras.layers.Normalization,
    keras.layers.PReLU,
)


def prunable_kernels(model, dense=False, head=False, skip_unknown=False, layers=None):
    """The kernels of a flat model that can be pruned, in layer order.

    Those of convolutions: standard, transposed, depthwise (one kernel) and separable (the depthwise and the pointwise
    one). Biases and the parameters of normalisation are never pruned. A layer that is called twice counts once.

    Arguments:
        model: a built keras.Model of known layers.
        dense: whether dense layers are pruned too.
        head: whether the last layer with weights is pruned too, where it is of a kind that is; a network without a head
            needs True.
        skip_unknown: leave a model within the model, and a layer whose weights are of no known kind, unpruned.
        layers: the layers to prune, in the place of `dense` and `head`: a name or a pattern as of fnmatch ("conv*"),
            also of "layer/variable", a list of these, or a function of a keras.Layer that says whether it is one.

    Returns a dict: "layer/variable" to keras.Variable.

    Raises InputError, naming the layer, for a model within the model that has weights and for a layer with weights that
    is neither known to have kernels nor known to have none, unless these are skipped; also when nothing can be pruned.

    Example:
        >>> list(prunable_kernels(arttl.models.lenet_300_100(), dense=True, head=True))
        ['dense_300/kernel', 'dense_100/kernel', 'head/kernel']
    """
    return {key: variable for key, (_, variable) in _find(model, dense, head, skip_unknown, layers).items()}


def channel_axes(model, dense=False, head=False, skip_unknown=False, layers=None):
    """The axes of each prunable kernel that count its layer's output channels.

    Arguments:
        model, dense, head, skip_unknown, layers: as of prunable_kernels.

    Returns a dict: "layer/variable" to a tuple of axes from the end, such as (-1,) for Conv2D's (height, width, in,
    out) and (-2, -1) for DepthwiseConv2D's (height, width, in, multiplier).
    """
    found = _find(model, dense, head, skip_unknown, layers)
    return {key: _axes(layer, variable.name) for key, (layer, variable) in found.items()}


def _find(model, dense, head, skip_unknown, layers):
    """The prunable kernels: dict of "layer/variable" to layer and variable."""
    check_built(model)
    named = named_weights(model)
    if layers is None:
        weighty = [layer for layer in model.layers if layer.weights]
        heads = () if head or not weighty else _heads(model, weighty)
        wanted = {each for each in weighty if each not in heads and (dense or not isinstance(each, _DENSE))}
    else:
        patterns = [layers] if isinstance(layers, str) or callable(layers) else list(layers)
        _check_patterns(model, named, patterns)
        named = [each for each in named if any(_is_chosen(*each[:2], pattern) for pattern in patterns)]
        wanted = {layer for layer, _, _ in named}
    found = {id(each) for layer in model.layers if layer in wanted for each in _kernels_of(layer, skip_unknown)}
    kernels = {key: (layer, each) for layer, key, each in named if id(each) in found}
    if not kernels:
        chosen = (
            f"dense={dense}, head={head}; set one to True" if layers is None else f"layers={layers!r}; choose others"
        )
        raise InputError(f"{model.name} has no weight to prune with {chosen}")
    return kernels


def _heads(model, weighty):
    """The last layer with weights; of a model with several outputs that of each."""
    return heads_of(model) if len(getattr(model, "outputs", None) or ()) > 1 else weighty[-1:]


def _check_patterns(model, named, patterns):
    """Raise InputError for a name or pattern that is no layer's."""
    for pattern in patterns:
        if not callable(pattern) and not any(matches(key, pattern) for _, key, _ in named):
            known = dict.fromkeys(key.rpartition("/")[0] for layer, key, _ in named if _known(layer))
            raise InputError(f"layers name {pattern!r}, which {model.name} has not; it has {', '.join(known)}")


def _is_chosen(layer, key, pattern):
    return bool(pattern(layer)) if callable(pattern) else matches(key, pattern)


def _known(layer):
    """The kernels of a layer of a known kind: dict of variable name to axes; empty for any other."""
    return next((kernels for kinds, kernels in _KERNELS.items() if isinstance(layer, kinds)), {})


def _axes(layer, name):
    if isinstance(layer, keras.layers.EinsumDense):
        inputs, kernel, _ = re.split(",|->", layer.equation)
        return tuple(place - len(kernel) for place, letter in enumerate(kernel) if letter not in inputs)
    return _known(layer)[name]


def _kernels_of(layer, skip_unknown):
    names = _known(layer)
    problem = _problem(layer, names)
    if problem and not skip_unknown:
        raise InputError(f"layer {layer.name!r} {problem}, or leave it unpruned with skip_unknown=True")
    return [] if problem else [weight for weight in layer.weights if weight.name in names]


def _problem(layer, names):
    """Why a layer with weights cannot be pruned and what to do, in words; None if it can be, or has no kernels."""
    if isinstance(layer, keras.Model):
        return (
            "is a model within the model; build the network flat to prune it, as in keras.Model(base.input, "
            "head(base.output))"
        )
    unknown = [weight.name for weight in layer.weights if "kernel" in weight.name and weight.name not in names]
    if unknown or not (names or isinstance(layer, _WITHOUT_KERNELS)):
        return (
            f"({type(layer).__name__}) has weights that pruning does not know, such as "
            f"{(unknown or [layer.weights[0].name])[0]!r}; put a convolution, dense or normalisation layer, or "
            "one without weights, in its place"
        )
    return None
