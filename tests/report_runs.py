"""Small run folders written by hand, for the tests of the report."""

import json

import pandas as pd
from scipy.stats import binomtest

CLASSES = ("etching", "painting", "print")


def answers(right):
    """Predictions that are right where the string has a 1."""
    labels = ["etching", "print"] * len(right)
    return [
        (f"{number}.jpg", label, label if hit == "1" else "painting", 0.5)
        for number, (hit, label) in enumerate(zip(right, labels, strict=False))
    ]


def write_run(
    root,
    challenge="type",
    architecture="resnet50",
    approach="fine-tuning",
    seed=42,
    *,
    experiment="rijks",
    source=None,
    classifier=None,
    right=6,
    images=10,
    predictions=None,
    classes=CLASSES,
    accuracies=(0.2, 0.5),
    collection="clipart-a",
    split="a1b2",
    deviations=(),
    settings=None,
    metrics=None,
):
    """Write a complete run and return its folder.

    `predictions` are rows of image_id, label, predicted, probability; without them `right` of so many `images` are
    right and the others wrong. `accuracies` are those of validation, one an epoch.
    """
    parts = [
        "ch1",
        experiment,
        challenge,
        architecture,
        approach,
        *([source] if source else []),
        *([classifier] if classifier else []),
        f"seed-{seed}",
    ]
    folder = root.joinpath(*parts)
    folder.mkdir(parents=True)
    rows = predictions or [
        (f"{number:05d}.jpg", classes[number % 2], classes[number % 2 if number < right else 2], 0.5 + number / 1e5)
        for number in range(images)
    ]
    table = pd.DataFrame(rows, columns=["image_id", "label", "predicted", "probability"])
    correct = int((table.label == table.predicted).sum())
    interval = binomtest(correct, len(table)).proportion_ci(0.95, "wilson")
    config = {
        "settings": {
            "collection": collection,
            "challenge": challenge,
            "split": split,
            "classes": len(classes),
            "architecture": architecture,
            "weights": "imagenet",
            "image_size": 64,
            "seed": seed,
            "recipe": {"name": "thesis", "approach": approach, "optimizer": {"name": "SGD"}, "max_epochs": 1000},
            **({"source": source} if source else {}),
            **({"classifier": classifier} if classifier else {}),
            **(settings or {}),
        },
        "split": {"preset": "thesis", "seed": 42, "given": False},
        "dropped_classes": {},
        "class_names": list(classes),
        "parameters": {"trainable": 23_561_229, "frozen": 53_120},
        "deviations": list(deviations),
        "versions": {"python": "3.11"},
    }
    found = {
        "test_accuracy": correct / len(table),
        "test_accuracy_low": interval.low,
        "test_accuracy_high": interval.high,
        "test_top5": None,
        "test_macro_f1": 0.25,
        "test_images": len(table),
        "majority_accuracy": 0.5,
        "tested_epoch": 1,
        "epochs": len(accuracies),
        "seconds": 12.3,
        **(metrics or {}),
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    epochs = range(1, len(accuracies) + 1)
    history = pd.DataFrame({"epoch": epochs, "val_accuracy": accuracies, "val_loss": 1.0})
    if classifier:
        history = pd.DataFrame({"C": [1.0, 10.0], "val_accuracy": [0.2, 0.5], "seconds": 1.0})
    history.to_csv(folder / "history.csv", index=False)
    table.to_csv(folder / "predictions.csv", index=False)
    (folder / "metrics.json").write_text(json.dumps(found), encoding="utf-8")
    return folder


def row_of(table, *texts):
    """The texts of the one row of a Table that begins with these."""
    (row,) = [[cell.text for cell in row] for row in table.rows if [c.text for c in row[: len(texts)]] == list(texts)]
    return row


def report(root, *options):
    """Run `python -m arttl report` in this process; returns the exit code, 0 or an error's line."""
    return run("report", str(root), *map(str, options))


def run(*line):
    """Run `python -m arttl` with a command line in this process; returns the exit code, 0 or an error's line."""
    import sys
    from unittest.mock import patch

    from arttl.cli import run_main
    from arttl.cli.commands import main, main_parser

    with patch.object(sys, "argv", ["arttl", *line]):
        try:
            run_main(main, main_parser(), keras=False)
        except SystemExit as end:
            return end.code or 0
