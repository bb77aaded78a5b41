"""Runs that differ in round and seed only, averaged over seeds, and the choice of the best ticket among them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd

from arttl.base.wording import first_few
from arttl.published.chapter2 import BATCHNORM
from arttl.recipes.overrides import as_of_now, flattened
from arttl.reports.cells import MEASURE, measure
from arttl.reports.collect import differing_settings
from arttl.reports.folders import is_share
from arttl.reports.tickets.collect import KEY
from arttl.reports.tickets.naming import order

STUDY = tuple(sorted(BATCHNORM.items()))
"""The study's setting of BatchNormalization as a value of KEY."""

TEST, VALIDATION = "test", "validation"
"""What the best ticket may be chosen by."""

CHOICES = (
    "The best ticket is the round with the highest mean test accuracy over the seeds, as in the thesis, which is "
    "optimistic; beside it is the test accuracy of the round with the highest mean validation accuracy (ties: the "
    "lower mean validation loss, then the earlier round). Rounds from 1 on that have all of a cell's seeds compete."
)
WITH_0 = (
    'In the columns "with round 0" the network that is not pruned, started from the same weights, competes too, as in '
    "the thesis. Where they say another thing than the best ticket, that network is the best, and needs no mask."
)

OF_SEARCH = ("seed", "search.rounds", "search.keep_initial", "search.keep_final")
"""Settings in which searches may differ that are averaged: their seed, how far they went, and what they kept."""

_OF_RUN = ("seed", "round", "sparsity", *(f"tickets.{name}" for name in OF_SEARCH))
_SAME = 1e-6  # sparsities of one round


@dataclass(frozen=True, eq=False)
class Series:
    """Runs of one target, network, source, start, fraction and BatchNormalization.

    Attributes:
        key: a dict of KEY.
        runs: rows of Tickets.runs, by round and seed.
        problem: why they cannot be averaged, or "".
        rounds: a DataFrame with one row a round: round, sparsity, whole (whether all seeds of the series are there),
            the columns of cells.MEASURE in percent, val_accuracy (percent) and val_loss; without rows if there is a
            problem.
    """

    key: dict
    runs: pd.DataFrame
    problem: str
    rounds: pd.DataFrame

    @property
    def seeds(self):
        """Number of seeds that any round has."""
        return self.runs.seed.nunique()

    @property
    def left_out(self):
        """Number of rounds that do not compete since they lack seeds."""
        return int((~self._competing().whole).sum())

    @property
    def has_round_0(self):
        """Whether all seeds of the network that is not pruned are there."""
        return bool(self.rounds.whole[self.rounds["round"] == 0].any())

    def _competing(self, with_0=False):
        unpruned = with_0 or self.key["start"] == "scratch"
        return self.rounds[unpruned | (self.rounds["round"] > 0)]

    def best(self, by, with_0=False):
        """The row of `rounds` of the best ticket as a dict, or None if no round competes.

        Arguments:
            by: TEST or VALIDATION.
            with_0: whether round 0, which is not pruned, competes too.
        """
        rounds = self._competing(with_0)
        rounds = rounds[rounds.whole]
        if by == TEST:
            ranked = rounds.assign(rank=-rounds.accuracy.round(9)).sort_values(["rank", "round"])
        else:
            rounds = rounds[rounds.val_accuracy.notna()]
            loss = rounds.val_loss.fillna(np.inf).round(9)
            ranked = rounds.assign(rank=-rounds.val_accuracy.round(9), loss=loss)
            ranked = ranked.sort_values(["rank", "loss", "round"])
        return None if ranked.empty else ranked.iloc[0].to_dict()

    def of_round(self, number):
        """The runs of a round."""
        return self.runs[self.runs["round"] == number]


def make_series(runs):
    """Every Series of runs, a list in the order of the thesis.

    Arguments:
        runs: Tickets.runs or Tickets.controls.
    """
    groups = {key: group.sort_values(["round", "seed"]) for key, group in runs.groupby(KEY, sort=False)}
    return [
        _series(dict(zip(KEY, key, strict=True)), groups[key]) for key in sorted(groups, key=lambda key: order(*key))
    ]


def select(series, **key):
    """The Series with these values of KEY; None for any.

    Without other values: the study's BatchNormalization; and of each target, network and source the tickets of whole
    searches, or where there are none, of those on the largest part of the training images.
    """
    largest = {}
    for each in series:
        if each.key["start"] != "scratch":
            largest[_group(each)] = max(each.key["fraction"], largest.get(_group(each), 0))
    wanted = {name: value for name, value in ({"batchnorm": STUDY} | key).items() if value is not None}
    return [
        each
        for each in series
        if all(each.key[name] == value for name, value in wanted.items())
        and ("fraction" in key or each.key["fraction"] == largest.get(_group(each), 1.0))
    ]


def _group(series):
    return tuple(series.key[name] for name in ("target", "network", "source", "batchnorm"))


def rounds_of(runs):
    """Series.rounds of runs that may be averaged.

    Arguments:
        runs: a DataFrame with the columns round, seed, sparsity and metrics (dicts).
    """
    seeds = set(runs.seed)
    rows = []
    for number, group in runs.groupby("round"):
        row = {"round": number, "sparsity": float(group.sparsity.mean()), "whole": set(group.seed) == seeds}
        rows.append(row | measure(group, "test_accuracy") | _validation(group.metrics))
    columns = ["round", "sparsity", "whole", *MEASURE, "val_accuracy", "val_loss"]
    frame = pd.DataFrame(rows, columns=columns)
    numbers = [name for name in columns if name not in ("whole", "interval", "round")]
    return frame.astype(dict.fromkeys(numbers, float) | {"whole": bool, "round": int, "seeds": int})


def pooling_problem(runs, own=_OF_RUN):
    """Why runs that share KEY cannot be averaged and compared over rounds, or "".

    Arguments:
        runs: a DataFrame with the columns folder, round, seed, sparsity and settings.
        own: names of settings, nested ones with dots, in which they may differ.
    """
    twice = runs[runs.duplicated(["round", "seed"], keep=False)]
    if len(twice):
        return f"{first_few(twice.folder)} are of the same round and seed; report on one of them"
    names = differing(runs.settings, own.__contains__)
    spread = runs.groupby("round").sparsity.agg(lambda values: values.max() - values.min())
    if (spread > _SAME).any():
        names.append("sparsity")
    if names:
        return f"{first_few(runs.folder)} differ in {first_few(names)}; report on those alone that go together"
    return ""


def differing(settings, own):
    """Names of settings in which runs differ, nested ones with dots.

    Arguments:
        settings: an iterable of dicts.
        own: function of a name, true for those in which they may differ.
    """
    distinct = {json.dumps(each, sort_keys=True): each for each in settings}
    return [
        name for name in differing_settings([_flat(as_of_now(each)) for each in distinct.values()]) if not own(name)
    ]


def _flat(settings):
    stated = {name: value for name, value in settings.items() if name != "batchnorm"}  # which KEY has, filled in
    return flattened({"fraction": 1.0} | {name: value for name, value in stated.items() if value is not None})


def _series(key, runs):
    problem = pooling_problem(runs)
    return Series(key, runs, problem, rounds_of(runs[:0] if problem else runs))


def _validation(metrics):
    accuracies = [each.get("val_accuracy") for each in metrics]
    known = all(map(is_share, accuracies))
    loss = float(np.mean([_loss(each.get("val_loss")) for each in metrics]))
    return {"val_accuracy": 100 * float(np.mean(accuracies)) if known else np.nan, "val_loss": loss}


def _loss(value):
    """A loss, NaN where it is no number from 0 up that a float holds."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max
    return value if known else np.nan
