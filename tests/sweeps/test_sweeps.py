"""Sweeps on one machine: which runs are done, in which order, under which lock; and failures.csv, progress."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sweep_runs import Data, lines, part, run, spec, sweep

from arttl.base.errors import InputError, RunsFailed
from arttl.base.files import whole_file, write_table
from arttl.cli.options import amount, executor
from arttl.sweeps import Graph, Job, Part, do_parts, do_runs
from arttl.sweeps.failures import Failures
from arttl.sweeps.lock import read_owner, sweep_lock
from arttl.sweeps.progress import Progress, do_steps
from arttl.sweeps.ray_state import kept


def begun(out):
    return [line.split("run ")[1].split(" ->")[0] for line in out.splitlines() if line.startswith("[")]


def value(root, name):
    return json.loads((root / name / "metrics.json").read_text())["test_accuracy"]


def test_runs_are_done_in_order_but_never_before_what_they_require(tmp_path, capsys):
    specs = [spec(tmp_path, "d", "b", "c"), spec(tmp_path, "a"), spec(tmp_path, "c", "a"), spec(tmp_path, "b")]
    assert do_parts([part(specs[:2]), part(specs[2:])], sweep(tmp_path))
    assert begun(capsys.readouterr().out) == ["a", "c", "b", "d"]
    assert value(tmp_path, "d") == 1 + (1 + 1) + 1  # d has b and c, c has a


def test_the_graph_gives_what_can_begin_and_loses_what_requires_a_failure(tmp_path):
    """a -> b -> d, a -> c, e alone."""
    specs = [spec(tmp_path, *each) for each in ("a", "ba", "ca", "db", "e")]
    jobs = {each.path.name: each for each in (Job(one, None) for one in specs)}
    graph = Graph(list(jobs.values()))

    def ready():
        return [each.path.name for each in graph.ready]

    assert ready() == ["a", "e"]
    graph.begin(jobs["a"])
    assert ready() == ["e"]
    graph.put_back(jobs["a"])
    assert ready() == ["a", "e"]
    graph.begin(jobs["a"])
    graph.finish(jobs["a"])
    assert ready() == ["b", "c", "e"]
    graph.begin(jobs["b"])
    assert [each.path.name for each in graph.fail(jobs["b"])] == ["d"]
    assert graph.left == 2
    assert ready() == ["c", "e"]


def test_runs_that_require_each_other_are_refused(tmp_path):
    with pytest.raises(InputError, match="require each other"):
        do_runs([spec(tmp_path, "a", "b"), spec(tmp_path, "b", "a")], Data({"split": "a"}), sweep(tmp_path), run)


def test_finished_runs_are_kept_and_unfinished_ones_go_on(tmp_path, capsys):
    specs = [spec(tmp_path, "a"), spec(tmp_path, "b", "a"), spec(tmp_path, "c")]
    do_parts([part(specs[:1])], sweep(tmp_path))
    first = (tmp_path / "a" / "metrics.json").stat().st_mtime_ns
    with pytest.raises(ValueError, match="no number"):
        do_parts([part([specs[0], spec(tmp_path, "b", "a", does="fail"), specs[2]])], sweep(tmp_path))
    assert not (tmp_path / "c").exists()  # here a failure ends the sweep
    assert not (tmp_path / "failures.csv").exists()
    with pytest.raises(InputError, match="b is unfinished; resume=True continues it"):
        do_parts([part(specs)], sweep(tmp_path))
    capsys.readouterr()
    assert do_parts([part(specs)], sweep(tmp_path, resume=True))
    out = capsys.readouterr().out
    assert begun(out) == ["b", "c"]
    assert "1 of 3 runs were finished already" in out
    assert (tmp_path / "a" / "metrics.json").stat().st_mtime_ns == first
    assert len(lines(tmp_path / "b" / "history.csv")) == 2  # none of its epochs was done again
    do_parts([part(specs)], sweep(tmp_path, force=True))
    assert begun(capsys.readouterr().out) == ["a", "b", "c"]


def test_a_dry_run_lists_and_leaves_nothing(tmp_path, capsys):
    specs = [spec(tmp_path, "a"), spec(tmp_path, "b", "a")]
    do_parts([part(specs[:1])], sweep(tmp_path))
    (tmp_path / ".sweep.lock").unlink()
    capsys.readouterr()
    assert not do_parts([part(specs)], sweep(tmp_path, dry_run=True))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"finished    {tmp_path / 'a'}  (run a)"
    assert lines[1].startswith(f"to do       {tmp_path / 'b'}  (run b; about ")
    assert lines[2].startswith("2 runs: 1 finished, 1 to do; what is left takes about ")
    assert not (tmp_path / "b").exists()
    assert not (tmp_path / ".sweep.lock").exists()


def test_what_requires_a_run_that_is_missing_is_looked_at_again(tmp_path):
    """A finished run whose tickets, say, were deleted: it has no settings to compare before they are there again."""
    specs = [spec(tmp_path, "a"), spec(tmp_path, "b", "a")]
    do_parts([part(specs)], sweep(tmp_path))
    (tmp_path / "a" / "metrics.json").unlink()
    finished = (tmp_path / "b" / "metrics.json").stat().st_mtime_ns
    do_parts([part(specs)], sweep(tmp_path, resume=True))
    assert (tmp_path / "b" / "metrics.json").stat().st_mtime_ns == finished


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second", "refused"), [(1, 1, 1), (1, 0, 1), (0, 1, 1), (0, 0, 0)])
def test_a_sweep_on_a_cluster_shares_its_folder_with_nobody(tmp_path, first, second, refused):
    with sweep_lock(tmp_path, alone=first) as owner:
        assert read_owner(tmp_path) == owner
        expected = pytest.raises(InputError, match="another sweep is at work") if refused else contextlib.nullcontext()
        with expected as found, sweep_lock(tmp_path, alone=second):
            pass
        if owner and refused:
            assert f"(process {owner['process']} on " in str(found.value)
    with sweep_lock(tmp_path, alone=True):
        pass


@pytest.mark.slow
def test_the_lock_goes_with_its_owner_however_it_ends(tmp_path):
    code = (
        "import os, sys, time\nfrom arttl.sweeps.lock import sweep_lock\n"
        f"with sweep_lock({str(tmp_path)!r}, alone=True):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert owner.stdout.readline() == "held\n"
    with pytest.raises(InputError, match=f"process {owner.pid} on"), sweep_lock(tmp_path, alone=True):
        pass
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert read_owner(tmp_path) is not None  # it could not say goodbye
    with sweep_lock(tmp_path, alone=False):
        assert read_owner(tmp_path) is None


@pytest.mark.slow
def test_a_script_is_refused_while_a_cluster_sweeps_into_its_folder(tmp_path):
    refused = pytest.raises(InputError, match=r"another sweep is at work in .*; wait for it or choose")
    with sweep_lock(tmp_path, alone=True), refused:
        do_parts([part([spec(tmp_path, "a")])], sweep(tmp_path))
    assert not (tmp_path / "a").exists()


def test_a_run_has_come_further_when_its_state_has_not_when_its_history_has(tmp_path):
    """A worker that dies again and again between two writes of the state would never be given up otherwise."""
    (tmp_path / "history.csv").touch()
    before = kept(tmp_path)
    write_table(tmp_path / "history.csv", pd.DataFrame({"epoch": [1]}))
    assert kept(tmp_path) != before  # a run without states
    (tmp_path / "checkpoint" / "round-0").mkdir(parents=True)
    (tmp_path / "checkpoint" / "round-0" / "state.npz").touch()
    before = kept(tmp_path)
    write_table(tmp_path / "history.csv", pd.DataFrame({"epoch": [1, 2]}))
    assert kept(tmp_path) == before
    with whole_file(tmp_path / "checkpoint" / "round-0" / "state.npz", "wb"):
        pass
    assert kept(tmp_path) != before


def test_failures_are_a_table_of_the_last_attempts(tmp_path):
    one, two = spec(tmp_path / "x", "one"), spec(tmp_path, "two")
    failures = Failures(tmp_path)
    failures.add(one, "ValueError: a, b", 'Traceback\n  File "x.py"\r\n', "node-7", 2)
    failures.add(two, "it needs x/one, which failed")
    failures.add(one, "ValueError: again", "Traceback", "node-8", 1)
    table = pd.read_csv(tmp_path / "failures.csv", keep_default_na=False)
    assert table.run.tolist() == ["x/one", "two"]
    assert table.error.tolist() == ["ValueError: again", "it needs x/one, which failed"]
    assert table.node.tolist() == ["node-8", ""]
    later = Failures(tmp_path)
    later.forget([one])
    assert pd.read_csv(tmp_path / "failures.csv").run.tolist() == ["two"]
    later.forget([two])
    assert not (tmp_path / "failures.csv").exists()
    (tmp_path / "failures.csv").write_text("mine\n1\n")
    with pytest.raises(InputError, match="no list of failed runs"):
        Failures(tmp_path)


def test_progress_says_how_it_stands_and_how_much_longer(capsys):
    """10 runs of 10 s, two at once: after the first two, 8 are left, four times 10 s."""
    now = [0.0]
    progress = Progress(10, clock=lambda: now[0])
    progress.begin("a")
    progress.begin("b")
    assert progress.remaining() is None
    now[0] = 10.0
    assert progress.finish("a") == 10
    assert progress.finish("b") == 10
    progress.begin("c")
    progress.begin("d")
    assert progress.remaining() == 40
    now[0] = 14.0
    assert progress.remaining() == 36
    progress.fail(2)
    assert progress.remaining() == 26
    progress.line("something")
    assert capsys.readouterr().out == "[2/10 done, 2 running, 2 failed, about 26 s left] something\n"
    progress.heartbeat()
    now[0] = 80.0
    progress.heartbeat()
    assert capsys.readouterr().out == "[2/10 done, 2 running, 2 failed, about 20 s left] going on\n"


@pytest.mark.parametrize("name", ["address", "gpus_per_run", "cpus_per_run", "max_concurrent"])
def test_options_of_a_cluster_need_one(tmp_path, name):
    with pytest.raises(InputError, match=f'{name}= goes with executor="ray"'):
        sweep(tmp_path, **{name: 1})


def test_amounts_are_whole_numbers_or_shares_of_one():
    assert [amount(each) for each in ("0", "0.5", "1", "4")] == [0, 0.5, 1, 4]
    for text in ("1.5", "-1", "nan", "inf", "x", "0.00001", ""):
        with pytest.raises(Exception, match="no whole number"):
            amount(text)


def test_ray_that_is_not_there_is_one_line_and_exit_2(script, monkeypatch):
    monkeypatch.setattr("arttl.cli.options.find_spec", lambda name: None)
    code, _, err = script("--challenge", "type", "--executor", "ray")
    assert code == 2
    assert "pip install 'arttl[ray]'" in err
    assert len(err.splitlines()) == 1
    with pytest.raises(Exception, match="choose from local, ray"):
        executor("slurm")


@pytest.mark.parametrize("name", ["find_tickets", "transfer_tickets", "lth_mnist"])
def test_every_script_of_chapter_2_takes_the_options(script, name):
    code, out, _ = script("--help", name=f"ch2_{name}.py")
    assert code == 0
    for option in ("--executor", "--address", "--gpus-per-run", "--cpus-per-run", "--max-concurrent"):
        assert option in out


def test_failed_runs_are_exit_code_1(capsys, monkeypatch):
    from arttl.cli import Parser, run_main

    def main(options):
        raise RunsFailed("2 of 3 runs failed")

    monkeypatch.setattr(sys, "argv", ["script"])
    with pytest.raises(SystemExit) as end:
        run_main(main, Parser(), keras=False)
    assert end.value.code == 1
    assert capsys.readouterr().err == "error: 2 of 3 runs failed\n"


def test_runs_without_an_opening_stay_here(tmp_path):
    pytest.importorskip("ray")
    only_here = Part([spec(tmp_path, "a")], Data({"split": "a"}), run)
    with pytest.raises(InputError, match='leave executor="ray" out'):
        do_parts([only_here], sweep(tmp_path, executor="ray"))
    assert not Path(tmp_path, "a").exists()


def test_steps_after_one_whose_runs_failed_are_done(capsys):
    done = []

    def fails():
        raise RunsFailed("2 of 3 runs failed")

    with pytest.raises(RunsFailed, match="runs failed in: search; the same command"):
        do_steps([("search", fails), ("transfer", lambda: done.append("transfer"))])
    assert done == ["transfer"]
    assert "error: 2 of 3 runs failed\n== search: " in capsys.readouterr().out
    do_steps([("search", lambda: done.append("search"))])
    assert done == ["transfer", "search"]
