"""Finding tickets on one data set: what experiments/ch2_find_tickets.py does."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from arttl.chapter2.deviations import search_deviations
from arttl.chapter2.networks import NETWORKS, Trainees, get_network
from arttl.chapter2.opening import check_data_options, dataset_name, is_natural, open_data
from arttl.computing import USUAL, Computing
from arttl.errors import InputError
from arttl.files import write_json
from arttl.overrides import read_assignments
from arttl.pruning import SearchSettings, find_tickets
from arttl.recipes import Recipe, tickets
from arttl.reports.markdown import markdown_table
from arttl.results import best_rounds
from arttl.runs import RunFolder
from arttl.sweeps import do_runs
from arttl.tracking import Tracking
from arttl.training import backend_name, make_deterministic, set_product_precision

FOLDER = "ch2/tickets"
DEMO = {"rounds": 3, "epochs": 2}
"""What a search without --data is content with, so that it ends within minutes on two cores."""


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

    @property
    def title(self):
        """The search in words."""
        part = f", {self.fraction:.0%} of the training set" if self.fraction < 1 else ""
        return f"{NETWORKS[self.network].title} on {self.source}{part}, seed {self.seed}, {self.search.rounds} rounds"

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
        }


def run_searches(options):
    """Do what a script was asked for: plan, search, and print the table of results.

    Arguments:
        options: the namespace of arttl.ticket_parsers.search_parser.
    """
    specs = plan_searches(options)
    opening = partial(open_data, specs[0].source, options, specs[0].size, specs[0].recipe)
    data, run, folders = opening(), partial(run_search, trainees=Trainees()), [spec.folder for spec in specs]
    do_runs(specs, data, options, run, opening=opening, report=lambda: print(searches_table(folders)))


def plan_searches(options, folder=FOLDER, demo=DEMO):
    """The searches that the options ask for, as SearchSpecs; says so where the options leave it to the demonstration.

    Arguments:
        options: the namespace of arttl.ticket_parsers.search_parser.
        folder: of the experiment, below --output.
        demo: what a search without --data is content with.

    Raises InputError for an impossible combination, before anything is computed.
    """
    source = dataset_name(options.source)
    check_data_options(source, options)
    name, network = get_network(options.network)
    size = image_size(options, network, source)
    recipe = search_recipe(options, network, demo)
    demo = demo if options.data is None else {}
    search = search_settings(options, network, demo)
    if demo:
        print(
            f"No --data given: using the bundled data set {source}, {search.rounds} rounds of at most "
            f"{recipe.max_epochs} epochs in batches of {recipe.batch_size}.\n"
            "With --data PATH the study's own settings are used (31 rounds until early stopping).",
            flush=True,
        )
    fraction = options.fraction or 1.0
    base, computing = Path(options.output, folder), Computing.asked(options)
    folders = {seed: search_run(base, source, name, fraction, seed) for seed in dict.fromkeys(options.seed)}
    return [
        SearchSpec(source, name, recipe, search, size, seed, fraction, each, computing)
        for seed, each in folders.items()
    ]


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


def image_size(options, network, name):
    """Side of the images that the options ask for, or None for the data set's own.

    Arguments:
        options: a namespace with image_size and data.
        network: a Network.
        name: of the data set.

    Raises InputError where it is smaller than the network takes.
    """
    usual = network.natural_size if is_natural(name) or options.data is None else network.size
    size = options.image_size or usual
    if size is not None and size < network.least:
        raise InputError(f"--image-size {size} is too small for {network.title}; it takes {network.least} and more")
    return size


def search_recipe(options, network, demo):
    """The Recipe of the options: the study's, what differs for a network, and what the user has set.

    Arguments:
        options: a namespace with data, epochs, batch_size, resize and set.
        network: a Network.
        demo: what a run without --data is content with, such as DEMO.
    """
    demo = network.demo | demo if options.data is None else {}
    recipe = tickets().changed(network.recipe)
    given = {
        "max_epochs": options.epochs or demo.get("epochs"),
        "batch_size": options.batch_size or demo.get("batch_size"),
        "resize": options.resize,
    }
    recipe = recipe.changed({name: value for name, value in given.items() if value is not None})
    recipe = recipe.changed(read_assignments(options.set))
    recipe.make_optimizer()  # does it take these arguments?
    return recipe


def search_settings(options, network, demo):
    """The SearchSettings of the options."""
    given = {name: getattr(options, name) for name in ("rate", "rounds", "rewind", "rewind_unit", "scope", "reset")}
    given["rounds"] = given["rounds"] or demo.get("rounds")
    kept = {"keep_initial": options.keep_initial, "keep_final": options.keep_final}
    return SearchSettings(**network.search, **kept, **{name: v for name, v in given.items() if v is not None})


def run_search(spec, data, force, trainees):
    """Do one search by its SearchSpec, going on where its folder's checkpoint stands.

    Arguments:
        spec: the SearchSpec.
        data: the TrainingData, all of it.
        force: make it anew, whatever its folder holds.
        trainees: Trainees.

    Returns the content of metrics.json, which is written last.

    Raises InputError when the folder holds a search of other settings, or another process is at work in it.
    """
    with spec.folder.locked() as folder:
        settings = spec.settings(data)
        metrics = folder.finished(settings, force)
        if metrics is not None:
            return metrics
        make_deterministic(spec.seed)
        set_product_precision(faithful=not spec.recipe.numerics.is_today)
        at_once = 1 if spec.search.rewind_unit == "steps" else None  # each step must be seen
        trainee = trainees.get(
            spec.network,
            data.num_classes,
            data.shape,
            spec.recipe,
            spec.computing,
            executed_at_once=at_once,
        )
        with spec.computing.applied():
            part = data.fraction(spec.fraction, spec.seed)
            folder.begin(trainee.config(settings, part, search_deviations(spec, data)), force)
            trainee.start(trainee.draw(spec.seed))
            batch, recipe = spec.recipe.batch_size, spec.recipe
            drop = {"drop_remainder": recipe.drop_remainder}
            with Tracking(spec.computing.track, folder) as tracking:
                tell_former_rounds(tracking, folder)
                found = find_tickets(
                    trainee.model,
                    recipe,
                    part.batches("train", batch, spec.seed if recipe.shuffle else None, **drop),
                    part.batches("validation", batch, **drop),
                    folder.path,
                    spec.search,
                    test=part.batches("test", batch * trainee.network.executed_at_once),
                    seed=spec.seed,
                    draw=trainee.draw,
                    metadata={"settings": settings},
                    log=folder.log,
                    report=partial(tell_round, tracking, folder),
                )
                metrics = search_metrics(folder, found)
                write_json(folder.path / "metrics.json", metrics)
                tracking.finish(metrics)
    return metrics


def tell_former_rounds(tracking, folder):
    """Show what a search to be continued has: a tracker may not have been there, or not have answered.

    Arguments:
        tracking: a Tracking.
        folder: the RunFolder.
    """
    if (folder.path / "history.csv").exists():
        for number, rows in folder.history().groupby("round"):
            tracking.tell(rows.drop(columns="round").to_dict("records"), where=f"round-{number:02d}")


def tell_round(tracking, folder, number, progress):
    """Show a round's epochs so far, and the rounds that are complete.

    Arguments:
        tracking: a Tracking.
        folder: the RunFolder.
        number: the round.
        progress: an arttl.training.Progress.
    """
    tracking.tell(progress.history, where=f"round-{number:02d}")
    path = folder.path / "rounds.csv"
    if path.exists():
        tracking.tell(pd.read_csv(path).to_dict("records"), "round", "rounds")


def search_metrics(folder, found):
    """The content of metrics.json: the best tickets, the unpruned network not among them, and the times of all.

    Arguments:
        folder: the RunFolder, with its rounds.csv.
        found: the Tickets.
    """
    rounds = pd.read_csv(folder.path / "rounds.csv")
    best, chosen = best_rounds(rounds)
    return {
        "rounds": found.rounds,
        "best_round": int(best["round"]),
        "best_round_validation": int(chosen["round"]),
        **{name: float(chosen[name]) for name in ("test_accuracy", "test_accuracy_low", "test_accuracy_high")},
        "training_seconds": round(float(rounds.training_seconds.sum()), 3),
        "seconds": round(float(rounds.seconds.sum()), 3),
    }


def searches_table(folders):
    """A Markdown table with a row for each search: the unpruned network and the best tickets."""
    columns = ["network", "source", "seed", "rounds", "unpruned", "best by validation", "best by test", "time"]
    return markdown_table(columns, [_row(folder) for folder in folders if folder.is_complete])


def _row(folder):
    settings, metrics = folder.read_config()["settings"], folder.metrics()
    rounds = pd.read_csv(folder.path / "rounds.csv").set_index("round")

    def shown(number):
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
