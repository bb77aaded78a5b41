"""docs/reproduce.md: every command parses, nothing of the thesis is missing, and its costs are those of the dry run."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

import arttl.cli
from arttl.cli.commands import main_parser

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
COMMANDS = [line.strip() for line in TEXT.splitlines() if re.match(r" {4,}python ", line)]


class ParsedError(Exception):
    """Raised in the place of the work."""


def parse(command, monkeypatch):
    """Parse a command line with the parser of its own script; SystemExit if it does not parse."""
    words = shlex.split(command)
    if words[1:3] == ["-m", "arttl"]:
        main_parser().parse_args(words[3:])
        return

    def stop(*_, **__):
        raise ParsedError

    def only_parse(main, parser, **_):
        parser.parse_args()
        raise ParsedError

    monkeypatch.setattr(arttl.cli, "run_main", only_parse)
    monkeypatch.setattr(arttl.cli, "import_keras_quietly", stop)
    monkeypatch.setattr(sys, "argv", words[1:])
    with pytest.raises(ParsedError):
        runpy.run_path(str(ROOT / words[1]), run_name="__main__")


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_command_parses(command, monkeypatch):
    parse(command, monkeypatch)


@pytest.mark.parametrize("command", ["python experiments/thesis.py --dry", "python benchmarks/step_times.py --from x"])
def test_a_wrong_command_would_be_found(command, monkeypatch):
    with pytest.raises(SystemExit):
        parse(command.replace("--dry", "--wet"), monkeypatch)


def test_every_script_and_every_table_and_figure_is_there():
    scripts = {word for command in COMMANDS for word in command.split() if word.startswith("experiments/")}
    kept = {
        f"experiments/ch{n}_fidelity.py" for n in (1, 2)
    }  # about settings: they make no table or figure of the thesis
    assert scripts == {f"experiments/{path.name}" for path in (ROOT / "experiments").glob("*.py")} - kept
    headings = " ".join(re.findall(r"^### (.+)$", TEXT, re.M))
    named = {
        (kind, int(number))
        for kind, numbers in re.findall(r"(Table|Figure)s? ([\d, and]+)", headings)
        for number in re.findall(r"\d+", numbers)
    }
    figures = {("Figure", number) for number in (1, 2, 3, 4, 5, 7, 8, 9)}  # there is no Figure 6 in paper.md
    assert named == {("Table", number) for number in range(1, 7)} | figures


def test_documents_and_headings_that_it_names_exist():
    for name, anchor in re.findall(r"\]\(([\w./-]+\.md)#?([\w-]*)\)", TEXT):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", text, re.M)
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
