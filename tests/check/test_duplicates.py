"""Exact and near duplicates: copies are found, different pictures are not, and banding misses no pair."""

import numpy as np
import pytest
from pictures import scene
from PIL import Image, ImageEnhance

from arttl.check.duplicates import near, near_pairs, perceptual_hash, same
from arttl.check.images import read_images
from arttl.collections import bundled


def near_groups(folder, pictures):
    """The names that belong together, of a dict of name to picture; JPEGs are of quality 90."""
    paths = {}
    for name, picture in pictures.items():
        paths[name] = folder / name
        picture.save(paths[name], quality=90)
    facts = read_images(paths, progress=False)
    assert not facts.bad
    return [{facts.image_ids[row] for row in group} for group in near(facts.hashes, facts.thumbnails, facts.flat)]


def test_changed_copies_are_near_and_other_pictures_are_not(tmp_path):
    pictures = {f"{seed}.jpg": scene(seed) for seed in range(30)}
    pictures["resized.jpg"] = scene(0).resize((90, 120), Image.Resampling.LANCZOS)
    pictures["brightened.jpg"] = ImageEnhance.Brightness(scene(0)).enhance(1.08)
    pictures["enlarged.png"] = scene(4).resize((512, 512), Image.Resampling.BICUBIC)
    pictures["grey.png"] = scene(7).convert("L")
    groups = near_groups(tmp_path, pictures)
    assert groups == [{"0.jpg", "resized.jpg", "brightened.jpg"}, {"4.jpg", "enlarged.png"}, {"7.jpg", "grey.png"}]


def test_a_strongly_recompressed_copy_is_near(tmp_path):
    for seed in range(10):
        scene(seed).save(tmp_path / f"{seed}.jpg", quality=95)
        scene(seed).save(tmp_path / f"{seed}-poor.jpg", quality=30)
    facts = read_images({path.stem: path for path in sorted(tmp_path.iterdir())}, progress=False)
    groups = [{facts.image_ids[row] for row in group} for group in near(facts.hashes, facts.thumbnails, facts.flat)]
    assert groups == [{f"{seed}", f"{seed}-poor"} for seed in range(10)]


def test_nearly_every_bundled_drawing_is_near_its_recompressed_copy_at_another_size(tmp_path):
    """Of all 1,109, 96.5% are; which ones are missed, and why, has not been measured."""
    collection = bundled("clipart-a")
    paths = collection.paths(collection.table.image_id[::20])
    for image_id, path in list(paths.items()):
        with Image.open(path) as picture:
            picture.resize((150, 130), Image.Resampling.LANCZOS).save(tmp_path / f"{image_id}.jpg", quality=70)
        paths[f"copy of {image_id}"] = tmp_path / f"{image_id}.jpg"
    facts = read_images(paths, progress=False)
    groups = [[facts.image_ids[row] for row in group] for group in near(facts.hashes, facts.thumbnails, facts.flat)]
    assert all(other == f"copy of {image_id}" for image_id, other in groups)
    assert len(groups) >= 0.95 * len(paths) / 2


def test_nearly_flat_pictures_match_nothing(tmp_path):
    noise = np.random.default_rng(0).integers(-2, 3, (4, 64, 64, 3))
    pictures = {f"{row}.png": Image.fromarray((240 + values).astype(np.uint8)) for row, values in enumerate(noise)}
    assert near_groups(tmp_path, {**pictures, "white.png": Image.new("RGB", (50, 50), "white")}) == []


def hashes_with_near_ones(count, seed=0):
    """Random hashes; a third of them are others with one to nine bits turned."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
    for row in range(count // 3):
        bits = rng.choice(64, 1 + row % 9, replace=False).astype(np.uint64)
        hashes[-row - 1] = hashes[row] ^ np.bitwise_or.reduce(np.uint64(1) << bits)
    return hashes


def pairs_of(hashes, distance):
    return sorted(
        (min(pair), max(pair))
        for first, second in near_pairs(hashes, distance)
        for pair in zip(first.tolist(), second.tolist(), strict=True)
    )


@pytest.mark.parametrize("distance", [0, 1, 6, 9, 28])
def test_bands_find_each_pair_that_comparing_all_with_all_finds_once(distance):
    hashes = hashes_with_near_ones(300)
    plain = [int(value) for value in hashes]
    wanted = [
        (one, two) for two in range(300) for one in range(two) if (plain[one] ^ plain[two]).bit_count() <= distance
    ]
    assert pairs_of(hashes, distance) == sorted(wanted)
    assert (distance == 0) == (not wanted)


def test_bands_in_small_chunks_find_the_same(monkeypatch):
    hashes = np.repeat(hashes_with_near_ones(40), 3)
    whole = pairs_of(hashes, 6)
    monkeypatch.setattr("arttl.check.duplicates.CHUNK", 5)
    assert pairs_of(hashes, 6) == whole
    assert len(whole) == len(set(whole)) >= 3 * 40


@pytest.mark.parametrize("hashes", [[], [5]])
def test_fewer_than_two_pictures_make_no_pair(hashes):
    assert list(near_pairs(np.array(hashes, np.uint64), 6)) == []
    assert near(np.array(hashes, np.uint64), np.ones((len(hashes), 256)), np.zeros(len(hashes), bool)) == []


def test_groups_are_merged_on_the_way_without_loss(monkeypatch):
    hashes, thumbnails = np.full(40, 12345, np.uint64), np.repeat(np.eye(4), 10, axis=0)
    monkeypatch.setattr("arttl.check.duplicates.CHUNK", 7)
    monkeypatch.setattr("arttl.check.duplicates.MOST_EDGES", 3)
    groups = near(hashes, thumbnails, np.zeros(40, bool))
    assert groups == [list(range(start, start + 10)) for start in (0, 10, 20, 30)]


def test_hash_ignores_brightness_and_contrast():
    grey = np.asarray(scene(3, 64).convert("L"), float)
    assert perceptual_hash(grey) == perceptual_hash(0.5 * grey)
    assert (int(perceptual_hash(grey)) ^ int(perceptual_hash(255 - grey))).bit_count() > 50


def test_same():
    assert same(["a", "b", "a", "c", "b", "a"]) == [[0, 2, 5], [1, 4]]
    assert same([]) == []
