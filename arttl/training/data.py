"""What is trained on: a natural source or a collection of images, divided into train, validation and test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from arttl.base.sizes import DataSize
from arttl.collections import PARTS
from arttl.training.batches import Batches
from arttl.training.crops import Crop


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
        reading_losses: what the reading of the files loses of the pictures, lines for the run's config.json.
        table: images.csv as a DataFrame, where the images are files; else None.
        crop: side of the windows that are taken of larger images; None takes images whole.
        cache: folder in which what is computed of the images, such as X, is kept; None keeps nothing.
    """

    name: str
    settings: dict
    class_names: tuple
    shape: tuple
    parts: dict
    notes: tuple = ()
    reading_losses: tuple = ()
    table: pd.DataFrame | None = None
    crop: int | None = None
    cache: Path | None = None

    @property
    def num_classes(self):
        """Q_t."""
        return len(self.class_names)

    @property
    def counts(self):
        """Number of images of each part, a dict."""
        return {part: len(self.parts[part][1]) for part in PARTS}

    @property
    def sizes(self):
        """The DataSize."""
        return DataSize(self.name, *self.counts.values(), self.num_classes, self.shape[0])

    def batches(self, part, batch_size, *, crop_seed=None, **order):
        """A part as Batches; of larger images random windows where there is a `crop_seed`, else the middle.

        Arguments:
            part: "train", "validation" or "test".
            batch_size: images in a batch.
            crop_seed: of the windows.
            **order: shuffle_seed, drop_remainder and cycle of Batches.
        """
        reader, rows, class_ids, _ = self.parts[part]
        crop = None if self.crop is None else Crop(self.crop, crop_seed)
        return Batches(reader, rows, class_ids, self.num_classes, batch_size, crop=crop, **order)

    def training(self, recipe, seed):
        """The training images as Batches, in the order of a Recipe and a seed."""
        order = seed if recipe.shuffle else None
        return self.batches("train", recipe.batch_size, shuffle_seed=order, crop_seed=seed, **_division(recipe))

    def validation(self, recipe):
        """The validation images as Batches, as a Recipe has them."""
        return self.batches("validation", recipe.batch_size, **_division(recipe))

    def test(self, recipe, at_once=1):
        """The test images as Batches: all of them, in their order, `at_once` times as many in a batch."""
        return self.batches("test", recipe.batch_size * at_once)

    def of(self, reader):
        """The same images and division, read from elsewhere, such as X in the place of pixels.

        Arguments:
            reader: what has a `read` of the same rows.
        """
        return replace(self, parts={part: (reader, *rest) for part, (_, *rest) in self.parts.items()}, crop=None)

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


def _division(recipe):
    return {"drop_remainder": recipe.drop_remainder, "cycle": recipe.cycle}


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
