"""What every script and command shares: running it, its errors, the types of its options; imports nothing slow."""

from __future__ import annotations

import argparse
import contextlib
import errno
import math
import os
import re
import select
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from arttl.base.errors import InputError, RunsFailed
from arttl.base.keras_settings import pin_settings
from arttl.base.quietly import BACKENDS, import_keras_quietly, missing_backend
from arttl.base.saying import speaking
from arttl.base.wording import meant

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
        with speaking(partial(in_options, options=options)):
            main(options)
    except InputError as error:
        if options.debug:
            raise
        sys.exit(_fail(f"error: {in_options(str(error), options)}"))
    except ModuleNotFoundError as error:  # keras.json, or a command that imports Keras late
        if options.debug or error.name not in BACKENDS:
            raise
        sys.exit(_fail(f"error: {missing_backend(error.name)}"))
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
        message: text in which an argument stands as `image_size`, or as `weights=` where it is a plain word, with or
            without a value behind it; and a recipe's setting as `decoding="upright"`.
        options: the parsed options; the names of their attributes are those of the arguments.

    Example:
        >>> options = argparse.Namespace(image_size=20, split="own")
        >>> in_options('image_size 20 is too small for split="own"', options)
        '--image-size 20 is too small for --split own'
    """
    words = getattr(options, "words", None) or {name: f"--{name.replace('_', '-')}" for name in vars(options)}
    assigned = {each.partition("=")[0].strip() for each in getattr(options, "set", None) or ()}  # by --set NAME=VALUE
    if "set" in words:
        message = re.sub(rf'{_APART}([a-z_]+)(\.\w+)?="([^"\s]+)"', partial(_as_setting, words), message)
    for name in {*words, *_OF_SCRIPTS} - assigned:
        word = words.get(name, f"--{name.replace('_', '-')}")
        message = re.sub(rf'{_APART}{name}=(True\b|"[^"]*"|{_VALUE})?', partial(_as_option, word), message)
        if "_" in name:
            message = re.sub(rf"{_APART}{name}(?![\w\"'./=-])", word, message)
    return message


_APART = r"(?<![\w.\"'{/-])"  # what stands before a name, unless it is part of something longer, or somebody's text
_VALUE = r"(?=[\w~'-]|\.{0,2}/)"  # what a value that is not in quotes begins with
_OF_SCRIPTS = ("data", "resume", "force", "skip_missing", "skip_unreadable", "skip_bad_images")
"""Arguments that every script has as options; other commands name them too, though they do not take them."""


def _as_option(word, found):
    """An assignment to an argument, a re.Match, as the command line has it."""
    value = found[1]
    return word if value in (None, "True") else f"{word} {value.strip(chr(34))}"


def _as_setting(words, found):
    """An assignment to a recipe's setting, a re.Match, as --set takes it; what has an option of its own stays."""
    from arttl.recipes import Recipe

    own = found[2] is None and found[1] in words
    is_setting = found[1] in Recipe.__dataclass_fields__ and found[1] not in ("name", "approach")
    return f"--set {found[1]}{found[2] or ''}={found[3]}" if is_setting and not own else found[0]


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


def _fail(line):
    print(line, file=sys.stderr)
    return 2


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, and whose namespaces say in `words` what arguments are called here.

    That is a dict of an attribute's name to its option, or to what --help calls an argument without one (DATA).
    """

    def parse_known_args(self, args=None, namespace=None):
        """As argparse does; a command's own words come before those of what it is a command of."""
        self._given = sys.argv[1:] if args is None else [*args]
        namespace, rest = super().parse_known_args(args, namespace)
        self._look_for_strange(rest)
        words = {each.dest: (*each.option_strings, each.metavar or each.dest)[0] for each in self._actions}
        words.pop(argparse.SUPPRESS, None)  # the commands themselves
        namespace.words = {**words, **getattr(namespace, "words", {})}
        return namespace, rest

    def error(self, message):
        """Print the line and end with exit code 2; an option that is misspelt is named before one that is missing."""
        if message.startswith("the following arguments are required"):
            self._look_for_strange(getattr(self, "_given", ()))
        self._end(message)

    def _look_for_strange(self, words):
        """End with the first of some words that would be an option and is none, if there is one."""
        known = [word for each in self._actions for word in each.option_strings]
        given = [word.partition("=")[0] for word in words if word.startswith("--")]
        strange = next((word for word in given if not any(each.startswith(word) for each in known)), None)
        if strange:
            self._end(f"there is no option {strange}{meant(strange, known)}")

    def _end(self, message):
        sys.exit(_fail(f"error: {message}; --help lists the options"))


def name(text):
    """An option's value as text that is not empty, as an unset variable of the shell would make it."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def path(text):
    """An option's value as a Path; empty text, which would mean the current folder, is refused."""
    return Path(name(text))


def table_file(text):
    """An option's value as the Path of a table to write, .csv or .xlsx."""
    found = path(text)
    if found.suffix.lower() not in (".csv", ".xlsx"):
        raise argparse.ArgumentTypeError(f"a table's name ends in .csv or .xlsx, not {text!r}")
    return found


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
