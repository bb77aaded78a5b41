"""Finding tickets on one data set: what experiments/ch2_find_tickets.py does."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd

from arttl.chapter2.explain import explain_runs
from arttl.chapter2.networks import NETWORKS, get_network
from arttl.chapter2.opening import check_data_options, dataset_name, is_natural, open_data
from arttl.chapter2.presets import PRESETS
from arttl.chapter2.search_runs import SearchSpec, run_search, search_run
from arttl.computing import Computing
from arttl.errors import InputError
from arttl.overrides import asked_settings
from arttl.pruning import SearchSettings
from arttl.reports.markdown import markdown_table
from arttl.sweeps import do_runs

FOLDER = "ch2/tickets"
DEMO = {"rounds": 3, "epochs": 2, "rewind": 1}
"""What a search without --data is content with, so that it ends within minutes on two cores."""


def run_searches(options, specs=None):
    """Do what a script was asked for: plan, search, and print the table of results.

    Arguments:
        options: the namespace of arttl.ticket_parsers.search_parser.
        specs: SearchSpecs of one data set, instead of those that the options ask for.
    """
    specs = specs or plan_searches(options)
    if options.explain:
        print(explain_runs(specs))
        if not options.dry_run:
            return
    opening = partial(open_data, specs[0].source, options, specs[0].size, specs[0].recipe)
    folders = [spec.folder for spec in specs]
    do_runs(specs, opening(), options, run_search, opening=opening, report=lambda: print(searches_table(folders)))


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
    if search.reset == "theta_k" and search.rewind_unit == "epochs" and search.rewind > recipe.max_epochs:
        raise InputError(
            f"training ends at epoch {recipe.max_epochs}, before epoch {search.rewind}, after which θ_k is kept; "
            "give a lower --rewind, or more --epochs"
        )
    if demo and not options.explain:
        print(
            f"No --data given: using the bundled data set {source}, rounds 0 to {search.rounds} of at most "
            f"{recipe.max_epochs} epochs in batches of {recipe.batch_size} "
            f"at a learning rate of {recipe.optimizer['learning_rate']:g}{_late(search)}.\n"
            "With --data PATH the study's own settings are used (rounds 0 to 30, each until early stopping).",
            flush=True,
        )
    fraction = options.fraction or 1.0
    base, computing = Path(options.output, folder), Computing.asked(options)
    folders = {seed: search_run(base, source, name, fraction, seed) for seed in dict.fromkeys(options.seed)}
    return [
        SearchSpec(source, name, recipe, search, size, seed, fraction, each, computing)
        for seed, each in folders.items()
    ]


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


def _late(search):
    return f", reset to θ after epoch {search.rewind}" if search.reset == "theta_k" else ""


def chosen_preset(options, network):
    """The Preset that --recipe names; without it the network's own study."""
    return PRESETS[options.recipe or network.study]


def search_recipe(options, network, demo):
    """The Recipe of the options: the preset's, and what the user has set.

    Arguments:
        options: a namespace with recipe, data, epochs, batch_size, resize and set.
        network: a Network.
        demo: what a run without --data is content with, such as DEMO.
    """
    demo = network.demo | demo if options.data is None else {}
    recipe, _ = chosen_preset(options, network).settings(network.name)
    given = {
        "max_epochs": options.epochs or demo.get("epochs"),
        "batch_size": options.batch_size or demo.get("batch_size"),
        "optimizer.learning_rate": demo.get("learning_rate"),
        "resize": options.resize,
    }
    recipe = recipe.changed({name: value for name, value in given.items() if value is not None})
    recipe = recipe.changed(asked_settings(options))
    recipe.make_optimizer()  # does it take these arguments?
    return recipe


SEARCH_OPTIONS = ("rate", "rounds", "rewind", "rewind_unit", "scope", "criterion", "reset", "schedule_from", "on_dead")


def search_settings(options, network, demo):
    """The SearchSettings of the options: the preset's, what the demonstration shortens, and what the user has set."""
    _, preset = chosen_preset(options, network).settings(network.name)
    given = {name: getattr(options, name) for name in SEARCH_OPTIONS}
    shorter = {name: demo[name] for name in ("rounds", "rewind") if name in demo and preset.get(name) != 0}
    kept = {"keep_initial": options.keep_initial, "keep_final": options.keep_final}
    given = {name: value for name, value in given.items() if value is not None}
    if given.get("scope") == "global":  # which has one rate for all
        preset.pop("rates", None)
    return SearchSettings(**network.search | preset | shorter | kept | given)


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
