"""Which image files these are: by their content, and by nothing else.

Each file is read whole, once: what it holds is kept in the cache folder under its path, size, times and inode, and it
is read again only when one of these has changed. They decide nothing: without that note the same is found, later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from arttl.base.bars import bar
from arttl.base.files import open_regular
from arttl.base.workers import bounded_map, processors
from arttl.images.known import Facts, KnownFiles, Stamp

_WHOLE_FILE, _FILE_END = 65536, 4096  # bytes: earlier versions read no more than both ends of larger files
_BLOCK = 1 << 20


class Fingerprint(str):
    """A fingerprint that is equal to the one that earlier versions wrote for the same files, too.

    Those took a larger file's time of modification for a part of it. Runs, splits and searches that they made are known
    again where the files were not touched.

    Attributes:
        former: that fingerprint.
    """

    former: str

    def __new__(cls, value: str, former: str):
        """As text that has an attribute."""
        made = super().__new__(cls, value)
        made.former = former
        return made

    def __eq__(self, other):
        return str.__eq__(self, other) or str.__eq__(self.former, other)

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__

    def __getnewargs__(self):
        return str(self), self.former


@dataclass(frozen=True)
class Files:
    """A collection's image files.

    Attributes:
        fingerprint: SHA-256 (hexadecimal) of each image's id and content; neither order, place nor time counts.
        contents: image_id -> what is the same for files of the same content, and for no others; None for one that
            cannot be read.
        former_contents: the same as earlier versions wrote it: of files over 64 KiB only the size and both ends count.
    """

    fingerprint: Fingerprint
    contents: dict[str, str | None]
    former_contents: dict[str, str | None] = field(repr=False)


def identify_files(paths: Mapping[str, Path], cache: Path | None = None) -> Files:
    """Identify image files.

    Arguments:
        paths: image_id -> file.
        cache: folder in which is kept what files hold that were read; None reads all of them.
    """
    ids, known = sorted(paths), KnownFiles(cache, paths.values())
    workers = processors()
    digest, former, contents, former_contents = hashlib.sha256(), hashlib.sha256(), {}, {}
    told = bar(total=len(ids), desc="reading image files", leave=False)
    with known, told, ThreadPoolExecutor(workers) as pool:
        found = bounded_map(pool, lambda image_id: _facts(paths[image_id], known), ids, 4 * workers)
        for image_id, (stamp, facts) in zip(ids, found, strict=True):
            told.update()
            known.save_now_and_then()
            if facts is None:  # missing: decoding it will say so
                contents[image_id] = former_contents[image_id] = None
                lines = [[image_id, None]] * 2
            else:
                large = stamp.size > _WHOLE_FILE
                contents[image_id] = f"{stamp.size}-{facts.content[:32]}"
                former_contents[image_id] = f"{stamp.size}-{facts.ends[:32]}"
                lines = [[image_id, stamp.size, 0, facts.content]]
                lines += [[image_id, stamp.size, stamp.modified * large, facts.ends]]
            for each, line in zip((digest, former), lines, strict=True):
                each.update(json.dumps(line).encode())
    return Files(Fingerprint(digest.hexdigest(), former.hexdigest()), contents, former_contents)


def files_fingerprint(paths: Mapping[str, Path], cache: Path | None = None) -> Fingerprint:
    """The fingerprint of `identify_files` alone."""
    return identify_files(paths, cache).fingerprint


def _facts(path: Path, known: KnownFiles) -> tuple[Stamp, Facts] | tuple[None, None]:
    """A file's Stamp and its Facts, read where they are not known; None of one that cannot be read."""
    try:
        with open_regular(path) as file:
            stamp = Stamp.of(file)
            facts = known.get(path, stamp)
            if facts is None:
                facts = _read(file, stamp.size)
                if Stamp.of(file) == stamp:  # else it is being written
                    known.keep(path, stamp, facts)
    except OSError:
        return None, None
    return stamp, facts


def _read(file, size: int) -> Facts:
    content, ends = hashlib.sha256(), hashlib.sha256()
    while block := file.read(_BLOCK):
        content.update(block)
    if size <= _WHOLE_FILE:
        return Facts(content.hexdigest(), content.hexdigest())
    for position in (0, size - _FILE_END):
        file.seek(position)
        ends.update(file.read(_FILE_END))
    return Facts(content.hexdigest(), ends.hexdigest())
