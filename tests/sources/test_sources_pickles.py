"""Pickles that would run code, or break the reader, do neither."""

from __future__ import annotations

import os
import pickle
import struct
import time

import numpy as np
import pytest
from source_files import (
    HUGE,
    REDUCE_MODULE,
    Runs,
    array2,
    cifar10_python,
    refusal,
    some_batches,
    write_tar,
)

from arttl.sources.safe_pickle import BadPickle, load_pickle


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_that_run_code_do_not(tmp_path, protocol):
    proof = tmp_path / "proof"
    for function, argument in [
        (os.system, f"touch {proof}"),
        (eval, f"open({str(proof)!r}, 'w')"),
        (os.mkdir, str(proof)),
    ]:
        hostile = pickle.dumps({"data": Runs(function, argument)}, protocol=protocol)
        pickle.loads(hostile)
        assert proof.exists(), "the test's own pickle is harmless"
        proof.rmdir() if proof.is_dir() else proof.unlink()
        files = {**cifar10_python(some_batches()), "cifar-10-batches-py/data_batch_2": hostile}
        line = refusal("cifar10", write_tar(tmp_path / "x.tar.gz", files))
        assert "which no CIFAR batch needs; it was not run" in line
        assert function.__name__ in line
        assert not proof.exists()


ENCODE = b"c_codecs\nencode\n"
HOSTILE = {
    "objects": (pickle.dumps({"data": np.array([Runs(os.getpid)], object)}, protocol=2), "asks for posix.getpid"),
    "plain objects": (pickle.dumps({"data": np.array([None, 1], object)}, protocol=2), "of type O8"),
    "floats": (pickle.dumps({"data": np.zeros(3)}, protocol=2), "of type f8"),
    "records": (b"\x80\x02}U\x04data" + array2((1,), b"x", dtype=b"U\x08V8,O,u1x") + b"s.", "of type"),
    "a matrix": (b"\x80\x02}U\x01a" + array2((1,), b"x", kind=b"cnumpy\nmatrix\n") + b"s.", "asks for numpy.matrix"),
    "dtype as array": (b"\x80\x02}U\x01a" + array2((1,), b"x", kind=b"cnumpy\ndtype\n") + b"s.", "another type"),
    "a huge shape": (b"\x80\x02}U\x01a" + array2((HUGE, HUGE), b"x") + b"s.", "1 bytes for an array"),
    "a negative shape": (b"\x80\x02}U\x01a" + array2((-1, -1), b"x") + b"s.", "of the shape (-1, -1)"),
    "an array without content": (b"}U\x01a" + REDUCE_MODULE + b"(cnumpy\nndarray\nK\x00\x85U\x01btRs.", "is damaged"),
    "a patched function": (b"\x80\x02}U\x01a" + ENCODE + b"}U\x08__call__K\x01sbs.", "changes a function"),
    "patched slots": (b"\x80\x02}U\x01a" + ENCODE + b"(N}U\x08__call__K\x01stbs.", "changes a function"),
    "a codec": (b"\x80\x02}U\x01a" + ENCODE + b"(X\x01\0\0\0xU\x03hextRs.", "encodes a text as"),
    "a dotted name": (pickle.dumps({"a": Runs(os.path.join, "a")}, protocol=4), "asks for posixpath.join"),
    "a persistent id": (b"\x80\x02}U\x01aPx\ns.", "operation PERSID"),
    "an extension": (b"\x80\x02}U\x01a\x82\x01s.", "operation EXT1"),
    "a new object": (b"\x80\x02}U\x01acnumpy\nndarray\n)\x81s.", "operation NEWOBJ"),
    "an old-style instance": (b"}S'a'\n(ios\ngetpid\ns.", "operation INST"),
    "a memo of 32 GB": (b"\x80\x02}r\xff\xff\xff\x7f.", "larger inside"),
    "a text of 1 TB": (b"\x80\x04}\x8d" + struct.pack("<Q", HUGE) + b"a.", "is damaged"),
    "deep tuples": (b"\x80\x02})" + b"\x85" * 900_000 + b"K\x01s.", "larger inside"),
    "a million lists": (b"\x80\x02](" + b"]" * 1_100_000 + b"e.", "larger inside"),
    "a stack that is empty": (b"\x80\x02.", "is damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused(name):
    content, says = HOSTILE[name]
    start = time.process_time()
    with pytest.raises(BadPickle, match=says.replace("(", r"\(").replace(")", r"\)")):
        load_pickle(content)
    assert time.process_time() - start < 5
