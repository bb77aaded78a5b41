"""How many images a data set has: what steps, time and disk follow from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataSize:
    """Numbers of images and classes of one data set.

    Attributes:
        title: as people write it.
        train, validation, test: images.
        classes: number of classes.
        side: of the images as they come, in pixels; None where they come in all sizes.
    """

    title: str
    train: int
    validation: int
    test: int
    classes: int
    side: int | None = None

    @property
    def images(self):
        """Number of all images."""
        return self.train + self.validation + self.test
