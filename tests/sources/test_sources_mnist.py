"""MNIST and Fashion-MNIST: the same from every layout, and damaged ones refused."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from source_files import (
    IDX,
    Runs,
    idx,
    mnist_arrays,
    refusal,
    write_idx,
)

from arttl.sources import load_source

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def test_all_layouts_of_mnist_hold_the_same(tmp_path):
    arrays = mnist_arrays()
    np.savez(tmp_path / "mnist.npz", **arrays)
    np.savez_compressed(tmp_path / "packed.npz", **{**arrays, "y_train": arrays["y_train"].astype(np.int64)})
    folder = write_idx(tmp_path / "gz", arrays, ".gz", gzip.compress)
    readings = [
        load_source("mnist", folder),
        load_source("mnist", folder / "t10k-labels-idx1-ubyte.gz"),
        load_source("mnist", write_idx(tmp_path / "plain", arrays)),
        load_source("mnist", write_idx(tmp_path / "dots", arrays, rename=lambda name: name.replace("-idx", ".idx"))),
        load_source("mnist", tmp_path / "mnist.npz"),
        load_source("mnist", tmp_path / "packed.npz"),
    ]
    assert len({reading.fingerprint for reading in readings}) == 1
    source = readings[0]
    np.testing.assert_array_equal(source.train_images[..., 0], arrays["x_train"])
    np.testing.assert_array_equal(source.test_labels, arrays["y_test"])
    assert source.train_images.shape == (30, 28, 28, 1)
    assert source.class_names[7] == "7"


@pytest.mark.parametrize(("key", "content", "says"), [
    ("x_train", b"", "is empty"),
    ("x_train", b"PK\x03\x04" + bytes(40), "not an IDX file"),
    ("x_train", idx(np.zeros((30, 28, 28)))[:-1], "truncated"),
    ("x_train", idx(np.zeros((30, 28, 28))) + b"x", "truncated or damaged"),
    ("x_train", idx(np.zeros(30)), "has 1 dimensions, where images have 3"),
    ("x_train", idx(np.zeros((30, 32, 32))), "32 x 32 pixels"),
    ("x_train", idx(np.zeros((29, 28, 28))), "29 train images but 30 train labels"),
    ("x_train", bytes([0, 0, 13, 3]) + bytes(12), "0x0D"),
    ("x_train", bytes([0, 0, 8, 3]) + b"\xff" * 12, "4294967295 x 4294967295 x 4294967295 values"),
    ("x_train", bytes([0, 0, 8, 3]) + bytes(12), "0 x 0"),
    ("y_train", idx(np.full(30, 10)), "train label 10"),
    ("y_test", idx(np.zeros((10, 1, 1))), "has 3 dimensions, where labels have 1"),
    ("y_test", idx(np.zeros(10_001)), "decompression bomb"),
])  # fmt: skip
def test_damaged_idx_ends_in_one_line(tmp_path, key, content, says):
    arrays = mnist_arrays()
    folder = write_idx(tmp_path / "gz", arrays, ".gz", gzip.compress)
    path = folder / f"{IDX[key]}.gz"
    path.write_bytes(gzip.compress(content) if content else b"")
    line = refusal("fashion_mnist", folder)
    assert says in line
    assert str(folder) in line
    assert "dataset-fashion-mnist" in line
    path.write_bytes(gzip.compress(idx(arrays[key]))[:-9])
    assert "truncated or damaged" in refusal("mnist", folder)
    path.unlink()
    assert f"lacks {IDX[key]}.gz" in refusal("mnist", folder)


def test_damaged_npz_ends_in_one_line(tmp_path):
    arrays, path = mnist_arrays(), tmp_path / "mnist.npz"
    changes = {
        "objects": ("x_train", np.array([Runs(os.getpid)], object), "x_train.npy of object"),
        "floats": ("x_train", np.zeros((30, 28, 28)), "float64"),
        "labels of two dimensions": ("y_train", np.zeros((30, 1), np.uint8), "2 dimensions"),
        "a negative label": ("y_train", np.full(30, -1), "train label -1"),
        "a large label": ("y_train", np.full(30, 2**64 - 1, np.uint64), "train label -1"),
    }
    for key, value, says in changes.values():
        np.savez(path, **{**arrays, key: value})
        assert says in refusal("mnist", path)
    np.savez(path, **{key: arrays[key] for key in ("x_train", "y_train")})
    assert "lacks x_test.npy, y_test.npy" in refusal("mnist", path)
    path.write_bytes(path.read_bytes()[:2000])
    assert "no sound zip" in refusal("mnist", path)


def test_the_bundled_subset_is_a_tenth_of_fashion_mnist():
    source = load_source("fashion_mnist", "bundled")
    assert source.train_images.shape == (5000, 28, 28, 1)
    assert np.bincount(source.train_labels).tolist() == [500] * 10
    assert np.bincount(source.test_labels).tolist() == [100] * 10
    assert source.class_names[source.train_labels[0]] == "Ankle boot"  # the dataset's well-known first picture
    assert "bundled" in source.origin
    assert source.notes == ("5,000 of the official 60,000 train images", "1,000 of the official 10,000 test images")
    assert "Fashion-MNIST, not MNIST" in refusal("mnist", "arttl/data/fashion-mnist")
    for name in ("mnist", "cifar10"):
        assert "is not bundled" in refusal(name, "bundled")


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's dataset-fashion-mnist")
def test_the_real_fashion_mnist_is_read_whole():
    source, bundled = load_source("fashion_mnist", DEBIAN), load_source("fashion_mnist", "bundled")
    assert source.notes == ()
    assert np.bincount(source.train_labels).tolist() == [6000] * 10
    assert np.bincount(source.test_labels).tolist() == [1000] * 10
    first_bags = [part.train_images[part.train_labels == 8][:500] for part in (source, bundled)]
    np.testing.assert_array_equal(*first_bags)
    assert round(float(source.train_images.mean()) / 255, 4) == 0.2860  # as published: mean 0.2860, std 0.3530
    assert round(float(source.train_images.std()) / 255, 4) == 0.3530
