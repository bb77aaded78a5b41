"""What `fit` is given: the same batches in the order of the epoch, and on TensorFlow no autotuner."""

import io
import sys

import keras
import numpy as np
import pytest
from small_training import CLASSES, data, small_model

from arttl.recipes import fine_tuning
from arttl.training import Arrays, Batches, Checkpoint, fed, train
from arttl.training.epoch_bar import EpochBar
from arttl.training.feeding import AHEAD

TENSORFLOW = keras.backend.backend() == "tensorflow"


@pytest.fixture
def batches(rng):
    images = rng.integers(0, 256, (11, 4, 4, 3), "uint8")
    return Batches(Arrays(images), np.arange(11), np.arange(11) % 3, 3, 4, shuffle_seed=1)


@pytest.mark.skipif(not TENSORFLOW, reason="other backends take Batches as they are")
def test_batches_come_in_the_order_that_an_epoch_has_when_it_begins(batches):
    dataset = fed(batches)
    assert len(dataset) == 3
    for epoch in (0, 5, 2):
        batches.start_epoch(epoch)
        for index, (images, labels) in enumerate(dataset):
            np.testing.assert_array_equal(images, batches[index][0])
            np.testing.assert_array_equal(labels, batches[index][1])


@pytest.mark.skipif(not TENSORFLOW, reason="other backends take Batches as they are")
def test_there_is_no_autotuner_whose_thread_holds_up_the_end_of_an_epoch(batches):
    assert fed(batches).options().autotune.enabled is False


@pytest.mark.core
def test_training_is_that_on_the_batches_themselves(batches):
    """Weights after two epochs with class weights, to the bit."""

    def weights(given, validation):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
        model.compile(keras.optimizers.SGD(1e-4), "categorical_crossentropy", jit_compile=False)
        order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.start_epoch(epoch))
        options = {"epochs": 2, "shuffle": False, "class_weight": {0: 1.0, 1: 2.0, 2: 0.5}, "verbose": 0}
        history = model.fit(given, validation_data=validation, callbacks=[order], **options).history
        return [*model.get_weights(), np.array([history["loss"], history["val_loss"]])]

    ordered = Batches(batches.source, batches.rows, batches.class_ids, 3, 4)
    pairs = zip(weights(fed(batches), fed(ordered)), weights(batches, ordered), strict=True)
    assert all(np.array_equal(ours, theirs) for ours, theirs in pairs)


def test_on_other_backends_it_is_the_batches_themselves(batches, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert fed(batches) is batches


@pytest.mark.core
def test_of_each_batch_that_is_read_it_is_told_how_many_are_done(rng):
    """Never more than have been taken, however far ahead they are read, and about as many."""
    images = rng.integers(0, 256, (40, 4, 4, 3), "uint8")
    batches, said = Batches(Arrays(images), np.arange(40), np.arange(40) % 3, 3, 4), []
    source, ahead = fed(batches, said.append), AHEAD if TENSORFLOW else 0
    for taken, (found, labels) in enumerate(source if TENSORFLOW else (source[index] for index in range(10))):
        np.testing.assert_array_equal(found, batches[taken][0])
        np.testing.assert_array_equal(labels, batches[taken][1])
        assert said[-1] <= taken + 1
    assert said == [max(0, index - ahead) for index in range(10)]


@pytest.mark.core
def test_an_epochs_bar_is_for_a_terminal_alone_and_sees_no_step(monkeypatch, tmp_path, capsys):
    """Keras waits for the results of every step of which a callback wants to know."""
    seen, fit = [], keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda *args, **more: (seen.extend(more["callbacks"]), fit(*args, **more)))
    recipe = fine_tuning("keras3", max_epochs=2)
    images, class_ids = data()
    parts = [Batches(images, np.arange(90), class_ids, CLASSES, 32) for _ in range(2)]
    model = small_model(recipe)

    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(model, recipe, *parts, Checkpoint(tmp_path), interrupt)
    assert not any(isinstance(each, EpochBar) for each in seen)
    assert capsys.readouterr().err == ""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = train(model, recipe, *parts, Checkpoint(tmp_path))
    assert any(isinstance(each, EpochBar) for each in seen)
    hooks = ("on_batch_end", "on_train_batch_begin", "on_train_batch_end", "on_test_batch_end")
    assert all(getattr(type(each), name) is getattr(keras.callbacks.Callback, name) for each in seen for name in hooks)
    shown = terminal.getvalue()
    assert "epoch 2 (at most 2):" in shown
    assert f"| 0/{len(parts[0])}" in shown
    assert f"best: epoch 1, validation accuracy {progress.history[0]['val_accuracy']:.1%}" in shown
