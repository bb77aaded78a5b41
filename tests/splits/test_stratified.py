"""The split that divides each class for itself, and challenges of one's own."""

import pandas as pd
import pytest
from collection_files import refusal, touch

from arttl.base.errors import InputError
from arttl.cli.options import challenge
from arttl.cli.parsers import chapter1_parser
from arttl.collections import open_collection
from arttl.recipes import from_scratch
from arttl.recipes.overrides import departures
from arttl.splits import find_or_make, make_split, split_path
from arttl.transfer.study import TransferStudy


def labels_of(**sizes):
    return pd.Series({f"{label}{number:03d}": label for label, size in sizes.items() for number in range(size)})


def counts(split):
    table = pd.crosstab(split.table.label, split.table.split)
    return {label: tuple(row) for label, row in table[["train", "validation", "test"]].iterrows()}


def test_every_class_with_three_images_is_in_every_part():
    labels = labels_of(a=11, b=11, c=11, d=11, e=11, f=3, g=2, h=100, i=25, j=1)
    split = make_split(labels, preset="stratified")
    # by hand: a tenth, rounded (2.5 to 2), and at least one
    assert counts(split) == {**dict.fromkeys("abcde", (9, 1, 1)), "f": (1, 1, 1), "h": (80, 10, 10), "i": (21, 2, 2)}
    assert split.dropped == {"g": 2, "j": 1}
    assert split.settings["preset"] == "stratified"
    assert split.notes == ("3 images of 2 classes left out: fewer than 3 images that are no duplicates",)


def test_the_draw_of_a_class_depends_on_itself_and_the_seed_alone():
    one, other = labels_of(a=30, b=30), labels_of(b=30, c=9, a=30)[::-1]
    parts = [
        make_split(labels, preset="stratified", seed=seed).table.set_index("image_id").split
        for labels, seed in ((one, 42), (other, 42), (one, 7))
    ]
    assert parts[0].equals(parts[1][parts[0].index])
    assert not parts[0].equals(parts[2])


def test_duplicates_come_whole():
    labels = labels_of(a=20, b=20, c=6)
    groups = [[f"a{number:03d}" for number in range(8)], ["b000", "b001"], ["c000", "c001"], ["c002", "c003"]]
    split = make_split(labels, preset="stratified", groups=[*groups, ["c004", "c005"]])
    part = split.table.set_index("image_id").split
    assert [part[group].nunique() for group in groups] == [1, 1, 1, 1]
    assert counts(split) == {"a": (16, 2, 2), "b": (16, 2, 2), "c": (2, 2, 2)}


def test_it_is_kept_under_a_name_of_its_own(tmp_path):
    touch(tmp_path / "data", *(f"{label}/{number}.jpg" for label in "abcde" for number in range(11)))
    collection = open_collection(tmp_path / "data", "style", split="stratified")
    _, path, _ = find_or_make(collection, "style", "stratified", folder=tmp_path / "splits")
    assert path == split_path(tmp_path / "splits", "data", "style", "stratified", 42)
    again, _, reused = find_or_make(collection, "style", "stratified", folder=tmp_path / "splits")
    assert reused
    assert counts(again) == dict.fromkeys("abcde", (9, 1, 1))


def test_data_with_a_split_of_its_own_takes_no_other(tmp_path):
    touch(
        tmp_path, *(f"{part}/{label}/{number}.jpg" for part in ("train", "test") for label in "ab" for number in "12")
    )
    assert "comes with its split, and split=stratified would draw another" in refusal(tmp_path, split="stratified")
    labels = labels_of(a=9, b=9)
    with pytest.raises(InputError, match="comes with the data"):
        make_split(labels, preset="stratified", given=pd.Series("train", index=labels.index))


def test_the_option_is_the_recipes_setting_and_a_deviation():
    parser = chapter1_parser("", ["type"])
    line = ["--challenge", "style", "--data", "x", "--architecture", "resnet50", "--approach", "scratch"]
    study = TransferStudy.from_options(parser.parse_args([*line, "--split", "stratified"]), "ch1/rijks")
    (spec,) = study.runs()
    assert spec.recipe.split == "stratified"
    assert spec.challenge == "style"
    assert "split is stratified, not thesis" in [each.text for each in departures(spec.recipe, from_scratch())]
    (usual,) = TransferStudy.from_options(parser.parse_args([*line, "--split", "own"]), "ch1/rijks").runs()
    assert usual.recipe.split == "thesis"


@pytest.mark.parametrize("name", ["../x", "a/b", "", " ", "path", "image_id", ".x", "-x", "x" * 61])
def test_names_that_no_folder_or_column_can_have(name, capsys):
    with pytest.raises(SystemExit) as end:
        chapter1_parser("", ["type"]).parse_args(["--challenge", name])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", ["style", "Künstlerin", "drawing-technique", "Stil_2"])
def test_names_of_ones_own(name):
    assert challenge(name) == name
