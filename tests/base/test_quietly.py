"""What a script's process is set to before it imports Keras."""

import os
import platform
import subprocess
import sys

import pytest

from arttl.base import quietly

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc alone is told")


def in_a_process(code, **variables):
    """What a fresh process prints, with these variables of the environment and no others of its kind."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=variables)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("machine", "given", "then"),
    [("x86_64", None, "1"), ("AMD64", None, "1"), ("x86_64", "0", "0"), ("aarch64", None, None)],
)
def test_tensorflow_computes_by_onednn_unless_told_otherwise(machine, given, then, monkeypatch):
    environ = {quietly.ONEDNN: given} if given else {}
    monkeypatch.setattr(os, "environ", environ)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    quietly.import_keras_quietly()
    assert environ.get(quietly.ONEDNN) == then


@GLIBC
def test_freed_memory_stays_with_the_process():
    """An array of 256 MiB, freed: without the setting its pages are the kernel's again, with it the process'."""
    code = """
from pathlib import Path
import numpy as np
from arttl.base.quietly import keep_freed_memory

def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])

{}
before = pages()
np.ones(32 * 2**20).sum()
print((pages() - before) * 4096 > 200 * 2**20)
"""
    assert in_a_process(code.format("")) == "False"
    assert in_a_process(code.format("assert keep_freed_memory()")) == "True"


@GLIBC
def test_a_variable_of_glibc_stands():
    code = "from arttl.base.quietly import keep_freed_memory; print(keep_freed_memory())"
    assert in_a_process(code, MALLOC_ARENA_MAX="1") == "False"
