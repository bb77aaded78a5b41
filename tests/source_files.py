"""The files of Chapter 2's sources as their makers write them, in small."""

from __future__ import annotations

import io
import struct
import tarfile
import time

import numpy as np
import pytest

from arttl.base.errors import InputError
from arttl.sources import load_source
from arttl.sources.catalogue import CIFAR10, CIFAR100, CIFAR100_COARSE

REDUCE_MODULE = b"cnumpy.core.multiarray\n_reconstruct\n"
HUGE = 1 << 40


def python2(value):
    """The protocol 2 pickle of Python 2.7 and NumPy 1, as the CIFAR files are: texts are byte strings."""
    return b"\x80\x02" + _python2(value) + b"."


def _python2(value):
    if isinstance(value, dict):
        return b"}(" + b"".join(_python2(key) + _python2(item) for key, item in value.items()) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(_python2, value)) + b"e"
    if isinstance(value, bytes):
        return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value
    if isinstance(value, int):
        return b"K" + bytes([value]) if 0 <= value < 256 else b"J" + struct.pack("<i", value)
    return array2(value.shape, value.tobytes())


def array2(shape, raw, kind=b"cnumpy\nndarray\n", dtype=b"U\x02u1"):
    empty = REDUCE_MODULE + b"(" + kind + b"K\x00\x85U\x01btR"
    uint8 = b"cnumpy\ndtype\n(" + dtype + b"K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    sizes = b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", size) for size in shape) + b"t"
    return empty + b"(K\x01" + sizes + uint8 + b"\x89" + _python2(raw) + b"tb"


def some_batches(batches=6, rows=4, seed=3):
    """[(uint8 (rows, 3072), fine labels, coarse labels)]."""
    draw = np.random.default_rng(seed)
    return [
        (draw.integers(0, 256, (rows, 3072), np.uint8), draw.integers(0, 10, rows), draw.integers(0, 20, rows))
        for _ in range(batches)
    ]


def cifar10_python(batches):
    files = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    content = {
        file: {
            b"batch_label": file.encode(),
            b"labels": fine.tolist(),
            b"data": pixels,
            b"filenames": [b"a.png"] * len(fine),
        }
        for file, (pixels, fine, _) in zip(files, batches, strict=True)
    }
    content["batches.meta"] = {
        b"num_cases_per_batch": 10000,
        b"label_names": [n.encode() for n in CIFAR10],
        b"num_vis": 3072,
    }
    return {f"cifar-10-batches-py/{file}": python2(batch) for file, batch in content.items()}


def cifar10_binary(batches):
    files = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    content = {
        file: b"".join(bytes([label]) + row.tobytes() for row, label in zip(pixels, fine, strict=True))
        for file, (pixels, fine, _) in zip(files, batches, strict=True)
    }
    content["batches.meta.txt"] = ("\n".join(CIFAR10) + "\n\n").encode()
    return {f"cifar-10-batches-bin/{file}": batch for file, batch in content.items()}


def cifar100_python(batches):
    content = {
        file: {b"filenames": [b"a.png"] * len(fine), b"batch_label": b"x", b"fine_labels": fine.tolist(),
               b"coarse_labels": coarse.tolist(), b"data": pixels}
        for file, (pixels, fine, coarse) in zip(["train", "test"], batches, strict=True)
    }  # fmt: skip
    fine, coarse = ([name.encode() for name in names] for names in (CIFAR100, CIFAR100_COARSE))
    content["meta"] = {b"fine_label_names": fine, b"coarse_label_names": coarse}
    return {f"cifar-100-python/{file}": python2(batch) for file, batch in content.items()}


def cifar100_binary(batches):
    content = {
        file: b"".join(bytes([c, f]) + row.tobytes() for row, f, c in zip(pixels, fine, coarse, strict=True))
        for file, (pixels, fine, coarse) in zip(["train.bin", "test.bin"], batches, strict=True)
    }
    content["fine_label_names.txt"] = "\n".join(CIFAR100).encode()
    content["coarse_label_names.txt"] = "\n".join(CIFAR100_COARSE).encode()
    return {f"cifar-100-binary/{file}": batch for file, batch in content.items()}


def write_tar(path, files, mode="w:gz", extra=()):
    with tarfile.open(path, mode) as archive:
        for member in extra:
            archive.addfile(member, io.BytesIO(b"\0" * member.size))
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_folder(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


def mnist_arrays(train=30, test=10, seed=5):
    draw = np.random.default_rng(seed)
    return {
        "x_train": draw.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": np.arange(train).astype(np.uint8) % 10,
        "x_test": draw.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": np.arange(test).astype(np.uint8) % 10,
    }


IDX = {"x_train": "train-images-idx3-ubyte", "y_train": "train-labels-idx1-ubyte",
       "x_test": "t10k-images-idx3-ubyte", "y_test": "t10k-labels-idx1-ubyte"}  # fmt: skip


def write_idx(folder, arrays, end="", pack=bytes, rename=str):
    return write_folder(folder, {rename(IDX[key]) + end: pack(idx(array)) for key, array in arrays.items()})


class Runs:
    """A pickle of this runs a command when it is read plainly."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def refusal(*arguments, **options):
    """The one line that a bad file ends in, within two seconds of a core."""
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        load_source(*arguments, **options)
    assert time.process_time() - start < 2
    line = str(caught.value)
    assert line.isprintable()
    assert line.count("http") >= 1, "no remedy"
    return line
