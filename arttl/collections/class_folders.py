"""Reader: class folders, `DATA/CLASS/*.jpg`, or with the splits given, `DATA/{train,val,test}/CLASS/*.jpg`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from arttl.collections.cut_folder import read_cut
from arttl.collections.image_folder import IMAGE_FOLDERS, list_images
from arttl.collections.table import MISSING_LABELS, PARTS, Collection
from arttl.collections.wording import counted, first_few, shown_path
from arttl.errors import InputError

PART_OF_FOLDER = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


def read_class_folders(data, *, challenge, name=None, unknown_labels=MISSING_LABELS, skip_missing=False):
    """Read a collection whose labels are the names of its folders.

    Arguments:
        data: the folder of class folders, or of train, val (or valid, validation) and test, each with class
            folders. Images may lie deeper inside a class folder.
        challenge: what the labels are labels of.
        name: the collection's name; that of the folder by default.
        unknown_labels: class folders that say nothing, as table.unknown_set makes them.
        skip_missing: plays no part, since here every label has an image.

    Returns a Collection; an image_id is the path below `data`, with forward slashes. Hidden files, files that
    are no images, images outside of a class folder and links that lead out of `data` are left out and noted.

    Raises InputError if there are no class folders, or if some of the given splits are missing.
    """
    listed = list_images(data)
    parts = _given_parts(listed)
    depth = 2 if parts else 1
    rows, notes = [], []
    loose = 0
    for image in listed.images:
        folders = image.split("/")[:-1]
        if len(folders) < depth:
            loose += 1
        elif not parts:
            rows.append((image, listed.path(image), folders[0]))
        elif folders[0] in parts:
            rows.append((image, listed.path(image), folders[1], parts[folders[0]]))
    if loose:
        notes.append(f"{counted(loose, 'image')} outside of a class folder left out")
    if not rows:
        raise InputError(_nothing_found(listed, loose))
    if listed.folders[0] in IMAGE_FOLDERS and len({row[2] for row in rows}) == 1:
        raise InputError(
            f"{shown_path(data)} holds only the folder {listed.folders[0]} and no CSV; "
            "add the CSV of labels (--metadata), or arrange the images as CLASS/IMAGE.jpg"
        )
    columns = ["image_id", "path", challenge, *(["given_split"] if parts else [])]
    table = pd.DataFrame(rows, columns=columns, dtype=str).sort_values("image_id", ignore_index=True)
    cut = read_cut(listed.root, table, challenge) if parts else None
    made, changed = cut or ({}, ())
    notes = [*changed, *_notes(listed, parts, expected=cut is not None), *notes]
    notes.extend(_empty_classes(listed, table, depth, parts))
    return Collection(name or Path(listed.root).name, table, (challenge,), tuple(notes), unknown_labels, made=made)


def _given_parts(listed):
    """A dict of folder name to part, empty if the folders are classes rather than splits."""
    top = [folder for folder in listed.folders if "/" not in folder]
    parts = {folder: PART_OF_FOLDER[folder.lower()] for folder in top if folder.lower() in PART_OF_FOLDER}
    parts = dict(sorted(parts.items(), key=lambda item: PARTS.index(item[1])))
    missing = [part for part in PARTS if part not in parts.values()]
    where = shown_path(listed.folder)
    if missing:
        if not parts or len(parts) < len(top):
            return {}  # other folders beside them: "test" is a class like these
        raise InputError(
            f"{where} has {first_few(parts)} but no {' and no '.join(missing)} folder; add what is missing, "
            f"or have the splits drawn: --data {shown_path(listed.folder / next(iter(parts)))}"
        )
    if len(parts) > len(PARTS):
        raise InputError(
            f"{where} has several folders for one split ({first_few(parts, 6)}); keep one of train, val, test"
        )
    return parts


def _notes(listed, parts, expected):
    """What was left out, in lines; `expected` is the number of files that are meant to be no images."""
    notes = []
    ignored = listed.ignored - expected
    if ignored:
        notes.append(f"{counted(ignored, 'file')} left out (hidden, or no images)")
    if listed.links:
        notes.append(f"{counted(len(listed.links), 'link')} to folders or out of {shown_path(listed.folder)} left out")
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
    aside = f" ({counted(len(listed.links), 'link')} out of it not followed)" if listed.links else ""
    found = f"holds {counted(loose, 'image')} but no class folders" if loose else "has no images in class folders"
    return (
        f"{shown_path(listed.folder)} {found}{aside}; "
        "expected CLASS/IMAGE.jpg, or {train,val,test}/CLASS/IMAGE.jpg, or a CSV: --metadata"
    )
