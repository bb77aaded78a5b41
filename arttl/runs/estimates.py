"""How long runs will take on this machine: by its own finished ones, else by steps that were measured elsewhere."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from arttl.base.assumed import EPOCHS, TFLOPS
from arttl.base.errors import InputError
from arttl.base.steps import StepTimes
from arttl.base.workers import processors
from arttl.runs.costs import cost
from arttl.runs.folder import RunFolder
from arttl.training.precision import device


@dataclass(frozen=True)
class Estimate:
    """What a run takes.

    Attributes:
        seconds: None where nothing is known of its network.
        disk: bytes of its folder; None likewise.
        own: whether the time is that of finished runs here, and not of steps measured elsewhere.
    """

    seconds: float | None = None
    disk: float | None = None
    own: bool = False


class Estimates:
    """Estimates of runs.

    Arguments:
        output: folder of the finished runs; those that computed on another kind of device say nothing.
    """

    def __init__(self, output):
        self.output, self.device = Path(output), device()
        self.times, self.paces = NearestTimes.read(), paces(output, self.device)

    def of(self, work):
        """The Estimate of a Work."""
        try:
            found = cost(work, self.times, TFLOPS)
        except InputError:  # no step of its network was measured
            found = None
        pace = self.paces.get(_key(work))
        if pace is not None:
            epochs = work.trainings * work.assumed_epochs() if work.is_trained else 0
            seconds = pace.image * epochs * work.data.train + pace.rest * work.trainings
        elif found is not None and work.is_trained:
            seconds = found.core_seconds / processors() if self.device == "CPU" else found.gpu_seconds
        else:
            seconds = None
        return Estimate(seconds, found and found.disk, pace is not None)

    def words(self, found):
        """What Estimates rest on, lines.

        Arguments:
            found: the Estimates.
        """
        lines, own = [], sum(each.own for each in found)
        if own:
            lines.append(f"{own} of {len(found)} times: those of finished runs in {self.output} on {self.device}")
        if any(each.seconds is not None and not each.own for each in found):
            here = f"spread over {processors()} cores" if self.device == "CPU" else f"at {TFLOPS:g} x 10^12 a second"
            what = "measured steps" if self.device == "CPU" else "the networks' operations, which were counted"
            where = f" ({self.times.origin})" if self.device == "CPU" else ""
            lines.append(
                f"{'other times' if own else 'times'}: {what}{where}, scaled to the image size, {here}; reading "
                "images, compiling and writing do not count"
            )
        if lines:
            assumed = ", ".join(f"{approach} {number}" for approach, number in EPOCHS.items())
            lines.append(f"epochs are assumed, as early stopping decides them: {assumed}, or what a run takes at most")
        return lines


@dataclass(frozen=True)
class Pace:
    """How fast a finished run was.

    Attributes:
        image: seconds of an epoch for each training image.
        rest: seconds that were no training's, for each training.
    """

    image: float
    rest: float


ENOUGH = 3  # runs alike of which the times are read


def paces(output, kind):
    """The median Pace of some finished runs of each network, image size, approach, batch size and classifier: a dict.

    Arguments:
        output: folder of all runs.
        kind: of device that they must have computed on.
    """
    found = {}
    for path in sorted(Path(output).rglob("seed-*/metrics.json")):
        folder = RunFolder(path.parent)
        with contextlib.suppress(InputError, LookupError, OSError, ValueError, TypeError):  # the report tells of it
            config = folder.read_config()
            key = _key_of(config["settings"])
            if config.get("device") == kind and len(found.get(key, ())) < ENOUGH:
                found[key] = [*found.get(key, ()), _pace(folder, config)]
    return {
        key: Pace(median(each.image for each in group), median(each.rest for each in group))
        for key, group in found.items()
    }


def _pace(folder, config):
    metrics, history = folder.metrics(), folder.history()
    trainings = history["round"].nunique() if "round" in history else 1
    images = config.get("images") or folder.images().split.value_counts().to_dict()
    training = 0.0 if config["settings"].get("classifier") else metrics["training_seconds"]
    return Pace(training / (len(history) * images["train"]), (metrics["seconds"] - training) / trainings)


def _key_of(settings):
    """What the runs of one Pace share, of a run's settings."""
    recipe, network = settings["recipe"], settings.get("architecture") or settings["network"]
    return network, settings["image_size"], recipe["approach"], recipe["batch_size"], settings.get("classifier", "")


def _key(work):
    """The same of a Work."""
    classifier = "" if work.is_trained else work.classifier
    return work.network, work.image_size, work.approach, work.batch, classifier


class NearestTimes(StepTimes):
    """StepTimes that has steps of other sizes too: of the nearest one, as much longer as there are more pixels."""

    def step(self, chapter, network, size, work):
        """One Step; InputError where there is none of the network."""
        same = [key for key in self.steps if key[1] == network and key[3] == work]
        if not same or (chapter, network, size, work) in self.steps:
            return super().step(chapter, network, size, work)
        key = min(same, key=lambda each: (abs(math.log(each[2] / size)), each[0] != chapter))
        step, share = self.steps[key], 1.0 if work == "head" else (size / key[2]) ** 2
        return replace(
            step,
            seconds=share * step.seconds,
            processor_seconds=share * step.processor_seconds,
            multiply_adds=round(share * step.multiply_adds),
        )
