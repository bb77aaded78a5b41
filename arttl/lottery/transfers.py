"""Training tickets on a target, beside what they are compared with: what experiments/ch2_transfer_tickets.py does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.markdown import markdown_table
from arttl.base.saying import say
from arttl.lottery.opening import SourceSettings, collection_name, dataset_name
from arttl.lottery.search import FOLDER as SEARCHES
from arttl.lottery.search_runs import search_run
from arttl.lottery.study import LotteryStudy
from arttl.lottery.ticket_runs import TicketSpec, check_search, run_ticket
from arttl.pruning import SearchSettings, open_tickets
from arttl.runs import RunFolder
from arttl.sweeps import do_runs
from arttl.transfer.data import DataSettings

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


@dataclass(frozen=True)
class TicketStudy(LotteryStudy):
    """Tickets trained on a target, beside what they are compared with.

    Attributes:
        lines: Lines; without any those of every search of the network that is there, and the baselines.
        rounds: of the tickets, each a round or a range of rounds; without any all that there are.
        tickets: folder of the searches; None for that of ch2_find_tickets.py beside the study's own.
        keep_models: whether each run's model.keras is written.
        planning: plan with searches that are not there yet.
        folder: of the experiment, below the sweep's output.

    The others are those of LotteryStudy, whose `dataset` is the target.
    """

    dataset: str = "clipart-a"
    data: SourceSettings | DataSettings = field(default_factory=DataSettings)
    lines: tuple = ()
    rounds: tuple = ()
    tickets: Path | None = None
    keep_models: bool = False
    planning: bool = False
    folder: str = FOLDER
    demo: dict = field(default_factory=lambda: DEMO)

    @classmethod
    def from_options(cls, options, **given):
        """What a script was asked for, but for its lines.

        Arguments:
            options: the namespace of arttl.cli.ticket_parsers.transfer_parser or studies_parser.
            **given: attributes in the place of the options'.
        """
        rounds = sorted({number for each in options.rounds or () for number in each})
        asked = {"rounds": tuple(rounds), "planning": options.dry_run or options.explain}
        return super().from_options(options, options.target or collection_name(options.data), **asked | given)

    def comparing(self, sources=(), fractions=(1.0,), starts=("ticket",), baselines=None):
        """The study of these lines; arguments as of `asked_lines`."""
        return replace(self, lines=self.asked_lines(sources, fractions, starts, baselines))

    @property
    def search_folder(self):
        """The folder of the searches."""
        return self.tickets or Path(self.sweep.output, SEARCHES)

    def asked_lines(self, sources=(), fractions=(1.0,), starts=("ticket",), baselines=None):
        """Lines of tickets, and the baselines.

        Arguments:
            sources: names of data sets whose tickets they are, TARGET for the target's own; without any those of
                every search of the network.
            fractions: of the searches' training images.
            starts: "ticket", "final".
            baselines: of BASELINES; None for both, the second where there are target tickets.
        """
        chosen = {TARGET: self.dataset} | {name: dataset_name(name) for name in sources if name != TARGET}
        names = [chosen[name] for name in sources] if sources else self.found_sources()
        lines = [
            Line(start, source, fraction)
            for start in starts
            for source in dict.fromkeys(names)
            for fraction in fractions
        ]
        wanted = BASELINES if baselines is None else baselines
        lines += [Line("scratch")] if "scratch" in wanted else []
        has_target = self.dataset in names or baselines is not None
        return tuple(
            lines + ([Line("reinitialised", self.dataset)] if "reinitialised" in wanted and has_target else [])
        )

    def found_sources(self):
        """Names of the data sets of which there are searches of the network, sorted."""
        folder = self.search_folder
        found = sorted(path.parent.name for path in folder.glob(f"*/{self.network}"))
        if not found:
            raise InputError(
                f"{folder} holds no search of {self.network}; run ch2_find_tickets.py first, or see tickets="
            )
        return found

    def runs(self):
        """The runs, as TicketSpecs, in the order in which they will be done.

        Raises InputError for an impossible combination or a search that is not there, before anything is computed.
        """
        common = {
            "target": self.dataset,
            "network": self.network,
            "recipe": self.recipe(),
            "size": self.size(),
            "batchnorm": self.batchnorm,
            "keep_model": self.keep_models,
            "computing": self.computing,
        }
        lines = self.lines or self.asked_lines()
        return [spec for seed in self.seeds for line in lines for spec in self._line_specs(line, seed, common)]

    def _line_specs(self, line, seed, common):
        if line.start == "scratch":
            folder = self._run("scratch", "scratch", 0, seed)
            return [TicketSpec(start="scratch", round=0, seed=seed, folder=folder, **common)]
        search = self.find_search(line, seed)
        part = line.source + (f"-{100 * line.fraction:g}" if line.fraction < 1 else "")
        return [
            TicketSpec(
                start=line.start,
                round=number,
                seed=seed,
                folder=self._run(part, line.start, number, seed),
                search=search,
                source=line.source,
                fraction=line.fraction,
                **common,
            )
            for number in line.rounds(self.rounds or self.all_rounds(search))
        ]

    def _run(self, source, start, number, seed):
        bn = self.batchnorm
        variant = start + ("" if bn.momentum is None else f"-bn-{bn.momentum:g}")
        variant += "-recalibrated" if bn.recalibrate else ""
        base = Path(self.sweep.output, self.folder, self.dataset, self.network)
        return RunFolder(base / source / variant / f"round-{number:02d}" / f"seed-{seed}")

    def find_search(self, line, seed):
        """The RunFolder of the search that a Line's tickets of one seed come from.

        Raises InputError, with the command that makes it, when it is not there.
        """
        folder = search_run(self.search_folder, line.source, self.network, line.fraction, seed)
        if not Path(folder.path, "tickets.h5").exists() and not self.planning:
            command = (
                f"python experiments/ch2_find_tickets.py --source {line.source} --network {self.network} "
                f"--seed {seed} --fraction {line.fraction:g}"
            )
            raise InputError(f"there are no tickets of {line.source} in {folder.path}; make them: {command}")
        return folder

    def all_rounds(self, search):
        """All rounds of a search; of one that is not there yet those of the study."""
        if not Path(search.path, "tickets.h5").exists():
            return range(SearchSettings().rounds + 1)
        if not search.is_complete and not self.planning:
            raise InputError(
                f"the search in {search.path} is unfinished; complete it with resume=True, or give rounds="
            )
        return range(open_tickets(Path(search.path, "tickets.h5")).rounds + 1)

    def do(self, method):
        """Do the runs that are not done yet, and print their table; in a dry run only list them.

        Arguments:
            method: as of arttl.lottery.ticket_runs.run_ticket; `train` in experiments/ch2_transfer_tickets.py.

        Raises InputError, with the command that makes it, for a search that is not there, and where one has seen the
        target's test images; RunsFailed as arttl.sweeps.do_parts.
        """
        specs, data = self.runs(), self.open()
        if not self.planning:
            for line in dict.fromkeys(line for spec in specs for line in check_search(spec, data)):
                say(line)
        do_runs(
            specs,
            data,
            self.sweep,
            partial(run_ticket, method=method),
            prepare=self.computing.tell,
            opening=self.open,
            report=lambda: print(transfers_table([spec.folder for spec in specs])),
        )

    def results(self):
        """A Markdown table of the runs that are done."""
        return transfers_table([spec.folder for spec in self.runs()])


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
