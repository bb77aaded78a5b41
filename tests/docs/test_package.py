"""What is packed, and what is installed beside it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("setuptools")

ROOT = Path(__file__).parents[2]
NOT_PACKED = {".gitignore"}


@pytest.fixture
def egg_info(tmp_path):
    """Have setup.py write down what it packs and requires; returns the CompletedProcess, and the folder of it all."""

    def run(backend=""):
        for name in ("setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, tmp_path)
        for name in ("arttl", "experiments", "benchmarks", "docs", "notebooks", "splits", "tests", "tools", ".ci"):
            if not (tmp_path / name).exists():
                (tmp_path / name).symlink_to(ROOT / name)
        environment = os.environ | {"KERAS_BACKEND": backend}
        line = [sys.executable, "setup.py", "-q", "egg_info"]
        return subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True), tmp_path

    return run


def test_the_sdist_has_everything_that_git_has(egg_info):
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("this is no clone")
    _, folder = egg_info()
    packed = set((folder / "arttl.egg-info" / "SOURCES.txt").read_text("utf-8").splitlines())
    assert {name for name in tracked.stdout.splitlines() if (ROOT / name).exists()} - packed == NOT_PACKED


@pytest.mark.parametrize(("backend", "installed"), [("", "tensorflow"), ("jax", "jax"), ("torch", "torch")])
def test_the_backend_that_keras_is_told_to_take_is_installed(backend, installed, egg_info):
    _, folder = egg_info(backend)
    needed = (folder / "arttl.egg-info" / "requires.txt").read_text("utf-8").partition("\n[")[0].split("\n")
    names = [re.match(r"[\w-]*", each)[0] for each in needed]
    assert {"tensorflow", "jax", "torch"} & {*names} == {installed}
    assert {"keras", "numpy", "pandas", "scikit-learn", "matplotlib", "pillow", "h5py"} <= {*names}


def test_a_backend_that_there_is_not_is_one_line(egg_info):
    done, _ = egg_info("mxnet")
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == (
        "error: KERAS_BACKEND is 'mxnet'; set it to one of tensorflow, jax, torch, or to nothing"
    )
