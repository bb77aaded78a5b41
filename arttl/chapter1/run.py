"""Train and test one model, and write its run folder."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from arttl.chapter1.deviations import deviations
from arttl.errors import InputError
from arttl.features import cached_features, network_fingerprint
from arttl.files import write_json, write_model, write_table
from arttl.metrics import frequency_metrics, majority_accuracy, test_metrics
from arttl.models import build_classifier, parameter_counts
from arttl.training import (
    Arrays,
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
        if not force:
            spec.check_same(data)
            if folder.is_complete:  # another process finished it meanwhile
                return folder.metrics()
        store = data.store(spec.image_size, spec.recipe)
        rows, class_ids = data.rows(store)
        start_afresh(spec.seed)
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
        progress, probabilities = fit_and_predict(spec, data, model, store, rows, class_ids)
        ids = np.array(store.image_ids)[rows["test"]]
        predictions = prediction_table(ids, class_ids["test"], probabilities, data.split.classes)
        write_table(folder.path / "predictions.csv", predictions)
        write_model(folder.path / "model.keras", model)
        metrics = run_metrics(spec, progress, class_ids, probabilities)
        metrics["seconds"] = round(earlier + time.perf_counter() - started, 1)
        folder.log(
            f"  test accuracy {metrics['test_accuracy']:.1%} [{metrics['test_accuracy_low']:.1%}, "
            f"{metrics['test_accuracy_high']:.1%}], epoch {metrics['tested_epoch']} of {progress.epochs}, "
            f"{metrics['seconds']:.0f} s"
        )
        write_json(folder.path / "metrics.json", metrics)
        folder.remove_checkpoint()
    return metrics


def prepare_folder(spec, data, store, model, force):
    """Write config.json before training begins, and see that a checkpoint is that of this very run.

    Nothing of a former run is removed before the images and the model are there.
    """
    folder = spec.folder
    if force:
        folder.empty()
    if not folder.is_started:
        folder.remove_checkpoint()  # whose it was nobody knows
    trainable, frozen = parameter_counts(model)
    config = {
        "settings": spec.settings(data),
        "split": data.split.settings,
        "dropped_classes": data.split.dropped,
        "class_names": list(data.split.classes),
        "bad_images": store.bad,
        "parameters": {"trainable": trainable, "frozen": frozen},
        "initial_backbone": network_fingerprint(model),
        "deviations": deviations(spec, data),
    }
    if folder.is_started:
        former = folder.read_config()
        for name in ("bad_images", "initial_backbone"):
            if former.get(name) != config[name]:
                raise InputError(f"{folder.path} was begun with another {name}; --force starts it anew")
    write_table(folder.path / "images.csv", data.image_table())
    folder.write_config(config)
    if store.bad:
        folder.log(f"  {len(store.bad)} images cannot be read and were left out (--skip-bad-images)")


def fit_and_predict(spec, data, model, store, rows, class_ids):
    """Train the model, or its head on cached features; returns the Progress and the test probabilities."""
    recipe, folder = spec.recipe, spec.folder
    source, trained = store, model
    if recipe.features == "one-pass":
        features, path, reused = cached_features(model, store, data.cache)
        folder.log(f"  features {'reused from' if reused else 'computed and kept in'} {path}")
        source, trained = Arrays(features), head_model(model)
    recipe.compile(trained)

    def batches(part, **order):
        classes = len(data.split.classes)
        return Batches(source, rows[part], class_ids[part], classes, recipe.batch_size, **order)

    def report(progress):
        write_table(folder.path / "history.csv", pd.DataFrame(progress.history))
        folder.log(epoch_line(progress, recipe.max_epochs))

    drop = {"drop_remainder": recipe.drop_remainder}
    training = batches("train", shuffle_seed=spec.seed if recipe.shuffle else None, **drop)
    validation = batches("validation", **drop)
    progress = train(trained, recipe, training, validation, Checkpoint(folder.checkpoint), report)
    write_table(folder.path / "history.csv", pd.DataFrame(progress.history))
    return progress, predict(trained, batches("test"))


def run_metrics(spec, progress, class_ids, probabilities):
    """The content of metrics.json but for the run's seconds."""
    by_frequency = frequency_metrics(class_ids["train"], class_ids["test"], probabilities.argmax(axis=1))
    return (
        test_metrics(class_ids["test"], probabilities)
        | by_frequency
        | {
            "majority_accuracy": majority_accuracy(class_ids["train"], class_ids["test"]),
            "best_epoch": progress.best_epoch,
            "tested_epoch": progress.best_epoch if spec.recipe.tested == "best" else progress.epochs,
            "epochs": progress.epochs,
            "training_seconds": round(sum(row["seconds"] for row in progress.history), 3),
        }
    )


def epoch_line(progress, max_epochs):
    """One line for the log after an epoch."""
    row = progress.history[-1]
    best = " best" if progress.best_epoch == progress.epochs else ""
    return (
        f"  epoch {progress.epochs:3d} (at most {max_epochs}): loss {row['loss']:.4f}, "
        f"validation loss {row['val_loss']:.4f}, accuracy {row['val_accuracy']:.3f}, {row['seconds']:.1f} s{best}"
    )


def prediction_table(ids, class_ids, probabilities, classes):
    """predictions.csv as a DataFrame: image_id, label, predicted, probability of the predicted class."""
    names = np.array(classes)
    return pd.DataFrame(
        {
            "image_id": ids,
            "label": names[class_ids],
            "predicted": names[probabilities.argmax(axis=1)],
            "probability": probabilities.max(axis=1).round(6),
        }
    )
