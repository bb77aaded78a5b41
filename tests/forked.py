"""Scripts in processes of their own, to be watched and killed, without Keras being imported for each (5 s of a core).

Python's fork server imports it once, computes nothing, and forks: what runs here runs as a user's does.
"""

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from functools import cache
from multiprocessing import forkserver
from pathlib import Path

import pytest

SECONDS = 1800
GARBAGE = 20_000
"""New objects between two collections of garbage, which with Python's 700 is a fifteenth of a test of small models."""
PRELOADED = ("arttl.transfer.everything", "arttl.lottery.everything", "arttl.training", "sklearn.svm")


@cache
def processes():
    """The fork server's context of multiprocessing; its processes are told this one's folders of modules."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*PRELOADED])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        forkserver.ensure_running()
    return context


class Script:
    """A script at work, its networks slim (slim.py); iterate over it for the lines that it prints.

    Arguments:
        line: its path and its options.
        errors: file for what it says on standard error, beside its output by default.
        work: function of the line to call in the place of the script; one of a module's.
    """

    def __init__(self, line, errors=None, work=None):
        reader, writer = processes().Pipe(duplex=False)
        line = [*map(str, line)]
        self.process = processes().Process(target=_run, args=(work or _script, line, writer, errors, dict(os.environ)))
        self.process.start()
        writer.close()
        self._limit = threading.Timer(SECONDS, self.process.kill)  # what hangs is an error, not a wait without end
        self._limit.daemon = True
        self._limit.start()
        self._output = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")

    def __iter__(self):
        return iter(self._output)

    def end(self):
        """What it prints from here to its end, and its exit code, minus the number of a signal."""
        with self._output:
            rest = self._output.read()
        self.process.join(60)
        self._limit.cancel()
        return rest, self.process.exitcode

    def kill(self):
        """End it by SIGKILL."""
        self.process.kill()
        _, code = self.end()
        assert code == -signal.SIGKILL


def run(line, work=None):
    """Run a script to its end: a subprocess.CompletedProcess."""
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder, "errors")
        output, code = Script(line, errors, work).end()
        return subprocess.CompletedProcess(line, code, output, errors.read_text(encoding="utf-8"))


def kill_at(line, text, after=""):
    """Start a script, kill it when a line of its output holds a text; returns what it had said.

    Arguments:
        line: its path and its options.
        text: the text.
        after: what it must have said before.
    """
    said, script = "", Script(line)
    for each in script:
        said += each
        if text in each and after in said:
            script.kill()
            return said
    raise AssertionError(f"it ended by itself: {said}")


def _run(work, line, output, errors, environment):
    import slim

    gc.set_threshold(GARBAGE)
    gc.freeze()  # what is imported stays; Keras collects garbage before many a run, 0.2 s of all this each time
    slim.put_in_place(pytest.MonkeyPatch())
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(output.fileno(), 1)
    os.dup2(1 if errors is None else os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    output.close()
    sys.stdout = os.fdopen(1, "w", closefd=False)  # the server's may be files
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    sys.argv = line
    work(line)


def _script(line):
    runpy.run_path(line[0], run_name="__main__")
