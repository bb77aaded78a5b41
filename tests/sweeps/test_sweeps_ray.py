"""Sweeps on a Ray cluster of two nodes on this machine: what dies goes on, what fails is said, nothing is repeated."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from scripts import comparable, run_folders
from sweep_runs import Data, Part, elsewhere, lines, part, run, spec, sweep

pytest.importorskip("ray")

from functools import partial

from ray.cluster_utils import Cluster

from arttl.base.errors import InputError, RunsFailed
from arttl.sweeps import do_parts
from arttl.sweeps.lock import sweep_lock
from arttl.sweeps.ray_cluster import Node
from arttl.sweeps.ray_worker import Worker

HERE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def cluster():
    """Two nodes, "one" and "two", each with room for one run."""
    before = dict(os.environ)
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "num_gpus": 0, "node_name": "one"})
    found.add_node(num_cpus=1, num_gpus=0, node_name="two")
    yield found
    found.shutdown()
    os.environ.clear()
    os.environ.update(before)


def on(cluster, output, **given):
    return sweep(output, executor="ray", address=cluster.address, **given)


def metrics(root):
    return {path.parent.name: json.loads(path.read_text()) for path in root.glob("*/metrics.json")}


def nodes(out, name):
    """Names of the nodes on which a run was begun."""
    return re.findall(rf"begun: run {name} -> .*, on (\S+) \(process", out)


def test_equals_the_local_sweep_though_workers_die(cluster, tmp_path, capsys):
    """Twelve runs; two of them kill their workers once, in the middle."""

    def specs(root):
        first = [spec(root, name, epochs=3, does="die once" if name in "bc" else "") for name in "abcd"]
        return first + [spec(root, name, "abcd"[place % 4], "b") for place, name in enumerate("efghijkl")]

    (tmp_path / "local").mkdir()
    for name in "bc":  # here nobody would go on
        (tmp_path / "local" / name).mkdir()
        (tmp_path / "local" / name / "log.txt").touch()
    do_parts([part(specs(tmp_path / "local"))], sweep(tmp_path / "local"))
    assert do_parts([part(specs(tmp_path / "ray"), tmp_path / "opened")], on(cluster, tmp_path / "ray"))
    out = capsys.readouterr().out
    assert metrics(tmp_path / "ray") == metrics(tmp_path / "local")
    assert len(metrics(tmp_path / "ray")) == 12
    for name in "bc":
        first, second = nodes(out, name)
        assert first != second
        epochs = [line.split(",") for line in lines(tmp_path / "ray" / name / "history.csv")]
        assert [epoch for epoch, _ in epochs] == ["1", "2", "3"]  # the epoch before the death was not done again
        assert epochs[0][1] != epochs[1][1] == epochs[2][1]
    assert "[12/12 done, 0 running, 0 failed] done:" in out
    assert len(lines(tmp_path / "opened")) == len(set(lines(tmp_path / "opened"))) <= 4  # once a worker


def test_what_fails_is_recorded_and_the_others_go_on(cluster, tmp_path, capsys):
    def specs(**does):
        given = [("a",), ("b",), ("c", "b"), ("d", "c"), ("e",), ("f",), ("g", "a"), ("h",)]
        return [spec(tmp_path, *names, epochs=4, does=does.get(names[0], "")) for names in given]

    reported = []
    ill = part(specs(b="fail", e="refuse", f="die", h="die at once"))
    with pytest.raises(RunsFailed, match=r"5 of 8 runs failed; .*failures\.csv says why"):
        do_parts([ill], on(cluster, tmp_path), report=lambda: reported.append(1))
    assert reported
    finished = {name: (tmp_path / name / "metrics.json").stat().st_mtime_ns for name in metrics(tmp_path)}
    assert set(finished) == {"a", "f", "g"}  # each of f's four workers finishes an epoch before it dies
    table = pd.read_csv(tmp_path / "failures.csv", keep_default_na=False).set_index("run")
    assert table.error["b"] == "ValueError: no number in sight"
    assert 'raise ValueError("no number\\nin sight")' in table.traceback["b"]
    assert table.error["e"] == "InputError: training diverged: lower the learning rate"
    assert table.error["c"] == f"it needs {tmp_path / 'b'}, which failed"
    assert table.error["d"] == f"it needs {tmp_path / 'c'}, which failed"
    assert table.error["h"].startswith("its worker died 3 times before it had kept another epoch")
    assert table.attempts.to_dict() == {"b": 1, "c": 0, "d": 0, "e": 1, "h": 3}
    assert table.node["b"] in ("one", "two")
    assert do_parts([part(specs())], on(cluster, tmp_path, resume=True))
    assert set(metrics(tmp_path)) == set("abcdefgh")
    assert not (tmp_path / "failures.csv").exists()
    assert finished == {name: (tmp_path / name / "metrics.json").stat().st_mtime_ns for name in finished}


def test_a_sweep_whose_own_process_was_killed_goes_on_and_repeats_nothing(cluster, tmp_path, capsys):
    specs = [spec(tmp_path, name, epochs=4, seconds=2.0) for name in "abcd"]
    code = (
        "import sys\nfrom sweep_runs import *\nfrom arttl.sweeps import do_parts\n"
        f"specs = [spec({str(tmp_path)!r}, name, epochs=4, seconds=2.0) for name in 'abcd']\n"
        f"do_parts([part(specs)], sweep({str(tmp_path)!r}, executor='ray', address={cluster.address!r}))\n"
    )
    environ = os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{os.environ['PYTHONPATH']}"}
    sweep = subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 300
    while not (
        len(metrics(tmp_path)) >= 1 and any(len(lines(each.path / "history.csv")) == 1 for each in _folders(specs))
    ):
        assert sweep.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    sweep.send_signal(signal.SIGSTOP)  # else it may end in the two seconds that the next one waits for its lock
    with pytest.raises(InputError, match=f"another sweep is at work .*process {sweep.pid} on"):
        do_parts([part(specs)], on(cluster, tmp_path, resume=True))
    sweep.send_signal(signal.SIGKILL)
    sweep.wait()
    finished = {name: (tmp_path / name / "metrics.json").stat().st_mtime_ns for name in metrics(tmp_path)}
    assert do_parts([part(specs)], on(cluster, tmp_path, resume=True))
    assert set(metrics(tmp_path)) == set("abcd")
    assert finished.items() <= {n: (tmp_path / n / "metrics.json").stat().st_mtime_ns for n in "abcd"}.items()
    for folder in _folders(specs):  # no epoch twice
        assert [line.split(",")[0] for line in lines(folder.path / "history.csv")] == ["1", "2", "3", "4"]
    assert capsys.readouterr().out.count("begun:") == 4 - len(finished)


def _folders(specs):
    return [each.folder for each in specs]


def test_a_node_that_is_lost_gives_its_run_to_another(cluster, tmp_path, capsys):
    lost = cluster.add_node(num_cpus=1, num_gpus=0, node_name="lost")
    code = (
        "from sweep_runs import *\nfrom arttl.sweeps import do_parts\n"
        f"specs = [spec({str(tmp_path)!r}, name, epochs=30, seconds=6.0) for name in 'abc']\n"
        f"do_parts([part(specs)], sweep({str(tmp_path)!r}, executor='ray', address={cluster.address!r}))\n"
    )
    environ = os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{os.environ['PYTHONPATH']}", "PYTHONUNBUFFERED": "1"}
    with open(tmp_path / "out.txt", "w") as out:
        sweep = subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=out)
    until = time.monotonic() + 300
    while "on lost (process" not in (tmp_path / "out.txt").read_text():
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.5)
    cluster.remove_node(lost, allow_graceful=False)
    assert sweep.wait(timeout=120) == 0
    assert set(metrics(tmp_path)) == set("abc")
    text = (tmp_path / "out.txt").read_text()
    (name,) = re.findall(r"worker died: run (\w), on lost", text)
    assert nodes(text, name)[0] == "lost"
    assert nodes(text, name)[1] in ("one", "two")
    assert [line.split(",")[0] for line in lines(tmp_path / name / "history.csv")] == [str(n) for n in range(1, 31)]


def test_at_most_so_many_at_once(cluster, tmp_path, capsys):
    do_parts([part([spec(tmp_path, name, seconds=0.3) for name in "abc"])], on(cluster, tmp_path, max_concurrent=1))
    out = capsys.readouterr().out
    assert "1 at once" in out
    assert "2 running" not in out


def test_force_makes_anew_but_only_once(cluster, tmp_path):
    """A worker that dies after it has begun anew leaves epochs that are kept."""
    do_parts([part([spec(tmp_path, "a", epochs=3)])], on(cluster, tmp_path))
    first = lines(tmp_path / "a" / "history.csv")
    (tmp_path / "a" / "log.txt").unlink(missing_ok=True)
    do_parts([part([spec(tmp_path, "a", epochs=3, does="die once")])], on(cluster, tmp_path, force=True))
    second = [line.split(",") for line in lines(tmp_path / "a" / "history.csv")]
    assert [epoch for epoch, _ in second] == ["1", "2", "3"]
    assert second[0][1] != second[1][1]
    assert not {process for _, process in second} & {line.split(",")[1] for line in first}


def test_a_node_whose_data_differ_does_nothing(cluster, tmp_path):
    other = Part([spec(tmp_path, "a")], Data({"split": "a"}), run, partial(elsewhere, os.getpid()))
    with pytest.raises(InputError, match=r"no node of the Ray cluster can do a run: .*split was a, now b"):
        do_parts([other], on(cluster, tmp_path))
    assert not (tmp_path / "a").exists()


def test_a_request_that_no_node_can_meet_is_said(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr("arttl.sweeps.ray_sweep.NO_NODE", 0)
    with pytest.raises(InputError, match="none has 8 GPUs; see gpus_per_run"):
        do_parts([part([spec(tmp_path, "a")])], on(cluster, tmp_path, gpus_per_run=8))


def test_no_cluster_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"address=127.0.0.1:1: no Ray cluster can be reached") as found:
        do_parts([part([spec(tmp_path, "a")])], sweep(tmp_path, executor="ray", address="127.0.0.1:1"))
    assert len(str(found.value).splitlines()) == 1


def test_output_that_is_not_shared_is_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with sweep_lock(tmp_path / "here", alone=True) as owner:
        for output, status in ((tmp_path / "here", "ready"), (tmp_path / "there", "unfit")):
            pickled = b"\x80\x04]."  # an empty list
            answer = Worker(pickled, str(tmp_path), str(output), owner, {}, []).open()
            assert answer["status"] == status
    assert "must be shared" in answer["error"]


@pytest.mark.parametrize(
    ("node", "asked", "expected"),
    [
        ((8, 0), (None, 0), (8, 0, 1)),  # without GPUs one run has the node, as a script has its machine
        ((8, 4), (None, 1), (2, 1, 4)),
        ((8, 4), (None, 0.5), (1, 0.5, 8)),
        ((8, 4), (3, 1), (3, 1, 2)),
        ((8, 0), (2, 0), (2, 0, 4)),
        ((0, 0), (None, 0), (0, 0, 0)),  # a head that is to do nothing
        ((8, 0), (None, 1), (0, 1, 0)),
        ((2, 4), (None, 1), (0, 1, 4)),
        ((8, 1), (None, 0.1), (0, 0.1, 10)),
    ],
)
def test_how_many_runs_a_node_takes(node, asked, expected):
    share = Node("key", "name", *node).share(*asked)
    assert (share.cpus, share.gpus, share.slots) == expected


def test_real_runs_equal_those_of_the_local_executor(cluster, script, tmp_path):
    """Figure 5 at its smallest: a search, and two controls that need its tickets."""
    small = ["--seed", "1", "--rounds", "1", "--epochs", "1", "--image-size", "8"]
    for folder, where in (("local", []), ("ray", ["--executor", "ray", "--address", cluster.address])):
        code, out, err = script(*small, *where, "--output", tmp_path / folder, name="ch2_lth_mnist.py")
        assert code == 0, err
    assert "| 1     | 19.9%  |" in out  # of the last layer half as many go
    local, there = (run_folders(tmp_path / each) for each in ("local", "ray"))
    assert [each.relative_to(tmp_path / "ray") for each in there] == [
        each.relative_to(tmp_path / "local") for each in local
    ]
    assert len(there) == 3
    for here, other in zip(local, there, strict=True):
        (one, first), (two, second) = comparable(here), comparable(other)
        pd.testing.assert_frame_equal(one, two)
        assert first == second
        assert json.loads((here / "config.json").read_text()) == json.loads((other / "config.json").read_text())
