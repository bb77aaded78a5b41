"""The run folder: one trained and tested model, readable by a person and by pandas.

    config.json       every setting, versions, fingerprints of split and weights, the run it started from
    images.csv        image_id, label, split, file (its content): what it was trained, validated and tested on; for
                      collections with files over 64 KiB also former_file, as arttl 0.1 wrote their content
    history.csv       one row an epoch
    metrics.json      test accuracy (also by class frequency) with 95% intervals, top-5, macro-F1, loss, seconds
    predictions.csv   image_id, label, predicted, probability
    model.keras       the tested model, from pixels to probabilities
    log.txt           what the run printed, with the time of day
    checkpoint/       while training only: what a resumed run continues from
    tensorboard/      with --track tensorboard: event files of what the files above say
    mlflow.json       with --track mlflow: the id of MLflow's run

A folder is complete when metrics.json exists; it is written last.
"""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.files import make_folder, write_json
from arttl.base.keras_settings import current_settings
from arttl.base.locks import HeldError, locked
from arttl.recipes.overrides import as_of_now

_PACKAGES = ("arttl", "keras", "tensorflow", "jax", "torch", "numpy", "pandas", "scikit-learn", "pillow", "h5py")


EVENTS, MLFLOW_RUN = "tensorboard", "mlflow.json"
RESULTS = ("images.csv", "history.csv", "predictions.csv", "model.keras", "log.txt")
RESULTS += ("tickets.h5", "rounds.csv", "layers.csv", "answers.csv")  # of a search for tickets


class FolderInUse(InputError):
    """Another process is at work in a run folder."""


class RunFolder:
    """One run's folder; nothing is made on disk before `open`.

    Arguments:
        path: the folder, such as runs/ch1/rijks/type/resnet50/fine-tuning/seed-42.
    """

    def __init__(self, path):
        self.path = Path(path)

    @property
    def is_complete(self):
        """True when the run has ended and its results are all there."""
        return (self.path / "metrics.json").exists()

    @property
    def is_started(self):
        """True when there is something that --resume could continue."""
        return (self.path / "config.json").exists()

    @property
    def checkpoint(self):
        """Folder of the training state."""
        return self.path / "checkpoint"

    def open(self):
        """Make the folder, or raise InputError when it cannot be written."""
        make_folder(self.path)
        return self

    def empty(self):
        """Remove the run's results and state.

        metrics.json goes first, so that it never vouches for a broken run; config.json goes last, so that
        what else is left is never taken for something that other settings may continue.
        """
        (self.path / "metrics.json").unlink(missing_ok=True)
        self.remove_checkpoint()
        self.remove_tracks()
        for name in (*RESULTS, "config.json"):
            (self.path / name).unlink(missing_ok=True)

    def remove_checkpoint(self):
        """Remove the training state, once the results are written."""
        if self.checkpoint.exists():
            shutil.rmtree(self.checkpoint)

    def remove_tracks(self):
        """Remove what trackers keep here: TensorBoard's event files, and which run of MLflow's it is."""
        (self.path / MLFLOW_RUN).unlink(missing_ok=True)
        if (self.path / EVENTS).exists():
            shutil.rmtree(self.path / EVENTS)

    @contextlib.contextmanager
    def locked(self):
        """Hold the folder against a second process; FolderInUse, an InputError, if another one is at work."""
        self.open()
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(self.path / ".lock"))
            except HeldError as error:
                raise FolderInUse(
                    f"another process is at work in {self.path}{error}; wait for it or choose another folder"
                ) from error
            for leftover in self.path.rglob(".*.partial.*"):  # of a process that was killed while writing
                leftover.unlink()
            yield self

    def begin(self, config, force=False):
        """Write config.json, once everything that could fail without a trace of the run has been done.

        Arguments:
            config: its content.
            force: remove what a former run left; what nobody knows whose it is goes in any case.
        """
        if force or not self.is_started:
            self.empty()
        self.write_config(config)

    def write_config(self, config):
        """Write config.json: the settings given, the versions of what computes, the machine's kind, Keras' settings.

        Its "reading_losses", which are said when the images are opened, once for all runs, are kept in log.txt too.
        """
        write_json(self.path / "config.json", config | {"versions": versions(), "keras_settings": current_settings()})
        for line in config.get("reading_losses", ()):
            self.log(f"  {line}", shown=False)

    def read_config(self):
        """The content of config.json."""
        return read_json(self.path / "config.json", ("settings", "versions"))

    def check_same(self, settings):
        """Raise InputError when the folder holds a run of other settings than these.

        A result is never shown as that of settings it was not made with.

        Arguments:
            settings: dict, as config.json has it under "settings".
        """
        if not self.is_started:
            return
        found = difference(deciding(self.read_config()["settings"]), deciding(settings))
        if found:
            raise InputError(
                f"{self.path} was made with other settings ({found}); "
                "force=True makes it anew, another folder keeps both"
            )

    def finished(self, settings, force=False):
        """The content of metrics.json where this very run is complete, as when another process was faster; else None.

        Arguments:
            settings: dict, as of check_same, which it raises as.
            force: the run is to be made anew, whatever is there.
        """
        if force:
            return None
        self.check_same(settings)
        return self.metrics() if self.is_complete else None

    def metrics(self):
        """The content of metrics.json."""
        return read_json(self.path / "metrics.json", ("test_accuracy", "seconds"))

    def images(self):
        """images.csv as a DataFrame; every column stays text."""
        path = self.path / "images.csv"
        try:
            return pd.read_csv(path, dtype=str, keep_default_na=False)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())
            raise InputError(f"{path} cannot be read ({reason}); make the run anew with force=True") from error

    def history(self):
        """history.csv as a DataFrame, one row an epoch."""
        return pd.read_csv(self.path / "history.csv")

    def predictions(self):
        """predictions.csv as a DataFrame; labels and ids stay text, a probability that is not there is NaN."""
        table = pd.read_csv(self.path / "predictions.csv", dtype=str, keep_default_na=False)
        if "probability" in table:
            table["probability"] = pd.to_numeric(table["probability"])
        return table

    def answers(self, number):
        """What a search's network of a round answered: a DataFrame like `predictions`, but image_id, label and
        predicted are numbers: an image's place among the test images, and class ids.

        Raises InputError where they cannot be read, as of a search that is older than answers.csv.
        """
        path = self.path / "answers.csv"
        if not path.exists():
            raise InputError(f"{self.path} has no answers.csv; make the search anew with force=True")
        try:
            table = pd.read_csv(path)
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error}); make the search anew with force=True") from error
        if (name := f"round_{number}") not in table:
            raise InputError(f"{path} has no {name}; make the search anew with force=True")
        found = table[["label", name]].set_axis(["label", "predicted"], axis="columns")
        return found.rename_axis("image_id").reset_index()

    def log(self, line, shown=True):
        """Keep a line in log.txt with the time of day, and unless told not to print it, for who still reads that."""
        with open(self.path / "log.txt", "a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
        if shown:
            print(line, flush=True)


def validation_accuracy(folder):
    """The validation accuracy of what a complete run has tested; of a search that of its best ticket; None if unknown.

    Arguments:
        folder: the RunFolder.
    """
    metrics, rounds = folder.metrics(), folder.path / "rounds.csv"
    if not rounds.exists():
        return tested_validation(metrics, folder.history())
    table = pd.read_csv(rounds)
    found = table.val_accuracy[table["round"] == metrics.get("best_round_validation")].max()
    return None if pd.isna(found) else float(found)


def tested_validation(metrics, history):
    """The validation accuracy of the epoch that was tested, or of a classifier on X, which has none; None if unknown.

    Arguments:
        metrics: the content of metrics.json.
        history: that of history.csv, a DataFrame.
    """
    known = history.get("val_accuracy", pd.Series(dtype=float))
    found = (known[history.epoch == metrics.get("tested_epoch")] if "epoch" in history else known).max()
    return None if pd.isna(found) else float(found)


def read_json(path, keys):
    """Read a JSON object that has these keys; InputError names the file when it is damaged."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is damaged ({error}); run again with force=True") from error
    if not isinstance(content, dict) or not set(keys) <= content.keys():
        raise InputError(f"{path} is damaged (it lacks {' or '.join(keys)}); run again with force=True")
    return content


def versions():
    """Versions of Python and of the packages that compute, where installed."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def deciding(settings):
    """What of a run's settings decides its result, as this version would say it.

    That leaves out the name of a weights file (in earlier versions its path), whose content is among them too.

    Arguments:
        settings: dict, as config.json has it under "settings".
    """
    told = str(settings.get("weights_file")).startswith("sha256 ")
    return {name: value for name, value in as_of_now(settings).items() if not (told and name == "weights")}


def difference(old, new, name=""):
    """The first difference between two nested dicts in words, or an empty string."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = (difference(old.get(key), new.get(key), f"{name}.{key}".strip(".")) for key in {**new, **old})
        return next(filter(None, found), "")
    return "" if old == new else f"{name} was {old}, now {new}"
