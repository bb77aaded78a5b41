"""What an epoch driven by arttl costs over the same epoch by bare `model.fit` on arrays in memory.

    python benchmarks/epoch.py

ResNet-50 at 32 pixels and LeNet-300-100, on random pixels, with validation after each epoch: on one side `arttl.train`
with masks held, metrics, early stopping and a checkpoint after each epoch; on the other `model.fit` with arrays
and nothing else. Both sides take turns, an epoch each; the first compiles and is left out. The ratio of a network is
that of the medians, and the last line has the worse one. Keras itself hands the arrays to tf.data, whose autotuner
sometimes holds up an epoch's end (docs/performance.md): the last column says what its fastest epochs would give.
"""

import argparse
import tempfile
import time

from arttl.base.quietly import import_keras_quietly

CASES = {"lenet_300_100": ((28, 28, 1), 128, 20_000), "resnet50": ((32, 32, 3), 64, 3_000)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    import_keras_quietly()
    ratios = [measure(name, options.epochs) for name in options.networks]
    print(f"epoch: {max(ratios):.3f} (goal 1.05)")


def measure(name, epochs):
    import numpy as np

    from arttl.lottery.networks import Trainee
    from arttl.recipes import tickets
    from arttl.training import Arrays, Batches, Checkpoint, train

    shape, batch, images = CASES[name]
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (images + 500, *shape), "uint8")
    classes = rng.integers(0, 10, len(pixels))
    labels = np.eye(10, dtype="float32")[classes]
    recipe = tickets(batch_size=batch, max_epochs=epochs + 1, patience=epochs + 1)
    ours, bare = Trainee(name, 10, shape, recipe), Trainee(name, 10, shape, recipe)
    bare.model.set_weights([variable.numpy() for variable in ours.model.weights])
    pruning = ours.start(ours.draw(0))
    seconds = {"arttl": [], "fit": []}
    parts = [(pixels[:images], labels[:images]), (pixels[images:], labels[images:])]
    began = time.perf_counter()

    def report(progress):
        """After each epoch of arttl's, one of the other takes its turn."""
        nonlocal began
        ended = time.perf_counter()
        seconds["arttl"].append(ended - began)
        bare.model.fit(*parts[0], batch_size=batch, epochs=1, validation_data=parts[1], verbose=0, shuffle=True)
        began = time.perf_counter()
        seconds["fit"].append(began - ended)

    with tempfile.TemporaryDirectory() as folder:
        rows = np.arange(len(pixels))
        training = Batches(Arrays(pixels), rows[:images], classes[:images], 10, batch, shuffle_seed=0)
        validation = Batches(Arrays(pixels), rows[images:], classes[images:], 10, batch)
        train(ours.model, recipe, training, validation, Checkpoint(folder), report, callbacks=[pruning])
    ours_seconds, fit_seconds = (np.array(each[1:]) for each in seconds.values())
    for side, each in zip(seconds, (ours_seconds, fit_seconds), strict=True):
        print(f"{name:14} {side:6} {np.median(each):7.2f} s an epoch   (from {each.min():.2f} to {each.max():.2f})")
    ratio, least = np.median(ours_seconds) / np.median(fit_seconds), ours_seconds.min() / fit_seconds.min()
    print(f"{name:14} ratio  {ratio:7.3f}   of the fastest epochs {least:.3f}", flush=True)
    return ratio


if __name__ == "__main__":
    main()
