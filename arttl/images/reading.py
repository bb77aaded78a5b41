"""Who reads a store holds its file, so that nobody removes it: another process may still have to open it.

On Unix an open file outlives its name, but not on another machine's NFS. The lock is one that HDF5 does not use itself:
whoever holds it hinders no one but who would remove the file.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, which removes no file that somebody has open
    fcntl = None


class Reading:
    """Holds a file for reading as long as this object lives; where there are no such locks it holds nothing.

    Arguments:
        path: the file.
    """

    def __init__(self, path: Path):
        self.path, self._descriptor = path, None
        with contextlib.suppress(OSError):
            self._descriptor = os.open(path, os.O_RDONLY)
            _lock(self._descriptor, exclusive=False)

    def __reduce__(self):
        return Reading, (self.path,)

    def __del__(self):
        if self._descriptor is not None:
            os.close(self._descriptor)


@contextlib.contextmanager
def nobody_reads(path: Path) -> Iterator[bool]:
    """Whether no process reads a file, and none begins to within this block; False where that cannot be known."""
    if fcntl is None:
        yield True  # removing it fails if somebody does
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield _lock(descriptor, exclusive=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, exclusive: bool) -> bool:
    """Lock an open file without waiting; whether that was possible. Closing it lets it go."""
    if fcntl is None or not hasattr(fcntl, "F_OFD_SETLK"):
        return False
    kind = fcntl.F_WRLCK if exclusive else fcntl.F_RDLCK
    whole_file = struct.pack("hhqqi", kind, os.SEEK_SET, 0, 0, 0)  # struct flock of 64 bits
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, whole_file)
    except OSError:
        return False
    return True
