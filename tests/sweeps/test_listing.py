"""What a dry run says of each run, and what estimates of time rest on; seconds worked out by hand."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from sweep_runs import part, spec, sweep

from arttl.base.errors import InputError
from arttl.base.sizes import DataSize
from arttl.base.steps import StepTimes
from arttl.runs import RunFolder
from arttl.runs.costs import Work
from arttl.runs.estimates import Estimates, NearestTimes
from arttl.runs.folder import validation_accuracy
from arttl.sweeps import do_parts
from arttl.sweeps.progress import Best, Progress
from arttl.training.precision import device

WORK = Work(
    chapter=1,
    network="vgg19",
    image_size=224,
    data=DataSize("a", 640, 80, 80, 10),
    approach="fine-tuning",
    batch=32,
    most=2,
)


def finished(root, name, kind=None, **more):
    """A run folder as a finished run leaves it: two epochs of 30 seconds on 300 images, and 6 seconds besides."""
    folder = Path(root, name, "seed-1")
    folder.mkdir(parents=True)
    recipe = {"approach": "fine-tuning", "batch_size": 32}
    settings = {"architecture": "vgg19", "image_size": 224, "recipe": recipe} | more
    config = {"settings": settings, "versions": {}, "device": kind or device()}
    (folder / "config.json").write_text(json.dumps(config))
    pd.DataFrame({"epoch": [1, 2], "val_accuracy": [0.75, 0.5], "seconds": [30.0, 30.0]}).to_csv(
        folder / "history.csv", index=False
    )
    pd.DataFrame({"image_id": range(400), "split": ["train"] * 300 + ["test"] * 100}).to_csv(
        folder / "images.csv", index=False
    )
    metrics = {"test_accuracy": 0.5, "tested_epoch": 2, "training_seconds": 60.0, "seconds": 66.0}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return RunFolder(folder)


def test_measured_steps_are_spread_over_this_machines_cores(tmp_path, monkeypatch):
    """20 steps of 32 in each of 2 epochs, 3 batches of validation in each, 3 of the test: by the package's table."""
    monkeypatch.setattr("arttl.runs.estimates.processors", lambda: 4)
    monkeypatch.setattr("arttl.runs.estimates.device", lambda: "CPU")
    steps = StepTimes.read().steps
    train, forward = (steps[1, "vgg19", 224, work].processor_seconds for work in ("train", "forward"))
    estimate = Estimates(tmp_path).of(WORK)
    assert estimate.seconds == pytest.approx((2 * 20 * train + (2 * 3 + 3) * forward) / 4)
    assert not estimate.own
    half = Estimates(tmp_path).of(replace(WORK, image_size=112))
    assert half.seconds == pytest.approx((2 * 20 + (2 * 3 + 3) / 3) * train / 4 / 4)
    unknown = Estimates(tmp_path).of(replace(WORK, network="mine"))
    assert (unknown.seconds, unknown.disk) == (None, None)


def test_steps_of_another_size_are_those_of_the_nearest_one():
    times, steps = NearestTimes.read(), StepTimes.read().steps
    assert times.step(2, "resnet20", 32, "train") == steps[2, "resnet20", 32, "train"]
    near = times.step(2, "resnet20", 48, "train")
    assert near.seconds == pytest.approx(steps[2, "resnet20", 64, "train"].seconds * (48 / 64) ** 2)
    assert times.step(1, "vgg19", 64, "head") == steps[1, "vgg19", 224, "head"]  # X has no size


def test_finished_runs_of_this_machine_are_the_better_estimate(tmp_path):
    """0.1 s an image and epoch: 640 images, two epochs, and 6 s."""
    finished(tmp_path, "a")
    for name, more in {"b": {"kind": "NVIDIA H200"}, "c": {"image_size": 64}, "d": {"classifier": "rbf-svm"}}.items():
        finished(tmp_path, name, **more)
    (tmp_path / "c" / "seed-1" / "metrics.json").write_text("{")
    estimates = Estimates(tmp_path)
    found = estimates.of(WORK)
    assert found.own
    assert found.seconds == pytest.approx(0.1 * 640 * 2 + 6)
    assert estimates.of(replace(WORK, classifier="rbf-svm")).seconds == 66.0
    assert estimates.of(replace(WORK, classifier="linear-svm")).seconds is None
    lines = estimates.words([found])
    assert lines[0] == f"1 of 1 times: those of finished runs in {tmp_path} on {device()}"
    assert "epochs are assumed" in lines[-1]


def test_every_state_is_listed_and_what_is_refused_is_the_error_at_the_end(tmp_path, capsys):
    do_parts([part([spec(tmp_path, "done"), spec(tmp_path, "other", epochs=3)])], sweep(tmp_path))
    with pytest.raises(ValueError, match="no number"):
        do_parts([part([spec(tmp_path, "broken", does="fail")])], sweep(tmp_path))
    capsys.readouterr()
    specs = [spec(tmp_path, "done"), spec(tmp_path, "other"), spec(tmp_path, "broken"), spec(tmp_path, "new", "done")]
    specs += [spec(tmp_path, "lost", "nowhere"), spec(tmp_path, "later", "new")]
    with pytest.raises(InputError, match=r"^2 of 6 runs would be refused, for what is said above$"):
        do_parts([part(specs)], sweep(tmp_path, dry_run=True))
    lines = capsys.readouterr().out.splitlines()
    states = ["finished", "refused", "unfinished", "to do", "refused", "to do"]
    assert [line[:10].strip() for line in lines[:6]] == states
    assert "other was made with other settings (epochs was 3, now 2); force=True makes it anew" in lines[1]
    assert "lost starts from" in lines[4]
    assert "nowhere, which is not finished; make that first" in lines[4]
    assert lines[6].startswith("6 runs: 1 finished, 1 unfinished, 2 to do, 2 refused; what is left takes about ")
    assert "MB" in lines[6]
    assert lines[7] == "unfinished runs: resume=True goes on with them, force=True makes them anew"
    assert lines[-1].startswith("epochs are assumed")
    with pytest.raises(InputError, match=r"^1 of 6 runs would be refused"):
        do_parts([part(specs)], sweep(tmp_path, dry_run=True, force=True))
    assert "6 runs: 5 to do, 1 refused;" in capsys.readouterr().out


def test_several_studies_have_one_total_in_which_a_run_counts_once(tmp_path, capsys):
    one = sweep(tmp_path, dry_run=True, is_step=True)
    do_parts([part([spec(tmp_path, "a"), spec(tmp_path, "b", "a")])], one)
    do_parts([part([spec(tmp_path, "a"), spec(tmp_path, "c", "b")])], one)
    out = capsys.readouterr().out
    assert "epochs are assumed" not in out
    assert f"as above    {tmp_path / 'a'}" in out
    one.ledger.tell("all", resume=True)
    assert "all: 3 runs: 3 to do; what is left takes about" in capsys.readouterr().out


def test_over_the_runs_how_much_is_left_what_is_best_and_at_last_where_it_is(tmp_path, capsys):
    do_parts([part([spec(tmp_path, name) for name in "abc"])], sweep(tmp_path))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"[1/3] run a -> {tmp_path / 'a'}"
    assert lines[1] == f"[2/3, about 1 s left] run b -> {tmp_path / 'b'}"
    assert lines[-1] == f"results are in {tmp_path}; as one page: python -m arttl report {tmp_path}"
    do_parts([part([spec(tmp_path, "d")])], sweep(tmp_path, is_step=True))
    assert "results are in" not in capsys.readouterr().out


def test_what_is_left_follows_from_how_long_each_run_is_expected_to_take():
    now = [0.0]
    progress = Progress(3, clock=lambda: now[0], expected={"short": 1.0, "long": 10.0, "last": 4.0})
    progress.begin("short")
    assert progress.remaining() is None
    now[0] = 5.0
    progress.finish("short")
    progress.begin("long")
    assert progress.remaining() == 5 * (10 + 4)
    now[0] = 15.0
    assert progress.remaining() == 5 * 10 - 10 + 5 * 4


@dataclass(frozen=True)
class Named:
    title: str
    folder: RunFolder


def test_the_best_run_is_that_of_the_tested_epochs_validation_accuracy(tmp_path, capsys):
    first, second = finished(tmp_path, "a"), finished(tmp_path, "b")
    assert validation_accuracy(first) == 0.5  # of epoch 2, which was tested
    best = Best()
    best.tell()
    best.see(Named("first", first))
    (second.path / "metrics.json").write_text('{"test_accuracy": 0.1, "tested_epoch": 1, "seconds": 1}')
    best.see(Named("second", second))
    best.tell()
    assert capsys.readouterr().out == "best so far by validation: second (75.0%)\n"
    pd.DataFrame({"round": [0, 1, 2], "val_accuracy": [0.9, 0.6, 0.7]}).to_csv(first.path / "rounds.csv", index=False)
    (first.path / "metrics.json").write_text('{"test_accuracy": 0.1, "best_round_validation": 2, "seconds": 1}')
    assert validation_accuracy(first) == 0.7  # a ticket's, not the unpruned network's
