"""Batches in an order that depends on the seed and the epoch alone, so that a resumed run repeats it."""

from __future__ import annotations

import copy
import math

import keras
import numpy as np
from numpy.typing import ArrayLike

from arttl.base.errors import InputError
from arttl.training.crops import Crop


class Arrays:
    """An array in memory (features, or a small set of images) with the `read` of an ImageStore."""

    def __init__(self, array):
        self.array = array

    def __len__(self):
        return len(self.array)

    def read(self, rows):
        """The items at these positions, as a new array."""
        return self.array[rows]


def are_class_ids(ids, num_classes):
    """Whether an array holds whole numbers from 0, below the number of classes."""
    return np.issubdtype(ids.dtype, np.integer) and bool(((ids >= 0) & (ids < num_classes)).all())


class Batches(keras.utils.PyDataset):
    """(inputs, one-hot labels) for `model.fit`.

    Arguments:
        source: an ImageStore or Arrays.
        rows: positions in the source, shape (n,).
        class_ids: class of each row, integers in [0, num_classes), shape (n,).
        num_classes: length of a one-hot label.
        batch_size: rows in a batch; the last batch holds what remains.
        shuffle_seed: a seed reorders the rows each epoch; None keeps their order.
        drop_remainder: leave out what remains. InputError when that is everything.
        cycle: batches in the endless cycle of the authors' generator. An epoch is the next n // batch_size batches of
            n // batch_size + 1, of which the last is the one before it, moved on by one image: so each epoch begins
            with the batch that the one before has left out, and of what remains one image at most is ever used.
        crop: an arttl.training.crops.Crop, for windows of the images; None takes them whole.
    """

    def __init__(
        self,
        source,
        rows: ArrayLike,
        class_ids: ArrayLike,
        num_classes: int,
        batch_size: int,
        shuffle_seed: int | None = None,
        drop_remainder: bool = False,
        crop: Crop | None = None,
        cycle: bool = False,
    ):
        super().__init__(workers=1)
        self.source, self.rows, self.class_ids = source, np.asarray(rows), np.asarray(class_ids)
        self.num_classes, self.batch_size = num_classes, batch_size
        self.shuffle_seed, self.drop_remainder, self.crop, self.cycle = shuffle_seed, drop_remainder, crop, cycle
        self._check()
        if not len(self):
            raise InputError(
                f"{len(self.rows)} images make no batch of {batch_size} without a remainder; lower batch_size, or "
                "set drop_remainder and cycle to false"
            )
        self.start_epoch(0)

    def _check(self):
        ids = self.class_ids
        if self.batch_size < 1:
            raise InputError(f"batch_size is {self.batch_size}; give 1 or more")
        if ids.shape != self.rows.shape or ids.ndim != 1:
            raise InputError(f"class_ids of shape {ids.shape} go with rows of shape {self.rows.shape}; give one a row")
        if ids.size and not are_class_ids(ids, self.num_classes):
            raise InputError(
                f"class_ids ({ids.dtype}, from {ids.min()} to {ids.max()}) are no classes; give whole numbers from 0 "
                f"to {self.num_classes - 1}"
            )

    def of(self, source):
        """The same rows in the same order, of another source."""
        batches = copy.copy(self)
        batches.source = source
        return batches

    def start_epoch(self, epoch):
        """Set the order of an epoch (0-based), and with it the places of random windows."""
        self.epoch, self.places = epoch, None
        self.order = np.arange(len(self.rows))
        if self.shuffle_seed is not None:
            self.order = np.random.default_rng([self.shuffle_seed, epoch]).permutation(len(self.rows))

    def on_epoch_end(self):
        """Keras calls this after each epoch; `train` sets the order at the beginning of each one besides."""
        self.start_epoch(self.epoch + 1)

    def __len__(self):
        batches = len(self.rows) / self.batch_size
        return math.floor(batches) if self.drop_remainder or self.cycle else math.ceil(batches)

    def __iter__(self):
        """Every batch once; the PyDataset of Keras 3.10 has no end."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index):
        start = self._start(index)
        chosen = self.order[start : start + self.batch_size]
        labels = np.zeros((len(chosen), self.num_classes), "float32")
        labels[np.arange(len(chosen)), self.class_ids[chosen]] = 1
        return self._windows(self.source.read(self.rows[chosen]), chosen), labels

    def _start(self, index):
        """Where a batch begins in the order of the epoch."""
        if not self.cycle:
            return index * self.batch_size
        place = (index - self.epoch) % (len(self) + 1)
        return place * self.batch_size - (self.batch_size - 1 if place == len(self) else 0)

    def _windows(self, pixels, chosen):
        if self.crop is None:
            return pixels
        if self.places is None:
            margins = [length - self.crop.side for length in pixels.shape[1:3]]
            self.places = self.crop.places(len(self.rows), margins, self.epoch)
        return self.crop.taken(pixels, self.places[chosen])
