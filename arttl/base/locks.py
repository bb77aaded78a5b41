"""Lock files, on any file system and platform; a lock is freed when its holder ends, however it ends.

Where the file system has no locks (NFS without lockd, sshfs, some scratch disks) a file beside the lock's says by its
presence that it is held, and by whom: one that a killed process has left on this machine is found out and replaced.
"""

from __future__ import annotations

import contextlib
import errno
import sys
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns where there are no locks at all; `_taken` says so where that matters
    from filelock import FileLock, SoftFileLock, Timeout

SOFT = ".held"  # suffix of the file that stands for a lock where there are none
_POLL = 0.1  # seconds between two looks at a lock that is waited for
_TWO_LOOKS = 3 * _POLL  # what a killed process left is removed at the first one and replaced at the second
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_told = set()  # folders without locks


class HeldError(Exception):
    """Another process holds the lock; the message says which where that is known, in brackets, or is empty."""


@contextlib.contextmanager
def locked(path, patience=0.0, waiting=None):
    """Hold a lock file, which stays when it is let go.

    Arguments:
        path: the file; its folder must be there.
        patience: seconds to wait for another holder.
        waiting: called before it is waited for a holder that has not ended within `patience`, as long as it takes.
            None: do not wait for it.

    Raises HeldError when another process, or another place of this one, holds it; OSError when it cannot be made.
    """
    try:
        lock = _taken(path, patience)
    except Timeout as error:
        if waiting is None:
            raise HeldError(_holder(path)) from error
        waiting()
        lock = _taken(path, -1)
    try:
        yield
    finally:
        lock.release()


def remove(path):
    """Remove a lock file that nobody holds; what cannot be removed stays."""
    for each in (Path(path), _soft(path)):
        with contextlib.suppress(OSError):
            each.unlink()


def _taken(path, timeout):
    """The lock, held; Timeout when another process holds it for longer than `timeout` seconds, -1 for ever."""
    if FileLock is not SoftFileLock:
        try:
            lock = FileLock(path, fallback_to_soft=False)
            lock.acquire(timeout=timeout, poll_interval=_POLL)
            return lock
        except Timeout:
            raise
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
    folder, marker = Path(path).parent, _soft(path)
    if folder not in _told:
        _told.add(folder)
        print(f"note: {folder} has no locks; {marker.name} shows who is at work in it", file=sys.stderr)
    lock = SoftFileLock(marker)
    lock.acquire(timeout=timeout if timeout < 0 else max(timeout, _TWO_LOOKS), poll_interval=_POLL)
    return lock


def _soft(path):
    return Path(f"{path}{SOFT}")


def _holder(path):
    """Who holds a lock of a file system without locks, and what to do if the machine was lost; empty for others."""
    try:
        process, host = _soft(path).read_text(encoding="utf-8").split("\n")[:2]
    except (OSError, ValueError):
        return ""
    return f" (process {process} on {host}; if that has ended, remove {_soft(path)})"
