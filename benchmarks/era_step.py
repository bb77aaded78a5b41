"""The cost of faithfulness: a fine-tuning step with the layers, loss and optimiser of 2018 against stock Keras 3.

    python benchmarks/era_step.py

ResNet50 at 96 pixels, batches of 32, by the thesis' recipe. Both sides take turns, a few steps each, so that a machine
that slows down slows both; the ratio is that of the medians. `--numerics` chooses the era: 2.1.6 has the costliest
BatchNormalization, and is the default.
"""

import argparse
import time

from arttl.base.quietly import import_keras_quietly


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--numerics", default="2.1.6")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--steps", type=int, default=3, help="steps in a turn")
    options = parser.parse_args()
    import_keras_quietly()

    import numpy as np

    sides = {name: trained(name, options.size) for name in (options.numerics, "keras3")}
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (32, options.size, options.size, 3), dtype="uint8")
    labels = np.eye(10, dtype="float32")[rng.integers(0, 10, 32)]
    for model in sides.values():
        for _ in range(2):  # compile, and settle
            model.train_on_batch(pixels, labels)
    seconds = {name: [] for name in sides}
    for _ in range(options.turns):
        for name, model in sides.items():
            start = time.perf_counter()
            for _ in range(options.steps):
                model.train_on_batch(pixels, labels)
            seconds[name].append((time.perf_counter() - start) / options.steps)
    for name, each in seconds.items():
        print(f"{name:8} {np.median(each):.3f} s a step   (from {min(each):.3f} to {max(each):.3f})")
    ratio = np.median(seconds[options.numerics]) / np.median(seconds["keras3"])
    print(f"era_step: {ratio:.3f} (goal 1.10)")


def trained(numerics, size):
    from arttl.models import build_classifier
    from arttl.recipes import fine_tuning

    model = build_classifier("resnet50", 10, weights="bundled", image_size=size, numerics=numerics)
    return fine_tuning(numerics=numerics).compile(model)


if __name__ == "__main__":
    main()
