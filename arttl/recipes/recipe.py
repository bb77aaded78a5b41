"""The studies' training settings, as data.

Three presets: `thesis` is the text of Chapter 1, section 1.2.3; `released` is the authors' code where it differs from
the text; `keras3` is the text with today's Keras wherever that differs from the one of 2018. `docs/fidelity.md`
explains every setting.
"""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass, field

from arttl.base.errors import InputError
from arttl.recipes.eras import ERAS, Numerics
from arttl.recipes.overrides import change


@dataclass(frozen=True)
class Recipe:
    """How one model is trained and which of its states is tested.

    Attributes:
        name: "thesis", "released" or "keras3".
        approach: "off-the-shelf", "fine-tuning" or "scratch"; Chapter 2: "tickets".
        numerics: whose layers, loss and optimiser: an arttl.recipes.eras.Numerics.
        optimizer: keras optimiser's class name under "name", and its arguments; an RMSprop epsilon of None is the
            default of the era. "schedule" is a dict: "epochs", after each of which the learning rate is multiplied by
            "factor". "l2" of an SGD is the factor of an L2 penalty (arttl.training.schedule).
        features: off the shelf only: "one-pass" computes X once, with moving statistics; "every-step" runs the frozen
            network in every step, as its BatchNormalization then behaves.
        preprocessing: "unit" or "imagenet" (see arttl.models.build_classifier).
        decoding: "load_img" reads pictures as Keras does (EXIF orientation and transparency ignored), "upright" turns
            them and composites them on white.
        resize: "nearest" as in 2018, or "antialiased".
        crop: Chapter 2: "random" trains on random windows of larger images, and tests on their middle; "none" takes
            images whole, their aspect ratio not kept.
        initial: Chapter 2: how kernels are drawn, of INITIAL; "network" is each network's own way.
        batch_size: images in a step.
        shuffle: whether the training images are reordered each epoch.
        class_weights: "balanced" weighs an image's loss by the inverse of its class' share of the training images, as
            scikit-learn does; "none" as in the studies.
        drop_remainder: leave out the last, smaller batch in training and validation; a test never leaves any out.
        cycle: Chapter 1: batches in the endless cycle of the authors' generator (arttl.training.Batches).
        warm_up: Chapter 1: so many epochs of the head alone first, as an off-the-shelf run begins; early stopping and
            the tested epoch leave them out.
        patience: early stopping: epochs without a lower validation loss before training ends.
        max_epochs: upper bound on epochs, which the text does not state.
        max_iterations: upper bound on training steps, counted in whole epochs, the last of which may pass it; 0 for
            none.
        tested: "best" (lowest validation loss) or "last" epoch's weights.
        split: preset of arttl.splits.

    Raises InputError for a value that a setting does not take.
    """

    name: str
    approach: str
    numerics: Numerics = ERAS["2.1.2"]
    optimizer: dict = field(default_factory=dict)
    features: str = "every-step"
    preprocessing: str = "unit"
    decoding: str = "load_img"
    resize: str = "nearest"
    crop: str = "none"
    initial: str = "network"
    batch_size: int = 32
    shuffle: bool = True
    class_weights: str = "none"
    drop_remainder: bool = False
    cycle: bool = False
    warm_up: int = 0
    patience: int = 7
    max_epochs: int = 1000
    max_iterations: int = 0
    tested: str = "best"
    split: str = "thesis"

    def __post_init__(self):
        for name, values in CHOICES.items():
            if getattr(self, name) not in values:
                raise InputError(f"{name} cannot be {getattr(self, name)!r}; it takes {', '.join(values)}")
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise InputError(f"{name} cannot be {getattr(self, name)}; it takes a whole number from {least}")
        if self.trains_backbone and self.warm_up >= self.max_epochs:
            raise InputError(f"warm_up {self.warm_up} leaves none of {self.max_epochs} epochs; raise max_epochs")
        if self.approach == TICKETS and (self.warm_up or self.cycle):
            raise InputError("warm_up and cycle are Chapter 1's; leave them out")
        if self.trains_backbone and self.features == "one-pass":
            raise InputError(
                f"features cannot be one-pass for {self.approach}: X changes while the backbone is trained"
            )

    @property
    def trains_backbone(self):
        """False for the off-the-shelf approach, which trains the softmax layer alone."""
        return self.approach != "off-the-shelf"

    def compile(self, model, executed_at_once=1):
        """Compile a Keras model with this recipe's loss and optimiser; returns the model.

        Arguments and errors: as of arttl.training.compiling.compile_model.
        """
        from arttl.training.compiling import compile_model  # here: reading a recipe must not cost what Keras takes

        return compile_model(self, model, executed_at_once)

    def make_optimizer(self):
        """A new Keras optimiser of this recipe."""
        from arttl.training.compiling import make_optimizer

        return make_optimizer(self)

    def epochs(self, steps):
        """The most epochs of `steps` training steps each that training may take."""
        return min(self.max_epochs, math.ceil(self.max_iterations / steps) or self.max_epochs)

    def callbacks(self):
        """Early stopping of this recipe, as a list of Keras callbacks for `model.fit`."""
        from arttl.training.compiling import early_stopping

        return [early_stopping(self)]

    def settings(self):
        """Every setting as a plain dict, for config.json, the era's defaults filled in."""
        settings = asdict(self)
        if self.optimizer.get("name") == "RMSprop" and self.optimizer.get("epsilon") is None:
            settings["optimizer"]["epsilon"] = self.numerics.rmsprop_epsilon
        return settings

    def changed(self, settings):
        """This recipe with single settings replaced.

        Arguments:
            settings: dict of a setting's name, such as "batch_size", "optimizer.learning_rate", "numerics" (an era)
                or "numerics.frozen_batchnorm", to its value. Another `optimizer.name` keeps only the learning rate;
                any argument of that optimiser can then be given.

        Raises InputError for an unknown setting or a value that it does not take.

        Example:
            >>> recipe = fine_tuning().changed({"optimizer.nesterov": False, "numerics": "2.1.6"})
            >>> recipe.optimizer["nesterov"], recipe.numerics.moving_average
            (False, 'zero-debiased')
        """
        recipe = self
        for key, value in settings.items():
            recipe = change(recipe, key, value)
        return recipe


INITIAL = ("network", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal")
LEAST = {"batch_size": 1, "patience": 0, "max_epochs": 1, "max_iterations": 0, "warm_up": 0}
CHOICES = {
    "features": ("one-pass", "every-step"),
    "preprocessing": ("unit", "imagenet"),
    "decoding": ("load_img", "upright"),
    "resize": ("nearest", "antialiased"),
    "crop": ("none", "random"),
    "initial": INITIAL,
    "class_weights": ("none", "balanced"),
    "tested": ("best", "last"),
    "split": ("thesis", "released", "stratified"),
}
APPROACHES = ("off-the-shelf", "fine-tuning", "scratch")
TICKETS = "tickets"
"""The approach of Chapter 2, whose studies have one recipe: masked networks, every remaining weight trained."""

_NESTEROV = {"name": "SGD", "learning_rate": 0.001, "momentum": 0.9, "nesterov": True}
_RMSPROP = {"name": "RMSprop", "learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-8}
_RELEASED_SGD = {"name": "SGD", "learning_rate": 0.0001, "momentum": 0.9, "nesterov": False}
_DEFAULT_RMSPROP = {"name": "RMSprop", "learning_rate": 0.001, "rho": 0.9, "epsilon": None}
_TICKETS = {
    "name": "SGD",
    "learning_rate": 0.1,
    "momentum": 0.9,
    "nesterov": True,
    "l2": 1e-5,
    "schedule": {"epochs": [50, 60, 75], "factor": 0.1},
}
_OPTIMIZERS = {
    "thesis": {"off-the-shelf": _RMSPROP, "fine-tuning": _NESTEROV, "scratch": _NESTEROV},
    "released": {"off-the-shelf": _DEFAULT_RMSPROP, "fine-tuning": _RELEASED_SGD, "scratch": _RELEASED_SGD},
    "keras3": {"off-the-shelf": _DEFAULT_RMSPROP, "fine-tuning": _NESTEROV, "scratch": _NESTEROV},
}
_PRESETS = {
    "thesis": {},
    "released": {
        "preprocessing": "imagenet",
        "tested": "last",
        "shuffle": False,
        "drop_remainder": True,
        "cycle": True,
        "max_epochs": 100,
        "split": "released",
    },
    "keras3": {"numerics": ERAS["keras3"], "decoding": "upright"},
}
RECIPES = tuple(_PRESETS)


def get_recipe(name, approach, **changes):
    """The preset's recipe for an approach, with single settings changed.

    Arguments:
        name: "thesis", "released" or "keras3".
        approach: "off-the-shelf", "fine-tuning" or "scratch".
        **changes: settings to replace, by attribute name; None leaves the preset's value. `numerics` takes an era.

    Raises InputError for an unknown name or approach, or a value that a setting does not take.
    """
    if name not in RECIPES:
        raise InputError(f"unknown recipe {name!r}; there are {', '.join(RECIPES)}")
    if approach not in APPROACHES:
        raise InputError(f"unknown approach {approach!r}; there are {', '.join(APPROACHES)}")
    one_pass = approach == "off-the-shelf" and name != "released"
    features = "one-pass" if one_pass else "every-step"
    recipe = Recipe(
        name, approach, optimizer=dict(_OPTIMIZERS[name][approach]), **{"features": features} | _PRESETS[name]
    )
    return recipe.changed({key: value for key, value in changes.items() if value is not None})


def tickets(**changes):
    """Every remaining weight of a masked network trained with SGD (thesis, Chapter 2 and its appendix).

    What the sources leave open is settled here, each with a reason in docs/chapter2.md: the rate falls to a tenth after
    each of the three epochs, decay is an L2 penalty, Xavier's weights are normally distributed, arithmetic is Keras'
    of today.
    """
    recipe = Recipe(
        "thesis",
        TICKETS,
        ERAS["keras3"],
        copy.deepcopy(_TICKETS),
        crop="random",
        initial="glorot_normal",
        batch_size=64,
        patience=5,
    )
    return recipe.changed({key: value for key, value in changes.items() if value is not None})


def off_the_shelf(name="thesis", **changes):
    """Frozen backbone, softmax layer trained with RMSprop (thesis, section 1.2.3, symbol θ⁻)."""
    return get_recipe(name, "off-the-shelf", **changes)


def fine_tuning(name="thesis", **changes):
    """Every layer trained with SGD from given weights (thesis, section 1.2.3, symbols θ^i and θ^r)."""
    return get_recipe(name, "fine-tuning", **changes)


def from_scratch(name="thesis", **changes):
    """Every layer trained with SGD from He-uniform initial weights (thesis, "Scratch-V3")."""
    return get_recipe(name, "scratch", **changes)
