"""The size of a search's file of tickets, and the time to load one of them.

    python benchmarks/tickets.py

A search of rounds 0 to 30 as far as the disk sees it: ResNet50 with He-uniform weights, masks by magnitude over all
convolution kernels, 20% of what remains a round, and other random weights as theta_i. Two files are written, without
and with every theta_i, that of round 0 too. The ratio is the worst of three: size over 125 MB, size with every theta_i
over 610 MB (MB of 1,000,000 bytes), and the slowest load of rounds 1, 16 and 30 (median of five, both files in turn)
over 1.5 s.
"""

import argparse
import tempfile
import time
from pathlib import Path

from arttl.base.quietly import import_keras_quietly

MOST = {"without theta_i": 125e6, "with every theta_i": 610e6}
MOST_SECONDS = 1.5


def search(weights, prunable, rounds):
    """The masks of each round: nested, exactly round(20% of what remains) fewer in each."""
    import numpy as np

    magnitudes = np.concatenate([np.abs(weights[name]).ravel() for name in prunable])
    order = np.argsort(magnitudes, kind="stable")
    survives, pruned = np.ones(len(order), bool), 0
    ends = np.cumsum([weights[name].size for name in prunable])[:-1]
    for _ in range(rounds):
        fewer = round(0.2 * (len(order) - pruned))
        survives[order[pruned : pruned + fewer]] = False
        pruned += fewer
        yield {
            name: part.reshape(weights[name].shape)
            for name, part in zip(prunable, np.split(survives.copy(), ends), strict=True)
        }


def write(path, model, rounds, finals):
    """Write a search's file; returns the median and the longest seconds a round took."""
    import numpy as np

    from arttl.pruning import TicketFile, model_weights, prunable_kernels

    weights, rng, seconds = model_weights(model), np.random.default_rng(0), []
    kernels = {variable.path for variable in prunable_kernels(model).values()}
    prunable = [
        f"{layer.name}/{variable.name}"
        for layer in model.layers
        for variable in layer.weights
        if variable.path in kernels
    ]

    def trained():
        if not finals:
            return None
        noise = {name: rng.standard_normal(array.shape, np.float32) for name, array in weights.items()}
        return {name: array + np.float32(0.01) * noise[name] for name, array in weights.items()}

    settings = {"rate": 0.2, "scope": "global", "metadata": {"benchmark": "tickets"}}
    file = TicketFile.create(path, weights, prunable, **settings, final_weights=trained())
    for number, masks in enumerate(search(weights, prunable, rounds), start=1):
        final = trained()
        start = time.perf_counter()
        file.add_round(masks, final, {"accuracy": number / rounds})
        seconds.append(time.perf_counter() - start)
    return np.median(seconds), max(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument(
        "--folder", help="where to write the files, 1.1 GB for a moment; the temporary folder by default"
    )
    options = parser.parse_args()
    import_keras_quietly()

    import numpy as np

    from arttl.models import build_classifier
    from arttl.pruning import load_ticket

    model = build_classifier("resnet50", 10, weights="none", image_size=32)
    ratios = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        paths = {name: Path(folder) / f"{number}.h5" for number, name in enumerate(MOST)}
        for name, most in MOST.items():
            usual, longest = write(paths[name], model, options.rounds, finals="every" in name)
            size = paths[name].stat().st_size
            ratios.append(size / most)
            print(f"{name:18} {size / 1e6:6.1f} MB of {most / 1e6:.0f}; a round is written in {usual:.2f} s", end="")
            print(f" (at most {longest:.2f} s)")
        rounds = sorted({1, options.rounds // 2 + 1, options.rounds})
        seconds = {(name, number): [] for name in MOST for number in rounds}
        for _ in range(options.turns):
            for (name, number), each in seconds.items():
                start = time.perf_counter()
                load_ticket(paths[name], number)
                each.append(time.perf_counter() - start)
        for (name, number), each in seconds.items():
            print(
                f"{name:18} round {number:2} loads in {np.median(each):.2f} s (from {min(each):.2f} to {max(each):.2f})"
            )
        ratios.append(max(np.median(each) for each in seconds.values()) / MOST_SECONDS)
    print(f"tickets: {max(ratios):.3f} (goal 1.0)")


if __name__ == "__main__":
    main()
