"""Every run of the thesis, planned by the experiments' own code, without data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from arttl.collections.targets import TARGETS
from arttl.lottery.everything import FIGURE_5_SEEDS, RELATED, Chapter2
from arttl.lottery.lth import TICKETS, HypothesisStudy
from arttl.lottery.opening import SourceSettings, dataset_name, is_natural
from arttl.lottery.search import SearchStudy
from arttl.lottery.studies import NATURAL
from arttl.lottery.transfers import TicketStudy
from arttl.pruning import SearchSettings
from arttl.published.chapter1 import APPROACH_TITLES, EXPERIMENTS, FEATURES
from arttl.runs.costs import Work
from arttl.sweeps import Sweep
from arttl.thesis.sizes import challenge_size, collection_images, dataset_size
from arttl.transfer.everything import Chapter1
from arttl.transfer.second import planned_variants

ALL_ROUNDS = tuple(range(SearchSettings().rounds + 1))
FIGURE4 = "Figure 4, saliency maps"


@dataclass(frozen=True, kw_only=True)
class PlannedRun(Work):
    """One run: its Work, and what it is for.

    Attributes:
        experiment: what of the thesis it is for.
        folder: the path of its folder.
        factors: pairs of a noun and a value, such as ("seed", 42), in which runs of one experiment differ.
    """

    experiment: str
    folder: Path
    factors: tuple


@dataclass(frozen=True)
class Images:
    """A collection decoded at one size, or its X, which the runs share: in --cache.

    Attributes:
        chapter: 1 or 2.
        title: of the data.
        images: their number.
        values: bytes for each image.
        what: "decoded images" or "features X".
        network: whose X; empty for images.
        image_size: side in pixels.
    """

    chapter: int
    title: str
    images: int
    values: int
    what: str
    network: str
    image_size: int


def thesis_runs(output, chapters=(1, 2)):
    """Every run of the thesis, each folder once.

    Arguments:
        output: folder of all runs, which need not be there.
        chapters: which.

    Returns a list of PlannedRuns, in the order in which ch1_all.py and ch2_all.py do them.
    """
    found = chapter1_runs(output) if 1 in chapters else []
    found += chapter2_runs(output) if 2 in chapters else []
    once = {}
    for run in found:
        once.setdefault(run.folder, run)
    return list(once.values())


def chapter1_runs(output):
    """Those of Tables 2 and 3 and Figure 4: a list of PlannedRuns."""
    chapter = Chapter1.of(Path("rijks2014"), Path("antwerp"), sweep=Sweep(Path(output)))
    found, passed = [], set()
    second = [replace(study, variants=planned_variants) for study in chapter.antwerp()]
    for experiment, studies in (("rijks", chapter.rijks()), ("antwerp", second)):
        for study in studies:
            found += [_trained(spec, experiment, passed) for spec in study.runs()]
    for figure in chapter.figures():
        size = next(run.image_size for run in found if run.network == figure.architecture)
        found.append(
            PlannedRun(
                chapter=1,
                experiment=FIGURE4,
                network=figure.architecture,
                image_size=size,
                data=challenge_size("rijks", figure.challenge),
                folder=figure.folder,
                factors=(("challenge", figure.challenge), ("seed", figure.seed)),
            )
        )
    return found


def _trained(spec, experiment, passed):
    """The PlannedRun of a RunSpec; `passed` has what X is known of, and grows."""
    approach = spec.recipe.approach
    source = spec.source.name if spec.source else ""
    network = spec.architecture, experiment, *((spec.challenge, spec.seed) if source == "rijks" else ())
    frozen = approach == "off-the-shelf"
    passes = collection_images(experiment) if frozen and network not in passed else 0
    passed |= {network} if frozen else set()
    sources = (("source", source),) if source else ()
    return _planned(
        spec,
        challenge_size(experiment, spec.challenge),
        f"Table {2 if experiment == 'rijks' else 3}, {APPROACH_TITLES[approach]}",
        (("challenge", spec.challenge), *sources, ("seed", spec.seed)),
        passes=passes,
    )


def _planned(spec, data, title, factors, **given):
    """The PlannedRun of a spec; `given` are attributes in the place of its Work's."""
    work = vars(spec.work(data)) | given
    return PlannedRun(**work, experiment=title, folder=spec.folder.path, factors=tuple(factors))


def chapter2_runs(output):
    """Those of Figure 5, Tables 5 and 6, Figures 8 and 9: PlannedRuns."""
    sweep = Sweep(Path(output), dry_run=True)
    names = {target.name.lower(): target.name.lower() for target in TARGETS}
    found = _figure5(sweep)
    for step in Chapter2({name: name for name in NATURAL}, names, sweep=sweep).steps():
        study = step.study
        if isinstance(study, TicketStudy):
            whole = replace(study, rounds=ALL_ROUNDS)  # whatever of the searches is there already
            related = {line.source for line in study.lines} & set(RELATED.values()) - {study.dataset}
            found += [_from_ticket(spec, _transfer_title(spec, bool(related))) for spec in whole.runs()]
        else:
            found += [_searched(spec, _search_title(spec)) for spec in study.runs()]
    return found


def _figure5(sweep):
    search = SearchStudy(
        "mnist",
        SourceSettings(None),
        network="lenet_300_100",
        seeds=FIGURE_5_SEEDS,
        folder=TICKETS,
        sweep=sweep,
    )
    searches, controls = HypothesisStudy(search).runs()
    found = [_searched(spec, "Figure 5, search") for spec in searches]
    return found + [_from_ticket(spec, "Figure 5, controls") for spec in controls]


def _search_title(spec):
    if spec.fraction < 1:
        return "Figure 9c, searches on a part"
    return f"searches on {'natural sources' if is_natural(spec.source) else 'targets'}"


def _transfer_title(spec, is_related):
    kinds = {"scratch": "from scratch", "reinitialised": "reinitialised", "final": "final weights"}
    own = "target tickets" if spec.source == spec.target else "transfers"
    kind = kinds.get(spec.start, own)
    if is_related:
        return f"Figure 9b, {'related source' if kind == 'transfers' else kind}"
    if spec.start == "final":
        return f"Figure 9a, {kind}"
    return f"{'Figure 8' if kind == 'reinitialised' else 'Table 5'}, {kind}"


def _searched(spec, title):
    part = (("part", spec.fraction),) if spec.fraction < 1 else ()
    noun = "source" if is_natural(spec.source) else "target"
    factors = ((noun, spec.source), *part, ("seed", spec.seed))
    return _planned(spec, dataset_size(spec.source), title, factors)


def _from_ticket(spec, title):
    factors = [("target", spec.target), ("source", spec.source), ("part", spec.fraction)]
    factors += [("start", spec.start), ("round", spec.round), ("seed", spec.seed)]
    return _planned(spec, dataset_size(spec.target), title, factors)


def shared_images(runs):
    """What the runs keep in --cache besides their folders: a list of Images.

    Natural sources of Chapter 2 are resized in memory and leave nothing there.
    """
    stores, features = {}, []
    for run in runs:
        title = run.data.title
        images = run.data.images
        if run.chapter == 1:
            title = title.partition(",")[0]
            images = collection_images(next(name for name, each in EXPERIMENTS.items() if each == title))
        elif is_natural(dataset_name(title)):
            continue
        pixels = Images(run.chapter, title, images, 3 * run.image_size**2, "decoded images", "", run.image_size)
        stores[title, run.image_size] = pixels
        if run.passes:
            values = 4 * FEATURES[run.network]
            features.append(Images(1, title, images, values, "features X", run.network, run.image_size))
    return [*stores.values(), *features]
