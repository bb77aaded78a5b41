"""Every image looked at once: whether it can be read, and what tells it from others."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from arttl.base.workers import processors
from arttl.check.describing import FACTS, Describing, losses
from arttl.images import decode_once, identify_files
from arttl.images.decoding import Decoding, pixels_of
from arttl.images.picture import read_picture

PREPARED = (Decoding((224, 224)), Decoding((299, 299)))
"""The stores whose making the check foretells: that of VGG19 and ResNet50, and that of InceptionV3 and Xception."""

SAMPLE = 64  # images that are decoded to foretell it


@dataclass(frozen=True, eq=False)
class ImageFacts:
    """What was read of a collection's images.

    Arguments:
        image_ids: the readable images.
        files: what is the same for files of the same content, text of each one (arttl.images.Files).
        pixels: SHA-256 of each one's pixels at the size of SMALL, bytes.
        hashes: their perceptual hashes, uint64 (n,).
        thumbnails: float16 (n, GRID * GRID), see duplicates.thumbnail.
        flat: boolean (n,), True for pictures of nearly one grey, which have no hash to speak of.
        bad: image_id to cause, of those that cannot be read.
        lost: image_id to what the reading "load_img" loses of it (arttl.images.losses), of those that lose anything.
    """

    image_ids: list[str]
    files: list[str]
    pixels: list[bytes]
    hashes: np.ndarray
    thumbnails: np.ndarray
    flat: np.ndarray
    bad: dict[str, str]
    lost: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, described):
        """What a Describing knows, once it has seen every image."""
        found = {image_id: described.facts(image_id) for image_id in described.paths}
        bad = {image_id: facts for image_id, facts in found.items() if isinstance(facts, str)}
        good = [image_id for image_id in found if image_id not in bad]
        records = np.array([found[image_id] for image_id in good], FACTS)
        return cls(
            good,
            [described.content(image_id) for image_id in good],
            [each.tobytes() for each in records["pixels"]],
            records["hash"],
            records["thumbnail"],
            records["flat"],
            bad,
            {image_id: losses(each) for image_id, each in zip(good, records["lost"], strict=True) if each},
        )


def read_images(paths, files=None, cache=None, *, workers=None, progress=True, megapixels=None) -> ImageFacts:
    """Decode every image in parallel threads, unless a file of its content was looked at before.

    Arguments:
        paths: dict of image_id to Path.
        files: identify_files(paths), where the caller knows it already.
        cache: folder in which is kept what is found, made if need be; None keeps nothing.
        workers: threads; default one for each processor that this process may use.
        progress: tell on stderr how far it has come.
        megapixels: as in arttl.images.Decoding.

    Returns ImageFacts, in the order of `paths`.
    """
    if cache is not None:
        with suppress(OSError):  # one that cannot be made keeps nothing
            os.makedirs(cache, exist_ok=True)
    described = Describing(paths, files or identify_files(paths, cache), cache, megapixels)
    how = {"megapixels": megapixels, "workers": workers, "progress": progress}
    decode_once(paths, [described], desc="checking images", **how)
    return ImageFacts.of(described)


def preparing_seconds(paths: Iterable, workers=None, megapixels=None) -> float:
    """How long the stores of these images take, extrapolated from decoding up to SAMPLE of them, evenly spread.

    Call it before read_images, so that the files are not in memory already. Unreadable files count as quickly read.

    Arguments:
        paths: the images' files.
        workers, megapixels: as in read_images.
    """
    paths, workers = list(paths), workers or processors()
    if not paths:
        return 0.0
    sample = [paths[row] for row in np.unique(np.linspace(0, len(paths) - 1, SAMPLE).astype(int))]
    started = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(partial(_decode, megapixels=megapixels), sample))
    return (time.monotonic() - started) * len(paths) / len(sample)


def _decode(path, megapixels):
    read_picture(path, megapixels, [partial(pixels_of, decoding=decoding) for decoding in PREPARED])
