"""All of Chapter 1, one experiment after the other, and the report."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

from arttl.base.errors import InputError
from arttl.base.saying import say
from arttl.base.typed import typed
from arttl.base.wording import duration_text
from arttl.collections import Reading
from arttl.reports.report import make_report
from arttl.splits.drawing import Drawing
from arttl.sweeps import Sweep
from arttl.sweeps.progress import do_steps
from arttl.training.computing import Computing
from arttl.transfer.data import DataSettings, Opened
from arttl.transfer.saliency import SaliencyStudy
from arttl.transfer.second import APPROACHES, DEMO, SOURCES, source_variants
from arttl.transfer.study import TransferStudy

CHALLENGES = ("material", "type", "artist")


@dataclass(frozen=True)
class Chapter1:
    """The studies of Chapter 1: Tables 2 and 3, and Figure 4.

    Attributes:
        first, second: TransferStudies of the two collections, whatever their challenge; None where there is no second.
        challenges: of the first collection; without any all that there are.
    """

    first: TransferStudy
    second: TransferStudy | None = None
    challenges: tuple = ()

    @classmethod
    def of(cls, data=None, antwerp=None, challenges=(), *, drawing=None, cache=None, **shared):
        """The studies of two collections, or of the bundled ones.

        Arguments:
            data, antwerp: folders of the two; without `data` the bundled ones.
            challenges: of the first.
            drawing: the Drawing of both splits.
            cache: folder of decoded images and features.
            **shared: attributes of both TransferStudies.
        """
        shared["sweep"] = replace(shared.get("sweep", Sweep()), is_step=True)
        kept = {"drawing": drawing or Drawing()} | ({} if cache is None else {"cache": cache})

        def settings(folder, bundled):
            return DataSettings(None if folder is None else Reading(folder), bundled, **kept)

        first = TransferStudy("ch1/rijks", "type", settings(data, "clipart-a"), **shared)
        if data is not None and antwerp is None:
            return cls(first, None, challenges)
        given = {"approaches": APPROACHES, "demo": DEMO}
        second = TransferStudy("ch1/antwerp", "type", settings(antwerp, DEMO.collection), **shared | given)
        return cls(first, second, challenges)

    @classmethod
    def from_options(cls, options, **shared):
        """What ch1_all.py was asked for; unfinished runs are gone on with.

        Arguments:
            options: the namespace of arttl.cli.parsers.all_parser.
            **shared: attributes of the TransferStudies besides.
        """
        names = ("numerics", "image_size", "epochs", "batch_size", "weights")
        return cls.of(
            options.data,
            options.antwerp,
            tuple(options.challenge or ()),
            drawing=typed(Drawing, options),
            cache=options.cache,
            networks=tuple(options.architecture or ()),
            seeds=tuple(dict.fromkeys(options.seed)),
            recipe=options.recipe or "thesis",
            computing=Computing.asked(options),
            sweep=typed(Sweep, options, resume=True),
            **{name: getattr(options, name) for name in names},
            **shared,
        )

    def rijks(self):
        """The studies of Table 2, one a challenge."""
        found = self.challenges or CHALLENGES[self.first.data.is_bundled :]  # the bundled collections have no material
        return [replace(self.first, challenge=each) for each in found]

    def antwerp(self):
        """The studies of Table 3, one a challenge."""
        if self.second is None:
            return []
        firsts = {each.challenge: each.root for each in self.rijks()}
        return [
            replace(self.second, challenge=each, variants=partial(source_variants, SOURCES, firsts[each], None))
            for each in self._shared()
        ]

    def figures(self):
        """The SaliencyStudies of Figure 4: of the first seed, one a challenge and network."""
        data = self.first.data
        of_runs = {"seed": self.first.seeds[0], "output": self.first.sweep.output, "reading": data.reading}
        of_runs["opened"] = data.opened
        return [
            SaliencyStudy(each, network, **of_runs) for each in self._shared() for network in self.first.chosen_networks
        ]

    def _shared(self):
        return [study.challenge for study in self.rijks() if study.challenge != "material"]

    def do(self, network, method):
        """Do Tables 2 and 3, Figure 4 and the report; what is finished already is kept.

        Arguments:
            network, method: as of TransferStudy.do.

        Raises InputError and RunsFailed as the experiments do. That there is no image for Figure 4 is said and not
        raised.
        """
        opened = Opened()
        first, second = (study and _sharing(study, opened) for study in (self.first, self.second))
        shared = replace(self, first=first, second=second)
        started, sweep = time.perf_counter(), self.first.sweep
        steps = [(f"Rijksmuseum, {each.challenge}", partial(each.do, network, method)) for each in shared.rijks()]
        steps += [(f"Antwerp, {each.challenge}", partial(each.do, network, method)) for each in shared.antwerp()]
        if sweep.dry_run:
            figures = shared.figures()
            do_steps([*steps, *((f"Figure 4, {each.challenge}", partial(each.list, sweep)) for each in figures)])
            sweep.ledger.tell("all of Chapter 1", sweep.resume)
            return
        steps += [(f"Figure 4, {each.challenge}", partial(_drawn, each)) for each in shared.figures()]
        do_steps([*steps, ("report", partial(shared.report, opened))])
        print(f"\nall of Chapter 1: {duration_text(time.perf_counter() - started)}")

    def report(self, opened):
        """Make the report, with the pictures of the collections that are not bundled.

        Arguments:
            opened: the Opened of the studies.
        """
        settings = [study.data for study in (self.first, self.second) if study and not study.data.is_bundled]
        readings = {each.reading.data.resolve(): each.reading for each in settings}

        def opened_already(data, challenge):
            reading = readings.get(data.resolve())
            return reading and opened.collection(reading, challenge)

        make_report(self.first.sweep.output, list(readings), opened_already=opened_already)


def _sharing(study, opened):
    """A TransferStudy that shares collections with the others of a command."""
    return replace(study, data=replace(study.data, opened=opened))


def _drawn(study):
    try:
        study.draw()
    except InputError as error:
        say(f"no figure: {error}")
