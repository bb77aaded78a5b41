"""Collections: which images exist and what their metadata says. One reader a format.

A reader turns a user's files into a Collection. To add one: a file here with a `read_...` function that returns a
Collection (metadata rows are joined with images by `join.join_rows`), and a line in `open_collection` that
recognises the format.
"""

from __future__ import annotations

from pathlib import Path

from arttl.collections.bundled import BUNDLED, bundled
from arttl.collections.class_folders import read_class_folders
from arttl.collections.csv_file import read_csv
from arttl.collections.csv_table import read_csv_table
from arttl.collections.dublin_core_csv import is_dublin_core, read_dublin_core_csv
from arttl.collections.image_folder import entries, find_images
from arttl.collections.table import CHALLENGES, MISSING_LABELS, PARTS, Collection, labels_fingerprint
from arttl.collections.wording import first_few, shown_path
from arttl.errors import InputError

__all__ = [
    "BUNDLED",
    "CHALLENGES",
    "MISSING_LABELS",
    "PARTS",
    "Collection",
    "bundled",
    "labels_fingerprint",
    "open_collection",
    "read_class_folders",
    "read_csv_table",
    "read_dublin_core_csv",
]


def open_collection(data, challenge, *, metadata=None, image_column=None, label_column=None, skip_missing=False):
    """Open a user's collection, in whichever of the known layouts it is.

    With a CSV (`metadata`, or the only *.csv directly in `data`), images lie in `data`/images, jpg2 or jpg, else
    anywhere below `data`; it is read as the authors' Dublin Core CSV if its columns say so and no columns are
    named. Without a CSV, `data` holds class folders. See docs/data.md.

    Arguments:
        data: the data folder.
        challenge: "material", "type" or "artist"; with class folders or named columns, whatever the labels are.
        metadata: a CSV file elsewhere, or one of several.
        image_column, label_column: columns of a plain CSV.
        skip_missing: leave metadata rows without an image out, rather than refuse them.

    Returns a Collection that has the challenge.

    Raises InputError, in one line, for all that is wrong with the data or the options.
    """
    data = Path(data)
    if not data.exists():
        raise InputError(f"--data {shown_path(data)} does not exist; name the folder that holds the images")
    if not data.is_dir():
        raise InputError(f"--data {shown_path(data)} is not a folder; name a folder (and a CSV with --metadata)")
    name = data.resolve().name or "data"
    metadata = _only_csv(data) if metadata is None else Path(metadata)
    if metadata is None:
        if image_column is not None or label_column is not None:
            raise InputError(
                f"{shown_path(data)} holds no CSV for --image-column and --label-column; add --metadata CSV"
            )
        return read_class_folders(data, challenge=challenge, name=name)
    if image_column is None and label_column is None and is_dublin_core(read_csv(metadata).columns):
        collection = read_dublin_core_csv(metadata, find_images(data), name=name, skip_missing=skip_missing)
        collection.check_challenge(challenge)
        return collection
    columns = {"image_column": image_column, "label_column": label_column}
    return read_csv_table(
        metadata, find_images(data), challenge=challenge, name=name, skip_missing=skip_missing, **columns
    )


def _only_csv(data):
    names = [entry.name for entry in entries(data) if entry.name.lower().endswith(".csv") and entry.is_file()]
    found = [data / name for name in names if not name.startswith(".")]
    if len(found) > 1:
        listed = first_few([path.name for path in found], 5)
        raise InputError(
            f"{shown_path(data)} holds several CSVs ({listed}); name one: --metadata {shown_path(found[0])}"
        )
    return found[0] if found else None
