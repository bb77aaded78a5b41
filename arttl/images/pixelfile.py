"""The HDF5 file of an image store: laid out once, then filled in place so that no crash can damage its structure."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import PIL

from arttl.images.decoding import Decoding
from arttl.images.sparse_file import SparseFile

TODO, DONE, BAD = 0, 1, 2
CAUSE_BYTES = 200


class DamagedFile(Exception):
    """The file is not a whole pixel file with the expected fingerprint: it has to be laid out anew."""


class About(NamedTuple):
    """What a pixel file says of itself: contents are None in files from before they were kept."""

    fingerprint: str
    version: int
    image_ids: list[str]
    contents: list[str | None] | None


def lay_out(path: Path, contents: Mapping[str, str | None], decoding: Decoding, fingerprint: str, version: int) -> None:
    """Write a pixel file that is complete but for its pixels: every row still to do.

    Its space is claimed but not written (sparse), and the file appears at `path` whole or not at all.

    Datasets: `pixels` uint8 (n, height, width, 3), `state` uint8 (n,) of 0 to do, 1 done, 2 bad, `cause` (n,) UTF-8,
    all contiguous and uncompressed, `image_ids` (n,) UTF-8, and `contents` (n,): of each image's file (`Files`), empty
    where it is not known.

    Arguments:
        path: the file to make.
        contents: image_id -> content of its file, in the order of the rows.
        decoding: of the pixels.
        fingerprint: what it is made from.
        version: of what decoding makes of a file.
    """
    rows = len(contents)
    unfinished = path.with_name(f"{path.name}.new")
    content = SparseFile()
    with h5py.File(content, "w") as file:
        file.attrs.update(
            fingerprint=fingerprint, height=decoding.size[0], width=decoding.size[1], method=decoding.method
        )
        file.attrs["pillow"], file.attrs["version"] = PIL.__version__, version
        encoded = [image_id.encode("utf-8", "surrogateescape") for image_id in contents]
        file.create_dataset("image_ids", data=encoded, dtype=h5py.string_dtype())
        file.create_dataset("contents", data=np.array([(each or "").encode() for each in contents.values()], "S64"))
        file.create_dataset("state", data=np.zeros(rows, np.uint8))
        file.create_dataset("cause", (rows,), f"S{CAUSE_BYTES}", dcpl=_claimed())
        file.create_dataset("pixels", (rows, *decoding.size, 3), np.uint8, dcpl=_claimed())
    content.save(unfinished)
    os.replace(unfinished, path)


def _claimed() -> h5py.h5p.PropDCID:
    """Space given at creation, so that the offset in the file is known, and not filled with zeros."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return properties


class PixelFile:
    """A laid-out pixel file, read through memory maps and written past the HDF5 library.

    Writing changes bytes of datasets that exist, never HDF5's own structures, so a process can be killed at any time.
    A descriptor rather than a writable map: on a full disk it raises `OSError`, where a map ends the process (SIGBUS).

    Arguments:
        path: the file, made by `lay_out`.
        fingerprint: what it must have been made from; None for a file of whatever images.

    Attributes:
        pixels: read-only uint8 array (n, height, width, 3) on disk; rows whose state is not DONE are undefined.
        state: uint8 array (n,) of TODO, DONE or BAD, as of opening, kept up to date by `settle`.

    Raises DamagedFile if it is cut off, not HDF5, not made by `lay_out`, or of another fingerprint.
    """

    def __init__(self, path: Path, fingerprint: str | None):
        self.path, self.fingerprint = path, fingerprint
        self._descriptor: int | None = None
        try:
            with h5py.File(path, "r", locking=False) as file:
                if fingerprint not in (None, file.attrs["fingerprint"]):
                    raise DamagedFile(f"{path} was made from other images")
                self._offsets = {name: file[name].id.get_offset() for name in ("pixels", "state", "cause")}
                self.state = file["state"][:]
                shape = file["pixels"].shape
            # A plain array over the map: indexing numpy.memmap itself costs more for each batch.
            mapped = np.memmap(path, np.uint8, mode="r", offset=self._offsets["pixels"], shape=shape)
            self.pixels = np.asarray(mapped)
        except PermissionError:
            raise
        except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise DamagedFile(f"{path} is damaged: {error}") from error

    def __reduce__(self):
        return PixelFile, (self.path, self.fingerprint)  # reopened by whoever unpickles it, not copied

    def __enter__(self) -> PixelFile:
        """Open for writing."""
        self._descriptor = os.open(self.path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        return self

    def __exit__(self, *_) -> None:
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)
            self._descriptor = None

    def about(self) -> About:
        """What it says of itself; DamagedFile where it cannot be read."""
        try:
            with h5py.File(self.path, "r", locking=False) as file:
                ids = [each.decode("utf-8", "surrogateescape") for each in file["image_ids"][:]]
                contents = [each.decode() or None for each in file["contents"][:]] if "contents" in file else None
                return About(file.attrs["fingerprint"], int(file.attrs.get("version", 2)), ids, contents)
        except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise DamagedFile(f"{self.path} is damaged: {error}") from error

    def causes(self, rows: Iterable[int]) -> list[str]:
        """Why the images of these bad rows cannot be read."""
        with h5py.File(self.path, "r", locking=False) as file:
            causes = file["cause"]
            return [causes[row].decode("utf-8", "replace") for row in rows]

    def write(self, row: int, pixels: np.ndarray) -> None:
        """Write one image's pixels; they count once `settle` says so. Safe from several threads at once."""
        self._write("pixels", row * pixels.nbytes, np.ascontiguousarray(pixels).tobytes())

    def settle(self, outcomes: Iterable[tuple[int, str | None]]) -> None:
        """Record (row, cause) of finished rows, None where the pixels are good, once those are safely on disk."""
        outcomes = list(outcomes)
        for row, cause in outcomes:
            if cause is not None:
                text = cause.encode("utf-8", "replace")[:CAUSE_BYTES].decode("utf-8", "ignore").encode()
                self._write("cause", row * CAUSE_BYTES, text.ljust(CAUSE_BYTES, b"\0"))
        os.fsync(self._descriptor)  # a power cut must not leave rows that say done without their pixels
        for row, cause in outcomes:
            self.state[row] = DONE if cause is None else BAD
            self._write("state", row, self.state[row].tobytes())

    def _write(self, name: str, position: int, data: bytes) -> None:
        view, offset = memoryview(data), self._offsets[name] + position
        while view:  # close to a full disk a write can be partial
            written = _written_at(self._descriptor, view, offset)
            view, offset = view[written:], offset + written


_SEEKING = threading.Lock()


def _written_at(descriptor: int, data: memoryview, offset: int) -> int:
    """Write at an offset, whichever other thread writes too; returns the number of bytes that were."""
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, data, offset)
    with _SEEKING:  # on Windows
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, data)
