"""docs/reproduce.md lacks nothing of the thesis, and its costs are the dry run's; the commands of all pages parse."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

import arttl.base.quietly
import arttl.cli
import arttl.cli.options
from arttl.cli.commands import main_parser

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
COMMANDS = [line.strip() for line in TEXT.splitlines() if re.match(r" {4,}python ", line)]


def commands(text):
    """The experiments and commands of arttl that a page tells to type, in code blocks and within lines."""
    whole = text.replace("\\\n", " ")
    return re.findall(r"(?m)^ *(python (?:experiments/|-m arttl).*)$", whole) + re.findall(
        r"`(python (?:experiments/|-m arttl)[^`\n]*)`", whole
    )


PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
OF_PAGES = [each for path in PAGES for each in commands(path.read_text(encoding="utf-8"))]


class ParsedError(Exception):
    """Raised in the place of the work."""


def parse(command, monkeypatch):
    """Parse a command line with the parser of its own script; SystemExit if it does not parse."""
    words = shlex.split(command, comments=True)
    monkeypatch.setattr(arttl.cli.options, "find_spec", lambda name: True)  # Ray and MLflow, here or not
    if words[1:3] == ["-m", "arttl"]:
        main_parser().parse_args(words[3:])
        return

    def stop(*_, **__):
        raise ParsedError

    def only_parse(main, parser, **_):
        parser.parse_args()
        raise ParsedError

    monkeypatch.setattr(arttl.cli, "run_main", only_parse)
    monkeypatch.setattr(arttl.base.quietly, "import_keras_quietly", stop)  # how benchmarks begin
    monkeypatch.setitem(sys.modules, "keras", None)  # what begins otherwise fails, rather than works for hours
    monkeypatch.setattr(sys, "argv", words[1:])
    with pytest.raises(ParsedError):
        runpy.run_path(str(ROOT / words[1]), run_name="__main__")


@pytest.mark.parametrize("command", dict.fromkeys([*COMMANDS, *OF_PAGES]))
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
