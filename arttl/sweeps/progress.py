"""Lines about a sweep: runs done, running and failed, and how much longer."""

from __future__ import annotations

import shlex
import time

from arttl.base.errors import RunsFailed
from arttl.base.wording import duration_text
from arttl.runs.folder import validation_accuracy
from arttl.sweeps.listing import Ledger

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
        expected: dict of every run to how long it is expected to take, in whatever unit; empty: all take as long.

    Attributes:
        done, failed: numbers of runs.
    """

    def __init__(self, total, clock=time.monotonic, expected=None):
        self.total, self._clock, self._expected = total, clock, expected or {}
        self.done = self.failed = 0
        self._begun, self._seconds, self._last = {}, {}, clock()

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
        self._seconds[key] = seconds
        return seconds

    def fail(self, count=1):
        """So many runs have failed."""
        self.failed += count

    def remaining(self):
        """Seconds that are left if runs are to what is expected of them as those so far, and as many run at once.

        None at first.
        """
        if not self._seconds or not self._begun:
            return None
        mean, now = sum(self._seconds.values()) / sum(map(self._share, self._seconds)), self._clock()
        running = [max(0.0, mean * self._share(key) - (now - begun)) for key, begun in self._begun.items()]
        waiting = self.total - self.done - self.failed - len(running)
        if self._expected:
            waiting = sum(
                self._expected[key] for key in self._expected.keys() - self._begun.keys() - self._seconds.keys()
            )
        return (sum(running) + mean * waiting) / len(running)

    def _share(self, key):
        return self._expected.get(key, 1.0)

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


def expected_seconds(jobs, output):
    """How long runs are expected to take, a dict of Job to seconds; empty where nothing is known of one of them.

    Arguments:
        jobs: Jobs.
        output: folder of all runs.
    """
    ledger = Ledger()
    found = {job: ledger.estimate(job.spec, job.part.data, output).seconds for job in jobs}
    return found if all(found.values()) else {}


class Best:
    """The best of the runs seen so far, by what chooses among them: accuracy on the validation images."""

    def __init__(self):
        self.accuracy, self.title = None, ""

    def see(self, spec):
        """A run is complete."""
        accuracy = validation_accuracy(spec.folder)
        if accuracy is not None and (self.accuracy is None or accuracy > self.accuracy):
            self.accuracy, self.title = accuracy, spec.title

    def tell(self):
        """Print it, where there is one."""
        if self.accuracy is not None:
            print(f"best so far by validation: {self.title} ({self.accuracy:.1%})", flush=True)


def tell_where(output):
    """Say where results are, and the command that makes one page of them.

    Arguments:
        output: folder of all runs.
    """
    print(f"results are in {output}; as one page: python -m arttl report {shlex.quote(str(output))}", flush=True)
