"""What the reading "load_img" loses of pictures: grey of more than 8 bits, transparency, the way they are turned."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from arttl.base.bars import bar
from arttl.base.errors import InputError
from arttl.base.files import open_regular, write_json
from arttl.base.wording import counted, shown_path
from arttl.base.workers import bounded_map, processors
from arttl.images.decoding import Decoding, without_transparency
from arttl.images.picture import DAMAGE, Picture

LOSSES = {
    "white": "of more than 8 bits of grey, and turned white",
    "uniform": "transparent, and one colour to the network, since nothing else is under it",
    "transparent": "transparent, and what is under it shows",
    "turned": "turned by their EXIF orientation, and read as they lie in the file",
}
"""What can be lost, and what training then sees."""

REMEDY = 'decoding="upright"'


def lost_by_load_img(path: Path | str, megapixels: float | None = None) -> tuple[str, ...]:
    """Which of LOSSES a picture has, if it is read as `keras.utils.load_img` does; none for one that cannot be read.

    Only pictures whose header tells of more than 8 bits, or of transparency, are decoded: values up to 255 and an
    opaque alpha channel lose nothing.

    Arguments:
        path: the file.
        megapixels: as in `Decoding`.
    """
    try:
        with open_regular(path) as file:
            return losses_of(Picture(file, megapixels))
    except DAMAGE:
        return ()  # decoding it tells why


def losses_of(picture: Picture) -> tuple[str, ...]:
    """The same of a Picture that others may have had decoded; raises one of DAMAGE."""
    header = picture.header
    lost = {"white": _is_deep(picture), "turned": picture.turned}
    transparent = not header.mode.startswith("I") and header.has_transparency_data and _is_seen_through(picture)
    lost["uniform"] = transparent and _is_uniform(picture)
    lost["transparent"] = transparent and not lost["uniform"]
    return tuple(kind for kind in LOSSES if lost[kind])


def survey(
    paths: Mapping[str, Path], folder: Path, files: str, megapixels: float | None = None, progress: bool = True
) -> dict[str, list[str]]:
    """What `load_img` would lose of each picture, worked out once and kept beside the stores.

    Arguments:
        paths: image_id -> file.
        folder: where it is kept.
        files: their fingerprint (`files_fingerprint`).
        megapixels: as in `Decoding`.
        progress: tell on stderr how far it has come, if it takes longer than two seconds.

    Returns image_id -> names of LOSSES, of those that lose anything.
    """
    key = hashlib.sha256(json.dumps([2, files, megapixels]).encode()).hexdigest()
    kept = Path(folder) / f"losses-{key[:12]}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):  # not there, or damaged: worked out anew
        found = json.loads(kept.read_bytes())
        if found["key"] == key:
            return dict(found["losses"])
    losses = {}
    told = bar(total=len(paths), desc="looking at images", delay=2, shown=progress)
    with told, ThreadPoolExecutor(processors()) as pool:
        found = bounded_map(pool, lambda path: lost_by_load_img(path, megapixels), paths.values(), 4 * processors())
        for image_id, lost in zip(paths, found, strict=True):
            told.update()
            if lost:
                losses[image_id] = list(lost)
    with suppress(OSError, InputError):  # a folder that is read-only by now can still hold whole stores
        os.makedirs(folder, exist_ok=True)
        write_json(kept, {"key": key, "losses": losses})
    return losses


def check_reading(
    paths: Mapping[str, Path], decoding: Decoding, folder: Path, files: str, progress: bool = True
) -> list[str]:
    """See that training would see the pictures and not what their reading makes of them.

    Arguments:
        paths, folder, files, progress: as in `survey`.
        decoding: how they are to be read.

    Returns a line about what is lost, if anything is.

    Raises InputError for pictures that would turn white.
    """
    if decoding.reading != "load_img":
        return []
    losses = survey(paths, folder, files, decoding.megapixels, progress)
    white = [image_id for image_id, lost in losses.items() if "white" in lost]
    if white:
        raise InputError(
            f"{len(white):,} of {counted(len(paths), 'image')} have more than 8 bits of grey, which decoding=load_img "
            f"turns white as Keras does (first: {shown_path(paths[white[0]])}); {REMEDY} scales them to 8 bits"
        )
    line = loss_line(losses.values(), len(paths))
    return [line] if line else []


def loss_line(losses, images: int) -> str:
    """'decoding=load_img, as in 2018: 44 of 722 images are transparent, ...; ... reads them as they look', or "".

    Arguments:
        losses: names of LOSSES, of each image that loses anything.
        images: how many there are.
    """
    told = losses_told(losses, images)
    return f"decoding=load_img, as in 2018: {told}; {REMEDY} reads them as they look" if told else ""


def losses_told(losses, images: int) -> str:
    """'44 of 722 images are transparent, ...', or "", with the arguments of loss_line."""
    losses = list(losses)
    counts = {kind: sum(kind in lost for lost in losses) for kind in LOSSES}
    return ", ".join(f"{count:,} of {images:,} images are {LOSSES[kind]}" for kind, count in counts.items() if count)


def _is_deep(picture: Picture) -> bool:
    return picture.header.mode.startswith("I") and bool(np.asarray(picture.decoded()).max() > 255)


def _is_seen_through(picture: Picture) -> bool:
    return picture.decoded().convert("RGBA").getchannel("A").getextrema()[0] < 255


def _is_uniform(picture: Picture) -> bool:
    """Whether a picture is one colour once its transparency is taken away, as `load_img` does."""
    return all(least == most for least, most in without_transparency(picture.decoded()).getextrema())
