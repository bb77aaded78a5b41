"""Train a model by a recipe, resume it, and get its predictions."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import keras
import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from arttl.base.errors import InputError
from arttl.base.wording import counted
from arttl.models import HEAD, predict_batch
from arttl.models.devices import training_shared
from arttl.training.checkpoint import Checkpoint, ContinueStopping, Progress, SaveEpoch
from arttl.training.compiling import build_step
from arttl.training.epoch_bar import EpochBar
from arttl.training.feeding import fed
from arttl.training.given import as_batches
from arttl.training.precision import forget_models
from arttl.training.schedule import scheduler

if TYPE_CHECKING:
    from arttl.recipes import Recipe


def start_afresh(seed):
    """Forget former models, whose memory and layer numbers Keras keeps, and make randomness follow from `seed`.

    Keras forgets with them how models are to be computed: call it before `Computing.applied`, not within.
    """
    forget_models()
    make_deterministic(seed)


def make_deterministic(seed):
    """Make everything random on this machine follow from `seed`: Python, NumPy and the Keras backend.

    On TensorFlow operations are made deterministic too, so that two runs on one machine are identical.
    """
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()


def backend_name():
    """The Keras backend at work: "tensorflow", "jax" or "torch"."""
    return keras.backend.backend()


def train(
    model: keras.Model,
    recipe: Recipe,
    training,
    validation,
    checkpoint: Checkpoint,
    report: Callable[[Progress], None] = lambda progress: None,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    schedule_ahead: int = 0,
    begun: Progress | None = None,
    seed: int = 0,
) -> Progress:
    """Train a compiled model to early stopping, keeping its state in a checkpoint.

    Arguments:
        model: a compiled keras.Model with a softmax output.
        recipe: an arttl.recipes.Recipe.
        training, validation: Batches; or arrays (inputs, labels), a keras PyDataset or a tf.data.Dataset, as of
            arttl.training.as_batches. Only `training` is shuffled.
        checkpoint: a Checkpoint; where it holds a state, training goes on from it, with the patience, best
            weights, optimiser state and data order it had.
        report: called with the Progress after each epoch, whose state is on the disk or will be before this ends.
        callbacks: other Keras callbacks, which are called first, so that the state holds what they did.
        schedule_ahead: epochs that the recipe's learning-rate schedule counts as done when training begins.
        begun: the Progress of a warm-up, whose epochs are the first of the history; early stopping looks at later ones.
        seed: of the order of arrays.

    Returns the Progress. The model then has the weights the recipe tests: those of the lowest validation
    loss, or of the last epoch.

    Raises InputError when the training loss stops being a number, or no validation loss ever was one; with today's
    early stopping, when any validation loss is none.
    """
    check_compiled(model)
    training = as_batches(training, model, recipe, seed, shuffle=True)
    validation = as_batches(validation, model, recipe)
    keep_best = recipe.tested == "best"
    begun = Progress(history=list(begun.history) if begun else [])
    progress, best_weights = checkpoint.restore(model, keep_best) if checkpoint.exists() else (begun, None)
    if progress.finished:
        return _tested(model, progress, best_weights, keep_best, validation)
    (stopping,) = recipe.callbacks()
    watched = ("loss",) if recipe.numerics.early_stopping == "2018" else ("loss", "val_loss")
    callbacks = [*callbacks, *scheduler(recipe, schedule_ahead)]
    epochs = recipe.epochs(len(training))
    saving = SaveEpoch(checkpoint, stopping, progress, epochs, report)
    continuing = ContinueStopping(stopping, progress, best_weights)
    bar = [EpochBar(len(training), epochs, progress)] if sys.stderr.isatty() else []
    build_step(model)
    with training_shared(model, training), checkpoint.flushed():
        model.fit(
            fed(training, *(each.told for each in bar)),
            validation_data=fed(validation),
            class_weight=class_weights(training) if recipe.class_weights == "balanced" else None,
            initial_epoch=progress.epochs,
            epochs=epochs,
            shuffle=False,  # Batches shuffles by itself, reproducibly
            callbacks=[*callbacks, _Epoch((training, validation), watched), *bar, stopping, continuing, saving],
            verbose=0,
        )
    return _tested(model, progress, stopping.best_weights, keep_best, validation)


def check_compiled(model):
    """Raise InputError for a model that cannot be trained: not compiled, without weights yet, or of sparse labels."""
    if not (model.compiled and model.built):
        raise InputError(
            f"model {model.name!r} is not compiled, or has no weights yet; begin it with keras.Input, and call "
            "recipe.compile(model)"
        )
    loss = getattr(model, "loss", None)
    name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", None))
    if isinstance(name, str) and name.startswith("sparse_"):
        raise InputError(
            f"model {model.name!r} is compiled with {name}, and labels are one-hot here; give "
            'loss="categorical_crossentropy", as recipe.compile(model) does'
        )


def class_weights(batches):
    """Weights that make every class count the same: dict of class id to images / (classes * images of the class).

    A class without an image has none. Source: scikit-learn's "balanced".

    Arguments:
        batches: Batches.
    """
    classes = np.unique(batches.class_ids)
    weights = compute_class_weight("balanced", classes=classes, y=batches.class_ids)
    return {int(each): float(weight) for each, weight in zip(classes, weights, strict=True)}


def _tested(model, progress, best_weights, keep_best, validation):
    """Give the model the weights to be tested, those of the best epoch or the last."""
    if keep_best and best_weights is None:
        raise InputError(f"training diverged: the validation loss was never a number; {_remedy([validation])}")
    if keep_best:
        model.set_weights(best_weights)
    return progress


def _remedy(parts):
    """What can be done about a loss that is no number: another learning rate, unless the inputs are none themselves.

    Arguments:
        parts: the Batches that were trained on and validated with; whole numbers are not looked at.
    """
    strange = 0
    for batches in parts:
        for index in range(len(batches)):
            inputs, _ = batches[index]
            if not np.issubdtype(inputs.dtype, np.inexact):
                break
            strange += int((~np.isfinite(inputs)).reshape(len(inputs), -1).any(axis=1).sum())
    return f"{counted(strange, 'image')} with NaN or infinity: mend the data" if strange else "lower the learning rate"


class _Epoch(keras.callbacks.Callback):
    """Sets an epoch's data order, adds its seconds to the logs, and stops a training that has diverged.

    Keras calls `PyDataset.on_epoch_end` once too often before the first epoch, so the order is set here.
    """

    def __init__(self, parts, watched):
        super().__init__()
        self.parts, self.watched = parts, watched

    def on_epoch_begin(self, epoch, logs=None):
        for batches in self.parts:
            batches.start_epoch(epoch)
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        for name in self.watched:
            if not math.isfinite(logs[name]):
                raise InputError(
                    f"training diverged: {name} of epoch {epoch + 1} is {logs[name]}; {_remedy(self.parts)}"
                )
        logs["seconds"] = round(time.perf_counter() - self.start, 3)


def head_model(classifier):
    """The head alone, from X to probabilities; it is the classifier's own layer, so training it trains both."""
    head = classifier.get_layer(HEAD)
    features = keras.Input((head.input.shape[-1],), name="features")
    return keras.Model(features, head(features), name=f"{classifier.name}_head")


def predict(model, batches):
    """Class probabilities of every row of `batches`, in order; float32 of shape (rows, classes)."""
    return predict_labelled(model, batches)[1]


def predict_labelled(model, batches):
    """Class ids and class probabilities of every row of `batches`, which are read once; int64, and as of `predict`."""
    ids, scores = [], []
    for index in range(len(batches)):
        inputs, labels = batches[index]
        ids.append(labels.argmax(axis=1))
        scores.append(predict_batch(model, inputs, max(batches.batch_size, len(inputs))))
    return np.concatenate(ids), np.concatenate(scores)
