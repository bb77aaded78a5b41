"""Training tickets on a target, beside what they are compared with: what experiments/ch2_transfer_tickets.py does."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from arttl.chapter2.explain import explain_runs
from arttl.chapter2.networks import get_network
from arttl.chapter2.opening import check_data_options, dataset_name, open_data
from arttl.chapter2.search import FOLDER as SEARCHES
from arttl.chapter2.search import image_size, search_recipe
from arttl.chapter2.search_runs import search_run
from arttl.chapter2.ticket_runs import BatchNorm, TicketSpec, check_search, run_ticket
from arttl.cli import in_options
from arttl.computing import Computing
from arttl.errors import InputError
from arttl.options import given_line
from arttl.pruning import SearchSettings, open_tickets
from arttl.reports.markdown import markdown_table
from arttl.runs import RunFolder
from arttl.sweeps import do_runs

FOLDER = "ch2/transfer"
TARGET = "target"
"""What --source calls the target itself, whose tickets are the target tickets."""

DEMO = {"epochs": 5}
"""What a transfer without --data is content with."""

BASELINES = ("scratch", "reinitialised")


@dataclass(frozen=True)
class Line:
    """One line of Figure 8: runs of every round and seed that start alike.

    Attributes:
        start: of ticket_runs.STARTS.
        source: name of the data set whose tickets they are; empty from scratch.
        fraction: share of the training images that the search had.
    """

    start: str
    source: str = ""
    fraction: float = 1.0

    def rounds(self, asked):
        """Those of the rounds asked for that have such a run.

        Round 0 is the unpruned network. Started from θ_k it tells the weights' part of a ticket's worth from the
        mask's; with random weights it is training from scratch, which is a line of its own.
        """
        return [number for number in asked if number or self.start in ("ticket", "final")]


def run_transfers(options, lines=None):
    """Do what a script was asked for: plan, train, test, and print the table of results.

    Arguments:
        options: the namespace of arttl.ticket_parsers.transfer_parser.
        lines: the Lines, instead of those that the options ask for.
    """
    target = dataset_name(options.target)
    check_data_options(target, options)
    specs = plan_transfers(options, lines or asked_lines(options, target))
    if options.explain:
        print(explain_runs(specs))
        if not options.dry_run:
            return
    opening = partial(open_data, target, options, specs[0].size, specs[0].recipe)
    data = opening()
    if not options.dry_run:
        for line in dict.fromkeys(line for spec in specs for line in check_search(spec, data)):
            print(in_options(line, options))
    folders = [spec.folder for spec in specs]
    do_runs(specs, data, options, run_ticket, opening=opening, report=lambda: print(transfers_table(folders)))


def asked_lines(options, target):
    """The Lines that --source, --fraction, --start and --baselines ask for."""
    chosen = {TARGET: target} | {name: dataset_name(name) for name in options.source or () if name != TARGET}
    sources = [chosen[name] for name in options.source] if options.source else found_sources(options)
    lines = [
        Line(start, source, fraction)
        for start in options.start
        for source in dict.fromkeys(sources)
        for fraction in options.fraction
    ]
    baselines = BASELINES if options.baselines is None else options.baselines
    lines += [Line("scratch")] if "scratch" in baselines else []
    has_target = target in sources or options.baselines is not None
    return lines + ([Line("reinitialised", target)] if "reinitialised" in baselines and has_target else [])


def found_sources(options):
    """Names of the data sets of which there are searches of the network, sorted."""
    network, _ = get_network(options.network)
    folder = search_folder(options)
    found = sorted(path.parent.name for path in folder.glob(f"*/{network}"))
    if not found:
        raise InputError(f"{folder} holds no search of {network}; run ch2_find_tickets.py first, or see tickets=")
    return found


def search_folder(options):
    """The folder of the searches."""
    return options.tickets or Path(options.output, SEARCHES)


def plan_transfers(options, lines, folder=FOLDER):
    """The runs that the options ask for, as TicketSpecs, in the order in which they will be done.

    Arguments:
        options: the namespace of arttl.ticket_parsers.transfer_parser.
        lines: the Lines.
        folder: of the experiment, below --output.

    Raises InputError for an impossible combination or a search that is not there, before anything is computed.
    """
    target = dataset_name(options.target)
    name, network = get_network(options.network)
    common = {
        "target": target,
        "network": name,
        "recipe": search_recipe(options, network, DEMO),
        "size": image_size(options, network, target),
        "batchnorm": BatchNorm(options.bn_momentum, options.bn_recalibrate),
        "keep_model": options.keep_models,
        "computing": Computing.asked(options),
    }
    base = Path(options.output, folder, target, name)
    specs = []
    for seed in dict.fromkeys(options.seed):
        for line in lines:
            if line.start == "scratch":
                path = _path(base, options, "scratch", "scratch", 0, seed)
                specs.append(TicketSpec(start="scratch", round=0, seed=seed, folder=path, **common))
                continue
            search = find_search(options, line, name, seed)
            for number in line.rounds(asked_rounds(options, search)):
                part = line.source + (f"-{100 * line.fraction:g}" if line.fraction < 1 else "")
                path = _path(base, options, part, line.start, number, seed)
                specs.append(
                    TicketSpec(
                        start=line.start,
                        round=number,
                        seed=seed,
                        folder=path,
                        search=search,
                        source=line.source,
                        fraction=line.fraction,
                        **common,
                    )
                )
    return specs


def _path(base, options, source, start, number, seed):
    momentum = "" if options.bn_momentum is None else f"-bn-{options.bn_momentum:g}"
    variant = f"{start}{momentum}{'-recalibrated' if options.bn_recalibrate else ''}"
    return RunFolder(base / source / variant / f"round-{number:02d}" / f"seed-{seed}")


def find_search(options, line, network, seed):
    """The RunFolder of the search that a Line's tickets of one seed come from.

    Raises InputError, with the command that makes it, when it is not there.
    """
    folder = search_run(search_folder(options), line.source, network, line.fraction, seed)
    if not Path(folder.path, "tickets.h5").exists() and not (options.dry_run or options.explain):
        fraction = line.fraction if line.fraction < 1 else None
        wanted = Namespace(source=line.source, network=network, seed=seed, fraction=fraction)
        raise InputError(
            f"there are no tickets of {line.source} in {folder.path}; first run ch2_find_tickets.py "
            + " ".join(given_line(wanted, vars(wanted)))
        )
    return folder


def asked_rounds(options, search):
    """The rounds of a search that --rounds asks for, all of them by default; sorted."""
    if options.rounds:
        return sorted({number for each in options.rounds for number in each})
    if not Path(search.path, "tickets.h5").exists():  # find_search lets a dry run plan with what is not there yet
        return range(SearchSettings().rounds + 1)
    if not search.is_complete and not (options.explain or options.dry_run):
        raise InputError(f"the search in {search.path} is unfinished; complete it with resume=True, or give rounds=")
    return range(open_tickets(Path(search.path, "tickets.h5")).rounds + 1)


def transfers_table(folders):
    """A Markdown table with a row for each complete run."""
    columns = ["network", "target", "source", "start", "round", "pruned", "seed", "test accuracy", "95% interval"]
    columns += ["epochs", "time"]
    return markdown_table(columns, [_row(folder) for folder in folders if folder.is_complete])


def _row(folder):
    settings, metrics = folder.read_config()["settings"], folder.metrics()
    return [
        settings["network"],
        settings["target"],
        settings["source"],
        settings["start"],
        str(settings["round"]),
        f"{settings['sparsity']:.1%}",
        str(settings["seed"]),
        f"{metrics['test_accuracy']:.1%}",
        f"{metrics['test_accuracy_low']:.1%} to {metrics['test_accuracy_high']:.1%}",
        f"{metrics['tested_epoch']} of {metrics['epochs']}",
        f"{metrics['seconds']:.0f} s",
    ]
