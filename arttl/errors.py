"""The one exception that means: the input is wrong, and here is what to do."""

from __future__ import annotations


class InputError(Exception):
    """Bad input. The message is one line that names the file, row or option and the remedy.

    Scripts print it without a traceback and end with exit code 2 (`arttl.cli.run_main`).
    """
