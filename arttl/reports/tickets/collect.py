"""Searches and networks trained from tickets below a folder; what cannot be used is listed, not fatal."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from arttl.base.errors import InputError
from arttl.published.chapter2 import BATCHNORM
from arttl.reports.folders import CHAPTER2, cause_of, check_tables, deviations_of, is_share, read_folders
from arttl.reports.tickets.naming import data_name, source_name, target_name
from arttl.runs import RunFolder

KEY = ["target", "network", "source", "start", "fraction", "batchnorm"]
"""What the runs of one series share: they differ in round and seed only."""

STARTS = ("ticket", "final", "reinitialised", "random-masks", "scratch")
"""What a network starts from: m * theta_k, m * theta_i, m * theta'_0, a random mask's theta_k, no mask at all."""

MOST_ROUNDS = 254  # that a file of tickets can hold
_LTH = CHAPTER2 + "lth"
_RUN = ["folder", *KEY, "round", "seed", "sparsity", "collection", "challenge", "path", "settings", "config"]
_RUN += ["metrics", "deviations"]
_SEARCH = [
    "folder",
    "path",
    "source",
    "network",
    "fraction",
    "batchnorm",
    "seed",
    "lth",
    "complete",
    "rounds",
    "layers",
]
_SEARCH += ["settings", "config", "metrics", "deviations"]
_OF_ROUND = ("round", "sparsity", "val_loss", "val_accuracy", "test_accuracy", "epochs", "seconds")
_OF_LAYER = ("round", "weights", "remaining")


@dataclass(frozen=True, eq=False)
class Tickets:
    """What of Chapter 2 lies below a folder of runs.

    Attributes:
        root: the folder.
        runs: a DataFrame with one row a complete run from a ticket or from scratch: folder (str, relative to root), the
            columns of KEY (str, but fraction a float and batchnorm a tuple of pairs), round, seed, sparsity,
            collection and challenge ("" where unknown), path (Path), and, as objects, settings, config, metrics
            (dicts), deviations (list of str).
        controls: a DataFrame like `runs` of those of Figure 5, below ch2/lth.
        searches: a DataFrame with one row a search: folder, path, source, network, fraction, batchnorm, seed, lth
            (whether it is below ch2/lth), complete, and, as objects, rounds and layers (DataFrames, as on disk),
            settings, config, metrics, deviations.
        left_out: list of (folder, reason) of the others.
    """

    root: Path
    runs: pd.DataFrame
    controls: pd.DataFrame
    searches: pd.DataFrame
    left_out: list

    @property
    def is_empty(self):
        """Whether there is nothing of Chapter 2, not even a folder that cannot be used."""
        return not (len(self.runs) or len(self.controls) or len(self.searches) or self.left_out)


def collect_tickets(root):
    """Read every run folder of Chapter 2 below a folder.

    Arguments:
        root: the folder, such as runs/.

    Returns Tickets.

    Raises InputError if the folder does not exist or holds no run folder of any chapter.
    """
    root, found = Path(root), {"runs": [], "controls": [], "searches": []}

    def read(folder, experiment):
        if experiment is None or not experiment.startswith(CHAPTER2):
            return None
        kind, row = _read(RunFolder(folder))
        row["lth"] = experiment == _LTH
        return row | {"kind": kind}

    rows, left_out = read_folders(root, read)
    for row in rows:
        kind = "searches" if row.pop("kind") == "search" else "controls" if row["lth"] else "runs"
        found[kind].append(row)
    tables = {kind: pd.DataFrame(rows, columns=_SEARCH if kind == "searches" else _RUN) for kind, rows in found.items()}
    return Tickets(root, **tables, left_out=left_out)


def _read(folder):
    """A folder's kind and its row. Raises InputError, saying why, where it cannot be used."""
    try:
        config = folder.read_config()
        json.dumps(config, ensure_ascii=False).encode()  # lone surrogates could not be written again
        settings = config["settings"]
        kind = settings.get("kind")
        if kind not in ("search", "ticket"):
            raise InputError(f"its settings.kind is {json.dumps(kind)[:40]}, neither search nor ticket")
        return kind, _read_search(folder, config) if kind == "search" else _read_run(folder, config)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OSError) as error:
        raise InputError(f"damaged ({cause_of(error)}); run again with force=True") from error


def _read_run(folder, config):
    if not folder.is_complete:
        raise InputError("unfinished; its command once more with resume=True completes it")
    settings, metrics, predictions = config["settings"], _metrics(folder), folder.predictions()
    check_tables(metrics, folder.history(), predictions, ("epoch", "val_accuracy"))
    if not predictions.image_id.is_unique:
        raise ValueError("predictions.csv names an image twice")
    names = {name: _text(settings, name) for name in ("target", "network", "start")}
    if names["start"] not in STARTS:
        raise ValueError(f"start is {names['start']}")
    source, data = str(settings.get("source") or ""), _data(settings)
    return {
        **names,
        "target": target_name(names["target"], data["challenge"]),
        "source": source_name(source, names["target"], names["start"]),
        "fraction": 1.0 if names["start"] == "scratch" else _fraction(settings),
        "batchnorm": _batchnorm(settings.get("batchnorm") or {}),
        "round": _whole(settings["round"], "round", MOST_ROUNDS),
        "seed": _whole(settings["seed"], "seed"),
        "sparsity": _share(settings["sparsity"], "sparsity"),
        **data,
        "path": folder.path,
        "settings": settings,
        "config": config,
        "metrics": metrics,
        "deviations": deviations_of(config),
    }


def _read_search(folder, config):
    settings, complete = config["settings"], folder.is_complete
    metrics = _metrics(folder) if complete else {}
    if not complete and not (folder.path / "rounds.csv").exists():
        raise InputError("unfinished, and no round is done yet; its command once more with resume=True goes on")
    rounds = _numbers(folder.path / "rounds.csv", _OF_ROUND).sort_values("round", ignore_index=True)
    if not rounds["round"].is_unique or rounds.empty or rounds["round"].iloc[0] != 0:
        raise ValueError("rounds.csv does not have every round once, from 0")
    if complete and rounds["round"].iloc[-1] != metrics.get("rounds", rounds["round"].iloc[-1]):
        raise ValueError(f"rounds.csv ends with round {rounds['round'].iloc[-1]}, metrics.json says another")
    for name in ("sparsity", "test_accuracy", "val_accuracy"):
        values = rounds[name].dropna() if name == "val_accuracy" else rounds[name]
        if not all(map(is_share, values.tolist())):
            raise ValueError(f"{name} of rounds.csv is no share")
    if not np.isfinite(rounds[["epochs", "seconds"]].to_numpy(float)).all():
        raise ValueError("epochs or seconds of rounds.csv are no numbers")
    return {
        "source": data_name(_text(settings, "source")),
        "network": _text(settings, "network"),
        "path": folder.path,
        "fraction": _fraction(settings),
        "batchnorm": _batchnorm(settings.get("batchnorm") or {}),
        "seed": _whole(settings["seed"], "seed"),
        "complete": complete,
        "rounds": rounds,
        "layers": _layers(folder.path / "layers.csv"),
        "settings": settings,
        "config": config,
        "metrics": metrics,
        "deviations": deviations_of(config),
    }


def _metrics(folder):
    metrics = folder.metrics()
    json.dumps(metrics, ensure_ascii=False).encode()
    return metrics


def _layers(path):
    """layers.csv, without rows where it is not there."""
    if not path.exists():
        return pd.DataFrame(columns=["round", "layer", "weights", "remaining"])
    table = _numbers(path, _OF_LAYER, {"layer": str})
    if not ((table.weights > 0) & table.remaining.between(0, table.weights)).all():
        raise ValueError("layers.csv has a layer with fewer weights than remain, or none")
    if table.duplicated(["round", "layer"]).any():
        raise ValueError("layers.csv names a layer twice in a round")
    return table


def _numbers(path, columns, types=None):
    """A CSV whose columns are numbers, its rounds whole ones."""
    table = pd.read_csv(path, dtype=types)
    lacking = {*columns, *(types or {})} - {*table.columns}
    if lacking:
        raise ValueError(f"{path.name} has no {' or '.join(sorted(lacking))}")
    for name in columns:
        if len(table) and not pd.api.types.is_numeric_dtype(table[name]):
            raise ValueError(f"{name} of {path.name} holds text")
    rounds = table["round"].astype(float)
    if not (rounds.between(0, MOST_ROUNDS) & (rounds == np.floor(rounds))).all():
        raise ValueError(f"{path.name} has a round that is no whole number from 0 to {MOST_ROUNDS}")
    return table.assign(round=rounds.astype(int))


def _batchnorm(settings):
    """The settings of BatchNormalization as pairs, the study's filled in."""
    if not isinstance(settings, dict) or any(isinstance(value, dict | list) for value in settings.values()):
        raise ValueError("batchnorm does not hold settings")
    return tuple(sorted((BATCHNORM | settings).items()))


def _data(settings):
    """What the pictures are found by: a target's collection and its challenge, "" where settings do not say."""
    data = settings.get("data") if isinstance(settings.get("data"), dict) else {}
    found = {name: data[name] if isinstance(data.get(name), str) else "" for name in ("collection", "challenge")}
    target = settings["target"]
    return found | {"collection": found["collection"] or target.rpartition(" ")[0] or target}


def _text(settings, name):
    if not isinstance(settings[name], str) or not settings[name]:
        raise ValueError(f"{name} is no text")
    return settings[name]


def _share(value, name):
    if not is_share(value):
        raise ValueError(f"{name} is not a share from 0 to 1")
    return float(value)


def _fraction(settings):
    """The share of the training images that a search was made with."""
    return _share(1.0 if settings.get("fraction") is None else settings["fraction"], "fraction")


def _whole(value, name, most=math.inf):
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"{name} is not a whole number")
    return value
