"""Files that appear whole or not at all, and files that may be anything."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.needs import note_needs


@contextmanager
def partial_path(path):
    """A temporary neighbour of `path`, which takes its name when the block ends without error.

    The temporary name keeps the suffix, since Keras chooses its format by it, and is random, so that two
    machines writing to one shared folder cannot meet.

    Raises InputError, with what the operating system says, when the file cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise InputError(f"{path} cannot be written ({reason}); make room or choose another folder") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def whole_file(path, mode="w"):
    """Open a file for writing that appears under its name only when the block ends without error.

    Arguments:
        path: the file.
        mode: "w" for UTF-8 text with line ends as written, "wb" for bytes.

    Raises InputError when it cannot be written.
    """
    # Names in another encoding reach Python with lone surrogates, which UTF-8 cannot hold; in JSON the escape is exact.
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "", "errors": "backslashreplace"}
    with partial_path(path) as partial, open(partial, mode, **text) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


class _LineFeeds:
    """A text file in which each line that is written ends with LF rather than END.

    Before Python 3.13 csv quotes of the line ends only those of its own: a CR in a value would end the row.
    """

    END = "\r\n"

    def __init__(self, file):
        self._file = file

    def write(self, line):
        return self._file.write(line.removesuffix(self.END) + "\n")


def csv_writer(file):
    """A csv.writer of lines that end with LF, in which whatever the values hold can be read back.

    Arguments:
        file: open for writing text, with newline="".
    """
    return csv.writer(_LineFeeds(file), lineterminator=_LineFeeds.END)


def open_regular(path):
    """Open a regular file for reading bytes, and nothing else: reading a pipe or a device might never end.

    Raises OSError when it cannot be read or is something else.
    """
    return open(path, "rb", opener=regular_opener)


def file_hash(path, algorithm="sha256"):
    """The hashlib object of a file's whole content, read in pieces; OSError when it cannot be read."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm)


def regular_opener(path, flags):
    """The `opener` of `open` that open_regular uses."""
    # A pipe opens at once, rather than when somebody writes to it.
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # the latter is refused by `open` itself
        return handle
    os.close(handle)
    raise OSError(errno.EINVAL, "it is not a regular file", path)


@contextmanager
def whole_folder(folder):
    """A temporary neighbour of `folder`, made, which takes its name when the block ends without error.

    Arguments:
        folder: the folder; it may be there if it is empty.

    Raises InputError, with what the operating system says, when it cannot be written.
    """
    real = Path(os.path.realpath(folder))
    make_folder(real.parent)
    partial = real.with_name(f".{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir()
        yield partial
        if real.is_dir():
            real.rmdir()
        partial.rename(real)
    except OSError as error:
        reason = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
        raise InputError(f"{folder} cannot be written ({reason}); make room or choose another") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_json(path, content):
    """Write a dict as indented JSON, whole or not at all."""
    with whole_file(path) as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")


def write_table(path, table, mark=""):
    """Write a pandas DataFrame as CSV without its index, whole or not at all; `mark` is what the file begins with."""
    with whole_file(path) as file:
        file.write(mark)
        table.to_csv(_LineFeeds(file), index=False, lineterminator=_LineFeeds.END)


def write_model(path, model):
    """Save a flat Keras model without its optimiser, whose state is as large again, whole or not at all.

    What it needs beside Keras is written into the file (arttl.base.needs).
    """
    import keras  # here and not above: writing a table must not cost the seconds that Keras takes

    # Keras 3 keeps the state of a compiled model whatever include_optimizer says; this one shares the layers.
    bare = keras.Model(model.inputs, model.outputs, name=model.name)
    with partial_path(path) as partial:
        bare.save(partial)
        note_needs(partial)


def make_folder(path, argument=None):
    """Make a folder and check that files can be made in it.

    Arguments:
        path: the folder.
        argument: the name of the argument that named it, for the message, if there is one.

    Raises InputError when it cannot be made or written.
    """
    path = Path(path)
    probe = path / f".write-test-{os.getpid()}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        remedy = f"choose another with {argument}=" if argument else "choose another"
        raise InputError(f"folder {path} cannot be written ({error.strerror}); {remedy}") from error
    return path


def default_cache():
    """$ARTTL_CACHE, or arttl in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("ARTTL_CACHE") or Path(base, "arttl")).expanduser()
