"""failures.csv: the runs of sweeps that failed for a reason of their own, with their tracebacks."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.files import write_table

NAME = "failures.csv"
COLUMNS = ("run", "title", "time", "node", "attempts", "error", "traceback")


class Failures:
    """The rows of a folder's failures.csv, which is there as long as there are any.

    A run has at most one row: that of its last attempt. It goes when the run is begun again.

    Arguments:
        output: the folder of --output.

    Raises InputError when the file is there and cannot be read.
    """

    def __init__(self, output):
        self.output, self.path = Path(output), Path(output, NAME)
        self._rows = {row["run"]: row for row in self._read()}

    def forget(self, specs):
        """Drop the rows of these runs, which are to be done now."""
        for spec in specs:
            self._rows.pop(self._name(spec), None)
        self._write()

    def add(self, spec, error, traceback="", node="", attempts=0):
        """Write a run's row.

        Arguments:
            spec: of the run.
            error: what went wrong, in one line.
            traceback: text.
            node: the machine's name.
            attempts: number of times that the run was begun in this sweep.
        """
        values = (self._name(spec), spec.title, time.strftime("%Y-%m-%d %H:%M:%S"), node, attempts, error, traceback)
        row = dict(zip(COLUMNS, values, strict=True))
        self._rows[row["run"]] = row
        self._write()

    def _name(self, spec):
        """The run folder as the table has it: relative to the folder of --output."""
        return Path(os.path.relpath(spec.folder.path, self.output)).as_posix()

    def _read(self):
        if not self.path.exists():
            return []
        try:
            table = pd.read_csv(self.path, dtype=str, keep_default_na=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path} cannot be read ({' '.join(str(error).split())}); remove it") from error
        if list(table.columns) != list(COLUMNS):
            raise InputError(f"{self.path} is no list of failed runs (its columns differ); move it elsewhere")
        return table.to_dict("records")

    def _write(self):
        if self._rows:
            write_table(self.path, pd.DataFrame(list(self._rows.values()), columns=COLUMNS))
        else:
            self.path.unlink(missing_ok=True)
