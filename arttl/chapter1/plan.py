"""Which runs an experiment's options ask for, and which of them are still to be done."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from arttl.chapter1.starts import asked_for, fitted
from arttl.classical import Size, stand_in
from arttl.collections import reading_options
from arttl.computing import USUAL, Computing
from arttl.errors import InputError
from arttl.models import BACKBONES, check_size, get_backbone, weights_fingerprint
from arttl.models.belongings import weights_title
from arttl.overrides import asked_settings
from arttl.published.chapter1 import APPROACH_TITLES
from arttl.recipes import Recipe, get_recipe
from arttl.runs import RunFolder
from arttl.training import backend_name


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


DEMO = Demo(64, {"off-the-shelf": 30, "fine-tuning": 5, "scratch": 5})


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
    def backend(self):
        """The Keras backend that trains it."""
        return backend_name()

    def size(self, data):
        """The Size of X to train on: of how many images, features and classes.

        Arguments:
            data: the ExperimentData.
        """
        split = data.split
        return Size(len(split.ids("train")), get_backbone(self.architecture).features, len(split.classes))

    def solver(self, data):
        """What stands in for scikit-learn's usual solver of a classifier on X, where there is much data; or empty."""
        return "" if self.classifier == "softmax" else stand_in(self.classifier, self.size(data))

    def settings(self, data):
        """Everything that decides the result, for config.json and to tell one run from another.

        Arguments:
            data: the ExperimentData.
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


def plan_runs(options, experiment, variants=None, demo=DEMO):
    """The runs that the options ask for, as RunSpecs, in the order in which they will be done.

    Arguments:
        options: the namespace of arttl.parsers.chapter1_parser.
        experiment: folder of the experiment below --output, such as "ch1/rijks".
        variants: a function of an approach that gives its Variants; without it there is one, that of the options.
        demo: the Demo to run without --data.

    Raises InputError for an impossible combination, before anything is computed.
    """
    demo = demo if options.data is None else None
    for option, value in reading_options(options).items():
        if demo and value is not None:
            raise InputError(f"--{option.replace('_', '-')} goes with --data DIR; add the folder of images")
    variants = variants or (lambda approach: [Variant("", options.recipe, {})])
    return [
        _spec(options, experiment, architecture, approach, seed, variant, demo)
        for seed in dict.fromkeys(options.seed)
        for architecture, approach in _pairs(options, demo)
        for variant in variants(approach)
    ]


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


def classifier_variants(options, approach):
    """A Variant for each --classifier that goes with an approach: SVMs and forests take X, so they go off the shelf.

    Raises InputError where they are asked for beside an approach or recipe that has no X.
    """
    asked = list(dict.fromkeys(options.classifier or ["softmax"]))
    classical = [name for name in asked if name != "softmax"]
    if classical and "off-the-shelf" not in (options.approach or ["off-the-shelf"]):
        raise InputError(f"--classifier {classical[0]} goes with --approach off-the-shelf, the one with fixed features")
    if approach != "off-the-shelf":
        return [Variant("", options.recipe, {})] if "softmax" in asked else []
    names = {name: "" if name == "softmax" else name for name in asked}
    return [Variant(names[name], options.recipe, {}, classifier=name) for name in asked]


def _recipe(options, architecture, approach, variant, demo, start):
    """The variant's recipe for an approach, with what belongs to the weights it starts from; and lines on these."""
    recipe = get_recipe(
        variant.recipe,
        approach,
        numerics=options.numerics if variant.recipe == options.recipe else None,  # another recipe brings its own
        max_epochs=options.epochs or (demo and demo.epochs[approach]),
        batch_size=options.batch_size,
        resize=options.resize,
        class_weights=options.class_weights,
    )
    settings = asked_settings(options) | variant.settings
    asked = asked_for(variant.recipe, settings)
    recipe, notes = fitted(recipe.changed(settings), architecture, start, asked, variant.deliberate)
    if variant.classifier != "softmax" and recipe.features != "one-pass":
        raise InputError(
            f"--classifier {variant.classifier} needs the features of one pass; add --set features=one-pass"
        )
    recipe.make_optimizer()  # does it take these arguments?
    return recipe, notes


def _start(options, approach, source):
    """What training starts from, as --weights names it."""
    if source is not None and source.run is not None:
        return str(source.run.path / "model.keras")
    if approach == "scratch":
        return "none"
    return options.weights or ("bundled" if options.data is None else "imagenet")


def _spec(options, experiment, architecture, approach, seed, variant, demo):
    backbone = get_backbone(architecture)
    size = options.image_size or (demo.size if demo else backbone.input_size)
    check_size(backbone, size)
    source = variant.source(architecture, seed) if variant.source else None
    start = _start(options, approach, source)
    recipe, notes = _recipe(options, architecture, approach, variant, demo, start)
    weights_fingerprint(architecture, start)  # is there such a file?
    path = Path(options.output, experiment, options.challenge, architecture, approach, variant.folder)
    folder = RunFolder(path / f"seed-{seed}")
    return RunSpec(
        challenge=options.challenge,
        architecture=architecture,
        recipe=recipe,
        weights=start,
        image_size=size,
        seed=seed,
        folder=folder,
        variant=variant.name,
        source=source,
        classifier=variant.classifier,
        computing=Computing.asked(options),
        notes=notes,
    )


def say_notes(specs):
    """Print each line on the weights that runs start from, once."""
    for note in dict.fromkeys(note for spec in specs for note in spec.notes):
        print(note, flush=True)


def _pairs(options, demo):
    """Architectures and approaches; by default those of the thesis, which trains only InceptionV3 from scratch."""
    architectures = options.architecture or (["resnet50"] if demo else list(BACKBONES))
    for architecture in dict.fromkeys(architectures):
        for approach in dict.fromkeys(options.approach or APPROACH_TITLES):
            chosen = demo or options.approach  # --architecture alone asks for no run that the thesis has not
            if chosen or approach != "scratch" or architecture == "inception_v3":
                yield architecture, approach
