"""Worst mistakes: the test images that a network got wrong with most confidence."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from arttl.reports.collect import CELL

MISTAKES = 12  # of one cell
THUMBNAILS = 300  # on the whole page, so that it can be sent by mail


@dataclass(frozen=True)
class Mistake:
    """A test image and its wrong answer.

    Attributes:
        image_id, label, predicted: as in predictions.csv.
        probability: of the wrong class, in [0, 1].
        picture: a data: address, or None.
    """

    image_id: str
    label: str
    predicted: str
    probability: float
    picture: str | None


@dataclass(frozen=True, eq=False)
class Gallery:
    """The worst mistakes of one cell.

    Attributes:
        key: a dict of CELL.
        seed: the seed they are of, the lowest.
        collection: its name.
        mistakes: list of Mistakes, the surest first.
        note: why pictures are missing, or "".
    """

    key: dict
    seed: int
    collection: str
    mistakes: list
    note: str


def worst_mistakes(collected):
    """Worst mistakes of every cell, without pictures: a DataFrame for a CSV.

    Arguments:
        collected: what collect_runs() returned.

    Columns: those of CELL, seed, collection, image_id, label, predicted, probability. Of each cell the run with the
    lowest seed, and of that MISTAKES images.
    """
    columns = ["image_id", "label", "predicted", "probability"]
    tables, names = [], [*CELL, "seed", "collection", *columns]
    for key, runs, _ in collected.cells():
        run = runs.iloc[0]
        wrong = run.predictions[run.predictions.label != run.predictions.predicted]
        wrong = wrong.sort_values(["probability", "image_id"], ascending=[False, True]).head(MISTAKES)
        tables.append(wrong[columns].assign(**key, seed=run.seed, collection=run.collection))
    return pd.concat(tables, ignore_index=True)[names] if tables else pd.DataFrame(columns=names)


def mistake_galleries(table, pictures):
    """The Galleries of a page, a list.

    Arguments:
        table: what worst_mistakes returned.
        pictures: the Pictures.

    With many cells each shows fewer pictures, THUMBNAILS in all at most.
    """
    if table.empty:
        return []
    groups = list(table.groupby(CELL, sort=False))
    most = max(1, min(MISTAKES, THUMBNAILS // len(groups)))
    return [_gallery(dict(zip(CELL, key, strict=True)), group.head(most), pictures) for key, group in groups]


def _gallery(key, rows, pictures):
    name = rows.collection.iloc[0]
    mistakes = [
        Mistake(row.image_id, row.label, row.predicted, row.probability, pictures.thumbnail(name, row.image_id))
        for row in rows.itertuples()
    ]
    missing = sum(mistake.picture is None for mistake in mistakes)
    note = ""
    if name not in pictures.collections:
        note = f"The pictures of {name} are not here; python -m arttl report with --data DIR shows them."
    elif missing:
        note = f"{missing} of {len(mistakes)} pictures are missing or cannot be read."
    return Gallery(key, int(rows.seed.iloc[0]), name, mistakes, note)
