"""Compiled models that are kept for the next run, and the memory of those that are not.

Compiling the training step of ResNet50 takes longer than many a run of a small data set, and TensorFlow never frees a
compiled step: what it refers to stays, the weights among it, and some 100 MiB of ResNet50 besides.
"""

from __future__ import annotations

import json

import keras

from arttl.models.devices import number_of_devices
from arttl.pruning.restarting import learning_rate_of, restart
from arttl.training import random_state


class Kept:
    """The models that were asked for last, each under a key that says how it is made.

    Arguments:
        most: number of models.
    """

    def __init__(self, most):
        self.most, self._made = most, {}

    def get(self, key, make):
        """What was made under this key, if it is still kept; else a new one, and the one asked for longest ago goes.

        Arguments:
            key: text.
            make: function that makes an object with a `model`.
        """
        if key not in self._made:
            while len(self._made) >= self.most:
                release(self._made.pop(next(iter(self._made))).model)
        self._made[key] = self._made.pop(key) if key in self._made else make()
        return self._made[key]

    def has(self, model):
        """Whether a model is among them."""
        return any(each.model is model for each in self._made.values())


class Compiled:
    """A model as a recipe has compiled it.

    Arguments:
        model: a keras.Model.
        recipe: a Recipe.
    """

    def __init__(self, model, recipe):
        self.model = recipe.compile(model)
        self.learning_rate = learning_rate_of(model.optimizer)

    def start(self, model):
        """Take over the weights of a model just built, and start the optimiser anew."""
        if self.model is not model:
            for mine, given in zip(self.model.weights, model.weights, strict=True):
                mine.assign(given)
            if self.model.optimizer.built:
                restart(self.model, self.learning_rate)
        return self.model


_KEPT = Kept(4)  # the four networks: seeds are run one after the other, each with all of them


def compiled(model, recipe):
    """A model compiled by a recipe: the one given, or one compiled before that is the same but for its weights.

    A run on it computes what it would on the one given.

    Arguments:
        model: a keras.Model just built.
        recipe: a Recipe.

    Returns a keras.Model with the weights of the one given.
    """
    if random_state(model):
        return recipe.compile(model)  # dropout and the like would go on where the former run ended
    network = model.get_config(), [layer.trainable for layer in model.layers]
    settings = recipe.settings()
    training = settings["optimizer"], settings["numerics"]
    devices = number_of_devices(), id(keras.distribution.distribution())
    key = json.dumps([network, training, devices], sort_keys=True, default=str)
    return _KEPT.get(key, lambda: Compiled(model, recipe)).start(model)


def release(model):
    """Free the memory of the weights of a model that nothing is asked of any more, unless `compiled` keeps it.

    Arguments:
        model: a keras.Model; it is of no use after. Its optimiser's variables go with it.
    """
    if keras.backend.backend() != "tensorflow" or _KEPT.has(model):
        return  # the others free it themselves
    import tensorflow as tf

    optimizer = getattr(model, "optimizer", None)
    for variable in [*model.variables, *(optimizer.variables if optimizer is not None else ())]:
        for each in getattr(variable.value, "values", (variable.value,)):  # one on each of several devices
            tf.raw_ops.AssignVariableOp(resource=each.handle, value=tf.zeros((0,), each.dtype))
