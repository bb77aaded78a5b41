"""Stores that earlier builds left: rows are taken over from them image by image, and superseded ones are removed.

A row is taken over when it was decoded alike from a file of the same content, whatever the image's id was.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arttl.base.locks import HeldError, locked
from arttl.images.pixelfile import DONE, DamagedFile, PixelFile
from arttl.images.reading import nobody_reads

_NAME = re.compile(r"images-(.+)-[0-9a-f]{12}(\.partial)?\.h5")


@dataclass(frozen=True)
class Earlier:
    """A store, whole or begun, of which each image's content is known.

    Attributes:
        path: its HDF5 file.
        contents: image_id -> content (arttl.images.Files), None where it is not known; in the file's order.
    """

    path: Path
    contents: dict[str, str | None]

    @property
    def lock(self) -> Path:
        """The lock file of its build."""
        return lock_of(self.path)

    def is_superseded(self, contents: Mapping[str, str | None]) -> bool:
        """Whether a store of these contents has all of its images, and most of them unchanged.

        A collection that has had files mended or added is meant; not a small part of one, and not another one with
        images of the same names.
        """
        same = sum(content is not None and contents.get(each) == content for each, content in self.contents.items())
        return self.contents.keys() <= contents.keys() and 2 * same >= len(contents)


def lock_of(path: Path) -> Path:
    """The lock file of the build of a store, given its file, whole or begun."""
    return path.with_name(f".{path.stem.removesuffix('.partial')}.lock")


def earlier_stores(
    final: Path, label: str, version: int, contents: Mapping[str, str | None], former: str
) -> list[Earlier]:
    """The stores beside a store's file that were decoded alike.

    Arguments:
        final: the file that is to be built.
        label: of its Decoding.
        version: of what decoding makes of a file.
        contents: image_id -> content of the images that it is to hold.
        former: fingerprint that the store of the same files had in earlier versions, which did not write contents.
    """
    found = []
    for path in sorted(final.parent.glob(f"images-{label}-*.h5")):
        match = _NAME.fullmatch(path.name)
        if match is None or match[1] != label or lock_of(path) == lock_of(final):
            continue
        try:
            about = PixelFile(path, None).about()
        except (DamagedFile, PermissionError):
            continue
        if about.version == version and about.contents is not None:
            found.append(Earlier(path, dict(zip(about.image_ids, about.contents, strict=True))))
        elif about.version == version and about.fingerprint == former:
            found.append(Earlier(path, {each: contents[each] for each in about.image_ids}))
    return found


def take_over(
    file: PixelFile, rows: Sequence[int], contents: Sequence[str | None], earlier: Sequence[Earlier], sync: float
) -> None:
    """Copy what earlier stores hold into a file that is open for writing.

    Arguments:
        file: of the new store.
        rows: those still to do.
        contents: by row of the file.
        earlier: of `earlier_stores`.
        sync: seconds after which copied rows are made safe.
    """
    wanted: dict[str, list[int]] = {}
    for row in rows:
        if contents[row] is not None:
            wanted.setdefault(contents[row], []).append(row)
    done: list[tuple[int, None]] = []
    synced = time.monotonic()
    try:
        for each in earlier:
            with contextlib.suppress(DamagedFile):  # or removed since
                theirs = PixelFile(each.path, None)
                for row, content in enumerate(each.contents.values()):
                    if content in wanted and theirs.state[row] == DONE:
                        for mine in wanted.pop(content):
                            file.write(mine, np.asarray(theirs.pixels[row]))
                            done.append((mine, None))
                    if time.monotonic() - synced > sync:
                        file.settle(done)
                        done, synced = [], time.monotonic()
    finally:
        file.settle(done)


def remove_superseded(earlier: Sequence[Earlier], contents: Mapping[str, str | None]) -> None:
    """Remove the stores that one of these contents supersedes, unless a process reads or builds them now."""
    for each in earlier:
        if each.is_superseded(contents):
            with contextlib.suppress(HeldError, OSError), locked(each.lock), nobody_reads(each.path) as free:
                if free:
                    fingerprint = each.path.stem.removesuffix(".partial").rpartition("-")[2]
                    each.path.unlink()
                    each.path.with_name(f"bad-images-{fingerprint}.csv").unlink(missing_ok=True)
