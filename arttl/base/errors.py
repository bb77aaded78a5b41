"""The exceptions that scripts say in one line: the input is wrong, and here is what to do; some runs failed."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input. The message is one line that names the file, row or argument and the remedy.

    Scripts print it without a traceback, with options in the place of arguments, and end with exit code 2
    (`arttl.cli.run_main`).
    """


class RunsFailed(Exception):
    """Some runs of a sweep failed, and the others are done. Scripts end with exit code 1."""
