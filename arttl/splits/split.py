"""A split: which images a model learns from, which choose its stopping epoch, and which test it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown
from arttl.collections.csv_file import csv_text
from arttl.collections.table import PARTS, labels_fingerprint
from arttl.splits.stratified import FEWEST_OF_CLASS, stratified

PRESETS = ("thesis", "released", "stratified")
FEWEST_IMAGES = 6  # 20% of six is two, one for validation and one for test

REASONS = {
    "thesis": "not in every one of train, validation and test",
    "stratified": f"fewer than {FEWEST_OF_CLASS} images that are no duplicates",
}
"""Why a preset leaves a class out, in words."""


@dataclass(frozen=True, eq=False)
class Split:
    """A collection's images of one challenge, each in one part.

    Arguments:
        table: columns image_id, label and split ("train", "validation", "test"), sorted by image_id.
        dropped: class to number of images left out, because the class does not occur in every part or is too small.
        settings: preset, seed (None if the parts were given), given (bool), min_images, collection_fingerprint, and,
            once it belongs to a collection, collection, challenge and grouped.
        groups: lists of image ids that were kept in one part.
    """

    table: pd.DataFrame
    dropped: dict[str, int]
    settings: dict
    groups: tuple[list[str], ...] = ()

    @cached_property
    def classes(self):
        """The labels, sorted; a label's position is its class id."""
        return sorted(set(self.table.label))

    @cached_property
    def fingerprint(self):
        """The sha256 (hex) of the table's CSV text, which is what the split file holds."""
        return hashlib.sha256(self.csv.encode()).hexdigest()

    @cached_property
    def csv(self):
        """The table as CSV text, the same on every machine."""
        return csv_text([list(self.table.columns), *self.table.itertuples(index=False, name=None)])

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
    def reason(self):
        """Why classes were left out, in words."""
        rare = self.settings["min_images"]
        reasons = [f"fewer than {rare} images"] if rare > 1 else []
        reasons += [REASONS[self.settings["preset"]]] if self.settings["preset"] in REASONS else []
        return " or ".join(reasons)

    @property
    def notes(self):
        """Facts worth a line of print: what was left out, and what cannot be learned."""
        notes = []
        if self.dropped:
            images, classes = counted(sum(self.dropped.values()), "image"), counted(len(self.dropped), "class")
            notes.append(f"{images} of {classes} left out: {self.reason}")
        if self.groups:
            images = counted(sum(map(len, self.groups)), "image")
            notes.append(f"{images} in {counted(len(self.groups), 'group')} of duplicates, each kept in one part")
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
        if self.settings["preset"] == "released" and not self.settings["given"]:
            return self.table.iloc[_draw(self.table.image_id, self.settings["seed"], self.groups)[part]]
        return self.table[self.table.split == part]


def make_split(labels, *, preset="thesis", seed=42, given=None, min_images=1, groups=()):
    """Divide images into train, validation and test.

    The studies' presets sort the images by id, hold 20% out, and halve these into validation and test, without
    stratification. "thesis" then keeps only the classes that occur in every part; "released", like the
    authors' code, keeps all. "stratified", which departs from the studies, divides each class for itself and keeps
    those with at least three images, see `arttl.splits.stratified`.

    Arguments:
        labels: str Series of labels, indexed by image_id, in any order.
        preset: "thesis", "released" or "stratified".
        seed: of the draw, from 0 to 2**32 - 1.
        given: a str Series of parts, indexed by image_id, to use instead of a draw.
        min_images: leave classes with fewer images out beforehand; the studies do not.
        groups: lists of image ids that must come into one part, disjoint; ids without a label play no part. The draw
            is then one of groups, in which an image in no group stands alone; the studies do not group.

    Returns a Split. Images of classes left out are counted in its `dropped`.

    Raises InputError for an unknown preset or seed, "stratified" or groups beside given parts, an image without a given
    part, and if there are too few images for every part to be used with at least two classes.
    """
    if preset not in PRESETS:
        raise InputError(f"there is no split preset '{shown(preset)}'; choose {' or '.join(PRESETS)}")
    table = pd.DataFrame({"image_id": labels.index.astype(str), "label": labels.to_numpy()})
    table = table.sort_values("image_id", ignore_index=True)
    if not table.image_id.is_unique:
        raise ValueError("labels must have one row an image_id")
    drawn = _of_classes(table, min_images)
    groups = _groups_within(groups, set(drawn.image_id))
    if given is not None and preset == "stratified":
        raise InputError("split=stratified draws a split, and this one comes with the data; leave it out")
    drawn["split"] = _drawn(drawn, seed, groups, preset) if given is None else _given(drawn, given, groups)
    in_parts = drawn.groupby("label").split.nunique()
    kept = drawn.label.notna() if preset == "released" else drawn.label.isin(in_parts.index[in_parts == len(PARTS)])
    chosen = drawn[kept].reset_index(drop=True)
    dropped = table.label[~table.image_id.isin(set(chosen.image_id))].value_counts().sort_index()
    _check_enough(table, chosen, preset, min_images)
    settings = {
        "preset": preset,
        "seed": int(seed) if given is None else None,
        "given": given is not None,
        "min_images": int(min_images),
        "collection_fingerprint": labels_fingerprint(labels, given),
    }
    # "released" draws again to find the order of training, and so needs every group; in others they are only told.
    told = groups if preset == "released" else _groups_within(groups, set(chosen.image_id))
    return Split(chosen, {label: int(n) for label, n in dropped.items()}, settings, tuple(told))


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


def _of_classes(table, min_images):
    """The images of classes with at least so many."""
    sizes = table.groupby("label").label.transform("size")
    frequent = table[sizes >= min_images].reset_index(drop=True)
    if frequent.label.nunique() < 2 <= table.label.nunique():
        raise InputError(
            f"{counted(frequent.label.nunique(), 'class')} of {table.label.nunique():,} with at least {min_images} "
            f"images, and 2 are needed; lower min_images (the largest class has {int(sizes.max()):,})"
        )
    return frequent


def _groups_within(groups, image_ids):
    """The groups without other images, sorted, and only those that are left with two images."""
    groups = (sorted(image_id for image_id in group if image_id in image_ids) for group in groups)
    groups = sorted(group for group in groups if len(group) > 1)
    if len(set().union(*groups)) < sum(map(len, groups)):
        raise ValueError("an image is in two groups, or twice in one")
    return groups


def _drawn(table, seed, groups, preset):
    if not 0 <= seed < 2**32:
        raise InputError(f"the seed {seed} of a split is out of range; give a whole number from 0 to {2**32 - 1}")
    units = len(table) - sum(len(group) - 1 for group in groups)
    if units < FEWEST_IMAGES:
        raise _too_few(table, f"a split takes at least {FEWEST_IMAGES}{' that are no duplicates' if groups else ''}")
    if preset == "stratified":
        return stratified(table, seed, groups)
    split = pd.Series("", index=table.index)
    for part, rows in _draw(table.image_id, seed, groups).items():
        split[rows] = part
    return split


def _draw(image_ids, seed, groups):
    """The positions of each part among sorted images, in the order in which scikit-learn draws them or their groups."""
    image_ids = pd.Index(image_ids)
    first = np.arange(len(image_ids))
    for group in groups:
        rows = image_ids.get_indexer(group)
        first[rows] = rows.min()
    units = np.unique(first)
    members = pd.Series(np.arange(len(first))).groupby(first).indices if groups else None
    train, held_out = train_test_split(units, test_size=0.2, random_state=seed)
    validation, test = train_test_split(held_out, test_size=0.5, random_state=seed)
    parts = dict(zip(PARTS, (train, validation, test), strict=True))
    if groups:
        parts = {part: np.concatenate([members[unit] for unit in drawn]) for part, drawn in parts.items()}
    return parts


def _given(table, given, groups):
    if groups:
        raise InputError(
            "duplicates cannot be kept together where the split comes with the data; leave group_duplicates out, or "
            "split=challenge if that is where it comes from"
        )
    split = table.image_id.map(given)
    wrong = ~split.isin(PARTS)
    if wrong.any():
        raise InputError(
            f"{counted(int(wrong.sum()), 'image')} without a given split of train, validation or test "
            f"(first: {first_few(table.image_id[wrong])}); correct the data"
        )
    return split


def _check_enough(table, kept, preset, min_images):
    if kept.label.nunique() < 2:
        found = counted(kept.label.nunique(), "class")
        where = f" with at least {min_images} images" if min_images > 1 else ""
        where += " in every one of train, validation and test" if preset != "released" else ""
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
