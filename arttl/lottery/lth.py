"""Figure 5: winning tickets against random reinitialisation and random masks, on MNIST with two hidden layers.

Source: Frankle and Carbin 2019 (arXiv:1803.03635), section 2; thesis, Chapter 2, Figure 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from arttl.base.markdown import markdown_table
from arttl.lottery.search import SearchStudy, searches_table
from arttl.lottery.search_runs import run_search
from arttl.lottery.ticket_runs import STARTS, TicketSpec, run_ticket
from arttl.runs import RunFolder
from arttl.sweeps import Part, do_parts

TICKETS, CONTROLS = "ch2/lth/tickets", "ch2/lth/controls"
CONTROL_STARTS = ("reinitialised", "random-masks")
DEMO = {"epochs": 3}
"""What is done without --data: all rounds, of few epochs."""

ROWS = (1, 3, 5, 7, 10, 13, 16, 20, 24, 28, 31)  # rounds in the printed table


@dataclass(frozen=True)
class HypothesisStudy:
    """Figure 5: searches, and controls with their masks.

    Attributes:
        search: a SearchStudy, whose folder is TICKETS.
        controls: "reinitialised", "random-masks".
    """

    search: SearchStudy
    controls: tuple = CONTROL_STARTS

    @classmethod
    def from_options(cls, options, **given):
        """What ch2_lth_mnist.py was asked for.

        Arguments:
            options: the namespace of arttl.cli.ticket_parsers.lth_parser.
            **given: attributes of the SearchStudy in the place of the options'.
        """
        name = options.source or ("fashion_mnist" if options.data is None else "mnist")
        search = SearchStudy.from_options(options, name, folder=TICKETS, demo=DEMO, **given)
        return cls(search, tuple(options.controls))

    def runs(self):
        """The SearchSpecs, and the TicketSpecs of the controls: two lists."""
        searches = self.search.runs()
        controls = [
            control(spec, start, number, self.search.sweep.output)
            for spec in searches
            for start in self.controls
            for number in range(1, spec.search.rounds + 1)
        ]
        return searches, controls

    def do(self, search, train):
        """Search, train the controls, and print both by sparsity; in a dry run only list them.

        Arguments:
            search: as `method` of SearchStudy.do.
            train: as `method` of TicketStudy.do.
        """
        searches, controls = self.runs()
        self.search.announce()
        data, opening = self.search.open(), self.search.open
        parts = [
            Part(searches, data, partial(run_search, method=search), opening),
            Part(controls, data, partial(run_ticket, method=train), opening),
        ]
        do_parts(
            parts, self.search.sweep, self.search.computing.tell, report=lambda: print(lth_report(searches, controls))
        )

    def size(self):
        """As LotteryStudy.size."""
        return self.search.size()

    def explain(self):
        """A Markdown table of every setting of the search beside what its sources say."""
        return self.search.explain()


def lth_report(searches, controls):
    """The table of the searches, and that of both by sparsity, of those that are complete."""
    found = [spec for spec in searches if spec.folder.is_complete]
    tables = [searches_table([spec.folder for spec in found])]
    return "\n\n".join([*tables, *([lth_table(found, controls)] if found else [])])


def control(spec, start, number, output):
    """The TicketSpec of a control: the masks of a search's ticket on random weights, or random masks on its weights.

    Arguments:
        spec: the SearchSpec.
        start: "reinitialised" or "random-masks".
        number: the ticket's round.
        output: folder of all runs.
    """
    path = Path(output, CONTROLS, spec.source, spec.network, spec.source, start, f"round-{number:02d}")
    return TicketSpec(
        target=spec.source,
        network=spec.network,
        start=start,
        round=number,
        seed=spec.seed,
        recipe=spec.recipe,
        size=spec.size,
        folder=RunFolder(path / f"seed-{spec.seed}"),
        search=spec.folder,
        source=spec.source,
        fraction=spec.fraction,
        new_head=False,
        batchnorm=spec.batchnorm,
        computing=spec.computing,
    )


def lth_table(searches, controls):
    """A Markdown table of the mean test accuracy over the seeds, a row a round, a column a way to start."""
    tables = [pd.read_csv(spec.folder.path / "rounds.csv").assign(start="ticket") for spec in searches]
    rows = [
        {"round": spec.round, "start": spec.start, "test_accuracy": spec.folder.metrics()["test_accuracy"]}
        for spec in controls
        if spec.folder.is_complete
    ]
    every = pd.concat([*tables, pd.DataFrame(rows)])
    sparsity = every.dropna(subset="sparsity").groupby("round").sparsity.mean()
    mean = every.pivot_table("test_accuracy", "round", "start", "mean")
    starts = [start for start in STARTS if start in mean]
    shown = [
        [str(number), f"{sparsity[number]:.1%}", *(_percent(mean[start][number]) for start in starts)]
        for number in mean.index
        if number in (0, *ROWS)
    ]
    titles = [
        f"{STARTS[start]} ({every[every.start == start].groupby('round').size().max()} seeds)" for start in starts
    ]
    return markdown_table(["round", "pruned", *titles], shown)


def _percent(value):
    return "" if pd.isna(value) else f"{value:.1%}"
