"""Reader: the metadata of OmniArt, a CSV with a header.

    id,artwork_name,artist_full_name,creation_year,image_url,artwork_type,school
    6068e28c,deer beside a lake,carl frederik aagaard,1888.0,https://www.wga.hu/art/a/aagaard/deer.jpg,painting,Danmark

Source: Strezoski and Worring, OmniArt, ACM TOMM 2018.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import first_few, shown_path
from arttl.collections.image_folder import known_ids
from arttl.collections.join import join_rows
from arttl.collections.tables import read_table

LABEL_COLUMNS = {"type": "artwork_type", "artist": "artist_full_name"}
FILE_COLUMNS = ("file_name", "filename", "image_file", "image_path", "image_name", "image", "file", "path")
URL_COLUMN = "image_url"
ID_COLUMNS = ("id", "omni_id")
IMAGE = "image of arttl"  # no column of a CSV is called so


def is_omniart(columns):
    """Whether columns are those of this format: one of its labels, and one that leads to the image."""
    leads = {*FILE_COLUMNS, URL_COLUMN, *ID_COLUMNS}
    return not set(LABEL_COLUMNS.values()).isdisjoint(columns) and not leads.isdisjoint(columns)


def read_omniart(metadata, images, **joining):
    """Read a collection from OmniArt's CSV.

    Images are found by the column that fits most rows: one of file names (FILE_COLUMNS), the last part of image_url's
    path, or id or omni_id with any image extension; the first of these where several fit as many.

    Arguments:
        metadata: the CSV or workbook, or the Table that was read of it.
        images: an ImageFolder.
        joining: name, skip_missing and unknown_labels, see join_rows.

    Returns a Collection with those of the challenges type (artwork_type) and artist (artist_full_name) for which
    there is a column.

    Raises InputError if the file is not in this format, and for whatever read_table and join_rows refuse.
    """
    metadata, rows, notes = read_table(metadata)
    if not is_omniart(rows.columns):
        raise InputError(
            f"{shown_path(metadata)} is not OmniArt's: it lacks {' and '.join(LABEL_COLUMNS.values())}, or a column "
            f"such as {URL_COLUMN} or id; its columns are {first_few(rows.columns, 20)}: name them with "
            "image_column and label_column"
        )
    column, rows[IMAGE] = _image_ids(rows, images)
    collection = join_rows(
        rows,
        images,
        source=metadata,
        image_column=IMAGE,
        label_columns={challenge: column for challenge, column in LABEL_COLUMNS.items() if column in rows},
        notes=notes,
        **joining,
    )
    return replace(collection, notes=(f"images found by OmniArt's column {column}", *collection.notes))


def _image_ids(rows, images):
    """(column, str Series): the column whose values fit most images, and these values."""
    known = known_ids(images)
    best = (-1, "", None)
    for column in (*FILE_COLUMNS, URL_COLUMN, *ID_COLUMNS):
        if column in rows:
            ids = rows[column].str.strip()
            ids = ids.map(_last_part) if column == URL_COLUMN else ids
            fitting = int(ids.isin(known).sum())
            if fitting > best[0]:
                best = (fitting, column, ids)
    return best[1], pd.Series(best[2], dtype=object)


def _last_part(url):
    """The last part of an address' path, its %-escapes decoded; "" where there is none."""
    try:
        return unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    except ValueError:  # no address at all
        return ""
