"""Data order, early stopping and resuming, on a small convolutional network."""

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from small_training import CLASSES, data, run, small_model, without_times

from arttl import recipes
from arttl.base.errors import InputError
from arttl.training import Arrays, Batches, Checkpoint, train


def test_a_model_that_is_not_compiled_is_named(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)], name="mine")
    with pytest.raises(InputError, match=r"model 'mine' is not compiled.* recipe\.compile\(model\)"):
        train(model, None, None, None, Checkpoint(tmp_path))


@pytest.mark.core
def test_order_depends_on_seed_and_epoch_alone():
    source, class_ids = data()
    batches = Batches(source, np.arange(90), class_ids, CLASSES, 32, shuffle_seed=4)
    first = [batches[index][0] for index in range(3)]
    batches.on_epoch_end()
    second = [batches[index][0] for index in range(3)]
    late = Batches(source, np.arange(90), class_ids, CLASSES, 32, shuffle_seed=4)
    late.start_epoch(1)
    for ours, theirs in zip(late, second, strict=True):
        np.testing.assert_array_equal(ours[0], theirs)
    assert not np.array_equal(first[0], second[0])
    assert [len(part) for part in first] == [32, 32, 26]
    np.testing.assert_array_equal(np.sort(np.concatenate(first).ravel()), np.sort(source.array.ravel()))


@pytest.mark.core
def test_labels_stay_with_their_images():
    source, class_ids = data()
    rows = np.array([5, 80, 33])
    images, labels = Batches(source, rows, class_ids[rows], CLASSES, 8, shuffle_seed=1)[0]
    for image, label in zip(images, labels, strict=True):
        row = next(row for row in rows if np.array_equal(source.array[row], image))
        assert label.argmax() == class_ids[row]
        assert label.sum() == 1


def test_without_a_seed_the_order_is_kept():
    source, class_ids = data()
    batches = Batches(source, np.arange(90), class_ids, CLASSES, 90)
    batches.on_epoch_end()
    np.testing.assert_array_equal(batches[0][0], source.array)


@pytest.mark.core
def test_fit_sees_each_epochs_own_order(tmp_path):
    """Keras reads ahead; the order must still change exactly at the end of an epoch."""
    source, class_ids = data()
    seen = []

    class Recording(Batches):
        def __getitem__(self, index):
            seen.append((self.epoch, index))
            return super().__getitem__(index)

    recipe = recipes.fine_tuning(max_epochs=3)
    batches = Recording(source, np.arange(64), class_ids[:64], CLASSES, 16, shuffle_seed=1)
    train(
        small_model(recipe),
        recipe,
        batches,
        Batches(source, np.arange(64, 90), class_ids[64:], CLASSES, 16),
        Checkpoint(tmp_path),
    )
    last = seen[-12:]  # Keras reads a few batches before the first epoch to learn their shapes
    assert last == [(epoch, index) for epoch in range(3) for index in range(4)]


@pytest.mark.slow
@pytest.mark.parametrize("tested", ["best", "last"])
def test_early_stopping_is_keras_own(tmp_path, tested):
    fast = {"name": "SGD", "learning_rate": 0.3, "momentum": 0.9}  # so that the validation loss soon goes up and down
    recipe = recipes.fine_tuning(max_epochs=40, patience=2, tested=tested, optimizer=fast)
    model, progress, _ = run(tmp_path, recipe)
    source, class_ids = data()
    reference = small_model(recipe)
    batches = Batches(source, np.arange(60), class_ids[:60], CLASSES, 16, shuffle_seed=0)
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.start_epoch(epoch))
    history = reference.fit(
        batches,
        validation_data=Batches(source, np.arange(60, 90), class_ids[60:], CLASSES, 16),
        epochs=40, shuffle=False, verbose=0, callbacks=[order, *recipe.callbacks()],
    )  # fmt: skip
    np.testing.assert_allclose(without_times(progress)["val_loss"], history.history["val_loss"], rtol=1e-6)
    assert progress.epochs == len(history.history["val_loss"]) < 40
    assert progress.best_epoch == 1 + int(np.argmin(history.history["val_loss"]))
    for ours, theirs in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.core
def test_two_runs_are_identical_and_seeds_differ(tmp_path):
    recipe = recipes.fine_tuning(max_epochs=3)
    _, first, one = run(tmp_path / "a", recipe)
    _, second, two = run(tmp_path / "b", recipe)
    pd.testing.assert_frame_equal(without_times(first), without_times(second), check_exact=True)
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, run(tmp_path / "c", recipe, seed=1)[2])


def test_missing_best_weights_are_not_passed_over(tmp_path):
    recipe = recipes.fine_tuning(max_epochs=3)
    _, progress, _ = run(tmp_path, recipe)
    (tmp_path / f"best-{progress.best_epoch:04d}.npz").unlink()
    with pytest.raises(InputError, match=r"cannot be resumed .*best-"):
        run(tmp_path, recipe)


def test_validation_loss_that_is_no_number_is_said(tmp_path):
    source, class_ids = data()
    source.array[60:] = np.nan
    recipe = recipes.fine_tuning("keras3", max_epochs=3)
    batches = [Batches(source, rows, class_ids[rows], CLASSES, 16) for rows in (np.arange(60), np.arange(60, 90))]
    with pytest.raises(InputError, match="val_loss of epoch 1 is nan"):
        train(small_model(recipe), recipe, *batches, Checkpoint(tmp_path))


def test_validation_loss_of_2018_may_be_no_number_for_a_while(tmp_path):
    """Keras of 2018 went on; the first epoch whose loss is a number is then the best so far."""
    source, class_ids = data()
    recipe = recipes.fine_tuning(max_epochs=4, patience=3)
    training, validation = (
        Batches(source, rows, class_ids[rows], CLASSES, 16) for rows in (np.arange(60), np.arange(60, 90))
    )

    def spoil(progress):
        source.array[60:] = np.nan if progress.epochs == 1 else 0.5

    source.array[60:] = np.nan
    progress = train(small_model(recipe), recipe, training, validation, Checkpoint(tmp_path), spoil)
    assert [np.isnan(row["val_loss"]) for row in progress.history] == [True, True, False, False]
    assert progress.best_epoch >= 3


def test_validation_loss_that_never_was_a_number_is_said(tmp_path):
    source, class_ids = data()
    source.array[60:] = np.nan
    recipe = recipes.fine_tuning(max_epochs=3)
    batches = [Batches(source, rows, class_ids[rows], CLASSES, 16) for rows in (np.arange(60), np.arange(60, 90))]
    for _ in range(2):  # and again from the finished checkpoint
        with pytest.raises(InputError, match="validation loss was never a number"):
            train(small_model(recipe), recipe, *batches, Checkpoint(tmp_path))


@pytest.mark.core
def test_remainder_is_dropped_only_where_asked():
    source, class_ids = data()
    rows = np.arange(40)
    whole, cut = (Batches(source, rows, class_ids[rows], CLASSES, 16, drop_remainder=drop) for drop in (False, True))
    assert [len(whole[index][0]) for index in range(len(whole))] == [16, 16, 8]
    assert [len(cut[index][0]) for index in range(len(cut))] == [16, 16]
    with pytest.raises(InputError, match="40 images make no batch of 50"):
        Batches(source, rows, class_ids[rows], CLASSES, 50, drop_remainder=True)


@pytest.mark.parametrize(
    ("images", "cycle"),
    [
        (10, [[0, 1, 2], [3, 4, 5], [6, 7, 8], [7, 8, 9]]),
        (11, [[0, 1, 2], [3, 4, 5], [6, 7, 8], [7, 8, 9]]),  # the last image is never seen
        (9, [[0, 1, 2], [3, 4, 5], [6, 7, 8], [7, 8]]),  # nothing remains: the batch that overlaps is cut off
    ],
)
def test_the_cycle_of_the_released_generator(images, cycle):
    """By hand, for batches of three: an epoch takes three of the cycle's four, from where the last one ended."""
    source = Arrays(np.arange(images)[:, None])
    batches = Batches(source, np.arange(images), np.zeros(images, int), 1, 3, drop_remainder=True, cycle=True)
    endless = [batch for _ in range(6) for batch in cycle]
    assert len(batches) == 3
    for epoch in range(6):
        batches.start_epoch(epoch)
        found = [batches[index][0][:, 0].tolist() for index in range(3)]
        assert found == endless[3 * epoch : 3 * epoch + 3]


@pytest.mark.slow
def test_training_and_validation_go_on_in_their_cycles(tmp_path):
    """Also where training is resumed: the place follows from the epoch's number."""
    source, class_ids = data()
    seen = []

    class Recording(Batches):
        def __getitem__(self, index):
            seen.append((len(self.rows), int(self.order[self._start(index)])))
            return super().__getitem__(index)

    for epochs in (2, 3):
        recipe = recipes.fine_tuning(max_epochs=epochs, patience=9)
        parts = [
            Recording(source, rows, class_ids[rows], CLASSES, 16, cycle=True)
            for rows in (np.arange(35), np.arange(40, 80))
        ]
        checkpoint = Checkpoint(tmp_path)
        if checkpoint.exists():  # as if it had been killed after the second epoch
            progress, best = checkpoint.restore(small_model(recipe), keep_best=True)
            progress.finished = False
            model = small_model(recipe)
            checkpoint.restore(model, keep_best=True)
            Checkpoint(tmp_path).save(model, progress, best)
        train(small_model(recipe), recipe, *parts, checkpoint)
    # Cycles: of 35 images from 0, 16 and 17; of 40 from 0, 16 and 17. The third epoch begins at the second batch.
    assert [start for images, start in seen if images == 35][-2:] == [16, 17]
    assert [start for images, start in seen if images == 40][-2:] == [16, 17]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="of the tracing of TensorFlow")
@pytest.mark.parametrize("recipe", [recipes.off_the_shelf(), recipes.fine_tuning()], ids=["RMSprop", "SGD"])
def test_a_step_is_traced_once(recipe, tmp_path):
    """Keras alone would make the optimiser's and the metrics' variables in a first trace, which is then thrown away."""
    source, class_ids = data()
    model, traced = small_model(recipe), []
    step = model.train_step
    model.train_step = lambda batch: traced.append(1) or step(batch)
    batches = Batches(source, np.arange(90), class_ids, CLASSES, 16, shuffle_seed=1)
    train(model, replace(recipe, max_epochs=2), batches, batches, Checkpoint(tmp_path))
    assert traced == [1]
