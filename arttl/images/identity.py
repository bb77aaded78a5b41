"""Which image files these are, told without reading them whole: collections are up to 400 GB."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from arttl.files import open_regular

WHOLE_FILE, FILE_END = 65536, 4096  # bytes: files up to the first count whole, of larger ones both ends


@dataclass(frozen=True)
class Files:
    """A collection's image files.

    Attributes:
        fingerprint: SHA-256 (hexadecimal) of each image's id and file; neither order nor the folder's name counts.
        contents: image_id -> what is the same for files of the same content, wherever they lie and whenever they were
            written; None for one that cannot be read.
    """

    fingerprint: str
    contents: dict[str, str | None]


def identify_files(paths: Mapping[str, Path]) -> Files:
    """Identify image files.

    A file of up to 64 KiB counts with its content. Of a larger one size and both ends count, and for the fingerprint
    its modification time too.

    Args:
        paths: image_id -> file.
    """
    digest, contents = hashlib.sha256(), {}
    for image_id in sorted(paths):
        try:
            with open_regular(paths[image_id]) as file:
                status = os.fstat(file.fileno())
                start = file.read(WHOLE_FILE if status.st_size <= WHOLE_FILE else FILE_END)
                file.seek(max(file.tell(), status.st_size - FILE_END))
                content = hashlib.sha256(start + file.read(FILE_END)).hexdigest()
        except OSError:  # missing: decoding it will say so
            facts, contents[image_id] = [image_id, None], None
        else:
            facts = [image_id, status.st_size, status.st_mtime_ns * (status.st_size > WHOLE_FILE), content]
            contents[image_id] = f"{status.st_size}-{content[:32]}"
        digest.update(json.dumps(facts).encode())
    return Files(digest.hexdigest(), contents)


def files_fingerprint(paths: Mapping[str, Path]) -> str:
    """The fingerprint of `identify_files` alone."""
    return identify_files(paths).fingerprint
