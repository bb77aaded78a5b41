"""Small things that several tests use. Real layers, small sizes, no network."""

import gc
import logging
import os
import tempfile
from pathlib import Path

import forked
import numpy as np
import pytest
from PIL import Image
from scripts import EXPERIMENTS, run_script, write_class_folders

from arttl.base.quietly import compute_by_onednn

TESTS = Path(__file__).parent

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
compute_by_onednn()  # as every script does
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


LONGEST = (
    "pruning/test_pruned_steps.py",
    "lottery/test_chapter2_all.py",
    "pruning/test_search.py",
    "pruning/test_search_killed.py",
    "models/test_networks2018.py",
    "lottery/test_chapter2.py",
    "lottery/test_chapter2_searches.py",
    "training/test_devices.py",
    "transfer/test_chapter1_all.py",
    "docs/test_snippets.py",
    "training/test_training_goes_on.py",
    "pruning/test_magnitude_pruning.py",
    "training/test_checkpoint.py",
    "transfer/test_chapter1_settings.py",
    "training/test_recalibrated_training.py",
    "training/test_precision.py",
    "transfer/test_chapter1.py",
    "models/test_imports.py",
    "models/test_keras2018.py",
    "pruning/test_compact_networks.py",
    "docs/test_commands.py",
    "runs/test_keeping.py",
    "check/test_prepare.py",
    "pruning/test_masks_held.py",
    "saliency/test_visual_backprop.py",
    "models/test_models.py",
    "saliency/test_saliency_sanity.py",
)
"""Files by the seconds of a core that they took when last measured (`--durations`), from the longest to 20 s."""


def pytest_collection_modifyitems(items):
    """Longest files first, so that no worker is left alone with one at the end."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish():
    """Leave what is imported by now out of garbage collection: Keras collects before many a run, 0.2 s each time."""
    gc.freeze()


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
def slim_networks(monkeypatch):
    """Have arttl build networks with the layers of the large ones, but fewer channels and, of ResNet50, blocks."""
    import slim  # here, since it imports Keras, which who only hands out the tests does not need

    slim.put_in_place(monkeypatch)


@pytest.fixture
def script(slim_networks, tmp_path, capfd):
    """Run an experiment script in this process, networks slim; returns (exit code, standard output, standard error)."""

    def run(*arguments, name="ch1_rijks.py"):
        folders = ["--output", tmp_path / "runs", "--cache", tmp_path / "cache", "--splits", tmp_path / "splits"]
        return run_script(name, *folders, *arguments), *capfd.readouterr()

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
