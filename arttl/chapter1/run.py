"""Train and test one model, and write its run folder."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from arttl.chapter1.deviations import deviations
from arttl.classical import check_memory, class_scores, search
from arttl.errors import InputError
from arttl.features import Features, cached_features, network_fingerprint
from arttl.files import write_model, write_table
from arttl.keeping import compiled, release
from arttl.leaks import run_of_weights, started_from
from arttl.models import build_classifier, parameter_counts
from arttl.models.belongings import NAMED_WEIGHTS
from arttl.recipes import get_recipe
from arttl.results import Outcome, epoch_line, history_table, training_metrics, write_results
from arttl.tracking import Tracking
from arttl.training import (
    Batches,
    Checkpoint,
    head_model,
    predict,
    set_product_precision,
    start_afresh,
    train,
)


def run_one(spec, data, force=False):
    """Train and test one model by its RunSpec, resuming where its folder holds a checkpoint.

    Arguments:
        spec: the RunSpec.
        data: the ExperimentData.
        force: make the run anew, whatever its folder holds.

    Returns the metrics, as they stand in metrics.json, which is written last.

    Raises InputError when the folder holds a run of other settings, or another process is at work in it.
    """
    started = time.perf_counter()
    with spec.folder.locked() as folder:
        metrics = folder.finished(spec.settings(data), force)
        if metrics is not None:
            return metrics
        start_afresh(spec.seed)
        with spec.computing.applied():
            store = data.store(spec.image_size, spec.recipe)
            rows, class_ids = data.rows(store)
            set_product_precision(faithful=not spec.recipe.numerics.is_today)
            model = build_classifier(
                spec.architecture,
                len(data.split.classes),
                weights=spec.weights,
                trainable=spec.recipe.trains_backbone,
                image_size=spec.image_size,
                preprocessing=spec.recipe.preprocessing,
                numerics=spec.recipe.numerics,
            )
            prepare_folder(spec, data, store, model, force)
            earlier = Checkpoint(folder.checkpoint).seconds()
            ids = np.array(store.image_ids)[rows["test"]]
            fit = fit_softmax if spec.classifier == "softmax" else fit_classical
            with Tracking(spec.computing.track, folder) as tracking:
                outcome, model = fit(spec, data, model, store, rows, class_ids, tracking)
                if spec.classifier == "softmax":
                    write_model(folder.path / "model.keras", model)
                seconds = earlier + time.perf_counter() - started
                metrics = write_results(folder, outcome, ids, class_ids, data.split.classes, seconds)
                tracking.finish(metrics)
            release(model)
        return metrics


def prepare_folder(spec, data, store, model, force):
    """Write config.json before training begins, and see that a checkpoint is that of this very run.

    Nothing of a former run is removed before the images and the model are there.
    """
    folder = spec.folder
    if force:
        folder.empty()
    if not folder.is_started:  # whose they were nobody knows
        folder.remove_checkpoint()
        folder.remove_tracks()
    trainable, frozen = parameter_counts(model)
    config = {
        "settings": spec.settings(data),
        "weights_path": None if spec.weights in NAMED_WEIGHTS else str(Path(spec.weights).absolute()),
        "split": data.split.settings,
        "dropped_classes": data.split.dropped,
        "class_names": list(data.split.classes),
        "bad_images": store.bad,
        "reading_losses": data.reading_losses[spec.recipe.decoding],
        "parameters": {"trainable": trainable, "frozen": frozen},
        "initial_backbone": network_fingerprint(model),
        "started_from": started_from(run_of_weights(spec.weights), folder),
        "deviations": deviations(spec, data) + data.untested(store),
    }
    if folder.is_started:
        former = folder.read_config()
        for name in ("bad_images", "initial_backbone"):
            if former.get(name) != config[name]:
                raise InputError(f"{folder.path} was begun with another {name}; force=True starts it anew")
    write_table(folder.path / "images.csv", data.image_table())
    folder.write_config(config)
    if store.bad:
        folder.log(f"  {len(store.bad)} images cannot be read and were left out, as was asked")
    for line in data.untested(store):
        folder.log(f"  {line}")


def fit_softmax(spec, data, model, store, rows, class_ids, tracking):
    """Train a model, or its head on cached features; returns the Outcome, and a model with the tested weights."""
    recipe, folder = spec.recipe, spec.folder
    if recipe.features == "one-pass":
        source, trained = run_features(spec, data, model, store, rows), recipe.compile(head_model(model))
    else:
        source, model = store, compiled(model, recipe)
        trained = model

    def batches(part, **order):
        classes = len(data.split.classes)
        return Batches(source, rows[part], class_ids[part], classes, recipe.batch_size, **order)

    def report(progress):
        write_table(folder.path / "history.csv", history_table(progress))
        folder.log(epoch_line(progress, recipe.max_epochs))
        tracking.tell(progress.kept_history)

    order = {"drop_remainder": recipe.drop_remainder, "cycle": recipe.cycle}
    training = batches("train", shuffle_seed=spec.seed if recipe.shuffle else None, **order)
    parts = training, batches("validation", **order)

    def features():
        return run_features(spec, data, model, store, rows)

    progress = warmed_up_and_trained(trained, recipe, parts, Checkpoint(folder.checkpoint), report, features)
    write_table(folder.path / "history.csv", history_table(progress))
    tracking.tell(progress.history)
    metrics = training_metrics(progress, recipe)
    chosen = f"epoch {metrics['tested_epoch']} of {progress.epochs}"
    return Outcome(predict(trained, batches("test")), True, metrics, chosen), model


def warmed_up_and_trained(model, recipe, parts, checkpoint, report, features):
    """Train a model as arttl.training.train does, after the recipe's warm-up if it has one; returns the Progress.

    Arguments:
        model: the compiled model.
        recipe: its Recipe.
        parts: Batches of training and validation images.
        checkpoint: the Checkpoint; a warm-up that is not over has one of its own below its folder.
        report: as train takes it.
        features: function that gives X of every image that the run uses. It is called only for a warm-up.
    """
    begun = None
    if recipe.trains_backbone and recipe.warm_up and not checkpoint.exists():
        source = features()
        begun = _warm_up(model, recipe, [each.of(source) for each in parts], checkpoint.folder / "warm-up", report)
    return train(model, recipe, *parts, checkpoint, report, begun=begun)


def _warm_up(model, recipe, parts, folder, report):
    """Train the head alone, as an off-the-shelf run of the same recipe and seed begins; returns the Progress."""
    head = replace(
        recipe,
        approach="off-the-shelf",
        features="one-pass",
        optimizer=get_recipe(recipe.name, "off-the-shelf").optimizer,
        patience=recipe.warm_up,
        max_epochs=recipe.warm_up,
        tested="last",
    )
    return train(head.compile(head_model(model)), head, *parts, Checkpoint(folder), report)


def fit_classical(spec, data, model, store, rows, class_ids, tracking):
    """Search a classifier of scikit-learn on X; returns the Outcome, and the model. history.csv: a row a setting."""
    spec.folder.log(f"  {check_memory(spec.classifier, spec.size(data))}")
    features = run_features(spec, data, model, store, rows)
    parts = {part: (features.read(rows[part]), class_ids[part]) for part in rows}

    def report(row):
        tried = ", ".join(f"{name} {value}" for name, value in row.items() if name not in ("val_accuracy", "seconds"))
        spec.folder.log(f"  {tried}: validation accuracy {row['val_accuracy']:.3f}, {row['seconds']:.1f} s")

    class_weight = "balanced" if spec.recipe.class_weights == "balanced" else None
    found = search(
        spec.classifier,
        parts["train"],
        parts["validation"],
        seed=spec.seed,
        class_weight=class_weight,
        size=spec.size(data),
        report=report,
    )
    write_table(spec.folder.path / "history.csv", found.table)
    scores, are_probabilities = class_scores(found.estimator, parts["test"][0], len(data.split.classes))
    metrics = {"hyper_parameters": found.settings, "training_seconds": round(float(found.table.seconds.sum()), 3)}
    chosen = ", ".join(f"{name} {value}" for name, value in found.settings.items())
    return Outcome(scores, are_probabilities, metrics, chosen), model


def run_features(spec, data, model, store, rows):
    """X of the images that a run uses, from the cache as far as it is there; says which.

    Arguments:
        spec: the RunSpec.
        data: the ExperimentData.
        model: the classifier.
        store: the ImageStore.
        rows: dict of part to positions in the store.

    Returns Features, whose `read` takes positions in the store.
    """
    used = np.unique(np.concatenate(list(rows.values())))
    features, path, reused = cached_features(model, store, data.cache, used)
    spec.folder.log(f"  features {'reused from' if reused else 'computed and kept in'} {path}")
    return Features(used, features)
