"""A natural source (CIFAR, MNIST and the like) as TrainingData."""

from __future__ import annotations

import numpy as np

from arttl.collections import PARTS
from arttl.sources import to_size
from arttl.training.batches import Arrays
from arttl.training.data import TrainingData

MOST_IN_MEMORY = 2 << 30  # bytes of resized images; above it they are resized batch by batch


class ResizedImages:
    """A source's images with an ImageStore's `read`, resized when they are read."""

    def __init__(self, images, size, method):
        self.images, self.size, self.method = images, size, method

    def read(self, rows):
        """The images at these positions: uint8 (n, size, size, 3)."""
        return to_size(self.images[rows], self.size, self.method)


def source_data(source, size, method, validation=0.1, split_seed=42):
    """A natural source as TrainingData.

    Arguments:
        source: an arttl.sources.Source.
        size: side of the images in pixels, which then have three channels; None keeps size and channels.
        method: "nearest" or "antialiased".
        validation: share of the training images that validates.
        split_seed: of that draw.
    """
    split = source.split(validation, split_seed)
    readers = [_reader(images, size, method) for images in (source.train_images, source.test_images)]
    labels = source.train_labels, source.train_labels, source.test_labels
    parts = {}
    for part, reader, rows, of_part in zip(PARTS, (readers[0], *readers), split, labels, strict=True):
        origin = "test" if part == "test" else "train"
        parts[part] = reader, rows, of_part[rows], np.array([f"{origin}/{row}" for row in rows])
    shape = source.train_images.shape[1:] if size is None else (size, size, 3)
    settings = {"files": source.fingerprint, "split": {"validation": validation, "seed": split_seed}}
    height, width, channels = source.train_images.shape[1:]
    notes = list(source.notes)
    if size is not None and channels == 1:
        notes.append("grey images are given as three equal channels")
    if size is not None and (height, width) != (size, size):
        notes.append(f"images of {height} x {width} pixels are resized to {size} ({method})")
        settings["resize"] = method
    return TrainingData(source.name, settings, tuple(source.class_names), tuple(shape), parts, tuple(notes))


def _reader(images, size, method):
    if size is None:
        return Arrays(images)
    small = len(images) * size * size * 3 <= MOST_IN_MEMORY
    return Arrays(to_size(images, size, method)) if small else ResizedImages(images, size, method)
