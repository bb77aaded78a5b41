"""What a collection of the Rijksmuseum's size takes: seconds, memory, and what a killed build has to do again.

    python benchmarks/scale.py [--folder DIR] [--images 112039]

The collection is that of rijks_generator.py; one that lies in DIR is used again, and without --folder it is made in a
temporary folder. Each step is a process of its own, started from this one, which imports nothing large: Linux counts
what a process was before it became another program among its memory. Peak memory is the larger of two: the largest
process as the kernel counts it (ru_maxrss), and the sum of all processes of the step, looked at five times a second.

The last line is the seconds of `python -m arttl check DIR --metadata-only` over a minute: below 1.0 meets the goal.
"""

import argparse
import filecmp
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
IMAGES = 112_039
MOST_SECONDS, MOST_MIB = 60, 1536
SIZE = 64
PIXELS = SIZE * SIZE * 3 // 1024  # KiB of an image in the store
PEEK = 0.2  # seconds between looks at memory: each costs milliseconds
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    """What a step took: seconds, MiB at most, and what it printed."""

    seconds: float
    peak: float
    output: str


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the collection is, or is made and stays")
    parser.add_argument("--images", type=int, default=IMAGES, help="how many (default: %(default)s)")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        sys.path.insert(0, str(HERE.parent))  # run from a checkout
        STEPS[options.step[0]](*options.step[1:])
        return
    beside = options.folder and options.folder.resolve().parent
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="arttl-scale-", dir=beside) as work:
        data = (options.folder or Path(work, "data")).resolve()
        run_all(data, options.images, Path(work))


def run_all(data, images, work):
    """Measure every step and print the table."""
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH")]  # run from a checkout
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def step(*command, ends=(0,)):
        return measure([sys.executable, *map(str, command)], work, environment, ends)

    def own_step(*arguments, ends=(0,)):
        return step(__file__, "--step", *arguments, ends=ends)

    made = step(HERE / "rijks_generator.py", data, "--images", images)
    print(made.output.strip(), flush=True)
    check = step("-m", "arttl", "check", data, "--metadata-only", "--report", work / "check.csv", ends=(0, 1))
    splits = own_step("splits", data, work / "splits")
    quarter = own_step("store", data, work / "quarter", work / "quarter.log", 4)
    whole = own_step("store", data, work / "whole", work / "whole.log", 1)
    killed = own_step("store", data, work / "killed", work / "killed.log", 1, images // 2, ends=(-signal.SIGKILL,))
    resumed = own_step("store", data, work / "killed", work / "killed.log", 1)
    redone = (work / "killed.log").stat().st_size - images
    built, continued = (next((work / name).glob("images-*.h5")) for name in ("whole", "killed"))
    if not filecmp.cmp(built, continued, shallow=False):
        raise SystemExit("the store of a build that was killed and continued differs from that of a whole build")
    goal = f"< {MOST_MIB:,} MiB"
    rows = [
        ("`check --metadata-only`", check, f"{images:,} records", f"< {MOST_SECONDS} s, {goal}"),
        ("three splits drawn and saved", splits, splits.output.strip(), goal),
        (f"store of a quarter at {SIZE} pixels", quarter, rate(quarter, len(range(0, images, 4))), ""),
        (f"store of all at {SIZE} pixels", whole, rate(whole, images), f"{goal}, no pixels kept"),
        ("the same, killed about half-way", killed, "SIGKILL", ""),
        ("and continued", resumed, f"{redone:,} images decoded again, bytes as of a whole build", "the same bytes"),
    ]
    print("\n| step | seconds | peak MiB | | goal |\n|---|---:|---:|---|---|")
    for name, took, about, wanted in rows:
        print(f"| {name} | {took.seconds:,.1f} | {took.peak:,.0f} | {about} | {wanted} |")
    growth = (whole.peak - quarter.peak) * 1024 / (images - len(range(0, images, 4)))
    print(f"\nan image more takes {growth:.1f} KiB of memory while a store is built; its pixels are {PIXELS} KiB")
    print(f"scale: {check.seconds / MOST_SECONDS:.2f} (goal 1.0)")


def measure(command, folder, environment, ends):
    """Run a command in a folder and look at it until it ends, as a Measured; its exit code must be one of `ends`."""
    peak, started = 0, time.perf_counter()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command, stdout=output, stderr=complaints, cwd=folder, env=environment, start_new_session=True
        )
        try:
            pid = 0
            while not pid:
                peak = max(peak, memory(process.pid))
                time.sleep(PEEK)
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        complaints.seek(0)
        if process.returncode not in ends:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{complaints.read().decode()}")
        return Measured(seconds, max(usage.ru_maxrss * 1024, peak) / 2**20, output.read().decode())


def memory(session):
    """Bytes of memory of all processes of a session; pages that they share count in each."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int((process / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                total += int((process / "statm").read_text().split()[1]) * PAGE
        except (OSError, IndexError):  # it ended meanwhile
            continue
    return total


def rate(took, images):
    return f"{images:,} images, {images / took.seconds:,.0f} a second"


def draw_splits(data, folder):
    """Step: draw and save the thesis' split of every challenge; prints what it found."""
    from arttl.collections import open_collection
    from arttl.splits import find_or_make

    collection = open_collection(data, None)
    found = []
    for challenge in collection.challenges:
        started = time.perf_counter()
        split, _, _ = find_or_make(collection, challenge, folder=folder)
        seconds = time.perf_counter() - started
        found.append(f"{challenge} {seconds:.1f} s (N_t {len(split.table):,}, Q_t {len(split.classes):,})")
    print("; ".join(found))


def build_store(data, folder, log, every, fatal="0"):
    """Step: build the store of one image in `every`; each one decoded adds a byte to the log.

    Once the log holds `fatal` bytes, unless that is 0, the process is killed, in the middle of its work.
    """
    from arttl.images import Decoding, ImageStore, once

    read, fatal = once.read_picture, int(fatal)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def read_and_tell(*arguments):
        made = read(*arguments)
        os.write(descriptor, b".")
        if fatal and os.fstat(descriptor).st_size >= fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    once.read_picture = read_and_tell
    paths = {name: Path(data, "jpg2", name) for name in sorted(os.listdir(Path(data, "jpg2")))[:: int(every)]}
    ImageStore.build(paths, Decoding((SIZE, SIZE)), folder, progress=False)


STEPS = {"splits": draw_splits, "store": build_store}

if __name__ == "__main__":
    main()
