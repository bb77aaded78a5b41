r"""Reader: the Dublin Core CSV of the studies' authors.

    ,ImageId,dc_creator,dc_materiaal,dc_type
    0,0000001_SK-A-4878.jpg, Bo\xc3\xabtius Bolswert, papier, prent

Values carry a leading blank, and letters outside ASCII can be escapes of their UTF-8 bytes.
"""

from __future__ import annotations

import re

from arttl.base.errors import InputError
from arttl.base.wording import first_few, shown_path
from arttl.collections.join import join_rows
from arttl.collections.tables import read_table

IMAGE_COLUMN = "ImageId"
LABEL_COLUMNS = {"material": "dc_materiaal", "type": "dc_type", "artist": "dc_creator"}

# Bytes below 0x80 are never escaped in these files, so \x41 is text that happens to look like an escape.
_ESCAPED_BYTES = re.compile(r"(?:\\x[89a-fA-F][0-9a-fA-F])+")


def is_dublin_core(columns):
    """Whether columns are those of this format: ImageId and at least one of the label columns."""
    return IMAGE_COLUMN in columns and not set(LABEL_COLUMNS.values()).isdisjoint(columns)


def read_dublin_core_csv(metadata, images, **joining):
    """Read a collection from the authors' CSV.

    Arguments:
        metadata: the CSV or workbook, or the Table that was read of it.
        images: an ImageFolder.
        joining: name, skip_missing and unknown_labels, see join_rows.

    Returns a Collection with those of the challenges material, type and artist for which there is a column.

    Raises InputError if the file is not in this format, and for whatever read_table and join_rows refuse.
    """
    metadata, rows, notes = read_table(metadata)
    if not is_dublin_core(rows.columns):
        raise InputError(
            f"{shown_path(metadata)} lacks {IMAGE_COLUMN} or all of {', '.join(LABEL_COLUMNS.values())}; "
            f"its columns are {first_few(rows.columns, 20)}: name them with image_column and label_column"
        )
    rows = rows.apply(lambda column: column.map(decode_escapes).str.strip())
    return join_rows(
        rows,
        images,
        source=metadata,
        image_column=IMAGE_COLUMN,
        label_columns={challenge: column for challenge, column in LABEL_COLUMNS.items() if column in rows},
        notes=notes,
        **joining,
    )


def decode_escapes(text):
    r"""Decode runs of escaped UTF-8 bytes: `Bo\xc3\xabtius` becomes `Boëtius`.

    Runs that are not UTF-8, and all other text, stay as they are.
    """
    return _ESCAPED_BYTES.sub(_decode_run, text)


def _decode_run(match):
    run = match.group()
    try:
        return bytes.fromhex(run.replace("\\x", "")).decode("utf-8")
    except UnicodeDecodeError:
        return run
