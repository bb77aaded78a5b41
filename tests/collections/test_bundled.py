"""What the package ships: licences, no near copies between the collections, sizes."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dct

import arttl
from arttl import collections

DATA = Path(arttl.__file__).parent / "data"
PUBLIC_DOMAIN = {
    "http://web.resource.org/cc/PublicDomain",
    "http://creativecommons.org/licenses/publicdomain/",
    "Public Domain|http://web.resource.org/cc/PublicDomain",
}


def rows(name):
    with open(DATA / name / "metadata.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def drawings():
    """Collection's name: uint8 pixels of shape (n, 96, 96, 3), in the order of metadata.csv."""
    return {
        name: np.stack([np.asarray(Image.open(DATA / name / "images" / row["ImageId"])) for row in rows(name)])
        for name in collections.BUNDLED
    }


def perceptual_hash(pixels):
    """64 bits: the low frequencies of a 32 x 32 picture against their median."""
    grey = np.asarray(Image.fromarray(pixels).convert("L").resize((32, 32), Image.Resampling.LANCZOS), float)
    low = dct(dct(grey, axis=0), axis=1)[:8, :8]
    return (low > np.median(low)).ravel()


@pytest.mark.parametrize("name", ["clipart-a", "clipart-b"])
def test_every_drawing_is_public_domain_with_its_source(name):
    found = rows(name)
    assert {row["dc_rights"] for row in found} <= PUBLIC_DOMAIN
    assert all(row["dc_source"].startswith("openclipart 0.18, png/") and row["dc_type"] for row in found)
    assert len({row["dc_source"] for row in found}) == len(found)
    assert not any("@" in row["dc_creator"].split()[-1:] for row in found)


def test_sizes(drawings):
    assert drawings["clipart-a"].shape[1:] == drawings["clipart-b"].shape[1:] == (96, 96, 3)
    assert 1000 <= len(drawings["clipart-a"]) <= 1300
    assert 450 <= len(drawings["clipart-b"]) <= 600
    assert sum(path.stat().st_size for path in DATA.parent.rglob("*") if path.suffix != ".pyc") < 40_000_000


def test_artists_are_disjoint_and_types_partly_overlap():
    a, b = rows("clipart-a"), rows("clipart-b")
    assert not {row["dc_creator"] for row in a} & {row["dc_creator"] for row in b}
    of_a, of_b = ({row["dc_type"] for row in each} for each in (a, b))
    assert of_a & of_b
    assert of_a - of_b
    assert of_b - of_a


def test_no_near_duplicates_within_or_across(drawings):
    """The drawings were chosen at a distance of more than 6 bits; JPEG may have turned a few of them."""
    everything = np.concatenate(list(drawings.values()))
    hashes = np.stack([perceptual_hash(pixels) for pixels in everything]).astype("float32")
    distance = hashes @ (1 - hashes).T + (1 - hashes) @ hashes.T
    np.fill_diagonal(distance, 64)
    assert distance.min() >= 4
    small = everything.reshape(-1, 12, 8, 12, 8, 3).mean((2, 4)).reshape(len(everything), -1)
    square = (small**2).sum(axis=1)
    rms = np.sqrt(np.maximum(square[:, None] + square - 2 * small @ small.T, 0) / small.shape[1])
    np.fill_diagonal(rms, 255)
    assert rms.min() > 6


def test_fashion_mnist_subset_is_balanced_idx():
    for part, images in (("train", 5000), ("t10k", 1000)):
        labels = gzip.decompress((DATA / "fashion-mnist" / f"{part}-labels-idx1-ubyte.gz").read_bytes())
        pixels = gzip.decompress((DATA / "fashion-mnist" / f"{part}-images-idx3-ubyte.gz").read_bytes())
        assert labels[:8] == bytes([0, 0, 8, 1]) + images.to_bytes(4, "big")
        assert pixels[:16] == bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (images, 28, 28))
        assert len(pixels) == 16 + images * 28 * 28
        np.testing.assert_array_equal(np.bincount(np.frombuffer(labels[8:], "uint8")), np.full(10, images // 10))
