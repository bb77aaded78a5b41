"""What a training step takes: seconds that were measured, and operations that were counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from arttl.errors import InputError

MEASURED = Path(__file__).parents[1] / "data" / "step_times.csv"
"""Of benchmarks/step_times.py on the machine that the file names."""

KEYS = ["chapter", "network", "image_size", "work"]
NUMBERS = ["batch", "seconds", "processor_seconds", "multiply_adds", "parameters", "load"]
COLUMNS = [*KEYS, *NUMBERS, "machine", "versions", "date"]

FORWARD, TRAINING = 2, 6
"""Operations for each multiply-add: a multiplication and an addition forward; backward twice as much again, since the
gradients of inputs and of weights are a product each."""


@dataclass(frozen=True)
class StepTimes:
    """Measured steps of every network of the thesis.

    Attributes:
        table: DataFrame indexed by chapter, network, image_size and work: "train", "forward" or "head".
        path: the file.
    """

    table: pd.DataFrame
    path: Path

    @classmethod
    def read(cls, path=None):
        """The table of a CSV of benchmarks/step_times.py, by default the package's own.

        Raises InputError for a file that cannot be read or is no such table.
        """
        path = Path(path or MEASURED)
        try:
            table = pd.read_csv(path)
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error}); make it with benchmarks/step_times.py --to") from error
        missing = [name for name in COLUMNS if name not in table]
        if missing:
            raise InputError(f"{path} has no column {missing[0]}; make it with benchmarks/step_times.py --to")
        numbers = table[NUMBERS].apply(pd.to_numeric, errors="coerce")
        positive = (numbers > 0) | (numbers[["load"]].reindex(columns=NUMBERS) >= 0)
        bad = ~(np.isfinite(numbers) & positive).all(axis=1) | table.duplicated(KEYS)
        if bad.any():
            row = table.index[bad][0] + 2
            raise InputError(f"{path}, line {row}: a number is missing or not above 0, or the row comes twice")
        return cls(table.set_index(KEYS), path)

    def row(self, chapter, network, size, work):
        """One row; InputError, with the command that measures it, where there is none."""
        if (chapter, network, size, work) not in self.table.index:
            raise InputError(
                f"{self.path} has no step of {network} at {size} pixels ({work}, Chapter {chapter}); measure it: "
                f"python benchmarks/step_times.py --only ch{chapter}-{network}-{size}-{work} --to {self.path}"
            )
        return self.table.loc[chapter, network, size, work]

    def forward(self, chapter, network, size, work):
        """What a batch forward takes: as measured, else a third of a training step (see FORWARD and TRAINING).

        Arguments: as of `row`.

        Returns a Series with batch, seconds and processor_seconds.
        """
        if work == "train" and (chapter, network, size, "forward") in self.table.index:
            return self.row(chapter, network, size, "forward")
        row = self.row(chapter, network, size, work).copy()
        row[["seconds", "processor_seconds"]] *= FORWARD / TRAINING
        return row

    @property
    def origin(self):
        """Where and with what the steps were measured, in words."""
        parts = [", ".join(dict.fromkeys(map(str, self.table[name]))) for name in ("machine", "versions", "date")]
        return f"{'; '.join(parts)}; load {self.table.load.min():.1f} to {self.table.load.max():.1f}"
