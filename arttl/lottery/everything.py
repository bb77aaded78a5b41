"""All of Chapter 2, one experiment after the other, and the report: lists of studies."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.files import default_cache
from arttl.base.typed import typed
from arttl.base.wording import duration_text
from arttl.collections import Reading
from arttl.lottery.batchnorm import BatchNorm
from arttl.lottery.lth import DEMO as LTH_DEMO
from arttl.lottery.lth import TICKETS, HypothesisStudy
from arttl.lottery.opening import SourceSettings, dataset_name, is_natural, source_path
from arttl.lottery.search import SearchStudy
from arttl.lottery.studies import SHARES, STUDIES, SizeStudy, study_lines
from arttl.lottery.transfers import TARGET, Line, TicketStudy
from arttl.reports.report import make_report
from arttl.splits.drawing import Drawing
from arttl.sweeps import Sweep
from arttl.sweeps.progress import do_steps
from arttl.training.computing import USUAL, Computing
from arttl.transfer.data import DataSettings

MOMENTUM = 0.9  # of BatchNormalization, in the study of it: statistics that follow within some 50 steps
BATCHNORM = {f"momentum {MOMENTUM}": BatchNorm(MOMENTUM), "re-estimated": BatchNorm(recalibrate=True)}
RELATED = {"mouse-lba": "human-lba", "artist-classification-2": "artist-classification-1"}
"""Targets of Figure 9b, and whose tickets they are given."""
ONLY_RELATED = "artist-classification-2"
"""The target that is in no other table or figure of results."""
SIZED = ("human-lba", "lung-tissues")
"""Targets of Figure 9c, of whose training images tickets are found on parts too."""
FIGURE_5_SEEDS = (42, 1, 2)


@dataclass(frozen=True)
class Step:
    """One experiment: its title, and its study."""

    title: str
    study: object


@dataclass(frozen=True)
class Chapter2:
    """What Chapter 2 is made of.

    Attributes:
        sources, targets: dicts of a data set's name to where it is: a path, or "keras"; both empty for the bundled
            ones.
        networks: of arttl.lottery.networks.NETWORKS, besides Figure 5's.
        seeds: of every study; without any (1, 2, 3, 4), on bundled data (42, 1).
        rounds, epochs, image_size: of every study, where they are given.
        drawing: the Drawing of the targets' splits.
        cache: folder of decoded images.
        settings, protocol: as of LotteryStudy and SearchStudy; Figure 5 has settings of its own.
        batchnorm: whether the first target is trained with other statistics of BatchNormalization too, which is not in
            the thesis; on bundled data it is in any case.
        computing: a Computing.
        sweep: a Sweep.
    """

    sources: dict
    targets: dict
    networks: tuple = ()
    seeds: tuple = ()
    rounds: int | None = None
    epochs: int | None = None
    image_size: int | None = None
    drawing: Drawing = field(default_factory=Drawing)
    cache: Path | None = None
    settings: dict = field(default_factory=dict)
    protocol: dict = field(default_factory=dict)
    batchnorm: bool = False
    computing: Computing = USUAL
    sweep: Sweep = field(default_factory=Sweep)

    @classmethod
    def from_options(cls, options, **given):
        """What ch2_all.py was asked for; unfinished runs are gone on with.

        Arguments:
            options: the namespace of arttl.cli.ticket_parsers.all_parser.
            **given: attributes besides.

        Raises InputError for texts that are not NAME=PATH.
        """
        return typed(
            cls,
            options,
            sources=_named(options.sources, "sources"),
            targets=_named(options.targets, "targets"),
            networks=tuple(dict.fromkeys(options.network or ())),
            seeds=tuple(options.seed or ()),
            drawing=typed(Drawing, options),
            computing=Computing.asked(options),
            sweep=typed(Sweep, options, resume=True, is_step=True),
            **given,
        )

    @property
    def is_demo(self):
        """Whether it is that of the bundled data."""
        return not self.sources and not self.targets

    def steps(self):
        """What is to be done, in order: a list of Steps.

        Raises InputError where sources are none, or targets are missing.
        """
        if self.is_demo:
            return self._demo_steps()
        collections = [name for name in self.sources if not is_natural(name)]
        if collections:
            raise InputError(f"sources={collections[0]}: name a natural source")
        if not self.targets:
            raise InputError("targets= are missing; name some, as human-lba=FOLDER")
        seeds = self.seeds or (1, 2, 3, 4)
        sources = {name: path for name, path in self.sources.items() if name != "mnist"}
        found = []
        if "mnist" in self.sources:
            data = SourceSettings(source_path(Path(self.sources["mnist"])), self.drawing.split_seed)
            found.append(self._figure5("mnist", data, seeds))
        for network in self.networks or ("resnet50",):
            found += self._study_steps(sources, {"network": network, "seeds": seeds})
        return found

    def do(self, search, train):
        """Do the steps and the report; what is finished already is kept.

        Arguments:
            search: as `method` of SearchStudy.do.
            train: as `method` of TicketStudy.do.

        Raises InputError and RunsFailed as the experiments do.
        """
        started, steps = time.perf_counter(), self.steps()
        for step in steps:  # before hours of the steps that go before
            step.study.size()
        todo = [(step.title, partial(_done, step.study, search, train)) for step in steps]
        if self.sweep.dry_run:
            do_steps(todo)
            self.sweep.ledger.tell("all of Chapter 2", self.sweep.resume)
            return
        do_steps([*todo, ("report", partial(make_report, self.sweep.output))])
        print(f"\nall of Chapter 2: {duration_text(time.perf_counter() - started)}")

    def _study_steps(self, sources, common):
        """The study's own protocol, for one network."""
        found = []
        for name, path in {**sources, **self.targets}.items():
            found.append(self._searches(f"tickets of {name}", name, path, common, keep_final=True))
        for name, path in self.targets.items():
            has_relative = name in RELATED and RELATED[name] in self.targets
            if name != ONLY_RELATED or not has_relative:
                found.append(self._transfers(f"transfer to {name}", name, path, common, sources=(*sources, TARGET)))
            if has_relative:
                lines = study_lines("related-source", name, (RELATED[name], *sources))
                found.append(self._transfers(f"a related source for {name}", name, path, common, lines=lines))
        for name in [name for name in self.targets if name in SIZED] or list(self.targets)[:1]:
            study = self._transfers("", name, self.targets[name], common).study
            parts = self._parts(study)
            found.append(Step(f"tickets of parts of {name}", parts))
        first, path = next(iter(self.targets.items()))
        usual = [name for name in STUDIES["final-weights"].sources if name in sources] or list(sources)
        lines = study_lines("final-weights", first, usual)
        found.append(self._transfers(f"final-weights on {first}", first, path, common, lines=lines))
        found += [
            self._transfers(
                f"BatchNorm on {first}, {title}", first, path, common, sources=(TARGET,), batchnorm=batchnorm
            )
            for title, batchnorm in (BATCHNORM.items() if self.batchnorm else ())
        ]
        return found

    def _demo_steps(self):
        """The same on the bundled data, small enough to end within half an hour on two cores."""
        seeds = self.seeds or (42, 1)
        found = [self._figure5("fashion_mnist", SourceSettings(), seeds)]
        of_network = {"resnet20": self._small_steps, "resnet50": self._large_steps}
        for name in self.networks or of_network:
            found += of_network[name]({"network": name, "seeds": seeds})
        return found

    def _small_steps(self, common):
        """All of the demonstration but Figure 5, with a network that is trained within a minute."""
        search, transfer = {"rounds": 2, "epochs": 2}, {"rounds": 2, "epochs": 5}
        target = "clipart-a", None, common
        titles = {"fashion_mnist": "Fashion-MNIST", "clipart-a": "clipart-a", "clipart-b": "clipart-b"}
        found = [
            self._searches(f"tickets of {title}", name, None, common, keep_final=True, **search)
            for name, title in titles.items()
        ]
        found.append(self._transfers("transfer to clipart-a", *target, sources=("fashion_mnist", TARGET), **transfer))
        for title, name in (("final weights", "final-weights"), ("a related source", "related-source")):
            lines = study_lines(name, "clipart-a", bundled=True)
            found.append(self._transfers(title, *target, lines=lines, **transfer))
        half = self._transfers("", *target, **search).study
        found.append(Step("tickets of half of clipart-a", self._parts(half, (0.5,))))
        found += [
            self._transfers(f"BatchNorm, {title}", *target, sources=(TARGET,), batchnorm=batchnorm, **transfer)
            for title, batchnorm in BATCHNORM.items()
        ]
        return found

    def _large_steps(self, common):
        """One ticket of the study's own network, transferred."""
        lines = (Line("ticket", "fashion_mnist"), Line("scratch"))
        title, target = "ResNet-50: transfer to clipart-a", ("clipart-a", None, common)
        return [
            self._searches("ResNet-50: tickets of Fashion-MNIST", "fashion_mnist", None, common, rounds=1, epochs=1),
            self._transfers(title, *target, lines=lines, rounds=1, epochs=2),
        ]

    def _figure5(self, name, data, seeds):
        search = {} if self.rounds is None else {"rounds": self.rounds}
        given = {"network": "lenet_300_100", "seeds": seeds, "folder": TICKETS, "demo": LTH_DEMO}
        given |= {"search": search, "epochs": self.epochs, "image_size": self.image_size}
        study = SearchStudy(name, data, computing=self.computing, sweep=self.sweep, **given)
        return Step("Figure 5", HypothesisStudy(study))

    def _common(self, name, path, common, rounds, epochs):
        """Attributes that every study has, and its rounds."""
        rounds = rounds if self.rounds is None else self.rounds
        shared = {"dataset": name, "data": self._data(name, path), "computing": self.computing, "sweep": self.sweep}
        shared |= {"epochs": self.epochs or epochs, "image_size": self.image_size, "settings": self.settings}
        # The thesis' sets of artists have artists for labels.
        return common | shared | {"challenge": "artist" if name.startswith("artist") else "type"}, rounds

    def _data(self, name, path):
        if is_natural(name):
            return SourceSettings(source_path(path if path is None else Path(path)), self.drawing.split_seed)
        reading = None if path is None else Reading(Path(path))
        return DataSettings(reading, name, self.drawing, self.cache or default_cache())

    def _searches(self, title, name, path, common, keep_final=False, rounds=None, epochs=None):
        common, rounds = self._common(name, path, common, rounds, epochs)
        search = {"keep_final": keep_final} | ({} if rounds is None else {"rounds": rounds})
        return Step(title, SearchStudy(search=search, protocol=self.protocol, **common))

    def _transfers(self, title, name, path, common, sources=None, rounds=None, epochs=None, **given):
        common, rounds = self._common(name, path, common, rounds, epochs)
        rounds = () if rounds is None else tuple(range(rounds + 1))
        study = TicketStudy(rounds=rounds, planning=self.sweep.dry_run, **common, **given)
        return Step(title, study if sources is None else study.comparing(sources))

    def _parts(self, study, shares=tuple(share for share in SHARES if share < 1)):
        return SizeStudy.of(study, shares, protocol=self.protocol)


def _done(study, search, train):
    if isinstance(study, HypothesisStudy):
        study.do(search, train)
    else:
        study.do(train if isinstance(study, TicketStudy) else search)


def _named(texts, option):
    """NAME=PATH texts as a dict of name to path."""
    named = {}
    for text in texts or ():
        name, equals, path = text.partition("=")
        if not (name and equals and path):
            raise InputError(f"{option}={text!r} is not NAME=PATH, such as cifar10=downloads/cifar-10-python.tar.gz")
        named[dataset_name(name)] = path
    return named
