"""A fresh start of an optimiser, as each round of pruning has it."""

from __future__ import annotations

import contextlib

import keras
from keras import ops

from arttl.pruning.optimizers import held_masks, inner_optimizer, strategy_scope


def learning_rate_of(optimizer):
    """The learning rate as a float, or None where a schedule or function gives it."""
    rate = inner_optimizer(optimizer)._learning_rate
    return float(ops.convert_to_numpy(rate)) if isinstance(rate, keras.Variable) else None


def restart(model, learning_rate):
    """Set the variables of a model's optimiser as in a new one: moments, steps, loss scale, learning rate.

    Arguments:
        model: a compiled keras.Model.
        learning_rate: the float to start with; None keeps that of now. A schedule or function stays in any case.
    """
    held = held_masks(model)
    with strategy_scope(model):
        fresh = _new(model.optimizer, learning_rate)
        fresh.build(model.optimizer._trainable_variables)
    with held.hidden() if held is not None else contextlib.nullcontext():
        for variable, start in zip(model.optimizer.variables, fresh.variables, strict=True):
            variable.assign(ops.convert_to_tensor(start))  # through NumPy, JAX may see another type and trace again


def _new(optimizer, learning_rate):
    """An optimiser of the same settings; its configuration has the rate of now, so that at the start is handed in."""
    if hasattr(optimizer, "inner_optimizer"):
        config = {**optimizer.get_config(), "inner_optimizer": _new(optimizer.inner_optimizer, learning_rate)}
        return type(optimizer)(**config)
    rate = optimizer._learning_rate
    if isinstance(rate, keras.Variable):
        rate = learning_rate_of(optimizer) if learning_rate is None else learning_rate
    return type(optimizer).from_config({**optimizer.get_config(), "learning_rate": rate})
