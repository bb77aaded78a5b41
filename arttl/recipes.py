"""The studies' training settings, as data.

Two presets: `thesis` is the text of Chapter 1, section 1.3; `released` is the authors' code where it
differs from the text. `docs/fidelity.md` lists where today's Keras still differs from the one of 2018.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

from arttl.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """How one model is trained and which of its states is tested.

    Attributes:
        name: "thesis" or "released".
        approach: "off-the-shelf", "fine-tuning" or "scratch".
        optimizer: keras optimiser's class name under "name", and its arguments.
        preprocessing: "unit" or "imagenet" (see arttl.models.build_classifier).
        resize: "nearest" as in 2018, or "antialiased".
        batch_size: images in a step.
        shuffle: whether the training images are reordered each epoch.
        patience: early stopping: epochs without a lower validation loss before training ends.
        max_epochs: upper bound on epochs, which the studies do not state.
        tested: "best" (lowest validation loss) or "last" epoch's weights.
        split: preset of arttl.splits.
        loss: name of the Keras loss.
    """

    name: str
    approach: str
    optimizer: dict = field(default_factory=dict)
    preprocessing: str = "unit"
    resize: str = "nearest"
    batch_size: int = 32
    shuffle: bool = True
    patience: int = 7
    max_epochs: int = 1000
    tested: str = "best"
    split: str = "thesis"
    loss: str = "categorical_crossentropy"

    @property
    def trains_backbone(self):
        """False for the off-the-shelf approach, which trains the softmax layer alone."""
        return self.approach != "off-the-shelf"

    def compile(self, model):
        """Compile a Keras model with this recipe's loss and optimiser; returns the model."""
        import keras  # here and not above: reading a recipe must not cost the seconds that Keras takes

        settings = {key: value for key, value in self.optimizer.items() if key != "name"}
        optimizer = getattr(keras.optimizers, self.optimizer["name"])(**settings)
        model.compile(optimizer, loss=self.loss, metrics=["accuracy"], jit_compile=False)
        return model

    def callbacks(self):
        """Early stopping of this recipe, as a list of Keras callbacks for `model.fit`."""
        import keras

        return [
            keras.callbacks.EarlyStopping(
                "val_loss", patience=self.patience, mode="min", restore_best_weights=self.tested == "best"
            )
        ]

    def settings(self):
        """Every setting as a plain dict, for config.json."""
        return asdict(self)


APPROACHES = ("off-the-shelf", "fine-tuning", "scratch")
_NESTEROV = {"name": "SGD", "learning_rate": 0.001, "momentum": 0.9, "nesterov": True}
_OPTIMIZERS = {
    "thesis": {
        "off-the-shelf": {"name": "RMSprop", "learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-8},
        "fine-tuning": _NESTEROV,
        "scratch": _NESTEROV,
    },
    "released": {
        "off-the-shelf": {"name": "RMSprop", "learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7},
        "fine-tuning": {"name": "SGD", "learning_rate": 0.0001, "momentum": 0.9, "nesterov": False},
        "scratch": {"name": "SGD", "learning_rate": 0.0001, "momentum": 0.9, "nesterov": False},
    },
}
_PRESETS = {
    "thesis": {},
    "released": {"preprocessing": "imagenet", "tested": "last", "shuffle": False, "split": "released"},
}
RECIPES = tuple(_PRESETS)


def get_recipe(name, approach, **changes):
    """The preset's recipe for an approach, with single settings changed.

    Arguments:
        name: "thesis" or "released".
        approach: "off-the-shelf", "fine-tuning" or "scratch".
        **changes: settings to replace, by attribute name; None leaves the preset's value.

    Raises InputError for an unknown name or approach.
    """
    if name not in RECIPES:
        raise InputError(f"unknown recipe {name!r}; --recipe takes {', '.join(RECIPES)}")
    if approach not in APPROACHES:
        raise InputError(f"unknown approach {approach!r}; --approach takes {', '.join(APPROACHES)}")
    recipe = Recipe(name, approach, optimizer=dict(_OPTIMIZERS[name][approach]), **_PRESETS[name])
    return replace(recipe, **{key: value for key, value in changes.items() if value is not None})


def off_the_shelf(name="thesis", **changes):
    """Frozen backbone, softmax layer trained with RMSprop (thesis, section 1.3, symbol θ⁻)."""
    return get_recipe(name, "off-the-shelf", **changes)


def fine_tuning(name="thesis", **changes):
    """Every layer trained with SGD from given weights (thesis, section 1.3, symbols θ^i and θ^r)."""
    return get_recipe(name, "fine-tuning", **changes)


def from_scratch(name="thesis", **changes):
    """Every layer trained with SGD from He-uniform initial weights (thesis, "Scratch-V3")."""
    return get_recipe(name, "scratch", **changes)
