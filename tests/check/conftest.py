"""A sound collection, and the command that checks it."""

import csv
import sys

import pytest
from checked import write_rows
from pictures import scene

from arttl.cli import run_main
from arttl.cli.commands import main, main_parser


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Run the check in an empty folder; returns (exit code, standard output, findings as dicts, standard error)."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["arttl", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            run_main(main, main_parser(), keras=False)
        reports, findings = list((tmp_path / "here").rglob("*.csv")), []
        for report in reports:
            with open(report, encoding="utf-8-sig", newline="") as file:
                findings = [row for row in csv.DictReader(file) if row["kind"] != "class"]
        return end.value.code or 0, *capsys.readouterr()[:1], findings

    return run


@pytest.fixture
def folder(tmp_path):
    """A sound collection: 60 different pictures in three classes, a CSV with type and artist."""
    data = tmp_path / "museum"
    (data / "images").mkdir(parents=True)
    for number in range(60):
        scene(number, 64).save(data / "images" / f"{number:02d}.png")
    write_rows(data, {f"{number:02d}.png": ("drawing", "print", "etching")[number // 4 % 3] for number in range(60)})
    return data
