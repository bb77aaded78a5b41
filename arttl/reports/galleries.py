"""Worst mistakes: the test images that a network got wrong with most confidence."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from arttl.reports.collect import CELL

MISTAKES = 12  # of what was tried once
THUMBNAILS = 300  # on the whole page, so that it can be sent by mail


@dataclass(frozen=True)
class Mistake:
    """A test image and its wrong answer.

    Attributes:
        image_id, label, predicted: as in predictions.csv.
        probability: of the wrong class, in [0, 1]; NaN of a classifier that gives none.
        picture: a data: address, or None.
    """

    image_id: str
    label: str
    predicted: str
    probability: float
    picture: str | None


@dataclass(frozen=True, eq=False)
class Gallery:
    """The worst mistakes of what was tried once.

    Attributes:
        key: a dict of CELL, collection and classifier.
        title: what was tried, in words.
        seed: the seed they are of, the lowest.
        mistakes: list of Mistakes, the surest first.
        note: why pictures are missing, or "".
    """

    key: dict
    title: str
    seed: int
    mistakes: list
    note: str


def worst_mistakes(found):
    """Worst mistakes of everything that was tried, without pictures: a DataFrame for a CSV.

    Arguments:
        found: list of Tasks.

    Columns: those of CELL, seed, collection, image_id, label, predicted, probability, classifier and title. Each time
    of the run with the lowest seed, and of that MISTAKES images.
    """
    columns = ["image_id", "label", "predicted", "probability"]
    tables, names = [], [*CELL, "seed", "collection", *columns, "classifier", "title"]
    for tried in (each for task in found for each in task.tried):
        run = tried.runs.iloc[0]
        wrong = run.predictions[run.predictions.label != run.predictions.predicted]
        wrong = wrong.sort_values(["probability", "image_id"], ascending=[False, True]).head(MISTAKES)
        tables.append(wrong[columns].assign(**tried.key, seed=run.seed, title=tried.title))
    return pd.concat(tables, ignore_index=True)[names] if tables else pd.DataFrame(columns=names)


def mistake_galleries(table, pictures):
    """The Galleries of a page, a list.

    Arguments:
        table: what worst_mistakes returned.
        pictures: the Pictures.

    With many of them each shows fewer pictures, THUMBNAILS in all at most.
    """
    names = [*CELL, "collection", "classifier"]
    groups = list(table.groupby([*names, "title"], sort=False))
    most = max(1, min(MISTAKES, THUMBNAILS // max(1, len(groups))))
    return [
        _gallery(dict(zip(names, key, strict=True)), title, group.head(most), pictures)
        for (*key, title), group in groups
    ]


def _gallery(key, title, rows, pictures):
    name = key["collection"]
    mistakes = [
        Mistake(row.image_id, row.label, row.predicted, row.probability, pictures.thumbnail(name, row.image_id))
        for row in rows.itertuples()
    ]
    missing = sum(mistake.picture is None for mistake in mistakes)
    note = ""
    if missing == len(mistakes) and name not in pictures.collections:
        note = f"The pictures of {name} are not here; python -m arttl report RUNS --data DIR shows and keeps them."
    elif missing:
        note = f"{missing} of {len(mistakes)} pictures are missing or cannot be read."
    return Gallery(key, title, int(rows.seed.iloc[0]), mistakes, note)
