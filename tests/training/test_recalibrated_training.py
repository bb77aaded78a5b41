"""Training under recalibration or another momentum: the same but for statistics, resumed, compiled once."""

from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
from statistics_of_batches import (
    CLASSES,
    Counting,
    assert_same,
    batches_of,
    data,
    differ,
    layers,
    network,
    others,
    statistics,
    values,
)

from arttl import recipes
from arttl.base.errors import InputError
from arttl.models.keras2018 import BatchNormalization2018
from arttl.pruning import MagnitudePruning, prunable_kernels
from arttl.recipes import Recipe
from arttl.runs.keeping import compiled
from arttl.training import Batches, Checkpoint, Recalibrate, recalibrate, set_momentum, train

BACKEND = keras.backend.backend()


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"kind": BatchNormalization2018, "moving_average": "zero-debiased"}])
def test_training_is_the_same_to_the_bit_but_for_statistics(options):
    trained = []
    for callback in (True, False):
        training, validation = data()
        model = network(**options)
        order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs, t=training: t.start_epoch(epoch))
        callbacks = [Recalibrate(training), order] if callback else [order]
        history = model.fit(
            training, validation_data=validation, epochs=3, shuffle=False, verbose=0, callbacks=callbacks
        )
        trained.append((others(model), history.history["loss"], statistics(model), history.history["val_loss"]))
    ours, theirs = trained
    assert_same(ours[0], theirs[0])
    assert ours[1] == theirs[1]
    assert differ(ours[2], theirs[2])
    assert ours[3] != theirs[3]


@pytest.mark.slow
def test_validation_sees_what_recalibrating_by_hand_gives():
    training, validation = data()
    model = network(dropout=0)  # PyTorch's draws from numbers that evaluate draws from too
    history = model.fit(
        training, validation_data=validation, shuffle=False, verbose=0, callbacks=[Recalibrate(training)]
    )
    again, _ = data()
    reference = network(dropout=0)
    reference.fit(again, shuffle=False, verbose=0)
    moving = reference.evaluate(validation, verbose=0, return_dict=True)["loss"]
    again.start_epoch(0)
    recalibrate(reference, again)
    expected = reference.evaluate(validation, verbose=0, return_dict=True)["loss"]
    assert history.history["val_loss"][0] == pytest.approx(expected, rel=1e-6)
    assert abs(moving - expected) > 1e-3
    assert_same(statistics(model), statistics(reference))


@pytest.mark.slow
def test_callback_reads_all_images_in_one_order_and_leaves_the_trainings_alone():
    reads = []

    class Recording(Batches):
        def __getitem__(self, index):
            inputs, labels = super().__getitem__(index)
            reads.append((id(self), self.epoch, index, len(inputs)))
            return inputs, labels

    training, validation = data(drop_remainder=True)
    training = Recording(training.source, training.rows, training.class_ids, CLASSES, 16, 5, drop_remainder=True)
    training.start_epoch(7)  # wherever it is
    callback = Recalibrate(training)
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: training.start_epoch(epoch))
    network().fit(training, validation_data=validation, epochs=2, shuffle=False, verbose=0, callbacks=[callback, order])
    recalibrated = [read[1:] for read in reads if read[0] == id(callback.batches)]
    assert recalibrated == 2 * [(0, 0, 16), (0, 1, 16), (0, 2, 16), (0, 3, 12)]
    trained = [read[1:] for read in reads if read[0] == id(training)]
    assert trained[-6:] == [(epoch, index, 16) for epoch in range(2) for index in range(3)]
    assert len(training) == 3


def test_evaluate_outside_of_fit_changes_nothing():
    training, validation = data()
    model, callback = network(), Recalibrate(training)
    before = statistics(model)
    model.evaluate(validation, callbacks=[callback], verbose=0)
    assert_same(statistics(model), before)
    model.fit(training, validation_data=validation, callbacks=[callback], verbose=0)
    model.set_weights([*map(np.zeros_like, model.get_weights())])
    model.evaluate(validation, callbacks=[callback], verbose=0)
    assert not any(each.any() for each in statistics(model))


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch traces nothing")
@pytest.mark.slow
def test_nothing_is_compiled_anew():
    training, validation = data()
    model, traces = network(), []
    count = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: traces.append(Counting.traces))
    callbacks = [Recalibrate(training), count]
    model.fit(training, validation_data=validation, epochs=4, shuffle=False, verbose=0, callbacks=callbacks)
    assert traces[0] == traces[-1]
    recalibrate(model, training)
    assert Counting.traces == traces[-1]
    model.get_layer("first").trainable = False  # another pass, and only once
    for _ in range(2):
        assert recalibrate(model, training) == 1
        traces.append(Counting.traces)
    assert traces[-3] < traces[-2] == traces[-1]


class Stop(Exception):
    """Stands for a kill right after an epoch's state was written."""


@pytest.mark.parametrize(
    "kind", [pytest.param(layers.BatchNormalization, marks=pytest.mark.core), BatchNormalization2018]
)
@pytest.mark.slow
def test_resumed_training_gives_the_same(tmp_path, kind):
    options = {} if kind is layers.BatchNormalization else {"moving_average": "zero-debiased"}
    fast = {"name": "SGD", "learning_rate": 0.3, "momentum": 0.9}
    recipe = recipes.fine_tuning(max_epochs=4, patience=3, optimizer=fast)

    def run(folder, report=lambda progress: None, compile_model=Recipe.compile):
        training, validation = data()
        model = network(kind, recipe, 0, compile_model, **options)  # a Checkpoint does not hold dropout's state
        fit = partial(keras.Model.fit, model)
        model.fit = lambda *data, callbacks, **rest: fit(*data, callbacks=[Recalibrate(training), *callbacks], **rest)
        return model, train(model, recipe, training, validation, Checkpoint(tmp_path / folder), report)

    def kept(recipe, model):
        """The model as compiled for a former run: compiling is nearly all that one costs here."""
        return compiled(model, recipe)

    def stop(progress):
        if not progress.finished:
            raise Stop

    model, whole = run("whole")
    for _ in range(whole.epochs - 1):
        with pytest.raises(Stop):
            run("parts", stop, kept)
    resumed, progress = run("parts", stop)
    histories = [pd.DataFrame(each.history).drop(columns="seconds") for each in (whole, progress)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    assert_same(resumed.get_weights(), model.get_weights())
    # what is tested are the best epoch's weights, with its recalibrated statistics
    _, validation = data()
    best = min(row["val_loss"] for row in whole.history)
    assert model.evaluate(validation, verbose=0, return_dict=True)["loss"] == pytest.approx(best, rel=1e-5)
    training, _ = data()
    found = statistics(model)
    recalibrate(model, training)
    for ours, theirs in zip(statistics(model), found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.core
@pytest.mark.slow
def test_pruned_weights_stay_zero():
    training, validation = data()
    model = network()
    pruning = MagnitudePruning(rate=0.5, rewind=1, head=True, dense=True)
    for _ in range(2):
        model.fit(
            training, validation_data=validation, verbose=0, shuffle=False, callbacks=[pruning, Recalibrate(training)]
        )
        pruning.prune(model)
    model.fit(training, validation_data=validation, verbose=0, callbacks=[Recalibrate(training), pruning])
    before = statistics(model)
    recalibrate(model, training)
    assert differ(statistics(model), before)  # the callback reads another order
    for key, kernel in prunable_kernels(model, head=True, dense=True).items():
        assert (values([kernel])[0] == 0).tolist() == (~pruning.masks[key]).tolist(), key


@pytest.mark.slow
@pytest.mark.parametrize("kind", [layers.BatchNormalization, BatchNormalization2018])
def test_momentum_takes_effect_also_in_a_step_that_was_compiled_before(tmp_path, kind):
    model = keras.Sequential([keras.Input((1,)), kind(), kind(), layers.Dense(CLASSES)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    batches = batches_of(np.array([[10.0], [14.0]], "float32"), 2)  # mean 12, variance 4
    first = model.layers[0]
    moving = np.array([0.0, 1.0])
    for momentum in (0.5, 0.9, 0.25, 0):
        assert set_momentum(model, momentum) == 2
        for _ in range(2):
            model.fit(batches, verbose=0)
            moving = momentum * moving + (1 - momentum) * np.array([12, 4])
        np.testing.assert_allclose(np.ravel(values([first.moving_mean, first.moving_variance])), moving, rtol=1e-5)
    set_momentum(model, 0.75)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in loaded.layers] == [kind, kind, layers.Dense]
    assert [layer.momentum for layer in loaded.layers[:2]] == [0.75, 0.75]
    loaded.fit(batches, verbose=0)
    moving = 0.75 * moving + 0.25 * np.array([12, 4])
    found = values([loaded.layers[0].moving_mean, loaded.layers[0].moving_variance])
    np.testing.assert_allclose(np.ravel(found), moving, rtol=1e-5)


def test_momentum_changes_moving_statistics_alone():
    trained = []
    for momentum in (0.99, 0.5):
        training, _ = data()
        model = network()
        assert set_momentum(model, momentum) == 2
        model.fit(training, epochs=2, shuffle=False, verbose=0)
        trained.append((others(model), statistics(model)))
    ours, theirs = trained
    assert_same(ours[0], theirs[0])
    assert all(differ([one], [other]) for one, other in zip(ours[1], theirs[1], strict=True))


@pytest.mark.parametrize("momentum", [1, -0.1, float("nan"), "0.9", None, True])
def test_momentum_must_be_a_share(momentum):
    model = network()
    with pytest.raises(InputError, match="give a number in \\[0, 1\\)"):
        set_momentum(model, momentum)
    assert model.get_layer("first").momentum == 0.99
