"""What is found in a picture, once for all collections: kept by the content of its file, whatever it is called."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from arttl.base.errors import InputError
from arttl.base.locks import locked
from arttl.base.record_file import RecordFile
from arttl.check.duplicates import GRID, perceptual_hash, thumbnail
from arttl.images import BadImage, Decoding
from arttl.images.decoding import pixels_of
from arttl.images.losses import LOSSES, losses_of

SMALL = Decoding((64, 64), "antialiased")
"""How the check decodes: a picture's content, not its size, decides whether two are alike."""

VERSION = 1  # of what is found

FACTS = np.dtype(
    [("pixels", "V32"), ("hash", "<u8"), ("thumbnail", "<f2", (GRID * GRID,)), ("flat", "?"), ("lost", "u1")]
)
"""SHA-256 of a picture's pixels as SMALL decodes them, its perceptual hash, its duplicates.thumbnail, whether it is of
nearly one grey and so has no hash to speak of, and which of LOSSES it has, a bit for each."""


class Describing:
    """The FACTS of images, as a Consumer of arttl.images.decode_once: known from before, or still to be found.

    Pictures that cannot be read are tried again each time.

    Arguments:
        paths: dict of image_id to Path.
        files: arttl.images.Files of them.
        cache: folder in which facts are kept, if it is there; None keeps nothing.
        megapixels: as in arttl.images.Decoding; what was found under another bound is not known under this one.

    Attributes:
        todo: ids of images to look at, one for each content that is not known.
    """

    def __init__(self, paths, files, cache=None, megapixels=None):
        self.paths, self._files, self._new, self._bad = paths, files, [], {}
        self._rule = f"{VERSION} {SMALL.label}{'' if megapixels is None else f' {megapixels}'}"
        self._kept = None
        if cache is not None:
            self._kept = RecordFile(Path(cache, f"pictures-{SMALL.label}.facts"), *FACTS.descr)
        self._facts = self._known({self.content(image_id) for image_id in paths})
        unknown = {self.content(image_id): image_id for image_id in reversed(paths)}
        self.todo = {image_id for content, image_id in unknown.items() if content not in self._facts}

    def content(self, image_id):
        """What is the same for files of the same content; of a file that cannot be read, its own."""
        return self._files.contents[image_id] or f"unread {image_id}"

    def facts(self, image_id):
        """FACTS of an image that was looked at, or why it cannot be read."""
        content = self.content(image_id)
        return self._bad[content] if content in self._bad else self._facts[content]

    def make(self, picture):
        """FACTS of a Picture."""
        pixels = pixels_of(picture, SMALL)
        grey = pixels @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's own conversion
        small, flat = thumbnail(grey)
        found = losses_of(picture)
        lost = sum(1 << bit for bit, kind in enumerate(LOSSES) if kind in found)
        return np.array((hashlib.sha256(pixels).digest(), perceptual_hash(grey), small, flat, lost), FACTS)[()]

    def put(self, image_id, made):
        """The facts, or the cause."""
        return made.cause if isinstance(made, BadImage) else made

    def finish(self, image_id, outcome):
        """Take over what was found."""
        content = self.content(image_id)
        if isinstance(outcome, str):
            self._bad[content] = outcome
            return
        self._facts[content] = outcome
        self._new += [content] if self._files.contents[image_id] else []

    def settle(self):
        """Keep what is new; in a folder that cannot be written nothing is kept."""
        if self._kept is None or not self._new:
            return
        new, self._new = self._new, []
        rows = np.array([self._facts[content] for content in new], FACTS)
        lock = self._kept.path.with_name(f".{self._kept.path.stem}.lock")
        with suppress(OSError, InputError), locked(lock, waiting=lambda: None):
            self._kept.append(self._keys(new), **{name: rows[name] for name in FACTS.names})

    def _keys(self, contents):
        return [f"{self._rule} {content}" for content in contents]

    def _known(self, contents):
        """content -> FACTS, of those that were kept."""
        if self._kept is None:
            return {}
        contents = sorted(contents)
        places = self._kept.places(self._keys(contents))
        there = np.flatnonzero(places >= 0)
        records = self._kept.records()[places[there]]
        rows = np.empty(len(there), FACTS)
        for name in FACTS.names:
            rows[name] = records[name]
        return {contents[number]: row for number, row in zip(there, rows, strict=True)}


def losses(bits):
    """Those of LOSSES that FACTS' `lost` stands for, a tuple."""
    return tuple(kind for bit, kind in enumerate(LOSSES) if bits >> bit & 1)
