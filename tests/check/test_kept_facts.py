"""What is found in pictures is kept by their content: neither a place, a name nor a time makes it be found anew."""

import os
import shutil
import sys

import numpy as np
import pytest
from pictures import scene
from PIL import Image
from stores import before_decoding, forbid_decoding

from arttl.check.grouping import duplicate_grouping
from arttl.check.images import read_images
from arttl.cli import run_main
from arttl.cli.commands import main, main_parser
from arttl.images import identify_files

FIELDS = ("image_ids", "files", "pixels", "bad", "lost")


@pytest.fixture
def museum(tmp_path):
    """Twenty-four drawings in two class folders, of which four are twins of others, and two each other's copies."""
    for number in range(24):
        path = tmp_path / "museum" / ("print", "drawing")[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(number if number < 20 else number - 20, 64).save(path)
    shutil.copy(tmp_path / "museum" / "print" / "10.png", tmp_path / "museum" / "drawing" / "copy.png")
    return tmp_path / "museum"


def paths_of(folder):
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.png"))}


def same_facts(one, other):
    for name in FIELDS:
        assert getattr(one, name) == getattr(other, name)
    for name in ("hashes", "thumbnails", "flat"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture
def arttl(tmp_path, monkeypatch, capsys):
    """Run a command of arttl that keeps all it makes in tmp_path; returns (exit code, standard output)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["arttl", *map(str, arguments), "--cache", "cache"])
        with pytest.raises(SystemExit) as end:
            run_main(main, main_parser(), keras=False)
        return end.value.code or 0, capsys.readouterr().out

    return run


def test_pictures_are_not_looked_at_again(museum, tmp_path, monkeypatch):
    found = read_images(paths_of(museum), cache=tmp_path / "cache", progress=False)
    same_facts(found, read_images(paths_of(museum), progress=False))  # nothing kept
    assert len(found.image_ids) == 25
    moved = shutil.copytree(museum, tmp_path / "moved", copy_function=shutil.copyfile)
    for path in paths_of(moved).values():
        os.utime(path, ns=(1, 1))
    with monkeypatch.context() as patch:
        forbid_decoding(patch)
        same_facts(found, read_images(paths_of(moved), cache=tmp_path / "cache", progress=False))
    (moved / "print" / "00.png").write_bytes(b"no picture")
    Image.new("L", (64, 64), 9).save(moved / "print" / "02.png")
    looked_at = []
    before_decoding(monkeypatch, lambda path: looked_at.append(path.name))
    for _ in range(2):
        again = read_images(paths_of(moved), cache=tmp_path / "cache", progress=False)
    assert sorted(looked_at) == ["00.png", "00.png", "02.png"]  # what cannot be read is tried again
    assert again.bad.keys() == {"print/00.png"}
    assert again.flat[again.image_ids.index("print/02.png")]


def test_a_picture_that_another_bound_let_in_is_looked_at_again(tmp_path):
    path = {"large": tmp_path / "large.png"}
    Image.new("L", (1100, 1000), 9).save(path["large"])
    for megapixels, bad in ((2, set()), (1, {"large"}), (None, set())):
        assert read_images(path, cache=tmp_path, progress=False, megapixels=megapixels).bad.keys() == bad


def test_of_equal_files_one_is_looked_at(museum, monkeypatch):
    looked_at = []
    before_decoding(monkeypatch, lambda path: looked_at.append(path.name))
    read_images(paths_of(museum), progress=False)
    assert len(looked_at) == 20  # four twins and the copy have been seen


def test_damaged_facts_are_found_anew_and_a_folder_that_cannot_be_written_keeps_none(museum, tmp_path):
    found = read_images(paths_of(museum), cache=tmp_path / "cache", progress=False)
    (kept,) = (tmp_path / "cache").glob("*.facts")
    content = bytearray(kept.read_bytes()[:-1])
    content[40] ^= 1
    kept.write_bytes(content)
    same_facts(found, read_images(paths_of(museum), cache=tmp_path / "cache", progress=False))
    (tmp_path / "file").touch()
    same_facts(found, read_images(paths_of(museum), cache=tmp_path / "file", progress=False))


def test_a_grouping_finds_duplicates_in_what_was_kept(museum, tmp_path, monkeypatch):
    paths = paths_of(museum)
    files = identify_files(paths)
    first = duplicate_grouping(paths, files, tmp_path / "cache").find()
    assert sorted(map(len, first)) == [2, 2, 2, 2, 2]
    forbid_decoding(monkeypatch)
    assert duplicate_grouping(paths, files, tmp_path / "cache").find() == first


def test_prepare_decodes_once_for_stores_and_duplicates_and_check_not_again(museum, arttl, monkeypatch):
    opened = []
    with monkeypatch.context() as patch:
        before_decoding(patch, lambda path: opened.append(path.name))
        code, out = arttl("prepare", museum, "--group-duplicates", "--architecture", "vgg19", "xception")
    assert code == 0
    assert "images at 224 pixels: 25, " in out
    assert "images at 299 pixels: 25, " in out
    assert len(opened) == len(set(opened)) == 25
    assert "10 images in 5 groups of duplicates, each kept in one part" in out
    forbid_decoding(monkeypatch)
    _, out = arttl("check", museum)
    assert "exact duplicates: 5 groups of 10 images" in out
    assert arttl("prepare", museum, "--group-duplicates", "--split-seed", "1")[0] == 0
