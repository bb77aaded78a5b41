"""What was tried on each collection and challenge: networks, approaches, classifiers, settings, over their seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from arttl.base.wording import counted, first_few, shown
from arttl.reports.cells import measure
from arttl.reports.collect import CELL, SOFTMAX, cell_title, differing_settings, shared_settings, study_order
from arttl.runs.folder import tested_validation
from arttl.runs.metrics import accuracy_interval

CLASSIFIERS = {SOFTMAX: "softmax", "linear-svm": "linear SVM", "rbf-svm": "RBF SVM", "random-forest": "random forest"}
"""What can stand on X, and what tables call it."""

_SHORT = 24  # characters of a setting's value


@dataclass(frozen=True, eq=False)
class Tried:
    """Runs of one network, approach and classifier with the same settings, which differ in their seed only.

    Attributes:
        key: a dict of CELL, collection and classifier.
        settings: in what its settings differ from those of others of the same key, in words, or "".
        runs: rows of Collected.all_runs, by seed.
        problem: why they cannot be averaged, or "".
    """

    key: dict
    settings: str
    runs: pd.DataFrame
    problem: str

    @property
    def title(self):
        """In words: "ResNet50 off the shelf, linear SVM"."""
        classifier = self.key["classifier"]
        words = [cell_title(self.key)]
        words += [] if classifier == SOFTMAX else [CLASSIFIERS.get(classifier, shown(classifier))]
        return ", ".join([*words, *([self.settings] if self.settings else [])])

    @cached_property
    def test(self):
        """The test accuracy over the seeds: a dict of cells.MEASURE."""
        return measure(self.runs[:0] if self.problem else self.runs, "test_accuracy")

    @cached_property
    def limits(self):
        """The 95% interval (Wilson) of the mean test accuracy for the draw of so many test images, in percent."""
        images = int(self.runs.test_images.iloc[0])
        _, *limits = accuracy_interval(round(self.test["accuracy"] * images / 100), images)
        return [100 * limit for limit in limits]

    @cached_property
    def validation(self):
        """The mean validation accuracy of what was tested, in percent; None where it is not known."""
        found = [tested_validation(run.metrics, run.history) for run in self.runs.itertuples()]
        return None if self.problem or None in found else 100 * float(np.mean(found))

    def mean(self, name):
        """The mean of a number of metrics.json over the seeds, or None."""
        values = [metrics.get(name) for metrics in self.runs.metrics]
        known = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        return float(np.mean(values)) if known else None

    def percent(self, name):
        """The mean of a share of metrics.json over the seeds in percent, or None."""
        share = self.mean(name)
        return None if share is None else 100 * share

    @cached_property
    def predictions(self):
        """predictions.csv of all seeds, one below the other."""
        return pd.concat(list(self.runs.predictions), ignore_index=True)


@dataclass(frozen=True, eq=False)
class Task:
    """One collection and challenge, and all that was tried on it.

    Attributes:
        collection, challenge: their names.
        tried: list of Trieds, the highest test accuracy first, those with a problem last.
        images: images.csv of one of the runs; None where none has it.
    """

    collection: str
    challenge: str
    tried: list
    images: pd.DataFrame | None

    @property
    def title(self):
        """In words: "Gemäldesammlung: style"."""
        return f"{shown(self.collection)}: {shown(self.challenge)}"

    @property
    def one_split(self):
        """Whether all runs were tested on the same images, so that one can be better than another."""
        return len({split for each in self.tried for split in each.runs.split}) == 1

    @cached_property
    def best(self):
        """The Tried with the highest validation accuracy, of equal ones the one tested better; None without any."""
        known = [each for each in self.tried if each.test["accuracy"] is not None]
        ranked = sorted(known, key=lambda each: -1 if each.validation is None else each.validation, reverse=True)
        return ranked[0] if ranked else None

    @property
    def facts(self):
        """What it was learned from, in words: "262 images: 209 train, 26 validation, 27 test; 5 classes"."""
        run = self.tried[0].runs.iloc[0]
        classes = counted(len(run.config.get("class_names", ())), "class")
        if self.images is None:
            return f"{counted(run.test_images, 'test image')}, {classes}"
        parts = self.images["split"].value_counts()
        each = ", ".join(f"{parts[part]:,} {part}" for part in ("train", "validation", "test") if part in parts)
        return f"{counted(len(self.images), 'image')} ({each}), {classes}"

    @property
    def majority(self):
        """What always answering the most frequent class scores, in percent (None if unknown), and that class, or ""."""
        known = (self.best or self.tried[0]).percent("majority_accuracy")
        training = () if self.images is None else self.images.label[self.images["split"] == "train"].mode()
        return known, shown(training.iloc[0]) if len(training) else ""


def tasks(collected):
    """Every Task, in the order of collections' names and the study's challenges: a list.

    Arguments:
        collected: what collect_runs() returned.
    """
    runs = collected.all_runs
    groups = list(runs.groupby(["collection", "challenge"], sort=False))
    found = []
    for (collection, challenge), group in sorted(groups, key=_place):
        tried = sorted(_tried(group), key=lambda each: -(each.test["accuracy"] or -1))
        images = (collected.images(run) for run in group.itertuples())
        found.append(Task(collection, challenge, tried, next((each for each in images if each is not None), None)))
    return found


def _place(group):
    (collection, challenge), _ = group
    return collection, study_order(challenge, "", "", "")


def _tried(runs):
    """The Trieds of a collection and challenge, in the order of the study."""
    names = [*CELL, "collection", "classifier"]
    groups = runs.groupby(names, sort=False)
    for key, group in sorted(groups, key=lambda each: (study_order(*each[0][: len(CELL)]), each[0])):
        settings = [shared_settings(run) for run in group.itertuples()]
        marked = group.assign(same=[json.dumps(each, sort_keys=True, default=str) for each in settings])
        apart = differing_settings(settings)
        for _, same in marked.groupby("same", sort=False):
            words = _settings(shared_settings(next(same.itertuples())), apart)
            problem = "" if same.seed.is_unique else f"{first_few(same.folder)} are of the same seed"
            yield Tried(dict(zip(names, key, strict=True)), words, same.sort_values("seed"), problem)


def _settings(settings, names):
    """Settings of these names in words, short values only."""
    texts = [(name.rpartition(".")[2], str(settings.get(name, "not given"))) for name in names]
    return first_few((f"{name} {text}" for name, text in texts if len(text) <= _SHORT), 4)
