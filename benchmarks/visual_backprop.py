"""The cost of a saliency map: VisualBackProp of a batch against a forward pass of the same batch.

    python benchmarks/visual_backprop.py

ResNet50 with 1,000 classes and He-uniform weights, 32 images of 224 pixels. Both sides are one `predict_on_batch` with
what belongs to it (the map's side checks its images and scales the result) and take turns, so that a machine that slows
down slows both; the ratio is that of the medians. The forward pass that VisualBackProp needs itself is in its cost.
"""

import argparse
import time

from arttl.base.quietly import import_keras_quietly


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--architecture", default="resnet50")
    parser.add_argument("--numerics", default="keras3")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--turns", type=int, default=10)
    options = parser.parse_args()
    import_keras_quietly()

    import numpy as np

    from arttl.models import build_classifier
    from arttl.saliency import visual_backprop

    model = build_classifier(
        options.architecture, 1000, weights="none", image_size=options.size, numerics=options.numerics
    )
    pixels = np.random.default_rng(0).integers(0, 256, (options.batch, options.size, options.size, 3), dtype="uint8")
    sides = {
        "forward pass": lambda: model.predict_on_batch(pixels),
        "VisualBackProp": lambda: visual_backprop(model, pixels, batch_size=options.batch),
    }
    seconds = {name: [] for name in sides}
    for turn in range(options.turns + 1):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            if turn:  # the first compiles
                seconds[name].append(time.perf_counter() - start)
    for name, each in seconds.items():
        print(f"{name:14} {np.median(each):.3f} s a batch   (from {min(each):.3f} to {max(each):.3f})")
    ratio = np.median(seconds["VisualBackProp"]) / np.median(seconds["forward pass"])
    print(f"visual_backprop: {ratio:.3f} (goal 3)")


if __name__ == "__main__":
    main()
