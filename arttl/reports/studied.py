"""Which runs the thesis' tables and figures show, and which of them are of the thesis' own data."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from arttl.base.wording import first_few, shown
from arttl.collections import BUNDLED, CHALLENGES
from arttl.published.chapter1 import COLLECTIONS, EXPERIMENTS, is_near


def is_studied(run):
    """Whether a run's collection has about the size of the thesis' (arttl.published.chapter1.NEAR).

    Arguments:
        run: a row of Collected.runs.
    """
    study = COLLECTIONS.get((run.challenge, EXPERIMENTS[run.experiment]))
    if study is None or run.collection in BUNDLED:
        return False
    return is_near(len(run.config.get("class_names", [])), study[1]) and is_near(10 * run.test_images, study[0])


def in_thesis(collected):
    """Whether any run is of a challenge that the thesis has, so that its tables are the reader's too."""
    return bool(collected.all_runs.challenge.isin(CHALLENGES).any())


def thesis_part(collected):
    """What the thesis' tables and figures show: of each experiment and challenge the runs of one collection.

    Arguments:
        collected: what collect_runs() returned.

    Returns (Collected, lines): the collection is one of the thesis' size, else a bundled one, else that with the most
    runs; the lines name the others, which have sections of their own.
    """
    kept, lines = [], []
    for (_, challenge), runs in collected.runs.groupby(["experiment", "challenge"], sort=False):
        counts = runs.collection.value_counts()
        studied = {run.collection for run in runs.itertuples() if is_studied(run)}
        ranked = sorted(counts.index, key=lambda name: (name not in studied, name not in BUNDLED, -counts[name], name))
        kept.append(runs[runs.collection == ranked[0]])
        if ranked[1:]:
            here = f"{shown(challenge)}: the thesis' tables and figures show {shown(ranked[0])}"
            lines.append(f"{here}; {first_few(ranked[1:])} has a section of its own.")
    runs = pd.concat(kept).sort_index() if kept else collected.runs
    return replace(collected, runs=runs), lines
