"""Reader: the lists of the refined WikiArt set, as they are commonly distributed.

    wikiart/
      artist_train.csv, artist_val.csv, artist_class.txt      and genre_..., style_..., here or in wikiart_csv/
      wikiart/Baroque/rembrandt_night-watch-1642.jpg          or Baroque/... right here

A list has no header and holds `Baroque/rembrandt_night-watch-1642.jpg,16`; a class file holds `16 Rembrandt`.

Source: Tan et al., Ceci n'est pas une pipe, ICIP 2016, and the lists their authors publish.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown, shown_path
from arttl.collections.csv_file import read_csv, read_text
from arttl.collections.image_folder import USUAL_WALK, find_images, list_images
from arttl.collections.join import join_rows

IN_NAME = "artist-in-name"
LISTS = {"artist": "artist", "type": "genre", "genre": "genre", "style": "style", IN_NAME: "style"}
"""Which list holds the labels of a challenge, or the images.

The artist lists have only the 23 artists with the most works; the style lists have every image, and its file's name
begins with the artist: `Baroque/rembrandt_night-watch-1642.jpg`.
"""

FOLDER = "wikiart_csv"
IMAGES = "wikiart"
LIST_NAME = re.compile(r"(artist|genre|style)_(train|val)\.csv")
LIST_COLUMN = "wikiart_list"
VALIDATION_SHARE = 0.1
VALIDATION_SEED = 42


def find_lists(folder):
    """The folder that holds WikiArt's lists: `folder` or the wikiart_csv in it; None if neither does."""
    for place in (Path(folder), Path(folder) / FOLDER):
        if any((place / f"{name}_train.csv").is_file() for name in LISTS.values()):
            return place
    return None


def find_wikiart_images(data, walk=USUAL_WALK):
    """List the images of a WikiArt folder: those in its folder wikiart, if it has one."""
    inside = Path(data) / IMAGES
    return list_images(inside, prefix=f"{IMAGES}/", walk=walk) if inside.is_dir() else find_images(data, walk)


def list_challenges(lists):
    """The challenges that a folder of lists has lists for, of LISTS and in its order."""
    return [name for name, stem in LISTS.items() if (Path(lists) / f"{stem}_train.csv").is_file()]


def read_wikiart(lists, images, *, challenge, given=False, **joining):
    """Read a collection from WikiArt's lists of one challenge.

    The lists make two parts, train and val, and no test. By default both are read as one collection, whose split is
    drawn like any other's; the column wikiart_list says where an image was.

    Arguments:
        lists: the folder of the lists.
        images: an ImageFolder.
        challenge: "artist", "type" (the genre lists), "genre", "style", or "artist-in-name": what stands before the
            first _ of a file's name, for the images of the style lists.
        given: use the lists as the split: val is test, and a tenth of train, drawn with seed 42, is validation.
        joining: name, skip_missing and unknown_labels, see join_rows.

    Returns a Collection with the one challenge.

    Raises InputError for a challenge without lists, a list or class file with other contents, a class number
    without a name, and what read_csv and join_rows refuse.
    """
    lists = Path(lists)
    stem = LISTS.get(challenge)
    if stem is None or not (lists / f"{stem}_train.csv").is_file():
        found = list_challenges(lists)
        raise InputError(
            f"{shown_path(lists)} has no WikiArt list for challenge {shown(challenge)}; it has lists for "
            f"{first_few(found, 4)}"
        )
    names = _class_names(lists / f"{stem}_class.txt")
    tables = [_read_list(lists / f"{stem}_{part}.csv", part, names) for part in ("train", "val")]
    rows = pd.concat(tables)
    if challenge == IN_NAME:
        rows["label"] = rows["image"].map(_artist_in_name)
    collection = join_rows(
        rows,
        images,
        source=lists,
        image_column="image",
        label_columns={challenge: "label"},
        **joining,
    )
    return _with_split(collection, stem) if given else _without_split(collection, stem)


def _artist_in_name(image):
    artist, divider, _ = image.rpartition("/")[2].partition("_")
    return artist if divider else ""


def _read_list(path, part, names):
    rows = read_csv(path, columns=("image", "class"))
    unknown = ~rows["class"].str.strip().isin(list(names))
    if unknown.any():
        row = rows.index[unknown][0]
        raise InputError(
            f"{shown_path(path)} row {row}: class '{shown(rows.at[row, 'class'])}' is not in "
            f"{path.name.split('_')[0]}_class.txt; add its name there, or correct the row"
        )
    rows["label"] = rows["class"].str.strip().map(names)
    rows[LIST_COLUMN] = part
    rows.index = [f"row {row} of {path.name}" for row in rows.index]
    return rows.drop(columns="class")


def _class_names(path):
    """The lines `16 Rembrandt` as a dict of number, as text, to name."""
    names = {}
    for number, line in enumerate(io.StringIO(read_text(path), newline=None), 1):
        line = line.strip()
        class_id, _, name = line.partition(" ")
        if not line:
            continue
        if not class_id.isdecimal() or not name.strip() or class_id in names:
            raise InputError(
                f"{shown_path(path)} line {number}: '{shown(line)}' is not a new class number and its name, "
                "as in '16 Rembrandt'; correct the line"
            )
        names[class_id] = name.strip()
    return names


def _without_split(collection, stem):
    note = (
        f"WikiArt's lists {stem}_train and {stem}_val are read as one collection and split anew, since there is no "
        'test list; split="challenge" takes val for test'
    )
    return replace(collection, notes=(note, *collection.notes))


def _with_split(collection, stem):
    table = collection.table
    given = table[LIST_COLUMN].map({"train": "train", "val": "test"})
    train = table.index[given == "train"]
    if len(train) > 1:
        from sklearn.model_selection import train_test_split  # slow to import, and seldom wanted

        drawn = train_test_split(train, test_size=VALIDATION_SHARE, random_state=VALIDATION_SEED)[1]
        given[drawn] = "validation"
    note = (
        f"split: {stem}_val is test; {counted(int((given == 'validation').sum()), 'image')} of {stem}_train, drawn "
        f"with seed {VALIDATION_SEED}, are validation, for which WikiArt has no list"
    )
    return replace(collection, table=table.assign(given_split=given), notes=(note, *collection.notes))
