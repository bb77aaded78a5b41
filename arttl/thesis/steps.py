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
COLUMNS = [*KEYS, "batch", "seconds", "multiply_adds", "parameters", "machine", "versions", "date"]

FORWARD, TRAINING = 2, 6
"""Operations for each multiply-add: a multiplication and an addition forward; backward twice as much again, since the
gradients of inputs and of weights are a product each."""

FORWARD_SHARE = FORWARD / TRAINING


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
        numbers = table[["batch", "seconds", "multiply_adds", "parameters"]].apply(pd.to_numeric, errors="coerce")
        bad = ~(np.isfinite(numbers) & (numbers > 0)).all(axis=1) | table.duplicated(KEYS)
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

    def forward_seconds(self, chapter, network, size, work, batch):
        """Seconds of a batch forward: as measured, else a third of a training step (see FORWARD and TRAINING)."""
        if work == "train" and (chapter, network, size, "forward") in self.table.index:
            row = self.row(chapter, network, size, "forward")
            return row.seconds * batch / row.batch
        row = self.row(chapter, network, size, work)
        return row.seconds * batch / row.batch * FORWARD_SHARE

    @property
    def origin(self):
        """Where and with what the steps were measured, in words."""
        parts = [", ".join(dict.fromkeys(map(str, self.table[name]))) for name in ("machine", "versions", "date")]
        return "; ".join(parts)
