"""The parsers of Chapter 2's scripts."""

from __future__ import annotations

import argparse
from pathlib import Path

from arttl.base.errors import InputError
from arttl.cli import Parser, name, natural, number, path, positive
from arttl.cli import options as shared

CHALLENGES = ("material", "type", "artist")
TICKET_NETWORKS = ("resnet20", "resnet50")
"""Those that ch2_all.py finds tickets of; Figure 5 has a network of its own."""

# Those of arttl.pruning, which takes too long to import for --help; a test compares them.
MOST_ROUNDS = 254
TRAINING_SIZE = "training-size"
STUDIES = ("final-weights", "related-source", TRAINING_SIZE)
UNITS, SCOPES, RESETS = ("epochs", "steps"), ("global", "layer"), ("theta_k", "theta_0", "final", "random")
SCHEDULES, ON_DEAD = ("start", "rewind"), ("stop", "continue")
PRESETS = ("thesis", "first-release", "frankle-carbin")


def search_parser(description, network="resnet50", source="fashion-mnist"):
    """The options of the search for tickets.

    Arguments:
        description: first line of --help.
        network: the default.
        source: the default.
    """
    parser = Parser(description=description)
    group = parser.add_argument_group("data (without --data: bundled, with few rounds and epochs)")
    group.add_argument(
        "--source",
        type=name,
        default=source,
        metavar="NAME",
        help=f"cifar10, cifar100, fashion-mnist, mnist, or your name for the collection in --data ({source})",
    )
    add_data(group)
    group.add_argument("--fraction", type=share, metavar="SHARE", help="of the training images, such as 0.5 (1)")
    group = parser.add_argument_group("the search")
    add_search(group)
    add_training(parser.add_argument_group("network and training"), network)
    add_batchnorm(parser.add_argument_group("BatchNormalization (departures from the study)"))
    shared.add_computing(parser)
    shared.add_runs(parser.add_argument_group("runs"))
    shared.add_sweep(parser.add_argument_group("sweep"))
    return parser


def transfer_parser(description):
    """The options of the transfer of tickets to a target."""
    parser, group = _transfer_parser(description)
    group.add_argument(
        "--fraction", nargs="+", type=share, default=[1.0], metavar="SHARE", help="of the searches' training images (1)"
    )
    group.add_argument(
        "--start",
        nargs="+",
        choices=("ticket", "final"),
        default=["ticket"],
        help="what survivors start from: θ_k (ticket, default), or what the search trained them to (final)",
    )
    group.add_argument(
        "--baselines",
        nargs="*",
        choices=("scratch", "reinitialised"),
        help="the unpruned network, and target tickets with random weights (both, where the target has tickets)",
    )
    return parser


def studies_parser(description):
    """The options of the three additional studies: those of a transfer, and which study."""
    parser, group = _transfer_parser(description)
    parser.add_argument("--study", choices=STUDIES, required=True, help="Figure 9 a, b or c")
    group.add_argument(
        "--fraction",
        nargs="+",
        type=share,
        metavar="SHARE",
        help="of the target's own training images, in training-size (1 0.75 0.5 0.25)",
    )
    return parser


def check_study(options):
    """Raise InputError for an option that the study that was asked for does not look at.

    Arguments:
        options: the namespace of `studies_parser`.
    """
    ignored = ("source", "tickets", "keep_models") if options.study == TRAINING_SIZE else ("fraction",)
    for each in ignored:
        if getattr(options, each):
            raise InputError(f'{each}= does nothing in study="{options.study}"; leave it out')


def _transfer_parser(description):
    """What these two share: the parser, and its group of options about tickets."""
    parser = Parser(description=description)
    group = parser.add_argument_group("data (without --data: bundled, with few epochs)")
    group.add_argument(
        "--target",
        type=name,
        metavar="NAME",
        help="what --data is called, such as human-lba (the folder's name; without --data clipart-a)",
    )
    add_data(group)
    add_training(parser.add_argument_group("network and training"), "resnet50")
    add_batchnorm(parser.add_argument_group("BatchNormalization (departures from the study)"))
    shared.add_computing(parser)
    group = parser.add_argument_group("runs")
    group.add_argument("--keep-models", action="store_true", help="write each run's model.keras (ResNet-50: 95 MB)")
    shared.add_runs(group)
    group = parser.add_argument_group("tickets, and what they are compared with")
    group.add_argument(
        "--source",
        nargs="+",
        type=name,
        metavar="NAME",
        help="whose tickets: cifar10, ..., target for the target's own (all that were found, or the study's)",
    )
    group.add_argument(
        "--tickets", type=path, metavar="DIR", help="searches of ch2_find_tickets.py (ch2/tickets in --output)"
    )
    group.add_argument("--rounds", nargs="+", type=rounds, metavar="N", help="of the search, such as 0 5 10-15 (all)")
    shared.add_sweep(parser.add_argument_group("sweep"))
    return parser, group


def lth_parser(description):
    """The options of the lottery ticket hypothesis on MNIST: those of a search, and its controls."""
    parser = search_parser(description, "lenet-300-100", "mnist; without --data fashion-mnist")
    parser.set_defaults(source=None, seed=[42, 1, 2])
    group = parser.add_argument_group("what winning tickets are compared with")
    group.add_argument(
        "--controls",
        nargs="*",
        choices=("reinitialised", "random-masks"),
        default=["reinitialised", "random-masks"],
        help="the tickets' masks on random weights, and random masks of the same sparsity in each layer (both)",
    )
    return parser


def fidelity_parser(description):
    """The options of the ablation of the search: those of a search, and what to compare."""
    parser = search_parser(description, "resnet50", "fashion-mnist")
    parser.add_argument_group("comparison (all other options make the baseline)").add_argument(
        "--compare", nargs="+", metavar="NAME=VALUE", help="settings, several with a comma (docs/chapter2.md)"
    )
    return parser


def all_parser(description):
    """The options of the script that does all of Chapter 2."""
    parser = Parser(description=description)
    group = parser.add_argument_group("data (without: bundled, ResNet-20, few rounds; with: the study's own settings)")
    group.add_argument(
        "--sources",
        nargs="+",
        metavar="NAME=PATH",
        help="cifar10=..., PATH as --data of the scripts; mnist= for Figure 5",
    )
    group.add_argument("--targets", nargs="+", metavar="NAME=PATH", help="human-lba=..., ...")
    shared.add_kept(group)
    group = parser.add_argument_group("sizes, of every experiment")
    group.add_argument(
        "--network",
        nargs="+",
        choices=TICKET_NETWORKS,
        metavar="NAME",
        help=f"{' and '.join(TICKET_NETWORKS)} (resnet50; without data both)",
    )
    group.add_argument(
        "--rounds", type=natural, metavar="N", help="of every search and transfer (30; without data 1 or 2)"
    )
    group.add_argument("--epochs", type=positive, metavar="N", help="at most so many a round (until early stopping)")
    group.add_argument("--image-size", type=positive, metavar="PIXELS", help="(as the scripts have it)")
    group.add_argument(
        "--batchnorm",
        action="store_true",
        help="train the first target with other statistics of BatchNormalization too, which the thesis has not "
        "(bundled data have it)",
    )
    shared.add_computing(parser)
    shared.add_sweep(parser.add_argument_group("sweep"))
    group = parser.add_argument_group("runs")
    group.add_argument("--seed", type=natural, nargs="+", metavar="N", help="(1 2 3 4; without data 42 1)")
    group.add_argument("--output", type=path, default=Path("runs"), metavar="DIR", help="where run folders go (runs)")
    shared.add_dry_run(group)
    shared.add_debug(group)
    return parser


def add_batchnorm(group):
    """The options of BatchNormalization's moving statistics, which are departures from the study."""
    group.add_argument("--bn-momentum", type=momentum, metavar="M", help="of BatchNormalization (Keras' 0.99)")
    group.add_argument(
        "--bn-recalibrate", action="store_true", help="re-estimate its statistics before each validation"
    )


def add_data(group):
    """The options of a data set: a natural source's files, or a collection."""
    group.add_argument(
        "--data",
        type=path,
        metavar="PATH",
        help="the source's archive or folder, keras for Keras' own, or a collection",
    )
    shared.add_challenge(group, CHALLENGES, default="type", help="of a collection (type)")
    shared.add_reading(group)
    shared.add_skipping(group)
    shared.add_split(group)
    shared.add_kept(group)


def add_search(group):
    """The options of arttl.pruning.SearchSettings."""
    group.add_argument(
        "--rounds", type=natural, metavar="N", help="of pruning; 0 trains the unpruned network (30; without --data 3)"
    )
    group.add_argument("--rate", type=share, metavar="SHARE", help="of the remaining weights, pruned in a round (0.2)")
    group.add_argument("--rewind", type=natural, metavar="K", help="θ_k is kept after epoch K of the first round (2)")
    group.add_argument("--rewind-unit", choices=UNITS, help="what K counts (epochs)")
    group.add_argument("--scope", choices=SCOPES, help="compare magnitudes in each layer (layer) or over all")
    group.add_argument(
        "--criterion",
        type=name,
        metavar="NAME",
        help="which weights go, of arttl.pruning.CRITERIA: magnitude, the lowest (default), channels, whole, or random",
    )
    group.add_argument(
        "--reset",
        choices=RESETS,
        help="what survivors start a round from: θ_k (default), θ_0, what they were trained to, or random weights",
    )
    group.add_argument(
        "--schedule-from", choices=SCHEDULES, help="where the learning-rate schedule stands after a reset (start)"
    )
    group.add_argument(
        "--on-dead", choices=ON_DEAD, help="once features no longer depend on the image: stop (default) or continue"
    )
    group.add_argument("--keep-initial", action="store_true", help="keep θ_0 in tickets.h5 too")
    group.add_argument("--keep-final", action="store_true", help="keep each ticket's trained weights θ_i too")


def add_training(group, network):
    """The options of the network and how it is trained."""
    group.add_argument(
        "--network", type=name, default=network, metavar="NAME", help=f"resnet50, resnet20 or lenet-300-100 ({network})"
    )
    group.add_argument("--image-size", type=positive, metavar="PIXELS", help="(32; collections 224, ResNet-20 64)")
    shared.add_resize(group)
    group.add_argument("--epochs", type=positive, metavar="N", help="at most so many a round (until early stopping)")
    group.add_argument("--batch-size", type=positive, metavar="N", help="(64)")
    group.add_argument(
        "--recipe",
        choices=PRESETS,
        help="settings of the thesis' appendix, of this package's first release, or of Frankle and Carbin's code for "
        "MNIST (thesis; LeNet: frankle-carbin)",
    )
    group.add_argument("--explain", action="store_true", help="show every setting beside the sources', and stop")
    group.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="change a setting")


def rounds(text):
    """An option's value as the rounds it names: "7", or "0-30"."""
    first, _, last = text.partition("-")
    start, end = natural(first), natural(last or first)
    if end < start or end > MOST_ROUNDS:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no round or range of rounds, such as 7 or 10-15")
    return range(start, end + 1)


def momentum(text):
    """An option's value as a momentum: a number from 0 and below 1."""
    return 0.0 if text in ("0", "0.0") else _below_one(text)


def _below_one(text):
    value = share(text)
    if value == 1:
        raise argparse.ArgumentTypeError("1 would never take up anything; give a number below 1")
    return value


def share(text):
    """An option's value as a number above 0 and at most 1."""
    value = number(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a share; give a number above 0 and at most 1")
    return value
