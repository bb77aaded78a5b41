"""Chapter 2's sources: where they come from, how they are divided and resized."""

from __future__ import annotations

import gzip
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import train_test_split
from source_files import (
    IDX,
    cifar10_python,
    cifar100_python,
    idx,
    mnist_arrays,
    refusal,
    some_batches,
    write_folder,
    write_idx,
    write_tar,
)

from arttl.base.errors import InputError
from arttl.sources import SOURCES, load_source, to_size
from arttl.sources.archives import BadData

# Keras


@pytest.fixture
def keras(monkeypatch):
    """Stands for Keras: what its get_file was called with, and what it does."""
    fake = types.SimpleNamespace(calls=[], action=None)

    def get_file(name, url, **options):
        fake.calls.append((name, url, options))
        return str(fake.action(name, options))

    module = types.ModuleType("keras")
    module.utils = types.SimpleNamespace(get_file=get_file)
    monkeypatch.setitem(sys.modules, "keras", module)
    return fake


def test_keras_cache_is_used_where_its_versions_keep_things(keras_home, keras):
    batches = some_batches()
    datasets = keras_home / "datasets"
    write_folder(datasets / "cifar-10-batches-py-target", cifar10_python(batches))
    write_tar(datasets / "cifar-100-python.tar.gz", cifar100_python(batches[:2]))
    np.savez(datasets / "mnist.npz", **mnist_arrays())
    write_idx(datasets / "fashion-mnist", mnist_arrays(), ".gz", gzip.compress)
    for name in SOURCES:
        source = load_source(name)
        assert source.origin.startswith(f"Keras' cache, {datasets}")
    assert keras.calls == []
    (datasets / "mnist.npz").write_bytes(b"PK")
    line = refusal("mnist")
    assert "delete it from Keras' cache" in line
    assert str(datasets / "mnist.npz") in line


def test_an_empty_cache_is_filled_by_keras_with_its_own_files(keras_home, keras):
    def get_file(name, options):
        folder = Path(options["cache_dir"]) / options["cache_subdir"]
        if name.startswith("cifar-10-"):
            assert options["extract"]
            return write_folder(folder / name, cifar10_python(some_batches()))
        files = {f"{IDX[key]}.gz": gzip.compress(idx(array)) for key, array in mnist_arrays().items()}
        return write_folder(folder, {name: files[name]}) / name

    keras.action = get_file
    source = load_source("cifar10")
    assert "downloaded by Keras from https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz" in source.origin
    assert keras.calls[0][2]["file_hash"] == "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    assert load_source("cifar10").origin.startswith("Keras' cache")
    get_file("train-images-idx3-ubyte.gz", {"cache_dir": keras_home, "cache_subdir": "datasets/fashion-mnist"})
    load_source("fashion_mnist")  # a cache that was left half filled is filled up
    assert [name for name, _, _ in keras.calls[1:]] == [
        f"{IDX[k]}.gz" for k in ("x_train", "y_train", "x_test", "y_test")
    ]


@pytest.mark.parametrize("name", SOURCES)
def test_without_network_one_line_says_what_to_get(keras_home, keras, name):
    def get_file(_, options):
        raise Exception("URL fetch failure on https://x: None -- [Errno -3]\nTemporary failure in name resolution")

    keras.action = get_file
    line = refusal(name)
    assert "Temporary failure in name resolution" in line
    assert f"get {SOURCES[name].files} from" in line
    assert ("give their folder" if name == "fashion_mnist" else "give it, or its folder") in line
    assert ("'bundled'" in line) == (name == "fashion_mnist")


def test_importing_sources_imports_no_keras():
    code = "import sys, arttl.sources; sys.exit(any(n in sys.modules for n in ('keras', 'tensorflow', 'jax', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(InputError, match="no source 'svhn'; choose cifar10, cifar100, mnist, fashion_mnist"):
        load_source("svhn")
    with pytest.raises(InputError, match="cifar10 has no coarse labels"):
        load_source("cifar10", tmp_path, coarse=True)
    assert not issubclass(BadData, InputError)  # it must not leave load_source without a remedy


# Sizes and splits


def test_nearest_doubles_pixels_and_repeats_grey():
    images = np.arange(2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 3, 1)[:, :, :2]
    resized = to_size(images, 4)
    assert resized.shape == (2, 4, 4, 3)
    assert resized[0, :, :, 0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [3, 3, 4, 4], [3, 3, 4, 4]]
    np.testing.assert_array_equal(resized[..., 0], resized[..., 1])
    np.testing.assert_array_equal(resized[..., 0], resized[..., 2])


@pytest.mark.parametrize(
    ("method", "filter"), [("nearest", Image.Resampling.NEAREST), ("antialiased", Image.Resampling.LANCZOS)]
)
def test_resizing_is_pillows(rng, method, filter):
    colour, grey = rng.integers(0, 256, (3, 32, 32, 3), np.uint8), rng.integers(0, 256, (3, 28, 28, 1), np.uint8)
    for size in (20, 32, 64):
        expected = np.asarray(Image.fromarray(colour[1]).resize((size, size), filter))
        np.testing.assert_array_equal(to_size(colour, size, method)[1], expected)
        expected = np.asarray(Image.fromarray(grey[2, ..., 0]).convert("RGB").resize((size, size), filter))
        np.testing.assert_array_equal(to_size(grey, size, method)[2], expected)
    same = to_size(colour, 32, method)
    same[:] = 0
    assert colour.any(), "the result is a view of the source"
    assert to_size(colour[:0], 64, method).shape == (0, 64, 64, 3)


@pytest.mark.parametrize(("shape", "dtype", "size", "method"), [
    ((2, 8, 8), "uint8", 8, "nearest"), ((2, 8, 8, 4), "uint8", 8, "nearest"), ((2, 8, 8, 3), "float32", 8, "nearest"),
    ((2, 8, 8, 3), "uint8", 0, "nearest"), ((2, 8, 8, 3), "uint8", 8, "cubic"),
])  # fmt: skip
def test_what_cannot_be_resized_is_refused(shape, dtype, size, method):
    with pytest.raises(ValueError, match=r"must be|is not one of"):
        to_size(np.zeros(shape, dtype), size, method)


def test_split_is_scikit_learns_stratified_draw():
    source = load_source("fashion_mnist", "bundled")
    split = source.split()
    train, validation = train_test_split(np.arange(5000), test_size=0.1, random_state=42, stratify=source.train_labels)
    assert split.train.tolist() == sorted(train)
    assert split.validation.tolist() == sorted(validation)
    assert split.test.tolist() == list(range(1000))
    assert np.bincount(source.train_labels[split.validation]).tolist() == [50] * 10
    assert source.split(seed=1).validation.tolist() != split.validation.tolist()
    assert len(source.split(validation=0.25).validation) == 1250


@pytest.mark.parametrize(
    "options", [{"validation": 0}, {"validation": 1.0}, {"validation": 1e-5}, {"seed": -1}, {"validation": "x"}]
)
def test_impossible_splits_are_refused(options):
    with pytest.raises(InputError, match="cannot be split with") as caught:
        load_source("fashion_mnist", "bundled").split(**options)
    assert "\n" not in str(caught.value)
