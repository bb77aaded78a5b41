"""Which classes are taken for which: the most confused classes of what was tried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from arttl.reports.collect import CELL

SHOWN = 10  # classes of a matrix
OTHERS = "other classes"


@dataclass(frozen=True, eq=False)
class Confusions:
    """The confusions of what was tried once, over its seeds.

    Attributes:
        key: a dict of CELL, collection and classifier.
        title: what was tried, in words.
        seeds: the seeds whose test predictions are added up.
        classes: the most confused classes, the most confused first.
        counts: int array (classes, classes + 1): rows are true classes, columns predicted ones and, last, all others.
        pairs: a DataFrame of label, predicted, images (added up over seeds) and label_images, the most frequent first.
    """

    key: dict
    title: str
    seeds: list
    classes: list
    counts: np.ndarray
    pairs: pd.DataFrame


def confusions(found):
    """The Confusions of everything that was tried and made mistakes, in the order of the Tasks; a list.

    Arguments:
        found: list of Tasks.
    """
    return [
        _confusions(each)
        for task in found
        for each in task.tried
        if not each.problem and (each.predictions.label != each.predictions.predicted).any()
    ]


def confusions_table(found):
    """All confused pairs as one DataFrame, for a CSV.

    Arguments:
        found: list of Confusions.
    """
    columns = [each.pairs.assign(**each.key, seeds=len(each.seeds)) for each in found]
    names = [*CELL, "seeds", "label", "predicted", "images", "label_images", "collection", "classifier"]
    return pd.concat(columns, ignore_index=True)[names] if columns else pd.DataFrame(columns=names)


def most_confused(predictions, most=SHOWN):
    """The classes that most mistakes involve, as the true one or the predicted one; equal ones in alphabetical order.

    Arguments:
        predictions: a DataFrame with label and predicted.
        most: how many.
    """
    wrong = predictions[predictions.label != predictions.predicted]
    counts = pd.concat([wrong.label, wrong.predicted]).value_counts()
    return sorted(counts.index, key=lambda label: (-counts[label], label))[:most]


def _confusions(tried):
    predictions = tried.predictions
    classes = most_confused(predictions)
    labelled = predictions[predictions.label.isin(classes)]
    predicted = labelled.predicted.where(labelled.predicted.isin(classes), OTHERS)
    others = np.array([((labelled.label == label) & (predicted == OTHERS)).sum() for label in classes])
    known = labelled[labelled.predicted.isin(classes)]
    matrix = np.zeros((len(classes), len(classes)), int)
    if len(known):
        matrix = confusion_matrix(known.label, known.predicted, labels=classes)
    wrong = predictions[predictions.label != predictions.predicted]
    pairs = wrong.groupby(["label", "predicted"]).size().rename("images").reset_index()
    pairs["label_images"] = pairs.label.map(predictions.label.value_counts())
    pairs = pairs.sort_values(["images", "label", "predicted"], ascending=[False, True, True], ignore_index=True)
    return Confusions(
        tried.key, tried.title, tried.runs.seed.tolist(), classes, np.column_stack([matrix, others]), pairs
    )
