"""How much memory this process can have."""

from __future__ import annotations

import contextlib
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")  # what a container or a cluster's scheduler allows, Linux' cgroup version 2


def free_memory():
    """Bytes that this process can still have, or None where the system does not say (it is Linux that does)."""
    found = [each for each in (_free_of_machine(), _free_of_group()) if each is not None]
    return min(found, default=None)


def _free_of_machine():
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    return None


def _free_of_group():
    with contextlib.suppress(OSError, ValueError):
        used = int((_GROUP / "memory.current").read_text(encoding="ascii"))
        return max(0, int((_GROUP / "memory.max").read_text(encoding="ascii")) - used)  # "max": there is no limit
    return None
