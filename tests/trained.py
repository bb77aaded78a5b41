"""Small networks and data to train on."""

import numpy as np
from small_training import CLASSES, data, small_model

from arttl.recipes import Recipe
from arttl.training import Batches, Checkpoint, predict, train


def run(folder, recipe, report=lambda progress: None, seed=0, compile_model=Recipe.compile):
    source, class_ids = data()
    model = small_model(recipe, seed, compile_model)
    training = Batches(source, np.arange(60), class_ids[:60], CLASSES, 16, shuffle_seed=seed)
    validation = Batches(source, np.arange(60, 90), class_ids[60:], CLASSES, 16)
    progress = train(model, recipe, training, validation, Checkpoint(folder), report)
    return model, progress, predict(model, validation)
