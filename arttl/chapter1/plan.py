"""Which runs an experiment's options ask for, and which of them are still to be done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from arttl.collections import reading_options
from arttl.errors import InputError
from arttl.models import BACKBONES, check_size, get_backbone, weights_fingerprint
from arttl.overrides import read_assignments
from arttl.recipes import Recipe, get_recipe
from arttl.reports.published import APPROACH_TITLES
from arttl.runs import RunFolder
from arttl.training import backend_name

DEMO_COLLECTION = "clipart-a"
BUNDLED_GRAPH = "keras3"  # the graph of ResNet50 that the bundled weights were trained in


@dataclass(frozen=True)
class Demo:
    """What runs without --data: small enough for two cores, and said so when it starts.

    Attributes:
        size: side of the images in pixels.
        epochs: approach to most epochs.
    """

    size: int
    epochs: dict


DEMO = Demo(64, {"off-the-shelf": 30, "fine-tuning": 5, "scratch": 5})


@dataclass(frozen=True)
class RunSpec:
    """One run to do: what is trained from which weights by which recipe, and where its folder lies."""

    challenge: str
    architecture: str
    recipe: Recipe
    weights: str
    image_size: int
    seed: int
    folder: RunFolder
    variant: str = ""

    @property
    def title(self):
        """The run in words."""
        words = f"{BACKBONES[self.architecture].title} {APPROACH_TITLES[self.recipe.approach]}, seed {self.seed}"
        return f"{words}, {self.variant}" if self.variant else words

    @property
    def backend(self):
        """The Keras backend that trains it."""
        return backend_name()

    def settings(self, data):
        """Everything that decides the result, for config.json and to tell one run from another.

        Arguments:
            data: the ExperimentData.
        """
        return {
            "collection": data.collection.name,
            **data.collection.settings,
            "challenge": self.challenge,
            "files": data.files,
            "split": data.split.fingerprint,
            "classes": len(data.split.classes),
            "architecture": self.architecture,
            "weights": self.weights,
            "weights_file": weights_fingerprint(self.architecture, self.weights, self.recipe.numerics),
            "image_size": self.image_size,
            "seed": self.seed,
            "recipe": self.recipe.settings(),
            "backend": self.backend,
        }

    def check_same(self, data):
        """Raise InputError when the folder holds a run of other settings than these.

        A result is never shown as that of settings it was not made with.
        """
        if not self.folder.is_started:
            return
        difference = _difference(self.folder.read_config()["settings"], self.settings(data))
        if difference:
            raise InputError(
                f"{self.folder.path} was made with other settings ({difference}); --force makes it anew, "
                "--output FOLDER keeps both"
            )


def plan_runs(options, experiment, variants=None, demo=DEMO):
    """The runs that the options ask for, as RunSpecs, in the order in which they will be done.

    Arguments:
        options: the namespace of arttl.cli.chapter1_parser.
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
        _spec(
            options,
            experiment,
            architecture,
            seed,
            variant,
            _recipe(options, architecture, approach, variant, demo),
            demo,
        )
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
    """

    name: str
    recipe: str
    settings: dict

    @property
    def folder(self):
        """The name as a folder's."""
        return re.sub(r"[^A-Za-z0-9._=+-]+", "-", self.name)


def _recipe(options, architecture, approach, variant, demo):
    recipe = get_recipe(
        variant.recipe,
        approach,
        numerics=options.numerics if variant.recipe == options.recipe else None,  # another recipe brings its own
        max_epochs=options.epochs or (demo and demo.epochs[approach]),
        batch_size=options.batch_size,
        resize=options.resize,
    )
    settings = read_assignments(options.set) | variant.settings
    recipe = recipe.changed(settings)
    bundled = _weights(options, approach) == "bundled" and architecture == "resnet50"
    if bundled and "numerics.resnet50" not in settings:
        recipe = recipe.changed({"numerics.resnet50": BUNDLED_GRAPH})
    recipe.make_optimizer()  # does it take these arguments?
    return recipe


def _weights(options, approach):
    chosen = options.weights or ("bundled" if options.data is None else "imagenet")
    return "none" if approach == "scratch" else chosen


def _spec(options, experiment, architecture, seed, variant, recipe, demo):
    backbone = get_backbone(architecture)
    size = options.image_size or (demo.size if demo else backbone.input_size)
    check_size(backbone, size)
    start = _weights(options, recipe.approach)
    weights_fingerprint(architecture, start)  # is there such a file?
    path = Path(options.output, experiment, options.challenge, architecture, recipe.approach, variant.folder)
    folder = RunFolder(path / f"seed-{seed}")
    return RunSpec(options.challenge, architecture, recipe, start, size, seed, folder, variant.name)


def _pairs(options, demo):
    """Architectures and approaches; by default those of the thesis, which trains only InceptionV3 from scratch."""
    architectures = options.architecture or (["resnet50"] if demo else list(BACKBONES))
    for architecture in dict.fromkeys(architectures):
        for approach in dict.fromkeys(options.approach or APPROACH_TITLES):
            chosen = demo or options.architecture or options.approach
            if chosen or approach != "scratch" or architecture == "inception_v3":
                yield architecture, approach


def runs_to_do(specs, data, options):
    """Those runs that are not complete yet, or all with --force.

    Raises InputError for an unfinished run without --resume, and for one made with other settings.
    """
    to_do = []
    for spec in specs:
        if not options.force:
            spec.check_same(data)
            if spec.folder.is_complete:
                continue
            if spec.folder.is_started and not options.resume:
                raise InputError(f"{spec.folder.path} is unfinished; --resume continues it, --force starts it anew")
        to_do.append(spec)
    return to_do


def _difference(old, new, name=""):
    """The first difference between two nested dicts in words, or an empty string."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = (_difference(old.get(key), new.get(key), f"{name}.{key}".strip(".")) for key in {**new, **old})
        return next(filter(None, found), "")
    return "" if old == new else f"{name} was {old}, now {new}"
