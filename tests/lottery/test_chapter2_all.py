"""Chapter 2 on the bundled data in one command, as small as it goes, interrupted and again; the notebooks on its runs.

One file, since several workers of pytest-xdist would make the runs each for themselves.
"""

import re
from collections import Counter

import forked
import numpy as np
import pandas as pd
import pytest
from notebook_checks import NOTEBOOKS, check_committed, run_notebook
from scripts import EXPERIMENTS, comparable, run_folders

from arttl.cli.ticket_parsers import all_parser
from arttl.lottery import HypothesisStudy, SizeStudy, TicketStudy
from arttl.lottery.everything import Chapter2
from arttl.pruning import load_ticket, open_tickets
from arttl.runs import RunFolder

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("ch2_*.ipynb"))
SUFFIXES = {"table": ("md", "csv", "tex"), "figure": ("png", "pdf")}
FILES = [
    f"{name}.{suffix}"
    for kind, names in {
        "table": ("table4", "table5", "table6", "ticket-findings", "batchnorm", "searches"),
        "figure": ("figure5", "figure7", "figure8", "figure9a", "figure9b", "figure9c"),
    }.items()
    for name in names
    for suffix in SUFFIXES[kind]
]


@pytest.mark.slow
def test_every_table_and_figure_is_there(chapter2_runs):
    report = chapter2_runs / "report"
    for name in [*FILES, "index.html", "ticket-rounds.csv"]:
        assert (report / name).stat().st_size > 100, name
    assert len([*(report / "searches").glob("*.png")]) == 5
    for name in FILES:
        content = (report / name).read_bytes()
        if name.endswith(".csv"):
            assert len(pd.read_csv(report / name)), name
        assert content.startswith({"png": b"\x89PNG", "pdf": b"%PDF"}.get(name[-3:], b"")), name


@pytest.mark.slow
def test_the_runs_are_those_of_the_protocol(chapter2_runs):
    settings = [RunFolder(path).read_config()["settings"] for path in run_folders(chapter2_runs / "ch2")]
    assert Counter(each["kind"] for each in settings) == {"search": 5, "ticket": 2 + 18}
    rounds = pd.read_csv(chapter2_runs / "report/ticket-rounds.csv", keep_default_na=False)
    study = rounds[rounds.batchnorm == "momentum 0.99, not recalibrated"]
    assert sorted(zip(study.start, study.source, study.fraction, study["round"], strict=True)) == [
        ("final", "fashion_mnist", 1.0, 0),
        ("final", "fashion_mnist", 1.0, 1),
        ("reinitialised", "target ticket", 1.0, 1),
        ("scratch", "", 1.0, 0),
        ("ticket", "clipart-b", 1.0, 0),
        ("ticket", "clipart-b", 1.0, 1),
        ("ticket", "fashion_mnist", 1.0, 0),
        ("ticket", "fashion_mnist", 1.0, 1),
        ("ticket", "target ticket", 1.0, 0),
        ("ticket", "target ticket", 1.0, 1),
    ]
    assert len(rounds) == len(study) + 2 * 4  # BatchNorm: target tickets and both baselines, under two settings
    run = RunFolder(chapter2_runs / "ch2/transfer/clipart-a/resnet20/clipart-a/ticket/round-01/seed-1").metrics()
    own = study[(study.start == "ticket") & (study.source == "target ticket")]
    cell = own[own["round"] == 1].accuracy.item()
    assert cell == pytest.approx(100 * run["test_accuracy"])
    tables = pd.read_csv(chapter2_runs / "report/table5.csv")
    assert tables.accuracy.dropna().tolist().count(cell) >= 1


@pytest.mark.slow
def test_started_again_it_repeats_no_run_and_gives_the_same_tables(chapter2_runs, chapter2_command):
    report = chapter2_runs / "report"
    names = [name for name in FILES if not name.endswith("pdf")] + ["ticket-rounds.csv"]
    written = {path: path.stat().st_mtime_ns for path in (chapter2_runs / "ch2").rglob("*") if path.is_file()}
    before = {name: (report / name).read_bytes() for name in names}
    (report / "table5.md").unlink()
    done = forked.run(chapter2_command)
    assert done.returncode == 0, done.stderr
    kept = re.findall(r"(\d+) of (\d+) runs were finished already", done.stdout)
    assert sum(int(number) for number, _ in kept) >= 20
    assert all(number == of for number, of in kept)
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert {name: (report / name).read_bytes() for name in names} == before


@pytest.mark.slow
def test_killed_it_goes_on_to_the_same_results(chapter2_runs, chapter2_command, tmp_path):
    """Killed in a search, then between two networks of a transfer, and stopped for good where a study begins."""
    line = [*chapter2_command[:-1], str(tmp_path / "runs")]
    first = forked.kill_at(line, "round 1, epoch 1: ", after="== tickets of Fashion-MNIST")
    assert "Figure 5:" in first
    search = tmp_path / "runs/ch2/tickets/fashion_mnist/resnet20/seed-1"
    assert not RunFolder(search).is_complete
    second = forked.kill_at(line, "[2/6", after="== transfer to clipart-a")
    again = second.split("== tickets of Fashion-MNIST")[1]
    assert "round 0" not in again
    assert "round 1 of 1: " in again
    assert RunFolder(search).is_complete
    forked.kill_at(line, "== final weights")
    folders = [path for path in run_folders(tmp_path / "runs") if RunFolder(path).is_complete]
    kinds = Counter(RunFolder(path).read_config()["settings"]["kind"] for path in folders)
    assert kinds == {"search": 4, "ticket": 2 + 6}
    for folder in folders:
        reference = chapter2_runs / folder.relative_to(tmp_path / "runs")
        same_results(folder, reference)
        if (folder / "tickets.h5").exists():
            same_tickets(folder / "tickets.h5", reference / "tickets.h5")


def same_results(folder, reference):
    history, metrics = comparable(folder)
    other_history, other_metrics = comparable(reference)
    pd.testing.assert_frame_equal(history, other_history, check_exact=True)
    assert metrics == other_metrics
    for name in ("rounds.csv", "layers.csv", "predictions.csv"):
        assert (folder / name).exists() == (reference / name).exists()
        if (folder / name).exists():
            tables = [pd.read_csv(each / name) for each in (folder, reference)]
            tables = [table[[column for column in table if "seconds" not in column]] for table in tables]
            pd.testing.assert_frame_equal(*tables, check_exact=True)


def same_tickets(path, reference):
    assert open_tickets(path).rounds == open_tickets(reference).rounds == 1
    mine, other = load_ticket(path, 1), load_ticket(reference, 1)
    for name in mine.weights:
        np.testing.assert_array_equal(mine.weights[name], other.weights[name], err_msg=name)
    for name in mine.masks:
        np.testing.assert_array_equal(mine.masks[name], other.masks[name], err_msg=name)


@pytest.mark.parametrize("data", [[], ["--sources", "cifar10=keras", "--targets", "human-lba=mine", "mouse-lba=more"]])
def test_sizes_are_given_to_every_experiment(data):
    options = ["--network", "resnet20", "--rounds", "4", "--epochs", "3", "--image-size", "8", "--devices", "2"]
    given = all_parser("").parse_args([*data, *options])
    planned = [step.study for step in Chapter2.from_options(given).steps()]
    assert {HypothesisStudy, SizeStudy} - {type(each) for each in planned} == ({HypothesisStudy} if data else set())
    for study in planned:
        parts = [study.search] if isinstance(study, HypothesisStudy | SizeStudy) else [study]
        for each in parts:
            assert (each.epochs, each.image_size, each.sweep.devices) == (3, 8, 2)
            assert each.network == ("lenet_300_100" if isinstance(study, HypothesisStudy) else "resnet20")
            if isinstance(each, TicketStudy):
                assert each.rounds == (0, 1, 2, 3, 4)
            else:
                assert each.search_settings().rounds == 4


def test_bad_options_are_one_line_and_exit_2(tmp_path):
    for options, said in (
        (["--network", "lenet"], "invalid choice: 'lenet'"),
        (["--image-size", "4", "--network", "resnet20"], "is too small for ResNet-20"),
        (["--sources", "cifar10=keras"], "--targets are missing"),
    ):
        done = forked.run([EXPERIMENTS / "ch2_all.py", "--output", tmp_path / "runs", *options])
        assert done.returncode == 2
        assert said in done.stderr.splitlines()[-1]


def test_there_is_one_notebook_for_each_group_of_figures():
    assert NAMES == ["ch2_additional_studies", "ch2_lottery_tickets", "ch2_transfer"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_committed_with_the_outputs_of_one_run_from_top_to_bottom(name):
    check_committed(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_it_runs(name, chapter2_runs, monkeypatch):
    monkeypatch.setenv("ARTTL_RUNS", str(chapter2_runs))
    done = run_notebook(name)
    assert done.returncode == 0, done.stderr
    assert "making them" not in done.stdout
