"""What runs show of themselves outside of their results: --track.

A tracker is told rows that a run folder has on the disk already: one an epoch of history.csv, one a round of
rounds.csv, and at the end metrics.json. It is always given all rows so far and takes those that it has not, so that a
run that was killed shows each epoch once, whatever moment it was killed at, and the run folder stays the truth. Nothing
of it is called within an epoch: Keras waits for each step of a training whose callbacks see steps, as TensorBoard's do.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

from arttl.base.files import write_json
from arttl.recipes.overrides import flattened
from arttl.runs import EVENTS, MLFLOW_RUN, read_json
from arttl.runs.event_files import EventFiles

EXPERIMENT = "arttl"
_REST = 10  # times what a failed attempt took: a tracker that does not answer costs a training a tenth at most
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}  # MLflow's own: 7, 120 s
_KEY, _VALUE, _BATCH = 250, 500, 100  # MLflow's limits; of a value, that of its servers before 2.8


class Tracking:
    """The trackers of one run, a context manager. None of them can end the run: a failure is said in the log, once.

    Arguments:
        names: of TRACKERS, as --track has them.
        folder: the RunFolder, with its config.json.

    Example:
        >>> with Tracking(["tensorboard"], folder) as tracking:
        ...     tracking.tell([{"epoch": 1, "loss": 2.3, "val_loss": 2.2}])
        ...     tracking.finish({"test_accuracy": 0.4})
    """

    def __init__(self, names, folder):
        self._trackers = [_Careful(name, TRACKERS[name], folder) for name in names]

    def tell(self, rows, step="epoch", where=""):
        """Show the rows that are not shown yet.

        Arguments:
            rows: list of dicts, all so far, of which numbers are shown.
            step: the column that counts them.
            where: what they belong to, such as "round-07"; empty for the run itself.
        """
        rows = [{name: value for name, value in row.items() if _is_number(value)} for row in rows]
        for each in self._trackers:
            each.do(where, lambda tracker: tracker.tell(rows, step, where))

    def finish(self, metrics):
        """Show the run's results; everything was told before.

        Arguments:
            metrics: the content of metrics.json.
        """
        for each in self._trackers:
            each.hurry()
        self.tell([{"final": 0, **flattened(metrics)}], "final", "final")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        status = "FINISHED" if kind is None else "FAILED" if issubclass(kind, Exception) else "KILLED"
        for each in self._trackers:
            each.end(status)


class _Careful:
    """A tracker whose failures are said and not raised. What it was not told then, it is told later."""

    def __init__(self, name, make, folder):
        self.name, self.make, self.folder = name, make, folder
        self.tracker, self.missed, self.said, self.rest_until = None, {}, False, 0.0

    def do(self, subject, action):
        """Call a function of the tracker, after those that have failed before; one of the same subject replaces it."""
        self.missed[subject] = action
        started = time.monotonic()
        if started < self.rest_until:
            return
        try:
            self.tracker = self.tracker or self.make(self.folder)
            for each, missed in [*self.missed.items()]:
                missed(self.tracker)
                del self.missed[each]
        except Exception as error:  # of whatever kind: a training must not be lost for it
            ended = time.monotonic()
            self.rest_until = ended + _REST * (ended - started)
            if not self.said:
                self.folder.log(f"  {self.name} cannot be told ({_words(error)}); the run goes on, and tries it again")
            self.said = True

    def hurry(self):
        """Try again the next time, however short ago a failure was."""
        self.rest_until = 0.0

    def end(self, status):
        """Say how the run ended, and in the log if not all of it was told."""
        self.do("end", lambda tracker: tracker.end(status))
        if self.missed:
            self.folder.log(f"  {self.name} was not told everything; this folder has it")


class _TensorBoard:
    """Event files below the run folder, named and tagged as Keras' own callback does, but that steps count from 1.

    Source: keras.callbacks.TensorBoard.
    """

    def __init__(self, folder):
        self.files = EventFiles(folder.path / EVENTS)
        settings = flattened(folder.read_config()["settings"])
        lines = [f"| {name} | {_text(value)} |".replace("\n", " ") for name, value in settings.items()]
        self.files.text("settings", "settings", "\n".join(["| setting | value |", "|---|---|", *lines]))

    def tell(self, rows, step, where):
        for row in rows:
            for name, value in row.items():
                part, plain = "", name
                if step == "epoch":
                    part, plain = "validation" if name.startswith("val_") else "train", name.removeprefix("val_")
                if name != step:
                    self.files.scalar(str(Path(where, part)), f"{step}_{plain}", value, row[step])
        self.files.flush()

    def end(self, status):
        self.files.close()


class _MLflow:
    """A run of MLflow's experiment "arttl", where MLFLOW_TRACKING_URI says; its id is kept in the run folder."""

    def __init__(self, folder):
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient
        from mlflow.entities import Param

        self.client, self.told = MlflowClient(), {}
        self.id = self._kept(folder) or self._new(folder)
        settings = flattened(folder.read_config()["settings"])
        params = {_key(name): _text(value)[:_VALUE] for name, value in settings.items()}
        params = [Param(*each) for each in params.items()]
        for start in range(0, len(params), _BATCH):
            self.client.log_batch(self.id, params=params[start : start + _BATCH])

    def _kept(self, folder):
        """The id of the run that was begun before, if this server has it."""
        from mlflow.exceptions import MlflowException

        path = folder.path / MLFLOW_RUN
        if not path.exists():
            return None
        number = read_json(path, ["run_id"])["run_id"]
        try:
            self.client.update_run(number, status="RUNNING")
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return number

    def _new(self, folder):
        tags = {"arttl.folder": str(folder.path.absolute())}
        run = self.client.create_run(self._experiment(), tags=tags, run_name=str(folder.path))
        write_json(folder.path / MLFLOW_RUN, {"run_id": run.info.run_id})
        return run.info.run_id

    def _experiment(self):
        from mlflow.exceptions import MlflowException

        found = self.client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return found.experiment_id
        try:
            return self.client.create_experiment(EXPERIMENT)
        except MlflowException:  # another run's process has just made it
            found = self.client.get_experiment_by_name(EXPERIMENT)
            if found is None:
                raise
            return found.experiment_id

    def tell(self, rows, step, where):
        from mlflow.entities import Metric

        for row in rows:
            now = round(1000 * time.time())
            values = {_key(f"{where}/{name}".strip("/")): value for name, value in row.items() if name != step}
            if where not in self.told:
                former = self.client.get_metric_history(self.id, next(iter(values)))
                self.told[where] = {each.step for each in former}
            if row[step] not in self.told[where]:
                metrics = [Metric(name, value, now, row[step]) for name, value in values.items()]
                self.client.log_batch(self.id, metrics=metrics)
                self.told[where].add(row[step])

    def end(self, status):
        self.client.set_terminated(self.id, status)


TRACKERS = {"tensorboard": _TensorBoard, "mlflow": _MLflow}


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _key(name):
    """A name as MLflow takes it, which lets parts between slashes be letters, digits and few signs."""
    return re.sub(r"[^\w\-. /]", "_", name)[:_KEY]


def _words(error):
    """An error in one line, without the password of an address."""
    text = " ".join(str(error).split())
    return re.sub(r"//[^/@\s]*@", "//", f"{type(error).__name__}: {text}")[:300]
