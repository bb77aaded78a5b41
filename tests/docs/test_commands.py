"""The commands of README and docs/ do what the pages say, as typed: on small data of the names that the pages give.

Those that train only list their runs (--dry-run); tests of their own do the work at small sizes.
"""

import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import readers_data
from markdown_it import MarkdownIt
from test_reproduce import PAGES, ROOT, parse

import arttl.__main__
import arttl.cli.options

ONLY_PARSED = {  # what a command holds to why it is not run here
    "ch1_saliency.py": "takes trained networks: tests/transfer/test_chapter1_saliency.py",
    "ch1_antwerp.py": "takes the networks of ch1_rijks.py: tests/transfer/test_chapter1_all.py",
    "ch2_transfer_tickets.py --target human-lba": "takes the searches of ch2_find_tickets.py: tests/lottery/",
    "--step-times": "takes the file that the line before measures",
    "arttl published": "draws for 20 seconds: tests/published/test_published.py",
    "report runs --data human-lba": "takes the runs of all targets: tests/reports/test_report_tickets.py",
    " cut ": "takes a download of OmniArt or WikiArt: tests/collections/test_cut.py",
    "benchmarks/": "measures for minutes to hours",
    "tools/": "made what is bundled, in minutes to hours, some of it from Debian's packages",
}
OTHERS = {  # the first words of what is no command of arttl, to why it is not run here
    "pip install": "needs the package index; that the extras exist is tested below",
    ".venv/bin/pip install": "needs the package index; that the extras exist is tested below",
    "python3 -m venv": "an installation: CI begins with README's two",
    ".venv/bin/pytest": "this is it",
    "source .venv/bin/activate": "of the shell",
    "export": "of the shell",
    "ray": "a cluster: tests/sweeps/test_sweeps_ray.py",
    "tensorboard": "a server that does not end",
    "jupyter": "a server that does not end; tests run the notebooks",
    "apt-get": "needs Debian's mirrors and root",
}
SETTINGS = re.compile(r"^(?:[A-Z_]+=\S+ )+")
NAMES = "train|check|prepare|overlap|cut|report|published|export|classify"
STARTS = re.compile(
    rf"(?:{SETTINGS.pattern[1:]})?(?:(?:.venv/bin/)?python3? |arttl (?:{NAMES})\b|{'|'.join(map(re.escape, OTHERS))})"
)


def commands(text):
    """What a page tells to type: lines of its code blocks, and code within lines that begins as a command does."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    blocks = "".join(each.content for each in tokens if each.type == "code_block" or each.info == "bash")
    lines = [line.strip() for line in blocks.replace("\\\n", " ").splitlines()]
    typed = [part for line in lines if STARTS.match(line) for part in line.split(" && ")]
    within = [child.content for each in tokens for child in each.children or () if child.type == "code_inline"]
    typed += [each for each in within if STARTS.match(each) and " " in each]
    return [each.partition(" #")[0].strip().replace(".venv/bin/python", "python") for each in typed]


COMMANDS = {
    command: path.name for path in PAGES if path.name != "cluster.md" for command in commands(path.read_text("utf-8"))
}
"""Of each to the last page that has it. Those of docs/cluster.md need several machines, and are parsed."""
OURS = [each for each in COMMANDS if re.match(r"(python (experiments/|-m arttl)|arttl )", each)]


def only_parsed(command):
    return next((why for name, why in ONLY_PARSED.items() if name in command), None)


@pytest.fixture(scope="module")
def readers_folder(tmp_path_factory):
    folder = readers_data.write_all(tmp_path_factory.mktemp("reader"))
    (folder / "arttl").symlink_to(Path(arttl.__file__).parent)
    (folder / "experiments").symlink_to(ROOT / "experiments")
    return folder


@pytest.fixture
def typed(readers_folder, monkeypatch, capfd):
    """Type a command in the reader's folder: (exit code, standard output, standard error)."""
    monkeypatch.chdir(readers_folder)
    monkeypatch.setenv("ARTTL_CACHE", str(readers_folder / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(readers_folder / "keras"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(arttl.cli.options, "find_spec", lambda name: True)  # Ray and MLflow, here or not

    def run(command):
        words = shlex.split(command, comments=True)
        words = ["arttl", *words[3:]] if words[1:3] == ["-m", "arttl"] else words
        trains = words[0] == "python" or (words[1:2] == ["train"] and len(words) > 2)
        if trains and "thesis.py" not in command:
            words += ["--output", "planned", *(() if "--explain" in words else ("--dry-run",))]
        if words[1] == "export":
            shutil.rmtree(words[-1], ignore_errors=True)  # what another page has exported
        monkeypatch.setattr(sys, "argv", words[1:] if words[0] == "python" else words)
        code = 0
        try:
            runpy.run_path(words[1], run_name="__main__") if words[0] == "python" else arttl.__main__.run()
        except SystemExit as end:
            code = end.code or 0
        return code, *capfd.readouterr()

    return run


@pytest.mark.slow
@pytest.mark.parametrize("command", [each for each in OURS if not only_parsed(each)])
def test_a_command_does_its_work(command, typed):
    code, out, err = typed(command)
    if "starts from" in out:  # runs of another command, which these pages have before it and this test does not
        assert code == 2
        assert re.search("^error: .* would be refused, for what is said above$", err, re.M), err
    else:
        assert code in ((0, 1) if " check " in command else (0,)), err  # 1: the collection has something to look at
    assert out


def test_every_other_command_is_parsed_or_known(monkeypatch):
    """A page that tells to type something new must say here what becomes of it."""
    unknown = []
    for command in COMMANDS.keys() - {*OURS}:
        plain = SETTINGS.sub("", command)
        if re.match(r"python (benchmarks|tools)/", plain):
            assert (ROOT / plain.split()[1]).exists(), command
        elif not any(plain.startswith(start) for start in OTHERS) and plain != "python ...":
            unknown.append(command)
    assert unknown == []
    for command in filter(only_parsed, OURS):
        parse(command, monkeypatch)


def test_the_extras_that_are_installed_exist():
    """An extra that there is not is a warning of pip, and nothing is installed."""
    setup = (ROOT / "setup.cfg").read_text("utf-8")
    extras = set(re.findall(r"^(\w+) *=", setup.split("[options.extras_require]")[1], re.M))
    named = {name for path in PAGES for name in re.findall(r"(?:arttl|\.)\[(\w+)\]", path.read_text("utf-8"))}
    assert named
    assert named <= extras


def test_what_is_not_run_is_there():
    text = "".join(path.read_text("utf-8") for path in PAGES)
    assert [name for name in (*ONLY_PARSED, *OTHERS) if name not in text] == []
