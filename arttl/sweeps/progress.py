"""Lines about a sweep: runs done, running and failed, and how much longer."""

from __future__ import annotations

import time

from arttl.base.errors import RunsFailed
from arttl.base.wording import duration_text

QUIET = 60.0  # seconds without an event, after which a line says how it stands


def do_steps(steps):
    """Do several scripts' work, one after the other, each between two lines of its title and of how long it took.

    Arguments:
        steps: pairs of a title and a function.

    Raises RunsFailed after the last step, when runs of any failed.
    """
    failed = []
    for title, do in steps:
        print(f"\n== {title}", flush=True)
        begun = time.perf_counter()
        try:
            do()
        except RunsFailed as error:
            failed.append(title)
            print(f"error: {error}", flush=True)
        print(f"== {title}: {duration_text(time.perf_counter() - begun)}", flush=True)
    if failed:
        raise RunsFailed(f"runs failed in: {'; '.join(failed)}; the same command does them again, and no others")


class Progress:
    """Counts runs and prints a line at each event.

    Arguments:
        total: number of runs to do.
        clock: gives the time in seconds.

    Attributes:
        done, failed: numbers of runs.
    """

    def __init__(self, total, clock=time.monotonic):
        self.total, self._clock = total, clock
        self.done = self.failed = 0
        self._begun, self._seconds, self._last = {}, [], clock()

    def begin(self, key):
        """A run begins."""
        self._begun[key] = self._clock()

    def stop(self, key):
        """A run no longer runs. Returns for how many seconds it did."""
        return self._clock() - self._begun.pop(key)

    def finish(self, key):
        """A run is complete. Returns for how many seconds it ran."""
        seconds = self.stop(key)
        self.done += 1
        self._seconds.append(seconds)
        return seconds

    def fail(self, count=1):
        """So many runs have failed."""
        self.failed += count

    def remaining(self):
        """Seconds that are left if every run takes the mean of those so far and as many run at once; None at first."""
        if not self._seconds or not self._begun:
            return None
        mean, now = sum(self._seconds) / len(self._seconds), self._clock()
        running = [max(0.0, mean - (now - begun)) for begun in self._begun.values()]
        waiting = self.total - self.done - self.failed - len(running)
        return (sum(running) + mean * waiting) / len(running)

    def line(self, event):
        """Print an event, and how the sweep stands."""
        left = self.remaining()
        parts = [f"{self.done}/{self.total} done", f"{len(self._begun)} running", f"{self.failed} failed"]
        parts += [] if left is None else [f"about {duration_text(left)} left"]
        print(f"[{', '.join(parts)}] {event}", flush=True)
        self._last = self._clock()

    def heartbeat(self):
        """Print how the sweep stands where nothing has happened for a while."""
        if self._clock() - self._last >= QUIET:
            self.line("going on")
