"""Builds of the image store that are killed, interrupted, concurrent, or meet damaged files and full disks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import types

import h5py
import numpy as np
import pytest
from PIL import Image
from stores import DECODING, REPOSITORY, before_decoding, build, done_rows, forbid_decoding

from arttl.base.errors import InputError
from arttl.images import ImageStore

KILLED = """
import sys, time
from pathlib import Path
from arttl.images import Decoding, ImageStore, once
once.SYNC_SECONDS = 0.02
read = once.read_picture
def slow(*arguments):
    time.sleep(0.02)
    return read(*arguments)
once.read_picture = slow
paths = sorted(Path(sys.argv[1]).iterdir())
ImageStore.build({path.name: path for path in paths}, Decoding((8, 8)), sys.argv[2], workers=2, progress=False)
"""


def start_slow_build(data, folder):
    return subprocess.Popen([sys.executable, "-c", KILLED, str(data), str(folder)], cwd=REPOSITORY)


def test_a_killed_build_is_continued(tmp_path, monkeypatch):
    data, folder = tmp_path / "data", tmp_path / "stores"
    data.mkdir()
    for number in range(200):
        Image.new("RGB", (10, 10), (number, 1, 2)).save(data / f"{number:03}.png")
    process = start_slow_build(data, folder)
    end = time.monotonic() + 600
    while done_rows(folder) < 20 and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = done_rows(folder)
    assert 20 <= done < 200

    decoded = []
    images = {path.name: path for path in sorted(data.iterdir())}
    with monkeypatch.context() as patch:
        before_decoding(patch, decoded.append)
        continued = ImageStore.build(images, DECODING, folder, progress=False)
    assert len(decoded) == len(set(decoded)) == 200 - done
    fresh = ImageStore.build(images, DECODING, tmp_path / "fresh", progress=False)
    np.testing.assert_array_equal(continued.read(continued.rows(images)), fresh.read(fresh.rows(images)))
    assert continued.read(continued.rows(images))[:, 0, 0, 0].tolist() == list(range(200))
    assert not list(folder.glob("*.partial.h5"))


def test_an_interrupted_build_keeps_what_was_finished(images, tmp_path, monkeypatch):
    def interrupted(path):
        if path.stem == "9":  # the last but none by id order: ids sort as text
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        before_decoding(patch, interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(images, tmp_path, workers=1)
    assert done_rows(tmp_path / "stores") == 11
    assert len(build(images, tmp_path)) == 12


@pytest.mark.parametrize("damage", ["cut", "garbage", "other"])
@pytest.mark.parametrize("name", ["final", "partial"])
def test_a_damaged_store_is_made_again(images, tmp_path, damage, name):
    built = build(images, tmp_path)
    expected = built.read(built.rows(images))
    path = built.path
    if name == "partial":
        path = path.rename(path.with_suffix(".partial.h5"))
    if damage == "cut":
        os.truncate(path, path.stat().st_size - 100)
    elif damage == "garbage":
        path.write_bytes(b"garbage")
    else:
        with h5py.File(path, "w") as file:
            file.attrs["something"] = "else"
    again = build(images, tmp_path)
    np.testing.assert_array_equal(again.read(again.rows(images)), expected)


def test_concurrent_builds_share_one_decoding(images, tmp_path, monkeypatch):
    decoded, built = [], []

    def slow(path):
        decoded.append(path)
        time.sleep(0.01)

    before_decoding(monkeypatch, slow)
    threads = [threading.Thread(target=lambda: built.append(build(images, tmp_path, workers=2))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(decoded) == 12
    assert len(built) == 4
    for each in built:
        assert each.read(each.rows(images))[:, 0, 0, 0].tolist() == list(range(12))


@pytest.mark.slow
def test_a_second_process_waits_for_the_first_and_reuses_its_store(tmp_path, monkeypatch, capsys):
    data, folder = tmp_path / "data", tmp_path / "stores"
    data.mkdir()
    for number in range(150):
        Image.new("RGB", (10, 10), (number, 1, 2)).save(data / f"{number:03}.png")
    process = start_slow_build(data, folder)
    end = time.monotonic() + 600
    while done_rows(folder) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    forbid_decoding(monkeypatch)
    images = {path.name: path for path in sorted(data.iterdir())}
    built = ImageStore.build(images, DECODING, folder)
    assert process.wait() == 0
    assert built.read(built.rows(images))[:, 0, 0, 0].tolist() == list(range(150))
    assert "waiting for another process" in capsys.readouterr().err


def test_a_full_disk_or_unwritable_folder_is_named(images, tmp_path, monkeypatch):
    (tmp_path / "stores").write_text("a file where the folder should be")
    with pytest.raises(InputError, match=r"stores cannot be written.*name another folder"):
        build(images, tmp_path)
    (tmp_path / "stores").unlink()

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=0))
        with pytest.raises(InputError, match=r"needs 0\.0 GB and 0\.0 GB are free"):
            build(images, tmp_path)
        assert not list((tmp_path / "stores").glob("*.h5"))

    def full(descriptor, data, offset):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(InputError, match=r"stores cannot be written: No space left on device; free space"):
            build(images, tmp_path)
    assert not [path for path in (tmp_path / "stores").glob("*.h5") if "partial" not in path.name]
    assert len(build(images, tmp_path)) == 12  # and once there is space again, it goes on


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_finished_store_in_a_read_only_folder_is_reused(images, tmp_path):
    build(images, tmp_path)
    (tmp_path / "stores").chmod(0o555)
    try:
        assert len(build(images, tmp_path)) == 12
    finally:
        (tmp_path / "stores").chmod(0o755)
