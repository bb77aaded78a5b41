"""The image store: what it reads back, what makes it another store, and images it cannot read."""

from __future__ import annotations

import csv
import os
import pickle
import random
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
from pictures import noise_bytes
from PIL import Image
from stores import DECODING, REPOSITORY, build, forbid_decoding

from arttl.base.errors import InputError
from arttl.images import Decoding, ImageStore, once


def test_store_reads_back_every_image_in_the_order_asked(images, tmp_path):
    built = build(images, tmp_path)
    assert len(built) == 12
    assert built.image_ids == list(images)  # as given, though id-10 sorts before id-2
    assert built.bad == {}
    pixels = built.read(built.rows(["id-11", "id-2", "id-11"]))
    assert pixels.shape == (3, 8, 8, 3)
    assert pixels.dtype == np.uint8
    for image, number in zip(pixels, (11, 2, 11), strict=True):
        np.testing.assert_array_equal(image, np.broadcast_to([number, 2 * number, 3 * number], (8, 8, 3)))
    pixels[:] = 0  # a copy: the store is not changed
    assert built.read(built.rows(["id-2"]))[0, 0, 0].tolist() == [2, 4, 6]
    assert built.read([]).shape == (0, 8, 8, 3)


def test_unknown_ids_and_rows_are_refused(images, tmp_path):
    built = build(images, tmp_path)
    with pytest.raises(ValueError, match=r"2 of 3 images are not in .*first 'x' \(unknown image_id\)"):
        built.rows(["id-1", "x", "y"])
    for rows in ([12], [-1], [0.5], np.ones(12, bool)):
        with pytest.raises(IndexError, match="rows"):
            built.read(rows)


def test_second_build_decodes_nothing_in_any_order(images, tmp_path, monkeypatch):
    first = build(images, tmp_path)
    forbid_decoding(monkeypatch)
    shuffled = list(images.items())
    random.Random(0).shuffle(shuffled)
    second = build(dict(shuffled), tmp_path)
    assert second.fingerprint == first.fingerprint
    assert second.image_ids == [image_id for image_id, _ in shuffled]
    np.testing.assert_array_equal(second.read(second.rows(images)), first.read(first.rows(images)))
    moved = shutil.copytree(tmp_path / "data", tmp_path / "moved", copy_function=shutil.copyfile)  # times are new
    assert build({key: moved / path.name for key, path in images.items()}, tmp_path).fingerprint == first.fingerprint


def test_fingerprint_follows_files_ids_and_decoding(images, tmp_path):
    fingerprints = {build(images, tmp_path).fingerprint}
    Image.new("RGB", (10, 10), (200, 0, 0)).save(images["id-3"])
    changed = build(images, tmp_path)
    assert changed.read(changed.rows(["id-3"]))[0, 0, 0].tolist() == [200, 0, 0]
    fingerprints.add(changed.fingerprint)
    os.utime(images["id-4"], ns=(1, 1))  # files count with their content, not their time
    assert build(images, tmp_path).fingerprint == changed.fingerprint
    fingerprints.add(build({f"other {key}": path for key, path in images.items()}, tmp_path).fingerprint)
    fingerprints.add(ImageStore.build(images, Decoding((8, 9)), tmp_path, progress=False).fingerprint)
    fingerprints.add(ImageStore.build(images, Decoding((8, 8), "antialiased"), tmp_path, progress=False).fingerprint)
    cover = Decoding((8, 8), "antialiased", fit="cover")
    fingerprints.add(ImageStore.build(images, cover, tmp_path, progress=False).fingerprint)
    assert len(fingerprints) == 6


def test_the_file_is_plain_hdf5_and_nothing_else_is_left(images, tmp_path):
    built = build(images, tmp_path)
    assert built.path.name == f"images-8x8-nearest-{built.fingerprint[:12]}.h5"
    with h5py.File(built.path) as file:
        ids = [name.decode() for name in file["image_ids"]]
        assert file["pixels"][ids.index("id-7"), 0, 0].tolist() == [7, 14, 21]
        assert file["state"][:].tolist() == [1] * 12
        assert (file.attrs["fingerprint"], file.attrs["method"]) == (built.fingerprint, "nearest")
    assert [path.name for path in built.path.parent.iterdir() if path.name[0] != "."] == [built.path.name]


def test_a_pickled_store_reopens_its_file(images, tmp_path):
    built = build(images, tmp_path)
    pickled = pickle.dumps(built)
    assert len(pickled) < 2000  # no pixels in it
    copy = pickle.loads(pickled)
    np.testing.assert_array_equal(copy.read(copy.rows(images)), built.read(built.rows(images)))


def test_ids_and_paths_of_any_characters(images, tmp_path):
    names = {"Naïve, “quoted”\n": images["id-1"], "latin \udce9": tmp_path / "missing \udce9.jpg", "": images["id-2"]}
    built = build(names, tmp_path, skip_bad_images=True)
    assert built.read(built.rows(["Naïve, “quoted”\n", ""]))[:, 0, 0, 0].tolist() == [1, 2]
    assert built.bad == {"latin \udce9": "no such file"}


@pytest.fixture
def spoilt(images):
    images["id-2"].write_bytes(b"not a picture")
    images["id-5"].unlink()
    images["id-7"].write_bytes(noise_bytes("JPEG")[:-50])  # opens, and is truncated
    return images


def test_bad_images_stop_the_build_with_one_line_and_a_report(spoilt, tmp_path, monkeypatch):
    with pytest.raises(InputError) as error:
        build(spoilt, tmp_path)
    (report,) = (tmp_path / "stores").glob("bad-images-*.csv")
    message = str(error.value)
    assert "\n" not in message
    for part in ("3 of 12 images", str(spoilt["id-2"]), "not a picture", str(report), "skip_bad_images=True goes on"):
        assert part in message
    with open(report, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image_id"] for row in rows] == ["id-2", "id-5", "id-7"]
    assert [row["path"] for row in rows] == [str(spoilt[key]) for key in ("id-2", "id-5", "id-7")]
    assert rows[1]["cause"] == "no such file"
    assert "truncated" in rows[2]["cause"]

    forbid_decoding(monkeypatch)  # the work is not lost, nor repeated
    built = build(spoilt, tmp_path, skip_bad_images=True)
    assert list(built.bad) == ["id-2", "id-5", "id-7"]
    assert built.bad == {row["image_id"]: row["cause"] for row in rows}
    assert built.image_ids == [key for key in spoilt if key not in built.bad]
    assert len(built) == 9
    pixels = built.read(built.rows(built.image_ids))
    assert pixels[:, 0, 0, 0].tolist() == [0, 1, 3, 4, 6, 8, 9, 10, 11]
    with pytest.raises(ValueError, match=r"id-5.*no such file"):
        built.rows(["id-5"])
    np.testing.assert_array_equal(built.read(np.arange(9)), pixels)  # positions count readable images only
    with pytest.raises(IndexError):
        built.read([9])


def test_only_bad_images_are_tried_again(spoilt, tmp_path, monkeypatch):
    build(spoilt, tmp_path, skip_bad_images=True)
    tried = []

    def mended(path, megapixels, wanted):
        tried.append(path)
        return [np.full((8, 8, 3), 99, np.uint8)]

    monkeypatch.setattr(once, "read_picture", mended)
    built = build(spoilt, tmp_path)  # does not skip, so it looks again
    assert set(tried) == {spoilt[key] for key in ("id-2", "id-5", "id-7")}
    assert built.bad == {}
    assert (built.read(built.rows(["id-5"])) == 99).all()
    assert not list((tmp_path / "stores").glob("bad-images-*.csv"))


def test_no_readable_image_is_an_error_even_when_skipping(tmp_path):
    with pytest.raises(InputError, match=r"none of the 2 images can be read.*check the data folder"):
        build({"a": tmp_path / "a.jpg", "b": tmp_path / "b.jpg"}, tmp_path, skip_bad_images=True)
    with pytest.raises(InputError, match="no images"):
        build({}, tmp_path)


def test_progress_is_shown_on_stderr(images, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("arttl.base.bars.INTERVAL", 0.0)
    ImageStore.build(images, DECODING, tmp_path / "stores")
    captured = capsys.readouterr()
    assert "decoding images" in captured.err
    assert captured.out == ""


def test_importing_it_does_not_import_keras():
    code = "import sys, arttl.images; sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY).returncode == 0
