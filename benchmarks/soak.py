"""Whether many runs in one process make it grow: memory after each of 200 short runs.

    python benchmarks/soak.py

Runs of Chapter 1's `run_one` (ResNet50 at 32 pixels, an epoch) and of Chapter 2's `run_ticket` (ResNet-20, an epoch)
in turn, each with a run folder, in one process, as a sweep does them. After each run the resident memory of the process
is taken; the last line is the most after run 20 over that after run 20 itself.
"""

import argparse
import contextlib
import io
import tempfile
from pathlib import Path

from arttl.cli import import_keras_quietly

SETTLED = 20  # runs after which memory should no longer grow


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    import_keras_quietly()
    memory = []
    with tempfile.TemporaryDirectory() as folder:
        each_seed = range(options.runs // 2)
        for seed in each_seed:
            for do in (chapter1_run, chapter2_run):
                with contextlib.redirect_stdout(io.StringIO()):
                    do(Path(folder), seed)
                memory.append(resident())
                if len(memory) % 10 == 0:
                    print(f"after {len(memory):3d} runs: {memory[-1] / 2**20:7.0f} MiB", flush=True)
    settled = memory[SETTLED - 1]
    print(f"soak: {max(memory[SETTLED:]) / settled:.3f} (goal 1.1)")


def chapter1_run(folder, seed):
    from arttl.chapter1 import run_experiment
    from arttl.parsers import rijks_parser

    line = ["--challenge", "type", "--approach", "fine-tuning", "--image-size", "32", "--epochs", "1"]
    run_experiment(rijks_parser("", ("type",)).parse_args([*line, *shared(folder, seed)]), "ch1/rijks")


def chapter2_run(folder, seed):
    from arttl.chapter2 import run_transfers
    from arttl.ticket_parsers import transfer_parser

    line = ["--network", "resnet20", "--image-size", "32", "--epochs", "1", "--source", "fashion-mnist"]
    run_transfers(transfer_parser("").parse_args([*line, *shared(folder, seed)]), [scratch_line()])


def scratch_line():
    from arttl.chapter2.transfer import Line

    return Line("scratch")


def shared(folder, seed):
    """--seed, and folders for everything that is written."""
    places = {f"--{name}": str(folder / name) for name in ("output", "cache", "splits")}
    return ["--seed", str(seed), *(text for pair in places.items() for text in pair)]


def resident():
    """Bytes of memory that the process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


if __name__ == "__main__":
    main()
