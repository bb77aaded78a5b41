"""States that are written every few minutes and not each epoch: minutes may be lost, and nothing else changes."""

import threading
import types
from contextlib import contextmanager, nullcontext

import numpy as np
import pandas as pd
import pytest
from small_search import LENET, lenet, small_search
from small_training import CLASSES, data, small_model, without_times

from arttl import recipes
from arttl.base.errors import InputError
from arttl.pruning import SearchSettings
from arttl.training import Batches, Checkpoint, Progress, predict, train
from arttl.training import checkpoint as module

HOURS = 3600.0
RECIPE = recipes.fine_tuning(max_epochs=6, patience=6)


class Killed(Exception):
    """Stands for a process that ends at this moment, without a word."""


def run(folder, every=HOURS, report=lambda progress: None, callbacks=()):
    source, class_ids = data()
    model = small_model(RECIPE)
    training = Batches(source, np.arange(60), class_ids[:60], CLASSES, 16, shuffle_seed=0)
    validation = Batches(source, np.arange(60, 90), class_ids[60:], CLASSES, 16)
    progress = train(model, RECIPE, training, validation, Checkpoint(folder, every), report, callbacks)
    return progress, predict(model, validation)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(tmp_path_factory.mktemp("whole"), every=0)


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when a test says so."""
    now = [0.0]
    monkeypatch.setattr(module, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    return now


@pytest.fixture
def written(monkeypatch):
    """The number of epochs of each state that is written."""
    epochs, write = [], module._write

    def counting(path, lists, progress=None):
        if progress is not None:
            epochs.append(len(progress["history"]))
        write(path, lists, progress)

    monkeypatch.setattr(module, "_write", counting)
    return epochs


def kill_at(epoch):
    def report(progress):
        if progress.epochs == epoch:
            raise Killed

    return report


@contextmanager
def writing_nothing_more(monkeypatch):
    """What is raised within ends the training as a kill does: the last state is not written."""
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "flushed", lambda checkpoint: nullcontext())
        yield


def assert_same(found, whole):
    pd.testing.assert_frame_equal(without_times(found[0]), without_times(whole[0]), check_exact=True)
    np.testing.assert_array_equal(found[1], whole[1])


@pytest.mark.slow
@pytest.mark.parametrize(("every", "states"), [(HOURS, [6]), (0, [1, 2, 3, 4, 5, 6])])
def test_a_state_is_written_as_often_as_asked_and_at_the_end(tmp_path, written, whole, every, states):
    assert_same(run(tmp_path, every), whole)
    assert written == states
    assert Checkpoint(tmp_path).progress().finished


@pytest.mark.slow
def test_an_interrupted_training_has_its_last_finished_epoch_on_the_disk(tmp_path, written, whole):
    for epoch in (2, 5):
        with pytest.raises(Killed):
            run(tmp_path, report=kill_at(epoch))
    assert written == [2, 5]
    assert_same(run(tmp_path), whole)


@pytest.mark.slow
def test_a_killed_training_loses_the_epochs_since_the_last_write_and_comes_to_the_same_end(
    tmp_path, clock, written, whole, monkeypatch
):
    kept = []

    def report(progress):
        clock[0] += 100.0
        if module._BACKGROUND.submit(int).result() == 0:  # whatever is being written is on the disk
            kept.append((progress.epochs, progress.kept))
        kill_at(5)(progress)

    with writing_nothing_more(monkeypatch), pytest.raises(Killed):
        run(tmp_path, every=150.0, report=report)
    assert written == [3, 5]  # 200 s after the start, and 200 s later
    assert kept[:2] == [(1, 0), (2, 0)]
    assert kept[3] == (4, 3)
    found = run(tmp_path)
    assert_same(found, whole)
    assert found[0].kept_history == found[0].history


def test_training_goes_on_while_one_state_is_written_and_no_second_one_waits(tmp_path, monkeypatch, written, whole):
    training_ended, write = threading.Event(), module._write

    def slow(path, lists, progress=None):
        if progress is not None and not progress["finished"]:
            assert training_ended.wait(60)
        write(path, lists, progress)

    monkeypatch.setattr(module, "_write", slow)

    def report(progress):
        if progress.epochs == 5:
            training_ended.set()

    assert_same(run(tmp_path, every=1e-9, report=report), whole)
    assert written[0] == 1
    assert written[-1] == 6
    assert not {2, 3, 4} & set(written)


def test_what_is_written_is_the_state_of_its_epoch_though_the_model_trains_on(tmp_path, monkeypatch):
    go_on, write = threading.Event(), module._write

    def late(path, lists, progress=None):
        assert go_on.wait(60)
        write(path, lists, progress)

    monkeypatch.setattr(module, "_write", late)
    model = small_model(RECIPE)
    model.optimizer.build(model.trainable_variables)
    before, checkpoint = model.get_weights(), Checkpoint(tmp_path, every=1e-9)
    checkpoint.save(model, Progress(history=[{"loss": 1.0}]), None)
    for variable in model.variables:
        variable.assign(variable + 1)
    go_on.set()
    checkpoint.flush()
    checkpoint.restore(model, keep_best=False)
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_disk_that_is_full_in_the_background_ends_the_training(tmp_path, monkeypatch):
    def full(path, lists, progress=None):
        raise InputError(f"{path} cannot be written (No space left on device); make room or choose another folder")

    monkeypatch.setattr(module, "_write", full)
    epochs = []
    with pytest.raises(InputError, match="No space left"):
        run(tmp_path, every=1e-9, report=lambda progress: epochs.append(progress.epochs))
    assert len(epochs) < 6


def test_how_often_is_said_by_the_environment(tmp_path, monkeypatch):
    for text, seconds in (("", module.EVERY), ("7.5", 7.5), ("0", 0.0)):
        monkeypatch.setenv(module.SECONDS, text)
        assert Checkpoint(tmp_path).every == seconds
    for text in ("often", "-1", "nan"):
        monkeypatch.setenv(module.SECONDS, text)
        with pytest.raises(InputError, match=r"ARTTL_CHECKPOINT_SECONDS is .*; give a number of seconds"):
            Checkpoint(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", ["round 0, epoch 2", "round 1, epoch 2", "round 2, epoch 1"])
@pytest.mark.parametrize("killed", [False, True])
def test_a_search_that_ends_between_two_writes_has_each_epoch_once(tmp_path, monkeypatch, stop_at, killed):
    monkeypatch.setenv(module.SECONDS, str(HOURS))
    small_search(tmp_path / "whole", lenet(), LENET)

    def stop(line):
        if line.strip().startswith(stop_at):
            raise Killed

    with writing_nothing_more(monkeypatch) if killed else nullcontext(), pytest.raises(Killed):
        small_search(tmp_path / "parts", lenet(), LENET, log=stop)
    small_search(tmp_path / "parts", lenet(), LENET)
    histories = [pd.read_csv(tmp_path / each / "history.csv").drop(columns="seconds") for each in ("whole", "parts")]
    pd.testing.assert_frame_equal(*histories)
    whole, parts = (pd.read_csv(tmp_path / each / "rounds.csv") for each in ("whole", "parts"))
    pd.testing.assert_frame_equal(*(each.drop(columns=["seconds", "training_seconds"]) for each in (whole, parts)))


@pytest.mark.slow
def test_theta_k_is_that_of_the_training_that_goes_on(tmp_path, monkeypatch):
    """Where an epoch does not repeat itself to the bit, the killed training's θ_k is of another course."""
    monkeypatch.setenv(module.SECONDS, str(HOURS))
    settings = SearchSettings(rounds=1, dense=True, head=True, rewind=2)

    def stop(line):
        if line.strip().startswith("round 0, epoch 2"):
            raise Killed

    with writing_nothing_more(monkeypatch), pytest.raises(Killed):
        small_search(tmp_path / "parts", lenet(), settings, log=stop)
    other = lenet()
    other.set_weights([array * 1.5 for array in other.get_weights()])
    found = small_search(tmp_path / "parts", other, settings)
    again = lenet()
    again.set_weights([array * 1.5 for array in again.get_weights()])
    expected = small_search(tmp_path / "alone", again, settings)
    for name, array in expected.read_weights().items():
        np.testing.assert_array_equal(found.read_weights()[name], array, err_msg=name)
