"""Hostile pictures, disks and neighbours: one line, or one good store equal to an undisturbed one."""

import os
import shutil
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest
from hostile import REPOSITORY, assert_checked, check_all
from pictures import BOMBS, encoded, huge_frame
from PIL import Image
from stores import before_decoding, build, done_rows
from test_image_store_builds import start_slow_build

from arttl.base.errors import InputError
from arttl.check import images as checking
from arttl.collections.image_folder import IMAGE_SUFFIXES
from arttl.images import Decoding, ImageStore, store

LARGE = Decoding((64, 64))


OTHERS = {
    "frame.gif": huge_frame(),
    "ppm.png": b"P6\n60000 60000\n255\n",
    "empty.png": b"",
    "cut.jpg": bytes(encoded("JPEG")[:200]),
}


@pytest.fixture
def pixels(tmp_path):
    """Sixty pictures of noise, whose store at 64 pixels takes 740 KB."""
    (tmp_path / "noise").mkdir()
    paths = {f"{number:02d}": tmp_path / "noise" / f"{number:02d}.png" for number in range(60)}
    for number, path in enumerate(paths.values()):
        noise = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
    return paths


def stored(images, folder, decoding=LARGE):
    """The bytes of the images' store in a folder, where nothing else is left but its lock."""
    path = ImageStore.build(images, decoding, folder, progress=False).path
    assert sorted(each.suffix for each in folder.iterdir()) == [".h5", ".lock"]
    return path.read_bytes()


def complaint(images, folder, decoding=LARGE):
    with pytest.raises(InputError) as caught:
        ImageStore.build(images, decoding, folder, progress=False)
    message = str(caught.value)
    assert message.isprintable()
    return message


# --- pictures


@pytest.mark.slow
def test_hostile_pictures_are_named_by_the_check(tmp_path):
    assert set(BOMBS) < IMAGE_SUFFIXES
    folder = tmp_path / "data" / "a"
    folder.mkdir(parents=True)
    for name, content in {**{f"bomb{suffix}": content for suffix, content in BOMBS.items()}, **OTHERS}.items():
        (folder / name).write_bytes(content)
    for name in ("pipe.jpg", "\x1b[31m\n.png"):
        os.mkfifo(folder / name)
    Image.new("RGB", (9, 9)).save(folder / "good.png")
    outcome = check_all({"pictures": (tmp_path, [])})["pictures"]
    assert_checked(outcome, 1)
    causes = {each["item"][2:]: each["detail"] for each in outcome.findings if each["kind"] == "corrupt"}
    assert "good.png" not in causes
    for name in (*(f"bomb{suffix}" for suffix in BOMBS), "frame.gif", "ppm.png"):
        assert "decompression bomb" in causes.pop(name)
    assert causes.pop("pipe.jpg") == causes.pop("\x1b[31m\n.png") == "it is not a regular file"
    assert causes.pop("empty.png") == "empty file"
    assert list(causes) == ["cut.jpg"]


def test_a_store_of_pipes_and_bombs_is_refused_in_one_line(tmp_path):
    os.mkfifo(tmp_path / "a\n\x1b[31m.jpg")
    (tmp_path / "b.webp").write_bytes(BOMBS[".webp"])
    images = {path.name: path for path in sorted(tmp_path.iterdir())}
    message = complaint(images, tmp_path / "stores")
    assert message.startswith("none of the 2 images can be read, first '")
    assert r"a\n\x1b[31m.jpg' (it is not a regular file), all listed in" in message


@pytest.mark.parametrize("how", ["vanishes", "is cut", "becomes a pipe"])
def test_a_picture_that_changes_while_it_is_read(pixels, tmp_path, monkeypatch, how):
    def change(path):
        content = path.read_bytes()
        path.unlink()
        if how == "is cut":
            path.write_bytes(content[:-100])
        elif how == "becomes a pipe":
            os.mkfifo(path)

    with monkeypatch.context() as patch:
        before_decoding(patch, lambda path: path == pixels["07"] and change(path))
        assert f"1 of 60 images cannot be read, first {pixels['07']} (" in complaint(pixels, tmp_path / "stores")
    assert not list((tmp_path / "stores").glob(".*.new"))

    before_decoding(monkeypatch, lambda path: path == pixels["08"] and path.unlink())
    assert set(checking.read_images(pixels, progress=False).bad) == {"07", "08"}


# --- full disks


@pytest.fixture
def disk(tmp_path):
    """A disk of its own: a function that makes it, or makes it larger; skipped where mounting is not permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def resize(size):
        again = ["remount,"] if os.path.ismount(folder) else [""]
        command = ["mount", "-t", "tmpfs", "-o", f"{again[0]}size={size}k", "none", str(folder)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small disk is not permitted")
        return folder

    yield resize
    if os.path.ismount(folder):
        subprocess.run(["umount", "-l", str(folder)], check=True)  # the store is mapped still


@pytest.mark.parametrize("size", [4, 8, 12, 64, 400, 700])
def test_a_disk_that_fills_up_and_is_given_room(pixels, tmp_path, disk, monkeypatch, size):
    folder = disk(size) / "stores"
    assert "GB are free: free space or name another folder" in complaint(pixels, folder)
    with monkeypatch.context() as patch:  # others fill the disk only after the look
        patch.setattr(store.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=1 << 40))
        assert "cannot be written: No space left on device; free space" in complaint(pixels, folder)
    assert not [path for path in folder.iterdir() if path.suffix == ".h5" and ".partial" not in path.name]
    disk(4000)
    assert stored(pixels, folder) == stored(pixels, tmp_path / "undisturbed")


LIMITED = """
import os, resource, signal, sys
from pathlib import Path
from arttl.base.errors import InputError
from arttl.images import Decoding, ImageStore
images = {path.stem: path for path in sorted(Path(sys.argv[1]).iterdir())}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in sys.argv[3:]:
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
        try:
            ImageStore.build(images, Decoding((64, 64)), Path(sys.argv[2], limit), progress=False)
        except InputError as error:
            os._exit(2 if str(error).isprintable() and "cannot be written: File too large" in str(error) else 1)
        os._exit(0)
    print(limit, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_files_that_must_not_grow_further(pixels, tmp_path):
    """HDF5 itself would crash on some of these limits, so each is met in a process of its own."""
    limits = ["0", "100", "2000", "5000", "10000", "100000", "700000"]
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "noise"), str(tmp_path / "stores"), *limits]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.splitlines() == [f"{limit} 2" for limit in limits]
    undisturbed = stored(pixels, tmp_path / "undisturbed")
    for limit in limits:
        assert stored(pixels, tmp_path / "stores" / limit) == undisturbed


# --- two processes at once


def lock_holder(processes):
    """The process that holds a lock, or None, as Linux' /proc/locks says."""
    holders = {int(line.split()[4]) for line in Path("/proc/locks").read_text().splitlines() if " -> " not in line}
    return next((process for process in processes if process.pid in holders), None)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who holds a lock")
def test_of_two_processes_one_is_killed_and_the_other_ends_with_the_store(tmp_path):
    data, folder = tmp_path / "data", tmp_path / "stores"
    data.mkdir()
    for number in range(600):
        Image.new("RGB", (10, 10), (number % 256, number // 256, 2)).save(data / f"{number:03}.png")
    processes = [start_slow_build(data, folder) for _ in range(2)]
    end = time.monotonic() + 600
    while (done_rows(folder) < 20 or not lock_holder(processes)) and time.monotonic() < end:
        time.sleep(0.01)
    holder = lock_holder(processes)
    assert done_rows(folder) < 600
    holder.kill()
    assert [process.wait(600) for process in processes] == [-9 if process is holder else 0 for process in processes]
    images = {path.name: path for path in sorted(data.iterdir())}
    assert stored(images, folder, Decoding((8, 8))) == build(images, tmp_path / "fresh").path.read_bytes()


SAVING = """
import os, sys, time
from pathlib import Path
import pandas as pd
from arttl.splits import load_split, make_split, save_split
labels = pd.Series({f"{number:04}": f"class {number % 3}" for number in range(600)})
split = make_split(labels)
Path(sys.argv[2], str(os.getpid())).touch()
while len(os.listdir(sys.argv[2])) < 2:
    time.sleep(0.001)
for _ in range(40):
    save_split(split, sys.argv[1])
    assert load_split(sys.argv[1]).fingerprint == split.fingerprint
"""


@pytest.mark.slow
def test_two_processes_that_save_one_split_leave_it_whole(tmp_path):
    (tmp_path / "splits").mkdir()
    (tmp_path / "ready").mkdir()
    command = [sys.executable, "-c", SAVING, str(tmp_path / "splits" / "s.csv"), str(tmp_path / "ready")]
    processes = [subprocess.Popen(command, cwd=REPOSITORY) for _ in range(2)]
    assert [process.wait(600) for process in processes] == [0, 0]
    assert sorted(path.name for path in (tmp_path / "splits").iterdir()) == ["s.csv", "s.json"]
