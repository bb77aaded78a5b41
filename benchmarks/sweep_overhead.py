"""What a sweep on Ray adds to the seconds that its runs take.

    python benchmarks/sweep_overhead.py [--runs 24] [--seconds 10] [--slots 4]

Runs that only sleep, in a cluster of this machine's own; every fourth one requires the run before it. Each writes down
when it began and ended, and where. The overhead is the time between two runs of a worker, in which the second one could
have been at work, over the time at work of all runs but the workers' first. How long it took until the first run began
(Ray's start, the workers', and their imports) is said by itself: it does not grow with the runs. Real runs import Keras
and open their data there too, once for each worker. The ratio is the overhead over 3%.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from arttl.base.files import write_json
from arttl.runs import RunFolder
from arttl.sweeps import Sweep, do_runs

MOST = 0.03


@dataclass(frozen=True)
class Nothing:
    settings: str = "none"


@dataclass(frozen=True)
class Sleep:
    folder: RunFolder
    requires: tuple
    seconds: float

    @property
    def title(self):
        return self.folder.path.name

    def settings(self, data):
        return {"data": data.settings}


def sleep(spec, data, force):
    with spec.folder.locked() as folder:
        began = time.time()
        folder.check_same(spec.settings(data))
        folder.write_config({"settings": spec.settings(data)})
        time.sleep(spec.seconds)
        write_json(folder.path / "metrics.json", {"began": began, "ended": time.time(), "process": os.getpid()})


def measure(runs, seconds, slots, output):
    os.environ["RAY_ADDRESS"] = "local"
    folders = [RunFolder(output / f"run-{number:03d}") for number in range(runs)]
    specs = [
        Sleep(folder, tuple(folders[n - 1 : n]) if n % 4 == 3 else (), seconds) for n, folder in enumerate(folders)
    ]
    share = 0.01 * int(100 / slots) * (os.cpu_count() or 1)
    given = Sweep(output, executor="ray", gpus_per_run=0, cpus_per_run=share, max_concurrent=slots)
    started = time.time()
    do_runs(specs, Nothing(), given, sleep, opening=partial(Nothing))
    total = time.time() - started
    times = [json.loads((folder.path / "metrics.json").read_text()) for folder in folders]
    return started, total, times


def report(started, total, times, slots, seconds):
    first, last = min(each["began"] for each in times), max(each["ended"] for each in times)
    at_work = sum(each["ended"] - each["began"] for each in times)
    waits = sorted(gaps(times))
    share = sum(waits) / (at_work - slots * seconds)
    print(f"{len(times)} runs of {seconds:g} s, {slots} at once: {total:.1f} s in all")
    print(
        f"until the first run began: {first - started:.1f} s; after the last one ended: {started + total - last:.1f} s"
    )
    print(f"between two runs: median {1000 * waits[len(waits) // 2]:.0f} ms, most {1000 * waits[-1]:.0f} ms")
    print(
        f"overhead: {share:.2%}; with everything before the first run and after the last: "
        f"{share + (total - (last - first)) / (last - first):.1%}"
    )
    print(f"sweep_overhead: {share / MOST:.2f} (goal 1.0)")


def gaps(times):
    """Seconds that a worker had nothing to do before each run but its first, although the run could have begun."""
    last = {}
    for number, each in sorted(enumerate(times), key=lambda pair: pair[1]["began"]):
        free = last.get(each["process"])
        last[each["process"]] = each["ended"]
        if free is not None:
            ready = times[number - 1]["ended"] if number % 4 == 3 else 0
            yield each["began"] - max(free, ready)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--slots", type=int, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report(*measure(given.runs, given.seconds, given.slots, Path(folder)), given.slots, given.seconds)
