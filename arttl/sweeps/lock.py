"""The lock of a sweep on its folder, which the kernel frees when its owner ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import secrets
import time
from pathlib import Path

from arttl.errors import InputError
from arttl.files import make_folder

NAME = ".sweep.lock"


@contextlib.contextmanager
def sweep_lock(output, alone):
    """Hold a folder of runs against a sweep on a cluster; and, for such a sweep, against everyone.

    Scripts that do their runs here may share a folder, one a GPU for example: each run folder has a lock of its own.
    A sweep on a cluster shares it with nobody.

    Arguments:
        output: the folder of --output.
        alone: whether this is a sweep on a cluster.

    Yields who holds it, a dict of "host", "process", "since" and a random "token", which is also the file's content;
    None where it is shared.

    Raises InputError when another one is at work in the folder.
    """
    path = make_folder(Path(output), "--output") / NAME
    with open(path, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"another sweep is at work in {output}{_who(file)}; wait for it or choose another folder with --output"
            ) from error
        file.truncate(0)  # of an owner that ended without a word
        owner = _write(file) if alone else None
        try:
            yield owner
        finally:
            if alone:
                file.truncate(0)


def read_owner(output):
    """What the file of a sweep's lock says of its owner: a dict, or None."""
    try:
        return json.loads(Path(output, NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write(file):
    owner = {"host": platform.node(), "process": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    owner["token"] = secrets.token_hex(8)
    json.dump(owner, file)
    file.flush()
    os.fsync(file.fileno())  # workers on other machines look for it
    return owner


def _who(file):
    file.seek(0)
    try:
        owner = json.loads(file.read())
        return f" (process {owner['process']} on {owner['host']}, since {owner['since']})"
    except (ValueError, KeyError, TypeError):
        return ""
