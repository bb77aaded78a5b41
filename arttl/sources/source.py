"""A source: its images and labels in memory, checked, and its division into train, validation and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few


class SourceSplit(NamedTuple):
    """Indices, int64 and ascending: train and validation into a source's train_images, test into its test_images."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False)
class Source:
    """Images and labels of one source. The arrays are read-only.

    Arguments:
        name: "cifar10", "cifar100", "cifar100_coarse", "mnist" or "fashion_mnist".
        train_images: uint8 (n, height, width, channels); one channel for grey, three for RGB.
        train_labels: int64 (n,), from 0 to the number of classes less one.
        test_images, test_labels: likewise.
        class_names: str by label.
        origin: where the data came from, for people: a file, Keras' cache, a download, or the bundled subset.
        notes: facts worth a line of print, such as fewer images than the official number.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    origin: str
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            array.setflags(write=False)

    @cached_property
    def fingerprint(self):
        """The sha256 (hex) of shapes, pixels and labels: the same whichever file format they were read from."""
        digest = hashlib.sha256()
        for images, labels in ((self.train_images, self.train_labels), (self.test_images, self.test_labels)):
            digest.update(repr(images.shape).encode())
            digest.update(np.ascontiguousarray(images))
            digest.update(labels.astype("<i8"))
        return digest.hexdigest()

    def split(self, validation=0.1, seed=42):
        """Hold part of the training images out for validation; the test images stay as published.

        The draw is scikit-learn's `train_test_split`, stratified by label. The paper's appendix with this detail is
        not in the source, so both defaults are ours.

        Arguments:
            validation: fraction of the training images, between 0 and 1.
            seed: of the draw, from 0 to 2**32 - 1.

        Returns a SourceSplit.

        Raises InputError for an impossible fraction or seed, and when a class has too few images for both parts.
        """
        indices = np.arange(len(self.train_labels))
        try:
            if not 0 < validation < 1:
                raise ValueError("a fraction between 0 and 1 is due")
            train, held_out = train_test_split(
                indices, test_size=float(validation), random_state=seed, stratify=self.train_labels
            )
        except (ValueError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{self.name} cannot be split with validation={validation} and seed={seed} ({reason}); "
                "choose others, or a source with more images a class"
            ) from error
        return SourceSplit(np.sort(train), np.sort(held_out), np.arange(len(self.test_labels)))


def check_part(entry, classes, part, images, labels):
    """Check one part's counts and labels.

    Arguments:
        entry: of SOURCES.
        classes: how many there are.
        part: "train" or "test".
        images: uint8 (n, height, width, channels).
        labels: int64 (m,).

    Returns notes, a list of str.

    Raises ValueError, whose message follows the name of the file.
    """
    if len(images) != len(labels):
        raise ValueError(f"holds {len(images):,} {part} images but {len(labels):,} {part} labels")
    official = entry.counts[part]
    if not 0 < len(images) <= official:
        raise ValueError(f"holds {counted(len(images), f'{part} image')}, where {entry.title} has {official:,}")
    if labels.min() < 0 or labels.max() >= classes:
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        raise ValueError(f"holds the {part} label {wrong}, where {entry.title} has labels from 0 to {classes - 1}")
    notes = []
    if len(images) < official:
        notes.append(f"{len(images):,} of the official {official:,} {part} images")
    absent = sorted(set(range(classes)) - set(np.unique(labels).tolist()))
    if absent:
        notes.append(f"no {part} image of {counted(len(absent), 'class')} (labels {first_few(absent)})")
    return notes
