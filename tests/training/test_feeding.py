"""What `fit` is given: the same batches in the order of the epoch, and on TensorFlow no autotuner."""

import keras
import numpy as np
import pytest

from arttl.training import Arrays, Batches, fed

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
