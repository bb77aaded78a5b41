"""rijksgt.mat: the challenge's labels and split, alone and beside other metadata, and damaged files."""

import contextlib
import random

import h5py
import numpy as np
import pytest
from collection_files import record, refusal, touch, write
from scipy.io import savemat
from scipy.sparse import csc_matrix

from arttl.base.errors import InputError
from arttl.collections import matlab_process, open_collection
from arttl.splits import make_split

IMAGES = [f"{number:07d}_SK-{number}.jpg" for number in range(1, 7)]
GT = {
    "set": [1, 1, 2, 2, 3, 3],
    "C": [1, 2, 3, 4, 2, 1],
    "Cnames": ["Rembrandt", "Boëtius Bolswert", "anoniem", "unknown"],
    "T": [[1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1], [0, 0, 0], [0, 0, 1]],
    "Tnames": ["prent", "schilderij", "historieprent"],
    "M": [1, 1, 2, 2, 0, 1],
    "Mnames": ["papier", "doek"],
    "Y": [[1640, 1642], [1600, 1600], [1500, 1599], [1700, 1701], [1, 2], [1850, 1850]],
    "Ccount": [2, 2, 1, 1],
}


def save(path, gt=GT, sparse=False, **options):
    """Write gt as MATLAB does: numbers as columns of doubles, names as a column of cells."""
    fields = {}
    for key, values in gt.items():
        array = np.array(values, object if key.endswith("names") else float)
        fields[key] = array.reshape(-1, 1) if array.ndim == 1 else array
    if sparse:
        fields["T"] = csc_matrix(fields["T"])
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"gt": fields}, **options)
    return path


@pytest.fixture
def rijks(tmp_path):
    touch(tmp_path / "jpg2", *IMAGES)
    save(tmp_path / "rijksgt.mat", do_compression=True)
    return tmp_path


def test_labels_follow_the_sorted_image_names(rijks):
    artists = open_collection(rijks, "artist").labels("artist")
    assert artists.to_dict() == {
        IMAGES[0]: "Rembrandt",
        IMAGES[1]: "Boëtius Bolswert",
        IMAGES[4]: "Boëtius Bolswert",
        IMAGES[5]: "Rembrandt",
    }
    collection = open_collection(rijks, "material")
    assert collection.labels("material").tolist() == ["papier", "papier", "doek", "doek", "papier"]
    assert collection.table.year_from.tolist() == ["1640", "1600", "1500", "1700", "1", "1850"]
    assert collection.given_split() is None
    assert "1 image without material (blank or 'anoniem')" in collection.notes


@pytest.mark.parametrize("sparse", [False, True])
def test_of_several_types_the_most_frequent_is_the_label(rijks, sparse):
    save(rijks / "rijksgt.mat", sparse=sparse)
    collection = open_collection(rijks, "type")
    # prent and historieprent occur three times, schilderij twice; of equals the first name comes first.
    assert collection.labels("type").tolist() == ["prent", "prent", "historieprent", "prent", "historieprent"]
    assert any(note.startswith("3 images with more than one type, without an order") for note in collection.notes)


def test_the_challenges_split(rijks):
    given = open_collection(rijks, "artist", split="challenge").given_split()
    assert given.to_dict() == dict(zip(IMAGES, ["train"] * 2 + ["validation"] * 2 + ["test"] * 2, strict=True))


def test_the_challenges_split_beside_xml_and_csv(rijks):
    names = [image.removesuffix(".jpg") for image in IMAGES]
    for name, label in zip(names, "abbaab", strict=True):
        write(rijks / "xml2" / f"{name}.xml", record(("creator", f"schilder: {label}"), ("type", "prent")))
    assert open_collection(rijks, "artist").given_split() is None
    collection = open_collection(rijks, "artist", split="challenge")
    assert collection.labels("artist").tolist() == list("abbaab")
    split = make_split(collection.labels("artist"), given=collection.given_split())
    assert [split.ids(part) for part in ("train", "validation", "test")] == [IMAGES[:2], IMAGES[2:4], IMAGES[4:]]
    rows = [f"{image}, {label}\n" for image, label in zip(IMAGES, "abbaab", strict=True)]
    write(rijks / "m.csv", "ImageId,dc_creator\n" + "".join(reversed(rows)))
    other = open_collection(rijks, "artist", split="challenge")
    assert other.fingerprint("artist") == collection.fingerprint("artist")


def test_a_split_without_the_file_is_refused(tmp_path):
    touch(tmp_path, "x/a.jpg", "y/b.jpg")
    assert 'split="challenge" needs rijksgt.mat in' in refusal(tmp_path, split="challenge")
    assert "choose own or challenge" in refusal(tmp_path, split="mine")


def test_another_number_of_images_is_refused_with_both_numbers(rijks):
    touch(rijks / "jpg2", "0000007_SK-7.jpg")
    message = refusal(rijks)
    assert f"rijksgt.mat has 6 rows, but {rijks / 'jpg2'} holds 7 images" in message
    assert "sorted image names" in message


def with_changes(**changes):
    return {key: value for key, value in {**GT, **changes}.items() if value is not None}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gt", "expected"),
    [
        (with_changes(set=[1, 1, 2, 2, 3, 4]), "set is 4 in row 6, not 1, 2 or 3"),
        (with_changes(C=[1, 2, 3, 5, 1, 1]), "C is 5 in row 4, but Cnames has 4 names"),
        (with_changes(C=[1, 2, 3, -1, 1, 1]), "C is -1 in row 4"),
        (with_changes(C=[1, 2, 3]), "C is not 6 numbers"),
        (with_changes(C=[1.5, 2, 3, 1, 1, 1]), "C holds numbers that are not whole"),
        (with_changes(T=[[1, 0]] * 6), "T is 6 x 2, not 6 x 3 (images x Tnames)"),
        (with_changes(Tnames=None), "has no Tnames"),
        (with_changes(C=None, M=None, T=None), "has none of C, M and T"),
        (with_changes(set=None), "has no struct gt with a field set"),
    ],
)
def test_other_contents_are_refused(rijks, gt, expected):
    save(rijks / "rijksgt.mat", gt)
    message = refusal(rijks, "artist", split="challenge")
    assert expected in message
    assert "download it anew" in message


def test_files_that_are_no_such_struct(rijks):
    path = rijks / "rijksgt.mat"
    savemat(path, {"other": 1})
    assert "has no struct gt with a field set" in refusal(rijks)
    savemat(path, {"gt": [1, 2]})
    assert "has no struct gt with a field set" in refusal(rijks)
    path.write_bytes(b"<html>404 Not Found</html>" * 40)
    assert "is damaged or no MATLAB file" in refusal(rijks)
    path.write_bytes(b"")
    assert "is damaged or no MATLAB file" in refusal(rijks)


@pytest.mark.parametrize("user_block", [0, 512])
def test_the_hdf5_format_is_named(rijks, user_block):
    path = rijks / "rijksgt.mat"
    with h5py.File(path, "w", userblock_size=user_block) as file:
        file["gt/set"] = [1, 2, 3]
    if user_block:
        with open(path, "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(128))
    message = refusal(rijks)
    assert "7.3 format (HDF5)" in message
    assert "save('rijksgt.mat', 'gt', '-v7')" in message


@pytest.mark.slow
@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_files_end_in_one_line_or_a_reading(rijks, compressed):
    path = save(rijks / "rijksgt.mat", do_compression=compressed)
    whole, draw = path.read_bytes(), random.Random(1)
    refused = 0
    for trial in range(12):
        damaged = bytearray(whole[: draw.randrange(130, len(whole))] if trial % 3 == 0 else whole)
        for _ in range(trial):
            damaged[draw.randrange(128, len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(InputError):
            open_collection(rijks, "artist", split="challenge")
            continue
        refused += 1
    assert refused


def test_a_file_on_which_scipy_crashes_is_damaged(rijks, monkeypatch):
    crash = write(rijks / "crash.py", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(matlab_process, "__file__", str(crash))
    assert "is damaged or no MATLAB file (its lengths lead out of the file)" in refusal(rijks)
