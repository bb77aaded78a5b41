"""Splits: the draw as scikit-learn's, the rule "in every split", and files that cannot change unnoticed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from arttl.base.errors import InputError
from arttl.collections import BUNDLED, Collection, bundled
from arttl.splits import find_or_make, load_split, make_split, overlap, save_split, split_path

COMMITTED = Path(__file__).resolve().parents[2] / "splits"


def some_labels(images=200, seed=0):
    """A long tail: a few large classes, many with one or two images; ids in no order."""
    draw = np.random.default_rng(seed)
    ids = [f"image {number:04d}.jpg" for number in draw.permutation(images)]
    return pd.Series([f"class {min(value, 40)}" for value in draw.zipf(1.7, images)], index=ids)


def collection_of(labels, name="mine", given=None):
    table = pd.DataFrame({"image_id": labels.index, "path": "/" + labels.index, "type": labels.to_numpy()})
    if given is not None:
        table["given_split"] = table.image_id.map(given)
    return Collection(name, table, ("type",))


def refusal(function, *arguments, **options):
    with pytest.raises(InputError) as caught:
        function(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("seed", [42, 7])
@pytest.mark.parametrize("images", [6, 7, 55, 200])
def test_released_is_the_authors_draw(images, seed):
    labels = some_labels(images)
    labels.iloc[:2] = ["one", "two"]
    split = make_split(labels, preset="released", seed=seed)
    train, held_out = train_test_split(sorted(labels.index), test_size=0.2, random_state=seed)
    validation, test = train_test_split(held_out, test_size=0.5, random_state=seed)
    assert split.ids("train") == train  # in the order of the draw, since the released code never shuffles
    assert split.ids("validation") == validation
    assert split.ids("test") == test
    assert split.dropped == {}


@pytest.mark.parametrize("seed", range(5))
def test_thesis_keeps_the_classes_that_every_part_has(seed):
    labels = some_labels(600, seed=seed)
    thesis, released = (make_split(labels, preset=preset, seed=seed) for preset in ("thesis", "released"))
    part_of = released.table.set_index("image_id").split
    everywhere = {
        label for label in set(labels) if {part_of[image] for image in labels.index[labels == label]} == {*part_of}
    }
    assert set(thesis.classes) == everywhere
    assert thesis.table.set_index("image_id").split.to_dict() == {
        image: part for image, part in part_of.items() if labels[image] in everywhere
    }
    assert thesis.dropped == labels[~labels.isin(everywhere)].value_counts().to_dict()
    assert 0 < len(thesis.table) < len(labels)
    assert any(str(sum(thesis.dropped.values())) in note for note in thesis.notes)


def test_each_image_is_in_one_part_with_its_own_label():
    labels = some_labels()
    split = make_split(labels, preset="released")
    parts = [split.ids(part) for part in ("train", "validation", "test")]
    assert sorted(image for part in parts for image in part) == sorted(labels.index)
    for part in ("train", "validation", "test"):
        numbers = split.class_ids(part)
        assert numbers.dtype == np.int64
        assert [split.classes[number] for number in numbers] == labels[split.ids(part)].tolist()
    assert split.classes == sorted(set(labels))


def test_the_order_of_the_labels_does_not_matter():
    labels = some_labels()
    shuffled = labels.sample(frac=1, random_state=3)
    assert make_split(shuffled).fingerprint == make_split(labels).fingerprint
    assert make_split(labels, seed=43).fingerprint != make_split(labels).fingerprint


def test_given_splits_are_used_as_they_are():
    labels = pd.Series({"1": "x", "2": "x", "3": "x", "4": "y", "5": "y", "6": "y", "7": "z", "8": "z"})
    given = pd.Series(dict(zip("12345678", ["train", "validation", "test"] * 2 + ["test"] * 2, strict=True)))
    given["9"] = "train"  # an image without a label
    thesis = make_split(labels, given=given[::-1])
    assert thesis.ids("train") == ["1", "4"]
    assert thesis.ids("validation") == ["2", "5"]
    assert thesis.ids("test") == ["3", "6"]
    assert thesis.dropped == {"z": 2}
    released = make_split(labels, given=given, preset="released")
    assert released.ids("test") == ["3", "6", "7", "8"]
    assert released.notes == ("2 test images of 1 class that train does not have cannot be predicted",)
    message = refusal(make_split, labels, given=given.drop("5"))
    assert "1 image without a given split" in message
    assert "(first: 5)" in message


def test_too_few_images():
    message = refusal(make_split, pd.Series({"1": "oil", "2": "oil", "3": "ink"}))
    assert "3 images" in message
    assert "oil has 2, ink has 1" in message
    assert "at least 6" in message
    message = refusal(make_split, pd.Series({str(number): f"class {number}" for number in range(20)}))
    assert "class 0 has 1, class 1 has 1, class 10 has 1 and 17 more" in message
    assert "0 classes found in every one of train, validation and test" in message
    message = refusal(make_split, pd.Series({str(number): "oil" for number in range(20)}), preset="released")
    assert "oil has 20" in message
    assert "1 class found, and at least 2 are needed; add images" in message
    given = pd.Series({"1": "train", "2": "train", "3": "test"})
    message = refusal(make_split, pd.Series({"1": "a", "2": "b", "3": "a"}), given=given, preset="released")
    assert "nothing is left for validation" in message
    assert "0 images with a label" in refusal(make_split, pd.Series([], index=[], dtype=str))


def test_unknown_preset_seed_and_part():
    assert "thesis or released" in refusal(make_split, some_labels(), preset="mine")
    assert "the seed -1 of a split" in refusal(make_split, some_labels(), seed=-1)
    with pytest.raises(ValueError, match="validation"):
        make_split(some_labels()).ids("val")


# --- files


def test_a_saved_split_comes_back(tmp_path):
    labels = some_labels()
    labels.iloc[:30] = 'Boëtius, "the\r\nolder"'
    split = make_split(labels)
    save_split(split, tmp_path / "deep" / "s.csv")
    again = load_split(tmp_path / "deep" / "s.csv")
    pd.testing.assert_frame_equal(again.table, split.table, check_dtype=False)
    assert (again.dropped, again.settings) == (split.dropped, split.settings)
    assert (again.fingerprint, again.classes) == (split.fingerprint, split.classes)
    content = (tmp_path / "deep" / "s.csv").read_bytes()
    assert content.startswith(b"image_id,label,split\n")
    assert sorted(os.listdir(tmp_path / "deep")) == ["s.csv", "s.json"]  # nothing temporary stays


def test_an_edited_split_is_refused(tmp_path):
    path = tmp_path / "s.csv"
    save_split(make_split(some_labels()), path)
    written = path.read_text()
    path.write_text(written.replace(",test", ",train", 1))
    message = refusal(load_split, path)
    assert f"{path} was edited" in message
    assert "delete both" in message
    path.write_text(written.replace("image_id,label", "image_id,kind"))
    assert "was edited" in refusal(load_split, path)
    path.write_text(written.replace("\n", "\r\n"))  # as git may write it
    assert load_split(path).ids("test")
    path.with_suffix(".json").write_text("[]")
    assert "s.json is not a split's description" in refusal(load_split, path)
    path.with_suffix(".json").unlink()
    assert "s.json cannot be read" in refusal(load_split, path)


def test_find_or_make_makes_once_and_finds_after(tmp_path):
    collection = collection_of(some_labels())
    made, path, reused = find_or_make(collection, "type", folder=tmp_path)
    assert (path, reused) == (tmp_path / "mine" / "type-thesis-seed-42.csv", False)
    found, same_path, reused = find_or_make(collection, "type", folder=tmp_path)
    assert (same_path, reused) == (path, True)
    assert found.fingerprint == made.fingerprint
    assert found.settings == made.settings
    assert found.settings["collection"] == "mine"
    assert found.settings["collection_fingerprint"] == collection.fingerprint("type")
    _, other, reused = find_or_make(collection, "type", preset="released", seed=np.int64(7), folder=tmp_path)
    assert (other.name, reused) == ("type-released-seed-7.csv", False)
    other.replace(path)
    other.with_suffix(".json").replace(path.with_suffix(".json"))
    assert "made with preset released" in refusal(find_or_make, collection, "type", folder=tmp_path)


def test_find_or_make_keeps_given_splits(tmp_path):
    labels = pd.Series({str(number): "xy"[number % 2] for number in range(6)})
    given = pd.Series({str(number): ["train", "validation", "test"][number // 2] for number in range(6)})
    split, path, _ = find_or_make(collection_of(labels, given=given), "type", seed=7, folder=tmp_path)
    assert path.name == "type-thesis-given.csv"
    assert split.ids("validation") == ["2", "3"]
    assert find_or_make(collection_of(labels, given=given), "type", seed=8, folder=tmp_path)[2]
    swapped = given.replace({"test": "train", "train": "test"})
    message = refusal(find_or_make, collection_of(labels, given=swapped), "type", folder=tmp_path)
    assert "4 in another given split" in message


def test_a_changed_collection_is_refused(tmp_path):
    labels = some_labels()
    split, path, _ = find_or_make(collection_of(labels), "type", folder=tmp_path)
    changed = labels.drop(split.ids("train")[:2])
    changed[split.ids("test")[0]] = "class 1" if labels[split.ids("test")[0]] != "class 1" else "class 2"
    left_out = labels.index[labels.isin(list(split.dropped))]
    changed = changed.drop(left_out[0])
    changed = pd.concat([changed, pd.Series("class 1", index=["new 1", "new 2"]), pd.Series({"new 3": "new class"})])
    message = refusal(find_or_make, collection_of(changed), "type", folder=tmp_path)
    assert f"{path} was made before the images changed: 3 images new, 3 gone, 1 relabelled" in message
    assert "delete it" in message
    assert "another folder of splits" in message


def test_an_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    message = refusal(save_split, make_split(some_labels()), tmp_path / "file" / "s.csv")
    assert str(tmp_path / "file") in message
    assert "choose another" in message


def test_any_collection_name_gives_a_safe_file_of_its_own(tmp_path):
    names = ["a/b", "a\\b", "..", ".", "", "con", "Kunst & Œuvres", "x" * 300, "x" * 301, "-n", "a b", "a-b", ".hidden"]
    paths = {split_path(tmp_path, name, name, "thesis", 42) for name in names}
    assert len(paths) == len(names)
    for path in paths:
        assert path.resolve().parent.parent == tmp_path.resolve()
        assert all(len(part) < 200 and part.isprintable() and not part.startswith(".") for part in path.parts[-2:])
    assert split_path(tmp_path, "clipart-a", "type", "thesis", 42) == tmp_path / "clipart-a" / "type-thesis-seed-42.csv"


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("challenge", ["type", "artist"])
def test_committed_splits_are_what_the_code_makes(tmp_path, name, challenge):
    _, path, reused = find_or_make(bundled(name), challenge, folder=tmp_path)
    assert not reused
    for suffix in (".csv", ".json"):
        made = path.with_suffix(suffix)
        assert made.read_bytes() == (COMMITTED / made.relative_to(tmp_path)).read_bytes()
    assert find_or_make(bundled(name), challenge, folder=COMMITTED)[2]
    about = json.loads(path.with_suffix(".json").read_text())
    assert sum(about["images"].values()) + sum(about["dropped"].values()) == len(bundled(name))


def test_overlap_is_the_share_of_the_targets_classes():
    assert overlap(["a", "b", "b", "c"], pd.Series(["b", "b", "d", "e", "c"])) == pytest.approx(2 / 4)
    assert overlap(["b"], ["a"]) == 0
    with pytest.raises(ValueError, match="target"):
        overlap(["a"], [])
