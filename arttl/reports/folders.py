"""Run folders of either chapter: found, read one by one, and their tables held against each other."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import shown, shown_path

CHAPTER2 = "ch2/"
"""What the experiments of Chapter 2 begin with; arttl.reports.tickets collects them."""

_SHARES = ("test_accuracy", "test_accuracy_low", "test_accuracy_high")
_PREDICTIONS = ("image_id", "label", "predicted", "probability")
_ROUNDING = 1e-6  # of accuracies written and read again


def run_folders(root):
    """The run folders (`seed-N` with a config.json or metrics.json) below a folder, as sorted Paths, at least one.

    Raises InputError if the folder does not exist or holds none.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"{shown_path(root)} is no folder; name the folder that the experiments wrote to")
    folders = sorted({path.parent for name in ("config", "metrics") for path in root.rglob(f"seed-*/{name}.json")})
    if not folders:
        raise InputError(
            f"{shown_path(root)} holds no run folder; run an experiment first, or name the folder that it wrote to"
        )
    return folders


def read_folders(root, read):
    """Read every run folder below a folder.

    Arguments:
        root: a Path.
        read: a function of a folder and its experiment (a str or None) that returns a row as a dict, None for what is
            not wanted, and raises InputError for what cannot be used.

    Returns (rows, left_out): a list of dicts, each with its folder (a str, relative to root), and a list of (folder,
    reason).

    Raises InputError as `run_folders` does.
    """
    rows, left_out = [], []
    for folder in run_folders(root):
        name = folder.relative_to(root).as_posix()
        try:
            row = read(folder, experiment_of(folder))
        except InputError as error:
            left_out.append((name, " ".join(str(error).split())))
            continue
        if row is not None:
            rows.append({"folder": name} | row)
    return rows, left_out


def experiment_of(path):
    """The experiment that a run folder's path tells, such as "ch1/rijks", or None."""
    parts = Path(path).resolve().parts
    found = [f"{part}/{after}" for part, after in pairwise(parts) if part in ("ch1", "ch2")]
    return found[-1] if found else None


def cause_of(error):
    """What is wrong with a folder's files, in a few words."""
    if isinstance(error, OSError):
        return f"{Path(error.filename or 'a file').name}: {error.strerror or error}"
    return f"{error} is missing" if isinstance(error, KeyError) else shown(error)


def deviations_of(config):
    """The lines of a config.json's departures from the study; TypeError if these, or its class names, are no list."""
    lines = config.get("deviations", [])
    if not isinstance(lines, list) or not isinstance(config.get("class_names", []), list):
        raise TypeError("deviations and class_names are lists")
    return [str(line) for line in lines]


def check_tables(metrics, history, predictions, of_history):
    """Raise ValueError unless the files hold what they should and agree with each other.

    Arguments:
        metrics, history, predictions: what they hold.
        of_history: columns of numbers that history.csv must have.
    """
    for name in _SHARES:
        if not is_share(metrics[name]):
            raise ValueError(f"{name} is {metrics[name]}")
    for file, table, columns in (("history", history, of_history), ("predictions", predictions, _PREDICTIONS)):
        lacking = set(columns) - set(table.columns)
        if lacking or table.empty:
            raise ValueError(f"{file}.csv has no {' or '.join(sorted(lacking)) or 'rows'}")
    numbers = (*(history[name] for name in of_history), predictions.probability)
    if not all(pd.api.types.is_numeric_dtype(column) for column in numbers):
        raise ValueError("a column of numbers holds text")
    accuracy = (predictions.label == predictions.predicted).mean()
    if abs(accuracy - metrics["test_accuracy"]) > _ROUNDING:
        raise ValueError(f"predictions.csv gives a test accuracy of {accuracy:.4f}, metrics.json another")


def is_share(value):
    """Whether a value is a number in [0, 1]."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
