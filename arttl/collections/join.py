"""Metadata rows joined with image files, by id and never by position."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, row_name, shown, shown_path
from arttl.collections.image_place import near_misses, place_images, where_pictures_lie
from arttl.collections.match import match_ids
from arttl.collections.table import MISSING_LABELS, Collection, is_missing

RESERVED = ("image_id", "path", "given_split")


def join_rows(
    rows,
    images,
    *,
    source,
    image_column,
    label_columns,
    name=None,
    skip_missing=False,
    unknown_labels=MISSING_LABELS,
    notes=(),
):
    """Join metadata rows with the images of a folder.

    Arguments:
        rows: DataFrame of str, indexed by row number, or by the rows' names (see wording.row_name).
        images: an ImageFolder.
        source: Path of the metadata, for messages.
        image_column: the column that holds image ids.
        label_columns: dict of challenge to the column that holds its labels.
        name: the collection's name; that of the image folder by default.
        skip_missing: leave rows without an image out, rather than refuse them.
        unknown_labels: labels that say nothing, as table.unknown_set makes them.
        notes: lines on how the metadata was read.

    Returns a Collection, sorted by image_id. Columns that are neither id nor label are kept; one whose name
    the table needs is kept as "metadata.NAME".

    Raises InputError for ids that match_ids refuses, for rows without an image or with a blank id (unless
    `skip_missing`), and for two rows that give one image different labels.
    """
    rows = rows.copy()
    used = [image_column, *label_columns.values()]
    rows[used] = rows[used].apply(lambda column: column.str.strip())
    images, placed = place_images(rows[image_column], images, source)
    matched = match_ids(rows[image_column], images, source)
    files = pd.Series(matched.files, index=rows.index, dtype=object)
    lost = _lost(rows[image_column][files.isna()])
    rows, files, left_out = _with_image(rows, files, lost, images, source, skip_missing)
    notes = [*notes, *placed, *matched.notes, *left_out, *images.notes]
    repeated = _check_repeated(rows, files, source, image_column, label_columns)
    rows, files = rows[~repeated], files[~repeated]
    if repeated.any():
        notes.append(f"{counted(int(repeated.sum()), 'row')} of {shown_path(source)} repeated an image")
    without_row = tuple(sorted(set(images.images) - set(files)))
    if without_row:
        notes.append(
            f"{counted(len(without_row), 'image')} in {shown_path(images.folder)} without a row in {source.name}"
        )
    table = pd.DataFrame({"image_id": rows[image_column], "path": [images.path(file) for file in files]})
    for challenge, column in label_columns.items():
        table[challenge] = rows[column]
        unlabelled = int(is_missing(rows[column], unknown_labels).sum())
        if unlabelled:
            unknown = " or ".join(["blank", *(f"'{shown(label)}'" for label in sorted(unknown_labels - {""}))])
            notes.append(f"{counted(unlabelled, 'image')} without {shown(challenge)} ({unknown})")
    for column in rows.columns.difference(used, sort=False):
        table[f"metadata.{column}" if column in (*RESERVED, *label_columns) else column] = rows[column]
    table = table.sort_values("image_id", ignore_index=True)
    name = name or Path(images.root).name
    return Collection(
        name,
        table,
        tuple(label_columns),
        tuple(notes),
        unknown_labels,
        tuple(dict.fromkeys(lost)),
        without_row,
        unreadable=images.unreadable,
        not_read=images.foreign,
    )


def _lost(ids):
    """What rows without an image are called: their ids, or the row where that is blank; a list."""
    return [image_id or f"{row_name(row)} (blank)" for row, image_id in ids.items()]


def _with_image(rows, files, lost, images, source, skip_missing):
    """The rows that have an image, their files, and what to note about the others."""
    where = shown_path(images.folder)
    if len(lost) == len(rows):
        beside = f" ({'; '.join(images.notes)})" if images.notes else ""
        raise InputError(
            f"{shown_path(source)}: none of its {counted(len(rows), 'row')} has an image in {where} "
            f"(first: {first_few(lost)}); check the folder of images and the ids{beside}"
            f"{near_misses(lost, images) or where_pictures_lie(images)}"
        )
    if not lost:
        return rows, files, []
    first = ", ".join(shown(image_id) for image_id in lost[:3])
    if not skip_missing:
        have = "has" if len(lost) == 1 else "have"
        raise InputError(
            f"{shown_path(source)}: {counted(len(lost), 'row')} {have} no image in {where} (first: {first}); "
            f"skip_missing=True goes on without them{near_misses(lost, images)}"
        )
    near = near_misses(lost, images)
    note = f"{counted(len(lost), 'row')} of {shown_path(source)} without an image left out (first: {first}){near}"
    return rows[files.notna()], files[files.notna()], [note]


def _check_repeated(rows, files, source, image_column, label_columns):
    """A boolean Series, True for rows that repeat an earlier one's image and labels."""
    repeated = files.duplicated()
    first_rows = dict(zip(files[~repeated], files.index[~repeated], strict=True))
    for number, file in files[repeated].items():
        first = first_rows[file]
        for challenge, column in label_columns.items():
            one, other = rows.at[first, column], rows.at[number, column]
            if one != other:
                raise InputError(
                    f"{shown_path(source)}: image id '{shown(rows.at[number, image_column])}' has {shown(challenge)} "
                    f"'{shown(one)}' in {row_name(first)} and '{shown(other)}' in {row_name(number)}; "
                    "delete one of them"
                )
    return repeated
