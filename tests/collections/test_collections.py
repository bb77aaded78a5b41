"""Collections: every reader, the join by id, and one line for each kind of bad input."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest
from collection_files import refusal, touch, write

from arttl.base.errors import InputError
from arttl.collections import BUNDLED, Collection, bundled, labels_fingerprint, open_collection
from arttl.collections.dublin_core_csv import decode_escapes
from arttl.collections.image_folder import IMAGE_SUFFIXES


def test_class_folders_are_the_labels(tmp_path):
    touch(tmp_path, "oil/a.jpg", "oil/deep/b.PNG", "ink/a.jpg", "ink/.hidden.jpg", "ink/notes.txt", "loose.jpg")
    (tmp_path / "chalk").mkdir()
    collection = open_collection(tmp_path, "material")
    assert collection.name == tmp_path.name
    assert collection.challenges == ("material",)
    assert collection.labels("material").to_dict() == {"ink/a.jpg": "ink", "oil/a.jpg": "oil", "oil/deep/b.PNG": "oil"}
    assert collection.paths(["oil/deep/b.PNG"]) == {"oil/deep/b.PNG": tmp_path / "oil" / "deep" / "b.PNG"}
    assert collection.given_split() is None
    assert set(collection.notes) == {
        "2 classes by the folders' names: ink, oil",
        "2 files left out (hidden, or no images)",
        "1 image outside of a class folder left out",
        "1 class folder without images: chalk",
    }


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Val"])
def test_given_splits(tmp_path, validation):
    touch(tmp_path, "train/x/1.png", f"{validation}/x/2.png", "test/x/3.png", "extra/x/4.png", "train/5.png")
    (tmp_path / "train" / "y").mkdir()
    collection = open_collection(tmp_path, "type")
    expected = {"train/x/1.png": "train", f"{validation}/x/2.png": "validation", "test/x/3.png": "test"}
    assert collection.given_split().to_dict() == expected
    assert set(collection.labels("type")) == {"x"}
    assert "1 folder beside train, validation and test left out: extra" in collection.notes
    assert "1 class folder without images: train/y" in collection.notes
    assert "1 image outside of a class folder left out" in collection.notes


def test_a_missing_given_split_is_refused(tmp_path):
    touch(tmp_path, "train/x/1.png", "val/x/3.png")
    message = refusal(tmp_path)
    assert "no test folder" in message
    assert f"data={tmp_path / 'train'}" in message


def test_two_validation_folders_are_refused(tmp_path):
    touch(tmp_path, "train/x/1.png", "test/x/3.png", "val/x/1.png", "valid/x/1.png")
    assert "val, valid" in refusal(tmp_path)


def test_test_beside_other_folders_is_a_class(tmp_path):
    touch(tmp_path, "test/1.png", "sketch/2.png")
    assert open_collection(tmp_path, "type").labels("type").to_dict() == {
        "sketch/2.png": "sketch",
        "test/1.png": "test",
    }


def test_no_class_folders(tmp_path):
    touch(tmp_path, "1.png", "2.png")
    message = refusal(tmp_path)
    assert "2 images but no class folders" in message
    assert "CLASS/IMAGE.jpg" in message
    assert "metadata=" in message


def test_an_image_folder_without_its_csv_is_not_a_class(tmp_path):
    touch(tmp_path, "jpg2/a.jpg", "jpg2/b.jpg")
    message = refusal(tmp_path)
    assert "only the folder jpg2 and no CSV" in message
    assert "metadata=" in message


def test_links_out_of_class_folders_are_left_out(tmp_path):
    touch(tmp_path / "outside", "secret/s.jpg", "t.jpg")
    data = tmp_path / "data"
    touch(data, "x/1.jpg")
    (data / "x" / "out.jpg").symlink_to(tmp_path / "outside" / "t.jpg")
    (data / "y").symlink_to(tmp_path / "outside" / "secret")
    (data / "x" / "inside.jpg").symlink_to(data / "x" / "1.jpg")
    (data / "x" / "loop").symlink_to(data)
    collection = open_collection(data, "type")
    assert set(collection.labels("type").index) == {"x/1.jpg", "x/inside.jpg"}
    assert any(note.startswith("3 links") for note in collection.notes)


AUTHORS = r""",ImageId,dc_creator,dc_materiaal,dc_type,year
0,b.jpg, Bo\xc3\xabtius Bolswert, papier, prent,1620
1,a.jpg, anoniem, NA, tekening,
2,c, Daniël \xc3 \x41 Mijtens,, prent,1650
"""


def test_authors_csv(tmp_path):
    touch(tmp_path / "jpg", "a.jpg", "b.jpg", "c.jpg")
    write(tmp_path / "rijks.csv", AUTHORS)
    collection = open_collection(tmp_path, "artist")
    assert collection.challenges == ("material", "type", "artist")
    assert collection.labels("artist").to_dict() == {"b.jpg": "Boëtius Bolswert", "c": r"Daniël \xc3 \x41 Mijtens"}
    assert collection.labels("material").to_dict() == {"a.jpg": "NA", "b.jpg": "papier"}
    assert collection.labels("type").to_dict() == {"a.jpg": "tekening", "b.jpg": "prent", "c": "prent"}
    assert collection.table.year.tolist() == ["", "1620", "1650"]
    assert not any("nnamed" in column or not column for column in collection.table)


def test_authors_csv_read_by_named_columns(tmp_path):
    touch(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    write(tmp_path / "rijks.csv", AUTHORS)
    collection = open_collection(tmp_path, "type", image_column="ImageId", label_column="year")
    assert collection.challenges == ("type",)
    assert collection.labels("type").to_dict() == {"b.jpg": "1620", "c": "1650"}


def test_a_challenge_the_authors_csv_does_not_have(tmp_path):
    touch(tmp_path, "a.jpg")
    write(tmp_path / "antwerp.csv", ",ImageId,dc_creator,dc_type\n0,a.jpg, x, y\n")
    message = refusal(tmp_path, "material")
    assert message == f"{tmp_path.name} has no challenge 'material'; it has type, artist: challenge=type"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"Bo\xc3\xabtius", "Boëtius"),
        (r"\xe2\x82\xac 5", "€ 5"),
        (r"\xC3\xA9\xc3\xa8", "éè"),
        (r"Boëtius \xc3\xab", "Boëtius ë"),
        (r"half \xc3", r"half \xc3"),
        (r"\xab\xc3 swapped", r"\xab\xc3 swapped"),
        (r"C:\x41\new", r"C:\x41\new"),
        ("plain", "plain"),
    ],
)
def test_escapes(text, expected):
    assert decode_escapes(text) == expected


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled(name):
    collection = bundled(name)
    assert collection.name == name
    assert collection.challenges == ("type", "artist")
    assert collection.notes == ()  # every image has its row, every row its image, each with both labels
    assert all(path.suffix in IMAGE_SUFFIXES and path.is_file() for path in collection.paths().values())
    with pytest.raises(InputError, match=f"{name} has no challenge 'material'; it has type, artist: challenge=type"):
        collection.labels("material")


def test_bundled_artists_differ_and_types_overlap():
    a, b = (bundled(name) for name in BUNDLED)
    assert set(a.labels("artist")).isdisjoint(b.labels("artist"))
    types_a, types_b = set(a.labels("type")), set(b.labels("type"))
    assert types_a & types_b
    assert types_a - types_b
    assert types_b - types_a
    sums = [{hashlib.sha256(path.read_bytes()).hexdigest() for path in c.paths().values()} for c in (a, b)]
    assert sums[0].isdisjoint(sums[1])
    assert [len(found) for found in sums] == [len(a), len(b)]


def test_unknown_bundled_collection():
    with pytest.raises(InputError, match=r"'clipart-c'; there are clipart-a, clipart-b; open_collection opens yours"):
        bundled("clipart-c")


def test_fingerprint_follows_ids_labels_and_given_splits_only():
    labels = pd.Series({"b": "x", "a": "y"})
    # The text is what `printf 'a,y\nb,x\n' | sha256sum` reads.
    assert labels_fingerprint(labels) == hashlib.sha256(b"a,y\nb,x\n").hexdigest()
    assert labels_fingerprint(labels[::-1]) == labels_fingerprint(labels)
    assert labels_fingerprint(pd.Series({"b": "x", "a": "z"})) != labels_fingerprint(labels)
    given = pd.Series({"a": "train", "b": "test", "unlabelled": "test"})
    assert labels_fingerprint(labels, given) == hashlib.sha256(b"a,y,train\nb,x,test\n").hexdigest()


def test_a_collection_refuses_a_broken_table():
    table = pd.DataFrame({"image_id": ["a", "a"], "path": ["/a", "/b"], "type": ["x", "y"]})
    with pytest.raises(ValueError, match="twice"):
        Collection("mine", table, ("type",))
    with pytest.raises(ValueError, match="artist"):
        Collection("mine", table, ("artist",))


def test_paths_of_an_unknown_image():
    with pytest.raises(InputError, match="clipart-a has no image nowhere"):
        bundled("clipart-a").paths(["nowhere"])
