"""A search for tickets that takes seconds: a network of two convolutions, on noise."""

import keras
import numpy as np

from arttl import recipes
from arttl.pruning import find_tickets
from arttl.training import Arrays, Batches, make_deterministic

CLASSES, SIDE = 4, 6


def tiny_network(seed=5):
    """Its layers have no names of their own, but for the head."""
    make_deterministic(seed)
    pixels = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(6, 3, activation="relu")(pixels)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3)(x))
    return keras.Model(pixels, keras.layers.Dense(CLASSES, "softmax", name="head")(x))


def tiny_search(folder, settings, seed=0, stop_in=None, model=None):
    """find_tickets in a folder; `stop_in` is a round in which the process is interrupted."""
    rng = np.random.default_rng(0)
    images, classes = rng.integers(0, 255, (48, SIDE, SIDE, 3)).astype("uint8"), rng.integers(0, CLASSES, 48)
    parts = [Batches(Arrays(images), rows, classes[rows], CLASSES, 16) for rows in np.split(np.arange(48), [32])]
    recipe = recipes.tickets(max_epochs=1, batch_size=16).changed({"optimizer.learning_rate": 1e-4})
    model = recipe.compile(model or tiny_network())

    def report(number, progress):
        if number == stop_in:
            raise KeyboardInterrupt

    return find_tickets(model, recipe, *parts, folder, settings, seed=seed, log=lambda line: None, report=report)
