"""One run of whatever kind: locked, begun or gone on with, trained, tested, and written."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pandas as pd

from arttl.base.files import write_table
from arttl.runs.results import Outcome, epoch_line, history_table, training_metrics, write_results
from arttl.runs.tracking import Tracking
from arttl.training import Checkpoint, train


def do_run(spec, data, work, force=False):
    """Do one run, unless its folder holds its results already.

    Arguments:
        spec: a frozen description of the run, with `folder` (a RunFolder), `settings(data)`, `recipe`, `seed` and
            `computing`.
        data: what the run is made on.
        work: a function of a Run that does it, and returns the content of metrics.json.
        force: make it anew, whatever its folder holds.

    Returns the content of metrics.json, which is written last.

    Raises InputError when the folder holds a run of other settings, or another process is at work in it.
    """
    started = time.perf_counter()
    with spec.folder.locked() as folder:
        settings = spec.settings(data)
        metrics = folder.finished(settings, force)
        return metrics if metrics is not None else work(Run(spec, data, folder, settings, force, started))


class Run:
    """A run that is being made.

    Arguments:
        spec, data: as of do_run.
        folder: the RunFolder, which is locked.
        settings: everything that decides the result.
        force: make it anew.
        started: time.perf_counter() when it began.

    Attributes:
        recipe: the spec's Recipe.
        seed: the spec's seed.
    """

    def __init__(self, spec, data, folder, settings, force, started):
        self.spec, self.data, self.folder, self.settings, self.force = spec, data, folder, settings, force
        self.recipe, self.seed = spec.recipe, spec.seed
        self.checkpoint = Checkpoint(folder.checkpoint)
        self._started, self._earlier, self._tracking = started, 0.0, None

    @contextmanager
    def tracked(self):
        """Within this block the trackers that were asked for are told of what `train` and `save` write."""
        self._earlier = self.checkpoint.seconds()
        with Tracking(self.spec.computing.track, self.folder) as self._tracking:
            yield self._tracking

    def train(self, model, training, validation, **how):
        """Train a compiled model as the recipe says, to early stopping; goes on where the checkpoint stands.

        After every epoch history.csv and the log have it.

        Arguments:
            model: the keras.Model.
            training, validation: Batches.
            **how: as of arttl.training.train.

        Returns the Progress; the model has the weights of the epoch to be tested.
        """
        return train(model, self.recipe, training, validation, self.checkpoint, self.report, **how)

    def report(self, progress):
        """Write what a training has come to, after an epoch."""
        write_table(self.folder.path / "history.csv", history_table(progress))
        self.folder.log(epoch_line(progress, self.recipe.max_epochs))
        self._tracking.tell(progress.kept_history)

    def report_round(self, number, progress):
        """Tell the trackers of a round's epochs that are kept, and of the rounds that are complete.

        Arguments:
            number: the round of a search.
            progress: its arttl.training.Progress.
        """
        self._tracking.tell(progress.kept_history, where=f"round-{number:02d}")
        path = self.folder.path / "rounds.csv"
        if path.exists():
            self._tracking.tell(pd.read_csv(path).to_dict("records"), "round", "rounds")

    def outcome(self, progress, scores, facts=()):
        """The Outcome of a training.

        Arguments:
            progress: what `train` returned.
            scores: of the test images, float (images, classes).
            facts: columns of history.csv whose values in the tested epoch metrics.json has, too.
        """
        write_table(self.folder.path / "history.csv", history_table(progress))
        self._tracking.tell(progress.history)
        metrics = training_metrics(progress, self.recipe)
        metrics |= {name: progress.history[metrics["tested_epoch"] - 1][name] for name in facts}
        return Outcome(scores, True, metrics, f"epoch {metrics['tested_epoch']} of {progress.epochs}")

    def save(self, outcome, images, facts=None):
        """Write predictions.csv and, last of all, metrics.json.

        Arguments:
            outcome: the Outcome.
            images: the TrainingData.
            facts: dict of what metrics.json has besides.

        Returns the content of metrics.json.
        """
        labels = {part: class_ids for part, (_, _, class_ids, _) in images.parts.items()}
        seconds = self._earlier + time.perf_counter() - self._started
        ids = images.parts["test"][3]
        metrics = write_results(self.folder, outcome, ids, labels, images.class_names, seconds, facts)
        self._tracking.finish(metrics)
        return metrics
