"""Inference before and after compaction: ResNet50 at 99% sparsity, on the CPU.

    python benchmarks/compact.py

A batch of 32 images of 64 and of 224 pixels, one `predict_on_batch`; both sides take turns, and the ratios are those of
the medians. The networks:

- ticket: the bundled weights, pruned on to 99% over all kernels, as a search prunes them (global magnitude). The last
  line is its ratio at 224 pixels.
- layerwise: the same with 99% of each kernel pruned.
- random: He-uniform weights pruned to 99% over all kernels, which empties whole layers: no signal passes, and its
  speed-up is an upper bound.
- channels: the bundled weights without three quarters of the channels inside each block, those of least magnitude: what
  structured pruning leaves.

The ratio is a speed-up, seconds before over seconds after: above 1 is good.
"""

import argparse
import time

from arttl.base.quietly import import_keras_quietly

CASES = {
    "ticket": ("bundled", "global"),
    "layerwise": ("bundled", "layer"),
    "random": ("none", "global"),
    "channels": ("bundled", "channels"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sparsity", type=float, default=0.99)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 224])
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    import_keras_quietly()

    from arttl.pruning import compact

    print("case       pixels   before s    after s  speed-up  parameters left  multiply-adds left  largest difference")
    ratios = {}
    for size in options.sizes:
        for case in options.cases:
            model = sparse_resnet50(*CASES[case], options.sparsity, size)
            smaller, report = compact(model)
            before, after, difference = measured(model, smaller, size, options)
            ratios[case, size] = before / after
            left = [after / before for before, after in (report.parameters, report.multiply_adds)]
            print(
                f"{case:10} {size:6} {before:10.3f} {after:10.3f} {before / after:9.2f} "
                f"{left[0]:16.1%} {left[1]:19.1%} {difference:19.1e}",
                flush=True,
            )
    print(f"compact: {ratios[options.cases[0], options.sizes[-1]]:.2f} (goal 1.0)")


def sparse_resnet50(weights, scope, sparsity, size):
    """A classifier of 1,000 classes whose backbone's kernels are pruned, and each layer's zeros with it."""
    import keras

    from arttl.models import build_classifier
    from arttl.pruning import magnitude_masks, prunable_kernels

    keras.utils.set_random_seed(0)
    model = build_classifier("resnet50", 1000, weights=weights, image_size=size)
    kernels = prunable_kernels(model)
    arrays = {path: keras.ops.convert_to_numpy(kernel) for path, kernel in kernels.items()}
    masks = channel_masks(arrays) if scope == "channels" else magnitude_masks(arrays, sparsity, scope)
    for path, kernel in kernels.items():
        kernel.assign(arrays[path] * masks[path])
    return model


def channel_masks(arrays, share=0.75):
    """Masks without the output channels of least magnitude, of the first two convolutions of each block."""
    import numpy as np

    masks = {}
    for path, array in arrays.items():
        masks[path] = np.ones_like(array)
        if any(part in path for part in ("_1_conv/", "_2_conv/")):
            order = np.abs(array).sum(axis=(0, 1, 2)).argsort(kind="stable")
            masks[path][..., order[: round(share * len(order))]] = 0
    return masks


def measured(model, smaller, size, options):
    """Median seconds of a batch before and after, and the largest difference of features over their largest value."""
    import keras
    import numpy as np

    pixels = np.random.default_rng(0).integers(0, 256, (options.batch, size, size, 3)).astype("float32")
    sides, seconds = (model, smaller), ([], [])
    for turn in range(options.turns + 1):
        for side, times in zip(sides, seconds, strict=True):
            start = time.perf_counter()
            side.predict_on_batch(pixels)
            if turn:  # the first compiles
                times.append(time.perf_counter() - start)
    few = pixels[:4]
    features = [keras.Model(side.input, side.get_layer("head").input)(few, training=False) for side in sides]
    expected, found = (keras.ops.convert_to_numpy(each) for each in features)
    return *map(np.median, seconds), np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30)


if __name__ == "__main__":
    main()
