"""Reader: a plain CSV or workbook with one column of image ids and one of labels, which the user names."""

from __future__ import annotations

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown, shown_path
from arttl.collections.image_folder import known_ids
from arttl.collections.join import join_rows
from arttl.collections.tables import read_table

MOST_COLUMNS_NAMED = 20


def read_csv_table(metadata, images, *, challenge, image_column=None, label_column=None, **joining):
    """Read a collection from a CSV or a workbook.

    Arguments:
        metadata: the file, or the Table that was read of it.
        images: an ImageFolder.
        challenge: what the labels are labels of.
        image_column, label_column: the columns that hold image ids and labels.
        joining: name, skip_missing and unknown_labels, see join_rows.

    Returns a Collection with the one challenge.

    Raises InputError for a column that is not named or not there, and whatever read_table and join_rows refuse.
    """
    metadata, rows, notes = read_table(metadata)
    for argument, column in (("image_column", image_column), ("label_column", label_column)):
        if column not in rows.columns:
            has = first_few(rows.columns, MOST_COLUMNS_NAMED)
            problem = f"needs {argument}" if column is None else f"has no column '{shown(column)}'"
            hint = _image_names(rows, images) if argument == "image_column" else ""
            raise InputError(f"{shown_path(metadata)} {problem}; its columns are {has}: name one with {argument}{hint}")
    if image_column == label_column:
        raise InputError(f"image_column and label_column both name '{shown(image_column)}'; name two columns")
    return join_rows(
        rows,
        images,
        source=metadata,
        image_column=image_column,
        label_columns={challenge: label_column},
        notes=notes,
        **joining,
    )


def _image_names(rows, images):
    """' (Datei has the names of 54 images)', of the column that has most names of images; "" where none has any."""
    names = {each.rpartition("/")[2] for each in known_ids(images)}
    counts = {column: int(rows[column].str.strip().isin(names).sum()) for column in rows.columns}
    column = max(counts, key=counts.get)
    return f" ({shown(column)} has the names of {counted(counts[column], 'image')})" if counts[column] else ""
