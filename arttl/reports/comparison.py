"""What was tried beside each other: a table for the page, and one CSV of all collections."""

from __future__ import annotations

import pandas as pd

from arttl.reports.cells import INTERVALS, MEASURE, SPREAD, marks
from arttl.reports.table import Cell, Table, interval, number

_ABOUT = ["collection", "challenge", "network", "approach", "source", "classifier", "settings"]
_MEASURED = ["val_accuracy", "macro_f1", "majority_accuracy", "test_images", "seconds"]
TERMS = {
    "off-the-shelf": "Off the shelf: the network stays as it was trained before, and only a classifier is trained, on "
    "what the network computes of a picture (X).",
    "fine-tuning": "Fine tuning: the whole network goes on learning from what it was trained on before.",
    "scratch": "From scratch: the network starts from random weights.",
}
"""What the approaches are, for who has not read the thesis."""

_NOTES = [
    "Test accuracy: the share of test images, which no training saw, that are told right. Validation accuracy: that of "
    "the images by which training was stopped. Macro-F1: precision and recall in one number, in which rare classes "
    "count as much as frequent ones. Best in bold, second best underlined.",
    f"An interval says how far off a number may be by chance. {INTERVALS} The bar draws the 95% interval, of several "
    "seeds that of their mean, from 0 to 100%; the thin line is the majority class.",
]


def tried_table(task):
    """What was tried on a collection and challenge, the best first: a Table.

    Arguments:
        task: a Task.
    """
    columns = [("", "tried"), ("", "test accuracy (%)"), ("", "interval"), ("", "validation (%)"), ("", "macro-F1 (%)")]
    columns += [("", "seeds"), ("", "epochs"), ("", "seconds")]
    comparable = task.one_split
    best = marks(each.test["accuracy"] for each in task.tried) if comparable else [""] * len(task.tried)
    rows = [_row(each, mark, task.majority[0]) for each, mark in zip(task.tried, best, strict=True)]
    warnings = [f"{each.title}: left empty, since {each.problem}." for each in task.tried if each.problem]
    if not comparable:
        warnings.append("Not all runs were tested on the same images, so none is marked as the best.")
    approaches = {each.key["approach"] for each in task.tried}
    notes = [words for name, words in TERMS.items() if name in approaches] + _NOTES
    return Table("", "What was tried", columns, rows, warnings, notes)


def tried_data(found):
    """What was tried on all collections and challenges, unrounded, accuracies in percent: a DataFrame for the CSV.

    Arguments:
        found: list of Tasks.
    """
    rows = []
    for each in (each for task in found for each in task.tried):
        names = ("collection", "challenge", "architecture", "approach", "source", "classifier")
        about = dict(zip(_ABOUT, [*(each.key[name] for name in names), each.settings], strict=True))
        measured = {
            "val_accuracy": each.validation,
            "macro_f1": each.percent("test_macro_f1"),
            "majority_accuracy": each.percent("majority_accuracy"),
            "test_images": each.runs.test_images.iloc[0],
            "seconds": each.mean("seconds"),
        }
        rows.append(about | each.test | measured | {"problem": each.problem})
    return pd.DataFrame(rows, columns=[*_ABOUT, *MEASURE, *_MEASURED, "problem"])


def interval_words(tried):
    """How far off a test accuracy may be, in words: "95% interval 31.3 to 83.2%, ± 14.1 over 2 seeds".

    Arguments:
        tried: a Tried without a problem.
    """
    low, high = tried.limits
    words, found = f"95% interval {low:.1f} to {high:.1f}%", tried.test
    if found["interval"] == SPREAD:
        words += f", ± {(found['high'] - found['low']) / 2:.1f} over {found['seeds']} seeds"
    return words


def _row(each, mark, majority):
    found = each.test
    known = found["accuracy"] is not None
    bar = (each.limits[0], found["accuracy"], each.limits[1], majority) if known else None
    accuracy = number(found["accuracy"], 1, mark=mark, bar=bar)
    return [
        Cell(each.title),
        accuracy,
        interval(found),
        number(each.validation, 1),
        number(None if each.problem else each.percent("test_macro_f1"), 1),
        number(len(each.runs), 0),
        number(each.mean("epochs"), 0),
        number(each.mean("seconds"), 0),
    ]
