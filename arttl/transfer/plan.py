"""What one run of Chapter 1 is: a RunSpec, and how it follows from a study."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from arttl.base.errors import InputError
from arttl.classical import Size, stand_in
from arttl.models import BACKBONES, check_size, get_backbone, weights_fingerprint
from arttl.models.belongings import OF_DEMONSTRATIONS, weights_title
from arttl.published.chapter1 import APPROACH_TITLES, ARCHITECTURES
from arttl.recipes import APPROACHES, Recipe, get_recipe
from arttl.recipes.demonstration import MAX_EPOCHS
from arttl.runs import RunFolder
from arttl.runs.costs import Work
from arttl.training import backend_name
from arttl.training.computing import USUAL, Computing
from arttl.transfer.starts import asked_for, fitted


@dataclass(frozen=True)
class Demo:
    """What runs without --data: small enough for two cores, and said so when it starts.

    Attributes:
        size: side of the images in pixels.
        epochs: approach to most epochs.
        collection: the bundled collection.
    """

    size: int
    epochs: dict
    collection: str = "clipart-a"


NETWORKS = tuple(name for name in BACKBONES if name in ARCHITECTURES)
"""Those of the thesis."""

DEMO = Demo(48, MAX_EPOCHS)


@dataclass(frozen=True)
class Source:
    """What a transferred network has learned before.

    Attributes:
        name: "imagenet" (θ^i) or "rijks" (θ^r).
        run: the RunFolder of the run whose model it is; None for ImageNet's weights, or what --weights puts there.
    """

    name: str
    run: RunFolder | None = None

    @property
    def settings(self):
        """What a run's settings say of it: a dict."""
        if self.run is None:
            return {"source": self.name}
        settings = self.run.read_config()["settings"]
        return {"source": self.name, "source_run": {key: settings[key] for key in SOURCE_KEYS}}


SOURCE_KEYS = ("collection", "challenge", "split", "classes", "image_size", "seed")


@dataclass(frozen=True)
class RunSpec:
    """One run to do: what is trained from which weights by which recipe, and where its folder lies.

    Attributes:
        variant: its name among others of the same architecture, approach and seed; empty where there is but one.
        source: the Source, in an experiment that transfers from several; else None.
        classifier: what is trained on X: "softmax", or one of arttl.classical.CLASSICAL.
        computing: a Computing.
        notes: lines that say what was taken over from the weights it starts from, or is assumed of them.
    """

    challenge: str
    architecture: str
    recipe: Recipe
    weights: str
    image_size: int
    seed: int
    folder: RunFolder
    variant: str = ""
    source: Source | None = None
    classifier: str = "softmax"
    computing: Computing = USUAL
    notes: tuple = ()

    @property
    def title(self):
        """The run in words."""
        words = f"{BACKBONES[self.architecture].title} {APPROACH_TITLES[self.recipe.approach]}, seed {self.seed}"
        return f"{words}, {self.variant}" if self.variant else words

    @property
    def requires(self):
        """RunFolders that must be complete before it begins: that of the network it starts from."""
        return (self.source.run,) if self.source and self.source.run else ()

    @property
    def what(self):
        """What tells it from other runs of one network and seed: text."""
        source = self.source.name if self.source else ""
        return f"{self.classifier} {source} {self.weights} {self.recipe.settings()}"

    @property
    def backend(self):
        """The Keras backend that trains it."""
        return backend_name()

    def size(self, data):
        """The Size of X to train on: of how many images, features and classes.

        Arguments:
            data: the CollectionData.
        """
        split = data.split
        return Size(len(split.ids("train")), get_backbone(self.architecture).features, len(split.classes))

    def solver(self, data):
        """What stands in for scikit-learn's usual solver of a classifier on X, where there is much data; or empty."""
        return "" if self.classifier == "softmax" else stand_in(self.classifier, self.size(data))

    def work(self, sizes):
        """The Work of it.

        Arguments:
            sizes: the DataSize of the data.
        """
        recipe, one_pass = self.recipe, self.recipe.features == "one-pass"
        return Work(
            chapter=1,
            network=self.architecture,
            image_size=self.image_size,
            data=sizes,
            approach=recipe.approach,
            step="train" if recipe.trains_backbone else "head" if one_pass else "forward",
            batch=recipe.batch_size,
            passes=sizes.images if one_pass else 0,
            keeps_model=self.classifier == "softmax",
            classifier=self.classifier,
            most=recipe.epochs(math.ceil(sizes.train / recipe.batch_size)),
        )

    def settings(self, data):
        """Everything that decides the result, for config.json and to tell one run from another.

        Arguments:
            data: the CollectionData.
        """
        return {
            "collection": data.collection.name,
            **data.collection.settings,
            "challenge": self.challenge,
            "files": data.files.fingerprint,
            "split": data.split.fingerprint,
            "classes": len(data.split.classes),
            "architecture": self.architecture,
            **(self.source.settings if self.source else {}),
            **({} if self.classifier == "softmax" else {"classifier": self.classifier}),
            **({"solver": self.solver(data)} if self.solver(data) else {}),
            "weights": weights_title(self.weights),
            "weights_file": weights_fingerprint(self.architecture, self.weights, self.recipe.numerics),
            "image_size": self.image_size,
            "seed": self.seed,
            "recipe": self.recipe.settings(),
            "backend": self.backend,
            **self.computing.settings,
        }


@dataclass(frozen=True)
class Variant:
    """A recipe with some settings changed, beside others in one experiment.

    Attributes:
        name: what it is called in tables; empty where there is but one.
        recipe: the preset's name.
        settings: dict for Recipe.changed.
        source: a function of architecture and seed that gives the Source to start from; None for --weights.
        classifier: what is trained on X.
        deliberate: whether its settings may differ from those that the weights were trained with: an ablation's do.
    """

    name: str
    recipe: str
    settings: dict
    source: Callable[[str, int], Source] | None = None
    classifier: str = "softmax"
    deliberate: bool = False

    @property
    def folder(self):
        """The name as a folder's."""
        return re.sub(r"[^A-Za-z0-9._=+-]+", "-", self.name)


def classifier_variants(classifiers, study, approach):
    """A Variant for each classifier that goes with an approach: SVMs and forests take X, so they go off the shelf.

    Arguments:
        classifiers: "softmax" and names of arttl.classical.CLASSICAL.
        study: the TransferStudy.
        approach: of APPROACHES.

    Raises InputError where they are asked for beside an approach or recipe that has no X.
    """
    classical = [name for name in classifiers if name != "softmax"]
    if classical and "off-the-shelf" not in (study.approaches or APPROACHES):
        raise InputError(f'classifier="{classical[0]}" goes with approach="off-the-shelf", the one with fixed features')
    if approach != "off-the-shelf":
        return [Variant("", study.recipe, {})] if "softmax" in classifiers else []
    names = {name: "" if name == "softmax" else name for name in classifiers}
    return [Variant(names[name], study.recipe, {}, classifier=name) for name in classifiers]


def check_settings(settings):
    """Raise InputError where a study's own settings are for an approach that there is not."""
    for approach in settings:
        if approach not in APPROACHES:
            raise InputError(f"settings of {approach!r}: there is no such approach, only {', '.join(APPROACHES)}")


def _recipe(study, architecture, approach, variant, start):
    """The variant's recipe for an approach, with what belongs to the weights it starts from; and lines on these."""
    most = study.demo.epochs[approach] if study.data.is_bundled else None
    recipe = get_recipe(variant.recipe, approach)
    if variant.recipe == "thesis":
        recipe = recipe.changed(study.settings.get(approach, {}))
    given = {
        "numerics": study.numerics if variant.recipe == study.recipe else None,  # another recipe brings its own
        "max_epochs": study.epochs or most,
        "batch_size": study.batch_size,
        "resize": study.resize,
        "class_weights": study.class_weights,
    }
    recipe = recipe.changed({name: value for name, value in given.items() if value is not None})
    settings = study.data.changes | study.changes | variant.settings
    asked = asked_for(variant.recipe, settings)
    recipe, notes = fitted(recipe.changed(settings), architecture, start, asked, variant.deliberate)
    if variant.classifier != "softmax" and recipe.features != "one-pass":
        raise InputError(f'classifier="{variant.classifier}" needs the features of one pass; add features="one-pass"')
    recipe.make_optimizer()  # does it take these arguments?
    return recipe, notes


def _start(study, approach, source):
    """What training starts from: a name of weights or a file's path, as text."""
    if source is not None and source.run is not None:
        return str(source.run.path / "model.keras")
    if approach == "scratch":
        return "none"
    return study.weights or (OF_DEMONSTRATIONS if study.data.is_bundled else "imagenet")


def plan_run(study, architecture, approach, seed, variant):
    """One run of a study, as a RunSpec.

    Arguments:
        study: the TransferStudy.
        architecture: name of the network.
        approach: of APPROACHES.
        seed: of its random numbers.
        variant: the Variant.

    Raises InputError for an impossible combination.
    """
    backbone = get_backbone(architecture)
    size = study.image_size or (study.demo.size if study.data.is_bundled else backbone.input_size)
    check_size(backbone, size)
    source = variant.source(architecture, seed) if variant.source else None
    start = _start(study, approach, source)
    recipe, notes = _recipe(study, architecture, approach, variant, start)
    if source is None or source.run is None or source.run.is_complete:  # else it is to be made before
        weights_fingerprint(architecture, start)  # is there such a file?
    return RunSpec(
        challenge=study.challenge,
        architecture=architecture,
        recipe=recipe,
        weights=start,
        image_size=size,
        seed=seed,
        folder=RunFolder(study.folder / architecture / approach / variant.folder / f"seed-{seed}"),
        variant=variant.name,
        source=source,
        classifier=variant.classifier,
        computing=study.computing,
        notes=notes,
    )
