"""An interrupted training goes on to the same digits, wherever it was stopped."""

import time

import forked
import keras
import numpy as np
import pandas as pd
import pytest
from small_training import CLASSES, data, run, without_times

from arttl import recipes
from arttl.base.errors import InputError
from arttl.recipes import Recipe
from arttl.runs.keeping import compiled
from arttl.training import Arrays, Batches, Checkpoint, head_model, make_deterministic, train
from arttl.transfer.method import warm_up


def kept(recipe, model):
    """The model as compiled for a former run: compiling is nearly all that one costs here."""
    return compiled(model, recipe)


def classifier(recipe, trainable, compile_model=Recipe.compile):
    """A small classifier whose head is called as every classifier's is."""
    make_deterministic(0)
    pixels = keras.Input((8, 8, 1))
    values = keras.layers.Conv2D(4, 3, trainable=trainable)(pixels)
    values = keras.layers.BatchNormalization(trainable=trainable)(values)
    values = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(values))
    outputs = keras.layers.Dense(CLASSES, "softmax", name="head")(values)
    return compile_model(recipe, keras.Model(pixels, outputs))


def features_of(model):
    source, _ = data()
    return Arrays(keras.Model(model.inputs, model.get_layer("head").input).predict(source.array, verbose=0))


def warmed_up(folder, report=lambda progress: None, compile_model=Recipe.compile):
    recipe = recipes.fine_tuning(warm_up=2, max_epochs=5, patience=2)
    source, class_ids = data()
    model = classifier(recipe, trainable=True, compile_model=compile_model)
    before = features_of(model)
    parts = [
        Batches(source, rows, class_ids[rows], CLASSES, 16, shuffle_seed=seed)
        for rows, seed in ((np.arange(60), 3), (np.arange(60, 90), None))
    ]
    begun = warm_up(model, recipe, parts, Checkpoint(folder), report, lambda: before)
    return model, train(model, recipe, *parts, Checkpoint(folder), report, begun=begun)


@pytest.mark.slow
def test_a_warm_up_is_the_beginning_of_an_off_the_shelf_run_to_the_digit(tmp_path):
    recipe = recipes.off_the_shelf(max_epochs=2)
    model = classifier(recipe, trainable=False)
    features, (_, class_ids) = features_of(model), data()
    shelf = train(
        recipe.compile(head_model(model)),
        recipe,
        Batches(features, np.arange(60), class_ids[:60], CLASSES, 16, shuffle_seed=3),
        Batches(features, np.arange(60, 90), class_ids[60:], CLASSES, 16),
        Checkpoint(tmp_path / "shelf"),
    )
    tuned, progress = warmed_up(tmp_path / "tuned")
    pd.testing.assert_frame_equal(without_times(progress)[:2], without_times(shelf), check_exact=True)
    assert [row["epoch"] for row in progress.history] == list(range(1, progress.epochs + 1))
    assert progress.epochs > 2
    assert progress.best_epoch > 2  # the head alone is not what is tested
    assert not np.array_equal(tuned.layers[1].get_weights()[0], model.layers[1].get_weights()[0])


@pytest.mark.slow
def test_a_warm_up_stopped_after_every_single_epoch_changes_nothing(tmp_path):
    whole_model, whole = warmed_up(tmp_path / "whole")
    seen = set()

    def stop(progress):
        if progress.epochs < whole.epochs and progress.epochs not in seen:
            seen.add(progress.epochs)
            raise Stop

    for _ in range(whole.epochs - 1):
        with pytest.raises(Stop):
            warmed_up(tmp_path / "parts", stop, kept)
    model, progress = warmed_up(tmp_path / "parts", stop)
    assert seen == set(range(1, whole.epochs))
    pd.testing.assert_frame_equal(without_times(progress), without_times(whole), check_exact=True)
    assert progress.best_epoch == whole.best_epoch
    for found, expected in zip(model.get_weights(), whole_model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


class Stop(Exception):
    """Stands for a kill right after an epoch's state was written."""


@pytest.mark.parametrize("recipe", [recipes.fine_tuning(patience=2), recipes.off_the_shelf(patience=2)])
@pytest.mark.slow
def test_stopping_after_every_single_epoch_changes_nothing(tmp_path, recipe):
    recipe = recipe.changed({"max_epochs": 5})
    _, whole, expected = run(tmp_path / "whole", recipe)

    def stop(progress):
        if not progress.finished:
            raise Stop

    for _ in range(whole.epochs - 1):
        with pytest.raises(Stop):
            run(tmp_path / "parts", recipe, stop, compile_model=kept)
    _, progress, found = run(tmp_path / "parts", recipe, stop)
    pd.testing.assert_frame_equal(without_times(progress), without_times(whole), check_exact=True)
    assert (progress.best_epoch, progress.wait) == (whole.best_epoch, whole.wait)
    np.testing.assert_array_equal(found, expected)
    _, again, once_more = run(tmp_path / "parts", recipe, stop, compile_model=kept)  # what is finished is only restored
    assert again.epochs == whole.epochs
    np.testing.assert_array_equal(once_more, expected)


def train_slowly(line):
    """The training of the next test, in a process that it kills."""

    def report(progress):
        print(progress.epochs, flush=True)
        time.sleep(0.03)

    run(line[0], recipes.fine_tuning(max_epochs=25, patience=25), report)


@pytest.mark.slow
def test_sigkill_at_any_moment_changes_nothing(tmp_path):
    """Kill the process again and again, at moments that have nothing to do with epochs."""
    recipe = recipes.fine_tuning(max_epochs=25, patience=25)
    _, whole, expected = run(tmp_path / "whole", recipe)
    for delay in (0.11, 0.283):
        process = forked.Script([tmp_path / "parts"], work=train_slowly)
        next(iter(process))  # the first epoch of this life is done
        time.sleep(delay)
        process.kill()
    assert Checkpoint(tmp_path / "parts").progress().epochs > 0
    _, progress, found = run(tmp_path / "parts", recipe)
    pd.testing.assert_frame_equal(without_times(progress), without_times(whole), check_exact=True)
    np.testing.assert_array_equal(found, expected)


def test_half_written_state_is_never_taken(tmp_path):
    recipe = recipes.fine_tuning(max_epochs=2)
    _, _, expected = run(tmp_path, recipe)
    (tmp_path / ".state.1.partial.npz").write_bytes(b"half")
    np.testing.assert_array_equal(run(tmp_path, recipe)[2], expected)
    (tmp_path / "state.npz").write_bytes((tmp_path / "state.npz").read_bytes()[:-100])
    with pytest.raises(InputError, match=r"cannot be resumed .*; delete it to start anew"):
        run(tmp_path, recipe)
    with pytest.raises(InputError, match="cannot be resumed"):
        Checkpoint(tmp_path).seconds()


@pytest.mark.core
def test_divergence_is_said_in_one_line(tmp_path):
    recipe = recipes.fine_tuning(optimizer={"name": "SGD", "learning_rate": 1e30}, max_epochs=3)
    with pytest.raises(InputError, match="training diverged: loss of epoch"):
        run(tmp_path, recipe)
