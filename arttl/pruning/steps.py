"""A callback that is told how many steps are done, without Keras waiting for each of them to end."""

from __future__ import annotations

import keras

from arttl.base.errors import InputError
from arttl.pruning.criteria import is_count

REWIND_UNITS = ("epochs", "steps")


class CountsSteps(keras.callbacks.Callback):
    """Counts steps (batches) over all epochs, as `fit` numbers these.

    It looks where a step begins: for a callback that looks where one ends Keras waits each time.
    """

    epoch = _batches = 0

    @property
    def awaits_steps(self):
        """Whether anything depends on steps that are still to come."""
        return False

    def reach(self, step, epoch_ends=False):
        """Do what is due after so many steps; called before each further one, and when an epoch ends."""

    def on_epoch_begin(self, epoch, logs=None):
        """Take up the number of the epoch."""
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        """Tell how many steps are done."""
        if self.awaits_steps:
            self._batches = batch + 1
            self.reach(self._before() + batch)

    def on_epoch_end(self, epoch, logs=None):
        """Tell how many steps are done."""
        if self.awaits_steps:
            self.reach(self._before() + (self.params.get("steps") or self._batches), epoch_ends=True)

    def steps_of_all(self):
        """The steps of all epochs of this training; None where the data has no known length."""
        steps = self.params.get("steps")
        return steps and steps * self.params["epochs"]

    def _before(self):
        """Steps of the epochs before this one."""
        steps = self.params.get("steps")
        if steps is None and self.epoch:
            raise InputError("steps are counted, but the data has no known length; give fit steps_per_epoch")
        return self.epoch * (steps or 0)


def check_rewind(rewind, unit):
    """Raise InputError unless these say when θ_k is kept."""
    if unit not in REWIND_UNITS:
        raise InputError(f"rewind_unit is {unit!r}; give {' or '.join(map(repr, REWIND_UNITS))}")
    if rewind is not None and not is_count(rewind):
        raise InputError(f"rewind is {rewind!r}; give a number of {unit}, 0 or more, or None")


def check_seen(wanted, step):
    """Raise InputError where the first step that a callback sees after so many is a later one."""
    if step > wanted:
        raise InputError(
            f"step {wanted} was passed unseen: {step} is the first step that ended after it; give a rewind that is a "
            "multiple of steps_per_execution, and below it no initial_epoch"
        )
