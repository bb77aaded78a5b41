"""How far an epoch has come, on a terminal."""

from __future__ import annotations

import time

import keras

from arttl.base.bars import INTERVAL_SHOWN, bar


class EpochBar(keras.callbacks.Callback):
    """A bar over the steps of each epoch, with how long it still takes and which epoch is the best so far.

    Steps are counted where their batches are read (arttl.training.feeding.fed): if a callback saw steps, Keras would
    wait for the results of each one before it begins the next.

    Arguments:
        steps: of an epoch.
        epochs: most epochs.
        progress: the Progress of the training, which knows the best epoch.
    """

    def __init__(self, steps, epochs, progress):
        super().__init__()
        self.steps, self.epochs, self.progress = steps, epochs, progress
        self._bar, self._next = None, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        """Begin a bar."""
        self._bar = bar(total=self.steps, desc=f"epoch {epoch + 1} (at most {self.epochs})", unit="step", leave=False)
        if self.progress.best_epoch:
            row = self.progress.history[self.progress.best_epoch - 1]
            best = f"best: epoch {self.progress.best_epoch}, validation accuracy {row['val_accuracy']:.1%}"
            self._bar.set_postfix_str(best)

    def told(self, done):
        """So many steps of the epoch are done; it is shown from time to time."""
        now = time.monotonic()
        if now >= self._next and self._bar is not None:
            self._next = now + INTERVAL_SHOWN
            self._bar.update(done - self._bar.n)

    def on_test_begin(self, logs=None):
        """All steps are done, and validation begins."""
        if self._bar is not None:
            self._bar.update(self.steps - self._bar.n)

    def on_epoch_end(self, epoch, logs=None):
        """Take the bar away."""
        self._bar.close()
        self._bar = None
