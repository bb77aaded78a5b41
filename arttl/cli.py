"""What every script and command shares: running it, its errors, the types of its options; imports nothing slow."""

from __future__ import annotations

import argparse
import logging
import math
import os
import re
import sys
import tempfile
from pathlib import Path

from arttl.errors import InputError, RunsFailed
from arttl.keras_settings import pin_settings

INTERRUPTED = "the same command with --resume, and without --force, goes on from the last finished epoch"


def run_main(main, parser, *, keras=True, interrupted=INTERRUPTED):
    """Parse options and run a script's work; ends the process.

    Exit code 0: the work is done. 1: some runs of a sweep failed. 2: bad input, said in one line (--debug shows the
    traceback). 130: interrupted.

    Arguments:
        main: function of the parsed options.
        parser: an ArgumentParser with --debug.
        keras: the work needs Keras, which takes seconds to import.
        interrupted: what to say to who interrupts it.
    """
    if hasattr(sys.stdout, "reconfigure"):  # names need not be in the terminal's encoding
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parser.parse_args()
    try:
        if keras:
            import_keras_quietly()
            pin_settings()
        main(options)
    except InputError as error:
        if options.debug:
            raise
        sys.exit(_fail(f"error: {in_options(str(error), options)}"))
    except RunsFailed as error:
        _fail(f"error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        if options.debug:
            raise
        print(f"interrupted; {interrupted}", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if options.debug:
            raise
        sys.exit(
            _fail(f"error: {error.filename or 'a file'}: {error.strerror or error}; check the disk and permissions")
        )


def in_options(message, options):
    """A message of the library, which names arguments, with the options of this command in their place.

    Arguments:
        message: text in which an argument stands as `image_size`, or as `weights=` where it is a plain word.
        options: the parsed options; the names of their attributes are those of the arguments.

    Example:
        >>> in_options("image_size 20 is too small", options)
        '--image-size 20 is too small'
    """
    for name in vars(options):
        option = f"--{name.replace('_', '-')}"
        message = re.sub(rf"(?<![\w.\"'{{-]){name}=", f"{option} ", message)
        if "_" in name:
            message = re.sub(rf"(?<![\w.\"'/-]){name}(?![\w\"'./=-])", option, message)
    return message


def import_keras_quietly():
    """Import Keras without TensorFlow's start-up chatter, which no log level silences; errors are still shown."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            chatter.seek(0)
            os.write(terminal, chatter.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def _fail(line):
    print(line, file=sys.stderr)
    return 2


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message):
        """Print the line and end with exit code 2."""
        sys.exit(_fail(f"error: {message}; --help lists the options"))


def name(text):
    """An option's value as text that is not empty, as an unset variable of the shell would make it."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def path(text):
    """An option's value as a Path; empty text, which would mean the current folder, is refused."""
    return Path(name(text))


def number(text):
    """Text as a float; NaN where it is no number."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def positive(text):
    """An option's value as an integer from 1."""
    return _integer(text, 1)


def natural(text):
    """An option's value as an integer from 0, fit to be a seed."""
    return _integer(text, 0)


def _integer(text, least):
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) < 2**32):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a whole number from {least} to {2**32 - 1}")
    return int(text)
