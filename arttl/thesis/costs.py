"""What a planned run takes: steps, seconds, and room on the disk."""

from __future__ import annotations

import math
from dataclasses import dataclass

from arttl.base.assumed import EPOCHS
from arttl.base.steps import FORWARD, TRAINING
from arttl.pruning import SearchSettings
from arttl.published.chapter1 import FEATURES

SEARCH_BYTES = {
    ("resnet50", False): 105.6e6,
    ("resnet50", True): 509.2e6,
    ("lenet_300_100", False): 1.24e6,
}
"""tickets.h5 of rounds 0 to 30, without and with --keep-final, as written (docs/tickets.md, benchmarks/tickets.py)."""

RUN_BYTES = 10e3  # config.json, history.csv, metrics.json and log.txt of a run that was made
IMAGES_ROW, PREDICTIONS_ROW = 85, 64  # bytes of a row of images.csv and of predictions.csv in runs that were made
ROUND_BYTES = 1e3  # in a search's tables and log, for each of its rounds


@dataclass(frozen=True)
class Cost:
    """What a run takes.

    Attributes:
        epochs: of each training, assumed.
        steps: training steps, of all its trainings.
        cpu_seconds: by measured steps.
        core_seconds: processor time (of all cores together) of the same steps: what other work on the machine that
            they were measured on does not lengthen.
        gpu_seconds: an estimate: operations over a GPU's speed.
        disk: bytes of its folder.
    """

    epochs: int
    steps: int
    cpu_seconds: float
    core_seconds: float
    gpu_seconds: float
    disk: float


def cost(run, times, tflops, epochs=None):
    """The Cost of a PlannedRun.

    Training, the validation after each epoch and the test count, and for X a pass of all images; reading images,
    compiling and writing do not.

    Arguments:
        run: the PlannedRun.
        times: StepTimes.
        tflops: operations a second of a GPU, in 10^12.
        epochs: dict of approaches to assumed epochs, in the place of EPOCHS'.

    Raises InputError where the step was not measured.
    """
    if run.approach is None:
        return Cost(0, 0, 0.0, 0.0, 0.0, 0.0)
    number = run.epochs or (EPOCHS | (epochs or {}))[run.approach]
    steps = run.trainings * number * _batches(run.data.train, run.batch)
    forward = run.trainings * (number * _batches(run.data.validation, run.batch) + _batches(run.data.test, run.batch))
    where = run.chapter, run.network, run.image_size
    work = "head" if run.approach == "off-the-shelf" else "train"
    step = times.step(*where, work)
    done = [(steps, step), (forward, times.forward(*where, work))]
    operations = run.batch * step.multiply_adds * (TRAINING * steps + FORWARD * forward)
    if run.passes:
        whole = times.step(*where, "forward")
        done.append((_batches(run.passes, run.batch), whole))
        operations += run.passes * whole.multiply_adds * FORWARD
    seconds, cores = (
        sum(number * getattr(each, column) * run.batch / each.batch for number, each in done)
        for column in ("seconds", "processor_seconds")
    )
    return Cost(number, steps, seconds, cores, operations / (tflops * 1e12), disk_bytes(run, times))


def disk_bytes(run, times):
    """Bytes of a run's folder."""
    if run.is_search:
        share = run.trainings / (SearchSettings().rounds + 1)
        return SEARCH_BYTES[run.network, run.keep_final] * share + RUN_BYTES + ROUND_BYTES * run.trainings
    tables = RUN_BYTES + PREDICTIONS_ROW * run.data.test
    if run.chapter == 2:
        collection = run.network == "resnet50"  # LeNet's data are files of a natural source, and have no images.csv
        return tables + (IMAGES_ROW * run.data.images if collection else 0)
    tables += IMAGES_ROW * run.data.images
    head = (FEATURES[run.network] + 1) * run.data.classes
    backbone = times.step(1, run.network, run.image_size, "train").parameters
    return tables + 4 * (backbone + head)


def _batches(images, batch):
    return math.ceil(images / batch)
