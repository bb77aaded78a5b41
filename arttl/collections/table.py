"""A collection: which images exist, and what their metadata says of each challenge."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import first_few, shown
from arttl.collections.csv_file import csv_text

CHALLENGES = ("material", "type", "artist")
"""The studies' challenges, in the order of Table 1."""

PARTS = ("train", "validation", "test")

MISSING_LABELS = frozenset({"", "anoniem"})
"""Labels that say nothing, compared without case and surrounding blanks: the studies leave such images out."""


def unknown_set(labels=None):
    """What counts as unknown: a frozenset of labels as is_missing compares them, and always the blank one.

    Arguments:
        labels: str labels; None for those of the studies.
    """
    return MISSING_LABELS if labels is None else frozenset({"", *(_compared(label) for label in labels)})


@dataclass(frozen=True, eq=False)
class Collection:
    """Images and their labels.

    Arguments:
        name: "clipart-a", or the name of the data folder.
        table: one row an image: `image_id` (str, unique), `path` (str, absolute), one str column a
            challenge ("" where the metadata says nothing), and, if the data comes already split,
            `given_split` ("train", "validation" or "test"). Other columns are the user's own.
        challenges: the columns of `table` that hold labels.
        notes: facts worth a line of print ("12 images without a row were left out").
        unknown_labels: labels that say nothing, as unknown_set makes them.
        without_image: ids of the metadata's rows that were left out since there is no such image, or what those rows
            are called whose id is blank.
        without_row: images that no row names, relative to the image folder.
        made: how it was made, if it is not as its publishers made it: a dict for a run's settings ("cut": of what).
        unreadable: folders that were left out since they cannot be read, relative to the image folder.
        not_read: pictures of formats that are not read, such as HEIC, likewise.
        megapixels: the largest picture that is decoded, in millions of pixels; None for the usual bound.
        reading: where it lies and how it was read, for who opens it again (Reading.recorded); empty for others.

    Raises ValueError if the table breaks this contract; readers make sure it does not.
    """

    name: str
    table: pd.DataFrame
    challenges: tuple[str, ...]
    notes: tuple[str, ...] = ()
    unknown_labels: frozenset[str] = MISSING_LABELS
    without_image: tuple[str, ...] = ()
    without_row: tuple[str, ...] = ()
    made: dict = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()
    megapixels: float | None = None
    reading: dict = field(default_factory=dict)

    def __post_init__(self):
        lacking = {"image_id", "path", *self.challenges} - set(self.table.columns)
        if lacking:
            raise ValueError(f"collection {self.name}: the table lacks the columns {sorted(lacking)}")
        if not self.table.image_id.is_unique:
            raise ValueError(f"collection {self.name}: an image_id occurs twice")

    def __len__(self):
        return len(self.table)

    @property
    def settings(self):
        """How it was read where that is not the studies' way, and made, for a run's settings: a dict, else empty."""
        unknown = {} if self.unknown_labels == MISSING_LABELS else {"unknown_labels": sorted(self.unknown_labels)}
        return {**unknown, **self.made}

    def check_challenge(self, challenge):
        """Raise InputError, naming the challenges there are, if `challenge` is not one of them."""
        if challenge not in self.challenges:
            has = ", ".join(shown(name) for name in self.challenges)
            raise InputError(
                f"{shown(self.name)} has no challenge {challenge!r}; it has {has}: "
                f"challenge={shown(self.challenges[0])}"
            )

    def labels(self, challenge):
        """The label of each image that has one.

        Returns a str Series indexed by image_id, without the images whose label is in `unknown_labels`.

        Raises InputError for a challenge that this collection does not have.
        """
        self.check_challenge(challenge)
        labels = self.table.set_index("image_id")[challenge]
        return labels[~is_missing(labels, self.unknown_labels)]

    def given_split(self):
        """The part each image comes in: a str Series indexed by image_id, or None if none is given."""
        if "given_split" not in self.table:
            return None
        return self.table.set_index("image_id")["given_split"]

    def paths(self, image_ids=None):
        """The file of each image.

        Arguments:
            image_ids: the images wanted, in this order; None for all.

        Returns a dict of image_id to Path.

        Raises InputError for an image that the collection does not have.
        """
        known = dict(zip(self.table.image_id, self.table.path, strict=True))
        wanted = list(known if image_ids is None else image_ids)
        unknown = [image_id for image_id in wanted if image_id not in known]
        if unknown:
            raise InputError(
                f"{shown(self.name)} has no image {first_few(unknown)}; check the ids, or open another collection"
            )
        return {image_id: Path(known[image_id]) for image_id in wanted}

    def fingerprint(self, challenge):
        """A sha256 that changes when an image comes, goes, or changes its label or given split."""
        return labels_fingerprint(self.labels(challenge), self.given_split())


def is_missing(labels, unknown_labels=MISSING_LABELS):
    """A boolean Series: True where a label is one of `unknown_labels` (see unknown_set)."""
    return labels.map(_compared).isin(unknown_labels)


def _compared(label):
    return label.strip().casefold()


def labels_fingerprint(labels, given=None):
    """The sha256 (hex) of the (image_id, label) pairs, whatever their order.

    Arguments:
        labels: str Series indexed by image_id.
        given: optional str Series of given splits, indexed by image_id; images without a label do not count.
    """
    columns = [labels] if given is None else [labels, given.reindex(labels.index)]
    rows = sorted(zip(labels.index, *columns, strict=True))
    return hashlib.sha256(csv_text(rows).encode()).hexdigest()
