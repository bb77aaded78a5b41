"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path

from arttl.errors import InputError


@contextmanager
def whole_file(path, mode="w"):
    """Open a temporary neighbour of `path` for writing; it takes the name when the block ends without error.

    The temporary name keeps the suffix, since Keras chooses its format by it.

    Raises InputError when the folder cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with open(partial, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except (PermissionError, NotADirectoryError, IsADirectoryError) as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); choose another folder") from error
    finally:
        partial.unlink(missing_ok=True)


def write_json(path, content):
    """Write a dict as indented JSON, whole or not at all."""
    with whole_file(path) as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")


def write_table(path, table):
    """Write a pandas DataFrame as CSV without its index, whole or not at all."""
    with whole_file(path) as file:
        table.to_csv(file, index=False, lineterminator="\n")


def write_model(path, model):
    """Save a Keras model without its optimiser's state, whole or not at all."""
    path = Path(path)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        model.save(partial, include_optimizer=False)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def make_folder(path, option):
    """Make a folder and check that files can be made in it.

    Arguments:
        path: the folder.
        option: the command-line option that named it, for the message.

    Raises InputError when it cannot be made or written.
    """
    path = Path(path)
    probe = path / f".write-test-{os.getpid()}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"folder {path} cannot be written ({error.strerror}); choose another with {option}") from error
    return path
