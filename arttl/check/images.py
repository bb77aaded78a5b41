"""Every image opened once: whether it can be read, and what tells it from others."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from arttl.base.bars import bar
from arttl.base.files import file_hash
from arttl.base.workers import bounded_map, processors
from arttl.check.duplicates import GRID, perceptual_hash, thumbnail
from arttl.images.decoding import BadImage, Decoding, decode_image
from arttl.images.losses import lost_by_load_img

SMALL = Decoding((64, 64), "antialiased")
"""How the check decodes: a picture's content, not its size, decides whether two are alike."""

PREPARED = (Decoding((224, 224)), Decoding((299, 299)))
"""The stores whose making the check foretells: that of VGG19 and ResNet50, and that of InceptionV3 and Xception."""

SAMPLE = 64  # images that are decoded to foretell it


@dataclass(frozen=True, eq=False)
class ImageFacts:
    """What was read of a collection's images.

    Arguments:
        image_ids: the readable images.
        files: SHA-256 of each one's file, bytes.
        pixels: SHA-256 of each one's pixels at the size of SMALL, bytes.
        hashes: their perceptual hashes, uint64 (n,).
        thumbnails: float16 (n, GRID * GRID), see duplicates.thumbnail.
        flat: boolean (n,), True for pictures of nearly one grey, which have no hash to speak of.
        bad: image_id to cause, of those that cannot be read.
        lost: image_id to what the reading "load_img" loses of it (arttl.images.losses), of those that lose anything.
    """

    image_ids: list[str]
    files: list[bytes]
    pixels: list[bytes]
    hashes: np.ndarray
    thumbnails: np.ndarray
    flat: np.ndarray
    bad: dict[str, str]
    lost: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_images(paths, *, workers=None, progress=True, megapixels=None) -> ImageFacts:
    """Decode every image in parallel threads; a picture is let go as soon as it is described.

    Arguments:
        paths: dict of image_id to Path.
        workers: threads; default one for each processor that this process may use.
        progress: tell on stderr how far it has come.
        megapixels: as in arttl.images.Decoding.

    Returns ImageFacts, in the order of `paths`.
    """
    workers = workers or processors()
    files, pixels, bad, lost, image_ids = [], [], {}, {}, []
    describe = partial(_describe, decoding=replace(SMALL, megapixels=megapixels))
    hashes = np.zeros(len(paths), np.uint64)
    thumbnails = np.zeros((len(paths), GRID * GRID), np.float16)
    flat = np.zeros(len(paths), bool)
    told = bar(total=len(paths), desc="checking images", shown=progress)
    with told, ThreadPoolExecutor(workers) as pool:
        for image_id, found in bounded_map(pool, describe, paths.items(), 4 * workers):
            told.update()
            if isinstance(found, str):
                bad[image_id] = found
                continue
            row = len(image_ids)
            image_ids.append(image_id)
            digests, hashes[row], thumbnails[row], flat[row], losses = found
            if losses:
                lost[image_id] = losses
            files.append(digests[0])
            pixels.append(digests[1])
    kept = len(image_ids)
    return ImageFacts(image_ids, files, pixels, hashes[:kept], thumbnails[:kept], flat[:kept], bad, lost)


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
    try:
        for decoding in PREPARED:
            decode_image(path, replace(decoding, megapixels=megapixels))
    except BadImage:
        return


def _describe(item, decoding):
    """(image_id, ((file's SHA-256, pixels' SHA-256), hash, thumbnail, whether flat, losses)) or (image_id, cause)."""
    image_id, path = item
    try:
        picture = decode_image(path, decoding)
        digests = file_hash(path).digest(), hashlib.sha256(picture).digest()
    except BadImage as error:
        return image_id, error.cause
    except OSError as error:
        return image_id, error.strerror or str(error)
    grey = picture @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's own conversion
    small, flat = thumbnail(grey)
    return image_id, (digests, perceptual_hash(grey), small, flat, lost_by_load_img(path, decoding.megapixels))
