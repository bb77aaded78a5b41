"""Ids that fit no file byte for byte: the nearest ways, in their order, and only where they leave no doubt."""

import unicodedata

import pytest
from collection_files import plain, refusal, touch, write


def files_of(data, ids, **options):
    """id -> the file it found, below the image folder."""
    write(data / "m.csv", "file,kind\n" + "".join(f"{each},k\n" for each in ids))
    collection = plain(data, **options)
    found = {each: str(path.relative_to(data / "images")) for each, path in collection.paths().items()}
    return found, [note for note in collection.notes if " found " in note]


NFC, NFD = (unicodedata.normalize(form, "Boëtius.jpg") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("image_id", "file", "way"),
    [
        (NFC, NFD, "after Unicode normalisation"),
        (NFD, NFC, "after Unicode normalisation"),
        ("A.JPG", "a.jpg", "leaving upper and lower case aside"),
        ("SK-A-1.JPG", "sk-a-1.jpg", "leaving upper and lower case aside"),
        ("STRASSE.jpg", "straße.jpg", "leaving upper and lower case aside"),
        ("A.tif", "a.jpg", "leaving the file's suffix aside"),
        ("SK-A", "sk-a.jpg", "leaving the file's suffix aside"),
        ("SK-A.1", "sk-a.1.jpg", "leaving the file's suffix aside"),
        ("photos/2019/oil/a.jpg", "oil/a.jpg", "leaving leading folders aside"),
        ("C:\\Users\\me\\oil\\a.jpg", "oil/a.jpg", "leaving leading folders aside"),
        ("/mnt/museum/a.jpg", "a.jpg", "leaving leading folders aside"),
        ("../data/a.jpg", "a.jpg", "leaving leading folders aside"),
        ("a.jpg", "deep/down/a.jpg", "leaving leading folders aside"),
        ("\\\\server\\share\\a.jpg", "deep/a.jpg", "by the file's name alone"),
        ("2019/a.jpg", "oil/a.jpg", "by the file's name alone"),
    ],
)
def test_the_way_is_told(tmp_path, image_id, file, way):
    touch(tmp_path / "images", file, "other.png")
    assert files_of(tmp_path, ["other.png", image_id]) == (
        {"other.png": "other.png", image_id: file},
        [f"1 of 2 ids found {way}"],
    )


def test_exact_ids_come_first_and_say_nothing(tmp_path):
    touch(tmp_path / "images", NFC, NFD, "a.jpg", "A.jpg", "oil/b.jpg", "c.jpg")
    ids = [NFC, NFD, "a.jpg", "A.jpg", "oil\\b.jpg", "images/c"]
    found, notes = files_of(tmp_path, ids)
    assert found == dict(zip(ids, [NFC, NFD, "a.jpg", "A.jpg", "oil/b.jpg", "c.jpg"], strict=True))
    assert notes == []


@pytest.mark.parametrize(
    ("files", "ids", "lost"),
    [
        (["a.jpg", "A.JPG"], ["other.jpg", "A.jpg"], "A.jpg"),  # fits two
        (["a.jpg"], ["other.jpg", "a.jpg", "A.JPG"], "A.JPG"),  # taken by an exact id
        (["a.jpg"], ["other.jpg", "a.tif", "a.bmp"], "a.tif, a.bmp"),  # wanted by two
        (["x/a.jpg", "y/a.jpg"], ["other.jpg", "z/a.jpg"], "z/a.jpg"),  # shared name
        (["x/a.jpg", "y/b.jpg", "z/b.jpg"], ["other.jpg", "w/a.jpg"], "w/a.jpg"),  # names are no names here
    ],
)
def test_what_leaves_a_doubt_is_not_found(tmp_path, files, ids, lost):
    touch(tmp_path / "images", "other.jpg", *files)
    write(tmp_path / "m.csv", "file,kind\n" + "".join(f"{each},k\n" for each in ids))
    assert f"(first: {lost});" in refusal(tmp_path, image_column="file", label_column="kind")


def test_counts_are_of_different_ids(tmp_path):
    touch(tmp_path / "images", *(unicodedata.normalize("NFD", f"é{n}.jpg") for n in range(5)), "a.jpg")
    found, notes = files_of(tmp_path, [*(f"é{n}.jpg" for n in range(5)), "a.jpg", "é0.jpg", "gone"], skip_missing=True)
    assert len(found) == 6
    assert notes == ["5 of 7 ids found after Unicode normalisation"]


def test_rows_with_a_blank_id_have_no_image(tmp_path):
    touch(tmp_path / "images", "a.jpg", "b.jpg")
    write(tmp_path / "m.csv", "file,kind\na.jpg,1\n,2\nb.jpg,2\n  ,2\n")
    message = refusal(tmp_path, image_column="file", label_column="kind")
    assert "2 rows have no image in " in message
    assert "(first: row 3 (blank), row 5 (blank)); skip_missing=True" in message
    collection = plain(tmp_path, skip_missing=True)
    assert collection.labels("type").to_dict() == {"a.jpg": "1", "b.jpg": "2"}
    assert collection.without_image == ("row 3 (blank)", "row 5 (blank)")
