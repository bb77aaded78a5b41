"""Small networks with BatchNormalization, and their statistics."""

import keras
import numpy as np

from arttl import recipes
from arttl.recipes import Recipe
from arttl.training import Arrays, Batches

layers = keras.layers
CLASSES = 3


class Counting(layers.Layer):
    """Counts how often it is traced; PyTorch traces nothing."""

    traces = 0

    def call(self, inputs):
        Counting.traces += 1
        return inputs


def batches_of(array, size, **options):
    class_ids = np.arange(len(array)) % CLASSES
    return Batches(Arrays(array), np.arange(len(array)), class_ids, CLASSES, size, **options)


def data(drop_remainder=False):
    images = np.random.default_rng(1).normal(2, 3, size=(90, 8, 8, 1)).astype("float32")
    class_ids = np.arange(90) % CLASSES
    training = Batches(
        Arrays(images), np.arange(60), class_ids[:60], CLASSES, 16, shuffle_seed=5, drop_remainder=drop_remainder
    )
    return training, Batches(Arrays(images), np.arange(60, 90), class_ids[60:], CLASSES, 16)


def network(kind=layers.BatchNormalization, recipe=None, dropout=0.3, compile_model=Recipe.compile, **options):
    """From scratch, with everything that must not change: dropout's state, a head, an optimiser with momentum."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            Counting(),
            layers.Conv2D(4, 3),
            kind(name="first", **options),
            layers.ReLU(),
            layers.Conv2D(6, 3),
            layers.Dropout(dropout),
            kind(name="second", **options),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(CLASSES, "softmax"),
        ]
    )
    return compile_model(recipe or recipes.fine_tuning(), model)


def values(variables):
    return [np.array(keras.ops.convert_to_numpy(each)) for each in variables]


def statistics(model):
    kinds = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    return values(each for layer in kinds for each in (layer.moving_mean, layer.moving_variance))


def others(model):
    """All that a model and its optimiser have but moving statistics; the states of random numbers too."""
    own = {id(v) for layer in model.layers if isinstance(layer, layers.BatchNormalization) for v in layer.weights[2:]}
    kept = [each for each in [*model.variables, *model.non_trainable_variables] if id(each) not in own]
    return values([*kept, *model.optimizer.variables])


def assert_same(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def differ(ours, theirs):
    return any(not np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))
