"""What a sweep on Ray adds to the seconds that its runs take.

    python benchmarks/sweep_overhead.py [--runs 24] [--seconds 10] [--slots 4]

Runs that only sleep, in a cluster of this machine's own; every fourth one requires the run before it. Each writes down
when it began and ended. The overhead is how much longer the workers were there than runs were at work, from the first
run's beginning to the last one's end, over the time at work; the end, where fewer runs are left than workers, is left
out. How long it took until the first run began (Ray's start, the workers', and their imports) is said by itself: real
runs import Keras and open their data there, once for each worker. The ratio is the overhead over 3%.
"""

import argparse
import json
import os
import tempfile
import time
from argparse import Namespace
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from arttl.files import write_json
from arttl.runs import RunFolder
from arttl.sweeps import do_runs

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
    given = Namespace(executor="ray", address=None, gpus_per_run=0, cpus_per_run=None, max_concurrent=slots)
    given = Namespace(**vars(given), output=output, force=False, resume=False, dry_run=False)
    given.cpus_per_run = 0.01 * int(100 / slots) * (os.cpu_count() or 1)
    started = time.time()
    do_runs(specs, Nothing(), given, sleep, opening=partial(Nothing))
    total = time.time() - started
    times = [json.loads((folder.path / "metrics.json").read_text()) for folder in folders]
    return started, total, times


def report(started, total, times, slots):
    first, last = min(each["began"] for each in times), max(each["ended"] for each in times)
    ends = sorted(each["ended"] for each in times)
    tail = sum(last - end for end in ends[-slots:])  # workers that had nothing left to do
    at_work = sum(each["ended"] - each["began"] for each in times)
    overhead = (slots * (last - first) - tail) / at_work - 1
    print(f"{len(times)} runs, {slots} at once: {total:.1f} s in all")
    print(
        f"until the first run began: {first - started:.1f} s; after the last one ended: {started + total - last:.1f} s"
    )
    print(f"from the first to the last: {last - first:.2f} s; at work {at_work:.2f} s of {slots} workers' time")
    print(f"overhead: {overhead:.2%}")
    print(f"sweep_overhead: {overhead / MOST:.2f} (goal 1.0)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--slots", type=int, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report(*measure(given.runs, given.seconds, given.slots, Path(folder)), given.slots)
