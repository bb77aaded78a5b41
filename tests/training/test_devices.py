"""Runs whose batches are shared by devices against the same runs on one; each on logical CPUs of its own process."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import forked
import keras
import numpy as np
import pytest
from scripts import EXPERIMENTS, comparable

from arttl.base.errors import InputError
from arttl.models.devices import devices_shared
from arttl.training.computing import USUAL, Computing

TESTS = Path(__file__).parents[1]
BACKENDS = ["tensorflow", pytest.param("jax", marks=pytest.mark.skipif(not find_spec("jax"), reason="no JAX here"))]
if not find_spec("tensorflow"):
    BACKENDS = BACKENDS[1:]
CASES = ("uneven", "one-left", "less-than-a-batch", "era", "recalibrated", "adam")


def run(backend, *line):
    if backend == keras.backend.backend() == "tensorflow":
        return forked.run(line)
    environment = {**os.environ, "KERAS_BACKEND": backend}
    environment["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, *map(str, line)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


def enter(devices):
    with devices_shared(devices):
        pass


@pytest.fixture(scope="module", params=BACKENDS)
def trained(request, tmp_path_factory):
    """A function of a case and a number of devices, to what is left of its training."""
    folder = tmp_path_factory.mktemp(request.param)
    done = run(request.param, TESTS / "shared_batches.py", folder, *CASES)
    assert done.returncode == 0, done.stderr[-3000:]
    return lambda name, devices: np.load(folder / f"{name}-{devices}.npz")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.slow
def test_two_devices_compute_what_one_does(trained, name):
    """Weights, statistics of BatchNormalization, logged losses and accuracies, and predictions."""
    one, two = trained(name, 1), trained(name, 2)
    for part in ("weights", "history", "predictions"):
        np.testing.assert_allclose(two[part], one[part], rtol=0, atol=1e-4)
    assert np.ptp(one["history"][:, 0]) > 0.1  # it has learnt something


@pytest.mark.parametrize("name", CASES)
@pytest.mark.slow
def test_pruned_weights_stay_zero(trained, name):
    pruned = trained(name, 2)["pruned"]
    assert pruned.size > 100
    assert not pruned.any()


@pytest.mark.slow
def test_saved_layers_say_nothing_of_devices(trained):
    assert not trained("era", 2)["synchronized"].any()


def test_more_devices_than_there_are():
    with pytest.raises(InputError, match=r"devices=99: there (is|are) \d+ .PUs? here .* give at most \d+"):
        enter(99)


def test_pytorch_takes_one_device(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(InputError, match="devices=2: on torch a run takes one device"):
        enter(2)


def test_what_a_run_records():
    assert Computing(devices=2).settings == {"devices": 2}
    (found,) = Computing(devices=2).deviations
    assert found.text == "2 devices share each batch: sums are rounded otherwise"
    assert USUAL.deviations == []


@pytest.mark.skipif(not find_spec("tensorflow"), reason="the command line is tried on TensorFlow")
@pytest.mark.slow
def test_a_run_on_two_devices_is_that_on_one_and_goes_on_where_it_was_cut_off(tmp_path, photographs):
    """Of three epochs, the whole, and one ended by a kill after the first and continued; and on one device."""

    def experiment(name, devices, *options, kill=0):
        line = ["--challenge", "type", "--architecture", "vgg19", "--weights", "none", "--approach", "off-the-shelf"]
        line += [
            "--recipe",
            "keras3",
            "--image-size",
            "32",
            "--epochs",
            "3",
            "--batch-size",
            "7",
            "--data",
            photographs,
            "--set",
            "features=every-step",
        ]
        line += ["--output", tmp_path / name, "--cache", tmp_path / "cache", "--splits", tmp_path / "splits"]
        done = run(
            "tensorflow",
            TESTS / "two_cpus.py",
            kill,
            EXPERIMENTS / "ch1_rijks.py",
            *line,
            *options,
            "--devices",
            devices,
        )
        assert done.returncode == (9 if kill else 0), done.stderr[-3000:]
        return next((tmp_path / name).rglob("config.json")).parent

    experiment("cut", 2, kill=1)
    folders = [experiment("cut", 2, "--resume"), experiment("whole", 2), experiment("one", 1)]
    (history, metrics), (whole, expected), (alone, _) = (comparable(folder) for folder in folders)
    assert history.equals(whole)
    assert metrics == expected
    np.testing.assert_allclose(whole.to_numpy(), alone.to_numpy(), rtol=0, atol=1e-4)
