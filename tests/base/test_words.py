"""Words: the library names arguments, and the command line its options in their place."""

import ast
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from scripts import write_class_folders

import arttl
from arttl.base.errors import InputError
from arttl.cli import Parser, in_options, run_main
from arttl.cli.commands import main, main_parser
from arttl.cli.parsers import rijks_parser
from arttl.cli.ticket_parsers import all_parser
from arttl.collections import open_collection
from arttl.runs import RunFolder
from arttl.sweeps import runs_to_do

PACKAGE = Path(arttl.__file__).parent
COMMAND_LINE = ("__main__.py", "cli/*.py", "collections/cut_command.py", "thesis/*.py")
OPTION = re.compile(r"(?<![\w:}-])--([a-z][a-z-]+|\{)")
A_COMMAND = re.compile(r"\bpython (-m arttl|experiments/|benchmarks/)|\bray start\b")
"""A message may spell out a command to run, options and all."""


def options_named(source):
    """(line, text) of the string literals of a module that name a command line's option; docstrings do not count."""
    tree = ast.parse(source)
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):  # breadth first: an f-string comes before its pieces
        texts = [node] if isinstance(node, ast.Constant) else node.values if isinstance(node, ast.JoinedStr) else []
        text = "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in texts)
        if id(node) not in passed and OPTION.search(text) and not A_COMMAND.search(text):
            yield node.lineno, text
        passed |= {id(each) for each in texts}


def test_the_library_names_no_option_of_a_command_line():
    named = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not any(path.relative_to(PACKAGE).match(pattern) for pattern in COMMAND_LINE)
        for line, text in options_named(path.read_text(encoding="utf-8"))
    ]
    assert not named, "name the arguments, arttl.cli.in_options names their options:\n" + "\n".join(named)


def test_what_counts_as_naming_an_option():
    source = "\n".join(
        (
            '"""A module of --data."""',
            'say("give --data")',
            'say(f"{path} lies there; go on with {option}, or --skip-missing")',
            'say(f"--{name} is out of range; {first}--{last} is not")',
            'say("make it: python -m arttl export RUN --to FOLDER")',
            'say("left -- right, a--b, \\\\textbf:--rwrap;")',
        )
    )
    assert [line for line, _ in options_named(source)] == [2, 3, 4]


def test_messages_name_the_options_of_the_command():
    options = SimpleNamespace(image_size=20, weights=None, seed=1, skip_missing=False, split=None, data="x", set=[])
    for message, shown in (
        ("image_size 20 is too small", "--image-size 20 is too small"),
        ("give the file with weights=FILE", "give the file with --weights FILE"),
        ("the weights of seed 1; see --image-size", "the weights of seed 1; see --image-size"),
        ("skip_missing=True goes on", "--skip-missing goes on"),
        ('there is no split="x"; leave split= out', "there is no --split x; leave --split out"),
        ("data=/a b is not there; check data=.", "--data /a b is not there; check --data."),
        ("runs/seed=1/a.csv and 'seed=1'", "runs/seed=1/a.csv and 'seed=1'"),  # somebody's names
        ('decoding="upright" mends it, split="own" not', "--set decoding=upright mends it, --split own not"),
        ('numerics.resnet50="today"', "--set numerics.resnet50=today"),
        ('with name="head"', 'with name="head"'),
        ("force=True makes it anew", "--force makes it anew"),  # of the script that made it
    ):
        assert in_options(message, options) == shown


def test_what_a_command_takes_without_an_option_is_called_as_its_help_does():
    options = main_parser().parse_args(["check", "here", "--unknown-labels", "x"])
    assert in_options("data=here is no folder; see unknown_labels=", options) == (
        "DATA here is no folder; see --unknown-labels"
    )
    options = rijks_parser("", ("type",)).parse_args(["--challenge", "type"])
    assert in_options("data=here is no folder", options) == "--data here is no folder"
    options = all_parser("").parse_args([])  # of all of Chapter 2: its own scripts have --data
    assert in_options("No data= given: with data=PATH", options) == "No --data given: with --data PATH"
    parser = Parser()
    parser.add_argument("--other-name", dest="max_megapixels")
    assert in_options("max_megapixels=200 reads it", parser.parse_args([])) == "--other-name 200 reads it"


# --- as commands say it


@pytest.fixture
def said(monkeypatch, capsys):
    """A function of a command line that gives its error."""

    def run(*line, work=main, parser=None):
        monkeypatch.setattr(sys, "argv", ["arttl", *map(str, line)])
        with pytest.raises(SystemExit) as end:
            run_main(work, parser or main_parser(), keras=False)
        assert end.value.code == 2
        return capsys.readouterr().err

    return run


def listed(folder, rows, *drawn):
    """A CSV of images and labels, and some of the images."""
    (folder / "images").mkdir(parents=True)
    for name in drawn:
        Image.new("RGB", (8, 8)).save(folder / "images" / name)
    (folder / "labels.csv").write_text("picture,kind\n" + "".join(f"{name},x\n" for name in rows))
    return folder, ("--image-column", "picture", "--label-column", "kind", "--cache", folder.parent / "cache")


def test_missing_images(said, tmp_path):
    data, read = listed(tmp_path / "data", ["a.jpg", "b.jpg"], "a.jpg")
    assert "(first: b.jpg); --skip-missing goes on without them" in said("prepare", data, *read)
    with pytest.raises(InputError, match="; skip_missing=True goes on without them"):
        open_collection(data, "type", image_column="picture", label_column="kind")


def test_unreadable_images(said, tmp_path):
    data = write_class_folders(tmp_path / "data", ["a", "b"], 12, size=8)
    (data / "a" / "003.jpg").write_bytes(b"no picture")
    line = ("--cache", tmp_path / "cache", "--splits", tmp_path / "splits", "--architecture", "resnet50")
    error = said("prepare", data, *line, "--image-size", "32")
    assert error.startswith("error: 1 of 24 images cannot be read")
    assert error.endswith(": --skip-bad-images goes on without them\n")


def test_an_unknown_column(said, tmp_path):
    data, read = listed(tmp_path / "data", ["a.jpg"], "a.jpg")
    assert "has no column 'sort'; its columns are picture, kind: name one with --label-column" in said(
        "check", data, *read[:2], "--label-column", "sort"
    )
    with pytest.raises(InputError, match=r"name one with label_column$"):
        open_collection(data, "type", image_column="picture", label_column="sort")


def test_labels_in_one_of_several_files(said, tmp_path):
    data, _ = listed(tmp_path / "data", ["a.jpg"], "a.jpg")
    (data / "more.csv").write_text("picture,kind\n")
    assert f"name one: --metadata {data / 'labels.csv'}" in said("check", data)
    assert "DATA gone does not exist" in said("check", "gone")


def test_an_unfinished_run(said, tmp_path):
    folder = RunFolder(tmp_path / "run").open()
    folder.write_config({"settings": {}})
    spec = SimpleNamespace(folder=folder, settings=lambda data: {})
    parser, line = rijks_parser("", ("type",)), ("--challenge", "type")
    error = said(*line, work=lambda options: runs_to_do([spec], None, options), parser=parser)
    assert error == f"error: {folder.path} is unfinished; --resume continues it, --force starts it anew\n"
    assert "finish it with --resume before" in said("export", folder.path, "--to", tmp_path / "shared")
