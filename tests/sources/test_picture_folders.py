"""CIFAR-10 as pictures in class folders, in a zip archive or unpacked."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image
from source_files import CIFAR10

from arttl.base.errors import InputError
from arttl.sources import load_source

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
FILES = {  # name: row of PIXELS, label
    "train/airplane/2.png": (0, 0),
    "train/airplane/10.png": (1, 0),
    "train/Truck/a.png": (2, 9),
    "test/cat/b.png": (3, 3),
    "test/cat/a.png": (4, 3),
    "test/dog/a.png": (5, 5),
}
ORDER = {"train": ["train/airplane/10.png", "train/airplane/2.png", "train/Truck/a.png"]}
ORDER["test"] = ["test/cat/a.png", "test/cat/b.png", "test/dog/a.png"]


def picture(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def archive(path, files):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def contents():
    return {name: picture(PIXELS[row]) for name, (row, _) in FILES.items()}


@pytest.mark.parametrize("top", ["", "cifar/"])
@pytest.mark.parametrize("packed", [True, False])
def test_pixels_and_labels_are_the_files(tmp_path, top, packed):
    odd = {"__MACOSX/train/cat/._a.png": b"x", f"{top}train/.hidden/a.png": b"x", f"{top}README": b"x"}
    path = archive(tmp_path / "a.zip", {f"{top}{name}": content for name, content in contents().items()} | odd)
    if not packed:
        with zipfile.ZipFile(path) as file:
            file.extractall(tmp_path / "a")
        path = tmp_path / "a"
    source = load_source("cifar10", path)
    for part, images, labels in (
        ("train", source.train_images, source.train_labels),
        ("test", source.test_images, source.test_labels),
    ):
        np.testing.assert_array_equal(images, PIXELS[[FILES[name][0] for name in ORDER[part]]])
        assert labels.tolist() == [FILES[name][1] for name in ORDER[part]]
    assert source.class_names == CIFAR10
    assert not any("JPEG" in note for note in source.notes)


def test_jpegs_are_said_to_be_no_official_pixels(tmp_path):
    files = contents() | {"train/dog/a.jpg": picture(PIXELS[0], "JPEG")}
    assert any("not the official ones" in note for note in load_source("cifar10", archive(tmp_path / "a", files)).notes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train/lion/a.png": picture(PIXELS[0])}, r"class folder train/lion.*CIFAR-10 has airplane"),
        ({"train/cat/a.png": picture(PIXELS[0, :16])}, r"train/cat/a.png.*it has 16 x 32 pixels, not 32 x 32"),
        ({"train/cat/a.png": b"GIF89a"}, r"train/cat/a.png, which cannot be read"),
        ({"train/cat/a.png": picture(PIXELS[0])[:-40]}, r"train/cat/a.png, which cannot be read"),
        ({"train/cat/a.png": bytes(1 << 17)}, r"train/cat/a.png.*more than 65,536 bytes"),
        ({"../train/cat/a.png": b""}, r"lacks|climbs|no sound"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, changes, said):
    with pytest.raises(InputError, match=said) as caught:
        load_source("cifar10", archive(tmp_path / "a.zip", contents() | changes))
    assert "\n" not in str(caught.value)


def test_both_parts_must_be_there(tmp_path):
    files = {name: content for name, content in contents().items() if name.startswith("train")}
    with pytest.raises(InputError, match=r"has no pictures in test/"):
        load_source("cifar10", archive(tmp_path / "a.zip", files))
