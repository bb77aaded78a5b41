"""Train and test one model, and write its run folder."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from arttl.features import cached_features, network_fingerprint
from arttl.files import write_json, write_model, write_table
from arttl.images import Decoding, ImageStore
from arttl.metrics import majority_accuracy, test_metrics
from arttl.models import build_classifier, parameter_counts
from arttl.training import Arrays, Batches, Checkpoint, head_model, make_deterministic, predict, train

PARTS = ("train", "validation", "test")


def run_one(spec, collection, split, options):
    """Train and test one model by its RunSpec, resuming where its folder holds a checkpoint.

    Arguments:
        spec: the RunSpec.
        collection: the Collection.
        split: the Split of its challenge.
        options: cache (folder), skip_bad_images, force.

    Returns the metrics, as they stand in metrics.json, which is written last.
    """
    started = time.perf_counter()
    with spec.folder.locked() as folder:
        if options.force:
            folder.empty()
        store = open_store(spec, collection, options)
        rows, class_ids = usable_rows(split, store, folder)
        make_deterministic(spec.seed)
        model = build_classifier(
            spec.architecture,
            len(split.classes),
            weights=spec.weights,
            trainable=spec.recipe.trains_backbone,
            image_size=spec.image_size,
            preprocessing=spec.recipe.preprocessing,
        )
        write_config(spec, collection, split, store, model, folder)
        earlier = Checkpoint(folder.checkpoint).seconds()
        progress, probabilities = fit_and_predict(spec, model, store, rows, class_ids, len(split.classes), options)
        metrics = test_metrics(class_ids["test"], probabilities) | {
            "majority_accuracy": majority_accuracy(class_ids["train"], class_ids["test"]),
            "best_epoch": progress.best_epoch,
            "tested_epoch": progress.best_epoch if spec.recipe.tested == "best" else progress.epochs,
            "epochs": progress.epochs,
            "training_seconds": round(sum(row["seconds"] for row in progress.history), 3),
        }
        ids = np.array(store.image_ids)[rows["test"]]
        write_table(
            folder.path / "predictions.csv", prediction_table(ids, class_ids["test"], probabilities, split.classes)
        )
        write_model(folder.path / "model.keras", model)
        metrics["seconds"] = round(earlier + time.perf_counter() - started, 1)
        folder.log(
            f"  test accuracy {metrics['test_accuracy']:.1%} [{metrics['test_accuracy_low']:.1%}, "
            f"{metrics['test_accuracy_high']:.1%}], epoch {metrics['tested_epoch']} of {progress.epochs}, "
            f"{metrics['seconds']:.0f} s"
        )
        write_json(folder.path / "metrics.json", metrics)
        folder.remove_checkpoint()
    return metrics


def open_store(spec, collection, options):
    """The decoded images of the whole collection, shared by every challenge and seed."""
    return ImageStore.build(
        collection.paths(collection.table["image_id"]),
        Decoding((spec.image_size, spec.image_size), spec.recipe.resize),
        options.cache,
        skip_bad_images=options.skip_bad_images,
    )


def usable_rows(split, store, folder):
    """Positions in the store and class ids of each part; dicts of part to integer array."""
    rows, class_ids = {}, {}
    for part in PARTS:
        ids, classes = np.array(split.ids(part)), np.asarray(split.class_ids(part))
        readable = ~np.isin(ids, list(store.bad))
        rows[part], class_ids[part] = store.rows(list(ids[readable])), classes[readable]
        if not readable.all():
            folder.log(f"  {(~readable).sum()} {part} images cannot be read and were left out (--skip-bad-images)")
    return rows, class_ids


def write_config(spec, collection, split, store, model, folder):
    """Write config.json before training begins."""
    trainable, frozen = parameter_counts(model)
    folder.write_config(
        {
            "settings": spec.settings(collection, split),
            "split": split.settings,
            "dropped_classes": split.dropped,
            "class_names": list(split.classes),
            "bad_images": store.bad,
            "parameters": {"trainable": trainable, "frozen": frozen},
            "fingerprints": {
                "split": split.fingerprint,
                "images": store.fingerprint,
                "initial_backbone": network_fingerprint(model),
            },
            "deviations": deviations(spec),
        }
    )


def deviations(spec):
    """In words, where this run departs from the studies; docs/fidelity.md explains each."""
    from arttl.models import BACKBONES

    backbone = BACKBONES[spec.architecture]
    found = [
        "Keras 3 numerics: RMSprop's epsilon inside the root, cross-entropy from cached logits, trainable "
        "BatchNormalization by plain average, today's ResNet50 graph",
        "EXIF orientation is applied and transparency composited on white; Keras of 2018 ignored both",
    ]
    if spec.image_size != backbone.input_size:
        found.append(f"image size {spec.image_size} instead of {backbone.input_size}")
    if spec.weights not in ("imagenet", "none"):
        found.append(f"starts from {spec.weights} weights instead of ImageNet's")
    if spec.recipe.max_epochs < 1000:
        found.append(f"at most {spec.recipe.max_epochs} epochs")
    if spec.recipe.batch_size != 32:
        found.append(f"batch size {spec.recipe.batch_size} instead of 32")
    return found


def fit_and_predict(spec, model, store, rows, class_ids, num_classes, options):
    """Train the model, or its head on cached features; returns the Progress and the test probabilities."""
    recipe, folder = spec.recipe, spec.folder
    source, trained = store, model
    if not recipe.trains_backbone:
        features, path, reused = cached_features(model, store, options.cache)
        folder.log(f"  features {'reused from' if reused else 'computed and kept in'} {path}")
        source, trained = Arrays(features), head_model(model)
    recipe.compile(trained)

    def batches(part, shuffle_seed=None):
        return Batches(source, rows[part], class_ids[part], num_classes, recipe.batch_size, shuffle_seed)

    def report(progress):
        write_table(folder.path / "history.csv", pd.DataFrame(progress.history))
        folder.log(epoch_line(progress, recipe.max_epochs))

    training = batches("train", spec.seed if recipe.shuffle else None)
    progress = train(trained, recipe, training, batches("validation"), Checkpoint(folder.checkpoint), report)
    write_table(folder.path / "history.csv", pd.DataFrame(progress.history))
    return progress, predict(trained, batches("test"))


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
    predicted = probabilities.argmax(axis=1)
    return pd.DataFrame(
        {
            "image_id": ids,
            "label": names[class_ids],
            "predicted": names[predicted],
            "probability": probabilities.max(axis=1).round(6),
        }
    )
