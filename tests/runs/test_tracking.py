"""--track: what trackers are shown is what run folders hold, each epoch once, and none of them can end a run."""

import contextlib
import os
import time
from importlib.util import find_spec

import forked
import numpy as np
import pandas as pd
import pytest
from scripts import EXPERIMENTS, SMALL, comparable, run_folders

from arttl.base.files import write_json
from arttl.cli.options import tracker
from arttl.cli.parsers import all_parser
from arttl.cli.ticket_parsers import all_parser as tickets_parser
from arttl.lottery import HypothesisStudy, SizeStudy
from arttl.lottery.everything import Chapter2
from arttl.runs import RunFolder, tracking
from arttl.runs.event_files import EventFiles, read_events
from arttl.runs.tracking import Tracking
from arttl.training.computing import Computing
from arttl.transfer.everything import Chapter1

OFF_THE_SHELF = (*SMALL, "--approach", "off-the-shelf")
tf = pytest.importorskip("tensorflow")
has_mlflow = pytest.mark.skipif(find_spec("mlflow") is None, reason="MLflow is not installed")


def scalars(folder, cut_off=()):
    """What TensorFlow's own reader finds in the event files of a folder: (tag, step) to value, none of them twice.

    Arguments:
        folder: the folder.
        cut_off: files that may end in the middle of a record.
    """
    found = {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        broken = pytest.raises(tf.errors.DataLossError) if path in cut_off else contextlib.nullcontext()
        with broken:
            for event in tf.compat.v1.train.summary_iterator(str(path)):
                for value in event.summary.value:
                    assert (value.tag, event.step) not in found
                    found[value.tag, event.step] = value.simple_value
    return found


def expected(history):
    """The same of a history.csv: of training, and of validation."""
    names = [name for name in history if name not in ("epoch", "round")]
    table = {
        (name, epoch): np.float32(value)
        for name in names
        for epoch, value in zip(history.epoch, history[name], strict=True)
    }
    val = {(f"epoch_{name[4:]}", epoch): value for (name, epoch), value in table.items() if name.startswith("val_")}
    return {(f"epoch_{name}", epoch): value for (name, epoch), value in table.items() if name[:4] != "val_"}, val


def assert_shown(folder, history, cut_off=()):
    assert tuple(scalars(folder / part, cut_off) for part in ("train", "validation")) == expected(history)


def a_run(path):
    """A folder of a run that has begun."""
    folder = RunFolder(path).open()
    settings = {"seed": 3, "recipe": {"batch_size": 32}, "odd(name)": None}
    write_json(path / "config.json", {"settings": settings, "versions": {}})
    return folder


def history(epochs):
    return [{"epoch": each, "loss": 1 / each, "val_loss": 2 / each, "name": "x"} for each in range(1, epochs + 1)]


@pytest.mark.slow
def test_event_files_hold_every_value_of_the_run_folder(script, photographs, tmp_path):
    code, _, err = script("--data", photographs, *OFF_THE_SHELF, "--track", "tensorboard")
    assert code == 0, err
    (path,) = run_folders(tmp_path / "runs")
    board, folder = path / "tensorboard", RunFolder(path)
    assert_shown(board, folder.history())
    final = scalars(board / "final")
    assert final["final_test_accuracy", 0] == np.float32(folder.metrics()["test_accuracy"])
    (event,) = [each for file in (board / "settings").iterdir() for each in read_events(file) if each.summary.value]
    (value,) = event.summary.value
    assert value.metadata.plugin_data.plugin_name == "text"
    assert b"| recipe.optimizer.learning_rate | 0.001 |" in tf.make_ndarray(value.tensor).item()
    first = comparable(path)
    code, _, err = script("--data", photographs, *OFF_THE_SHELF, "--force")  # no tracker: another way to show it
    assert code == 0, err
    assert not board.exists()
    pd.testing.assert_frame_equal(comparable(path)[0], first[0], check_exact=True)
    assert comparable(path)[1] == first[1]


@pytest.mark.slow
def test_a_killed_search_goes_on_with_no_epoch_twice_and_none_missing(tmp_path):
    line = [EXPERIMENTS / "ch2_find_tickets.py", "--network", "lenet-300-100", "--seed", "1"]
    line += ["--rounds", "2", "--epochs", "2", "--cache", tmp_path / "cache", "--output", tmp_path / "runs"]
    line += ["--resume", "--track", "tensorboard"]
    forked.kill_at(line, "round 1, epoch 1: ")
    (path,) = run_folders(tmp_path / "runs")
    files = [each for each in (path / "tensorboard").rglob("events*") if each.stat().st_size]  # one may just be opened
    newest = max(files, key=lambda each: each.stat().st_mtime_ns)
    with open(newest, "rb+") as file:
        file.truncate(newest.stat().st_size - 5)  # as a machine that fails leaves it
    done = forked.run(line)
    assert done.returncode == 0, done.stderr
    assert "round 0, epoch" not in done.stdout
    every = RunFolder(path).history()
    assert list(every.groupby("round").size()) == [2, 2, 2]
    for number, rows in every.groupby("round"):
        assert_shown(path / f"tensorboard/round-{number:02d}", rows, [newest])
    rounds = pd.read_csv(path / "rounds.csv")
    shown = scalars(path / "tensorboard/rounds", [newest])
    assert [shown["round_test_accuracy", number] for number in (0, 1, 2)] == list(
        rounds.test_accuracy.astype("float32")
    )


def test_rows_told_again_by_another_process_are_written_once(tmp_path):
    folder = a_run(tmp_path)
    for epochs in (2, 2, 5):
        with Tracking(["tensorboard"], folder) as told:
            told.tell(history(epochs))
    assert_shown(tmp_path / "tensorboard", pd.DataFrame(history(5)).drop(columns="name"))
    folder.empty()
    assert list(tmp_path.iterdir()) == []


def test_events_are_read_up_to_where_a_file_was_cut_off(tmp_path):
    files = EventFiles(tmp_path)
    for step in range(4):
        files.scalar("a", "loss", step / 2, step)
    files.close()
    (path,) = (tmp_path / "a").iterdir()
    content = path.read_bytes()
    counts = []
    for size in range(len(content) + 1):
        path.write_bytes(content[:size])
        counts.append(len([*read_events(path)]))
    assert counts[0] == 0
    assert counts[-1] == 5  # with the first record, which names the version
    assert np.diff(counts).tolist().count(1) == 5


def test_a_tracker_that_fails_is_said_once_and_told_later(tmp_path, monkeypatch):
    class Server:
        down, seen, calls = True, {}, 0

        def __init__(self, folder):
            Server.calls += 1
            if Server.down:
                raise OSError("no answer from http://me:secret@server:5000/api")

        def tell(self, rows, step, where):
            Server.seen[where] = [row[step] for row in rows]

        def end(self, status):
            Server.status = status

    folder = a_run(tmp_path)
    monkeypatch.setitem(tracking.TRACKERS, "mlflow", Server)
    monkeypatch.setattr(tracking, "_REST", 0)
    with Tracking(["mlflow"], folder) as told:
        told.tell(history(1), where="round-00")
        told.tell(history(1), where="round-01")
        Server.down = False
        told.tell(history(2), where="round-01")
    assert Server.seen == {"round-00": [1], "round-01": [1, 2]}
    assert Server.status == "FINISHED"
    log = (tmp_path / "log.txt").read_text().splitlines()
    assert len(log) == 1
    assert "mlflow cannot be told (OSError: no answer from http://server:5000/api); the run goes on" in log[0]
    Server.down, Server.calls = True, 0
    monkeypatch.setattr(tracking, "_REST", 1e9)
    with Tracking(["mlflow"], folder) as told:
        for epochs in (1, 2, 3):
            told.tell(history(epochs))
        assert Server.calls == 1  # the training does not wait for it each time
    assert "mlflow was not told everything" in (tmp_path / "log.txt").read_text()


def test_mlflow_that_is_not_there_is_one_line_and_exit_2(script, monkeypatch, tmp_path):
    monkeypatch.setattr("arttl.cli.options.find_spec", lambda name: None)
    for name in ("ch1_rijks.py", "ch1_all.py", "ch2_all.py"):
        code, _, err = script("--track", "tensorboard", "mlflow", name=name)
        assert code == 2
        assert "pip install 'arttl[mlflow]'" in err
        assert len(err.splitlines()) == 1
    assert not (tmp_path / "runs").exists()
    with pytest.raises(Exception, match="choose from tensorboard, mlflow"):
        tracker("wandb")


def test_all_experiments_get_how_they_are_computed():
    given = ["--precision", "mixed_bfloat16", "--devices", "2", "--track", "tensorboard"]
    options, every = (
        all_parser("").parse_args(given),
        [([], Computing()), (given, Computing("mixed_bfloat16", 2, ("tensorboard",)))],
    )
    for line, wanted in every:
        options, tickets = all_parser("").parse_args(line), tickets_parser("").parse_args(line)
        chapter1 = Chapter1.from_options(options)
        studies = [*chapter1.rijks(), *chapter1.antwerp()]
        studies += [step.study for step in Chapter2.from_options(tickets).steps()]
        for study in studies:
            study = study.search if isinstance(study, HypothesisStudy | SizeStudy) else study
            assert study.computing == wanted
            assert study.sweep.devices == wanted.devices


@pytest.fixture
def mlflow_store(tmp_path, monkeypatch):
    """A client of a store of its own."""
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")


def only_run(client):
    (run,) = client.search_runs([client.get_experiment_by_name("arttl").experiment_id])
    return run


@has_mlflow
def test_mlflow_has_every_value_of_the_run_folder(script, photographs, tmp_path, mlflow_store):
    code, _, err = script("--data", photographs, *OFF_THE_SHELF, "--track", "mlflow")
    assert code == 0, err
    (path,) = run_folders(tmp_path / "runs")
    run, folder = only_run(mlflow_store), RunFolder(path)
    assert run.info.run_name == str(path)
    assert run.info.status == "FINISHED"
    assert run.data.tags["arttl.folder"] == str(path)
    assert run.data.params["recipe.optimizer.learning_rate"] == "0.001"
    for name in ("loss", "val_loss", "val_accuracy", "seconds"):
        values = {each.step: each.value for each in mlflow_store.get_metric_history(run.info.run_id, name)}
        assert values == dict(zip(folder.history().epoch, folder.history()[name], strict=True))
    assert run.data.metrics["final/test_accuracy"] == folder.metrics()["test_accuracy"]
    first = comparable(path)
    assert script("--data", photographs, *OFF_THE_SHELF, "--force")[0] == 0
    pd.testing.assert_frame_equal(comparable(path)[0], first[0], check_exact=True)
    assert comparable(path)[1] == first[1]


@has_mlflow
def test_mlflow_goes_on_with_the_same_run(tmp_path, mlflow_store):
    folder = a_run(tmp_path / "run")
    with contextlib.suppress(KeyboardInterrupt), Tracking(["mlflow"], folder) as told:
        told.tell(history(2))
        raise KeyboardInterrupt
    assert only_run(mlflow_store).info.status == "KILLED"
    with Tracking(["mlflow"], folder) as told:
        told.tell(history(3))
        told.tell(history(2), where="round-07")
    run = only_run(mlflow_store)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"seed": "3", "recipe.batch_size": "32", "odd_name_": "null"}
    for name, epochs in (("loss", 3), ("round-07/loss", 2)):
        steps_told = [each.step for each in mlflow_store.get_metric_history(run.info.run_id, name)]
        assert sorted(steps_told) == list(range(1, epochs + 1))
    folder.empty()
    write_json(tmp_path / "run/config.json", {"settings": {"seed": 3}, "versions": {}})
    with Tracking(["mlflow"], folder) as told:
        told.tell(history(1))
    assert len(mlflow_store.search_runs([run.info.experiment_id])) == 2  # made anew: another run


@has_mlflow
def test_a_server_that_does_not_answer_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    folder, started = a_run(tmp_path), time.monotonic()
    with Tracking(["mlflow"], folder) as told:
        told.tell(history(1))
    assert time.monotonic() - started < 60
    assert "mlflow cannot be told (" in (tmp_path / "log.txt").read_text()
    assert not os.path.exists(tmp_path / "mlflow.json")
