"""What training on a collection takes, estimated before Keras is imported.

By the measured steps of arttl.base.steps, by which arttl.runs.costs reckons the studies' runs; reading images,
compiling and writing do not count.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from arttl.base.assumed import EPOCHS, TFLOPS
from arttl.base.steps import FORWARD, TRAINING, StepTimes
from arttl.base.workers import processors
from arttl.published.chapter1 import FEATURES

NETWORK, SIZE = "resnet50", 224


class Estimate(NamedTuple):
    """What one run takes.

    Attributes:
        approach: "off-the-shelf" or "fine-tuning".
        epochs: assumed, since early stopping decides them.
        seconds: on this machine's processors.
        gpu_seconds: on a GPU of TFLOPS.
        disk: bytes of the run folder, and of X in the cache.
    """

    approach: str
    epochs: int
    seconds: float
    gpu_seconds: float
    disk: int


def estimates(split, cores=None, times=None):
    """The Estimates of a ResNet50 at its own size, off the shelf and fine-tuned.

    Arguments:
        split: the Split to train on.
        cores: processors; those that this process may use by default.
        times: StepTimes; the package's own by default.
    """
    times, cores = times or StepTimes.read(), cores or processors()
    sizes = {part: len(split.ids(part)) for part in ("train", "validation", "test")}
    images, features = sum(sizes.values()), FEATURES[NETWORK]
    forward, train, head = (times.step(1, NETWORK, SIZE, work) for work in ("forward", "train", "head"))
    found = []
    for approach, step in (("off-the-shelf", head), ("fine-tuning", train)):
        epochs, fixed = EPOCHS[approach], approach == "off-the-shelf"
        evaluated = epochs * sizes["validation"] + sizes["test"]
        through = images if fixed else evaluated  # the whole network, forward: once for X, or each time anew
        cpu = epochs * _batches(sizes["train"], step) * step.processor_seconds
        cpu += _batches(through, forward) * forward.processor_seconds
        operations = epochs * sizes["train"] * TRAINING * step.multiply_adds + through * FORWARD * forward.multiply_adds
        weights = 4 * (train.parameters + (features + 1) * len(split.classes))
        disk = weights + (4 * features * images if fixed else 0)
        found.append(Estimate(approach, epochs, cpu / cores, operations / (TFLOPS * 1e12), disk))
    return found


def _batches(images, step):
    return math.ceil(images / step.batch)
