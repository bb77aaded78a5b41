"""Notebooks show what their code gives, and say what they lack. Those on runs are run in transfer/ and lottery/."""

import pkgutil
import re

import pytest
from notebook_checks import NOTEBOOKS, WITHOUT_RUNS, check_committed, code_cells, run_notebook, what_it_prints
from report_runs import write_run
from test_docs import names_of_arttl


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT_RUNS)
def test_what_needs_no_run_shows_what_it_is_committed_with(name):
    check_committed(name)
    done = run_notebook(name)
    assert done.returncode == 0, done.stderr


def test_what_a_cell_prints_is_read_off_its_code():
    pattern = what_it_prints('%matplotlib inline\nprint(f"{3} runs, {4} left out")\nprint("and no more")')
    assert re.fullmatch(pattern, "14 runs, 2 left out\nand no more\n")
    assert not re.fullmatch(pattern, "14 complete runs\n")


def test_runs_that_are_not_there_are_said_in_one_line(tmp_path, monkeypatch):
    write_run(tmp_path, architecture="vgg19")
    monkeypatch.setenv("ARTTL_RUNS", str(tmp_path))
    done = run_notebook("ch1_saliency")
    assert done.returncode != 0
    assert "no finished run" in done.stderr.splitlines()[-1]
    assert "making them" not in done.stdout


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS.glob("*.ipynb")])
def test_what_it_names_of_arttl_exists(name):
    code = "\n".join(re.sub("^%.*$", "", cell.source, flags=re.M) for cell in code_cells(name))
    for each in names_of_arttl(f"```python\n{code}\n```"):
        pkgutil.resolve_name(each)


def test_each_that_takes_runs_says_that_it_makes_them():
    """Its output stands in the terminal that Jupyter was begun in, and a cell that is silent for minutes seems dead."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        text = path.read_text("utf-8")
        assert ("subprocess.run" in text) == ("making them" in text) == (path.stem not in WITHOUT_RUNS), path.name
