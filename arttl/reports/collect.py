"""Run folders below a folder, as one pandas DataFrame; what cannot be used is listed, not fatal."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown
from arttl.collections.table import CHALLENGES
from arttl.published.chapter1 import APPROACH_TITLES, ARCHITECTURES, EXPERIMENTS, SOURCES
from arttl.recipes.overrides import flattened
from arttl.reports.folders import CHAPTER2, cause_of, check_tables, deviations_of, experiment_of, read_folders
from arttl.runs import RunFolder

CELL = ["experiment", "challenge", "architecture", "approach", "source"]
"""What runs of one cell of a table share; they differ in their seed only."""

SOFTMAX = "softmax"
_HISTORY = ("epoch", "val_accuracy")
_OWN = {"seed"}  # settings in which runs of one cell may differ
_OWN_OF_SOURCE = {"weights", "weights_file", "source_run.seed"}  # and, with weights of our own training, its seed


@dataclass(frozen=True, eq=False)
class Collected:
    """What lies below a folder of runs.

    Attributes:
        root: the folder.
        runs: a DataFrame with one row a complete run: the columns of CELL (str), seed, folder (str, relative to
            root), collection, split (fingerprint), test_images, and, as objects, settings, config, metrics (dicts),
            deviations (list of str), history and predictions (DataFrames).
        left_out: list of (folder, reason) of the other run folders.
        classical: a DataFrame like `runs` of those with a classifier of scikit-learn on X, and the column classifier.
    """

    root: Path
    runs: pd.DataFrame
    left_out: list
    classical: pd.DataFrame

    @property
    def is_empty(self):
        """Whether there is nothing of Chapter 1, not even a folder that cannot be used."""
        return not (len(self.runs) or len(self.classical) or self.left_out)

    def cells(self):
        """A list of (key, runs, problem): key a dict of CELL and collection; problem says why runs cannot be averaged.

        Cells are in the order of the thesis, their runs sorted by seed. Runs of one cell that differ in more than the
        seed are never pooled; problem is "" where they do not.
        """
        names = [*CELL, "collection"]
        groups = sorted(self.runs.groupby(names, sort=False), key=lambda group: (study_order(*group[0][:-1]), group[0]))
        return [
            (dict(zip(names, key, strict=True)), group.sort_values("seed"), pooling_problem(group))
            for key, group in groups
        ]

    def images(self, run):
        """images.csv of a run as a DataFrame; None where it has none, as of an early version of arttl.

        Arguments:
            run: a row of `runs` or `classical`.
        """
        folder = RunFolder(self.root / run.folder)
        if not (folder.path / "images.csv").is_file():
            return None
        images = folder.images()
        return images if {"image_id", "label", "split"} <= {*images.columns} else None

    @property
    def all_runs(self):
        """`runs` and `classical` as one DataFrame, with the column classifier."""
        return pd.concat([self.runs.assign(classifier=SOFTMAX), self.classical], ignore_index=True)


def collect_runs(root):
    """Read every run folder of Chapter 1 (`seed-N` with a config.json or metrics.json) below a folder.

    Arguments:
        root: the folder, such as runs/.

    Returns Collected.

    Raises InputError if the folder does not exist or holds no run folder.
    """
    root, others = Path(root), Counter()

    def read(folder, experiment):
        if experiment is not None and experiment.startswith(CHAPTER2):
            return None
        if experiment is not None and experiment.removeprefix("ch1/") not in EXPERIMENTS:
            others[experiment] += 1
            return None
        return read_run(RunFolder(folder))

    rows, left_out = read_folders(root, read)
    left_out += [
        (name, f"{counted(number, 'run')} of an experiment that is not in this report")
        for name, number in others.items()
    ]
    columns = ["folder", *CELL, "seed", "collection", "split", "test_images"]
    columns += ["settings", "config", "metrics", "deviations", "history", "predictions"]
    found = pd.DataFrame(rows, columns=[*columns, "classifier"])
    softmax = found.classifier == SOFTMAX
    runs, classical = (found[chosen].reset_index(drop=True) for chosen in (softmax, ~softmax))
    return Collected(root, runs[columns], left_out, classical)


def read_run(folder):
    """One complete run as a row of Collected.runs: a dict.

    Arguments:
        folder: a RunFolder.

    Raises InputError, saying why, for a run that is unfinished, damaged or of no experiment that the report shows.
    """
    experiment = (experiment_of(folder.path) or "").removeprefix("ch1/")
    if experiment not in EXPERIMENTS:
        raise InputError(f"not below {' or '.join(f'ch1/{name}' for name in EXPERIMENTS)}, as the experiments write it")
    if not folder.is_complete:
        raise InputError("unfinished; its command once more with resume=True completes it")
    try:
        return {"experiment": experiment} | _read(folder)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise InputError(f"damaged ({cause_of(error)}); run again with force=True") from error


def _read(folder):
    config, metrics = folder.read_config(), folder.metrics()
    json.dumps([config, metrics], ensure_ascii=False).encode()  # lone surrogates could not be written again
    settings = config["settings"]
    history, predictions = folder.history(), folder.predictions()
    classifier = str(settings.get("classifier", SOFTMAX))
    check_tables(metrics, history, predictions, _HISTORY if classifier == SOFTMAX else _HISTORY[1:])
    return {
        "challenge": str(settings["challenge"]),
        "architecture": str(settings["architecture"]),
        "approach": str(settings["recipe"]["approach"]),
        "source": str(settings.get("source") or ""),
        "classifier": classifier,
        "seed": int(settings["seed"]),
        "collection": str(settings["collection"]),
        "split": str(settings["split"]),
        "test_images": len(predictions),
        "settings": settings,
        "config": config,
        "metrics": metrics,
        "deviations": deviations_of(config),
        "history": history,
        "predictions": predictions,
    }


def pooling_problem(runs):
    """Why the runs of a cell cannot be averaged, or "".

    Arguments:
        runs: rows of Collected.runs with the same CELL.
    """
    if not runs.seed.is_unique:
        return f"{first_few(runs.folder)} are of the same seed; report on one of them"
    differing = differing_settings([shared_settings(run) for run in runs.itertuples()])
    if differing:
        return f"{first_few(runs.folder)} differ in {first_few(differing)}; report on those alone that go together"
    return ""


def shared_settings(run):
    """A run's settings but those in which runs of one cell may differ: a dict, nested ones with dots.

    Arguments:
        run: a row of Collected.runs.
    """
    own = _OWN | (_OWN_OF_SOURCE if run.source == "rijks" else set())
    return {name: value for name, value in _flat(run.settings).items() if name not in own}


def differing_settings(settings):
    """Names in which any of several dicts differs from the first, a list."""
    names = {name: None for each in settings for name in each}
    return [name for name in names if any(each.get(name) != settings[0].get(name) for each in settings)]


def _flat(settings):
    nested = {name: settings[name] for name in ("recipe", "source_run") if isinstance(settings.get(name), dict)}
    return {key: value for key, value in settings.items() if key not in nested} | flattened(nested)


def study_order(*key):
    """What to sort the values of CELL by, or its last four: the order of the thesis, and what it does not have last."""
    known = (EXPERIMENTS, CHALLENGES, ARCHITECTURES, APPROACH_TITLES, SOURCES)[-len(key) :]
    places = [(*names,).index(value) if value in names else len(names) for value, names in zip(key, known, strict=True)]
    return places, key


def cell_title(key):
    """A cell in words: "ResNet50 θʳ fine tuning"; challenge and experiment are said elsewhere.

    Arguments:
        key: a mapping of CELL.
    """
    words = (
        ARCHITECTURES.get(key["architecture"], key["architecture"]),
        SOURCES.get(key["source"], key["source"]),
        APPROACH_TITLES.get(key["approach"], key["approach"]),
    )
    return " ".join(shown(word) for word in words if word)
