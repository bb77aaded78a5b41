"""What the hostile tests share: `python -m arttl check` run on many folders, each in a process that may hang or crash.

As a script it is the process that starts those, so that the package is imported once for all of them.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import traceback
from collections import namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

REPOSITORY = Path(__file__).parents[1]
SECONDS = 120
IMAGES = 12

Outcome = namedtuple("Outcome", "code output errors findings files")
"""Exit code (minus a signal's number), stdout, stderr, the rows of the check's CSV, and what lies beside it."""


def pictures(folder, names=tuple(f"{number:02d}.png" for number in range(IMAGES))):
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, "PNG")


def labelled(data, labels):
    """Images and a CSV that gives them these labels in turn."""
    pictures(data / "images")
    with open(data / "m.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["ImageId", "dc_type"])
        writer.writerows([f"{number:02d}.png", labels[number % len(labels)]] for number in range(IMAGES))


def check_all(cases):
    """Run the check on each case's folder: dict of name to (folder whose "data" is checked, arguments).

    Returns a dict of name to Outcome.
    """
    asked = {name: (str(folder), [str(each) for each in arguments]) for name, (folder, arguments) in cases.items()}
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"}
    subprocess.run([sys.executable, __file__], input=json.dumps(asked), text=True, check=True, env=environment)
    return {name: outcome(folder) for name, (folder, _) in cases.items()}


def outcome(folder):
    found = sorted(path for path in (folder / "here").rglob("*") if path.is_file())
    findings = []
    for path in found:
        findings += pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    texts = [(folder / name).read_text(encoding="utf-8") for name in ("code", "output", "errors")]
    return Outcome(int(texts[0]), texts[1], texts[2], findings, [path.name for path in found])


def assert_refused(outcome, *expected):
    """Exit code 2, one printable line that holds what is expected, and no file."""
    assert (outcome.code, outcome.output, outcome.files) == (2, "", []), outcome
    line = outcome.errors.removesuffix("\n").rsplit("\r", 1)[-1]
    assert line.startswith("error: ")
    assert line.isprintable()
    assert len(line) < 1000
    assert [part for part in expected if part not in line] == [], line


def assert_checked(outcome, code):
    """A whole report of printable lines and one whole CSV."""
    assert outcome.code == code, outcome
    assert "Traceback" not in outcome.errors
    assert all(line.isprintable() for line in outcome.output.split("\n"))
    assert len(outcome.output) < 3000
    assert len(outcome.files) == 1
    assert outcome.files[0].endswith(".csv")


def _run_case(folder, arguments):
    from arttl.cli import run_main
    from arttl.cli.commands import main, main_parser

    signal.alarm(SECONDS)
    os.chdir(os.path.join(folder, "here"))
    for name, descriptor in (("output", 1), ("errors", 2)):
        os.dup2(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT), descriptor)
    sys.argv = ["arttl", "check", os.path.join(folder, "data"), *arguments]
    code = 0
    try:
        run_main(main, main_parser(), keras=False)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _main():
    import arttl.check  # noqa: F401

    for folder, arguments in json.loads(sys.stdin.read()).values():
        os.makedirs(os.path.join(folder, "here"))
        child = os.fork()
        if not child:
            _run_case(folder, arguments)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        Path(folder, "code").write_text(str(code), encoding="utf-8")


if __name__ == "__main__":
    _main()
