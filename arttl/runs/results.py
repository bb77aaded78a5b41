"""What a training has led to, as a run folder keeps it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from arttl.base.files import write_json, write_table
from arttl.runs.metrics import evaluation_metrics, frequency_metrics, majority_accuracy


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


def write_results(folder, outcome, image_ids, class_ids, class_names, seconds, facts=None):
    """Write predictions.csv and, last of all, metrics.json, and remove the checkpoint.

    Arguments:
        folder: the RunFolder.
        outcome: the Outcome.
        image_ids: of the test images.
        class_ids: dict of part to class ids.
        class_names: by class id.
        seconds: that the run took.
        facts: dict of what metrics.json has besides.

    Returns the content of metrics.json.
    """
    predictions = prediction_table(image_ids, class_ids["test"], outcome, class_names)
    write_table(folder.path / "predictions.csv", predictions)
    metrics = run_metrics(outcome, class_ids) | (facts or {}) | {"seconds": round(seconds, 1)}
    folder.log(
        f"  test accuracy {metrics['test_accuracy']:.1%} [{metrics['test_accuracy_low']:.1%}, "
        f"{metrics['test_accuracy_high']:.1%}], {outcome.chosen}, {seconds:.0f} s"
    )
    write_json(folder.path / "metrics.json", metrics)
    folder.remove_checkpoint()
    return metrics


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
    return f"  epoch {progress.epochs:3d} (at most {max_epochs}): {epoch_words(progress)}"


def epoch_words(progress):
    """What the log says of the last epoch."""
    row = progress.history[-1]
    best = " best" if progress.best_epoch == progress.epochs else ""
    return (
        f"loss {row['loss']:.4f}, validation loss {row['val_loss']:.4f}, accuracy {row['val_accuracy']:.3f}, "
        f"{row['seconds']:.1f} s{best}"
    )


def best_rounds(rounds):
    """The best ticket of one search by test accuracy, and by validation accuracy (ties: the lower loss).

    Arguments:
        rounds: rounds.csv as a DataFrame.

    Returns two dicts, rows of it, or None where there is no ticket; of equal rounds the earlier one.
    """
    tickets = rounds[rounds["round"] > 0]
    by_test = tickets.sort_values(["test_accuracy", "round"], ascending=[False, True])
    known = tickets[tickets.val_accuracy.notna()]
    known = known.assign(val_loss=known.val_loss.fillna(np.inf))
    by_validation = known.sort_values(["val_accuracy", "val_loss", "round"], ascending=[False, True, True])
    return [None if ranked.empty else ranked.iloc[0].to_dict() for ranked in (by_test, by_validation)]


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
