"""Chapter 1 on the bundled collections in one command, as small as it goes, and the notebooks on its runs.

One file, since several workers of pytest-xdist would make the runs each for themselves.
"""

import re

import forked
import pandas as pd
import pytest
from notebook_checks import NOTEBOOKS, WITHOUT_RUNS, check_committed, run_notebook
from scripts import EXPERIMENTS, run_folders

from arttl.runs import RunFolder

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("ch1_*.ipynb"))


@pytest.mark.slow
def test_every_table_and_figure_is_there(chapter1_runs):
    report = chapter1_runs / "report"
    runs = pd.read_csv(report / "runs.csv", keep_default_na=False)
    assert len(runs) == len(run_folders(chapter1_runs)) == 7
    assert set(zip(runs.experiment, runs.approach, runs.source, strict=True)) == {
        ("rijks", "off-the-shelf", ""),
        ("rijks", "fine-tuning", ""),
        ("rijks", "scratch", ""),
        *(
            ("antwerp", approach, source)
            for approach in ("off-the-shelf", "fine-tuning")
            for source in ("imagenet", "rijks")
        ),
    }
    findings = pd.read_csv(report / "findings.csv")
    assert len(findings) == 6
    assert findings.problem.isna().all()
    for row in runs.itertuples():
        assert row.test_accuracy == RunFolder(chapter1_runs / row.folder).metrics()["test_accuracy"]
    names = {path.name for path in report.iterdir()}
    assert {"table1.md", "table2.csv", "table3.tex", "figure1.png", "figure3.pdf", "index.html"} <= names


@pytest.mark.slow
def test_what_is_finished_is_kept(chapter1_runs, chapter1_command):
    before = {path: (path / "metrics.json").stat().st_mtime_ns for path in run_folders(chapter1_runs)}
    done = forked.run(chapter1_command)
    assert done.returncode == 0, done.stderr
    assert "3 of 3 runs were finished already" in done.stdout
    assert "4 of 4 runs were finished already" in done.stdout
    assert {path: (path / "metrics.json").stat().st_mtime_ns for path in run_folders(chapter1_runs)} == before


def test_bad_options_are_one_line_and_exit_2(tmp_path):
    for options, said in (
        (["--data", tmp_path / "missing"], "does not exist"),
        (["--architecture", "resnet18"], "unknown architecture 'resnet18'"),
    ):
        done = forked.run([EXPERIMENTS / "ch1_all.py", "--output", tmp_path / "runs", *options])
        assert done.returncode == 2
        assert said in done.stderr.splitlines()[-1]


def test_there_is_one_for_each_group_of_figures():
    assert NAMES == ["ch1_collections", "ch1_learning_curves", "ch1_saliency", "ch1_transfer"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_committed_with_the_outputs_of_one_run_from_top_to_bottom(name):
    check_committed(name)


@pytest.mark.parametrize("name", [each for each in NAMES if each not in WITHOUT_RUNS])
@pytest.mark.slow
def test_it_runs(name, chapter1_runs, monkeypatch):
    monkeypatch.setenv("ARTTL_RUNS", str(chapter1_runs))
    done = run_notebook(name)
    assert done.returncode == 0, done.stderr
    assert "making them" not in done.stdout


def test_a_dry_run_lists_the_chapter_before_any_of_it_is_there(script, tmp_path):
    """Three runs on the first collection, four on the second, two of them from a run that is yet to be made."""
    line = ["--challenge", "type", "--epochs", "1", "--image-size", "32", "--dry-run"]
    code, out, err = script(*line, name="ch1_all.py")
    assert code == 0, err
    assert len(re.findall(r"^to do  .*/seed-42  \(ResNet50 .*; about \d+ \w+, [\d.]+ MB\)$", out, re.M)) == 7
    assert len(re.findall(r"^to do  .*figure4.png", out, re.M)) == 1
    assert re.search(r"^all of Chapter 1: 7 runs: 7 to do; what is left takes about .* and [\d.]+ MB$", out, re.M)
    assert "epochs are assumed" in out.splitlines()[-1]
    assert "results are in" not in out
    assert list(tmp_path.iterdir()) == []
