"""The target datasets of Chapter 2 as the thesis gives their sizes: data, for reading and checking collections.

The first four come from Cytomine as class folders with their splits, which `class_folders` reads; the last three were
cut from WikiArt and OmniArt. Source: thesis, Table 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from arttl.collections.table import PARTS


@dataclass(frozen=True)
class Target:
    """One row of Table 4.

    Arguments:
        name: as the thesis writes it.
        sizes: images of train, validation and test.
        classes: number of classes, Q_t.
        source: "Cytomine", or "WikiArt/OmniArt".
    """

    name: str
    sizes: tuple[int, int, int]
    classes: int
    source: str

    @property
    def images(self):
        """Number of images, N_t."""
        return sum(self.sizes)

    def differences(self, split):
        """How a split differs from this row, in words.

        Arguments:
            split: DataFrame with one row an image and the columns split ("train", "validation" or "test") and
                label, as a Split's table.

        Returns a list of str such as "train has 4,000 images, not 4,051"; empty where nothing differs.
        """
        counts = split["split"].value_counts()
        found = [(part, int(counts.get(part, 0)), size) for part, size in zip(PARTS, self.sizes, strict=True)]
        lines = [f"{part} has {has:,} images, not {size:,}" for part, has, size in found if has != size]
        classes = split["label"].nunique()
        return lines + ([f"{classes:,} classes, not {self.classes:,}"] if classes != self.classes else [])


TARGETS = (
    Target("Human-LBA", (4051, 346, 1023), 9, "Cytomine"),
    Target("Lung-Tissues", (4881, 562, 888), 10, "Cytomine"),
    Target("Mouse-LBA", (1722, 716, 1846), 8, "Cytomine"),
    Target("Bone-Marrow", (522, 130, 639), 8, "Cytomine"),
    Target("Artist-Classification-1", (3103, 389, 389), 20, "WikiArt/OmniArt"),
    Target("Type-Classification", (2868, 360, 360), 20, "WikiArt/OmniArt"),
    Target("Artist-Classification-2", (2827, 353, 353), 19, "WikiArt/OmniArt"),
)


def find_target(name):
    """The Target of a folder's name, whatever its case and whether '-', '_' or blanks divide it; None if none is."""
    return next((target for target in TARGETS if _plain(target.name) == _plain(name)), None)


def _plain(name):
    return re.sub(r"[\W_]+", "", name).casefold()
