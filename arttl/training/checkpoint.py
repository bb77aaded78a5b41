"""What a run needs to go on as if it had never stopped: weights, optimiser, patience, best weights, history."""

from __future__ import annotations

import json
import os
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from arttl.base.arrays import storable
from arttl.base.errors import InputError
from arttl.base.files import whole_file
from arttl.training.compiling import build_optimizer

EVERY = 180.0  # seconds between two writes of a state: what a killed training has to do again
SECONDS = "ARTTL_CHECKPOINT_SECONDS"  # the variable of the environment that says otherwise
_BACKGROUND = ThreadPoolExecutor(1, "checkpoint")


@dataclass
class Progress:
    """How far a training has come. `best_epoch` (0 for none yet) and the epochs in `history` count from 1.

    `kept` is the number of epochs after which a killed training would go on; it is not part of the state on disk.
    """

    history: list = field(default_factory=list)
    wait: int = 0
    best: float | None = None
    best_epoch: int = 0
    finished: bool = False
    kept: int = 0

    @property
    def epochs(self):
        """Number of epochs trained."""
        return len(self.history)

    @property
    def kept_history(self):
        """The rows of the epochs that are kept: no resumed training will come to them again."""
        return self.history[: self.kept]


class Checkpoint:
    """The training state of one run on disk.

    `state.npz` is replaced whole, at the end of an epoch; the best weights lie in a file of their own, written
    only when they have changed and named in the state, so that the two can never disagree.

    The state of ResNet50 has 212 MB, and an epoch may take a second: it is copied after each epoch, and the copy is
    written while training goes on, if the last write is some minutes ago. Within `flushed` the last epoch is on the
    disk whenever training ends, finished, interrupted or failed; only a kill costs those minutes.

    Arguments:
        folder: where the state lies.
        every: seconds between two writes; 0: after each epoch, before training goes on. By default what the
            variable ARTTL_CHECKPOINT_SECONDS of the environment says, else 180.

    Raises InputError when that variable is no number of seconds.
    """

    def __init__(self, folder, every=None):
        self.folder = Path(folder)
        self.state = self.folder / "state.npz"
        self.every = _seconds() if every is None else every
        self._latest = self._writing = None
        self._kept, self._kept_best, self._written = 0, None, time.monotonic()

    def exists(self):
        """True when there is a state to resume from."""
        return self.state.exists()

    def save(self, model, progress, best_weights):
        """Take the state after an epoch, and write it if it is time to, or the last one.

        Arguments:
            model: the compiled model.
            progress: a Progress, whose `kept` is brought up to date.
            best_weights: list of arrays as model.get_weights() gives, or None when only the last count.

        Raises InputError when this state, or the one before, cannot be written.
        """
        variables = {"model": _variables(model), "optimizer": model.optimizer.variables}
        arrays = {name: [_copy(variable) for variable in each] for name, each in variables.items()}
        facts = asdict(progress)
        del facts["kept"]
        self._latest = arrays, facts, best_weights
        if progress.finished or not self.every:
            self.flush()
        elif self._writing is None or self._writing.done():
            self._wait()
            if time.monotonic() - self._written >= self.every:
                self._written = time.monotonic()
                self._writing = _BACKGROUND.submit(self._write, *self._latest)
        progress.kept = self._kept

    def flush(self):
        """Have the last state that was taken on the disk; raises as `save` does."""
        self._wait()
        if self._latest is not None and len(self._latest[1]["history"]) != self._kept:
            self._write(*self._latest)

    @contextmanager
    def flushed(self):
        """Have the last state on the disk when the block ends, however it does."""
        try:
            yield
        finally:
            self.flush()
            self._latest = None  # some hundred megabytes

    def _wait(self):
        """Wait for what is being written, and raise what went wrong."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write(self, arrays, facts, best_weights):
        self.folder.mkdir(parents=True, exist_ok=True)
        best = self._best(facts["best_epoch"])
        if best_weights is not None and not (self._kept_best == best and best.exists()):
            _write(best, {"best": best_weights})
        _write(self.state, arrays, facts)
        for old in self.folder.glob("best-*.npz"):
            if old != best:
                old.unlink()
        self._kept_best, self._kept = best, len(facts["history"])

    def restore(self, model, keep_best):
        """Set the model's and its optimiser's variables as they were.

        Arguments:
            model: the compiled model.
            keep_best: whether the best weights are needed too.

        Returns the Progress, and the best weights as a list of arrays or None.

        Raises InputError when the state is damaged, incomplete, or belongs to another model.
        """
        progress = self.progress()
        with self._damage_named():
            arrays = _read(self.state)
            keep_best = keep_best and progress.best_epoch
            best_weights = _read(self._best(progress.best_epoch))["best"] if keep_best else None
            for variable, array in zip(_variables(model), arrays["model"], strict=True):
                variable.assign(array)
            build_optimizer(model)
            for variable, array in zip(model.optimizer.variables, arrays["optimizer"], strict=True):
                variable.assign(array)
        self._kept, self._kept_best = progress.epochs, self._best(progress.best_epoch)
        return progress, best_weights

    def progress(self):
        """How far the saved training had come; InputError when the state is damaged."""
        with self._damage_named(), np.load(self.state, allow_pickle=False) as file:
            progress = Progress(**json.loads(str(file["progress"])))
            progress.kept = progress.epochs
            return progress

    @contextmanager
    def _damage_named(self):
        try:
            yield
        except InputError:
            raise
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            reason = " ".join(str(error).split())[:160]
            raise InputError(
                f"checkpoint {self.folder} cannot be resumed ({reason}); delete it to start anew"
            ) from error

    def seconds(self):
        """Seconds spent on the epochs trained so far; 0 where there is no state."""
        return sum(row["seconds"] for row in self.progress().history) if self.exists() else 0.0

    def _best(self, epoch):
        return self.folder / f"best-{epoch:04d}.npz"


def random_state(model):
    """Variables of a model that are no weights: the state of what is random in it, such as dropout."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def _copy(variable):
    """A variable's value, which stays as it is when training goes on: some backends give views of their memory."""
    array = keras.ops.convert_to_numpy(variable)
    return array if array.flags.owndata else array.copy()


def _seconds():
    """How often states are written, as the environment says."""
    text = os.environ.get(SECONDS, "")
    if not text:
        return EVERY
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise InputError(f"{SECONDS} is {text!r}; give a number of seconds, 0 for after each epoch, or unset it")
    return seconds


def _variables(model):
    return [*model.weights, *random_state(model)]


def _write(path, lists, progress=None):
    arrays = {
        f"{name}-{index:04d}": storable(array) for name, each in lists.items() for index, array in enumerate(each)
    }
    if progress is not None:
        arrays["progress"] = np.array(json.dumps(progress))
    with whole_file(path, "wb") as file:
        np.savez(file, **arrays)


def _read(path):
    lists = {"model": [], "optimizer": [], "best": []}
    with np.load(path, allow_pickle=False) as file:
        for key in sorted(file.files):
            if key != "progress":
                lists[key.rsplit("-", 1)[0]].append(file[key])
    return lists


class ContinueStopping(keras.callbacks.Callback):
    """Gives early stopping the patience and best weights it had; Keras' own forgets both when training begins.

    Arguments:
        stopping: the EarlyStopping, which must come before this callback.
        progress: the Progress to go on from.
        best_weights: the best weights so far, as a list of arrays, or None.
    """

    def __init__(self, stopping, progress, best_weights):
        super().__init__()
        self.stopping, self.progress, self.best_weights = stopping, progress, best_weights

    def on_train_begin(self, logs=None):
        """Take up the patience where it was."""
        if self.progress.best is not None:  # else there was a warm-up, at the most, which does not count
            self.stopping.wait, self.stopping.best = self.progress.wait, self.progress.best
            self.stopping.best_epoch = self.progress.best_epoch - 1
            self.stopping.best_weights = self.best_weights


class SaveEpoch(keras.callbacks.Callback):
    """After each epoch, bring the Progress up to date, have the checkpoint take the state and report a line.

    Arguments:
        checkpoint: a Checkpoint.
        stopping: the EarlyStopping, which must come before this callback.
        progress: the Progress.
        max_epochs: after this many epochs training is finished.
        on_epoch: called with the Progress once the state is taken.
    """

    def __init__(self, checkpoint, stopping, progress, max_epochs, on_epoch):
        super().__init__()
        self.checkpoint, self.stopping, self.progress = checkpoint, stopping, progress
        self.max_epochs, self.on_epoch = max_epochs, on_epoch

    def on_epoch_end(self, epoch, logs=None):
        """Save the state of an epoch."""
        progress, stopping = self.progress, self.stopping
        progress.history.append({"epoch": epoch + 1, **{name: float(value) for name, value in logs.items()}})
        progress.wait, progress.best = stopping.wait, None if stopping.best is None else float(stopping.best)
        progress.best_epoch = stopping.best_epoch + 1
        progress.finished = self.model.stop_training or progress.epochs >= self.max_epochs
        self.checkpoint.save(self.model, progress, stopping.best_weights)
        self.on_epoch(progress)
