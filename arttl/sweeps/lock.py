"""The lock of a sweep on its folder, which is freed when its owner ends, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import time
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.files import make_folder, write_json
from arttl.base.locks import HeldError, locked, remove

NAME, OWNER = ".sweep.lock", ".sweep.json"
_SHARE = ".sweep-{}.lock"  # of each sweep that shares the folder
_ENTRY = 2.0  # seconds: another sweep holds the lock for a moment when it comes in


@contextlib.contextmanager
def sweep_lock(output, alone):
    """Hold a folder of runs against a sweep on a cluster; and, for such a sweep, against everyone.

    Scripts that do their runs here may share a folder, one a GPU for example: each run folder has a lock of its own.
    A sweep on a cluster shares it with nobody. File systems have no shared locks everywhere, so a sweep that shares
    has a lock file of its own, and one that is alone holds the lock that every sweep needs in order to come in.

    Arguments:
        output: the folder of --output.
        alone: whether this is a sweep on a cluster.

    Yields who holds it, a dict of "host", "process", "since" and a random "token", which `read_owner` gives to others;
    None where it is shared.

    Raises InputError when another one is at work in the folder.
    """
    folder = make_folder(Path(output), "output")
    owner, share = None, folder / _SHARE.format(secrets.token_hex(4))
    with contextlib.ExitStack() as stack:
        try:
            with contextlib.ExitStack() as entry:
                entry.enter_context(locked(folder / NAME, patience=_ENTRY))
                (folder / OWNER).unlink(missing_ok=True)  # of an owner that ended without a word
                if alone:
                    _see_that_nobody_shares(folder)
                    stack.push(entry.pop_all())
                    stack.callback((folder / OWNER).unlink, missing_ok=True)
                    owner = _write(folder)
                else:
                    stack.callback(remove, share)
                    stack.enter_context(locked(share))
        except HeldError as error:
            raise InputError(
                f"another sweep is at work in {output}{_who(folder) or error}; wait for it or choose another folder "
                "with output="
            ) from error
        yield owner


def read_owner(output):
    """What is known of the owner of a sweep's lock: a dict, or None."""
    try:
        return json.loads(Path(output, OWNER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _see_that_nobody_shares(folder):
    """Raise HeldError when a sweep has its share in the folder; what killed ones have left is removed."""
    for share in folder.glob(_SHARE.format("*")):
        with locked(share):
            pass
        remove(share)


def _write(folder):
    owner = {"host": platform.node(), "process": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    owner["token"] = secrets.token_hex(8)
    write_json(folder / OWNER, owner)  # workers on other machines look for it
    return owner


def _who(folder):
    owner = read_owner(folder)
    try:
        return f" (process {owner['process']} on {owner['host']}, since {owner['since']})"
    except (KeyError, TypeError):
        return ""
