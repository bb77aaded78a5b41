"""What a training has led to, as a run folder keeps it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from arttl.metrics import evaluation_metrics, frequency_metrics, majority_accuracy


@dataclass(frozen=True)
class Outcome:
    """What training has led to.

    Attributes:
        scores: of the test images, float (images, classes).
        are_probabilities: whether a row of them sums to 1.
        metrics: what metrics.json says of the training.
        chosen: which of its states was tested, in words.
    """

    scores: np.ndarray
    are_probabilities: bool
    metrics: dict
    chosen: str


def run_metrics(outcome, class_ids):
    """The content of metrics.json but for the run's seconds."""
    return {
        **evaluation_metrics(class_ids["test"], outcome.scores, outcome.are_probabilities),
        **frequency_metrics(class_ids["train"], class_ids["test"], outcome.scores.argmax(axis=1)),
        "majority_accuracy": majority_accuracy(class_ids["train"], class_ids["test"]),
        **outcome.metrics,
    }


def training_metrics(progress, recipe):
    """What metrics.json says of the training.

    Arguments:
        progress: an arttl.training.Progress.
        recipe: the Recipe, which says whether the best or the last epoch is tested.
    """
    return {
        "best_epoch": progress.best_epoch,
        "tested_epoch": progress.best_epoch if recipe.tested == "best" else progress.epochs,
        "epochs": progress.epochs,
        "training_seconds": round(sum(row["seconds"] for row in progress.history), 3),
    }


def history_table(progress):
    """history.csv as a DataFrame, one row an epoch."""
    return pd.DataFrame(progress.history)


def epoch_line(progress, max_epochs):
    """One line for the log after an epoch."""
    row = progress.history[-1]
    best = " best" if progress.best_epoch == progress.epochs else ""
    return (
        f"  epoch {progress.epochs:3d} (at most {max_epochs}): loss {row['loss']:.4f}, "
        f"validation loss {row['val_loss']:.4f}, accuracy {row['val_accuracy']:.3f}, {row['seconds']:.1f} s{best}"
    )


def prediction_table(ids, class_ids, outcome, classes):
    """predictions.csv as a DataFrame: image_id, label, predicted, probability of the predicted class or nothing."""
    names, scores = np.array(classes, dtype=object), outcome.scores
    return pd.DataFrame(
        {
            "image_id": ids,
            "label": names[class_ids],
            "predicted": names[scores.argmax(axis=1)],
            "probability": scores.max(axis=1).round(6) if outcome.are_probabilities else None,
        }
    )
