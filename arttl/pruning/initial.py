"""Fresh random weights for a network: how a search, its controls and the baseline from scratch begin."""

from __future__ import annotations

import keras
import numpy as np

from arttl.base.errors import InputError
from arttl.models import HEAD
from arttl.pruning.names import layer_names, names_here

# How weights that are not kernels begin in every network of the studies; kernels are drawn.
_CONSTANT = {"bias": 0.0, "beta": 0.0, "moving_mean": 0.0, "gamma": 1.0, "moving_variance": 1.0}


def draw_weights(shapes, seed, model=None, kernels=None):
    """Draw every weight of a network anew.

    Arguments:
        shapes: dict of "layer/variable" to shape, in layer order.
        seed: non-negative integer; the same seed gives the same weights on one Keras backend.
        model: a keras.Model of this network, whose own initialisers draw the weights. None: as
            arttl.build_classifier(weights="none") draws them, kernels He-uniform, the head's Glorot-uniform, biases
            and BatchNormalization as Keras begins them.
        kernels: name of the Keras initialiser that draws every kernel, the head's too, such as "glorot_normal"; None:
            as above.

    Returns a dict of "layer/variable" to float32 array.

    Raises InputError, naming the layer, when it is not known how a weight begins.
    """
    names = {name: name for name in shapes} if model is None else names_here(shapes, model)
    layers = None if model is None else {name: layer for layer, name in layer_names(model).items()}
    seeds = np.random.SeedSequence(seed).generate_state(len(shapes)) >> 1  # Keras takes signed seeds
    fresh = {}
    for (name, shape), each in zip(shapes.items(), seeds.tolist(), strict=True):
        initializer = _usual(name, kernels) if layers is None else _own(names[name], layers)
        settings = initializer.get_config()
        if "seed" in settings:
            initializer = type(initializer).from_config(settings | {"seed": each})
        fresh[name] = keras.ops.convert_to_numpy(initializer(shape, "float32"))
    return fresh


def _usual(name, kernels):
    layer, _, variable = name.rpartition("/")
    if variable in _CONSTANT:
        return keras.initializers.Constant(_CONSTANT[variable])
    if variable.endswith("kernel"):
        if kernels is not None:
            return keras.initializers.get(kernels)
        return keras.initializers.GlorotUniform() if layer == HEAD else keras.initializers.HeUniform()
    raise InputError(f"it is not known how {variable} of layer {layer} begins; pass the model to reinitialise")


def _own(name, layers):
    """The initialiser of a layer's weight; depthwise and pointwise kernels have theirs under shorter names."""
    layer, _, variable = name.rpartition("/")
    stems = [variable, variable.removesuffix("_kernel"), *(["depthwise"] if variable == "kernel" else [])]
    for stem in stems:
        initializer = getattr(layers.get(layer), f"{stem}_initializer", None)
        if initializer is not None:
            return initializer
    raise InputError(f"the model has no initialiser for {variable} of layer {layer}; pass the network of the search")
