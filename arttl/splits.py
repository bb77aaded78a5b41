"""Splits: which images a model learns from, which choose its stopping epoch, and which test it.

Drawn once, written to a file, and the same for every architecture and approach. Source: thesis, Section 1.3
(80% train, 10% validation, 10% test; only classes that occur in every split), and the authors' released code.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from arttl.collections.csv_file import csv_text, read_csv
from arttl.collections.table import PARTS, labels_fingerprint
from arttl.collections.wording import counted, first_few, shown, shown_path
from arttl.errors import InputError
from arttl.files import make_folder, whole_file, write_json

PRESETS = ("thesis", "released")
COLUMNS = ["image_id", "label", "split"]
FEWEST_IMAGES = 6  # 20% of six is two, one for validation and one for test


@dataclass(frozen=True, eq=False)
class Split:
    """A collection's images of one challenge, each in one part.

    Arguments:
        table: columns image_id, label and split ("train", "validation", "test"), sorted by image_id.
        dropped: class to number of images left out, because the class does not occur in every part.
        settings: preset, seed (None if the parts were given), given (bool), collection_fingerprint, and, once
            it belongs to a collection, collection and challenge.
    """

    table: pd.DataFrame
    dropped: dict[str, int]
    settings: dict

    @cached_property
    def classes(self):
        """The labels, sorted; a label's position is its class id."""
        return sorted(set(self.table.label))

    @cached_property
    def fingerprint(self):
        """The sha256 (hex) of the table's CSV text, which is what the split file holds."""
        return hashlib.sha256(_table_text(self.table).encode()).hexdigest()

    def ids(self, part):
        """The image ids of "train", "validation" or "test": a list, sorted, or for "released" as drawn.

        The released code never shuffles, so there the order of the draw is the order of training.
        """
        return self._part(part).image_id.tolist()

    def class_ids(self, part):
        """The class ids of a part's images, in the order of `ids`: an int64 array of shape (images,)."""
        number = {label: index for index, label in enumerate(self.classes)}
        return np.array([number[label] for label in self._part(part).label], dtype=np.int64)

    @property
    def notes(self):
        """Facts worth a line of print: what was left out, and what cannot be learned."""
        notes = []
        if self.dropped:
            images, classes = counted(sum(self.dropped.values()), "image"), counted(len(self.dropped), "class")
            notes.append(f"{images} of {classes} left out: not in every one of train, validation and test")
        learned = set(self._part("train").label)
        for part in ("validation", "test"):
            foreign = self._part(part).label[lambda labels: ~labels.isin(learned)]
            if len(foreign):
                images, classes = counted(len(foreign), f"{part} image"), counted(foreign.nunique(), "class")
                notes.append(f"{images} of {classes} that train does not have cannot be predicted")
        return tuple(notes)

    def _part(self, part):
        if part not in PARTS:
            raise ValueError(f"part must be one of {PARTS}, got {part!r}")
        if self.settings.get("preset") == "released" and not self.settings.get("given"):
            return self.table.iloc[_draw(len(self.table), self.settings["seed"])[part]]
        return self.table[self.table.split == part]


def make_split(labels, *, preset="thesis", seed=42, given=None):
    """Divide images into train, validation and test.

    Both presets sort the images by id, hold 20% out, and halve these into validation and test, without
    stratification. "thesis" then keeps only the classes that occur in every part; "released", like the
    authors' code, keeps all.

    Arguments:
        labels: str Series of labels, indexed by image_id, in any order.
        preset: "thesis" or "released".
        seed: of the draw, from 0 to 2**32 - 1.
        given: a str Series of parts, indexed by image_id, to use instead of a draw.

    Returns a Split. Images dropped by "thesis" are counted in its `dropped`.

    Raises InputError for an unknown preset or seed, an image without a given part, and if there are too few
    images for every part to be used with at least two classes.
    """
    if preset not in PRESETS:
        raise InputError(f"there is no split preset '{shown(preset)}'; choose {' or '.join(PRESETS)}")
    table = pd.DataFrame({"image_id": labels.index.astype(str), "label": labels.to_numpy()})
    table = table.sort_values("image_id", ignore_index=True)
    if not table.image_id.is_unique:
        raise ValueError("labels must have one row an image_id")
    table["split"] = _drawn(table, seed) if given is None else _given(table, given)
    in_parts = table.groupby("label").split.nunique()
    kept = table.label.isin(in_parts.index[in_parts == len(PARTS)]) if preset == "thesis" else table.label.notna()
    dropped = table.label[~kept].value_counts().sort_index()
    _check_enough(table, table[kept], preset)
    settings = {
        "preset": preset,
        "seed": int(seed) if given is None else None,
        "given": given is not None,
        "collection_fingerprint": labels_fingerprint(labels, given),
    }
    return Split(table[kept].reset_index(drop=True), {label: int(n) for label, n in dropped.items()}, settings)


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
    }
    make_folder(path.parent, "--splits")
    # The CSV comes last: a split whose CSV is there is complete.
    write_json(path.with_suffix(".json"), about)
    with whole_file(path) as file:
        file.write(_table_text(split.table))


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
        split = Split(table, dict(about["dropped"]), dict(about["settings"]))
        fingerprint = about["fingerprint"]
    except OSError as error:
        raise InputError(f"{shown_path(beside)} cannot be read ({error.strerror}); {remedy}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{shown_path(beside)} is not a split's description; {remedy}") from error
    if list(table.columns) != COLUMNS or split.fingerprint != fingerprint:
        raise InputError(
            f"split file {shown_path(path)} was edited: its fingerprint differs from {beside.name}; {remedy}"
        )
    return split


def find_or_make(collection, challenge, preset="thesis", seed=42, folder="splits", save=True):
    """The split of a collection: from its file if there is one, else made and written.

    A collection that comes with splits given keeps them, and the seed plays no part.

    Arguments:
        collection: a Collection.
        challenge: one of its challenges.
        preset, seed: see make_split.
        folder: where split files are kept.
        save: write a new split; False only works it out.

    Returns (Split, Path of its CSV, whether the file was there already).

    Raises InputError as make_split, save_split and load_split do, and if the collection has changed since.
    """
    labels, given = collection.labels(challenge), collection.given_split()
    path = split_path(folder, collection.name, challenge, preset, None if given is not None else seed)
    if path.exists():
        split = load_split(path)
        _check_current(split, labels, given, preset, seed, path)
        return split, path, True
    split = make_split(labels, preset=preset, seed=seed, given=given)
    split = replace(split, settings={"collection": collection.name, "challenge": challenge, **split.settings})
    if save:
        save_split(split, path)
    return split, path, False


def split_path(folder, collection_name, challenge, preset, seed):
    """Where a split is kept: FOLDER/COLLECTION/CHALLENGE-PRESET-seed-SEED.csv, or -given.csv if `seed` is None."""
    draw = "given" if seed is None else f"seed-{seed}"
    return Path(folder) / safe_name(collection_name) / f"{safe_name(challenge)}-{safe_name(preset)}-{draw}.csv"


def overlap(source, target):
    """The share of the target's classes that the source has too (Table 1, "label overlap").

    Arguments:
        source, target: labels, as a Series or any iterable; repeated ones count once.

    Returns a float in [0, 1]: shared classes / classes of the target.

    Raises ValueError if the target has no labels.
    """
    source, target = set(source), set(target)
    if not target:
        raise ValueError("the target has no labels")
    return len(source & target) / len(target)


def _drawn(table, seed):
    if not 0 <= seed < 2**32:
        raise InputError(f"--split-seed {seed} is out of range; give a whole number from 0 to {2**32 - 1}")
    if len(table) < FEWEST_IMAGES:
        raise _too_few(table, f"a split takes at least {FEWEST_IMAGES}")
    split = pd.Series("", index=table.index)
    for part, rows in _draw(len(table), seed).items():
        split[rows] = part
    return split


def _draw(count, seed):
    """The positions of each part among `count` sorted images, in the order in which scikit-learn draws them."""
    train, held_out = train_test_split(np.arange(count), test_size=0.2, random_state=seed)
    validation, test = train_test_split(held_out, test_size=0.5, random_state=seed)
    return dict(zip(PARTS, (train, validation, test), strict=True))


def _given(table, given):
    split = table.image_id.map(given)
    wrong = ~split.isin(PARTS)
    if wrong.any():
        raise InputError(
            f"{counted(int(wrong.sum()), 'image')} without a given split of train, validation or test "
            f"(first: {first_few(table.image_id[wrong])}); correct the data"
        )
    return split


def _check_enough(table, kept, preset):
    if kept.label.nunique() < 2:
        found = counted(kept.label.nunique(), "class")
        where = " in every one of train, validation and test" if preset == "thesis" else ""
        raise _too_few(table, f"{found} found{where}, and at least 2 are needed")
    empty = [part for part in PARTS if part not in set(kept.split)]
    if empty:
        raise _too_few(table, f"nothing is left for {' and '.join(empty)}")


def _too_few(table, reason):
    counts = table.label.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    classes = first_few(f"{shown(label)} has {number}" for label, number in counts.items())
    return InputError(
        f"too few images to split ({counted(len(table), 'image')} with a label{': ' if classes else ''}{classes}): "
        f"{reason}; add images of these classes"
    )


def _check_current(split, labels, given, preset, seed, path):
    settings = split.settings
    asked = {"preset": preset, "given": given is not None, "seed": seed if given is None else None}
    remedy = "delete it to have the split made anew, or name another folder with --splits"
    for name, value in asked.items():
        if settings.get(name) != value:
            raise InputError(f"split file {shown_path(path)} was made with {name} {settings.get(name)}; {remedy}")
    if settings.get("collection_fingerprint") == labels_fingerprint(labels, given):
        return
    raise InputError(
        f"split file {shown_path(path)} was made before the images changed: {_changes(split, labels, given)}; {remedy}"
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


def _table_text(table):
    return csv_text([list(table.columns), *table.itertuples(index=False, name=None)])


def safe_name(name):
    """A file name for any text: what is odd, too long or reserved is replaced, and a hash keeps it apart."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", str(name)).strip(".-")[:60]
    reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)?(\..*)?", plain)
    if plain == name and not reserved:
        return plain
    plain = plain.replace(".", "-") if reserved else plain
    return f"{plain or 'collection'}-{hashlib.sha256(str(name).encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
