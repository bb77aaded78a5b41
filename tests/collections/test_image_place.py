"""Where the images of a table lie, and what is said of names that are nearly there."""

import pytest
from collection_files import plain, refusal, touch, write

NAMED = {"image_column": "file", "label_column": "kind"}
IDS = [f"{number:02d}.jpg" for number in range(10)]


def catalogue(data, ids=IDS):
    return write(data / "m.csv", "file,kind\n" + "".join(f"{each},k\n" for each in ids))


def places(collection):
    return {path.parent.name for path in collection.paths().values()}


@pytest.mark.parametrize("beside", [(), ("Thumbs/00.jpg", "Thumbs/01.jpg"), ("images/logo.jpg",), ("Masks/00.png",)])
def test_a_folder_of_any_name_is_found_and_told(tmp_path, beside):
    touch(tmp_path / "Die Fotos", *IDS)
    touch(tmp_path, *beside)
    catalogue(tmp_path)
    collection = plain(tmp_path)
    assert places(collection) == {"Die Fotos"}
    assert len(collection) == 10
    assert f"images of {tmp_path / 'Die Fotos'}, where 10 of 10 ids are found" in collection.notes


def test_names_without_suffix_and_with_folders(tmp_path):
    touch(tmp_path / "scans" / "all", *(f"{number % 2}/{each}" for number, each in enumerate(IDS)))
    touch(tmp_path / "images", "logo.jpg")
    catalogue(tmp_path, [f"{number % 2}\\{each[:2]}" for number, each in enumerate(IDS)])
    assert f"images of {tmp_path / 'scans' / 'all'}, where 10 of 10 ids are found" in plain(tmp_path).notes


def test_suffixes_tell_pictures_from_their_masks(tmp_path):
    touch(tmp_path / "photos", *IDS)
    touch(tmp_path / "masks", *(each.replace("jpg", "png") for each in IDS))
    catalogue(tmp_path)
    assert places(plain(tmp_path)) == {"photos"}
    catalogue(tmp_path, [each[:2] for each in IDS])
    assert "are found in several folders" in refusal(tmp_path, **NAMED)


def test_several_folders_that_fit_are_named(tmp_path):
    touch(tmp_path / "big", *IDS)
    touch(tmp_path / "small", *IDS[:8])
    table = catalogue(tmp_path)
    message = refusal(tmp_path, **NAMED)
    assert f"its 10 ids are found in several folders of {tmp_path} (big 10, small 8); name the one to read" in message
    assert f"data={tmp_path / 'big'} metadata={table}" in message
    assert places(plain(tmp_path / "small", metadata=table, skip_missing=True)) == {"small"}


def test_where_most_are_found_by_rule_nothing_else_is_looked_at(tmp_path):
    touch(tmp_path / "images", *IDS[:6])
    touch(tmp_path / "more", *IDS)
    catalogue(tmp_path)
    assert "4 rows have no image in" in refusal(tmp_path, **NAMED)
    assert places(plain(tmp_path, skip_missing=True)) == {"images"}


def test_where_nothing_fits_the_folders_are_named(tmp_path):
    touch(tmp_path / "Fotos", "IMG_1.jpg", "IMG_2.jpg")
    touch(tmp_path / "images", "logo.jpg")
    catalogue(tmp_path)
    message = refusal(tmp_path, **NAMED)
    assert f"none of its 10 rows has an image in {tmp_path / 'images'}" in message
    assert f"pictures of {tmp_path}: Fotos 2, images 1, the first is Fotos/IMG_1.jpg" in message


@pytest.mark.parametrize(
    ("image_id", "file"),
    [
        ("Boetius.jpg", "Boëtius.jpg"),  # accents
        ("SK A 12.jpg", "sk-a-12.jpg"),  # blanks
        ("12", "00012.jpg"),  # zeros that Excel took away
        ("x/IMG_1.JPG", "IMG_1.heic"),
    ],
)
def test_near_misses_are_told(tmp_path, image_id, file):
    touch(tmp_path / "images", "other.jpg", "another.jpg", file)
    catalogue(tmp_path, ["other.jpg", "another.jpg", image_id])
    assert f"near to {image_id}: {file}" in refusal(tmp_path, **NAMED)
    note = next(note for note in plain(tmp_path, skip_missing=True).notes if "without an image" in note)
    assert f"near to {image_id}: {file}" in note


def test_pictures_that_are_not_read_say_so_beside_the_row_that_misses_them(tmp_path):
    touch(tmp_path / "images", "other.jpg", "IMG_1.HEIC")
    catalogue(tmp_path, ["other.jpg", "IMG_1.jpg"])
    assert "near to IMG_1.jpg: IMG_1.HEIC (which is not read: convert it" in refusal(tmp_path, **NAMED)
