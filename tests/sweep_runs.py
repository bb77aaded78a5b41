"""Runs that need no Keras, for the tests of sweeps and its benchmark: each writes a folder as real ones do."""

import os
import signal
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.files import write_json
from arttl.base.sizes import DataSize
from arttl.runs import RunFolder
from arttl.sweeps import Part, Sweep


@dataclass(frozen=True)
class Data:
    """Stands for a collection: only what tells it from others."""

    settings: dict

    @property
    def sizes(self):
        return DataSize("a", 640, 80, 80, 10)


def opened(split, log=None):
    """Data, as a worker opens it; each opening is a line in a file."""
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
    return Data({"split": split})


def elsewhere(here):
    """Data that are other ones in every process but this."""
    return Data({"split": "a" if os.getpid() == here else "b"})


@dataclass(frozen=True)
class Spec:
    """A run of some epochs, that may do ill."""

    folder: RunFolder
    requires: tuple = ()
    epochs: int = 2
    seconds: float = 0.0
    does: str = ""

    @property
    def title(self):
        return f"run {self.folder.path.name}"

    def settings(self, data):
        return {"data": data.settings, "epochs": self.epochs}

    def work(self, sizes):
        from arttl.runs.costs import Work  # here and not above: it imports Keras

        given = {"approach": "fine-tuning", "batch": 32, "keeps_model": True, "most": self.epochs}
        return Work(chapter=1, network="vgg19", image_size=224, data=sizes, **given)


def spec(root, name, *requires, **more):
    return Spec(RunFolder(Path(root, name)), tuple(RunFolder(Path(root, each)) for each in requires), **more)


def part(specs, log=None):
    opening = partial(opened, "a", log)
    return Part(specs, Data({"split": "a"}), run, opening)


def sweep(output, **given):
    return Sweep(Path(output), **given)


def run(spec, data, force):
    """Add one line to history.csv for each epoch, and the sum of what the required runs came to in metrics.json."""
    with spec.folder.locked() as folder:
        if force:
            folder.empty()
        folder.check_same(spec.settings(data))
        if folder.is_complete:
            return
        if not folder.is_started:
            folder.write_config({"settings": spec.settings(data)})
        if spec.does == "die at once":
            os.kill(os.getpid(), signal.SIGKILL)
        history, died = folder.path / "history.csv", folder.path / "log.txt"
        for epoch in range(len(lines(history)), spec.epochs):
            time.sleep(spec.seconds / spec.epochs)
            with open(history, "a", encoding="utf-8") as file:
                file.write(f"{epoch + 1},{os.getpid()}\n")
            if spec.does == "die" or (spec.does == "die once" and not died.exists()):
                died.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        if spec.does == "fail":
            raise ValueError("no number\nin sight")
        if spec.does == "refuse":
            raise InputError("training diverged: lower the learning rate")
        value = 1 + sum(each.metrics()["test_accuracy"] for each in spec.requires)
        write_json(folder.path / "metrics.json", {"test_accuracy": value, "seconds": spec.seconds})


def lines(path):
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
