"""What a training step takes: seconds that were measured, and operations that were counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from arttl.base.errors import InputError

MEASURED = Path(__file__).parents[1] / "data" / "step_times.csv"
"""Of benchmarks/step_times.py on the machine that the file names."""

KEYS = ["chapter", "network", "image_size", "work"]
NUMBERS = ["batch", "seconds", "processor_seconds", "multiply_adds", "parameters"]
COLUMNS = [*KEYS, *NUMBERS, "load", "machine", "versions", "date"]

FORWARD, TRAINING = 2, 6
"""Operations for each multiply-add: a multiplication and an addition forward; backward twice as much again, since the
gradients of inputs and of weights are a product each."""


@dataclass(frozen=True)
class Step:
    """What one step takes.

    Attributes:
        batch: images in it.
        seconds: measured.
        processor_seconds: the same, of all cores together.
        multiply_adds: of the network for one image.
        parameters: of the network, without its head.
    """

    batch: int
    seconds: float
    processor_seconds: float
    multiply_adds: int
    parameters: int


@dataclass(frozen=True)
class StepTimes:
    """Measured steps of every network of the thesis.

    Attributes:
        steps: dict of (chapter, network, image size, work) to Step; the work is "train", "forward" or "head".
        path: the file.
        origin: where and with what they were measured, in words.
    """

    steps: dict
    path: Path
    origin: str

    @classmethod
    def read(cls, path=None):
        """The table of a CSV of benchmarks/step_times.py, by default the package's own.

        Raises InputError for a file that cannot be read or is no such table.
        """
        path = Path(path or MEASURED)
        try:
            table = pd.read_csv(path)
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path} cannot be read ({error}); make it: python benchmarks/step_times.py --to FILE"
            ) from error
        missing = [name for name in COLUMNS if name not in table]
        if missing:
            raise InputError(f"{path} has no column {missing[0]}; make it: python benchmarks/step_times.py --to FILE")
        numbers = table[NUMBERS].apply(pd.to_numeric, errors="coerce")
        bad = ~(np.isfinite(numbers) & (numbers > 0)).all(axis=1) | table.duplicated(KEYS)
        if bad.any():
            row = table.index[bad][0] + 2
            raise InputError(f"{path}, line {row}: a number is missing or not above 0, or the row comes twice")
        keys = table[KEYS].itertuples(index=False, name=None)
        steps = [Step(*row) for row in numbers.itertuples(index=False, name=None)]
        return cls(dict(zip(keys, steps, strict=True)), path, _origin(table))

    def step(self, chapter, network, size, work):
        """One Step; InputError, with the command that measures it, where there is none."""
        if (chapter, network, size, work) not in self.steps:
            raise InputError(
                f"{self.path} has no step of {network} at {size} pixels ({work}, Chapter {chapter}); measure it: "
                f"python benchmarks/step_times.py --only ch{chapter}-{network}-{size}-{work} --to {self.path}"
            )
        return self.steps[chapter, network, size, work]

    def forward(self, chapter, network, size, work):
        """The Step of a batch forward: as measured, else a third of a training step (see FORWARD and TRAINING).

        Arguments: as of `step`.
        """
        if work == "train" and (chapter, network, size, "forward") in self.steps:
            return self.step(chapter, network, size, "forward")
        step, share = self.step(chapter, network, size, work), FORWARD / TRAINING
        return replace(step, seconds=share * step.seconds, processor_seconds=share * step.processor_seconds)


def _origin(table):
    parts = [", ".join(dict.fromkeys(map(str, table[name]))) for name in ("machine", "versions", "date")]
    return f"{'; '.join(parts)}; load {table.load.min():g} to {table.load.max():g}"
