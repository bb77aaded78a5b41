"""All of Chapter 2, one experiment after the other, and the report: what ch2_all.py does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

from arttl.chapter2.lth import run_lth
from arttl.chapter2.networks import get_network
from arttl.chapter2.opening import dataset_name, is_natural
from arttl.chapter2.search import image_size, run_searches
from arttl.chapter2.studies import SHARES, STUDIES, TRAINING_SIZE, run_study
from arttl.chapter2.transfer import run_transfers
from arttl.collections.wording import duration_text
from arttl.commands import main_parser
from arttl.errors import InputError
from arttl.options import HANDED_ON, given_line
from arttl.reports.report import run_report
from arttl.sweeps.progress import do_steps
from arttl.ticket_parsers import TICKET_NETWORKS, lth_parser, search_parser, studies_parser, transfer_parser

MOMENTUM = 0.9  # of BatchNormalization, in the study of it: statistics that follow within some 50 steps
RELATED = {"mouse-lba": "human-lba", "artist-classification-2": "artist-classification-1"}
"""Targets of Figure 9b, and whose tickets they are given."""
ONLY_RELATED = "artist-classification-2"
"""The target that is in no other table or figure of results."""
SIZED = ("human-lba", "lung-tissues")
"""Targets of Figure 9c, of whose training images tickets are found on parts too."""
PARTS = ("--study", TRAINING_SIZE, "--fraction", *(str(share) for share in SHARES if share < 1))


@dataclass(frozen=True)
class Step:
    """One experiment: its title, which script's, and its command line."""

    title: str
    script: str
    line: tuple


RUNNERS = {
    "lth": (lth_parser, run_lth),
    "find": (search_parser, run_searches),
    "transfer": (transfer_parser, run_transfers),
    "study": (studies_parser, run_study),
}


def run_all(options):
    """Do Chapter 2; what is finished already is kept.

    Arguments:
        options: the namespace of arttl.ticket_parsers.all_parser.

    Raises InputError and RunsFailed as the experiments do.
    """
    started = time.perf_counter()
    planned = [(step, step_options(step, options)) for step in steps(options)]
    for _, given in planned:  # before hours of the steps that go before
        image_size(given, get_network(given.network)[1], "")
    todo = [(step.title, partial(RUNNERS[step.script][1], given)) for step, given in planned]
    if not options.dry_run:
        todo.append(("report", partial(run_report, main_parser().parse_args(["report", str(options.output)]))))
    do_steps(todo)
    if not options.dry_run:
        print(f"\nall of Chapter 2: {duration_text(time.perf_counter() - started)}")


def step_options(step, options):
    """The namespace that a step's script would have: its command line, and what all steps were given.

    Arguments:
        step: a Step.
        options: as run_all.
    """
    make_parser, _ = RUNNERS[step.script]
    return make_parser("").parse_args([*step.line, *_sizes(options, step), *_shared(options)])


def steps(options):
    """What is to be done, in order: a list of Steps."""
    if not options.sources and not options.targets:
        return demo_steps(_seeds(options, (42, 1)), options.network or TICKET_NETWORKS)
    sources, targets = _named(options.sources, "--sources"), _named(options.targets, "--targets")
    collections = [name for name in sources if not is_natural(name)]
    if collections or not targets:
        raise InputError(
            f"--sources {collections[0]}: name a natural source" if collections else "--targets are missing"
        )
    seeds, mnist = _seeds(options, (1, 2, 3, 4)), sources.pop("mnist", None)
    figure5 = [Step("Figure 5", "lth", ("--data", mnist, *seeds))] if mnist else []
    networks = dict.fromkeys(options.network or ["resnet50"])
    every = [step for name in networks for step in study_steps(sources, targets, ["--network", name, *seeds])]
    return figure5 + every


def study_steps(sources, targets, common):
    """The study's own protocol, for one network.

    Arguments:
        sources: dict of a natural source's name to its --data.
        targets: dict of a target's name to its --data.
        common: list of options of every step, such as ["--network", "resnet50", "--seed", "1", "2"].
    """
    found = []
    for name, data in {**sources, **targets}.items():
        line = ("--source", name, *_data(name, data), *common)
        found.append(Step(f"tickets of {name}", "find", (*line, "--keep-final")))
    for name, data in targets.items():
        line = ("--target", name, *_data(name, data), *common)
        has_relative = name in RELATED and RELATED[name] in targets
        if name != ONLY_RELATED or not has_relative:
            found.append(Step(f"transfer to {name}", "transfer", (*line, "--source", *sources, "target")))
        if has_relative:
            related = (*line, "--study", "related-source", "--source", RELATED[name], *sources)
            found.append(Step(f"a related source for {name}", "study", related))
    for name in [name for name in targets if name in SIZED] or list(targets)[:1]:
        line = ("--target", name, *_data(name, targets[name]), *common)
        found.append(Step(f"tickets of parts of {name}", "study", (*line, *PARTS)))
    first = next(iter(targets))
    line = ("--target", first, *_data(first, targets[first]), *common)
    usual = [name for name in STUDIES["final-weights"].sources if name in sources] or list(sources)
    found.append(Step(f"final-weights on {first}", "study", (*line, "--study", "final-weights", "--source", *usual)))
    found += [
        Step(f"BatchNorm on {first}, {title}", "transfer", (*line, "--source", "target", *changed))
        for title, changed in _batchnorm()
    ]
    return found


def demo_steps(seeds, networks):
    """The same on the bundled data, small enough to end within half an hour on two cores.

    Arguments:
        seeds: list of options, such as ["--seed", "42", "1"].
        networks: those of TICKET_NETWORKS that are wanted. Figure 5's is always there.
    """
    of_network = {"resnet20": _small_steps, "resnet50": _large_steps}
    steps = [step for name in dict.fromkeys(networks) for step in of_network[name](("--network", name, *seeds))]
    return [Step("Figure 5", "lth", tuple(seeds)), *steps]


def _small_steps(common):
    """All of the demonstration but Figure 5, with a network that is trained within a minute."""
    find = (*common, "--rounds", "2", "--keep-final", "--epochs", "2")
    transfer = (*common, "--epochs", "5", "--rounds", "0-2")
    half = (*common, "--rounds", "2", "--epochs", "2", "--study", TRAINING_SIZE, "--fraction", "0.5")
    return [
        Step("tickets of Fashion-MNIST", "find", find),
        Step("tickets of clipart-a", "find", (*find, "--source", "clipart-a")),
        Step("tickets of clipart-b", "find", (*find, "--source", "clipart-b")),
        Step("transfer to clipart-a", "transfer", (*transfer, "--source", "fashion-mnist", "target")),
        Step("final weights", "study", (*transfer, "--study", "final-weights")),
        Step("a related source", "study", (*transfer, "--study", "related-source")),
        Step("tickets of half of clipart-a", "study", half),
        *(
            Step(f"BatchNorm, {title}", "transfer", (*transfer, "--source", "target", *changed))
            for title, changed in _batchnorm()
        ),
    ]


def _large_steps(common):
    """One ticket of the study's own network, transferred."""
    transfer = (*common, "--epochs", "2", "--rounds", "0-1", "--source", "fashion-mnist", "--baselines", "scratch")
    return [
        Step("ResNet-50: tickets of Fashion-MNIST", "find", (*common, "--rounds", "1", "--epochs", "1")),
        Step("ResNet-50: transfer to clipart-a", "transfer", transfer),
    ]


def _data(name, path):
    """Where a data set is, and, for the thesis' sets of artists, that its labels are artists."""
    return ("--data", path, *(("--challenge", "artist") if name.startswith("artist") else ()))


def _batchnorm():
    return [
        (f"momentum {MOMENTUM}", ("--bn-momentum", str(MOMENTUM))),
        ("re-estimated", ("--bn-recalibrate",)),
    ]


def _seeds(options, usual):
    return ["--seed", *map(str, options.seed or usual)]


def _sizes(options, step):
    """--rounds, --epochs and --image-size for a step, which override its own: argparse takes the last."""
    rounds = options.rounds
    if rounds is not None and step.script in ("transfer", "study"):
        rounds = f"0-{rounds}"
    given = {"--rounds": rounds, "--epochs": options.epochs, "--image-size": options.image_size}
    return [text for name, value in given.items() if value is not None for text in (name, str(value))]


def _named(texts, option):
    """NAME=PATH texts as a dict of name to path."""
    named = {}
    for text in texts or ():
        name, equals, path = text.partition("=")
        if not (name and equals and path):
            raise InputError(f"{option} {text!r} is not NAME=PATH, such as cifar10=downloads/cifar-10-python.tar.gz")
        named[dataset_name(name)] = path
    return named


def _shared(options):
    """Options that every experiment gets as they were given."""
    line = given_line(options, ("output", "cache", "splits", *HANDED_ON))
    return ["--resume", *line, *(["--dry-run"] if options.dry_run else [])]
