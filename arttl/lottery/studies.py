"""The three additional studies (Figure 9): which Lines two of them compare, and which searches the third makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from arttl.lottery.opening import dataset_name
from arttl.lottery.search import SearchStudy
from arttl.lottery.study import LotteryStudy
from arttl.lottery.transfers import TARGET, Line

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


def study_lines(name, target, sources=(), bundled=False):
    """The Lines of a study.

    Arguments:
        name: of STUDIES.
        target: name of the target.
        sources: names of the data sets whose tickets are taken, TARGET for the target's own; without any the study's.
        bundled: the demonstration's, on bundled data.
    """
    study = STUDIES[name]
    usual = study.demo if bundled else study.sources
    names = [target if each == TARGET else dataset_name(each) for each in sources or usual]
    return tuple(study.lines(names, target))


@dataclass(frozen=True)
class SizeStudy:
    """Figure 9c: searches on all and on parts of one data set's training images.

    Attributes:
        search: the SearchStudy of the whole.
        shares: of the training images.
    """

    search: SearchStudy
    shares: tuple = SHARES

    @classmethod
    def of(cls, study, shares=(), **given):
        """The searches that belong to the transfers to a target.

        Arguments:
            study: the TicketStudy, whose rounds are those of the searches.
            shares: of the target's training images; without any those of the thesis.
            **given: attributes of the SearchStudy besides.
        """
        shared = {field.name: getattr(study, field.name) for field in fields(LotteryStudy) if field.name != "demo"}
        search = given.pop("search", {}) | ({"rounds": max(study.rounds)} if study.rounds else {})
        return cls(SearchStudy(**shared, search=search, **given), tuple(dict.fromkeys(shares or SHARES)))

    def runs(self):
        """The searches, SearchSpecs.

        Those on all of the images are the target's own searches, which are left as they are where they are finished.
        """
        specs = [spec for share in self.shares for spec in replace(self.search, fraction=share).runs()]
        return [spec for spec in specs if spec.fraction < 1 or not spec.folder.is_complete] or specs

    def do(self, method):
        """Do the searches that are not done yet, and print their table; in a dry run only list them.

        Arguments:
            method: as of SearchStudy.do.
        """
        self.search.do(method, self.runs())

    def size(self):
        """As LotteryStudy.size."""
        return self.search.size()

    def explain(self):
        """A Markdown table of every setting beside what its sources say."""
        return self.search.explain()
