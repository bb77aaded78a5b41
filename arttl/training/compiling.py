"""What a recipe means to Keras: its loss, its optimiser, its early stopping."""

from __future__ import annotations

import inspect

import keras
import numpy as np

from arttl.base.errors import InputError
from arttl.base.wording import first_few, meant
from arttl.models.agreement import check_agreement
from arttl.models.devices import number_of_devices
from arttl.models.fused_batchnorm import fuse_batch_normalization
from arttl.models.keras2018 import CategoricalCrossentropy2018, EarlyStopping2018, RMSprop2018
from arttl.models.pointwise import multiply_pointwise
from arttl.models.trainability import check_trainability
from arttl.training.schedule import PenalisedSGD


def compile_model(recipe, model, executed_at_once=1):
    """Compile a Keras model with a recipe's loss and optimiser.

    Arguments:
        recipe: the Recipe.
        model: a keras.Model with a softmax output, or several, whose losses are then added up.
        executed_at_once: training steps that the backend runs in one go (Keras' steps_per_execution). It changes no
            number, only the time: for networks whose step takes about as long as Python takes to ask for it. PyTorch
            takes one at a time whatever is asked.

    Returns the model.

    Raises InputError when Keras has no such optimiser or it does not take the arguments, for a model without weights
    yet, and where the model contradicts the recipe: what is trained, and, of those that build_classifier built,
    preprocessing and numerics.
    """
    check_trainability(model, recipe)
    check_agreement(model, recipe)
    fuse_batch_normalization(model)
    multiply_pointwise(model)
    clipped = recipe.numerics.crossentropy == "clipped"
    backend = keras.backend.backend()
    xla = backend == "jax"  # 2018 had no XLA, but without it JAX would compile nothing at all
    model.compile(
        make_optimizer(recipe),
        loss=CategoricalCrossentropy2018() if clipped else "categorical_crossentropy",
        metrics=_accuracies(model),
        jit_compile=xla,
        steps_per_execution=1 if backend == "torch" else executed_at_once,
    )
    return model


def build_optimizer(model):
    """Give a compiled model's optimiser its variables, where it has none yet.

    A LossScaleOptimizer that is built twice has its variables twice.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def build_step(model):
    """Give a compiled model all variables of its training step: `fit` would make them as it traces the first one.

    TensorFlow traces whatever makes variables a second time, which takes seconds for a network of 50 layers, and half
    of the time of a small one's training.
    """
    build_optimizer(model)
    plain = type(model).compute_metrics is keras.Model.compute_metrics and isinstance(model.output_shape, tuple)
    if plain and keras.backend.backend() == "tensorflow" and number_of_devices() == 1:
        labels = np.zeros((1, *model.output_shape[1:]), "float32")
        model.compute_metrics(None, labels, labels)
        model.reset_metrics()


def _accuracies(model):
    """The metrics of each output: Keras takes no single list for several."""
    outputs = getattr(model, "output", None)
    if isinstance(outputs, dict):
        return {name: ["accuracy"] for name in outputs}
    return [["accuracy"]] * len(outputs) if isinstance(outputs, list | tuple) else ["accuracy"]


def make_optimizer(recipe):
    """A new Keras optimiser of a recipe; InputError where Keras has none such, or it does not take the settings."""
    settings = recipe.settings()["optimizer"]
    name, _ = settings.pop("name"), settings.pop("schedule", None)
    kind = getattr(keras.optimizers, name, None)
    if not (isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer)):
        raise InputError(f"optimizer.name cannot be {name!r}: keras.optimizers has no such class")
    if name == "RMSprop" and recipe.numerics.rmsprop_root == "outside":
        kind = RMSprop2018
    if name == "SGD" and "l2" in settings:
        kind = PenalisedSGD
    _check_names(name, settings)
    try:
        return kind(**settings)
    except (TypeError, ValueError) as error:
        raise InputError(f"optimizer settings {settings} do not fit {name} ({error})") from error


def _check_names(optimizer, settings):
    """Raise InputError, with what may have been meant, for a setting that a Keras optimiser does not have."""
    known = [*inspect.signature(getattr(keras.optimizers, optimizer)).parameters, "l2"]  # l2: schedule.PenalisedSGD
    unknown = next((each for each in settings if each not in known), None)
    if unknown:
        names = [f"optimizer.{each}" for each in known if each not in ("kwargs", "name", "l2")]
        hint = meant(unknown, names) or f"; it has {first_few(names)}"
        raise InputError(f"{optimizer} has no setting optimizer.{unknown}{hint}")


def early_stopping(recipe):
    """The callback that ends a recipe's training: that of Keras, or of 2018."""
    settings = {"patience": recipe.patience, "restore_best_weights": recipe.tested == "best"}
    if recipe.numerics.early_stopping == "2018":
        return EarlyStopping2018("val_loss", **settings)
    return keras.callbacks.EarlyStopping("val_loss", mode="min", **settings)
