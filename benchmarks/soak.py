"""Whether many runs in one process make it grow: memory after each of 200 short runs.

    python benchmarks/soak.py

Runs of Chapter 1 (VGG19 from scratch at 32 pixels) and of Chapter 2 (ResNet-20 from scratch) in turn, an epoch of 60
images each, each with its model built and compiled anew and a run folder, in one process, as a sweep does them. After
each run the resident memory of the process is taken; the last line is the most after run 20 over that after run 20.
"""

import argparse
import contextlib
import io
import shutil
import sys
import tempfile
from pathlib import Path

from arttl.base.quietly import import_keras_quietly

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))
SETTLED = 20  # runs after which memory should no longer grow


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    import_keras_quietly()
    memory = []
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder, "images"))
        for number in range(options.runs):
            with contextlib.redirect_stdout(io.StringIO()):
                (chapter2_run if number % 2 else chapter1_run)(Path(folder), number)
            shutil.rmtree(Path(folder, "output"))
            memory.append(resident())
            if len(memory) % 10 == 0:
                print(f"after {len(memory):3d} runs: {memory[-1] / 2**20:7.0f} MiB", flush=True)
    settled = memory[SETTLED - 1]
    print(f"soak: {max(memory[SETTLED:]) / settled:.3f} (goal 1.1)")


def write_images(folder):
    """Class folders of random pictures."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in ("etching", "painting", "print"):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            Image.fromarray(rng.integers(0, 256, (32, 32, 3), "uint8")).save(folder / name / f"{number}.png")


def chapter1_run(folder, seed):
    from ch1_rijks import network

    from arttl.transfer import TransferStudy, train_and_test

    TransferStudy("ch1/rijks", networks=("vgg19",), approaches=("scratch",), **shared(folder, seed)).do(
        network, train_and_test
    )


def chapter2_run(folder, seed):
    from ch2_transfer_tickets import train

    from arttl.lottery import Line, TicketStudy

    TicketStudy("mine", network="resnet20", lines=(Line("scratch"),), **shared(folder, seed)).do(train)


def shared(folder, seed):
    """What both studies have: data, a small size, and folders for everything that is written."""
    from arttl.collections import Reading
    from arttl.splits.drawing import Drawing
    from arttl.sweeps import Sweep
    from arttl.transfer import DataSettings

    drawing = Drawing(splits=folder / "splits")
    data = DataSettings(Reading(folder / "images"), drawing=drawing, cache=folder / "cache")
    return {
        "challenge": "type",
        "data": data,
        "image_size": 32,
        "epochs": 1,
        "seeds": (seed,),
        "sweep": Sweep(folder / "output"),
    }


def resident():
    """Bytes of memory that the process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


if __name__ == "__main__":
    main()
