"""Small things that several tests use. Real layers, small sizes, no network."""

import gc
import logging
import os
import runpy
import sys
import tempfile
from pathlib import Path

import forked
import numpy as np
import pytest
from PIL import Image
from scripts import EXPERIMENTS, write_class_folders

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("ARTTL_CHECKPOINT_SECONDS", "0")  # epochs take no time here; test_checkpoint.py has others
CACHE = tempfile.TemporaryDirectory(prefix="arttl-tests-")  # what a test finds depends on no earlier one's user
os.environ["ARTTL_CACHE"] = CACHE.name
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def pytest_configure(config):
    """Have the workers of pytest-xdist, where there are some, compute in one thread each, and take files in order."""
    gc.set_threshold(forked.GARBAGE)
    if config.getoption("numprocesses", None):
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Files with slow tests first, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """An empty Keras cache, with no network to fill it."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """A user's own class folders: 3 classes of 20 JPEGs."""
    return write_class_folders(tmp_path_factory.mktemp("data") / "mine", ["etching", "painting", "print"], 20)


@pytest.fixture
def script(tmp_path, monkeypatch, capfd):
    """Run an experiment script in this process, networks slim; returns (exit code, standard output, standard error)."""
    import slim  # here, since it imports Keras, which who only hands out the tests does not need

    slim.put_in_place(monkeypatch)

    def run(*arguments, name="ch1_rijks.py"):
        folders = ["--output", tmp_path / "runs", "--cache", tmp_path / "cache", "--splits", tmp_path / "splits"]
        monkeypatch.setattr(sys, "argv", [name, *map(str, [*folders, *arguments])])
        code = 0
        try:
            runpy.run_path(str(EXPERIMENTS / name), run_name="__main__")
        except SystemExit as end:
            code = end.code or 0
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def images(tmp_path):
    """Image ids to twelve pictures of one colour each: image i has all pixels (i, 2i, 3i)."""
    (tmp_path / "data").mkdir()
    paths = {f"id-{number}": tmp_path / "data" / f"{number}.png" for number in range(12)}
    for number, path in enumerate(paths.values()):
        Image.new("RGB", (10, 10), (number, 2 * number, 3 * number)).save(path)
    return paths


@pytest.fixture(scope="session")
def chapter1_command(tmp_path_factory):
    """The command line of all of Chapter 1, one challenge, one epoch, at 32 pixels; --output comes last."""
    folder = tmp_path_factory.mktemp("chapter1")
    line = [EXPERIMENTS / "ch1_all.py", "--challenge", "type", "--epochs", "1", "--image-size", "32"]
    line += ["--cache", folder / "cache", "--splits", folder / "splits", "--output", folder / "runs"]
    return [*map(str, line)]


@pytest.fixture(scope="session")
def chapter1_runs(chapter1_command):
    """The folder of runs that this command leaves, its report included."""
    done = forked.run(chapter1_command)
    assert done.returncode == 0, done.stderr
    return Path(chapter1_command[-1])


@pytest.fixture(scope="session")
def chapter2_command(tmp_path_factory):
    """The command line of all of Chapter 2, one seed, round and epoch, at 8 pixels; --output comes last."""
    folder = tmp_path_factory.mktemp("chapter2")
    line = [EXPERIMENTS / "ch2_all.py", "--network", "resnet20", "--rounds", "1", "--epochs", "1"]
    line += ["--image-size", "8", "--seed", "1", "--cache", folder / "cache", "--splits", folder / "splits"]
    return [*map(str, [*line, "--output", folder / "runs"])]


@pytest.fixture(scope="session")
def chapter2_runs(chapter2_command):
    """The folder of runs that this command leaves, its report included."""
    done = forked.run(chapter2_command)
    assert done.returncode == 0, done.stderr
    return Path(chapter2_command[-1])
