"""What every script and command shares: running it, its errors, the types of its options; imports nothing slow."""

from __future__ import annotations

import argparse
import contextlib
import errno
import logging
import math
import os
import re
import select
import signal
import sys
import tempfile
import threading
from pathlib import Path

from arttl.errors import InputError, RunsFailed
from arttl.keras_settings import pin_settings

INTERRUPTED = "the same command with --resume, and without --force, goes on from the last finished epoch"
INTERRUPTED_CODE, READER_LEFT = 130, 141


def run_main(main, parser, *, keras=True, interrupted=INTERRUPTED):
    """Parse options and run a script's work; ends the process.

    Exit code 0: the work is done. 1: some runs of a sweep failed. 2: bad input, said in one line (--debug shows the
    traceback). 130: interrupted. 141: whoever read the output has left, as `head` does; that is said to nobody. 143:
    ended by SIGTERM, as schedulers do. These are the codes by which shells tell of such ends.

    Arguments:
        main: function of the parsed options.
        parser: an ArgumentParser with --debug.
        keras: the work needs Keras, which takes seconds to import.
        interrupted: what to say to who interrupts it.
    """
    if hasattr(sys.stdout, "reconfigure"):  # names need not be in the terminal's encoding
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with _terminable():
            _run(main, parser, keras, interrupted)
    except SystemExit as end:
        if _reader_left() and not end.code:
            sys.exit(READER_LEFT)
        raise
    except BrokenPipeError as error:
        if not _reader_left(error):
            raise
        sys.exit(READER_LEFT)
    if _reader_left():
        sys.exit(READER_LEFT)


def _run(main, parser, keras, interrupted):
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
    except KeyboardInterrupt as end:
        if options.debug:
            raise
        print(f"{getattr(end, 'word', 'interrupted')}; {interrupted}", file=sys.stderr)
        sys.exit(getattr(end, "code", INTERRUPTED_CODE))
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _reader_left(error):
            sys.exit(READER_LEFT)
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
        >>> in_options("image_size 20 is too small", argparse.Namespace(image_size=20))
        '--image-size 20 is too small'
    """
    assigned = {each.partition("=")[0].strip() for each in getattr(options, "set", None) or ()}  # by --set NAME=VALUE
    for name in vars(options).keys() - assigned:
        option = f"--{name.replace('_', '-')}"
        message = re.sub(rf"(?<![\w.\"'{{-]){name}=", f"{option} ", message)
        if "_" in name:
            message = re.sub(rf"(?<![\w.\"'/-]){name}(?![\w\"'./=-])", option, message)
    return message


class _Terminated(KeyboardInterrupt):
    """The process was asked to end, by SIGTERM: it has seconds to save what it has."""

    word, code = "terminated", 143


@contextlib.contextmanager
def _terminable():
    """Have SIGTERM end the block as an interruption does, where nobody else has said what it is to do."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def terminate(number, frame):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
        raise _Terminated

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _reader_left(error=None):
    """Whether somebody reads no more what is printed; what is yet to be printed then goes nowhere.

    Arguments:
        error: a BrokenPipeError that may have come of it. None: see whether everything was taken.
    """
    left = [stream for stream in (sys.stdout, sys.stderr) if not _is_taken(stream) or (error and _is_broken(stream))]
    for stream in left:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
    return bool(left)


def _is_taken(stream):
    try:
        stream.flush()
    except OSError as error:
        return error.errno not in (errno.EPIPE, errno.EINVAL)  # the latter on Windows
    return True


def _is_broken(stream):
    """Whether a stream is a pipe that has lost its reader; of a long line nothing is left to be flushed."""
    with contextlib.suppress(OSError, AttributeError):  # no file; no `poll` on Windows
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return any(events & select.POLLERR for _, events in poll.poll(0))
    return False


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
