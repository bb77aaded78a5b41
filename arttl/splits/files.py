"""Split files: a CSV of the images and their parts, and a JSON of how it came about, that cannot change unnoticed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.files import make_folder, whole_file, write_json
from arttl.base.names import safe_name
from arttl.base.wording import counted, shown_path
from arttl.collections.csv_file import read_csv
from arttl.collections.table import PARTS, labels_fingerprint
from arttl.splits.split import Split, make_split

COLUMNS = ["image_id", "label", "split"]
REMEDY = "delete it to have the split made anew, or name another folder of splits"


@dataclass(frozen=True)
class Grouping:
    """Which images must come into one part.

    Arguments:
        rule: by what they were found, in words.
        files: fingerprint of the image files that they are found in: of others a split would be another.
        find: a function that finds them, lists of image ids; called only when a split has to be made.
    """

    rule: str
    files: str
    find: Callable[[], Iterable[list[str]]]

    @property
    def settings(self):
        """What a split file says of it."""
        return {"rule": self.rule, "files": self.files}


def save_split(split, path):
    """Write a split as CSV, and its settings as JSON beside it; each file appears whole.

    Arguments:
        split: a Split.
        path: the CSV file; the JSON has the same name with the suffix .json.

    Raises InputError if the files cannot be written.
    """
    path = Path(path)
    about = {
        "settings": split.settings,
        "fingerprint": split.fingerprint,
        "classes": len(split.classes),
        "images": {part: int((split.table.split == part).sum()) for part in PARTS},
        "dropped": split.dropped,
        "groups": split.groups,
    }
    make_folder(path.parent)
    # The CSV comes last: a split whose CSV is there is complete.
    write_json(path.with_suffix(".json"), about)
    with whole_file(path) as file:
        file.write(split.csv)


def load_split(path):
    """Read a split that save_split wrote.

    Arguments:
        path: the CSV file.

    Returns a Split.

    Raises InputError if a file is missing, or was edited since it was written.
    """
    path = Path(path)
    table = read_csv(path).reset_index(drop=True)
    beside = path.with_suffix(".json")
    remedy = "restore the pair as written, or delete both to have the split made anew"
    try:
        about = json.loads(beside.read_text(encoding="utf-8"))
        split = Split(
            table,
            dict(about["dropped"]),
            {"min_images": 1} | dict(about["settings"]),
            tuple(map(list, about.get("groups", ()))),
        )
        fingerprint = about["fingerprint"]
    except OSError as error:
        raise InputError(f"{shown_path(beside)} cannot be read ({error.strerror}); {remedy}") from error
    except InputError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{shown_path(beside)} is not a split's description; {remedy}") from error
    if list(table.columns) != COLUMNS or split.fingerprint != fingerprint:
        raise InputError(
            f"split file {shown_path(path)} was edited: its fingerprint differs from {beside.name}; {remedy}"
        )
    return split


def find_or_make(
    collection, challenge, preset="thesis", seed=42, folder="splits", save=True, min_images=1, grouping=None
):
    """The split of a collection: from its file if there is one, else made and written.

    A collection that comes with splits given keeps them, and the seed plays no part.

    Arguments:
        collection: a Collection.
        challenge: one of its challenges.
        preset, seed, min_images: see make_split.
        folder: where split files are kept.
        save: write a new split; False only works it out.
        grouping: the Grouping of images that must come into one part, or None.

    Returns (Split, Path of its CSV, whether the file was there already).

    Raises InputError as make_split, save_split and load_split do, and if the collection has changed since.
    """
    labels, given = collection.labels(challenge), collection.given_split()
    drawn = seed if given is None else None
    path = split_path(folder, collection.name, challenge, preset, drawn, min_images, grouped=grouping is not None)
    if path.exists():
        split = load_split(path)
        asked = {"preset": preset, "given": given is not None, "seed": drawn, "min_images": min_images}
        _check_current(split, labels, given, asked, grouping, path)
        return split, path, True
    groups = grouping.find() if grouping else ()
    split = make_split(labels, preset=preset, seed=seed, given=given, min_images=min_images, groups=groups)
    settings = {"collection": collection.name, "challenge": challenge, **split.settings}
    split = replace(split, settings=settings | ({"grouped": grouping.settings} if grouping else {}))
    if save:
        save_split(split, path)
    return split, path, False


def split_path(folder, collection_name, challenge, preset, seed, min_images=1, grouped=False):
    """Where a split is kept: FOLDER/COLLECTION/CHALLENGE-PRESET-seed-SEED.csv, or -given.csv if `seed` is None.

    Classes left out for their size add -min-N to the name, and duplicates kept together -grouped.
    """
    parts = [safe_name(challenge), safe_name(preset), "given" if seed is None else f"seed-{seed}"]
    parts += [f"min-{min_images}"] if min_images > 1 else []
    parts += ["grouped"] if grouped else []
    return Path(folder) / safe_name(collection_name) / f"{'-'.join(parts)}.csv"


def _check_current(split, labels, given, asked, grouping, path):
    settings = split.settings
    for name, value in asked.items():
        if settings.get(name) != value:
            raise InputError(f"split file {shown_path(path)} was made with {name} {settings.get(name)}; {REMEDY}")
    if settings.get("collection_fingerprint") != labels_fingerprint(labels, given):
        raise InputError(
            f"split file {shown_path(path)} was made before the images changed: {_changes(split, labels, given)}; "
            f"{REMEDY}"
        )
    if settings.get("grouped") != (grouping and grouping.settings):
        raise InputError(
            f"split file {shown_path(path)} keeps the duplicates together that were found in other image files, or by "
            f"another rule; {REMEDY}"
        )


def _changes(split, labels, given):
    """'3 images new, 2 gone, 1 relabelled'; of classes that the split left out only the numbers are known."""
    then = split.table.set_index("image_id")
    same = labels.index.intersection(then.index)
    others = labels.drop(same)
    now, before = others[others.isin(list(split.dropped))].value_counts(), pd.Series(split.dropped, dtype=int)
    difference = now.reindex(before.index, fill_value=0) - before
    new = int((~others.isin(before.index)).sum() + difference.clip(lower=0).sum())
    gone = int(len(then) - len(same) - difference.clip(upper=0).sum())
    relabelled = int((labels[same] != then.label[same]).sum())
    moved = 0 if given is None else int((given[same] != then.split[same]).sum())
    text = f"{counted(new, 'image')} new, {gone:,} gone, {relabelled:,} relabelled"
    return text + (f", {moved:,} in another given split" if moved else "")
