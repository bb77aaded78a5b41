"""Early stopping as Keras did it in 2018."""

from __future__ import annotations

import math

import keras


class EarlyStopping2018(keras.callbacks.EarlyStopping):
    """Early stopping on a loss that starts from infinity and never takes a loss that is not a number for the best.

    Keras 3 takes the first epoch's loss for the best even where it is not a number, and then none is ever lower; and it
    never stops after the first epoch. The best epoch is the one that ModelCheckpoint(save_best_only=True) kept in 2018.

    Arguments:
        monitor: the quantity, lower being better.
        patience: epochs without a strictly lower value before training stops.
        restore_best_weights: set the best epoch's weights when training ends.
    """

    def __init__(self, monitor="val_loss", patience=7, restore_best_weights=True):
        super().__init__(monitor, patience=patience, mode="min", restore_best_weights=restore_best_weights)

    def on_train_begin(self, logs=None):
        """Start with infinity as the best."""
        super().on_train_begin(logs)
        self.best, self.best_epoch = math.inf, -1

    def on_epoch_end(self, epoch, logs=None):
        """Compare the epoch's value with the best so far."""
        current = self.get_monitor_value(logs)
        if current is None:
            return
        if current < self.best:
            self.best, self.best_epoch, self.wait = current, epoch, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
