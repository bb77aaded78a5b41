"""Departures from the studies' split: small classes left out beforehand, and duplicates kept in one part."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split
from test_splits import collection_of, refusal, some_labels

from arttl.check.grouping import joined
from arttl.splits import Grouping, find_or_make, load_split, make_split, split_path

PARTS = ("train", "validation", "test")


def some_groups(labels, seed=1):
    """Disjoint groups of two to five images, of about half of them."""
    ids = np.random.default_rng(seed).permutation(sorted(labels.index))[: len(labels) // 2]
    cuts = np.cumsum(np.random.default_rng(seed).integers(2, 6, len(ids)))
    return [group.tolist() for group in np.split(ids, cuts[cuts < len(ids)]) if len(group) > 1]


@pytest.mark.parametrize("preset", ["thesis", "released"])
def test_small_classes_are_left_out_before_the_draw(preset):
    labels = some_labels(600)
    counts = labels.value_counts()
    large = labels[labels.isin(counts.index[counts >= 9])]
    split, alone = make_split(labels, preset=preset, min_images=9), make_split(large, preset=preset)
    assert split.fingerprint == alone.fingerprint
    assert [split.ids(part) for part in PARTS] == [alone.ids(part) for part in PARTS]
    assert split.dropped == labels[~labels.index.isin(split.table.image_id)].value_counts().to_dict()
    assert split.settings["min_images"] == 9
    assert any("fewer than 9 images" in note for note in split.notes)


def test_too_large_a_least_number_of_images():
    labels = some_labels()
    largest = labels.value_counts().max()
    message = refusal(make_split, labels, min_images=largest)
    assert message.startswith(f"1 class of {labels.nunique()} with at least {largest} images, and 2 are needed")
    assert f"lower min_images (the largest class has {largest})" in message


@pytest.mark.parametrize("preset", ["thesis", "released"])
def test_groups_are_drawn_as_scikit_learn_draws_their_first_images(preset):
    labels = some_labels(300)
    groups = some_groups(labels)
    members = {min(group): sorted(group) for group in groups}
    later = {image for group in groups for image in group} - set(members)
    units = [image for image in sorted(labels.index) if image not in later]
    train, held_out = train_test_split(units, test_size=0.2, random_state=42)
    validation, test = train_test_split(held_out, test_size=0.5, random_state=42)
    split = make_split(labels, preset=preset, groups=groups[::-1])
    for part, drawn in zip(PARTS, (train, validation, test), strict=True):
        expected = [image for unit in drawn for image in members.get(unit, [unit])]
        if preset == "thesis":
            expected = sorted(image for image in expected if labels[image] in set(split.classes))
        assert split.ids(part) == expected


def test_no_group_is_divided_and_no_group_changes_nothing():
    labels = some_labels(300)
    groups = some_groups(labels)
    part_of = make_split(labels, preset="released", groups=groups).table.set_index("image_id").split
    assert all(part_of[group].nunique() == 1 for group in groups)
    ungrouped = make_split(labels, preset="released").table.set_index("image_id").split
    assert any(ungrouped[group].nunique() > 1 for group in groups)
    alone = [[image, "of no label"] for image in labels.index[:50]]
    assert make_split(labels, groups=alone).fingerprint == make_split(labels).fingerprint


def test_groups_must_be_disjoint_and_the_split_ours():
    labels = some_labels()
    first, second, third = labels.index[:3]
    with pytest.raises(ValueError, match="two groups"):
        make_split(labels, groups=[[first, second], [second, third]])
    given = pd.Series("train", index=labels.index)
    assert "group_duplicates" in refusal(make_split, labels, given=given, groups=[[first, second]])
    assert "are no duplicates" in refusal(make_split, labels, groups=[list(labels.index)])


def test_groups_that_share_an_image_become_one():
    assert joined([["c", "a"], ["x", "y"], ["b", "c"], ["d", "e"], ["e", "a"]]) == [
        ["a", "b", "c", "d", "e"],
        ["x", "y"],
    ]
    assert joined([]) == []


@pytest.mark.parametrize("preset", ["thesis", "released"])
def test_a_grouped_split_is_kept_in_a_file_of_its_own(preset, tmp_path):
    labels = some_labels(300)
    calls = []

    def find():
        calls.append(1)
        return some_groups(labels)

    grouping = Grouping("by hand", "fingerprint-1", find)
    options = {"preset": preset, "folder": tmp_path, "min_images": 2}
    made, path, reused = find_or_make(collection_of(labels), "type", grouping=grouping, **options)
    assert not reused
    assert path.name == f"type-{preset}-seed-42-min-2-grouped.csv"
    found, _, reused = find_or_make(collection_of(labels), "type", grouping=grouping, **options)
    assert reused
    assert calls == [1]  # images need not be decoded again
    assert [found.ids(part) for part in PARTS] == [made.ids(part) for part in PARTS]
    assert found.settings["grouped"] == {"rule": "by hand", "files": "fingerprint-1"}
    assert found.groups == made.groups
    for other in (replace(grouping, files="fingerprint-2"), replace(grouping, rule="another")):
        assert "other image files" in refusal(find_or_make, collection_of(labels), "type", grouping=other, **options)
    plain = find_or_make(collection_of(labels), "type", **options)[1]
    assert plain.name == f"type-{preset}-seed-42-min-2.csv"
    assert "grouped" not in load_split(plain).settings


def test_split_files_from_before_these_options_are_read(tmp_path):
    labels = some_labels()
    _, path, _ = find_or_make(collection_of(labels), "type", folder=tmp_path)
    assert path == split_path(tmp_path, "mine", "type", "thesis", 42)
    about = json.loads(path.with_suffix(".json").read_text())
    del about["groups"], about["settings"]["min_images"]
    path.with_suffix(".json").write_text(json.dumps(about))
    assert find_or_make(collection_of(labels), "type", folder=tmp_path)[2]
