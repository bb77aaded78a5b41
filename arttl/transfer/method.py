"""The steps of Chapter 1's method that a script puts together: X, the head's warm-up, classifiers on X."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from arttl.base.files import write_table
from arttl.classical import check_memory, class_scores, search
from arttl.recipes import get_recipe
from arttl.runs.keeping import compiled
from arttl.runs.results import Outcome
from arttl.training import Checkpoint, head_model, predict, train
from arttl.training.features import Features, cached_features

HEAD_AT_ONCE = 16
"""Training steps of a head on X that the backend runs in one go, since asking for a step takes longer than the step. It
changes no number."""


def train_and_test(run, model, images):
    """Train a network to early stopping and test it, as its recipe says.

    Off the shelf the head alone is trained, on X, which the frozen network computes once.

    Arguments:
        run: an arttl.runs.engine.Run.
        model: a keras.Model of arttl.models.build_classifier.
        images: the TrainingData.

    Returns (Outcome, the trained model).
    """
    recipe = run.recipe
    if recipe.features == "one-pass":
        trained, images = head_model(model), on_features(run, model, images)
        recipe.compile(trained, HEAD_AT_ONCE)
    else:
        trained = model = compiled(model, recipe)
    training, validation = images.training(recipe, run.seed), images.validation(recipe)
    begun = warm_up(model, recipe, (training, validation), run.checkpoint, run.report, partial(_x, run, model, images))
    progress = run.train(trained, training, validation, begun=begun)
    return run.outcome(progress, predict(trained, images.test(recipe))), model


def on_features(run, model, images):
    """The same images as X, from the cache as far as it is there; says which.

    Arguments:
        run: an arttl.runs.engine.Run.
        model: the classifier, frozen.
        images: the TrainingData.

    Returns TrainingData of float32 vectors.
    """
    store = images.parts["train"][0]
    used = np.unique(np.concatenate([rows for _, rows, _, _ in images.parts.values()]))
    features, path, reused = cached_features(model, store, images.cache, used)
    run.folder.log(f"  features {'reused from' if reused else 'computed and kept in'} {path}")
    return images.of(Features(used, features))


def _x(run, model, images):
    return on_features(run, model, images).parts["train"][0]


def warm_up(model, recipe, parts, checkpoint, report, features):
    """Train the head alone first, where the recipe has a warm-up and training is yet to begin.

    It begins as an off-the-shelf run of the same recipe and seed does. A warm-up that is not over has a checkpoint of
    its own, below the training's.

    Arguments:
        model: the compiled model.
        recipe: its Recipe.
        parts: Batches of training and validation images.
        checkpoint: the Checkpoint of the training.
        report: as arttl.training.train takes it.
        features: function that gives X of every image that the run uses. It is called only for a warm-up.

    Returns the Progress, for train's `begun`; or None.
    """
    if not (recipe.trains_backbone and recipe.warm_up) or checkpoint.exists():
        return None
    source = features()
    head = replace(
        recipe,
        approach="off-the-shelf",
        features="one-pass",
        optimizer=get_recipe(recipe.name, "off-the-shelf").optimizer,
        patience=recipe.warm_up,
        max_epochs=recipe.warm_up,
        tested="last",
    )
    of_features = [each.of(source) for each in parts]
    kept = Checkpoint(checkpoint.folder / "warm-up")
    return train(head.compile(head_model(model), HEAD_AT_ONCE), head, *of_features, kept, report)


def search_classifier(run, model, images):
    """Search a classifier of scikit-learn on X and test it; history.csv has a row a setting.

    Arguments:
        run: an arttl.runs.engine.Run, whose spec says which `classifier`.
        model: the frozen network.
        images: the TrainingData.

    Returns (Outcome, None).
    """
    name, folder, size = run.spec.classifier, run.folder, run.spec.size(run.data)
    folder.log(f"  {check_memory(name, size)}")
    features = on_features(run, model, images)
    parts = {part: (reader.read(rows), class_ids) for part, (reader, rows, class_ids, _) in features.parts.items()}

    def report(row):
        tried = ", ".join(f"{name} {value}" for name, value in row.items() if name not in ("val_accuracy", "seconds"))
        folder.log(f"  {tried}: validation accuracy {row['val_accuracy']:.3f}, {row['seconds']:.1f} s")

    class_weight = "balanced" if run.recipe.class_weights == "balanced" else None
    found = search(
        name,
        parts["train"],
        parts["validation"],
        seed=run.seed,
        class_weight=class_weight,
        size=size,
        report=report,
    )
    write_table(folder.path / "history.csv", found.table)
    scores, are_probabilities = class_scores(found.estimator, parts["test"][0], images.num_classes)
    metrics = {"hyper_parameters": found.settings, "training_seconds": round(float(found.table.seconds.sum()), 3)}
    chosen = ", ".join(f"{name} {value}" for name, value in found.settings.items())
    return Outcome(scores, are_probabilities, metrics, chosen), None
