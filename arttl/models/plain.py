"""A model of Keras' own layers alone, for where arttl is not installed."""

from __future__ import annotations

import keras

from arttl.base.errors import InputError
from arttl.models.backbones import CAFFE_MEAN_BGR
from arttl.models.flat import new_inputs, through
from arttl.models.keras2018 import BatchNormalization2018
from arttl.models.preprocessing import CaffePreprocessing


def without_custom_objects(model):
    """A model that computes the same as this one in inference, of Keras' own layers.

    CaffePreprocessing becomes a flip of the channels and a Normalization, BatchNormalization2018 that of Keras, which
    it is but for training: the numbers are the same. Who trains on needs the model itself.

    Arguments:
        model: a keras.Model with a graph; models within it are entered.

    Returns a keras.Model, not compiled, that shares those layers which are Keras'.

    Raises InputError, naming the layer, for one that is neither Keras' nor one of these.

    Example:
        >>> without_custom_objects(model).save("plain.keras")
    """
    replaced = {}

    def put(operation):
        if type(operation).__module__.partition(".")[0] == "keras":
            return operation
        if operation not in replaced:
            replaced[operation] = _replacement(operation)
        return replaced[operation]

    inputs = new_inputs(model)
    plain = keras.Model(inputs, through(model, inputs, put=put), name=model.name)
    for layer, other in replaced.items():
        if isinstance(layer, BatchNormalization2018):  # what its zero-debiased averages have besides comes last
            other.set_weights(layer.get_weights()[: len(other.weights)])
    return plain


def _replacement(layer):
    """What computes the same: a layer, or a function of a Keras tensor."""
    if isinstance(layer, BatchNormalization2018):
        config = {name: value for name, value in layer.get_config().items() if name not in layer.settings}
        return keras.layers.BatchNormalization.from_config(config)
    if isinstance(layer, CaffePreprocessing):
        options = {"mean": CAFFE_MEAN_BGR, "variance": (1.0, 1.0, 1.0), "dtype": layer.dtype_policy, "name": layer.name}
        normalization = keras.layers.Normalization(**options)
        return lambda pixels: normalization(keras.ops.flip(pixels, -1))
    raise InputError(
        f"layer {layer.name!r} ({type(layer).__name__}) is neither of Keras nor one that Keras' own can stand for; "
        "save the model as it is"
    )
