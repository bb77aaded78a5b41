"""Reader: `rijksgt.mat`, the labels and the split of the Rijksmuseum Challenge 2014.

A MATLAB file (v5) with one struct, `gt`; its rows follow the sorted names of the images.

    set       N          1 train, 2 validation, 3 test
    C         N          creator, a number from 1 into Cnames
    M, T      N x K      materials and types: above 0 where an image has it, one column a name of Mnames, Tnames;
              or N       as C
    Y         N x 2      years, from and to; or N

Source: Mensink and van Gemert, The Rijksmuseum Challenge, ICMR 2014, and their evaluation code (rijks_load.m).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from arttl.base.errors import InputError
from arttl.base.files import open_regular
from arttl.base.wording import counted, shown, shown_path
from arttl.collections.join import join_rows
from arttl.collections.matlab_process import UnreadableError, read_struct
from arttl.collections.table import PARTS

FILE = "rijksgt.mat"
LABEL_FIELDS = {"material": "M", "type": "T", "artist": "C"}
NO_VALUE = "unknown"  # the class of records that say nothing; the challenge's own code leaves it out
NEWER_THAN_V5 = b"MATLAB 7.3"
HDF5 = b"\x89HDF"


def read_rijksgt(metadata, images, **joining):
    """Read a collection's labels from `rijksgt.mat`; the split in it is not used (see with_challenge_split).

    Where an image has several materials or types, the file does not keep their order: its label is then the one
    that most images have.

    Arguments:
        metadata: the file.
        images: an ImageFolder with the images of the challenge, all of them.
        joining: name, skip_missing and unknown_labels, see join_rows.

    Returns a Collection with those of the challenges material, type and artist that the file has; the years, if it
    has them, are the columns year_from and year_to.

    Raises InputError for a file that is damaged or has other contents, and for another number of images.
    """
    metadata = Path(metadata)
    fields = _read_struct(metadata)
    columns, notes = {"ImageId": _image_names(metadata, fields, images)}, []
    for challenge, key in LABEL_FIELDS.items():
        if key in fields:
            columns[key], several = _labels(metadata, fields, key, len(images.images))
            if several:
                notes.append(
                    f"{counted(several, 'image')} with more than one {challenge}, without an order in "
                    f"{metadata.name}: the one that most images have is the label"
                )
    columns.update(_years(fields, len(images.images)))
    labels = {challenge: key for challenge, key in LABEL_FIELDS.items() if key in columns}
    if not labels:
        raise _unfit(metadata, "has none of C, M and T")
    rows = pd.DataFrame(columns, index=pd.RangeIndex(1, len(images.images) + 1), dtype=str)
    collection = join_rows(rows, images, source=metadata, image_column="ImageId", label_columns=labels, **joining)
    return replace(collection, notes=(*notes, *collection.notes))


def with_challenge_split(collection, metadata, images):
    """A collection with the challenge's own split in the place of any other.

    Arguments:
        collection: a Collection of the challenge's images.
        metadata: rijksgt.mat.
        images: the ImageFolder.

    Returns a Collection with the column given_split.

    Raises InputError as read_rijksgt does.
    """
    metadata = Path(metadata)
    fields = _read_struct(metadata)
    names = _image_names(metadata, fields, images)
    numbers = _vector(metadata, fields["set"], "set", len(names))
    if not np.isin(numbers, (1, 2, 3)).all():
        row = int(np.argmin(np.isin(numbers, (1, 2, 3))))
        raise _unfit(metadata, f"set is {numbers[row]} in row {row + 1}, not 1, 2 or 3")
    parts = {images.path(name): PARTS[number - 1] for name, number in zip(names, numbers, strict=True)}
    table = collection.table.assign(given_split=collection.table.path.map(parts).fillna(""))
    return replace(collection, table=table)


def _image_names(metadata, fields, images):
    """The images, sorted by name, once their number is known to be that of the rows."""
    rows = len(fields["set"])
    if rows != len(images.images):
        raise InputError(
            f"{shown_path(metadata)} has {counted(rows, 'row')}, but {shown_path(images.folder)} holds "
            f"{counted(len(images.images), 'image')}; its rows follow the sorted image names, so put all of the "
            "challenge's images, and no others, there"
        )
    return list(images.images)


def _labels(metadata, fields, key, count):
    """The labels of one field, and how many images have several: (list of str, int)."""
    names, values = _names(metadata, fields, f"{key}names"), fields[key]
    if isinstance(values, dict):
        return _matrix_labels(metadata, values, names, key, count)
    numbers = _vector(metadata, values, key, count)
    wrong = (numbers < 0) | (numbers > len(names))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise _unfit(metadata, f"{key} is {numbers[row]} in row {row + 1}, but {key}names has {len(names):,} names")
    return [names[number - 1] if number else "" for number in numbers], 0


def _matrix_labels(metadata, values, names, key, count):
    """As _labels, of a matrix with one column a name: of several names the most frequent, then the first."""
    if values["shape"] != [count, len(names)]:
        shape = " x ".join(f"{size:,}" for size in values["shape"])
        raise _unfit(metadata, f"{key} is {shape}, not {count:,} x {len(names):,} (images x {key}names)")
    frequency = np.bincount(np.array(values["columns"], int), minlength=len(names))
    best = {}
    for row, column in zip(values["rows"], values["columns"], strict=True):
        if row not in best or frequency[column] > frequency[best[row]]:
            best[row] = column
    several = np.bincount(np.array(values["rows"], int), minlength=count) > 1
    return [names[best[row]] if row in best else "" for row in range(count)], int(several.sum())


def _names(metadata, fields, key):
    names = fields.get(key, [0])
    if not all(isinstance(name, str) for name in names):
        raise _unfit(metadata, f"has no {key}")
    return ["" if name.strip().casefold() == NO_VALUE else name for name in names]


def _years(fields, count):
    years = np.array(fields.get("Y", ()))
    if years.shape == (count,):
        years = np.stack([years, years], axis=1)
    if years.shape != (count, 2) or not np.issubdtype(years.dtype, np.number):
        return {}
    text = [[f"{year:g}" if np.isfinite(year) else "" for year in column] for column in years.T.astype(float)]
    return dict(zip(("year_from", "year_to"), text, strict=True))


def _vector(metadata, values, key, count):
    """Whole numbers, one an image: an int64 array of shape (count,); what is not a number is 0."""
    values = np.array(values) if isinstance(values, list) else np.array("")
    if values.shape != (count,) or values.dtype.kind not in "biuf":
        raise _unfit(metadata, f"{key} is not {count:,} numbers")
    values = np.nan_to_num(values.astype(float), nan=0.0, posinf=-1, neginf=-1)
    if (values != np.round(values)).any():
        raise _unfit(metadata, f"{key} holds numbers that are not whole")
    return values.astype(np.int64)


def _read_struct(metadata):
    """The fields of `gt`, as matlab_process.read_struct gives them."""
    try:
        with open_regular(metadata) as file:
            head = file.read(520)
    except OSError as error:
        raise InputError(f"{shown_path(metadata)} cannot be read ({error.strerror}); check the path") from error
    if head.startswith((NEWER_THAN_V5, HDF5)) or head[512:].startswith(HDF5):
        raise InputError(
            f"{shown_path(metadata)} is in MATLAB's 7.3 format (HDF5), which is not read; write it as version 7 in "
            "MATLAB: load rijksgt.mat; save('rijksgt.mat', 'gt', '-v7')"
        )
    try:
        gt = read_struct(metadata, "gt", dense=("Y",))
    except UnreadableError as error:
        raise InputError(
            f"{shown_path(metadata)} is damaged or no MATLAB file ({shown(error)}); copy or download it anew"
        ) from error
    if gt is None or not isinstance(gt.get("set"), list):
        raise _unfit(metadata, "has no struct gt with a field set")
    return gt


def _unfit(metadata, problem):
    return InputError(
        f"{shown_path(metadata)} {problem}; this is not the challenge's {FILE}: download it anew, or name another "
        "metadata="
    )
