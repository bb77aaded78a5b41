"""How well each class is told: a table for the page, and one CSV of all collections."""

from __future__ import annotations

import numpy as np
import pandas as pd

from arttl.base.wording import counted, shown
from arttl.reports.table import Cell, Table, number

SHOWN = 40  # classes of one table on the page
_SCORES = ["class", "train_images", "test_images", "recall", "precision", "f1", "taken_for", "taken_for_images"]
_COLUMNS = ("class", "training images", "test images", "recall (%)", "precision (%)", "F1 (%)", "most often taken for")
_NOTES = [
    "Recall: of the test images of a class, the share that is told right. Precision: of those that were taken for it, "
    "the share that is. F1: both in one number, their harmonic mean. Of several seeds the images are added up. Of a "
    "class with few test images none of this is known well."
]


def class_scores(tried, images=None):
    """Counts, recall, precision and F1 of every class, shares in percent: a DataFrame.

    Arguments:
        tried: a Tried.
        images: images.csv as a DataFrame; None if unknown, which leaves train_images empty.

    Columns: _SCORES, of the classes of the training images and the answers, most test images first; NaN where nothing
    can be said. train_images and test_images are of one seed, taken_for_images of all.
    """
    table, seeds = tried.predictions, len(tried.runs)
    answers = pd.crosstab(table.label, table.predicted)
    known = tried.runs.iloc[0].config.get("class_names", [])
    names = list(dict.fromkeys([*map(str, known), *answers.index, *answers.columns]))
    counts = answers.reindex(index=names, columns=names, fill_value=0).to_numpy()
    right, of_class, taken = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    wrong = counts - np.diag(right)
    most = wrong.max(axis=1)
    trained = None if images is None else images.label[images["split"] == "train"].value_counts()
    scores = {
        "class": names,
        "train_images": None if trained is None else trained.reindex(names, fill_value=0).to_numpy(),
        "test_images": of_class / seeds,
        "recall": _percent(right, of_class),
        "precision": _percent(right, taken),
        "f1": _percent(2 * right, of_class + taken),
        "taken_for": np.where(most > 0, np.array(names, object)[wrong.argmax(axis=1)], ""),
        "taken_for_images": most,
    }
    ranked = pd.DataFrame(scores, columns=_SCORES)
    return ranked.sort_values("test_images", ascending=False, kind="stable", ignore_index=True)


def classes_table(tried, images=None):
    """A Tried's classes, those with the most test images first: a Table.

    Arguments:
        tried, images: as of class_scores.
    """
    scores = class_scores(tried, images)
    more = f"Of {counted(len(scores), 'class')} the {SHOWN} with the most test images; classes.csv has all."
    return Table(
        "",
        f"Classes: {tried.title}",
        [("", name) for name in _COLUMNS],
        [_row(row) for row in scores.head(SHOWN).to_dict("records")],
        notes=[*_NOTES, *([more] if len(scores) > SHOWN else [])],
    )


def classes_data(found):
    """The classes of everything that was tried: a DataFrame for the CSV.

    Arguments:
        found: list of Tasks.
    """
    names = ("collection", "challenge", "architecture", "approach", "source", "classifier")
    frames = [
        class_scores(each, task.images).assign(**{name: each.key[name] for name in names}, settings=each.settings)
        for task in found
        for each in task.tried
        if not each.problem
    ]
    columns = [*names, "settings", *_SCORES]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _row(row):
    counts = [number(row[name], 0) for name in ("train_images", "test_images")]
    shares = [number(row[name], 1) for name in ("recall", "precision", "f1")]
    taken = f"{shown(row['taken_for'])} ({row['taken_for_images']:.0f})" if row["taken_for"] else ""
    return [Cell(shown(row["class"])), *counts, *shares, Cell(taken)]


def _percent(part, whole):
    """Shares in percent, NaN of nothing."""
    return np.divide(100 * part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
