"""From which round on are ResNet-50's features the same for every image? By criterion, scope and initial weights.

    python tools/measure_liveness.py --to liveness.csv

The weights are pruned by 20% a round as they are drawn, without any training: what the choices do by themselves, which
training can only move. The features of eight images of the bundled Fashion-MNIST at 32 pixels are looked at in every
round (arttl.pruning.liveness), with the statistics of the batch. Prints a Markdown table, a row a choice; the CSV has a
row a round.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from arttl.base.quietly import import_keras_quietly

ROUNDS, RATE, SIDE, SEEDS = 30, 0.2, 32, (1, 2, 3, 4)
CRITERIA = {"layer": {"scope": "layer"}, "global": {"scope": "global"}, "channels": {"criterion": "channels"}}
INITIAL = ("glorot_normal", "glorot_uniform", "he_normal", "he_uniform")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--to", type=Path, help="a CSV")
    parser.add_argument("--seed", type=int, nargs="+", default=list(SEEDS))
    options = parser.parse_args()
    import_keras_quietly()
    rows = [
        {"criterion": name, "initial": initial, "seed": seed, **row}
        for name in CRITERIA
        for initial in INITIAL
        for seed in options.seed
        for row in measured(CRITERIA[name], initial, seed)
    ]
    table = pd.DataFrame(rows)
    if options.to:
        table.to_csv(options.to, index=False)
    print(markdown(table))


def measured(criterion, initial, seed):
    """A dict for each round until the features are dead: round, features, and the number of kernels without weights."""
    from arttl.models import build_classifier
    from arttl.pruning import (
        channel_axes,
        draw_weights,
        full_masks,
        prunable_kernels,
        prune,
        set_weights,
        weight_shapes,
    )
    from arttl.pruning.liveness import DEAD, Liveness
    from arttl.sources import load_source, to_size

    model = build_classifier("resnet50", 10, weights="none", image_size=SIDE)
    weights = draw_weights(weight_shapes(model), seed, kernels=initial)
    kernels = prunable_kernels(model)
    set_weights(model, weights)
    look = Liveness(model, to_size(load_source("fashion_mnist", "bundled").test_images[:8], SIDE, "nearest"))
    masks = full_masks(weights_of(weights, kernels))
    for number in range(ROUNDS + 1):
        if number:
            masks = prune(weights_of(weights, kernels), masks, RATE, seed=seed, axes=channel_axes(model), **criterion)
            for name, kernel in kernels.items():
                kernel.assign(weights[name] * masks[name])
        features = look()
        yield {"round": number, "features": features, "empty": sum(not mask.any() for mask in masks.values())}
        if features == DEAD:
            break


def weights_of(weights, kernels):
    """Those of the prunable kernels alone."""
    return {name: weights[name] for name in kernels}


def markdown(table):
    """A row a choice: the rounds from which the features are dead, a seed each, and the kernels that are empty then."""
    lines = ["| criterion | initial weights | dead from round | empty kernels then |", "|---|---|---|---|"]
    for (criterion, initial), group in table.groupby(["criterion", "initial"], sort=False):
        last = [rows.sort_values("round").iloc[-1] for _, rows in group.groupby("seed")]
        rounds = ", ".join(str(each["round"]) if each.features == "dead" else f"after {ROUNDS}" for each in last)
        lines.append(f"| {criterion} | {initial} | {rounds} | {', '.join(str(each['empty']) for each in last)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
