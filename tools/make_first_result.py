"""Draw docs/first-result.png from the run folders that README's first command leaves behind.

python tools/make_first_result.py runs/ch1/rijks/type/resnet50 --output docs/first-result.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image

from arttl import collections
from arttl.runs import RunFolder

APPROACHES = {"off-the-shelf": "off the shelf", "fine-tuning": "fine tuning", "scratch": "from scratch"}
SHOWN = 12  # test drawings, evenly taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, help="folder of one architecture, with a folder for each approach")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    runs = {name: RunFolder(options.runs / name / f"seed-{options.seed}") for name in APPROACHES}
    figure = plt.figure(figsize=(11, 3.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.9])
    draw_accuracy(left.subplots(), {name: run.metrics() for name, run in runs.items()})
    draw_answers(right, runs["fine-tuning"])
    figure.savefig(options.output, dpi=110)


def draw_accuracy(axes, metrics):
    for place, found in enumerate(metrics.values()):
        value, low, high = (100 * found[key] for key in ("test_accuracy", "test_accuracy_low", "test_accuracy_high"))
        axes.bar(place, value, color=f"C{place}", yerr=[[value - low], [high - value]], capsize=5)
        axes.annotate(f"{value:.0f}%", (place + 0.06, value), ha="left", va="bottom")
    majority = 100 * next(iter(metrics.values()))["majority_accuracy"]
    axes.axhline(majority, color="black", linestyle="--", linewidth=1, label="majority class")
    axes.legend(frameon=False, fontsize=8)
    axes.set_xticks(range(len(metrics)), list(APPROACHES.values()))
    axes.set_ylabel("test accuracy (%), 95% interval")
    axes.spines[["top", "right"]].set_visible(False)


def draw_answers(figure, run):
    collection = collections.bundled(run.read_config()["settings"]["collection"])
    predictions = run.predictions()
    predictions = predictions.iloc[:: max(1, len(predictions) // SHOWN)].head(SHOWN)
    paths = collection.paths(predictions.image_id)
    figure.suptitle("test drawings and the fine-tuned network's answers", fontsize=10)
    for axes, row in zip(figure.subplots(2, SHOWN // 2).flat, predictions.itertuples(), strict=True):
        axes.imshow(Image.open(paths[row.image_id]))
        right = row.label == row.predicted
        text = row.predicted if right else f"{row.predicted}\n(is {row.label})"
        axes.set_xlabel(text.replace("_and_", " & "), fontsize=8, color="tab:green" if right else "tab:red")
        axes.set_xticks([])
        axes.set_yticks([])


if __name__ == "__main__":
    main()
