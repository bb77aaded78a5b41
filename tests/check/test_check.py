"""`python -m arttl check`: each kind of finding in a hand-made folder, its exit code, its report and its CSV."""

import os
import shlex
import shutil

import pandas as pd
import pytest
from checked import kinds, types_of, write_rows
from pictures import scene
from PIL import Image

from arttl.base.steps import Step, StepTimes
from arttl.check.costs import estimates
from arttl.check.metadata import challenge_facts, label_variants, plain_label
from arttl.cli.parsers import rijks_parser
from arttl.collections.table import PARTS, Collection
from arttl.splits import make_split


def test_a_sound_collection_can_be_trained_on(check, folder):
    code, out, findings = check(folder)
    assert (code, findings) == (0, [])
    assert "type: 60 images with a label, 3 classes" in out
    assert "1 image: 0, 2-9: 0, 10-99: 3, 100 or more: 0" in out
    assert "(48 train, 6 validation, 6 test)" in out
    assert "prepare takes 9.0 MB at 224 pixels and 16.1 MB at 299 pixels" in out  # 60 x 224 x 224 x 3 = 9,031,680 bytes
    assert "training can start; 0 findings in runs/check-museum.csv" in out
    assert f"to train on it: python -m arttl train rijks --challenge type --data {folder}\n" in out
    assert len(out.splitlines()) < 30


def test_missing_and_corrupt_images_and_files_without_a_row(check, folder):
    write_rows(folder, {**types_of(folder), "gone.png": "print"})
    whole = (folder / "images" / "07.png").read_bytes()
    (folder / "images" / "07.png").write_bytes(whole[: len(whole) // 2])
    (folder / "images" / "08.png").write_bytes(b"")
    scene(99).save(folder / "images" / "stray.png")
    code, out, findings = check(folder)
    assert code == 1
    assert [(each["kind"], each["item"]) for each in findings] == [
        ("missing", "gone.png"),
        ("without-row", "stray.png"),
        ("corrupt", "07.png"),
        ("corrupt", "08.png"),
    ]
    assert findings[2]["detail"]
    assert findings[3]["detail"] == "empty file"
    assert "missing images: 1: gone.png" in out
    assert "corrupt images: 2: 07.png" in out


def test_a_file_without_a_row_alone_does_not_keep_from_training(check, folder):
    scene(99).save(folder / "images" / "stray.png")
    code, _, findings = check(folder)
    assert (code, kinds(findings)) == (0, {"without-row"})


def parts_of(data, check, wanted):
    """The images of a drawn part, as `check` draws it."""
    labels = pd.Series(types_of(data))
    collection = Collection(
        "museum", pd.DataFrame({"image_id": labels.index, "path": "", "type": labels.to_numpy()}), ("type",)
    )
    return challenge_facts(collection, "type", 42).split.ids(wanted)


@pytest.mark.parametrize("copy", ["file", "pixels", "near"])
def test_copies_are_found_and_straddle_if_they_are_in_two_parts(check, folder, copy):
    for part, code in (("train", 0), ("test", 1)):
        types = types_of(folder)
        first = parts_of(folder, check, "train")[0]
        alike = [each for each in parts_of(folder, check, part) if types[each] == types[first]]
        source, target = folder / "images" / first, folder / "images" / alike[-1]
        before = target.read_bytes()
        if copy == "file":
            shutil.copy(source, target)
        else:
            with Image.open(source) as picture:
                again = picture if copy == "pixels" else picture.resize((90, 80), Image.Resampling.LANCZOS)
                again.save(target, compress_level=1)
        assert (target.read_bytes() == source.read_bytes()) == (copy == "file")
        found = check(folder, "--challenge", "type")
        target.write_bytes(before)
        kind = "near-duplicate" if copy == "near" else "duplicate"
        assert found[0] == code
        assert {each["item"] for each in found[2] if each["kind"] == kind} == {source.name, target.name}
        assert {each["group"] for each in found[2]} == {f"{kind}-1"}
        straddling = {each["item"]: each["detail"] for each in found[2] if each["kind"] == "straddles"}
        assert straddling == ({source.name: "train", target.name: "test"} if part == "test" else {})


def test_near_groups_hold_their_exact_copies(check, folder):
    names = parts_of(folder, check, "train")[:2]
    shutil.copy(folder / "images" / names[0], folder / "images" / names[1])
    test = parts_of(folder, check, "test")[0]
    with Image.open(folder / "images" / names[0]) as picture:
        picture.resize((90, 80)).save(folder / "images" / test)
    _, out, findings = check(folder, "--challenge", "type")
    near = {each["item"] for each in findings if each["kind"] == "near-duplicate"}
    assert near == {*names, test}
    assert "near duplicates: 1 group of 3 images; groups that straddle train, validation and test: type 1" in out


def test_pictures_of_one_colour_are_no_duplicates_unless_the_files_are_equal(check, folder):
    Image.new("RGB", (40, 40), "white").save(folder / "images" / "00.png")
    Image.new("RGB", (90, 50), "white").save(folder / "images" / "01.png")
    assert check(folder)[2] == []


def test_labels_that_differ_in_case_blanks_or_accents(check, folder):
    types = types_of(folder)
    types.update({"02.png": "Drawing", "03.png": "dràwing"})
    write_rows(folder, types)
    code, out, findings = check(folder, "--metadata-only", "--challenge", "type")
    assert code == 1
    variants = [(each["item"], each["detail"], each["group"]) for each in findings if each["kind"] == "label-variant"]
    assert variants == [
        ("drawing", "18 of 20 images", "label-1"),
        ("Drawing", "1 of 20 images", "label-1"),
        ("dràwing", "1 of 20 images", "label-1"),
    ]
    assert "label variants: 1: 'drawing' (18) = 'Drawing' (1) = 'dràwing' (1)" in out


def test_label_variants_by_hand():
    labels = pd.Series(
        ["Boëtius  a", "Boe\u0308tius a", "boetius A", "straße", "STRASSE", "oil", "oils", "ﬁlm", "film"]
    )
    found = label_variants(labels, "artist")
    groups = {}
    for each in found:
        groups.setdefault(each.group, set()).add(each.item)
    assert list(groups.values()) == [
        {"Boëtius  a", "Boe\u0308tius a", "boetius A"},
        {"ﬁlm", "film"},
        {"straße", "STRASSE"},
    ]


@pytest.mark.parametrize(
    ("label", "plain"), [(" Boëtius \t BOLSWERT", "boetius bolswert"), ("Å", "a"), ("版画", "版画")]
)
def test_plain_label(label, plain):
    assert plain_label(label) == plain


@pytest.mark.parametrize("copy", ["file", "pixels"])
def test_one_picture_under_two_labels(check, folder, copy):
    types = types_of(folder)
    names = parts_of(folder, check, "train")
    source, target = names[0], next(each for each in names if types[each] != types[names[0]])
    if copy == "file":
        shutil.copy(folder / "images" / source, folder / "images" / target)
    else:
        with Image.open(folder / "images" / source) as picture:
            picture.save(folder / "images" / target, compress_level=1)
    code, out, findings = check(folder)
    assert code == 1
    two = {(each["challenge"], each["item"]): each["detail"] for each in findings if each["kind"] == "two-labels"}
    artists = {each: f"someone {len(types[each])}" for each in (source, target)}
    expected = {("type", each): types[each] for each in (source, target)}
    if len(set(artists.values())) > 1:
        expected |= {("artist", each): artist for each, artist in artists.items()}
    assert two == expected
    assert "one picture under several labels: type 1 group, such as " in out
    assert "something needs attention" in out


def test_a_transcoded_copy_under_another_label_is_no_exact_one(check, folder):
    types = types_of(folder)
    names = parts_of(folder, check, "train")
    target = next(each for each in names if types[each] != types[names[0]])
    with Image.open(folder / "images" / names[0]) as picture:
        picture.resize((90, 80), Image.Resampling.LANCZOS).save(folder / "images" / target)
    code, _, findings = check(folder, "--challenge", "type")
    assert (code, kinds(findings)) == (0, {"near-duplicate"})


@pytest.mark.parametrize(
    ("rare", "code", "left"),
    [(1, 0, "2 of 3 classes and 58 of 60 images"), (10, 1, "2 of 12 classes and 40 of 60 images")],
)
def test_what_the_split_leaves_out_is_told_and_weighed(check, folder, rare, code, left):
    # Of two images no class can have one in each of three parts.
    labels = [f"rare {number // 2}" for number in range(2 * rare)] + ["drawing", "print"] * 30
    write_rows(folder, {f"{number:02d}.png": labels[number] for number in range(60)})
    found, out, findings = check(folder, "--metadata-only", "--challenge", "type")
    assert found == code
    assert {each["item"] for each in findings if each["kind"] == "dropped"} == {f"rare {n}" for n in range(rare)}
    assert ("few-left" in kinds(findings)) == bool(code)
    assert "training can start" not in out
    assert (
        f"the split leaves classes out: {left} of type are left to train on; " in out.splitlines()[-1 if code else -2]
    )


def test_the_parts_of_each_class_are_shown(check, folder):
    out = check(folder, "--metadata-only", "--challenge", "type", "--report", "all.csv")[1]
    rows = pd.read_csv("all.csv").set_index("item").detail
    labels = pd.Series(types_of(folder))
    parts = {part: labels[parts_of(folder, check, part)].value_counts() for part in ("train", "validation", "test")}
    for label in ("drawing", "print", "etching"):
        counts = " + ".join(f"{parts[part][label]} {part}" for part in parts)
        assert f"    {label} {sum(labels == label)} = {counts}\n" in out
        assert rows[label] == ", ".join(f"{parts[part][label]} {part}" for part in parts)


def test_the_split_of_a_recipe_is_the_one_checked(check, folder):
    write_rows(folder, {**types_of(folder), "00.png": "rare"})
    released = check(folder, "--metadata-only", "--challenge", "type", "--set", "split=released")[1]
    assert "training can start; 0 findings" in released
    assert "3 of 4 classes and 59 of 60 images" in check(folder, "--metadata-only", "--challenge", "type")[1]


def test_folders_that_cannot_be_read_are_findings(check, tmp_path, monkeypatch):
    data = tmp_path / "museum"
    for number in range(24):
        (data / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        (data / "ab"[number % 2] / f"{number}.png").touch()
    (data / "private").mkdir()
    scandir = os.scandir

    def refuse(place):
        if os.path.realpath(place) == str(data / "private"):
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    code, out, findings = check(data, "--metadata-only")
    assert (code, [(each["kind"], each["item"]) for each in findings]) == (1, [("unreadable", "private")])
    assert "folders that cannot be read: 1: private (--skip-unreadable passes them over)" in out


def test_the_command_that_trains_reads_the_data_as_the_check_did(check, folder):
    asked = ["--split", "stratified", "--min-images", "2", "--follow-links", "--unknown-labels", "nobody", "no one"]
    out = check(folder, "--metadata-only", "--challenge", "type", "artist", *asked, "--set", "batch_size=8")[1]
    words = shlex.split(out.splitlines()[-1].removeprefix("to train on it: "))
    assert words[:6] == ["python", "-m", "arttl", "train", "rijks", "--challenge"]
    parser = rijks_parser("", ["type", "artist"])
    again = vars(parser.parse_args(words[5:]))
    asked = vars(parser.parse_args(["--challenge", "type", "--data", str(folder), *asked]))
    assert again == asked | {"set": ["batch_size=8"]}


def test_what_the_split_takes_of_every_class_and_what_a_stratified_one_would_keep(check, tmp_path):
    """55 images in five classes, some of which the thesis' draw leaves out of a part."""
    data = tmp_path / "small"
    for number in range(55):
        (data / "abcde"[number % 5]).mkdir(parents=True, exist_ok=True)
        (data / "abcde"[number % 5] / f"{number}.png").touch()
    labels = pd.Series({f"{'abcde'[number % 5]}/{number}.png": "abcde"[number % 5] for number in range(55)})
    drawn = make_split(labels, preset="released").table
    code, out, findings = check(data, "--metadata-only", "--challenge", "style")
    left = set(make_split(labels).classes)
    assert len(left) < 5
    for label in "abcde":
        parts = [int(((drawn.label == label) & (drawn.split == part)).sum()) for part in PARTS]
        line = f"    {label} 11 = {parts[0]} train + {parts[1]} validation + {parts[2]} test"
        assert (line if label in left else f"{line}, left out") in out
    assert "--split stratified draws each class for itself and keeps 5 of 5 classes and 55 of 55 images" in out
    assert kinds(findings) >= {"dropped"}
    code, out, findings = check(data, "--metadata-only", "--challenge", "style", "--split", "stratified")
    assert (code, findings) == (0, [])
    assert "    a 11 = 9 train + 1 validation + 1 test\n" in out
    assert "few to test on: each of 5 test images is 20.0 points of accuracy" in out
    assert "training can start" in out


def test_estimates_by_hand():
    """100 images at batch 10: a head's step takes 1 s of one processor, forward 10 s, training 30 s."""
    steps = {
        (1, "resnet50", 224, work): Step(10, seconds, seconds, operations, 1000)
        for work, seconds, operations in (("head", 1.0, 10), ("forward", 10.0, 100), ("train", 30.0, 100))
    }
    labels = pd.Series({f"{number:03d}": "ab"[number % 2] for number in range(100)})
    split = make_split(labels, preset="stratified")  # 80, 10 and 10
    shelf, tuned = estimates(split, cores=2, times=StepTimes(steps, None, ""))
    assert shelf.seconds == (20 * 8 * 1 + 10 * 10) / 2
    assert tuned.seconds == (20 * 8 * 30 + (20 + 1) * 10) / 2
    assert tuned.gpu_seconds == pytest.approx((20 * 80 * 600 + 210 * 200) / 4.5e12)
    weights = 4 * (1000 + 2049 * 2)
    assert (shelf.disk, tuned.disk) == (weights + 4 * 2048 * 100, weights)
