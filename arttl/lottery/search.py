"""Finding tickets on one data set: a SearchStudy, and the table of its results."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.markdown import markdown_table
from arttl.base.saying import say
from arttl.lottery.networks import NETWORKS
from arttl.lottery.search_runs import SearchSpec, run_search, search_run
from arttl.lottery.study import LotteryStudy
from arttl.pruning import SearchSettings
from arttl.sweeps import do_runs

FOLDER = "ch2/tickets"
DEMO = {"rounds": 3, "epochs": 2, "rewind": 1}
"""What a search on bundled data is content with, so that it ends within minutes on two cores."""

SEARCH_OPTIONS = ("rate", "rounds", "rewind", "rewind_unit", "scope", "criterion", "reset", "schedule_from", "on_dead")


@dataclass(frozen=True)
class SearchStudy(LotteryStudy):
    """Searches for tickets of one network on one data set, one a seed.

    Attributes:
        protocol: dict of SearchSettings of the preset "thesis", where they are not that preset's own.
        search: dict of SearchSettings, for every preset.
        fraction: share of the training images.
        folder: of the experiment, below the sweep's output.

    The others are those of LotteryStudy.

    Example:
        >>> study = SearchStudy("cifar10", SourceSettings("cifar-10-python.tar.gz"), seeds=(1, 2, 3, 4))
        >>> study.do(search)
        >>> print(study.results())
    """

    protocol: dict = field(default_factory=dict)
    search: dict = field(default_factory=dict)
    fraction: float = 1.0
    folder: str = FOLDER
    demo: dict = field(default_factory=lambda: DEMO)

    @classmethod
    def from_options(cls, options, name=None, **given):
        """What a script was asked for.

        Arguments:
            options: the namespace of arttl.cli.ticket_parsers.search_parser.
            name: of the data set; None for --source.
            **given: attributes in the place of the options'.
        """
        asked = {each: getattr(options, each) for each in SEARCH_OPTIONS}
        search = given.pop("search", {}) | {each: value for each, value in asked.items() if value is not None}
        search |= {each: True for each in ("keep_initial", "keep_final") if getattr(options, each)}
        fraction = given.pop("fraction", options.fraction or 1.0)
        return super().from_options(options, name or options.source, search=search, fraction=fraction, **given)

    def search_settings(self):
        """The SearchSettings: the preset's, what the demonstration shortens, and what the study sets."""
        _, preset = self.chosen.settings(self.network)
        preset = preset | (self.protocol if self.is_thesis else {})
        shorter = {name: self.shortened[name] for name in ("rounds", "rewind") if name in self.shortened}
        shorter = {name: value for name, value in shorter.items() if preset.get(name) != 0}
        if self.search.get("scope") == "global":  # which has one rate for all
            preset.pop("rates", None)
        return SearchSettings(**self.kind.search | preset | shorter | self.search)

    def runs(self):
        """The searches, as SearchSpecs.

        Raises InputError for an impossible combination, before anything is computed.
        """
        size, recipe, search = self.size(), self.recipe(), self.search_settings()
        if search.reset == "theta_k" and search.rewind_unit == "epochs" and search.rewind > recipe.max_epochs:
            raise InputError(
                f"training ends at epoch {recipe.max_epochs}, before epoch {search.rewind}, after which θ_k is kept; "
                "give a lower rewind=, or more epochs="
            )
        base = Path(self.sweep.output, self.folder)
        return [
            SearchSpec(
                self.dataset,
                self.network,
                recipe,
                search,
                size,
                seed,
                self.fraction,
                search_run(base, self.dataset, self.network, self.fraction, seed),
                self.computing,
                self.batchnorm,
            )
            for seed in self.seeds
        ]

    def announce(self):
        """Say what is shortened where the data is the package's own."""
        if not self.data.is_bundled:
            return
        recipe, search = self.recipe(), self.search_settings()
        late = f", reset to θ_k, the weights after epoch {search.rewind}" if search.reset == "theta_k" else ""
        say(
            f"No data= given: using the bundled data set {self.dataset}, rounds 0 to {search.rounds} of at most "
            f"{recipe.max_epochs} epochs in batches of {recipe.batch_size} "
            f"at a learning rate of {recipe.optimizer['learning_rate']:g}{late}.\n"
            "With data=PATH the study's own settings are used (rounds 0 to 30, each until early stopping)."
        )

    def do(self, method, specs=None):
        """Do the searches that are not done yet, and print their table; in a dry run only list them.

        Arguments:
            method: a function of an arttl.runs.engine.Run, the Trainee and the TrainingData that returns the Tickets,
                as `search` in experiments/ch2_find_tickets.py.
            specs: SearchSpecs of the same data, in the place of `runs`.

        Raises InputError and RunsFailed as arttl.sweeps.do_parts.
        """
        specs = specs or self.runs()
        self.announce()
        do_runs(
            specs,
            self.open(),
            self.sweep,
            partial(run_search, method=method),
            prepare=self.computing.tell,
            opening=self.open,
            report=lambda: print(searches_table([spec.folder for spec in specs])),
        )

    def results(self):
        """A Markdown table of the searches that are done."""
        return searches_table([spec.folder for spec in self.runs()])


def searches_table(folders):
    """A Markdown table with a row for each search: the unpruned network and the best tickets."""
    columns = ["network", "source", "seed", "rounds", "unpruned", "best by validation", "best by test", "time"]
    return markdown_table(columns, [_row(folder) for folder in folders if folder.is_complete])


def _row(folder):
    settings, metrics = folder.read_config()["settings"], folder.metrics()
    rounds = pd.read_csv(folder.path / "rounds.csv").set_index("round")

    def shown(number):
        if number is None:
            return ""
        row = rounds.loc[number]
        return f"{row.test_accuracy:.1%} ({row.sparsity:.1%} pruned)"

    best = shown(metrics["best_round_validation"]), shown(metrics["best_round"])
    name = settings["source"] + (f", {settings['fraction']:.0%}" if settings["fraction"] < 1 else "")
    return [
        NETWORKS[settings["network"]].title,
        name,
        str(settings["seed"]),
        str(metrics["rounds"]),
        f"{rounds.test_accuracy[0]:.1%}",
        *best,
        f"{metrics['seconds']:.0f} s",
    ]
