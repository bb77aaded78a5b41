"""What files hold that were read before, so that collections of hundreds of gigabytes are read once.

It saves reading and decides nothing: a file is looked up by its path, size, times and inode, and read again when one of
them has changed, or when it was written so shortly before that a second change might not show in its times.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from arttl.base.errors import InputError
from arttl.base.files import whole_file

VERSION = 1
_SAVE_EVERY = 60.0  # seconds of reading that a kill may cost
_SETTLED = 2e9  # nanoseconds: file systems keep times to two seconds at the coarsest


class Stamp(NamedTuple):
    """By what it is noticed that a file may have changed: bytes, nanoseconds, nanoseconds, number."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, file: BinaryIO) -> Stamp:
        """Of an open file."""
        status = os.fstat(file.fileno())
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class Facts(NamedTuple):
    """What was read of a file: SHA-256 (hexadecimal) of all of it, and of what earlier versions looked at."""

    content: str
    ends: str


class KnownFiles:
    """Facts of files by their Stamps, kept in one file of the cache folder for each folder of images.

    Arguments:
        cache: the cache folder; nothing is kept where it is None or is not there.
        paths: the files that will be asked for.
    """

    def __init__(self, cache: Path | None, paths: Iterable[Path]):
        self._root = _common({os.path.dirname(os.path.abspath(path)) for path in paths})
        key = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:12]
        self._file = None if cache is None or not Path(cache).is_dir() else Path(cache) / f"contents-{key}.json"
        self._facts = self._load()
        self._new, self._saved = {}, time.monotonic()

    def __enter__(self) -> KnownFiles:
        return self

    def __exit__(self, *_) -> None:
        self._save()

    def get(self, path: Path, stamp: Stamp) -> Facts | None:
        """The Facts of a file that is as it was when it was read."""
        name = self._name(path)
        found = self._new.get(name) or self._facts.get(name)
        return Facts(*found[1]) if found and Stamp(*found[0]) == stamp else None

    def keep(self, path: Path, stamp: Stamp, facts: Facts) -> None:
        """Keep what was read of a file, if a change from now on will show in its Stamp."""
        if time.time_ns() - max(stamp.modified, stamp.changed) > _SETTLED:
            self._new[self._name(path)] = stamp, facts

    def save_now_and_then(self) -> None:
        """Write what is new, once in a while."""
        if time.monotonic() - self._saved > _SAVE_EVERY:
            self._save()

    def _save(self) -> None:
        if self._file is None or not self._new:
            return
        self._facts = self._load() | self._new  # another process may have read other files meanwhile
        with suppress(InputError), whole_file(self._file) as file:  # a folder that cannot be written keeps nothing
            json.dump({"version": VERSION, "folder": self._root, "files": self._facts}, file)
        self._new, self._saved = {}, time.monotonic()

    def _load(self) -> dict:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8")) if self._file else {}
        except (OSError, ValueError):  # damaged: the files are read again
            return {}
        return kept["files"] if kept.get("version") == VERSION and kept.get("folder") == self._root else {}

    def _name(self, path: Path) -> str:
        path = os.path.abspath(path)
        return os.path.relpath(path, self._root) if self._root else path


def _common(folders: set[str]) -> str:
    """The innermost folder that holds them all; empty where there is none, as on several drives of Windows."""
    try:
        return os.path.commonpath(folders)
    except ValueError:
        return ""
