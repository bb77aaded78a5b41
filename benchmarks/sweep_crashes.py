"""A sweep on a two-node Ray cluster that loses a worker and then its head, beside the same sweep on one machine.

    python benchmarks/sweep_crashes.py [--folder DIR] [--network resnet20]

Both nodes are on this machine, each with its own raylet and one CPU. Twelve runs (experiments/ch2_lth_mnist.py: two
searches of five rounds, and five controls of each, which need its tickets) are done here first. Then on the cluster: a
worker is killed in the middle of a run, later every process of the head node is, with SIGKILL; a new head and a new
second node are started at the same port, while the old second node still lives; the same command with --resume ends
the sweep, and once more has nothing left to do. Then every file of every run is compared, wall times and log.txt aside.

The ratio is the share of the twelve runs that differ, or that were done again although they had been finished.
"""

import argparse
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "experiments" / "ch2_lth_mnist.py"
RUNS = 12
BEGUN = re.compile(r"begun: .* -> (\S+), on (\S+) \(process (\d+)\)")


def main(options, folder):
    common = ["--seed", "1", "2", "--rounds", "5", "--controls", "reinitialised", "--epochs", str(options.epochs)]
    common += ["--network", options.network, "--image-size", str(options.image_size)]
    common += ["--cache", str(folder / "cache"), "--splits", str(folder / "splits")]
    started = time.perf_counter()
    subprocess.run([*command(common, folder / "local"), "--resume"], check=True, stdout=subprocess.DEVNULL)
    print(
        f"on this machine: {len(finished(folder / 'local'))} runs in {time.perf_counter() - started:.0f} s", flush=True
    )
    output, address = folder / "cluster", f"127.0.0.1:{options.port}"
    on_ray = [*command(common, output), "--executor", "ray", "--address", address]
    # Ray of 2026 wants a token as soon as there is one on the machine; older ones know nothing of it.
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    nodes = []
    try:
        nodes.append(start_node("one", folder, options.port))
        nodes.append(start_node("two", folder, options.port, address))
        kept = crash(on_ray, output, folder, nodes)
        nodes.append(start_node("one-again", folder, options.port))
        nodes.append(start_node("two-again", folder, options.port, address))
        started = time.perf_counter()
        finish(on_ray, folder)
        print(f"continued: {len(finished(output))} runs finished, {time.perf_counter() - started:.0f} s", flush=True)
        nothing_left(on_ray)
    finally:
        for node in nodes:
            kill_all(node.pid)
    repeated = [path for path, stamp in kept.items() if finished(output).get(path) != stamp]
    differing = compare(folder / "local", output)
    print(
        f"finished before the crash: {len(kept)}, done again: {len(repeated)}; different files: {differing or 'none'}"
    )
    bad = {str(path.parent) for path in repeated} | {str(Path(name).parent) for name in differing}
    print(f"sweep_crashes: {len(bad) / RUNS:.2f} (goal 0)")


def command(common, output):
    return [sys.executable, str(SCRIPT), *common, "--output", str(output)]


def crash(on_ray, output, folder, nodes):
    """Begin the sweep, kill a worker and later the head; returns the finished runs: metrics.json to its stamp."""
    log = folder / "first.log"
    with open(log, "w") as file:
        sweep = subprocess.Popen([*on_ray], stdout=file, stderr=subprocess.STDOUT)
    run, node, process = wait(lambda: in_the_middle(log, output), sweep)
    os.kill(process, signal.SIGKILL)
    print(f"killed worker {process} on {node} in the middle of {run.relative_to(output)}", flush=True)
    wait(lambda: "worker died" in log.read_text(), sweep)
    again = wait(lambda: [each for each in BEGUN.findall(log.read_text()) if each[0] == str(run)][1:], sweep)
    print(f"begun again on {again[0][1]}", flush=True)
    wait(lambda: len(finished(output)) >= 4 and in_the_middle(log, output), sweep)
    killed = kill_all(nodes[0].pid)
    started, kept = time.perf_counter(), finished(output)
    print(f"killed the head's {killed} processes with {len(kept)} runs finished", flush=True)
    try:
        code = sweep.wait(timeout=180)
        last = log.read_text().strip().splitlines()[-1][:200]
        print(f"the sweep ended with {code} after {time.perf_counter() - started:.0f} s: {last}", flush=True)
    except subprocess.TimeoutExpired:
        sweep.kill()
        print("the sweep did not notice within 180 s, and was killed", flush=True)
    return {path: stamp for path, stamp in finished(output).items() if path in kept}


def finish(on_ray, folder):
    with open(folder / "second.log", "w") as file:
        subprocess.run([*on_ray, "--resume"], check=True, stdout=file, stderr=subprocess.STDOUT, timeout=1800)


def nothing_left(on_ray):
    done = subprocess.run(on_ray, check=True, capture_output=True, text=True, timeout=300)
    assert f"{RUNS} of {RUNS} runs were finished already" in done.stdout, done.stdout


def in_the_middle(log, output):
    """The last begun run, its node and process, once it has an epoch and is not finished; else None."""
    for path, node, process in reversed(BEGUN.findall(log.read_text())):
        run = Path(path)
        if (run / "history.csv").exists() and not (run / "metrics.json").exists():
            return run, node, int(process)
    return None


def wait(condition, sweep, seconds=600):
    until = time.monotonic() + seconds
    while not (found := condition()):
        if sweep.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"the sweep ended with {sweep.poll()}, or took too long; see the logs")
        time.sleep(0.1)
    return found


def finished(output):
    """Each metrics.json below a folder, and what changes when it is written anew."""
    return {path: path.stat().st_mtime_ns for path in output.rglob("metrics.json")}


def start_node(name, folder, port, address=None):
    """A node of one CPU, as a process that has all of its processes below it."""
    where = [f"--address={address}"] if address else ["--head", f"--port={port}", "--include-dashboard=false"]
    line = [str(Path(sys.executable).with_name("ray")), "start", *where, "--num-cpus=1", "--num-gpus=0"]
    with open(folder / f"{name}.log", "w") as file:
        node = subprocess.Popen(
            [*line, f"--node-name={name}", "--disable-usage-stats", "--block"], stdout=file, stderr=subprocess.STDOUT
        )
    until = time.monotonic() + 60
    while "Ray runtime started" not in (folder / f"{name}.log").read_text():
        if node.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"node {name} does not start: {(folder / f'{name}.log').read_text()}")
        time.sleep(0.2)
    return node


def kill_all(process):
    """Kill a process and all below it, at once; returns how many."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    for each in found:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return len(found)


def compare(one, other):
    """Names of files that differ, or are in one folder only, wall times and logs aside."""
    names = {
        str(path.relative_to(root))
        for root in (one, other)
        for path in (root / "ch2").rglob("*")
        if path.is_file() and path.name not in ("log.txt", ".lock")
    }
    return [name for name in sorted(names) if content(one / name) != content(other / name)]


def content(path):
    """A file's content without times; None where there is none."""
    import pandas as pd

    from arttl.pruning import open_tickets

    if not path.exists():
        return None
    if path.suffix == ".csv":
        table = pd.read_csv(path, dtype=str)
        return table.drop(columns=[name for name in table if "seconds" in name]).to_csv()
    if path.suffix == ".json":
        return without_times(json.loads(path.read_text()))
    if path.suffix == ".h5":
        tickets = open_tickets(path)
        facts = [without_times(tickets.facts(number)) for number in range(1, tickets.rounds + 1)]
        arrays = [tickets.read_weights(), *(tickets.read_masks(number) for number in range(1, tickets.rounds + 1))]
        return facts, without_times(tickets.metadata), [{k: v.tobytes() for k, v in each.items()} for each in arrays]
    return path.read_bytes()


def without_times(content):
    if isinstance(content, dict):
        return {name: without_times(value) for name, value in content.items() if "seconds" not in name}
    return content


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, help="where runs and logs go (a temporary folder)")
    parser.add_argument("--network", default="lenet-300-100")
    parser.add_argument("--image-size", type=int, default=28, help="in pixels")
    parser.add_argument("--epochs", type=int, default=6, help="at most so many a network")
    parser.add_argument("--port", type=int, default=6399)
    given = parser.parse_args()
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
        main(given, given.folder)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(given, Path(temporary))
