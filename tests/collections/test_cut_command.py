"""The command that cuts a target out of a download: its folders, links, interruptions and hostile labels."""

import errno
import json
import os
import sys
from pathlib import Path

import pandas as pd
import pytest
from collection_files import touch, write
from cut_downloads import mine

from arttl.base.names import safe_name
from arttl.cli import run_main
from arttl.cli.commands import main, main_parser
from arttl.collections import cut_target, open_collection
from arttl.collections.cut import FEWEST
from arttl.collections.cut_folder import layout, write_cut
from arttl.collections.table import Collection


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


@pytest.mark.slow
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
