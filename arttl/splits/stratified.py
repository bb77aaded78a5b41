"""A split that divides each class for itself, so that none with three images is lost: the studies drew otherwise."""

from __future__ import annotations

import zlib
from collections import defaultdict

import numpy as np
import pandas as pd

FEWEST_OF_CLASS = 3
"""Images, or groups of duplicates, that a class needs: one for each part."""

SHARE = 0.1  # of a class' images: for validation, and for test


def stratified(table, seed, groups):
    """The part of each image.

    Of each class a tenth, rounded, is validation and as much is test, at least one image each. Which ones depends on
    the class' own images, its name and the seed alone. Duplicates come whole: the drawn ones that fit, else the
    smallest; a group counts to the class of its first image.

    Arguments:
        table: DataFrame with image_id and label, sorted by image_id.
        seed: of the draw.
        groups: disjoint lists of image ids that must come into one part.

    Returns a str Series of "train", "validation" or "test" with the index of `table`. A class of fewer than
    FEWEST_OF_CLASS images or groups is all in train.
    """
    first = {image_id: group[0] for group in groups for image_id in group}
    units, label_of = defaultdict(list), dict(zip(table.image_id, table.label, strict=True))
    for image_id in table.image_id:
        units[first.get(image_id, image_id)].append(image_id)
    classes = defaultdict(list)
    for unit, images in units.items():
        classes[label_of[unit]].append(images)
    parts = dict.fromkeys(table.image_id, "train")
    for label, members in classes.items():
        random = np.random.default_rng([seed, zlib.crc32(label.encode())])
        drawn = [members[number] for number in random.permutation(len(members))]
        wanted = max(1, round(SHARE * sum(map(len, members))))
        for part, left in (("test", 2), ("validation", 1)) if len(members) >= FEWEST_OF_CLASS else ():
            for images in _taken(drawn, wanted, left):
                parts |= dict.fromkeys(images, part)
                drawn.remove(images)
    return pd.Series([parts[image_id] for image_id in table.image_id], index=table.index)


def _taken(drawn, wanted, left):
    """The first of the drawn units that make up so many images, but for those left; the smallest one if none fits."""
    taken, count = [], 0
    for images in drawn:
        if count + len(images) <= wanted and len(taken) < len(drawn) - left:
            taken.append(images)
            count += len(images)
    return taken or [min(drawn, key=len)]
