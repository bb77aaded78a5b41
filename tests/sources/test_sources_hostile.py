"""Hostile archives: nothing escapes, expands without end, or hangs."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from source_files import (
    HUGE,
    cifar10_python,
    idx,
    mnist_arrays,
    refusal,
    some_batches,
    write_folder,
    write_idx,
    write_tar,
)

from arttl.base.errors import InputError
from arttl.sources import SOURCES, load_source


def member(name, kind=tarfile.REGTYPE, size=0, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, target
    return info


@pytest.mark.parametrize(("extra", "says"), [
    (member("../../escaped", size=5), "climbs out of its folder (../../escaped)"),
    (member("cifar-10-batches-py/../../escaped", size=5), "climbs out"),
    (member("/tmp/escaped", size=5), "climbs out"),
    (member("C:\\escaped", size=5), "climbs out"),
    (member("a\\..\\..\\escaped", size=5), "climbs out"),
    (member("cifar-10-batches-py/data_batch_1", tarfile.SYMTYPE, target="/etc/passwd"), "holds a link"),
    (member("notes", tarfile.LNKTYPE, target="../notes"), "holds a link"),
    (member("cifar-10-batches-py/data_batch_1", tarfile.DIRTYPE), "something else than a file"),
    (member("cifar-10-batches-py/data_batch_1", tarfile.FIFOTYPE), "something else than a file"),
    (member("cifar-10-batches-py/data_batch_1", size=5), "is damaged"),
    (member("cifar-10-batches-py/batches.meta", size=70_000), "70,000 bytes"),
])  # fmt: skip
def test_members_that_the_real_archive_has_not_are_refused(tmp_path, extra, says):
    work = tmp_path / "work"
    work.mkdir()
    path = write_tar(work / "x.tar.gz", cifar10_python(some_batches()), extra=[extra])
    assert says in refusal("cifar10", path)
    assert [entry.name for entry in tmp_path.rglob("*")] == ["work", "x.tar.gz"], "something was unpacked"


def test_a_batch_that_comes_twice_is_refused(tmp_path):
    files = cifar10_python(some_batches())
    again = {f"./{name}": content for name, content in files.items()}
    assert "twice" in refusal("cifar10", write_tar(tmp_path / "x", {**files, **again}))
    assert load_source("cifar10", write_tar(tmp_path / "y", again)).notes  # "./" itself is how many pack


def test_a_wrong_checksum_at_the_very_end_is_seen(tmp_path):
    path = write_tar(tmp_path / "x.tar.gz", cifar10_python(some_batches()))
    content = bytearray(path.read_bytes())
    content[-8] ^= 1  # gzip ends with the CRC-32 and the length, four bytes each
    path.write_bytes(content)
    assert "CRC check failed" in refusal("cifar10", path)


def test_bombs_are_refused_before_they_expand(tmp_path):
    megabyte = gzip.compress(bytes(1 << 20))
    head = member("big", size=1 << 40).tobuf()
    bomb = write_folder(tmp_path, {"bomb.tar.gz": gzip.compress(head) + megabyte * 300}) / "bomb.tar.gz"
    assert bomb.stat().st_size < 1 << 20
    assert "decompression bomb" in refusal("cifar10", bomb)
    arrays = mnist_arrays()
    folder = write_idx(tmp_path / "mnist", arrays, ".gz", gzip.compress)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(arrays["x_train"])) + megabyte * 100)
    assert "decompression bomb" in refusal("mnist", folder)
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 40)
    assert "has 1,099,511,627,776 bytes" in refusal("cifar10", tmp_path / "sparse")


def test_tar_headers_without_end_are_refused(tmp_path):
    many = [member(str(number)) for number in range(2_000)]
    assert "more tar headers" in refusal("cifar10", write_tar(tmp_path / "many", {}, extra=many))
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME):
        path = write_tar(tmp_path / "long", {}, extra=[member("long", kind, size=1 << 20)])
        assert "more tar headers" in refusal("cifar10", path)
    chain = b"".join(
        member("x", tarfile.XGLTYPE, size=512).tobuf() + b"9 a=bcde\n".ljust(512, b"\0") for _ in range(5_000)
    )
    refusal("cifar10", write_folder(tmp_path, {"chain": chain}) / "chain")


def test_a_tar_member_of_negative_size_does_not_hang(tmp_path):
    for size in (-512, -1024, -(1 << 40)):
        info = tarfile.TarInfo("x")
        info.size = 0
        header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
        header[124:136] = b"\xff" * 4 + struct.pack(">q", size)  # base 256, CVE-2025-8194
        header[148:156] = b" " * 8
        header[148:156] = f"{sum(header):06o}\0 ".encode()
        refusal("cifar10", write_folder(tmp_path, {"x.tar": bytes(header) * 3 + bytes(10240)}) / "x.tar")


def test_what_is_no_file_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    write_folder(tmp_path, {"empty": b"", "text": b"hello\n" * 1000})
    (tmp_path / "cifar-10-batches-py").mkdir()
    for name in SOURCES:
        assert "is not a regular file" in refusal(name, tmp_path / "pipe")
        assert "regular file" in refusal(name, "/dev/zero")
        assert "No such file" in refusal(name, tmp_path / "absent")
        assert "cannot be read" in refusal(name, "x" * 5000)
        assert str(tmp_path / "empty") in refusal(name, tmp_path / "empty")
        assert str(tmp_path / "text") in refusal(name, tmp_path / "text")
        refusal(name, tmp_path)
        refusal(name, tmp_path / "new\nline\0")
    os.mkfifo(tmp_path / "cifar-10-batches-py" / "test_batch")
    write_folder(tmp_path, {"cifar-10-batches-py/data_batch_1": b"x"})
    refusal("cifar10", tmp_path)
    os.mkfifo(tmp_path / "train-images-idx3-ubyte")
    assert "is not a regular file" in refusal("mnist", tmp_path)


def test_bytes_changed_anywhere_end_in_a_refusal_or_a_sound_source(tmp_path):
    """300 damaged files of every layout: each a Source with labels in range, or one line."""
    draw = np.random.default_rng(11)
    ten = cifar10_python(some_batches(rows=1))
    packed = write_tar(tmp_path / "t", ten, mode="w:").read_bytes()
    npz = io.BytesIO()
    np.savez(npz, **mnist_arrays(3, 3))
    sound = [("cifar10", packed), ("cifar10", gzip.compress(packed)), ("mnist", npz.getvalue())]
    refused = []
    for number in range(300):
        name, content = sound[number % 3]
        content = bytearray(content)
        for place in draw.integers(0, len(content), 5):
            content[place] = draw.integers(0, 256)
        (tmp_path / "x").write_bytes(content[: draw.integers(1, len(content))] if number % 2 else content)
        try:
            assert load_source(name, tmp_path / "x").train_labels.max() < 10
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > 150
    assert all(line.isprintable() for line in refused)


def test_hostile_npz_ends_in_one_line(tmp_path):
    arrays, path = mnist_arrays(), tmp_path / "mnist.npz"
    np.savez_compressed(path, **arrays)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../x_train.npy", b"x")
    assert "climbs out" in refusal("mnist", path)
    np.savez_compressed(path, **{**arrays, "x_train": np.zeros((120_000, 28, 28), np.uint8)})
    assert path.stat().st_size < 1 << 20
    assert "94,080,128 bytes" in refusal("mnist", path)
    for header in (
        f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({HUGE}, 28, 28)}}",
        "[" * 4000,
        "{" * 99,
        "1 + ",
    ):
        np.savez(path, **{key: arrays[key] for key in arrays if key != "x_train"})
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(
                "x_train.npy", b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode() + b"\n"
            )
        assert "x_train.npy" in refusal("mnist", path)
