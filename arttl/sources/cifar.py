"""CIFAR-10 and CIFAR-100, the python and the binary version, packed or unpacked.

Layouts: https://www.cs.toronto.edu/~kriz/cifar.html. An image is 3,072 bytes: the 32 x 32 red values row by row, then
the green, then the blue ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from arttl.base.wording import first_few
from arttl.sources.archives import BadData, read_file, tar_members
from arttl.sources.catalogue import CIFAR100_COARSE, SOURCES
from arttl.sources.safe_pickle import BadPickle, load_pickle

PIXELS = 32 * 32 * 3
SMALL = 1 << 16  # bytes of a file of class names, and of what a pickle has beside its rows
ROW = 3_200  # bytes that a pickle has for an image, its file name and labels; the real ones have 3,106


@dataclass(frozen=True)
class Layout:
    """One version of one dataset.

    Arguments:
        source: its name in SOURCES.
        folder: that its archive unpacks to.
        train, test: file to the most images it may hold.
        names: the file of the class names (of fine labels; of coarse ones, where another).
        read: bytes of a batch, and whether its coarse labels are wanted, to (images (n, 3072), labels (n,)).
        read_names: the same for the file of names, to a list of str.
        archive: the official file.
    """

    source: str
    folder: str
    train: dict[str, int]
    test: dict[str, int]
    names: tuple[str, str]
    read: Callable
    read_names: Callable
    archive: str

    @property
    def sizes(self):
        """File to the most bytes it may have."""
        rows = {file: count * ROW + SMALL for file, count in {**self.train, **self.test}.items()}
        return {**rows, **dict.fromkeys(self.names, SMALL)}


def read_cifar(entry, path, coarse):
    """Read either version, from its archive or the folder it unpacks to (or that holds one of these).

    Arguments:
        entry: of SOURCES: cifar10 or cifar100.
        path: a Path.
        coarse: whether to read CIFAR-100's 20 coarse labels rather than its 100 fine ones.

    Returns {"train": (images, labels), "test": ...}: images uint8 (n, 32, 32, 3), labels int64 (n,).

    Raises BadData.
    """
    layout, files = _folder_files(entry, path) if path.is_dir() else _archive_files(entry, path)
    parts = dict.fromkeys((*layout.train, *layout.test))
    names = layout.names[1] if coarse else layout.names[0]
    for where, file, content in files:
        try:
            if file in parts:
                parts[file] = _as_images(*layout.read(content, coarse), {**layout.train, **layout.test}[file])
            elif file == names:
                _check_names(layout.read_names(content, coarse), entry, coarse)
        except BadPickle as error:
            raise BadData(where, f"{_within(where, file)}holds a pickle that {error}") from error
        except ValueError as error:
            raise BadData(where, f"{_within(where, file)}{error}") from error
    missing = [file for file, part in parts.items() if part is None]
    if missing:
        raise BadData(path, f"lacks {first_few(missing, 6)}")
    return {"train": _joined(parts, layout.train), "test": _joined(parts, layout.test)}


def _within(path, file):
    return "" if path.name == file else f"({file}) "


def _folder_files(entry, path):
    for layout in sorted(LAYOUTS, key=lambda layout: layout.source != entry.name):
        for folder in (path, path / layout.folder):
            if any((folder / file).is_file() for file in (*layout.train, *layout.test)):
                _check_source(layout, entry, folder)
                present = [(file, most) for file, most in layout.sizes.items() if (folder / file).exists()]
                return layout, ((folder / file, file, read_file(folder / file, most)) for file, most in present)
        if (path / layout.archive).is_file():
            return _archive_files(entry, path / layout.archive)
    raise BadData(path, f"holds no file of {entry.title}")


def _archive_files(entry, path):
    wanted = {f"{layout.folder}/{file}": most for layout in LAYOUTS for file, most in layout.sizes.items()}
    members = tar_members(path, wanted)
    first = next(members, None)
    if first is None:
        raise BadData(path, f"holds no file of {entry.title}")
    layout = next(layout for layout in LAYOUTS if layout.folder == first[0].partition("/")[0])
    _check_source(layout, entry, path)

    def files():
        member = first
        while member is not None:
            folder, _, file = member[0].partition("/")
            if folder == layout.folder:
                yield path, file, member[1]
            member = next(members, None)

    return layout, files()


def _check_source(layout, entry, path):
    if layout.source != entry.name:
        raise BadData(path, f"holds {SOURCES[layout.source].title} ({layout.folder}), not {entry.title}")


def _as_images(pixels, labels, most):
    if len(pixels) != len(labels):
        raise ValueError(f"holds {len(pixels):,} images but {len(labels):,} labels")
    if not 0 < len(pixels) <= most:
        raise ValueError(f"holds {len(pixels):,} images, where the real one has {most:,}")
    images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels.astype(np.int64)


def _joined(parts, files):
    images, labels = zip(*(parts[file] for file in files), strict=True)
    return (images[0], labels[0]) if len(files) == 1 else (np.concatenate(images), np.concatenate(labels))


def _check_names(names, entry, coarse):
    """The order of the names gives the labels their meaning; spellings differ between versions in one or two."""
    expected = CIFAR100_COARSE if coarse else entry.class_names
    same = sum(name == other for name, other in zip(names, expected, strict=False))
    if len(names) != len(expected) or same < 0.9 * len(expected):
        raise ValueError(f"names other classes ({first_few(names)}) than {entry.title}'s ({first_few(expected)})")


def _read_pickled(label_key):
    def read(content, coarse):
        batch = _texts(load_pickle(content))
        key = "coarse_labels" if coarse else label_key
        if "data" not in batch or key not in batch:
            raise ValueError(f"holds {first_few(batch)}, where data and {key} are due")
        pixels, labels = batch["data"], batch[key]
        if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != PIXELS:
            raise ValueError(f"holds data that is no array of the shape (images, {PIXELS})")
        if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 256 for label in labels):
            raise ValueError(f"holds {key} that are no list of integers from 0 to 255")
        return pixels, np.array(labels, np.uint8)

    return read


def _read_pickled_names(label_key):
    def read(content, coarse):
        names = _texts(load_pickle(content)).get("coarse_label_names" if coarse else label_key)
        if not isinstance(names, list) or not all(isinstance(name, (bytes, str)) for name in names):
            raise ValueError(f"has no list of {label_key}")
        return [_text(name) for name in names]

    return read


def _texts(batch):
    return {_text(key): value for key, value in batch.items()}


def _text(value):
    return value.decode("latin1") if isinstance(value, bytes) else str(value)


def _read_records(label_bytes):
    def read(content, coarse):
        size = label_bytes + PIXELS
        if len(content) % size:
            raise ValueError(f"is truncated or of another format: {len(content):,} bytes are no multiple of {size:,}")
        records = np.frombuffer(content, np.uint8).reshape(-1, size)
        # CIFAR-100's records start with the coarse label, then the fine one.
        return records[:, label_bytes:], records[:, 0 if coarse else label_bytes - 1]

    return read


def _read_name_lines(content, coarse):
    return content.decode("latin1").split()


TEN = 10_000
LAYOUTS = (
    Layout(
        source="cifar10",
        folder="cifar-10-batches-py",
        train={f"data_batch_{number}": TEN for number in range(1, 6)},
        test={"test_batch": TEN},
        names=("batches.meta", "batches.meta"),
        read=_read_pickled("labels"),
        read_names=_read_pickled_names("label_names"),
        archive="cifar-10-python.tar.gz",
    ),
    Layout(
        source="cifar10",
        folder="cifar-10-batches-bin",
        train={f"data_batch_{number}.bin": TEN for number in range(1, 6)},
        test={"test_batch.bin": TEN},
        names=("batches.meta.txt", "batches.meta.txt"),
        read=_read_records(1),
        read_names=_read_name_lines,
        archive="cifar-10-binary.tar.gz",
    ),
    Layout(
        source="cifar100",
        folder="cifar-100-python",
        train={"train": 5 * TEN},
        test={"test": TEN},
        names=("meta", "meta"),
        read=_read_pickled("fine_labels"),
        read_names=_read_pickled_names("fine_label_names"),
        archive="cifar-100-python.tar.gz",
    ),
    Layout(
        source="cifar100",
        folder="cifar-100-binary",
        train={"train.bin": 5 * TEN},
        test={"test.bin": TEN},
        names=("fine_label_names.txt", "coarse_label_names.txt"),
        read=_read_records(2),
        read_names=_read_name_lines,
        archive="cifar-100-binary.tar.gz",
    ),
)
