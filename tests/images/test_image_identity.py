"""Content decides which files and pixels are the same: no time, place or order, and nothing else in the collection."""

import hashlib
import json
import os
import pickle
import shutil

import h5py
import numpy as np
import pytest
from PIL import Image
from stores import DECODING, before_decoding, build

from arttl.images import Decoding, ImageStore, filling, identify_files, identity, known

LARGE = 200_000  # bytes: earlier versions looked at the ends of such files, and at their time


@pytest.fixture
def large(tmp_path):
    """A large file, by whose name it is asked for: dict of image_id to path."""
    path = tmp_path / "files" / "large.bin"
    path.parent.mkdir()
    path.write_bytes(np.random.default_rng(0).bytes(LARGE))
    return {"id": path}


def test_every_byte_of_a_large_file_counts_and_its_time_and_place_do_not(large, tmp_path):
    path, first = large["id"], identify_files(large)
    os.utime(path, ns=(5, 5))
    assert identify_files(large) == first
    copy = shutil.copyfile(path, tmp_path / "copy.bin")
    assert identify_files({"id": copy}) == first
    content = bytearray(path.read_bytes())
    content[LARGE // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(5, 5))
    changed = identify_files(large)
    assert changed.fingerprint != first.fingerprint
    assert changed.contents != first.contents
    assert changed.contents["id"] == f"{LARGE}-{hashlib.sha256(content).hexdigest()[:32]}"
    assert identify_files({"other": copy}).fingerprint != first.fingerprint


def test_fingerprints_of_earlier_versions_are_known_again(large):
    """Up to arttl 0.1: of each file id, size, time if over 64 KiB, and SHA-256 of all or of both ends of 4 KiB."""
    small = large["id"].with_name("small")
    small.write_bytes(b"small")
    content, time = large["id"].read_bytes(), large["id"].stat().st_mtime_ns
    facts = [["id", LARGE, time, hashlib.sha256(content[:4096] + content[-4096:]).hexdigest()]]
    facts += [["small", 5, 0, hashlib.sha256(b"small").hexdigest()]]
    former = hashlib.sha256("".join(map(json.dumps, facts)).encode()).hexdigest()
    found = identify_files(large | {"small": small})
    assert found.fingerprint == former
    assert former == found.fingerprint
    assert str(found.fingerprint) != former
    assert found.fingerprint != "another"
    assert pickle.loads(pickle.dumps(found.fingerprint)) == former
    assert json.loads(json.dumps(found.fingerprint)) == str(found.fingerprint)
    assert found.former_contents == {"id": f"{LARGE}-{facts[0][3][:32]}", "small": found.contents["small"]}
    os.utime(large["id"], ns=(5, 5))
    assert identify_files(large | {"small": small}).fingerprint != former


def test_files_are_read_again_only_when_something_of_them_has_changed(large, tmp_path, monkeypatch):
    monkeypatch.setattr(known, "_SETTLED", 0)  # files written just now count as old
    path, cache, read = large["id"], tmp_path / "cache", []
    monkeypatch.setattr(identity, "_read", lambda *a, read_file=identity._read: read.append(a) or read_file(*a))
    cache.mkdir()
    first = identify_files(large, cache)
    assert identify_files(large, cache) == first
    assert len(read) == 1
    status, content = path.stat(), bytearray(path.read_bytes())
    content[100_000] ^= 1
    path.write_bytes(content)  # in place and of the same size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # and even with the time that it had
    assert identify_files(large, cache).contents != first.contents
    assert len(read) == 2
    note = next(cache.glob("contents-*.json"))
    note.write_text("damaged")
    assert identify_files(large, cache) == identify_files(large)
    note.unlink()
    (note / "in the way").mkdir(parents=True)  # what cannot be kept is read again
    assert identify_files(large, cache) == identify_files(large)
    shutil.rmtree(cache)
    identify_files(large, cache)
    assert not cache.exists()  # the note is made for nobody who did not ask for a cache


def test_a_file_that_was_written_just_now_is_not_taken_for_known(large, tmp_path):
    """A second change within the file system's resolution of time would not show."""
    identify_files(large, tmp_path)
    assert not list(tmp_path.glob("contents-*.json"))


def counted_decoding(monkeypatch):
    decoded = []
    before_decoding(monkeypatch, lambda path: decoded.append(path.name))
    return decoded


def first_pixels(built):
    return built.read(np.arange(len(built)))[:, 0, 0, 0].tolist()


def test_mending_one_file_decodes_one_file_and_removes_the_old_store(images, tmp_path, monkeypatch):
    images["id-3"].write_bytes(b"broken")
    old = build(images, tmp_path, skip_bad_images=True).path
    decoded = counted_decoding(monkeypatch)
    Image.new("RGB", (10, 10), (99, 0, 0)).save(images["id-3"])
    mended = build(images, tmp_path)
    assert decoded == ["3.png"]
    assert first_pixels(mended) == [0, 1, 2, 99, 4, 5, 6, 7, 8, 9, 10, 11]
    assert mended.path != old
    assert [path.name for path in (tmp_path / "stores").iterdir() if path.name[0] != "."] == [mended.path.name]


def test_a_store_that_is_read_stays(images, tmp_path):
    held = build(images, tmp_path)
    copy = pickle.loads(pickle.dumps(held))  # as in another process, which may open it later
    Image.new("RGB", (10, 10), (99, 0, 0)).save(images["id-3"])
    build(images, tmp_path)
    assert held.path.exists()
    expected = held.read(np.arange(12))
    del held
    Image.new("RGB", (10, 10), (98, 0, 0)).save(images["id-3"])
    np.testing.assert_array_equal(copy.read(np.arange(12)), expected)
    old = copy.path
    del copy
    build(images, tmp_path)
    assert not old.exists()


def test_stores_of_other_collections_and_of_a_small_part_of_one_stay(images, tmp_path, monkeypatch):
    part = build({key: images[key] for key in ("id-1", "id-2")}, tmp_path).path
    (tmp_path / "other").mkdir()
    other = {key: tmp_path / "other" / path.name for key, path in images.items()}  # other pictures of the same ids
    for number, path in enumerate(other.values()):
        Image.new("RGB", (10, 10), (200, number, 0)).save(path)
    kept = build(other, tmp_path).path
    decoded = counted_decoding(monkeypatch)
    build(images, tmp_path)
    assert len(decoded) == 10  # the part's two are there already
    assert part.exists()
    assert kept.exists()


def test_rows_are_not_taken_over_from_another_decoding(images, tmp_path, monkeypatch):
    build(images, tmp_path, Decoding((8, 8), "nearest", "load_img"))
    decoded = counted_decoding(monkeypatch)
    build(images, tmp_path)
    assert len(decoded) == 12


def test_a_store_of_an_earlier_version_is_taken_over(images, tmp_path, monkeypatch):
    """Its name came from the files' times too, and it did not keep their contents."""
    monkeypatch.setattr(identity, "_WHOLE_FILE", 0)  # so that these small files were large ones
    monkeypatch.setattr(identity, "_FILE_END", 20)
    built = build(images, tmp_path)
    former = filling.fingerprint_of(DECODING, identify_files(images).fingerprint.former)
    old = built.path.with_name(f"images-{DECODING.label}-{former[:12]}.h5")
    built.path.rename(old)
    del built
    with h5py.File(old, "a") as file:
        del file["contents"]
        del file.attrs["version"]
        file.attrs["fingerprint"] = former
    decoded = counted_decoding(monkeypatch)
    again = build(images, tmp_path)
    assert decoded == []
    assert first_pixels(again) == list(range(12))
    assert not old.exists()


def test_a_store_begun_on_files_that_were_mended_since_is_taken_over(images, tmp_path, monkeypatch):
    def interrupted(path):
        if path.name == "9.png":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        before_decoding(patch, interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(images, tmp_path, workers=1)
    Image.new("RGB", (10, 10), (99, 0, 0)).save(images["id-9"])
    decoded = counted_decoding(monkeypatch)
    ImageStore.build(images, DECODING, tmp_path / "stores", workers=1, progress=False)
    assert decoded == ["9.png"]
    assert not list((tmp_path / "stores").glob("*.partial.h5"))
