"""What a run needs to go on as if it had never stopped: weights, optimiser, patience, best weights, history."""

from __future__ import annotations

import json
import zipfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from arttl.errors import InputError
from arttl.files import whole_file


@dataclass
class Progress:
    """How far a training has come. `best_epoch` (0 for none yet) and the epochs in `history` count from 1."""

    history: list = field(default_factory=list)
    wait: int = 0
    best: float | None = None
    best_epoch: int = 0
    finished: bool = False

    @property
    def epochs(self):
        """Number of epochs trained."""
        return len(self.history)


class Checkpoint:
    """The training state of one run on disk.

    `state.npz` is replaced whole after each epoch; the best weights lie in a file of their own, written
    only when they change and named in the state, so that the two can never disagree.

    Arguments:
        folder: where the state lies.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.state = self.folder / "state.npz"

    def exists(self):
        """True when there is a state to resume from."""
        return self.state.exists()

    def save(self, model, progress, best_weights):
        """Write the state after an epoch.

        Arguments:
            model: the compiled model.
            progress: a Progress.
            best_weights: list of arrays as model.get_weights() gives, or None when only the last count.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        best = self._best(progress.best_epoch)
        if best_weights is not None and (progress.best_epoch == progress.epochs or not best.exists()):
            _write(best, {"best": best_weights})
        optimizer = [keras.ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
        values = [keras.ops.convert_to_numpy(variable) for variable in _variables(model)]
        _write(self.state, {"model": values, "optimizer": optimizer}, asdict(progress))
        for old in self.folder.glob("best-*.npz"):
            if old != best:
                old.unlink()

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
            if not model.optimizer.built:  # built twice, a LossScaleOptimizer would have its variables twice
                model.optimizer.build(model.trainable_variables)
            for variable, array in zip(model.optimizer.variables, arrays["optimizer"], strict=True):
                variable.assign(array)
        return progress, best_weights

    def progress(self):
        """How far the saved training had come; InputError when the state is damaged."""
        with self._damage_named(), np.load(self.state, allow_pickle=False) as file:
            return Progress(**json.loads(str(file["progress"])))

    @contextmanager
    def _damage_named(self):
        try:
            yield
        except InputError:
            raise
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            reason = " ".join(str(error).split())[:160]
            raise InputError(f"checkpoint {self.folder} cannot be resumed ({reason}); --force starts anew") from error

    def seconds(self):
        """Seconds spent on the epochs trained so far; 0 where there is no state."""
        return sum(row["seconds"] for row in self.progress().history) if self.exists() else 0.0

    def _best(self, epoch):
        return self.folder / f"best-{epoch:04d}.npz"


def random_state(model):
    """Variables of a model that are no weights: the state of what is random in it, such as dropout."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def _variables(model):
    return [*model.weights, *random_state(model)]


def _write(path, lists, progress=None):
    arrays = {f"{name}-{index:04d}": array for name, each in lists.items() for index, array in enumerate(each)}
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
        if self.progress.epochs:
            self.stopping.wait, self.stopping.best = self.progress.wait, self.progress.best
            self.stopping.best_epoch = self.progress.best_epoch - 1
            self.stopping.best_weights = self.best_weights


class SaveEpoch(keras.callbacks.Callback):
    """After each epoch, bring the Progress up to date, save the checkpoint and report a line.

    Arguments:
        checkpoint: a Checkpoint.
        stopping: the EarlyStopping, which must come before this callback.
        progress: the Progress.
        max_epochs: after this many epochs training is finished.
        on_epoch: called with the Progress once the state is on disk.
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
