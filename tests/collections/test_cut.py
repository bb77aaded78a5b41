"""The target sets cut from WikiArt and OmniArt: their rule, and the folder that `python -m arttl cut` makes."""

import errno
import json
import os
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from collection_files import touch, write
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from arttl.base.errors import InputError
from arttl.base.names import safe_name
from arttl.cli import run_main
from arttl.cli.commands import main, main_parser
from arttl.collections import cut_target, open_collection
from arttl.collections.cut import FEWEST, rank_classes, share_out
from arttl.collections.cut_folder import layout, write_cut
from arttl.collections.table import Collection

TABLE_4 = {  # thesis, Table 4: train, validation, test, classes
    "Artist-Classification-1": (3103, 389, 389, 20),
    "Type-Classification": (2868, 360, 360, 20),
    "Artist-Classification-2": (2827, 353, 353, 19),
}
SIZES = [60 + (37 * artist) % 341 for artist in range(60)]  # 60 to 400 works of each of 60 artists
STYLES = 27


def write_lists(folder, rows):
    """WikiArt's lists of artists and styles from rows (file, artist, style)."""
    for name, column, classes in (("artist", 1, len(SIZES)), ("style", 2, STYLES)):
        write(folder / f"{name}_class.txt", "".join(f"{number} {name}_{number}\n" for number in range(classes)))
        for part, some in (("train", rows[::2]), ("val", rows[1::2])):
            write(folder / f"{name}_{part}.csv", "".join(f"{row[0]},{row[column]}\n" for row in some))


@pytest.fixture(scope="module")
def rows():
    return [
        (f"Style_{(artist + work) % STYLES}/artist-{artist}_work-{work}.jpg", artist, (artist + work) % STYLES)
        for artist, size in enumerate(SIZES)
        for work in range(size)
    ]


@pytest.fixture(scope="module")
def wikiart(tmp_path_factory, rows):
    data = tmp_path_factory.mktemp("downloads") / "wikiart"
    for style in range(STYLES):
        (data / "wikiart" / f"Style_{style}").mkdir(parents=True)
    for file, _, _ in rows:
        (data / "wikiart" / file).touch()
    write_lists(data / "wikiart_csv", rows)
    return data


def mine(sizes, challenge="artist"):
    """A Collection of so many images of each label."""
    rows = [(f"{label}-{number:04d}", label) for label, size in sizes.items() for number in range(size)]
    table = pd.DataFrame(rows, columns=["image_id", challenge], dtype=str)
    return Collection("mine", table.assign(path=[f"/data/{each}.jpg" for each in table.image_id]), (challenge,))


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


# --- sharing out


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


# --- on disk


@pytest.fixture
def command(monkeypatch, capsys):
    """Run a command of arttl; returns (exit code, standard output, standard error)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["arttl", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            run_main(main, main_parser(), keras=False, interrupted="nothing was written")
        return end.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def download(tmp_path):
    """A small download: 5 artists with 30 works each, an OmniArt CSV; every file holds its own name."""
    lines = ["id,artist_full_name,file_name"]
    for number in range(150):
        file = f"{number % 7}/{number % 5}/{number // 35}.png"  # few basenames, so that they clash in a class
        write(tmp_path / "omniart" / "images" / file, f"image {number}")
        lines.append(f'{number},"{"abcde"[number % 5]} van Gogh",{file}')
    write(tmp_path / "omniart" / "all.csv", "\n".join(lines))
    return tmp_path / "omniart"


SMALL = ("--target", "Artist-Classification-1", "--images", "100", "--classes", "4")


def test_the_command_end_to_end(wikiart, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "sets" / "Artist-Classification-1"
    asked = ("cut", wikiart, "--target", folder.name, "--to", folder)
    code, out, _ = command(*asked)
    assert code == 0
    assert "3,881 images (3,103 train, 389 validation, 389 test), 20 classes of artist" in out
    assert "the thesis does not say which classes and images it took" in out
    assert "no image was opened" in out
    assert sorted(os.listdir(folder)) == ["cut.json", "test", "train", "val"]
    code, out, _ = command("check", folder, "--challenge", "artist", "--metadata-only")
    assert code == 0
    assert "as in Table 4" in out
    assert "unlike" not in out
    assert "left out" not in out
    cut = cut_target(open_collection(wikiart, "artist"), folder.name)
    read = open_collection(folder, "artist")
    assert read.settings == cut.settings
    about = {each["file"]: each for each in json.loads((folder / "cut.json").read_text())["images"]}
    table = read.table.assign(source=[about[image_id]["image_id"] for image_id in read.table.image_id])
    by_source = table.set_index("source").sort_index()
    expected = cut.table.set_index("image_id")
    assert by_source.artist.equals(expected.artist)
    assert by_source.given_split.equals(expected.given_split)
    first = about[read.table.image_id[0]]
    assert (wikiart / first["path"]).samefile(folder / first["file"])  # a hard link
    before = (folder / "cut.json").stat().st_mtime_ns
    code, out, _ = command(*asked)
    assert code == 0
    assert "holds this cut already; nothing was written" in out
    assert (folder / "cut.json").stat().st_mtime_ns == before


def test_another_folder_name_is_compared_with_table_4_too(download, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command("cut", download, *SMALL, "--to", "mine")[0] == 0
    out = command("check", "mine", "--metadata-only")[1]
    assert "unlike Table 4: train has 80 images, not 3,103" in out
    assert "4 classes, not 20" in out


def contents(folder):
    """What lies in a folder: {(label folder, text of the image)}, whatever the images' names."""
    return sorted((path.parent.name, path.read_text()) for path in Path(folder).rglob("*.png"))


def test_images_with_the_same_name_and_copies(download, command, tmp_path):
    assert command("cut", download, *SMALL, "--to", tmp_path / "links")[0] == 0
    code, out, _ = command("cut", download, *SMALL, "--to", tmp_path / "copies", "--copy")
    assert code == 0
    assert "100 copies in" in out
    assert len(set(contents(tmp_path / "links"))) == 100
    assert contents(tmp_path / "links") == contents(tmp_path / "copies")
    for label, text in contents(tmp_path / "links"):
        assert label == f"{'abcde'[int(text.split()[1]) % 5]} van Gogh"
    assert all(path.stat().st_nlink == 2 for path in (tmp_path / "links").rglob("*.png"))
    assert all(path.stat().st_nlink == 1 for path in (tmp_path / "copies").rglob("*.png"))


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM])
def test_where_links_cannot_be_made_there_are_copies(download, command, tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, "not here")

    monkeypatch.setattr(os, "link", refuse)
    code, out, _ = command("cut", download, *SMALL, "--to", tmp_path / "set")
    assert code == 0
    assert "100 copies in" in out
    assert "no hard links there: not here" in out
    assert len(contents(tmp_path / "set")) == 100


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_an_interruption_leaves_nothing(download, command, tmp_path, monkeypatch, error):
    made, link = [], os.link

    def stop(*names):
        made.append(names)
        if len(made) > 50:
            raise error
        link(*names)

    monkeypatch.setattr(os, "link", stop)
    code, _, err = command("cut", download, *SMALL, "--to", tmp_path / "sets" / "one")
    assert code == (130 if isinstance(error, KeyboardInterrupt) else 2)
    assert len(err.splitlines()) == 1
    assert len(made) == 51
    assert os.listdir(tmp_path / "sets") == []
    monkeypatch.setattr(os, "link", link)
    assert command("cut", download, *SMALL, "--to", tmp_path / "sets" / "one")[0] == 0


def test_a_link_in_the_download_is_followed(download, command, tmp_path):
    image = download / "images" / "0" / "0" / "0.png"
    image.rename(image.with_name("real.png"))
    image.symlink_to("real.png")
    whole = ("--target", "Artist-Classification-1", "--images", "150", "--classes", "5")
    assert command("cut", download, *whole, "--to", tmp_path / "set")[0] == 0
    assert not any(path.is_symlink() for path in (tmp_path / "set").rglob("*"))
    assert ("a van Gogh", "image 0") in contents(tmp_path / "set")


def test_folders_that_are_not_empty_are_refused(download, command, tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    asked = ("cut", download, *SMALL, "--to", folder)
    assert command(*asked)[0] == 0  # empty: fine
    code, _, err = command(*asked, "--seed", "1")
    assert code == 2
    assert "is not empty, and holds no such cut; delete it or name another" in err
    next(folder.rglob("*.png")).unlink()
    code, _, err = command(*asked)
    assert code == 2
    assert "holds this cut, but not all its images" in err
    write(tmp_path / "file", "")
    assert "is there and no folder" in command(*asked[:-1], tmp_path / "file")[2]
    for inside in (download, download / "images" / "new"):
        assert "lies in" in command(*asked[:-1], inside)[2]
    assert "does not go with cut" in command(*asked, "--split", "challenge")[2]
    assert "is not cut from WikiArt or OmniArt" in command(*asked[:2], "--target", "Mouse-LBA", "--to", folder)[2]


def test_a_cut_that_was_changed_says_so(download, tmp_path):
    cut = cut_target(open_collection(download, "artist"), "Artist-Classification-1", images=100, classes=4)
    folder = tmp_path / "set"
    write_cut(cut, folder, download)
    assert open_collection(folder, "artist").settings == cut.settings
    touch(folder, "train/a van Gogh/mine.png")
    changed = open_collection(folder, "artist")
    assert changed.settings == {"cut": {**cut.settings["cut"], "changed": True}}
    assert "this is no longer that cut" in changed.notes[0]
    for text in ("[" * 100_000, "{", "[]", '{"cut": 3, "fingerprint": ""}'):
        write(folder / "cut.json", text)
        other = open_collection(folder, "artist")
        assert other.settings == {}
        assert "1 file left out (hidden, or no images)" in other.notes


HOSTILE = [
    "../../etc",
    "..",
    "a/b",
    "a\\b",
    "a:b",
    ".hidden",
    "new\nline",
    "nul\0",
    "x" * 3000,
    "x" * 2999 + "y",
    "é" * 200,
    "CON",
    "con",
    "Aux.tiff",
    "Rembrandt",
    "rembrandt",
    "rembrandT",
    "Boëtius Bolswert",
    "Boe\u0308tius Bolswert",
    "-rf",
    "trailing.",
]


def test_hostile_labels_make_safe_folders_and_stay_apart(tmp_path):
    data = tmp_path / "data"
    sizes = dict.fromkeys([*HOSTILE, safe_name("a/b"), "Rembrandt-2"], FEWEST)
    rows = [(f"{number:04d}.png", label) for number, label in enumerate(list(sizes) * FEWEST)]
    touch(data, *(image_id for image_id, _ in rows))
    table = pd.DataFrame(rows, columns=["image_id", "artist"]).assign(path=[str(data / name) for name, _ in rows])
    labels = list(sizes)
    for some in (labels[:20], labels[-20:]):
        here = Collection("data", table[table.artist.isin(some)], ("artist",))
        cut = cut_target(here, "Artist-Classification-1", images=20 * FEWEST)
        folder = tmp_path / f"set {len(list(tmp_path.iterdir()))}"
        write_cut(cut, folder, data)
        read = open_collection(folder, "artist")
        assert len(read) == 400
        assert {path.relative_to(folder).parts[0] for path in folder.rglob("*")} == {"cut.json", "train", "val", "test"}
        written = json.loads((folder / "cut.json").read_text())["classes"]
        assert {each["label"] for each in written} == set(some)
        names = [each["folder"] for each in written]
        assert len({name.casefold() for name in names}) == 20
        assert all(name.isprintable() and len(name.encode()) <= 130 for name in names)
        assert not any(name.startswith((".", "-")) or name.endswith((".", " ")) for name in names)
        assert not any(name.split(".")[0].casefold() in ("con", "aux", "nul") for name in names)
        assert read.labels("artist").value_counts().eq(FEWEST).all()


def test_plain_names_stay_as_they_are():
    for name in (
        "Vincent_van_Gogh",
        "carl frederik aagaard",
        "Boëtius Bolswert",
        "歌川広重",
        "'t Hooft, Jan (II)",
        "M.C. Escher",
    ):
        assert safe_name(name) == name
    collection = mine({"a/b": 30, "c": 30})
    cut = cut_target(collection, "Artist-Classification-1", classes=2, images=40)
    plan = layout(cut)
    assert plan.file.is_unique
    assert set(plan.folder[plan.label == "c"]) == {"c"}
    assert all(file.startswith("val/") for file in plan.file[plan.split == "validation"])
