"""Which images are the same picture, as groups: for a check's findings, and to keep them in one part of a split."""

from __future__ import annotations

import functools

from scipy.cluster.hierarchy import DisjointSet

from arttl.check.describing import SMALL
from arttl.check.duplicates import ALIKE, DISTANCE, near, same
from arttl.check.images import read_images
from arttl.splits import Grouping

RULE = (
    f"same file, same pixels at {SMALL.label}, or pHash within {DISTANCE} of 64 bits and thumbnails that correlate by "
    f"{ALIKE}"
)


def groups(images):
    """(kind, detail, positions) of each group: same file, same pixels, and near duplicates with their copies.

    An image can be in several: what is the same file as one and nearly the same picture as another.

    Arguments:
        images: ImageFacts.
    """
    for group in same(images.files):
        yield "duplicate", "same file", group
    # Flat pictures are alike at 64 pixels whatever they show; only equal files tell that they are the same.
    pixels = [
        position if flat else key for position, (key, flat) in enumerate(zip(images.pixels, images.flat, strict=True))
    ]
    copies = same(pixels)
    for group in copies:
        if len({images.files[position] for position in group}) > 1:
            yield "duplicate", "same pixels at 64 x 64", group
    copies_of = {group[0]: group for group in copies}
    others = {position for group in copies for position in group[1:]}
    alone = [position for position in range(len(pixels)) if position not in others]
    for group in near(images.hashes[alone], images.thumbnails[alone], images.flat[alone]):
        members = [member for row in group for member in copies_of.get(alone[row], [alone[row]])]
        yield "near-duplicate", "nearly the same picture", sorted(members)


def joined(groups):
    """Groups that share an image made one: a sorted list of sorted lists, in which each image occurs once.

    Arguments:
        groups: lists of image ids.
    """
    together = DisjointSet(item for group in groups for item in group)
    for group in groups:
        for item in group[1:]:
            together.merge(group[0], item)
    return sorted(sorted(subset) for subset in together.subsets())


def duplicates_of(images):
    """All duplicates among images as disjoint groups of image ids.

    Arguments:
        images: ImageFacts.
    """
    return joined([[images.image_ids[position] for position in group] for _, _, group in groups(images)])


def duplicate_grouping(paths, files, cache=None, megapixels=None, read=None):
    """The Grouping that keeps duplicates in one part of a split.

    Arguments:
        paths: dict of image_id to Path; if a split has to be made, each is decoded once, unless that was kept.
        files: their arttl.images.Files.
        cache: folder in which is kept what is found in each; None keeps nothing.
        megapixels: as in arttl.images.Decoding.
        read: function that gives their ImageFacts instead.
    """
    read = read or (lambda: read_images(paths, files, cache, megapixels=megapixels))
    return Grouping(RULE, files.fingerprint, functools.cache(lambda: duplicates_of(read())))
