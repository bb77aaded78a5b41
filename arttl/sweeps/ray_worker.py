"""A worker of a sweep: a process on some machine of the cluster, which opens the data once and does run after run."""

from __future__ import annotations

import os
import platform
import sys
import traceback
from pathlib import Path

from arttl.runs import FolderInUse, difference
from arttl.sweeps.lock import read_owner

CARRIED = ("KERAS_BACKEND", "KERAS_HOME", "XLA_FLAGS", "OMP_NUM_THREADS")
CARRIED_PREFIXES = ("TF_", "JAX_", "ARTTL_", "MLFLOW_")
"""Variables of the environment that decide how a run computes and where it is shown: workers have the sweep's own."""


def environment():
    """The variables that workers are to have, a dict; None for one that they are to be without."""
    found = {name: value for name, value in os.environ.items() if name.startswith(CARRIED_PREFIXES)}
    return {name: os.environ.get(name) for name in CARRIED} | found


class Worker:
    """Lives in a Ray actor. Answers are dicts with a "status", so that an error of a run is never one of Ray's.

    Arguments:
        parts: pickled list of (run, opening, the settings of the data), one for each Part of the sweep.
        folder: the working folder, to which paths relate.
        output: the folder of --output.
        owner: what its lock must say.
        environ: dict of `environment`.
        modules: folders of Python modules, to be looked in last.
    """

    def __init__(self, parts, folder, output, owner, environ, modules):
        self.parts, self.folder, self.output, self.owner, self.environ = parts, folder, output, owner, environ
        self.modules = modules
        self.opened = []

    def open(self):
        """Make ready for runs: {"status": "ready", "host", "process"}, or "unfit" with an "error"."""
        try:
            self._open()
        except Exception as error:
            return {"status": "unfit", "error": one_line(error), "traceback": traceback.format_exc()}
        return {"status": "ready", "host": platform.node(), "process": os.getpid()}

    def _open(self):
        for name, value in self.environ.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        os.chdir(self.folder)
        sys.path += [folder for folder in self.modules if folder not in sys.path]
        if read_owner(self.output) != self.owner:
            raise RuntimeError(f"output={Path(self.output).absolute()} is another folder there; it must be shared")
        from ray import cloudpickle

        parts, data = cloudpickle.loads(self.parts), {}
        for run, opening, expected in parts:
            if id(opening) not in data:
                data[id(opening)] = opening()
            found = data[id(opening)]
            if different := difference(expected, found.settings):
                raise RuntimeError(f"the data are other ones there ({different})")
            self.opened.append((run, found))

    def do(self, spec, part, force):
        """Do a run: {"status": "done"}, "busy" while another process is at work in it, or "failed".

        Arguments:
            spec: of the run.
            part: number of its Part.
            force: make it anew.
        """
        try:
            run, data = self.opened[part]
            run(spec, data, force)
        except FolderInUse as error:
            return {"status": "busy", "error": one_line(error)}
        except Exception as error:
            return {"status": "failed", "error": one_line(error), "traceback": traceback.format_exc()}
        return {"status": "done"}


def one_line(error):
    """An exception in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
