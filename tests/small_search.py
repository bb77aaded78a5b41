"""A search on blobs that a small network can tell apart."""

import numpy as np

from arttl import recipes
from arttl.models import lenet_300_100
from arttl.pruning import SearchSettings, find_tickets
from arttl.recipes import Recipe
from arttl.training import Arrays, Batches, make_deterministic

CLASSES = 4


class Killed(Exception):
    """Stands for a process that ends at this moment."""


def data(shape, images=96, seed=0):
    """Training, validation and test Batches of blobs that a network can tell apart."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, CLASSES, images)
    centres = rng.integers(0, 256, (CLASSES, *shape))
    pixels = np.clip(centres[classes] + rng.normal(0, 40, (images, *shape)), 0, 255).astype("uint8")
    rows = np.split(np.arange(images), [images // 2, 3 * images // 4])
    parts = [Batches(Arrays(pixels), part, classes[part], CLASSES, 16) for part in rows[1:]]
    return Batches(Arrays(pixels), rows[0], classes[rows[0]], CLASSES, 16, shuffle_seed=3), *parts


def small_search(folder, model, settings, epochs=3, log=lambda line: None, compile_model=Recipe.compile, **options):
    recipe = recipes.tickets(max_epochs=epochs, batch_size=16)
    model = compile_model(recipe, model)
    training, validation, test = data(model.input_shape[1:])
    return find_tickets(model, recipe, training, validation, folder, settings, test=test, log=log, **options)


def lenet():
    make_deterministic(5)
    return lenet_300_100(CLASSES, (6, 6, 1), seed=5)


LENET = SearchSettings(rounds=3, scope="global", dense=True, head=True, keep_final=True, keep_initial=True)
