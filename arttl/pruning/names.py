"""Names of layers and weights that are the same whatever a process has built before.

Keras numbers layers without a name of their own by class, over all models of a process: conv2d, conv2d_1, ... Here the
numbers of each class begin at none in every model, as they do in a process that builds nothing else.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import keras

from arttl.base.errors import InputError
from arttl.base.wording import first_few


def check_built(model):
    """Raise InputError unless a model has its weights."""
    if not model.built:
        raise InputError(f"model {model.name} has no weights yet; begin it with keras.Input or call its build")


def layer_names(model):
    """The name of each layer of a model: its own, or where Keras numbers it that of a fresh process.

    Arguments:
        model: a keras.Model.

    Returns a dict of keras.Layer to text, in layer order. Names that are given stay, such as dense_300 and dense_100;
    those of one class that look like Keras' (dense_3, dense_4) are taken for Keras'.
    """
    prefixes = {layer: _prefix(layer) for layer in model.layers}
    renumbered = _renumbered([layer.name for layer in model.layers], {each for each in prefixes.values() if each})
    return {layer: renumbered[layer.name] if prefixes[layer] else layer.name for layer in model.layers}


def named_weights(model):
    """Every variable of a model's layers: a list of (layer, "layer/variable", keras.Variable), in layer order.

    Where a layer has several variables of one name, as a model within the model has, those after the first are numbered
    from 2: "inner/kernel", "inner/kernel_2".

    Raises InputError for weights that a subclassed model has made on itself.
    """
    found, taken = [], set()
    for layer, name in layer_names(model).items():
        for variable in layer.weights:
            key, number = f"{name}/{variable.name}", 1
            while key in taken:
                number += 1
                key = f"{name}/{variable.name}_{number}"
            taken.add(key)
            found.append((layer, key, variable))
    known = {id(variable) for _, _, variable in found}
    own = [variable.name for variable in model.weights if id(variable) not in known]
    if own:
        raise InputError(
            f"{model.name} has weights of its own, which belong to none of its layers ({first_few(own)}); make them in "
            "a layer, so that they can be named, kept and reset"
        )
    return found


def names_here(keys, model):
    """How a model calls the weights that another process may have called otherwise.

    Arguments:
        keys: "layer/variable" as read from a file, or of a model built elsewhere.
        model: the keras.Model.

    Returns a dict of each key to its own here; keys that the model has no name for stay as they are.
    """
    if {*keys} <= {key for _, key, _ in named_weights(model)}:
        return {key: key for key in keys}
    layers = list(dict.fromkeys(key.rpartition("/")[0] for key in keys))
    renumbered = _renumbered(layers, {_prefix(layer) for layer in model.layers} - {None})
    return {key: f"{renumbered[key.rpartition('/')[0]]}/{key.rpartition('/')[2]}" for key in keys}


def matching(arrays, model):
    """A dict of "layer/variable" to anything, by the names that a model has for these."""
    names = names_here(arrays, model)
    return {names[key]: array for key, array in arrays.items()}


def matches(key, pattern):
    """Whether a pattern, as of fnmatch, is that of a "layer/variable", or of its layer."""
    return fnmatchcase(key, pattern) or fnmatchcase(key.rpartition("/")[0], pattern)


def _renumbered(names, prefixes):
    """Each name to the one with numbers from none, for prefixes whose numbers follow each other without a gap."""
    found = {name: name for name in names}
    for prefix in prefixes:
        numbers = {name: _number(name, prefix) for name in names if _number(name, prefix) is not None}
        first = min(numbers.values(), default=0)
        if first and max(numbers.values()) - first + 1 == len(numbers):
            found |= {name: f"{prefix}_{number - first}".removesuffix("_0") for name, number in numbers.items()}
    return found if len({*found.values()}) == len(found) else {name: name for name in names}


def _number(name, prefix):
    """The number after a prefix, 0 where there is none, and None for a name that is not Keras' for it."""
    match = re.fullmatch(rf"{re.escape(prefix)}(?:_([1-9]\d*))?", name)
    return match and int(match[1] or 0)


def _prefix(layer):
    """What a layer is called before its number, if Keras may have named it, by its class or one above that; or None."""
    kinds = [kind for kind in type(layer).__mro__ if issubclass(kind, keras.layers.Layer)]
    prefixes = (_snake_case(kind.__name__) for kind in kinds)
    return next((each for each in prefixes if _number(layer.name, each) is not None), None)


def _snake_case(name):
    """A class' name as Keras writes it in those of layers."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
