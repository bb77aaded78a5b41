"""The three additional studies (Figure 9): which Lines two of them compare, and which searches the third makes."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

from arttl.chapter2.opening import dataset_name
from arttl.chapter2.search import plan_searches, run_searches
from arttl.chapter2.transfer import TARGET, Line, run_transfers
from arttl.options import given_line
from arttl.ticket_parsers import search_parser

SHARES = (1.0, 0.75, 0.5, 0.25)
"""Of a target's training images: Figure 9c."""


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes:
        sources: whose tickets the thesis took; with --source others.
        demo: whose without --data.
        lines: a function of the sources and the target that gives the Lines.
    """

    sources: tuple
    demo: tuple
    lines: Callable


def _final_weights(sources, target):
    """f(x; m * θ_i), the pruned network with its final source weights, beside the ticket."""
    return [Line(start, source) for source in sources for start in ("ticket", "final")]


def _related_source(sources, target):
    """Tickets of a related source beside those of the natural ones, the target's own, and the unpruned network."""
    return [*(Line("ticket", source) for source in sources), Line("ticket", target), Line("scratch")]


NATURAL = ("cifar10", "cifar100", "fashion_mnist")

STUDIES = {
    "final-weights": Study(("cifar10", "cifar100"), ("fashion_mnist",), _final_weights),
    "related-source": Study(("human-lba", *NATURAL), ("clipart-b",), _related_source),
}
TRAINING_SIZE = "training-size"


def run_study(options):
    """Do what experiments/ch2_additional_studies.py was asked for.

    Arguments:
        options: the namespace of arttl.ticket_parsers.studies_parser.

    Raises InputError, with the command that makes it, for a search that is not there.
    """
    if options.study == TRAINING_SIZE:
        run_searches(options, training_size_searches(options))
    else:
        run_transfers(options, study_lines(options))


def study_lines(options):
    """The Lines of the study that the options ask for."""
    study, target = STUDIES[options.study], dataset_name(options.target)
    usual = study.demo if options.data is None else study.sources
    sources = [target if name == TARGET else dataset_name(name) for name in options.source or usual]
    return study.lines(sources, target)


def training_size_searches(options):
    """The searches of Figure 9c, SearchSpecs: on all and on parts of the target's own training images.

    Those on all of them are the target's own searches, which are left as they are where they are finished.
    """
    shares = dict.fromkeys(options.fraction or SHARES)
    specs = [spec for share in shares for spec in plan_searches(search_options(options, share))]
    return [spec for spec in specs if spec.fraction < 1 or not spec.folder.is_complete] or specs


def search_options(options, share):
    """The options of a search of the target on a share of its training images, from those of a study.

    Arguments:
        options: the namespace of arttl.ticket_parsers.studies_parser.
        share: of the training images.
    """
    wanted = Namespace(source=options.target, fraction=share if share < 1 else None)
    found = search_parser("").parse_args(given_line(wanted, vars(wanted)))
    for name in vars(found).keys() & vars(options).keys() - {"source", "fraction", "rounds"}:
        setattr(found, name, getattr(options, name))
    if options.rounds:
        found.rounds = max(number for each in options.rounds for number in each)
    return found
