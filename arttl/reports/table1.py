"""Table 1: the collections that the runs used, beside the studies'."""

from __future__ import annotations

import pandas as pd

from arttl.base.wording import shown
from arttl.collections import CHALLENGES
from arttl.published.chapter1 import COLLECTIONS, EXPERIMENTS, OVERLAP
from arttl.reports.pictures import used_split
from arttl.reports.studied import is_studied
from arttl.reports.table import Cell, Table, number
from arttl.splits import overlap

COLUMNS = ["challenge", "study", "collection", "images", "images_published", "images_difference", "classes"]
COLUMNS += ["classes_published", "classes_difference", "overlap", "overlap_published", "labelled_images"]
COLUMNS += ["labelled_classes", "studied"]


def collections_table(collected, pictures):
    """Table 1: N_t, Q_t and label overlap of the runs' collections, beside the published ones: a Table.

    Arguments:
        collected: what collect_runs() returned.
        pictures: the Pictures; N_t is known of their collections only.
    """
    data = pd.DataFrame(_rows(collected, pictures), columns=COLUMNS, dtype=object)
    columns = [("", "challenge"), ("", "study's collection"), ("", "here")]
    columns += [(group, part) for group in ("N_t", "Q_t") for part in ("value", "published", "difference")]
    columns += [("label overlap", "value"), ("label overlap", "published")]
    rows = [
        [
            Cell(shown(row.challenge)),
            Cell(row.study if (row.challenge, row.study) in COLLECTIONS else ""),
            Cell(shown(row.collection)),
            *_compared(row.images, row.images_published, row.images_difference if row.studied else None),
            *_compared(row.classes, row.classes_published, row.classes_difference if row.studied else None),
            Cell() if row.overlap is None else Cell(f"{row.overlap:.1%}", sort=row.overlap),
            Cell(row.overlap_published),
        ]
        for row in data.itertuples()
    ]
    notes = [
        "N_t images and Q_t classes as used: after the split's filter. Label overlap: the share of Antwerp's classes "
        "that the Rijksmuseum has too, exactly as written.",
        *_notes(data),
    ]
    return Table("table1", "Table 1: collections", columns, rows, notes=notes, data=data)


def _rows(collected, pictures):
    runs = collected.runs
    used = runs.drop_duplicates(["experiment", "challenge", "collection", "split"])
    keys = [(challenge, study) for study in EXPERIMENTS.values() for challenge in used.challenge]
    for challenge, study in sorted(dict.fromkeys([*COLLECTIONS, *keys]), key=_order):
        here = used[(used.experiment.map(EXPERIMENTS) == study) & (used.challenge == challenge)]
        if here.empty and (challenge, study) not in COLLECTIONS:
            continue
        for run in list(here.itertuples()) or [None]:
            yield _row(challenge, study, run, used, pictures, None if run is None else collected.images(run))


def _row(challenge, study, run, used, pictures, table):
    images, classes = COLLECTIONS.get((challenge, study), (None, None))
    row = dict.fromkeys(COLUMNS) | {"challenge": challenge, "study": study, "collection": "", "overlap_published": ""}
    row |= {"images_published": images, "classes_published": classes}
    if study == EXPERIMENTS["antwerp"]:
        row |= {"overlap_published": OVERLAP.get(challenge, ""), "overlap": _overlap(challenge, run, used)}
    if run is None:
        return row
    row |= {"collection": run.collection, "classes": len(run.config.get("class_names", [])) or None}
    row["studied"] = is_studied(run)
    collection = pictures.labelled(run.collection, challenge)
    if collection is not None:
        labels, split = collection.labels(challenge), used_split(collection, run)
        row |= {"labelled_images": len(labels), "labelled_classes": int(labels.nunique())}
        row["images"] = None if split is None else len(split.table)
    if table is not None:
        row["images"] = len(table)
    for name in ("images", "classes"):
        if None not in (row[name], row[f"{name}_published"]):
            row[f"{name}_difference"] = row[name] - row[f"{name}_published"]
    return row


def _overlap(challenge, run, used):
    """The share of a run's classes that the Rijksmuseum's runs have; None where it is not one and the same for all."""
    sources = used[(used.experiment == "rijks") & (used.challenge == challenge)]
    names = {tuple(map(str, config.get("class_names", []))) for config in sources.config}
    target = run and [str(name) for name in run.config.get("class_names", [])]
    return overlap(names.pop(), target) if target and len(names) == 1 else None


def _notes(data):
    notes = []
    for row in data[data.collection != ""].itertuples():
        if row.labelled_images is None and row.images is None:
            notes.append(
                f"{shown(row.collection)}, {shown(row.challenge)}: N_t is not known without its metadata; "
                "python -m arttl report RUNS --data DIR reads it."
            )
        elif row.images is None:
            notes.append(
                f"{shown(row.collection)}, {shown(row.challenge)}: N_t is not known, since the collection is not as it "
                "was when the runs were made."
            )
        elif row.labelled_images is not None:
            notes.append(
                f"{shown(row.collection)}, {shown(row.challenge)}: {row.labelled_images:,} images of "
                f"{row.labelled_classes:,} classes have a label; {row.images:,} of {row.classes:,} are used."
            )
    return notes


def _compared(value, published, difference):
    return [number(value, 0), number(published, 0), number(difference, 0, sign="+")]


def _order(key):
    challenge, study = key
    known = CHALLENGES.index(challenge) if challenge in CHALLENGES else len(CHALLENGES)
    return known, challenge, list(EXPERIMENTS.values()).index(study)
