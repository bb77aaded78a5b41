"""What a round of a search costs: LeNet-300-100 on data of Fashion-MNIST's size, and ten rounds against ten times one.

    python benchmarks/rounds.py [--epochs 4]

60,000 + 10,000 images of 28 x 28 (random pixels: time does not depend on them), batch 128, SGD with Nesterov momentum,
two epochs a round (or --epochs, such as 10: what a round costs beside its training is the same for any), evaluation on
the test images after each round, 128 validation images (early stopping needs some), everything recorded and on the disk
as always. The first round compiles and is left out. Two ratios: the median round over 2.5 s (for two epochs), and the
median of each round over the same epochs and test alone (`model.fit` with the masks on another model, in turn with the
rounds; nothing pruned, recorded or written). The last line has the worse of the two, each over its goal.
"""

import argparse
import tempfile
import time
from pathlib import Path

from arttl.base.quietly import import_keras_quietly

MOST_SECONDS, MOST_RATIO = 2.5, 1.03


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    import_keras_quietly()
    import numpy as np
    import pandas as pd

    from arttl.lottery.networks import Trainee
    from arttl.pruning import SearchSettings, find_tickets
    from arttl.recipes import tickets
    from arttl.training import Arrays, Batches, fed, predict

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (options.images + 10_000, 28, 28, 1), "uint8")
    classes = rng.integers(0, 10, len(pixels))
    recipe = tickets(batch_size=128, max_epochs=options.epochs)
    trainee = Trainee("lenet_300_100", 10, (28, 28, 1), recipe)

    def batches(rows, seed=None, size=128):
        return Batches(Arrays(pixels), rows, classes[rows], 10, size, seed)

    training, validation = batches(np.arange(options.images), 0), batches(np.arange(128))
    test = batches(np.arange(options.images, len(pixels)), size=128 * trainee.network.executed_at_once)
    other = Trainee("lenet_300_100", 10, (28, 28, 1), recipe)
    callback = other.start(other.draw(0))
    fitted = {"validation_data": fed(validation), "epochs": options.epochs, "shuffle": False, "verbose": 0}
    seconds = {"round": [], "alone": []}
    began = time.perf_counter()

    def log(line):
        """After each round the same training alone takes its turn."""
        nonlocal began
        if line.startswith("round"):
            ended = time.perf_counter()
            seconds["round"].append(ended - began)
            other.model.fit(fed(training), callbacks=[callback], **fitted)
            predict(other.model, test)
            began = time.perf_counter()
            seconds["alone"].append(began - ended)

    # Of random pixels nothing is learned, and features may become constant: the search goes on all the same.
    settings = SearchSettings(rounds=options.rounds, dense=True, head=True, on_dead="continue")
    trainee.start(trainee.draw(0))
    with tempfile.TemporaryDirectory() as folder:
        find_tickets(trainee.model, recipe, training, validation, Path(folder), settings, test=test, log=log)
        table = pd.read_csv(Path(folder, "rounds.csv"))
    rounds, alone = (np.array(each[1:]) for each in seconds.values())  # the first compiles
    total = np.median(rounds / alone)
    times = f"{np.median(rounds):.2f} s (from {rounds.min():.2f} to {rounds.max():.2f})"
    print(f"a round: median {times}, of which training {table.training_seconds[1:].median():.2f} s")
    times = f"{np.median(alone):.2f} s (from {alone.min():.2f} to {alone.max():.2f})"
    print(f"{options.epochs} epochs and a test alone, in turn with the rounds: median {times}")
    print(f"a round over the same alone: median {total:.3f} (goal {MOST_RATIO})")
    print(f"rounds: {max(np.median(rounds) / (MOST_SECONDS * options.epochs / 2), total / MOST_RATIO):.3f} (goal 1.0)")


if __name__ == "__main__":
    main()
