"""One search for tickets: what it is, its run folder, and doing it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from arttl.base.files import write_json, write_table
from arttl.lottery.batchnorm import AS_STUDIED, BatchNorm
from arttl.lottery.deviations import search_deviations
from arttl.lottery.networks import NETWORKS, begun, work_of
from arttl.pruning import SearchSettings
from arttl.pruning.liveness import DEAD
from arttl.recipes import Recipe
from arttl.runs import RunFolder
from arttl.runs.engine import do_run
from arttl.runs.results import best_rounds
from arttl.training import backend_name
from arttl.training.computing import USUAL, Computing


@dataclass(frozen=True)
class SearchSpec:
    """One search to do.

    Attributes:
        source: name of the data set.
        network: of NETWORKS.
        recipe: how each round is trained.
        search: SearchSettings.
        size: side of the images in pixels; None for the source's own.
        seed: of the initial weights and the order of the data.
        fraction: share of the training images.
        folder: the RunFolder.
        computing: a Computing.
        batchnorm: a BatchNorm.
    """

    source: str
    network: str
    recipe: Recipe
    search: SearchSettings
    size: int | None
    seed: int
    fraction: float
    folder: RunFolder
    computing: Computing = USUAL
    batchnorm: BatchNorm = AS_STUDIED

    @property
    def title(self):
        """The search in words."""
        part = f", {self.fraction:.0%} of the training set" if self.fraction < 1 else ""
        rounds = f"rounds 0 to {self.search.rounds}"
        return f"{NETWORKS[self.network].title} on {self.source}{part}, seed {self.seed}, {rounds}"

    def work(self, sizes):
        """The Work of it.

        Arguments:
            sizes: the DataSize of the data, all of it.
        """
        part = replace(sizes, train=round(self.fraction * sizes.train))
        return work_of(self, part, trainings=self.search.rounds + 1, keep_final=self.search.keep_final)

    def settings(self, data):
        """Everything that decides the result, for config.json and to tell one search from another.

        Arguments:
            data: the TrainingData, all of it.
        """
        return {
            "kind": "search",
            "source": self.source,
            "data": data.settings,
            "classes": data.num_classes,
            "network": self.network,
            "image_size": data.shape[0],
            "seed": self.seed,
            "fraction": self.fraction,
            "search": asdict(self.search),
            "recipe": self.recipe.settings(),
            "backend": backend_name(),
            **self.computing.settings,
            # Not named otherwise, since searches of earlier versions had no choice.
            **({} if self.batchnorm.is_the_studys else {"batchnorm": self.batchnorm.settings}),
        }


def search_run(base, source, network, fraction, seed):
    """The RunFolder of a search.

    Arguments:
        base: folder of all searches.
        source: name of the data set.
        network: of NETWORKS.
        fraction: share of the training images.
        seed: the seed.
    """
    variant = f"fraction-{100 * fraction:g}" if fraction < 1 else ""
    return RunFolder(Path(base, source, network, variant, f"seed-{seed}"))


def run_search(spec, data, force=False, *, method):
    """Do one search by its SearchSpec, going on where its folder's checkpoint stands.

    Arguments:
        spec: the SearchSpec.
        data: the TrainingData, all of it.
        force: make it anew, whatever its folder holds.
        method: a function of an arttl.runs.engine.Run, the Trainee and the TrainingData that returns the Tickets.

    Returns the content of metrics.json, which is written last.

    Raises InputError when the folder holds a search of other settings, or another process is at work in it.
    """
    return do_run(spec, data, partial(_searched, method), force)


def _searched(method, run):
    spec, data, folder = run.spec, run.data, run.folder
    at_once = 1 if spec.search.rewind_unit == "steps" else None  # each step must be seen
    trainee = begun(spec, data, executed_at_once=at_once, batchnorm_momentum=spec.batchnorm.momentum)
    with spec.computing.applied():
        part = data.fraction(spec.fraction, spec.seed)
        folder.begin(trainee.config(run.settings, part, search_deviations(spec, data)), run.force)
        if part.table is not None:
            write_table(folder.path / "images.csv", part.table)
        with run.tracked() as tracking:
            tell_former_rounds(tracking, folder)
            metrics = search_metrics(folder, method(run, trainee, part))
            write_json(folder.path / "metrics.json", metrics)
            tracking.finish(metrics)
    return metrics


def tell_former_rounds(tracking, folder):
    """Show what a search to be continued has: a tracker may not have been there, or not have answered.

    Arguments:
        tracking: a Tracking.
        folder: the RunFolder.
    """
    path = folder.path / "rounds.csv"
    if path.exists():
        complete = pd.read_csv(path)["round"]  # of another one the last epochs may not be kept
        for number, rows in folder.history().groupby("round"):
            if number in complete.values:
                tracking.tell(rows.drop(columns="round").to_dict("records"), where=f"round-{number:02d}")


def search_metrics(folder, found):
    """The content of metrics.json: the best tickets, the unpruned network not among them, and the times of all.

    Of a search without tickets (rounds=0) the accuracy is that of the unpruned network.

    Arguments:
        folder: the RunFolder, with its rounds.csv.
        found: the Tickets.
    """
    rounds = pd.read_csv(folder.path / "rounds.csv")
    best, chosen = best_rounds(rounds)
    measured = rounds.iloc[0] if chosen is None else chosen
    dead = rounds["round"][rounds.features == DEAD]
    return {
        "rounds": found.rounds,
        "best_round": None if best is None else int(best["round"]),
        "best_round_validation": None if chosen is None else int(chosen["round"]),
        **{name: float(measured[name]) for name in ("test_accuracy", "test_accuracy_low", "test_accuracy_high")},
        "dead_from_round": int(dead.min()) if len(dead) else None,
        "training_seconds": round(float(rounds.training_seconds.sum()), 3),
        "seconds": round(float(rounds.seconds.sum()), 3),
    }
