"""Records by key: found whatever the order, and what is damaged or half-written is not there."""

import numpy as np

from arttl.base.record_file import RecordFile


def test_records_are_found_by_their_keys(tmp_path):
    file = RecordFile(tmp_path / "new" / "a.records", ("row", "<f4", (3,)), ("good", "?"))
    assert file.places(["a"]).tolist() == [-1]
    file.append(["a", "b\udce9"], row=[[1, 2, 3], [4, 5, 6]], good=[True, False])
    file.append(["c", "a"], row=[[7, 8, 9], [0, 0, 0]], good=[True, True])
    places = file.places(["c", "x", "b\udce9", "a"])
    assert places.tolist() == [2, -1, 1, 3]  # of equal keys the last
    np.testing.assert_array_equal(file.records()["row"][places[[0, 2]]], [[7, 8, 9], [4, 5, 6]])
    assert file.records()["good"][places[[0, 2]]].tolist() == [True, False]


def test_what_is_damaged_or_half_written_is_not_there(tmp_path):
    file = RecordFile(tmp_path / "a.records", ("row", "<f4", (3,)))
    file.append(["a", "b", "c"], row=np.ones((3, 3)))
    content = bytearray(file.path.read_bytes()[:-1])
    content[33] ^= 1
    file.path.write_bytes(content)
    assert file.places(["a", "b", "c"]).tolist() == [-1, 1, -1]
    file.append(["c"], row=np.full((1, 3), 2))
    assert file.places(["a", "b", "c"]).tolist() == [-1, 1, 2]
    np.testing.assert_array_equal(file.records()["row"][2], [2, 2, 2])
