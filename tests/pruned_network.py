"""A small network to prune, with a loss that counts its traces and a callback that watches the zeros."""

import keras
import numpy as np

from arttl.pruning import prunable_kernels

layers, optimizers = keras.layers, keras.optimizers
BACKEND = keras.backend.backend()
BATCH, ROWS = 8, 32


class Loss(keras.losses.Loss):
    """Squared error that counts how often it is traced; PyTorch traces nothing."""

    traces = 0

    def call(self, truth, outputs):
        Loss.traces += 1
        return keras.losses.mean_squared_error(truth, outputs)


def network(optimizer=None, seed=0, **compiled):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((6, 6, 2))
    x = layers.Conv2D(6, 3, name="conv")(inputs)
    x = layers.ReLU()(layers.BatchNormalization(name="bn")(x))
    x = layers.SeparableConv2D(5, 3, name="apart")(x)
    x = layers.Dense(4, name="mlp")(layers.Flatten()(x))
    outputs = layers.Dense(3, name="head", dtype="float32")(x)
    model = keras.Model(inputs, outputs, name="small")
    model.compile(optimizer or optimizers.SGD(0.01, momentum=0.9, nesterov=True), Loss(), **compiled)
    return model


def fit(model, data, *callbacks, epochs=2, **options):
    options = {"batch_size": BATCH, "shuffle": False, "verbose": 0, **options}
    return model.fit(*data, epochs=epochs, callbacks=list(callbacks), **options)


def values(model, **which):
    return {key: keras.ops.convert_to_numpy(kernel) for key, kernel in prunable_kernels(model, **which).items()}


class Watch(keras.callbacks.Callback):
    """Looks at the weights whenever Keras calls, and holds pruned ones to be zero and the others not all to be."""

    def __init__(self, pruning):
        super().__init__()
        self.pruning, self.seen = pruning, dict.fromkeys(("step", "epoch", "validation", "end"), 0)

    def look(self, when):
        self.seen[when] += 1
        for key, array in values(self.model, dense=self.pruning.dense).items():
            mask = self.pruning.masks[key]
            assert (array[~mask] == 0).all(), (key, when)
            assert np.count_nonzero(array[mask]) > 0.5 * mask.sum(), (key, when)

    def on_train_batch_end(self, batch, logs=None):
        self.look("step")

    def on_epoch_end(self, epoch, logs=None):
        self.look("epoch")

    def on_test_batch_end(self, batch, logs=None):
        self.look("validation")

    def on_train_end(self, logs=None):
        self.look("end")
