"""Small searches and runs of Chapter 2 written by hand, for the tests of the report."""

import json

import pandas as pd
from scipy.stats import binomtest

from arttl.reports.tickets.collect import collect_tickets
from arttl.reports.tickets.series import make_series

CLASSES = ("etching", "painting", "print")
RECIPE = {"name": "tickets", "optimizer": {"name": "SGD", "learning_rate": 0.01}, "max_epochs": 100}


def sparsity(number):
    """The fraction pruned after so many rounds of 20%."""
    return 1 - 0.8**number


def series_of(root):
    """The Series of the runs below a folder."""
    return make_series(collect_tickets(root).runs)


def write_ticket(
    root,
    target="Human-LBA",
    source="cifar10",
    number=1,
    right=6,
    seed=1,
    *,
    start="ticket",
    network="resnet50",
    images=10,
    val=(0.5, 1.0),
    below="ch2/transfer",
    fraction=1.0,
    batchnorm=None,
    predictions=None,
    deviations=(),
    settings=None,
    metrics=None,
    sizes=(4051, 346, 1023),
):
    """Write one network trained from a ticket, or from scratch, and return its folder.

    `right` of so many `images` are right. `val` is validation accuracy and loss; `predictions` are rows of image_id,
    label, predicted, probability. `fraction` and `batchnorm` of None are left out of the settings.
    """
    if start == "scratch":
        source, number = "", 0
    folder = root.joinpath(
        *below.split("/"), target.replace("/", "-"), network, source or "none", start, f"round-{number:02d}"
    )
    if fraction not in (None, 1.0):
        folder = folder / f"fraction-{100 * fraction:.0f}"
    if batchnorm:
        folder = folder / "-".join(map(str, batchnorm.values()))
    folder = folder / f"seed-{seed}"
    folder.mkdir(parents=True)
    rows = predictions or [
        (f"{n:03d}.png", CLASSES[n % 2], CLASSES[n % 2 if n < right else 2], 0.5) for n in range(images)
    ]
    table = pd.DataFrame(rows, columns=["image_id", "label", "predicted", "probability"])
    correct = int((table.label == table.predicted).sum())
    interval = binomtest(correct, len(table)).proportion_ci(0.95, "wilson")
    stated = {
        "kind": "ticket", "target": target, "data": {"split": "a1b2"}, "classes": 9, "network": network,
        "image_size": 32, "seed": seed, "source": source, "start": start, "round": number,
        "sparsity": sparsity(number), "fraction": fraction, "batchnorm": batchnorm, "recipe": RECIPE,
        "tickets": {"kind": "search", "seed": seed, "search": {"rate": 0.2, "rounds": 31}} if source else None,
        "backend": "tensorflow",
    }  # fmt: skip
    config = {
        "settings": {key: value for key, value in stated.items() if value is not None} | (settings or {}),
        "class_names": list(CLASSES),
        "images": dict(zip(("train", "validation", "test"), sizes, strict=True)),
        "deviations": list(deviations),
        "versions": {"python": "3.11"},
    }
    found = {
        "test_accuracy": correct / len(table), "test_accuracy_low": interval.low,
        "test_accuracy_high": interval.high, "test_images": len(table), "val_accuracy": val[0], "val_loss": val[1],
        "best_epoch": 1, "tested_epoch": 1, "epochs": 2, "sparsity": sparsity(number), "seconds": 3.5,
        **(metrics or {}),
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    history = pd.DataFrame({"epoch": [1, 2], "val_accuracy": [0.2, val[0]], "val_loss": 1.0})
    history.to_csv(folder / "history.csv", index=False)
    table.to_csv(folder / "predictions.csv", index=False)
    (folder / "metrics.json").write_text(json.dumps(found), encoding="utf-8")
    return folder


def write_search(
    root,
    source="fashion_mnist",
    seed=1,
    accuracies=((0.5, 0.55), (0.7, 0.6), (0.6, 0.65)),
    *,
    network="resnet50",
    below="ch2/tickets",
    losses=None,
    complete=True,
    layers=("conv1_conv/kernel", "conv2/kernel"),
    fraction=1.0,
    settings=None,
):
    """Write a search and return its folder; `accuracies` are pairs of test and validation, one a round from 0."""
    folder = root.joinpath(*below.split("/"), source.replace("/", "-"), network, f"seed-{seed}")
    folder.mkdir(parents=True)
    stated = {
        "kind": "search", "source": source, "data": {"fingerprint": "c3"}, "classes": 10, "network": network,
        "image_size": 32, "seed": seed, "fraction": fraction, "recipe": RECIPE, "backend": "tensorflow",
        "search": {"rate": 0.2, "rounds": len(accuracies) - 1, "rewind": 1, "scope": "global"},
    }  # fmt: skip
    config = {"settings": stated | (settings or {}), "class_names": [], "deviations": [], "versions": {"python": "3"}}
    config["images"] = {"train": 4500, "validation": 500, "test": 1000}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    rounds = pd.DataFrame(accuracies, columns=["test_accuracy", "val_accuracy"]).rename_axis("round").reset_index()
    rounds["sparsity"] = [sparsity(number) for number in rounds["round"]]
    rounds["val_loss"] = losses or 1.0
    rounds = rounds.assign(epochs=4, tested_epoch=2, training_seconds=8.0, seconds=10.0)
    rounds.to_csv(folder / "rounds.csv", index=False)
    lines = [
        (number, layer, 1000, round(1000 * 0.8 ** (number * (place + 1))))
        for number in rounds["round"]
        for place, layer in enumerate(layers)
    ]
    table = pd.DataFrame(lines, columns=["round", "layer", "weights", "remaining"])
    table.to_csv(folder / "layers.csv", index=False)
    if complete:
        found = {"rounds": len(accuracies) - 1, "test_accuracy": 0.5, "seconds": 10.0}
        (folder / "metrics.json").write_text(json.dumps(found), encoding="utf-8")
    return folder
