"""A small network, data for it, and its history without times."""

import keras
import numpy as np
import pandas as pd

from arttl.recipes import Recipe
from arttl.training import Arrays, Batches, Checkpoint, make_deterministic, predict, train

CLASSES = 3


def data():
    rng = np.random.default_rng(1)
    class_ids = rng.integers(0, CLASSES, 90)
    images = rng.normal(size=(90, 8, 8, 1)).astype("float32") + class_ids[:, None, None, None] * 0.3
    return Arrays(images), class_ids


def small_model(recipe, seed=0, compile_model=Recipe.compile):
    """Convolution, BatchNormalization and a head: everything whose state a resume must bring back."""
    make_deterministic(seed)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1), name="pixels"),
            keras.layers.Conv2D(4, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.ReLU(name="relu"),
            keras.layers.GlobalAveragePooling2D(name="pool"),
            keras.layers.Dense(CLASSES, "softmax", name="head"),
        ],
        name="small",
    )
    for layer in model.layers[:-1]:
        layer.trainable = recipe.trains_backbone
    return compile_model(recipe, model)


def run(folder, recipe, report=lambda progress: None, seed=0, compile_model=Recipe.compile):
    source, class_ids = data()
    model = small_model(recipe, seed, compile_model)
    training = Batches(source, np.arange(60), class_ids[:60], CLASSES, 16, shuffle_seed=seed)
    validation = Batches(source, np.arange(60, 90), class_ids[60:], CLASSES, 16)
    progress = train(model, recipe, training, validation, Checkpoint(folder), report)
    return model, progress, predict(model, validation)


def without_times(progress):
    return pd.DataFrame(progress.history).drop(columns="seconds")
