"""A source as pictures in class folders, train/CLASS/*.jpg and test/CLASS/*.jpg, in a zip archive or unpacked.

CIFAR-10 and others go about so too. Saved as JPEG their pixels are not the official ones, which is said.
"""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections import defaultdict
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from arttl.base.files import open_regular
from arttl.base.wording import counted, first_few, shown
from arttl.sources.archives import DAMAGE, BadData, cause_of, safe_name

SUFFIXES = (".jpg", ".jpeg", ".png")
PARTS = ("train", "test")
MOST_BYTES = 1 << 16  # of a picture; those of CIFAR-10 have 0.6 to 2 KB
FORMATS = ("JPEG", "PNG")


def is_picture_folders(path):
    """Whether a path is a zip archive, or a folder, with pictures below train/ or test/."""
    try:
        return any(True for _ in _pictures(path))
    except (BadData, *DAMAGE):
        return False


def read_picture_folders(entry, path, coarse):
    """Read a source's class folders.

    Arguments:
        entry: of SOURCES.
        path: a Path: a zip archive or a folder; train and test may lie in a folder of it.
        coarse: refused, since the folders are of the fine classes.

    Returns {"train": (images, labels), "test": ...}, in the order of class and file name: images uint8
    (n, height, width, channels) of the entry's shape, labels int64 (n,).

    Raises BadData.
    """
    if coarse:
        raise BadData(path, f"has class folders, and so no coarse labels; {entry.title}'s own files have")
    labels = {name.lower(): label for label, name in enumerate(entry.class_names)}
    files = defaultdict(list)
    for name in _pictures(path):
        part, folder = PurePosixPath(name).parts[-3:-1]
        if folder.lower() not in labels:
            known = f"{entry.title} has {first_few(entry.class_names, 10)}"
            raise BadData(path, f"holds the class folder {shown(f'{part}/{folder}')}, and {known}")
        files[part].append((labels[folder.lower()], name))
    missing = [part for part in PARTS if part not in files]
    if missing:
        raise BadData(path, f"has no pictures in {missing[0]}/")
    for part, found in files.items():
        if len(found) > entry.counts[part]:
            most = entry.counts[part]
            raise BadData(path, f"holds {counted(len(found), f'{part} picture')}, where {entry.title} has {most:,}")
    with _reader(path) as read:
        return {part: _decoded(entry, path, sorted(files[part]), read) for part in PARTS}


def saved_lossily(path):
    """Whether any of the pictures is a JPEG."""
    return any(not name.lower().endswith(".png") for name in _pictures(path))


def _pictures(path):
    """Names of the pictures, with slashes, as they lie below train/CLASS or test/CLASS."""
    for name in _names(path):
        parts = PurePosixPath(name).parts
        machine = any(part.startswith(".") or part == "__MACOSX" for part in parts)
        if len(parts) >= 3 and parts[-3] in PARTS and name.lower().endswith(SUFFIXES) and not machine:
            yield name


def _names(path):
    if os.path.isdir(path):
        for folder, _, names in os.walk(path):
            for name in names:
                yield Path(folder, name).relative_to(path).as_posix()
        return
    with open_regular(path) as file, zipfile.ZipFile(file) as archive:
        yield from (safe_name(path, member.filename) for member in archive.infolist() if not member.is_dir())


@contextlib.contextmanager
def _reader(path):
    """A function of a picture's name that gives its bytes, or as many of them as are needed to see it is too large."""
    if os.path.isdir(path):
        yield lambda name: _start(open_regular(Path(path, name)))
        return
    with open_regular(path) as file, zipfile.ZipFile(file) as archive:
        members = {safe_name(path, member.filename): member for member in archive.infolist()}
        yield lambda name: _start(archive.open(members[name]))


def _start(file):
    with file:
        return file.read(MOST_BYTES + 1)


def _decoded(entry, path, files, read):
    """Images and labels of (label, name) pairs."""
    height, width, channels = entry.shape
    images = np.empty((len(files), *entry.shape), np.uint8)
    for row, (_, name) in enumerate(files):
        try:
            content = read(name)
            if len(content) > MOST_BYTES:
                raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                if picture.size != (width, height):
                    raise ValueError("it has {} x {} pixels, not {} x {}".format(*picture.size[::-1], height, width))
                pixels = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
        except (*DAMAGE, NotImplementedError, SyntaxError) as error:
            raise BadData(path, f"holds {shown(name)}, which cannot be read ({cause_of(error)})") from error
        images[row] = pixels.reshape(entry.shape)
    return images, np.array([label for label, _ in files], np.int64)
