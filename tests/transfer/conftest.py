"""The runs that many a test of Chapter 1's scripts begins with, made once."""

import contextlib
import io
from functools import cache

import pytest
import slim
from scripts import SMALL, run_script


@pytest.fixture(scope="session")
def first_runs(photographs, tmp_path_factory):
    """A function of approaches: the folder of their runs on the photographs, and what the script printed."""

    @cache
    def made(*approaches):
        folder = tmp_path_factory.mktemp("first")
        kept = ["--output", folder / "runs", "--cache", folder / "cache", "--splits", folder / "splits"]
        printed = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
            slim.put_in_place(patch)
            code = run_script("ch1_rijks.py", *kept, "--data", photographs, *SMALL, "--approach", *approaches)
        assert code == 0
        return folder / "runs", printed.getvalue()

    return made
