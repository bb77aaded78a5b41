"""The target sets cut from WikiArt and OmniArt: their rule, and the folder that `python -m arttl cut` makes."""

import zlib

import numpy as np
import pandas as pd
import pytest
from collection_files import write
from cut_downloads import SIZES, mine, write_lists
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from arttl.base.errors import InputError
from arttl.collections import cut_target, open_collection
from arttl.collections.cut import FEWEST, rank_classes, share_out
from arttl.collections.table import Collection

TABLE_4 = {  # thesis, Table 4: train, validation, test, classes
    "Artist-Classification-1": (3103, 389, 389, 20),
    "Type-Classification": (2868, 360, 360, 20),
    "Artist-Classification-2": (2827, 353, 353, 19),
}


def artists(number=39, images=200):
    return {f"artist {artist:02d}": images for artist in range(number)}


def check_table_4(cut, target, challenge):
    *sizes, classes = TABLE_4[target]
    given_split, labels = cut.given_split(), cut.labels(challenge)
    assert cut.name == target
    assert [int((given_split == part).sum()) for part in ("train", "validation", "test")] == sizes
    assert labels.nunique() == classes
    assert len(labels) == len(cut) == sum(sizes)
    counts = pd.crosstab(labels, given_split)
    assert counts.shape == (classes, 3)
    assert (counts > 0).all(axis=None)
    share = counts["train"] / counts.sum(axis=1)
    assert share.between(0.78, 0.82).all()  # stratified: each class' share is the set's own, give or take an image


@pytest.mark.parametrize(
    ("target", "challenge"),
    [("Artist-Classification-1", None), ("Artist-Classification-2", None), ("Type-Classification", "style")],
)
def test_wikiart_gives_table_4(wikiart, target, challenge):
    collection = open_collection(wikiart, challenge or "artist")
    cut = cut_target(collection, target, challenge=challenge)
    check_table_4(cut, target, challenge or "artist")
    labels = open_collection(wikiart, challenge or "artist").labels(challenge or "artist")
    assert cut.labels(challenge or "artist").equals(labels[cut.table.image_id])
    assert all(path.is_file() for path in cut.paths().values())


def test_wikiarts_file_names_give_more_artists_than_its_lists(wikiart, rows):
    collection = open_collection(wikiart, "artist-in-name")
    for target in ("Artist-Classification-1", "Artist-Classification-2"):
        cut = cut_target(collection, target, challenge="artist-in-name")
        check_table_4(cut, target, "artist-in-name")
        for image_id, label in cut.labels("artist-in-name").items():
            assert image_id.split("/")[1].startswith(f"{label}_")


def test_omniart_gives_table_4(tmp_path):
    lines, header = [], "id,artist_full_name,artwork_type"
    for artist, size in enumerate(SIZES):
        lines += [f"{artist:02d}x{work:03d},painter {artist},type {(artist + work) % 25}" for work in range(size)]
    lines += [f"none{number:03d},Unknown,unknown" for number in range(500)]
    (tmp_path / "omniart" / "images").mkdir(parents=True)
    for line in lines:
        (tmp_path / "omniart" / "images" / f"{line.split(',')[0]}.jpg").touch()
    write(tmp_path / "omniart" / "all.csv", "\n".join([header, *lines]))
    collection = open_collection(tmp_path / "omniart", None)
    for target, challenge in zip(TABLE_4, ("artist", "type", "artist"), strict=True):
        cut = cut_target(collection, target)
        check_table_4(cut, target, challenge)
        assert f"500 images passed over, whose {challenge} names nobody: {'Uu'[challenge == 'type']}nknown" in cut.notes


def test_the_rule_by_hand():
    # Ranks: e and f (300, a tie), then a (290), b (270). Unknown is larger, and c too small, to be classes.
    sizes = {"f": 300, "b": 270, "e": 300, "a": 290, "c": FEWEST - 1, "": 900, "unknown artist": 800}
    ranked = [("e", 300), ("f", 300), ("a", 290), ("b", 270)]
    for labels in (mine(sizes).labels("artist"), mine(sizes).labels("artist")[::-1]):
        assert list(rank_classes(labels).items()) == ranked
    cut = cut_target(mine(sizes), "Artist-Classification-1", classes=3, images=100)
    # 100 over three classes is 34, 33, 33; a tenth each for validation and test.
    assert cut.labels("artist").value_counts().to_dict() == {"e": 34, "f": 33, "a": 33}
    assert cut.given_split().value_counts().to_dict() == {"train": 80, "validation": 10, "test": 10}
    second = cut_target(mine(sizes), "Artist-Classification-1", classes=2, images=50, skip=2)
    assert second.labels("artist").value_counts().to_dict() == {"a": 25, "b": 25}
    assert cut_target(mine(sizes), "Artist-Classification-1", classes=2, images=45).given_split().value_counts()[
        "test"
    ] == len("12345")


def test_images_are_drawn_as_the_documents_say():
    cut = cut_target(mine(artists()), "Artist-Classification-2", seed=7)
    ids = [f"artist 21-{number:04d}" for number in range(200)]  # rank 22: all are as large, so ranked by name
    share = 3533 // 19  # 185, and the first 18 one more
    drawn = np.random.default_rng([7, zlib.crc32(b"Artist-Classification-2"), 22]).choice(ids, share + 1, replace=False)
    assert sorted(drawn) == cut.table.image_id[cut.table.artist == "artist 21"].tolist()
    ids, labels = cut.table.image_id.to_numpy(), cut.table.artist.to_numpy()
    rows = np.arange(len(ids))
    train, rest = train_test_split(rows, train_size=2827, test_size=706, stratify=labels, random_state=7)
    validation, test = train_test_split(rest, train_size=353, test_size=353, stratify=labels[rest], random_state=7)
    for part, expected in (("train", train), ("validation", validation), ("test", test)):
        assert sorted(ids[expected]) == cut.table.image_id[cut.table.given_split == part].tolist()


def test_order_plays_no_part_and_the_seed_does(wikiart, rows, tmp_path):
    collection = open_collection(wikiart, "artist")
    cut = cut_target(collection, "Artist-Classification-1")
    write_lists(tmp_path / "wikiart_csv", rows[::-1])
    (tmp_path / "wikiart").symlink_to(wikiart / "wikiart")
    other = cut_target(open_collection(tmp_path, "artist"), "Artist-Classification-1")
    columns = ["image_id", "artist", "given_split"]
    pd.testing.assert_frame_equal(cut.table[columns], other.table[columns])
    shuffled = Collection("x", collection.table.sample(frac=1, random_state=0), ("artist",))
    pd.testing.assert_frame_equal(cut.table[columns], cut_target(shuffled, "artist classification 1").table[columns])
    again = cut_target(collection, "Artist-Classification-1", seed=43)
    assert set(again.labels("artist")) == set(cut.labels("artist"))
    assert set(again.table.image_id) != set(cut.table.image_id)


def test_the_two_artist_sets_have_no_artist_in_common(wikiart):
    collection = open_collection(wikiart, "artist")
    first, second = (cut_target(collection, f"Artist-Classification-{number}") for number in (1, 2))
    by_size = sorted(range(60), key=lambda artist: (-SIZES[artist], f"artist_{artist}"))
    assert set(first.labels("artist")) == {f"artist_{artist}" for artist in by_size[:20]}
    assert set(second.labels("artist")) == {f"artist_{artist}" for artist in by_size[20:39]}
    assert set(first.table.image_id).isdisjoint(second.table.image_id)


def test_settings_say_how_it_was_cut():
    collection = mine(artists())
    cut = cut_target(collection, "Artist-Classification-2", seed=1).settings["cut"]
    assert cut.pop("from_fingerprint") == collection.fingerprint("artist")
    expected = {"target": "Artist-Classification-2", "from": "mine", "challenge": "artist", "seed": 1, "rule": "1"}
    assert cut == expected
    smaller = cut_target(collection, "Artist-Classification-2", classes=3, images=90, skip=5)
    assert expected.items() - {("seed", 1)} <= smaller.settings["cut"].items()
    assert {("classes", 3), ("images", 90), ("skip", 5)} <= smaller.settings["cut"].items()
    assert "not as in Table 4, or not by the rule: classes 3, images 90, skip 5" in smaller.notes
    assert collection.settings == {}


@pytest.mark.parametrize(
    ("sizes", "target", "options", "expected"),
    [
        (artists(38), "Artist-Classification-2", {}, "has 38 classes of artist with at least 20 images, and"),
        (
            artists(38),
            "Artist-Classification-2",
            {},
            "takes 19 after the first 20; name another challenge= or another download, "
            "or cut fewer (classes=18 or another skip=)",
        ),
        (
            artists(19),
            "Artist-Classification-1",
            {},
            "takes 20; name another challenge= or another download, or cut fewer (classes=19)",
        ),
        (artists(20, 190), "Artist-Classification-1", {}, "hold 3,800 images, and it needs 3,881"),
        (artists(20, 190), "Artist-Classification-1", {}, "cut a smaller one (images=3800)"),
        (
            artists(),
            "Bone-Marrow",
            {},
            "target=Bone-Marrow is not cut from WikiArt or OmniArt; choose one of Artist-",
        ),
        (artists(), "x\ny", {}, "target='x\\ny' is not"),
        (artists(), "Type-Classification", {}, "mine has no challenge 'type'"),
        (artists(), "Artist-Classification-1", {"classes": 21}, "classes=21 is out of range; "),
        (artists(), "Artist-Classification-1", {"classes": 1}, "has 2 to 20 (Table 4)"),
        (artists(), "Artist-Classification-1", {"images": 399}, "images=399 is out of range; "),
        (artists(), "Artist-Classification-1", {"images": 3882}, "has 400 (20 a class) to 3,881 (Table 4)"),
        (artists(), "Artist-Classification-1", {"skip": -1}, "skip=-1 is out of range"),
        (artists(), "Artist-Classification-1", {"seed": 2**32}, "seed=4294967296 is out of range"),
    ],
)
def test_what_cannot_be_cut_is_refused(sizes, target, options, expected):
    with pytest.raises(InputError) as caught:
        cut_target(mine(sizes), target, **options)
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("available", "total", "shares"),
    [
        ([10, 2, 5], 9, [4, 2, 3]),
        ([10, 2, 5], 17, [10, 2, 5]),
        ([10, 10, 10], 10, [4, 3, 3]),
        ([3, 10, 10], 22, [3, 10, 9]),
        ([7, 1, 1, 7], 12, [5, 1, 1, 5]),
        ([5, 5], 0, [0, 0]),
        ([], 0, []),
    ],
)
def test_sharing_out_by_hand(available, total, shares):
    assert share_out(available, total) == shares


def test_more_than_there_is_cannot_be_shared_out():
    with pytest.raises(ValueError, match="cannot share 4 out of 3"):
        share_out([1, 2], 4)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=30), st.data())
def test_sharing_out_is_exact_and_as_even_as_possible(available, data):
    total = data.draw(st.integers(0, sum(available)))
    shares = share_out(available, total)
    assert sum(shares) == total
    assert all(0 <= share <= size for share, size in zip(shares, available, strict=True))
    largest = max(shares)
    open_ones = [share for share, size in zip(shares, available, strict=True) if share < size]
    assert all(share >= largest - 1 for share in open_ones)  # who has images left is at most one behind any other


@pytest.mark.parametrize("classes", [2, 7, 20])
@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_cuts_have_every_class_in_every_part(classes, seed):
    sizes = {label: FEWEST + (number % 3) * number for number, label in enumerate(artists(20))}
    for images in (FEWEST * classes, FEWEST * classes + 1):
        if images <= sum(sorted(sizes.values())[-classes:]):
            cut = cut_target(mine(sizes), "Artist-Classification-1", classes=classes, images=images, seed=seed)
            counts = pd.crosstab(cut.labels("artist"), cut.given_split())
            assert counts.shape == (classes, 3)
            assert (counts > 0).all(axis=None)
            assert len(cut) == images
