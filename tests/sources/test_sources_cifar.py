"""CIFAR: right pixels and labels from every official layout, and damaged ones refused."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from source_files import (
    cifar10_binary,
    cifar10_python,
    cifar100_binary,
    cifar100_python,
    python2,
    refusal,
    some_batches,
    write_folder,
    write_tar,
)

from arttl.sources import load_source
from arttl.sources.safe_pickle import load_pickle


def test_pixels_are_red_green_and_blue_planes_of_rows(tmp_path):
    batches = some_batches()
    row = batches[0][0][0]
    row[:] = 0
    row[0], row[1], row[32], row[1024], row[2048], row[3071] = 11, 12, 13, 14, 15, 16
    path = write_tar(tmp_path / "cifar-10-python.tar.gz", cifar10_python(batches))
    image = load_source("cifar10", path).train_images[0]
    assert image.shape == (32, 32, 3)
    assert image[0, 0].tolist() == [11, 14, 15]
    assert image[0, 1, 0] == 12
    assert image[1, 0, 0] == 13
    assert image[31, 31].tolist() == [0, 0, 16]
    assert int(image.sum()) == 11 + 12 + 13 + 14 + 15 + 16


def test_the_writer_writes_what_plain_pickle_reads():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy 2 moved numpy.core
        for content in cifar10_python(some_batches()).values():
            plain, safe = pickle.loads(content, encoding="bytes"), load_pickle(content)
            assert list(plain) == list(safe)
            for key, value in plain.items():
                np.testing.assert_array_equal(value, safe[key])


def test_all_layouts_of_cifar10_hold_the_same(tmp_path):
    batches = some_batches()
    readings = [
        load_source("cifar10", write_tar(tmp_path / "a", cifar10_python(batches))),
        load_source("cifar10", write_tar(tmp_path / "b", cifar10_binary(batches))),
        load_source("cifar10", write_tar(tmp_path / "c.tar", cifar10_python(batches), mode="w:")),
        load_source("cifar10", write_folder(tmp_path / "d", cifar10_python(batches))),
        load_source("cifar10", tmp_path / "d" / "cifar-10-batches-py"),
        load_source("cifar10", str(write_folder(tmp_path / "e", cifar10_binary(batches)))),
    ]
    assert len({reading.fingerprint for reading in readings}) == 1
    source = readings[0]
    assert source.train_images.shape == (20, 32, 32, 3)
    assert source.train_images.dtype == np.uint8
    assert source.train_labels.dtype == np.int64
    np.testing.assert_array_equal(source.train_labels, np.concatenate([fine for _, fine, _ in batches[:5]]))
    np.testing.assert_array_equal(source.test_labels, batches[5][1])
    assert source.class_names[3] == "cat"
    assert str(tmp_path / "a") in source.origin
    assert "20 of the official 50,000 train images" in source.notes
    with pytest.raises(ValueError, match="read-only"):
        source.train_images[0] = 0


@pytest.mark.parametrize("write", [cifar100_python, cifar100_binary])
def test_cifar100_has_fine_and_coarse_labels(tmp_path, write):
    batches = some_batches(2)
    path = write_tar(tmp_path / "cifar-100.tar.gz", write(batches))
    fine, coarse = load_source("cifar100", path), load_source("cifar100", path, coarse=True)
    np.testing.assert_array_equal(fine.train_labels, batches[0][1])
    np.testing.assert_array_equal(coarse.train_labels, batches[0][2])
    np.testing.assert_array_equal(coarse.test_images, fine.test_images)
    np.testing.assert_array_equal(fine.test_images[:, :, :, 2].reshape(4, -1), batches[1][0][:, 2048:])
    assert (len(fine.class_names), len(set(fine.class_names)), len(set(coarse.class_names))) == (100, 100, 20)
    assert (fine.name, coarse.name) == ("cifar100", "cifar100_coarse")
    assert fine.fingerprint != coarse.fingerprint


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_batches_pickled_anew_are_read(protocol):
    pixels = np.arange(2 * 3072, dtype=np.uint8).reshape(2, 3072)
    for data in (pixels, np.asfortranarray(pixels)):
        batch = load_pickle(pickle.dumps({"data": data, "labels": [1, 2], b"raw": b"\xff\0"}, protocol=protocol))
        np.testing.assert_array_equal(batch["data"], pixels)
        assert batch["labels"] == [1, 2]


def damaged_cifar(damage):
    """(source asked for, files of the archive, what the refusal must say)."""
    batches, other = some_batches(), some_batches(2)
    files = cifar10_python(batches)
    folder = "cifar-10-batches-py/"

    def batch(**changed):
        pixels, fine, _ = batches[0]
        return python2({b"data": pixels, b"labels": fine.tolist(), **{key.encode(): v for key, v in changed.items()}})

    changes = {
        "a missing batch": ({"data_batch_3": None}, "lacks data_batch_3"),
        "an empty batch": ({"data_batch_1": b""}, "0 bytes"),
        "a truncated batch": ({"data_batch_1": batch()[:-5000]}, "is damaged"),
        "no pickle": ({"data_batch_1": b"hello, world"}, "holds a pickle that"),
        "a list": ({"data_batch_1": python2([1])}, "not a dict"),
        "a label too large": ({"data_batch_1": batch(labels=[1, 2, 3, 10])}, "train label 10"),
        "labels of another count": ({"data_batch_1": batch(labels=[1, 2, 3])}, "4 images but 3 labels"),
        "labels as texts": ({"data_batch_1": batch(labels=[b"1"] * 4)}, "list of integers"),
        "labels as an array": ({"data_batch_1": batch(labels=np.arange(4, dtype=np.uint8))}, "list of integers"),
        "images of another size": ({"data_batch_1": batch(data=np.zeros((4, 784), np.uint8))}, "no array of the shape"),
        "images as a text": ({"data_batch_1": batch(data=b"x")}, "no array of the shape"),
        "too many images": (
            {"data_batch_1": batch(data=np.zeros((10_001, 3072), np.uint8), labels=[1] * 10_001)},
            "10,001 images",
        ),
        "CIFAR-100's batch": ({"test_batch": cifar100_python(other)["cifar-100-python/test"]}, "labels are due"),
        "other classes": ({"batches.meta": python2({b"label_names": [b"x"] * 10})}, "names other classes"),
    }
    changed, says = changes[damage]
    files.update({folder + name: content for name, content in changed.items()})
    return {name: content for name, content in files.items() if content is not None}, says


@pytest.mark.slow
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("damage", [
    "a missing batch", "an empty batch", "a truncated batch", "no pickle", "a list", "a label too large",
    "labels of another count", "labels as texts", "labels as an array", "images of another size", "images as a text",
    "too many images", "CIFAR-100's batch", "other classes",
])  # fmt: skip
def test_damaged_cifar_ends_in_one_line(tmp_path, damage, packed):
    files, says = damaged_cifar(damage)
    path = write_tar(tmp_path / "x", files) if packed else write_folder(tmp_path / "x", files)
    line = refusal("cifar10", path)
    assert str(tmp_path / "x") in line
    assert (says if packed or damage != "an empty batch" else "is empty") in line


def test_binary_records_of_another_length_or_label_are_refused(tmp_path):
    files = cifar10_binary(some_batches())
    first = "cifar-10-batches-bin/data_batch_1.bin"
    assert "no multiple of 3,073" in refusal("cifar10", write_tar(tmp_path / "a", {**files, first: files[first][:-1]}))
    assert "train label 10" in refusal(
        "cifar10", write_tar(tmp_path / "b", {**files, first: b"\x0a" + files[first][1:]})
    )


def test_the_other_dataset_is_refused(tmp_path):
    hundred = write_tar(tmp_path / "cifar-100-python.tar.gz", cifar100_python(some_batches(2)))
    assert "holds CIFAR-100 (cifar-100-python), not CIFAR-10" in refusal("cifar10", hundred)
    ten = write_folder(tmp_path / "ten", cifar10_binary(some_batches()))
    assert "holds CIFAR-10 (cifar-10-batches-bin), not CIFAR-100" in refusal("cifar100", ten)
    assert "holds no file of CIFAR-10" in refusal("cifar10", write_tar(tmp_path / "other", {"a": b"1"}))
    assert "holds no file of CIFAR-10" in refusal("cifar10", write_folder(tmp_path / "folder", {"a": b"1"}))
    assert "lacks train-images" in refusal("mnist", ten)
