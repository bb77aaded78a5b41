"""What a run takes, made or planned: steps, seconds, and room on the disk."""

from __future__ import annotations

import math
from dataclasses import dataclass

from arttl.base.assumed import EPOCHS
from arttl.base.sizes import DataSize
from arttl.base.steps import FORWARD, TRAINING
from arttl.pruning import SearchSettings
from arttl.published.chapter1 import FEATURES

SEARCH_BYTES = {
    ("resnet50", False): 105.6e6,
    ("resnet50", True): 509.2e6,
    ("lenet_300_100", False): 1.24e6,
}
"""tickets.h5 of rounds 0 to 30, without and with --keep-final, as written (docs/tickets.md, benchmarks/tickets.py); of
other networks as much for each weight as of ResNet-50."""

RUN_BYTES = 10e3  # config.json, history.csv, metrics.json and log.txt of a run that was made
IMAGES_ROW, PREDICTIONS_ROW = 85, 64  # bytes of a row of images.csv and of predictions.csv in runs that were made
ROUND_BYTES = 1e3  # in a search's tables and log, for each of its rounds


@dataclass(frozen=True, kw_only=True)
class Work:
    """What there is to compute in a run.

    Attributes:
        chapter: 1 or 2.
        network: the network's name in options and folders.
        image_size: side of the images in pixels.
        data: the DataSize of what it is trained on.
        approach: of arttl.base.assumed.EPOCHS; None where nothing is trained.
        step: what a step is, as of StepTimes: "train", "head" (on X), or "forward" (the head, behind a frozen network).
        batch: images in a step.
        trainings: one, or those of all rounds of a search.
        passes: images that go through the frozen network once, for X.
        keep_final: whether a search keeps its trained weights.
        keeps_model: whether the trained network is kept.
        classifier: what is trained on X: "softmax", or one of arttl.classical.CLASSICAL, whose time is not reckoned.
        epochs: of each training, where its recipe has their number; None where early stopping decides it.
        most: epochs of each training at the most.
    """

    chapter: int
    network: str
    image_size: int
    data: DataSize
    approach: str | None = None
    step: str = "train"
    batch: int = 1
    trainings: int = 1
    passes: int = 0
    keep_final: bool = False
    keeps_model: bool = False
    classifier: str = "softmax"
    epochs: int | None = None
    most: int | None = None

    @property
    def is_search(self):
        """Whether it leaves tickets."""
        return self.trainings > 1

    @property
    def is_trained(self):
        """Whether it trains a network, by steps and epochs."""
        return self.approach is not None and self.classifier == "softmax"

    def assumed_epochs(self, epochs=None):
        """Epochs of each training, assumed where early stopping decides them.

        Arguments:
            epochs: dict of approaches to numbers, in the place of EPOCHS'.
        """
        number = self.epochs or (EPOCHS | (epochs or {}))[self.approach]
        return min(number, self.most or number)


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
    """The Cost of a Work.

    Training, the validation after each epoch and the test count, and for X a pass of all images; reading images,
    compiling and writing do not.

    Arguments:
        run: the Work.
        times: StepTimes.
        tflops: operations a second of a GPU, in 10^12.
        epochs: dict of approaches to assumed epochs, in the place of EPOCHS'.

    Raises InputError where the step was not measured.
    """
    if run.approach is None:
        return Cost(0, 0, 0.0, 0.0, 0.0, 0.0)
    number = run.assumed_epochs(epochs)
    steps = run.trainings * number * _batches(run.data.train, run.batch)
    forward = run.trainings * (number * _batches(run.data.validation, run.batch) + _batches(run.data.test, run.batch))
    where = run.chapter, run.network, run.image_size
    step = times.step(*where, run.step)
    done = [(steps, step), (forward, times.forward(*where, run.step))]
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
        return _tickets_bytes(run, times) * share + RUN_BYTES + ROUND_BYTES * run.trainings
    tables = RUN_BYTES + PREDICTIONS_ROW * run.data.test
    if run.chapter == 2:
        collection = run.network == "resnet50"  # LeNet's data are files of a natural source, and have no images.csv
        tables += IMAGES_ROW * run.data.images if collection else 0
    else:
        tables += IMAGES_ROW * run.data.images
    if not run.keeps_model:
        return tables
    head = (FEATURES.get(run.network, 0) + 1) * run.data.classes
    return tables + 4 * (_parameters(run, times) + head)


def _tickets_bytes(run, times):
    """Bytes of tickets.h5, of rounds 0 to 30."""
    if (run.network, run.keep_final) in SEARCH_BYTES:
        return SEARCH_BYTES[run.network, run.keep_final]
    share = _parameters(run, times) / times.step(2, "resnet50", 32, "train").parameters
    return SEARCH_BYTES["resnet50", run.keep_final] * share


def _parameters(run, times):
    return times.step(run.chapter, run.network, run.image_size, "train").parameters


def _batches(images, batch):
    return math.ceil(images / batch)
