"""The three additional studies (Figure 9): which Lines each compares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from arttl.chapter2.opening import dataset_name
from arttl.chapter2.transfer import TARGET, Line, run_transfers

SHARES = (0.75, 0.5, 0.25)


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes:
        sources: whose tickets the thesis took; with --source others.
        demo: whose without --data.
        lines: a function of the sources, the target and the shares of the training set, that gives the Lines.
    """

    sources: tuple
    demo: tuple
    lines: Callable


def _final_weights(sources, target, shares):
    """f(x; m * θ_i), the pruned network with its final source weights, beside the ticket."""
    return [Line(start, source) for source in sources for start in ("ticket", "final")]


def _related_source(sources, target, shares):
    """Tickets of a related source beside the target's own and the unpruned network."""
    return [*(Line("ticket", source) for source in sources), Line("ticket", target), Line("scratch")]


def _training_size(sources, target, shares):
    """Tickets that were found on parts of the source's training set, beside those of all of it."""
    return [Line("ticket", source, share) for source in sources for share in (1.0, *shares)]


STUDIES = {
    "final-weights": Study(("cifar10", "cifar100"), ("fashion_mnist",), _final_weights),
    "related-source": Study(("human-lba",), ("clipart-b",), _related_source),
    "training-size": Study(("cifar10", "cifar100", "fashion_mnist"), ("fashion_mnist",), _training_size),
}


def run_study(options):
    """Do what experiments/ch2_additional_studies.py was asked for.

    Arguments:
        options: the namespace of arttl.ticket_parsers.studies_parser.

    Raises InputError, with the command that makes it, for a search that is not there.
    """
    run_transfers(options, study_lines(options))


def study_lines(options):
    """The Lines of the study that the options ask for."""
    study, target = STUDIES[options.study], dataset_name(options.target)
    usual = study.demo if options.data is None else study.sources
    sources = [target if name == TARGET else dataset_name(name) for name in options.source or usual]
    return study.lines(sources, target, [share for share in options.fraction or SHARES if share < 1])
