"""The weights of a network by name: "layer/variable", the same in every process."""

from __future__ import annotations

import keras
import numpy as np

from arttl.base.errors import InputError
from arttl.pruning.names import check_built, matching, named_weights


def weight_variables(model):
    """Every variable of a model's layers: a dict of "layer/variable" to keras.Variable, in layer order.

    Raises InputError when the model is not built.
    """
    check_built(model)
    return {key: variable for _, key, variable in named_weights(model)}


def weight_shapes(model):
    """The shape of every weight of a model: a dict of "layer/variable" to tuple, in layer order."""
    return {name: tuple(variable.shape) for name, variable in weight_variables(model).items()}


def model_weights(model):
    """Every weight of a model as a copy: a dict of "layer/variable" to array, in layer order.

    Raises InputError as weight_variables does.
    """
    return {name: np.array(keras.ops.convert_to_numpy(each)) for name, each in weight_variables(model).items()}


def set_weights(model, weights):
    """Set every weight of a model.

    Arguments:
        model: a built keras.Model.
        weights: dict of "layer/variable" to array, as `model_weights` returns it, here or in another process.

    Raises InputError, naming the weight, when one is missing or has another shape; then nothing is set.
    """
    variables, weights = weight_variables(model), matching(weights, model)
    for key in [*variables, *weights]:
        if key not in variables or key not in weights or tuple(variables[key].shape) != weights[key].shape:
            raise InputError(f"weight {key} does not fit {model.name}; give weights of the same network")
    for key, variable in variables.items():
        variable.assign(weights[key])


def values_of(variables):
    """A dict of key to keras.Variable as one of key to array."""
    return {key: keras.ops.convert_to_numpy(variable) for key, variable in variables.items()}


def below(prefix, arrays):
    """Those arrays of a dict whose keys begin with a prefix, by the rest of the key; None where there are none."""
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)} or None
