"""Chapter 1's studies: which networks are trained on which images and how, decided once; the runs follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.saying import say
from arttl.base.typed import typed
from arttl.base.wording import shown
from arttl.collections import reading_options
from arttl.models import check_weights, get_backbone
from arttl.recipes import APPROACHES
from arttl.recipes.overrides import read_assignments
from arttl.reports.explain import explain
from arttl.reports.summary import summary_table
from arttl.runs.leaks import check_weights_unseen
from arttl.sweeps import Part, Sweep, do_parts
from arttl.training.computing import USUAL, Computing
from arttl.transfer.data import DataSettings
from arttl.transfer.places import runs_root
from arttl.transfer.plan import DEMO, NETWORKS, Demo, Variant, check_settings, plan_run
from arttl.transfer.run import run_one


def one_variant(study, approach):
    """The Variants of a study that compares nothing: its own recipe."""
    return [Variant("", study.recipe, {})]


@dataclass(frozen=True)
class TransferStudy:
    """One experiment on one challenge of one collection.

    Attributes:
        experiment: its folder below the sweep's output, such as "ch1/rijks".
        challenge: "material", "type" or "artist", or another one of the collection.
        data: a DataSettings.
        networks: of arttl.models.BACKBONES, as get_backbone finds them; without any those of the thesis (NETWORKS), or
            of the demonstration.
        approaches: of arttl.recipes.APPROACHES; without any all that the thesis has for each network.
        from_scratch: the networks that are trained from scratch where no approaches are named.
        seeds: one run for each.
        recipe: name of a preset of arttl.recipes.
        settings: dict of an approach to the settings of the recipe "thesis", where they are not that preset's own.
        changes: dict of single settings, as of Recipe.changed, for every approach and recipe.
        numerics, epochs, batch_size, resize, class_weights: of the recipe; None leaves them as they are.
        weights: of NAMED_WEIGHTS, or a file; None is ImageNet's, or without a collection the bundled ones.
        image_size: side in pixels; None for each network's own, or the demonstration's.
        variants: a function of the study and an approach that gives the Variants to compare.
        computing: a Computing.
        sweep: a Sweep.
        demo: the Demo that is run on a bundled collection.

    Raises InputError for a network that there is not.

    Example:
        >>> data = DataSettings(Reading("rijks2014"))
        >>> study = TransferStudy("ch1/rijks", "type", data, networks=("resnet50",), approaches=("fine-tuning",))
        >>> study.do(network, train_and_test)
        >>> print(study.results())
    """

    experiment: str
    challenge: str
    data: DataSettings = field(default_factory=DataSettings)
    networks: tuple = ()
    approaches: tuple = ()
    from_scratch: tuple = ("inception_v3",)
    seeds: tuple = (42,)
    recipe: str = "thesis"
    settings: dict = field(default_factory=dict)
    changes: dict = field(default_factory=dict)
    numerics: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    resize: str | None = None
    class_weights: str | None = None
    weights: str | None = None
    image_size: int | None = None
    variants: Callable = one_variant
    computing: Computing = USUAL
    sweep: Sweep = field(default_factory=Sweep)
    demo: Demo = DEMO

    def __post_init__(self):
        names = (get_backbone(name).name for name in self.networks)
        object.__setattr__(self, "networks", tuple(dict.fromkeys(names)))  # the record is frozen

    @classmethod
    def from_options(cls, options, experiment, demo=DEMO, **given):
        """What a script was asked for.

        Arguments:
            options: the namespace of a parser of arttl.cli.parsers.
            experiment: folder of the experiment below --output, such as "ch1/rijks".
            demo: the Demo to run without --data.
            **given: attributes in the place of the options'; of `networks` and `approaches` the options' come first.

        Raises InputError for options that do not go together.
        """
        without_data = options.data is None and next(iter(reading_options(options)), None)
        if without_data:
            raise InputError(f"{without_data}= goes with data=DIR; add the folder of images")
        asked = {"networks": options.architecture, "approaches": options.approach}
        asked = {name: tuple(dict.fromkeys(value)) for name, value in asked.items() if value}
        if options.data is None:
            given = {name: value for name, value in given.items() if name != "networks"}
        return typed(
            cls,
            options,
            **{
                "experiment": experiment,
                "data": DataSettings.from_options(options, demo.collection),
                "seeds": tuple(dict.fromkeys(options.seed)),
                "changes": read_assignments(options.set),
                "computing": Computing.asked(options),
                "sweep": typed(Sweep, options),
                "demo": demo,
            }
            | given
            | asked,
        )

    def runs(self):
        """The runs, as RunSpecs, in the order in which they will be done.

        Raises InputError for an impossible combination, before anything is computed.
        """
        check_settings(self.settings)
        return [
            spec
            for seed in self.seeds
            for architecture, approach in self.pairs()
            for spec in distinct(
                plan_run(self, architecture, approach, seed, each) for each in self.variants(self, approach)
            )
        ]

    @property
    def chosen_networks(self):
        """The networks that were named, else those of the thesis, or of the demonstration."""
        return self.networks or (("resnet50",) if self.data.is_bundled else NETWORKS)

    def pairs(self):
        """Pairs of a network and an approach; without approaches named, those of the thesis."""
        demo = self.data.is_bundled
        for architecture in self.chosen_networks:
            for approach in self.approaches or APPROACHES:
                if demo or self.approaches or approach != "scratch" or architecture in self.from_scratch:
                    yield architecture, approach

    def do(self, network, method, report=None):
        """Do the runs that are not done yet; in a dry run only list them.

        Arguments:
            network: a function of a RunSpec and the number of classes that gives the keras.Model to train.
            method: a function of an arttl.runs.engine.Run, the model and the TrainingData, as
                arttl.transfer.method.train_and_test, that trains and tests.
            report: a function of the RunSpecs, called after the last run; None prints `results`.

        Raises InputError for what cannot be done, and for weights of a run that has seen test images of this
        collection; RunsFailed as arttl.sweeps.do_parts.
        """
        specs = self.runs()
        for note in dict.fromkeys(note for spec in specs for note in spec.notes):
            say(note)
        make = partial(run_one, network=network, method=method)
        collection, parts = self.open(), []
        for preset in dict.fromkeys(spec.recipe.split for spec in specs):
            chosen = [spec for spec in specs if spec.recipe.split == preset]
            data = self.divided(collection, preset)
            check_sources(chosen, data)
            to_do = [spec for spec in chosen if self.sweep.force or not spec.folder.is_complete]
            data.expect([(spec.image_size, spec.recipe) for spec in to_do])
            parts.append(Part(chosen, data, make, partial(self.opened, preset)))
        report = report or (lambda specs: print(self.results(specs)))
        do_parts(parts, self.sweep, self.prepare, lambda: report(specs))

    def prepare(self, specs):
        """Say by what runs are computed, once their weights can be had; errors as of `check_all_weights`.

        Arguments:
            specs: RunSpecs to be done.
        """
        check_all_weights(specs)
        self.computing.tell(specs)

    def results(self, specs=None):
        """A Markdown table of the runs that are done.

        Arguments:
            specs: the RunSpecs; by default all of the study.
        """
        return summary_table([spec.folder for spec in specs or self.runs()])

    def explain(self):
        """A Markdown table of every setting beside the studies' for each recipe."""
        return explain([spec.recipe for spec in self.runs()])

    def open(self):
        """The collection; says what it is, and so when it is the bundled one."""
        if self.data.is_bundled:
            weights = f"weights={self.weights}" if self.weights else "the bundled ResNet50, taught on photographs"
            epochs = ", ".join(f"{name} {self.epochs or most}" for name, most in self.demo.epochs.items())
            say(
                f"No data= given: using the bundled collection {self.data.bundled} and {weights}, at "
                f"{self.image_size or self.demo.size} pixels,\nwith few epochs at most ({epochs}). "
                "With data=DIR the studies' own settings are used."
            )
        collection = self.data.open(self.challenge)
        images = len(collection.labels(self.challenge))
        print(
            f"collection: {shown(collection.name)}, {images} images with a label for {self.challenge}",
            flush=True,
        )
        for note in collection.notes:
            say(f"  {note}")
        return collection

    def divided(self, collection, preset):
        """The CollectionData of the collection under a preset of arttl.splits; says what the split is."""
        self.sweep.make_output()
        return self.data.divided(collection, self.challenge, preset, save=not self.sweep.dry_run)

    def opened(self, preset):
        """The CollectionData under a preset of arttl.splits, as another process opens it."""
        return self.divided(self.open(), preset)

    @property
    def root(self):
        """The folder in which that of the challenge is, as of arttl.transfer.places.runs_root."""
        return runs_root(Path(self.sweep.output, self.experiment), self.challenge, self.data.name)

    @property
    def folder(self):
        """Where the study's run folders are."""
        return self.root / self.challenge


def distinct(specs):
    """The RunSpecs without those that are the first one under another name."""
    specs = list(specs)
    return [*specs[:1], *(each for each in specs[1:] if each.what != specs[0].what)]


def check_sources(specs, data):
    """Refuse weights of a run that has seen test images of the target; says where that cannot be known.

    Arguments:
        specs: RunSpecs.
        data: the CollectionData of the target.
    """
    images = data.image_table()
    there = (spec for spec in specs if all(run.is_complete for run in spec.requires))
    for weights in dict.fromkeys(spec.weights for spec in there):
        for line in check_weights_unseen(weights, images):
            say(line)


def check_all_weights(specs):
    """Raise InputError, before anything is trained, for weights that some run could not start from.

    Arguments:
        specs: RunSpecs.
    """
    for architecture, weights, numerics in dict.fromkeys(
        (spec.architecture, spec.weights, spec.recipe.numerics) for spec in specs
    ):
        check_weights(architecture, weights, numerics)
