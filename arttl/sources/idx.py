"""MNIST and Fashion-MNIST: IDX files, gzipped or not, and Keras' mnist.npz.

Layout: http://yann.lecun.com/exdb/mnist/: two zero bytes, the type (8: unsigned bytes), the number of dimensions, each
dimension as a big-endian 32-bit integer, then the values row by row.
"""

from __future__ import annotations

import io
import math
import tokenize

import numpy as np

from arttl.base.wording import shown
from arttl.sources.archives import BadData, read_file, starts_with, zip_members
from arttl.sources.catalogue import IDX_FILES, SOURCES

UNSIGNED_BYTES = 8
NPZ = {"train": ("x_train.npy", "y_train.npy"), "test": ("x_test.npy", "y_test.npy")}
HEADER = 4_096  # bytes, of an npy file


def read_mnist(entry, path, coarse=False):
    """Read MNIST or Fashion-MNIST.

    Arguments:
        entry: of SOURCES: mnist or fashion_mnist.
        path: a Path: the folder of the four IDX files, any one of them, or an .npz as Keras' mnist.npz.
        coarse: of no meaning here.

    Returns {"train": (images, labels), "test": ...}: images uint8 (n, 28, 28, 1), labels int64 (n,).

    Raises BadData.
    """
    if path.is_dir():
        parts, where = _read_folder(entry, path), path
    elif starts_with(path, b"PK"):
        parts, where = _read_npz(entry, path), path
    elif any(path.name in _spellings(name) for names in IDX_FILES.values() for name in names):
        parts, where = _read_folder(entry, path.parent), path.parent
    else:
        raise BadData(path, "is neither an .npz nor one of the four IDX files by their usual names")
    for part, (images, labels) in parts.items():
        if images.shape[1:] != entry.shape[:2]:
            size = " x ".join(map(str, images.shape[1:]))
            raise BadData(where, f"holds {part} images of {size} pixels, where {entry.title}'s have 28 x 28")
        _check_which(entry, where, part, labels)
    return {part: (images[..., None], labels.astype(np.int64)) for part, (images, labels) in parts.items()}


def _check_which(entry, path, part, labels):
    """Refuse the twin: MNIST and Fashion-MNIST differ in nothing but their content."""
    start = tuple(labels[:10].tolist())
    for other in SOURCES.values():
        if other is not entry and other.first_labels and start == other.first_labels[part]:
            raise BadData(path, f"holds {other.title}, not {entry.title}, as its {part} labels show")


def _read_folder(entry, folder):
    parts = {}
    for part, (images, labels) in IDX_FILES.items():
        most = entry.counts[part]
        parts[part] = (
            _read_idx(_find(folder, images), 3, most * math.prod(entry.shape)),
            _read_idx(_find(folder, labels), 1, most),
        )
    return parts


def _spellings(name):
    """As published, and as some unpackers write it (train-images.idx3-ubyte)."""
    return [spelling + end for spelling in (name, name.replace("-idx", ".idx")) for end in (".gz", "")]


def _find(folder, name):
    for spelling in _spellings(name):
        if (folder / spelling).exists():
            return folder / spelling
    raise BadData(folder, f"lacks {name}.gz (or {name})")


def _read_idx(path, dimensions, most):
    start = 4 + 4 * dimensions
    content = read_file(path, start + most)
    if content[:2] != b"\0\0" or len(content) < start:
        raise BadData(path, "is not an IDX file")
    if content[2] != UNSIGNED_BYTES:
        raise BadData(path, f"holds values of the IDX type 0x{content[2]:02X}, where unsigned bytes (0x08) are due")
    if content[3] != dimensions:
        due = "images have 3" if dimensions == 3 else "labels have 1"
        raise BadData(path, f"has {content[3]} dimensions, where {due}")
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    if math.prod(shape) != len(content) - start:
        size = " x ".join(map(str, shape))
        raise BadData(path, f"says {size} values but holds {len(content) - start:,}: truncated or damaged")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _read_npz(entry, path):
    wanted = {}
    for part, (images, labels) in NPZ.items():
        # Labels of whichever integer type, up to eight bytes.
        wanted[images] = entry.counts[part] * math.prod(entry.shape) + HEADER
        wanted[labels] = entry.counts[part] * 8 + HEADER
    found = zip_members(path, wanted)
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise BadData(path, f"lacks {', '.join(missing)}")
    return {part: (_npy(path, found, names[0], 3), _npy(path, found, names[1], 1)) for part, names in NPZ.items()}


def _npy(path, found, name, dimensions):
    """An array of an npz, without NumPy's own reading, which makes room for whatever shape is claimed."""
    file = io.BytesIO(found[name])
    try:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("version")
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=HEADER)
    except (ValueError, SyntaxError, TypeError, EOFError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise BadData(path, f"holds {name} that is no NumPy file") from error
    if dtype.kind not in "ui" or (dimensions == 3 and dtype != np.uint8) or len(shape) != dimensions:
        kind = "uint8 of 3 dimensions" if dimensions == 3 else "integers of 1 dimension"
        raise BadData(path, f"holds {name} of {shown(dtype)} and {len(shape)} dimensions, where {kind} are due")
    raw = found[name][file.tell() :]
    if math.prod(shape) * dtype.itemsize != len(raw) or min(shape, default=0) < 0:
        raise BadData(path, f"holds {name} with {len(raw):,} bytes for the shape {shown(shape)}")
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if is_fortran else "C")
