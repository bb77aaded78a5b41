"""The file of one store while it is made: begun or gone on with, filled row by row, and given its name."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from arttl.images import once
from arttl.images.decoding import Decoding, pixels_of
from arttl.images.earlier import earlier_stores, lock_of, remove_superseded, take_over
from arttl.images.identity import Files
from arttl.images.picture import BadImage, Picture
from arttl.images.pixelfile import DONE, TODO, DamagedFile, PixelFile, lay_out

VERSION = 2  # of what decode_image makes of a file; nothing is reused of stores of another version


class Filling:
    """A store to be made or found, as a Consumer of `decode_once`. All but `is_whole` is for who holds its lock.

    Arguments:
        folder: where stores are kept.
        image_ids: sorted, as their rows are.
        files: of these images.
        decoding: of the store.
        leave_bad: whether images that could not be read are to be left as they are, and not tried again.

    Attributes:
        decoding: that of the store.
        file: its PixelFile; None before it is found or begun.
        todo: image_id -> row, of those to decode.
        lock: the lock file of its build.
    """

    def __init__(self, folder: Path, image_ids: Sequence[str], files: Files, decoding: Decoding, leave_bad: bool):
        self.decoding, self.file, self.todo = decoding, None, {}
        self._leave_bad = leave_bad and decoding.megapixels is None  # another bound can let a large one in
        self._contents = {image_id: files.contents[image_id] for image_id in image_ids}
        self._fingerprint = fingerprint_of(decoding, files.fingerprint)
        self._former = fingerprint_of(decoding, files.fingerprint.former)
        self._final = folder / f"images-{decoding.label}-{self._fingerprint[:12]}.h5"
        self._partial = self._final.with_suffix(".partial.h5")
        self._earlier, self._finished = [], []
        self.lock = lock_of(self._final)

    def is_whole(self) -> bool:
        """Whether the store is there, with nothing left to do."""
        self._look(self._final)
        return self.file is not None and not self.todo

    def look(self) -> int:
        """See what an earlier build has left; returns the bytes of pixels that are still to be written."""
        self._look(self._final, self._partial)
        return len(self._contents if self.file is None else self.todo) * int(np.prod(self.decoding.size)) * 3

    def begin(self) -> PixelFile:
        """Lay the file out, if nothing was left. Returns it, to be opened for writing."""
        if self.file is None:
            lay_out(self._partial, self._contents, self.decoding, self._fingerprint, VERSION)
            self._look(self._partial)
        self._earlier = earlier_stores(self._final, self.decoding.label, VERSION, self._contents, self._former)
        return self.file

    def take_over(self) -> None:
        """Copy the pixels of the same files that other stores beside it hold, into the file open for writing."""
        rows = list(self.todo.values())
        take_over(self.file, rows, list(self._contents.values()), self._earlier, once.SYNC_SECONDS)
        self._find_todo()

    def make(self, picture: Picture) -> np.ndarray:
        """The pixels of a picture."""
        return pixels_of(picture, self.decoding)

    def put(self, image_id: str, made: np.ndarray | BadImage) -> str | None:
        """Write an image's pixels; returns the cause where there are none."""
        if isinstance(made, BadImage):
            return made.cause
        self.file.write(self.todo[image_id], made)
        return None

    def finish(self, image_id: str, outcome: str | None) -> None:
        """Note a row that is done, good or bad."""
        self._finished.append((self.todo[image_id], outcome))

    def settle(self) -> None:
        """Record the rows that are done."""
        finished, self._finished = self._finished, []
        if finished:
            self.file.settle(finished)

    def end(self) -> None:
        """Give the file its name, and remove stores that it supersedes; nothing may be left to do."""
        if self.file.path == self._partial:
            self.file = None  # Windows renames no file that somebody has open
            os.replace(self._partial, self._final)
        remove_superseded(self._earlier, self._contents)
        self.file = PixelFile(self._final, self._fingerprint)

    def _look(self, *paths: Path) -> None:
        self.file = next((file for path in paths if (file := _open(path, self._fingerprint)) is not None), None)
        self._find_todo()

    def _find_todo(self) -> None:
        """Images to decode; bad ones again unless they are left, since permissions or a network may be mended."""
        self.todo = {}
        if self.file is not None:
            state = self.file.state
            rows = np.flatnonzero(state == TODO if self._leave_bad else state != DONE).tolist()
            image_ids = list(self._contents) if rows else []
            self.todo = {image_ids[row]: row for row in rows}


def fingerprint_of(decoding: Decoding, files: str) -> str:
    """SHA-256 of the store's version, the decoding, and the fingerprint of the images' files."""
    facts = [VERSION, list(decoding.size), decoding.method, files]
    for value, usual in ((decoding.reading, "upright"), (decoding.fit, "stretch")):
        facts += [value] if value != usual else []  # stores from before there was a choice stay valid
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _open(path: Path, fingerprint: str) -> PixelFile | None:
    """The file, or None where there is none or it is damaged and so has to be made again."""
    if not path.exists():
        return None
    try:
        return PixelFile(path, fingerprint)
    except DamagedFile:
        return None
