"""Work shared among threads: how many there should be, and a map that does not run ahead."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor


def bounded_map(pool: ThreadPoolExecutor, function: Callable, items: Iterable, limit: int) -> Iterator:
    """Like `pool.map`, with at most `limit` items submitted ahead: an interruption has little to wait for."""
    waiting = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= limit:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def processors() -> int:
    """How many processors this process may use: the number of threads that decode unless told otherwise."""
    if hasattr(os, "sched_getaffinity"):  # Linux: what a cluster's scheduler gave us, not what the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
