"""Do the bundled weights earn their place? Measured on both bundled collections, over seeds.

    python tools/measure_bundled_weights.py --output measured
    python tools/measure_bundled_weights.py --output measured --weights resnet50-photographs.h5

For each collection and seed, the type challenge with ResNet50 is run off the shelf, to early stopping, and fine-tuned
from the weights and from scratch, both for the same number of epochs, with recipe keras3. From scratch,
BatchNormalization's moving statistics (momentum 0.99) lag on small sets and would make the comparison easy to win; so
networks that are trained are also tested with their statistics estimated anew on the training images, which the thesis'
protocol does not do. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from arttl.base.quietly import import_keras_quietly

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))
APPROACHES = ("off-the-shelf", "fine-tuning", "scratch")
EPOCHS = {"clipart-a": 5, "clipart-b": 8}
OF_THE_HEAD = {"max_epochs": 30, "patience": 7}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="run folders; finished ones are reused")
    parser.add_argument("--weights", default="bundled", help="by name, or a file")
    parser.add_argument("--collections", nargs="+", default=list(EPOCHS))
    parser.add_argument("--seed", type=int, nargs="+", default=[42, 43, 44])
    parser.add_argument("--image-size", type=int, default=64)
    options = parser.parse_args()
    import_keras_quietly()
    rows = []
    for name in options.collections:
        for seed in options.seed:
            for approach in APPROACHES:
                rows.append(measure(name, approach, seed, options))
                print(rows[-1], flush=True)
    print(table(pd.DataFrame(rows)))


def measure(name, approach, seed, options):
    from ch1_rijks import network

    from arttl import collections, splits
    from arttl.models.belongings import weights_title
    from arttl.recipes import get_recipe
    from arttl.runs import RunFolder
    from arttl.transfer import CollectionData, RunSpec, run_one, train_and_test

    collection = collections.bundled(name)
    split, _, _ = splits.find_or_make(collection, "type")
    epochs = dict.fromkeys(("max_epochs", "patience"), EPOCHS[name])
    recipe = get_recipe("keras3", approach, **(OF_THE_HEAD if approach == "off-the-shelf" else epochs))
    weights = "none" if approach == "scratch" else options.weights
    folder = RunFolder(options.output / name / weights_title(weights) / approach / f"seed-{seed}")
    spec = RunSpec("type", "resnet50", recipe, weights, options.image_size, seed, folder)
    if not folder.is_complete:
        run_one(spec, CollectionData(collection, split, options.output), network=network, method=train_and_test)
    row = {"collection": name, "approach": approach, "seed": seed, "accuracy": folder.metrics()["test_accuracy"]}
    if approach != "off-the-shelf":
        row["renewed"] = accuracy_with_renewed_statistics(folder, collection, split, options)
    return row


def accuracy_with_renewed_statistics(folder, collection, split, options):
    """Test accuracy after the moving statistics are replaced by averages over the training images."""
    import keras

    from arttl.images import Decoding, ImageStore

    size = options.image_size
    store = ImageStore.build(collection.paths(), Decoding((size, size)), options.output, progress=False)
    model = keras.saving.load_model(folder.path / "model.keras")
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    rows = np.random.default_rng(0).permutation(store.rows(split.ids("train")))
    for count, start in enumerate(range(0, len(rows) - 31, 32)):
        for layer in layers:
            layer.momentum = count / (count + 1)  # a plain average over the batches
        model(store.read(rows[start : start + 32]), training=True)
    probabilities = model.predict(store.read(store.rows(split.ids("test"))), verbose=0)
    return float((probabilities.argmax(axis=1) == split.class_ids("test")).mean())


def table(rows):
    """Mean and standard deviation over seeds, as Markdown."""
    lines = [
        "| collection | epochs | off the shelf | fine tuning | renewed | from scratch | renewed |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, group in rows.groupby("collection"):
        by = group.set_index("approach")
        trained = [each[approach] for approach in APPROACHES[1:] for each in (by.accuracy, by.renewed)]
        columns = [by.accuracy["off-the-shelf"], *trained]
        cells = [f"{100 * np.mean(c):.1f} ± {100 * np.std(c, ddof=1):.1f}" for c in columns]
        lines.append(f"| {name} | {EPOCHS[name]} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
