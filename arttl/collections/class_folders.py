"""Reader: class folders, `DATA/CLASS/*.jpg`, or with the splits given, `DATA/{train,val,test}/CLASS/*.jpg`."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown_path
from arttl.collections.cut_folder import read_cut
from arttl.collections.folder_structure import doubt_about_level, given_parts, refuse_containers
from arttl.collections.image_folder import USUAL_WALK, list_images
from arttl.collections.table import MISSING_LABELS, Collection

VALIDATION_SHARE = 0.1
VALIDATION_SEED = 42
CLASSES_NAMED = 5


def read_class_folders(
    data, *, challenge, name=None, unknown_labels=MISSING_LABELS, skip_missing=False, walk=USUAL_WALK
):
    """Read a collection whose labels are the names of its folders.

    Arguments:
        data: the folder of class folders, or of train, val and test (by one of their names, see folder_structure),
            each with class folders. Images may lie deeper inside a class folder. Without val, a tenth of train is
            validation, see draw_validation.
        challenge: what the labels are labels of.
        name: the collection's name; that of the folder by default.
        unknown_labels: class folders that say nothing, as table.unknown_set makes them.
        skip_missing: plays no part, since here every label has an image.
        walk: how the folder is searched, an image_folder.Walk.

    Returns a Collection. Hidden files, files that are no images, images outside of a class folder, folders that
    systems make and links that lead out of `data` are left out and noted. An image_id is the path below `data`, with
    forward slashes.

    Raises InputError if there are no class folders, if some of the given splits are missing, and if folders would be
    classes whose names say that they are none.
    """
    listed = list_images(data, walk=walk)
    parts = given_parts(listed)
    depth = 2 if parts else 1
    rows = []
    loose = 0
    for image in listed.images:
        folders = image.split("/")[:-1]
        if len(folders) < depth:
            loose += 1
        elif not parts:
            rows.append((image, listed.path(image), folders[0]))
        elif folders[0] in parts:
            rows.append((image, listed.path(image), folders[1], parts[folders[0]]))
    if not rows:
        raise InputError(_nothing_found(listed, loose))
    if not parts:
        refuse_containers(listed, (row[2] for row in rows))
    columns = ["image_id", "path", challenge, *(["given_split"] if parts else [])]
    table = pd.DataFrame(rows, columns=columns, dtype=str).sort_values("image_id", ignore_index=True)
    cut = read_cut(listed.root, table, challenge) if parts else None
    made, changed = cut or ({}, ())
    doubt = None if parts else doubt_about_level(listed, table[challenge])
    notes = [*changed, _classes_note(table[challenge]), *([doubt] if doubt else [])]
    if parts and "validation" not in parts.values():
        table, note = draw_validation(table, challenge)
        notes.append(note)
    notes += _notes(listed, parts, expected=cut is not None)
    if loose:
        notes.append(f"{counted(loose, 'image')} outside of a class folder left out")
    notes.extend(_empty_classes(listed, table, depth, parts))
    name = name or Path(listed.root).name
    return Collection(
        name,
        table,
        (challenge,),
        tuple(notes),
        unknown_labels,
        made=made,
        unreadable=listed.unreadable,
        not_read=listed.foreign,
    )


def draw_validation(table, challenge):
    """Validation images drawn from the training images of a given split that has none.

    Of each class a tenth, rounded, and at least one image if it has two. The draw of a class depends on its own
    images, its name and the seed 42 alone.

    Arguments:
        table: a Collection's, with given_split.
        challenge: its column of labels.

    Returns (the table with the validation images, a note).
    """
    given = table.given_split.copy()
    for label, rows in table[given == "train"].groupby(challenge):
        wanted = min(max(1, round(VALIDATION_SHARE * len(rows))), len(rows) - 1)
        random = np.random.default_rng([VALIDATION_SEED, zlib.crc32(label.encode())])
        given[random.choice(rows.sort_values("image_id").index.to_numpy(), wanted, replace=False)] = "validation"
    drawn, of = int((given == "validation").sum()), int(table.given_split.eq("train").sum())
    note = (
        f"there is no validation folder: {drawn:,} of the {of:,} train images, a tenth of each class drawn with seed "
        f"{VALIDATION_SEED}, are validation; test stays as it is"
    )
    return table.assign(given_split=given), note


def _classes_note(labels):
    """'12 classes by the folders' names: a, b, c, d, e and 7 more'."""
    classes = sorted(set(labels))
    return f"{counted(len(classes), 'class')} by the folders' names: {first_few(classes, CLASSES_NAMED)}"


def _notes(listed, parts, expected):
    """What was left out, in lines; `expected` is the number of files that are meant to be no images."""
    notes = list(listed.notes)
    ignored = listed.ignored - expected
    if ignored:
        notes.append(f"{counted(ignored, 'file')} left out (hidden, or no images)")
    beside = [folder for folder in listed.folders if parts and "/" not in folder and folder not in parts]
    if beside:
        notes.append(
            f"{counted(len(beside), 'folder')} beside train, validation and test left out: {first_few(beside)}"
        )
    return notes


def _empty_classes(listed, table, depth, parts):
    used = {"/".join(image.split("/")[:depth]) for image in table.image_id}
    classes = [folder for folder in listed.folders if folder.count("/") == depth - 1]
    empty = [folder for folder in classes if folder not in used and (not parts or folder.split("/")[0] in parts)]
    if empty:
        yield f"{counted(len(empty), 'class folder')} without images: {first_few(empty)}"


def _nothing_found(listed, loose):
    aside = f" ({'; '.join(listed.notes)})" if listed.notes else ""
    found = f"holds {counted(loose, 'image')} but no class folders" if loose else "has no images in class folders"
    return (
        f"{shown_path(listed.folder)} {found}{aside}; "
        "expected CLASS/IMAGE.jpg, or {train,val,test}/CLASS/IMAGE.jpg, or a CSV: metadata="
    )
