"""Seconds that a training step takes, for each network of the thesis at its image size, on the machine it runs on.

    python benchmarks/step_times.py                                   # a table, and nothing is written
    python benchmarks/step_times.py --to step_times.csv               # for experiments/thesis.py --step-times

Each network is built and compiled as the experiments do it (Chapter 1 fine-tuned by the thesis' recipe, Chapter 2 with
half of its weights pruned and held at zero), and trained with `train_on_batch` on one batch of random pixels, of the
recipe's size: reading images is not in it. "forward" is a batch through the frozen network alone, as one pass for X
takes; "head" the softmax layer trained on X. The first steps compile and are left out; the median of the others counts.
The CSV names the machine, the versions, and the machine's load before each measurement. On a machine with other work a
step takes longer than it would alone: `processor_seconds`, what the step itself used of all processors together, shows
by how much. `multiply_adds` (for one input) and `parameters` (without the head) are counted, not measured.
"""

import argparse
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from arttl.base.quietly import import_keras_quietly


@dataclass(frozen=True)
class Case:
    """What is measured: a chapter's network at an image size, training or passing forward."""

    chapter: int
    network: str
    size: int
    work: str = "train"
    least: int = 1  # steps in a turn, where one is too short for the clock

    @property
    def name(self):
        return f"ch{self.chapter}-{self.network}-{self.size}-{self.work}"


CHAPTER1 = (("xception", 299), ("inception_v3", 299), ("resnet50", 224), ("vgg19", 224))
CASES = (
    *(Case(1, network, size, work) for network, size in CHAPTER1 for work in ("train", "forward", "head")),
    Case(2, "resnet50", 32, least=3),
    Case(2, "resnet50", 224),
    Case(2, "resnet20", 32, least=5),
    Case(2, "resnet20", 64, least=3),
    Case(2, "lenet_300_100", 28, least=200),
)
CLASSES = 20  # of a network's head, which weighs little
HEAD_CLASSES = 1054  # of a head that is trained alone: the Rijksmuseum's types


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=[case.name for case in CASES], metavar="CASE", help="(all)")
    parser.add_argument("--turns", type=int, default=5, help="measurements of each (5)")
    parser.add_argument("--to", type=Path, metavar="CSV", help="write the table there too; rows that it has are kept")
    options = parser.parse_args()
    import_keras_quietly()
    rows = []
    for case in CASES:
        if options.only is None or case.name in options.only:
            rows.append(measure(case, options.turns))
            print(f"{case.name:28} {rows[-1]['seconds']:9.4f} s a step of {rows[-1]['batch']}", end="")
            print(f"   (from {rows[-1]['least']:.4f} to {rows[-1]['most']:.4f})", flush=True)
            if options.to:
                save(rows, options.to)


def measure(case, turns):
    import keras
    import numpy as np

    load = os.getloadavg()[0]
    keras.utils.clear_session()
    model, batch = built(case)
    counted = counts(case, model)
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 256, (batch, *model.input_shape[1:]), "uint8")
    labels = np.eye(model.output_shape[-1], dtype="float32")[rng.integers(0, model.output_shape[-1], batch)]
    step = (lambda: model.train_on_batch(inputs, labels)) if case.work != "forward" else forward(model, inputs)
    seconds, busy = [], []
    for _ in range(turns + 1):
        start, started = time.perf_counter(), time.process_time()
        for _ in range(case.least):
            step()
        seconds.append((time.perf_counter() - start) / case.least)
        busy.append((time.process_time() - started) / case.least)
    seconds, busy = seconds[1:], busy[1:]  # the first compiles
    return {
        "chapter": case.chapter,
        "network": case.network,
        "image_size": case.size,
        "work": case.work,
        "batch": batch,
        "seconds": round(float(np.median(seconds)), 6),
        "least": round(min(seconds), 6),
        "most": round(max(seconds), 6),
        "processor_seconds": round(float(np.median(busy)), 6),
        "turns": turns,
        **counted,
        "machine": machine(),
        "load": round(load, 2),
        "versions": versions(),
        "date": time.strftime("%Y-%m-%d"),
    }


def built(case):
    """A compiled model, and the recipe's batch size."""
    if case.chapter == 1:
        from arttl.models import build_classifier
        from arttl.recipes import fine_tuning, off_the_shelf
        from arttl.training import head_model

        recipe = fine_tuning() if case.work == "train" else off_the_shelf()
        classes = HEAD_CLASSES if case.work == "head" else CLASSES
        settings = {"weights": "none", "numerics": recipe.numerics, "trainable": case.work == "train"}
        model = build_classifier(case.network, classes, image_size=case.size, **settings)
        return recipe.compile(head_model(model) if case.work == "head" else model), recipe.batch_size
    from arttl.lottery.networks import Trainee, get_network
    from arttl.lottery.presets import PRESETS
    from arttl.pruning import magnitude_masks, prunable_kernels

    _, network = get_network(case.network)
    recipe, _ = PRESETS[network.study].settings(case.network)
    shape = (case.size, case.size, 1 if network.natural_size is None else 3)
    trainee = Trainee(case.network, CLASSES, shape, recipe, executed_at_once=1)
    kernels = {key: kernel.numpy() for key, kernel in prunable_kernels(trainee.model, **network.search).items()}
    weights = trainee.draw(0)
    pruning = trainee.start(weights, magnitude_masks(kernels, 0.5))
    pruning.install(trainee.model)
    return trainee.model, recipe.batch_size


def counts(case, model):
    """Multiply-adds for one input, and parameters without the head."""
    from arttl.models import HEAD
    from arttl.pruning.sizes import multiply_adds

    return {
        "multiply_adds": multiply_adds(model),
        "parameters": model.count_params() - (0 if case.work == "head" else model.get_layer(HEAD).count_params()),
    }


def forward(model, inputs):
    from arttl.models import feature_extractor, predict_batch

    extractor = feature_extractor(model)
    return lambda: predict_batch(extractor, inputs, len(inputs))


def machine():
    """Processor and, where Keras' backend sees one, accelerator."""
    names = [line.split(":")[1].strip() for line in cpu_lines() if line.startswith("model name")]
    processor = f"{os.cpu_count()} x {names[0] if names else platform.processor() or platform.machine()}"
    return ", ".join([*accelerators(), processor])


def cpu_lines():
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def accelerators():
    import keras

    if keras.backend.backend() != "tensorflow":
        return [name for name in keras.distribution.list_devices() if not name.startswith("cpu")]
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(device).get("device_name", "GPU") for device in devices]


def versions():
    from importlib.metadata import version

    import keras

    backend = keras.backend.backend()
    return f"Python {platform.python_version()}, Keras {keras.__version__}, {backend} {version(backend)}"


def save(rows, path):
    """Write the rows, and those of the file whose case was not measured now."""
    import pandas as pd

    from arttl.base.files import write_table

    keys = ["chapter", "network", "image_size", "work"]
    table = pd.DataFrame(rows)
    if path.exists():
        table = pd.concat([pd.read_csv(path), table]).drop_duplicates(keys, keep="last")
    write_table(path, table.sort_values(keys))


if __name__ == "__main__":
    main()
