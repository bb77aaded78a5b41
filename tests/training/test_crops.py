"""Random windows in training, the middle in validation and test; and pictures that cover a square."""

import numpy as np
import pytest
from PIL import Image

from arttl.images import Decoding
from arttl.images.decoding import decode_image
from arttl.training import Arrays, Batches
from arttl.training.crops import Crop, stored_side


def test_sides():
    assert [stored_side(side) for side in (224, 32, 64)] == [256, 37, 73]


def numbered(images=6, height=5, width=7):
    """Images whose pixels tell their place: (row, column, image)."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.stack([np.stack([rows, columns, np.full_like(rows, n)], -1) for n in range(images)]).astype("uint8")


def corners(batches):
    found = np.concatenate([batches[index][0] for index in range(len(batches))])
    assert found.shape[1:] == (3, 3, 3)
    for window in found:  # each is one connected window of one image
        np.testing.assert_array_equal(window - window[0, 0], numbered(1)[0, :3, :3])
    return found[:, 0, 0]


def test_windows_follow_from_seed_and_epoch_and_reach_every_place():
    def made(seed):
        return Batches(Arrays(numbered()), np.arange(6), np.zeros(6, int), 2, 4, crop=Crop(3, seed))

    one, other = made(1), made(1)
    seen = set()
    for epoch in range(60):
        one.start_epoch(epoch)
        places = corners(one)
        seen |= {tuple(each[:2]) for each in places.tolist()}
        assert places[:, 2].tolist() == list(range(6))
    assert seen == {(row, column) for row in range(3) for column in range(5)}
    other.start_epoch(59)  # as a resumed training does
    np.testing.assert_array_equal(corners(other), places)
    second = made(2)
    second.start_epoch(59)
    assert (corners(second) != places).any()


def test_without_a_seed_the_middle_is_taken():
    batches = Batches(Arrays(numbered()), np.arange(6), np.zeros(6, int), 2, 4, crop=Crop(3))
    assert {tuple(each[:2]) for each in corners(batches).tolist()} == {(1, 2)}


@pytest.mark.parametrize("method", ["nearest", "antialiased"])
@pytest.mark.parametrize("size", [(60, 90), (90, 60), (50, 50)])
def test_a_picture_that_covers_is_the_middle_square_resized(tmp_path, method, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = decode_image(tmp_path / "a.png", Decoding((25, 25), method, fit="cover"))
    side = min(size)
    top, left = ((length - side) // 2 for length in size)
    Image.fromarray(pixels[top : top + side, left : left + side]).save(tmp_path / "b.png")
    np.testing.assert_array_equal(found, decode_image(tmp_path / "b.png", Decoding((25, 25), method)))


def test_the_label_of_a_decoding_tells_them_apart():
    assert Decoding((37, 37), fit="cover").label == "37x37-nearest-cover"
    with pytest.raises(ValueError, match="fit"):
        Decoding((37, 37), fit="contain")
