"""The cost of masks: a training step with pruned weights held at zero against one without.

    python benchmarks/pruned_step.py

LeNet-300-100 (28 x 28 x 1, batch 128) and ResNet-50 (32 pixels, batch 128), SGD with Nesterov momentum, half of the
weights pruned. Both sides take turns, a few steps each, so that a machine that slows down slows both; the ratio is that
of the medians, and the last line has the worse of the two networks. One batch is used throughout.
"""

import argparse
import time

from arttl.base.quietly import import_keras_quietly

NETWORKS = {"LeNet-300-100": 200, "ResNet-50": 2}  # steps in a turn


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--turns", type=int, default=15)
    options = parser.parse_args()
    import_keras_quietly()
    ratios = [measure(name, options.batch, options.turns) for name in options.networks]
    print(f"pruned_step: {max(ratios):.3f} (goal 1.05)")


def measure(name, batch, turns):
    import numpy as np

    rng = np.random.default_rng(0)
    models = {"unpruned": network(name), "pruned": hold_half(network(name), name)}
    inputs = rng.integers(0, 256, (batch, *models["pruned"].input_shape[1:]), "uint8").astype("float32")
    labels = np.eye(10, dtype="float32")[rng.integers(0, 10, batch)]
    seconds = {side: [] for side in models}
    for turn in range(turns + 1):
        for side, model in models.items():
            start = time.perf_counter()
            for _ in range(NETWORKS[name]):
                model.train_on_batch(inputs, labels)
            if turn:  # the first compiles
                seconds[side].append((time.perf_counter() - start) / NETWORKS[name])
    for side, each in seconds.items():
        print(f"{name:14} {side:9} {np.median(each) * 1e3:9.3f} ms a step", end="")
        print(f"   (from {min(each) * 1e3:.3f} to {max(each) * 1e3:.3f})")
    ratio = np.median(seconds["pruned"]) / np.median(seconds["unpruned"])
    print(f"{name:14} ratio     {ratio:9.3f}", flush=True)
    return ratio


def network(name):
    import keras

    from arttl.models import build_classifier

    keras.utils.set_random_seed(0)
    if name == "ResNet-50":
        model = build_classifier("resnet50", 10, weights="none", image_size=32)
    else:
        layers = [keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
        layers += [keras.layers.Dense(units, "relu") for units in (300, 100)]
        model = keras.Sequential([*layers, keras.layers.Dense(10, "softmax")])
    model.compile(
        keras.optimizers.SGD(0.001, momentum=0.9, nesterov=True), "categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def hold_half(model, name):
    from arttl.pruning import MagnitudePruning, magnitude_masks, prunable_kernels

    which = {"dense": True, "head": True} if name == "LeNet-300-100" else {}
    weights = {key: kernel.numpy() for key, kernel in prunable_kernels(model, **which).items()}
    MagnitudePruning(masks=magnitude_masks(weights, 0.5), **which).install(model)
    return model


if __name__ == "__main__":
    main()
