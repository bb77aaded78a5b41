"""What is trained on: a natural source or a collection of images, divided into train, validation and test."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from arttl.collections import PARTS
from arttl.sources import to_size
from arttl.training import Arrays, Batches
from arttl.training.crops import Crop, stored_side

MOST_IN_MEMORY = 2 << 30  # bytes of resized images; above it they are resized batch by batch


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Images of one data set at one size, and their division.

    Attributes:
        name: the data set's, as options and tables call it.
        settings: dict that tells one data set and division from another.
        class_names: by class id.
        shape: (height, width, channels) of the images.
        parts: dict of "train", "validation" and "test" to (reader, rows, class ids, image ids); the reader is an
            ImageStore or what has its `read`.
        notes: departures and facts, for the run's config.json.
        table: images.csv as a DataFrame, where the images are files; else None.
        crop: side of the windows that are taken of larger images; None takes images whole.
        reading_losses: what the reading of the files loses of the pictures, lines for the run's config.json.
    """

    name: str
    settings: dict
    class_names: tuple
    shape: tuple
    parts: dict
    notes: tuple = ()
    table: pd.DataFrame | None = None
    crop: int | None = None
    reading_losses: tuple = ()

    @property
    def num_classes(self):
        """Q_t."""
        return len(self.class_names)

    @property
    def counts(self):
        """Number of images of each part, a dict."""
        return {part: len(self.parts[part][1]) for part in PARTS}

    def batches(self, part, batch_size, shuffle_seed=None, drop_remainder=False, crop_seed=None):
        """A part as Batches; of larger images random windows where there is a `crop_seed`, else the middle."""
        reader, rows, class_ids, _ = self.parts[part]
        crop = None if self.crop is None else Crop(self.crop, crop_seed)
        return Batches(reader, rows, class_ids, self.num_classes, batch_size, shuffle_seed, drop_remainder, crop)

    def training(self, recipe, seed):
        """The training images as Batches, in the order of a Recipe and a seed."""
        order = seed if recipe.shuffle else None
        return self.batches("train", recipe.batch_size, order, recipe.drop_remainder, crop_seed=seed)

    def validation(self, recipe):
        """The validation images as Batches, as a Recipe has them."""
        return self.batches("validation", recipe.batch_size, drop_remainder=recipe.drop_remainder)

    def fraction(self, share, seed):
        """The same data with a share of the training images; validation and test stay whole.

        Of each class the share is taken, at least one image. With one seed the draws are nested: what 25% holds, 50%
        holds too.

        Arguments:
            share: in (0, 1].
            seed: of the draw.
        """
        if share == 1:
            return self
        reader, rows, class_ids, image_ids = self.parts["train"]
        chosen = nested_share(class_ids, share, seed)
        train = reader, rows[chosen], class_ids[chosen], image_ids[chosen]
        table = self.table
        if table is not None:
            table = table[(table.split != "train") | table.image_id.isin(train[3])].reset_index(drop=True)
        return replace(self, parts={**self.parts, "train": train}, table=table)


def nested_share(class_ids, share, seed):
    """Positions of a stratified share: of each class that share of its images, at least one; int64, ascending.

    The images of a class are put in an order that the seed alone decides and taken from its front, so that smaller
    shares lie within larger ones.
    """
    generator, chosen = np.random.default_rng(seed), []
    for each in np.unique(class_ids):
        ordered = generator.permutation(np.flatnonzero(class_ids == each))
        chosen.append(ordered[: max(1, round(share * len(ordered)))])
    return np.sort(np.concatenate(chosen))


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


def collection_data(name, experiment, challenge, size, recipe):
    """A collection of images as TrainingData.

    Arguments:
        name: what options and tables call it.
        experiment: an arttl.chapter1.ExperimentData.
        challenge: whose labels its split has.
        size: side of the images in pixels.
        recipe: the Recipe, which says how images are decoded and resized.
    """
    cropped = recipe.crop == "random"
    side = stored_side(size) if cropped else size
    store = experiment.store(side, recipe, fit="cover" if cropped else "stretch")
    rows, class_ids = experiment.rows(store)
    ids = np.array(store.image_ids)
    settings = {
        "collection": experiment.collection.name,
        **experiment.collection.settings,
        "challenge": challenge,
        "files": experiment.files.fingerprint,
        "split": experiment.split.fingerprint,
        "bad_images": sorted(store.bad),
        "resize": recipe.resize,
        "decoding": recipe.decoding,
        **({"crop_from": side} if cropped else {}),
    }
    parts = {part: (store, rows[part], class_ids[part], ids[rows[part]]) for part in PARTS}
    classes = tuple(experiment.split.classes)
    crop = size if cropped else None
    notes = tuple(experiment.untested(store))
    losses = tuple(experiment.reading_losses[recipe.decoding])
    return TrainingData(name, settings, classes, (size, size, 3), parts, notes, experiment.image_table(), crop, losses)
