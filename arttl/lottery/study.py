"""Chapter 2's studies: which network is trained on which data set and how, decided once; the runs follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from arttl.base.errors import InputError
from arttl.base.typed import typed
from arttl.lottery.batchnorm import AS_STUDIED, BatchNorm
from arttl.lottery.explain import explain_runs
from arttl.lottery.networks import get_network
from arttl.lottery.opening import (
    SourceSettings,
    check_bundled,
    data_settings,
    dataset_name,
    is_natural,
    open_collection,
    open_source,
)
from arttl.lottery.presets import PRESETS, THESIS
from arttl.recipes.overrides import read_assignments
from arttl.sweeps import Sweep
from arttl.training.computing import USUAL, Computing
from arttl.transfer.data import DataSettings


@dataclass(frozen=True)
class LotteryStudy:
    """What every study of Chapter 2 decides.

    Attributes:
        dataset: the data set's name, as arttl.lottery.opening.dataset_name gives it.
        data: its SourceSettings or DataSettings.
        challenge: of a collection.
        network: of arttl.lottery.networks.NETWORKS.
        preset: of arttl.lottery.presets.PRESETS; None for the network's own study.
        settings: dict of the recipe of the preset "thesis", where they are not that preset's own.
        changes: dict of single settings, as of Recipe.changed, for every preset.
        epochs, batch_size, resize: of the recipe; None leaves them as they are.
        image_size: side in pixels; None for the data set's and network's usual one.
        seeds: one run for each.
        batchnorm: a BatchNorm.
        computing: a Computing.
        sweep: a Sweep.
        demo: dict of what runs on bundled data are content with besides what the network is: "epochs", "rounds",
            "rewind".
    """

    dataset: str = "fashion_mnist"
    data: SourceSettings | DataSettings = field(default_factory=SourceSettings)
    challenge: str = "type"
    network: str = "resnet50"
    preset: str | None = None
    settings: dict = field(default_factory=dict)
    changes: dict = field(default_factory=dict)
    epochs: int | None = None
    batch_size: int | None = None
    resize: str | None = None
    image_size: int | None = None
    seeds: tuple = (42,)
    batchnorm: BatchNorm = AS_STUDIED
    computing: Computing = USUAL
    sweep: Sweep = field(default_factory=Sweep)
    demo: dict = field(default_factory=dict)

    @classmethod
    def from_options(cls, options, name, **given):
        """What a script was asked for.

        Arguments:
            options: the namespace of a parser of arttl.cli.ticket_parsers.
            name: of the data set, as the options have it.
            **given: attributes in the place of the options'.

        Raises InputError for options that do not go together.
        """
        dataset, (network, _) = dataset_name(name), get_network(options.network)
        data = data_settings(dataset, options)
        check_bundled(dataset, data)
        return typed(
            cls,
            options,
            **{
                "dataset": dataset,
                "data": data,
                "network": network,
                "preset": options.recipe,
                "changes": read_assignments(options.set),
                "seeds": tuple(dict.fromkeys(options.seed)),
                "batchnorm": BatchNorm(options.bn_momentum, options.bn_recalibrate),
                "computing": Computing.asked(options),
                "sweep": typed(Sweep, options),
            }
            | given,
        )

    @property
    def kind(self):
        """The Network."""
        return get_network(self.network)[1]

    @property
    def chosen(self):
        """The Preset."""
        return PRESETS[self.preset or self.kind.study]

    @property
    def is_thesis(self):
        """Whether the preset is that of the thesis."""
        return (self.preset or self.kind.study) == THESIS

    @property
    def shortened(self):
        """What is shortened on bundled data: a dict, empty elsewhere."""
        return self.demo if self.data.is_bundled else {}

    def recipe(self):
        """The Recipe: the preset's, and what the study sets.

        Raises InputError for a setting that does not go.
        """
        if not (self.kind.has_batchnorm or self.batchnorm.is_the_studys):
            raise InputError(f"{self.kind.title} has no BatchNormalization; leave bn_momentum and bn_recalibrate out")
        demo = self.kind.demo | self.shortened if self.data.is_bundled else {}
        recipe, _ = self.chosen.settings(self.network)
        if self.is_thesis:
            recipe = recipe.changed(self.settings)
        given = {
            "max_epochs": self.epochs or demo.get("epochs"),
            "batch_size": self.batch_size or demo.get("batch_size"),
            "optimizer.learning_rate": demo.get("learning_rate"),
            "resize": self.resize,
        }
        recipe = recipe.changed({name: value for name, value in given.items() if value is not None})
        recipe = recipe.changed(self.data.changes | self.changes)
        recipe.make_optimizer()  # does it take these arguments?
        return recipe

    def size(self):
        """Side of the images in pixels, or None for the data set's own.

        Raises InputError where it is smaller than the network takes.
        """
        network = self.kind
        small = is_natural(self.dataset) or self.data.is_bundled
        size = self.image_size or (network.natural_size if small else network.size)
        if size is not None and size < network.least:
            raise InputError(f"image_size {size} is too small for {network.title}; it takes {network.least} and more")
        return size

    def open(self):
        """The data set as TrainingData; says what it is."""
        size, recipe = self.size(), self.recipe()
        if is_natural(self.dataset):
            return open_source(self.dataset, self.data, self.kind, size, recipe)
        self.sweep.make_output()
        return open_collection(self.dataset, self.data, self.challenge, size, recipe, save=not self.sweep.dry_run)

    def explain(self):
        """A Markdown table of every setting beside what its sources say."""
        return explain_runs(self.runs())
