"""How scripts end: readers that leave, signals; and how they tell how far they are where there is no terminal."""

import contextlib
import io
import os
import signal
import sys

import pytest

from arttl.base import bars, quietly
from arttl.base.errors import InputError
from arttl.cli import Parser, run_main


@pytest.fixture
def ended(monkeypatch):
    """Run a function as a script does; returns the exit code."""

    def run(work):
        parser = Parser()
        parser.add_argument("--debug", action="store_true")
        monkeypatch.setattr(sys, "argv", ["script"])
        with pytest.raises(SystemExit) as end:
            run_main(lambda options: work(), parser, keras=False)
        return end.value.code

    return run


@contextlib.contextmanager
def unread():
    """Standard output goes into a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as stream, contextlib.redirect_stdout(stream):
        yield


@pytest.mark.parametrize(
    ("line", "lines"), [("a line", 1), ("a line", 10**5), ("a long line " * 10**4, 1)], ids=["end", "middle", "long"]
)
def test_a_reader_that_has_had_enough_ends_a_script_without_a_word(ended, capfd, line, lines):
    with unread():
        code = ended(lambda: [print(line) for _ in range(lines)])
    assert code == 141  # 128 + SIGPIPE, as in any shell
    assert capfd.readouterr().err == ""


def test_an_error_keeps_its_code_whoever_reads(ended, capfd):
    def work():
        print("a line")
        raise InputError("no such file; name another")

    with unread():
        code = ended(work)
    assert code == 2
    assert capfd.readouterr().err == "error: no such file; name another\n"


def test_a_broken_pipe_to_something_else_is_an_error_still(ended, capfd):
    def work():
        raise BrokenPipeError(32, "Broken pipe")

    assert ended(work) == 2
    assert "Broken pipe" in capfd.readouterr().err


@pytest.mark.parametrize(("number", "code", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_signals_let_work_be_saved_and_say_how_to_go_on(ended, capfd, number, code, word):
    saved = []

    def work():
        try:
            os.kill(os.getpid(), getattr(signal, number))
        finally:
            saved.append(True)

    usual = {"SIGINT": signal.default_int_handler, "SIGTERM": signal.SIG_DFL}[number]
    before = signal.signal(getattr(signal, number), usual)  # a suite that was begun in the background ignores SIGINT
    try:
        assert ended(work) == code
    finally:
        signal.signal(getattr(signal, number), before)
    assert saved
    said = capfd.readouterr().err
    assert said.startswith(f"{word}; the same command with --resume")
    assert said.count("\n") == 1
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize(("name", "said"), [("torch", "pip install 'arttl[torch]'"), ("tf", "tensorflow, jax, torch")])
def test_a_backend_that_is_not_there_is_one_line(monkeypatch, capfd, name, said):
    monkeypatch.setenv("KERAS_BACKEND", name)
    monkeypatch.setattr(quietly, "find_spec", lambda each: None if each == "torch" else each)
    monkeypatch.setattr(sys, "argv", ["script"])
    parser = Parser()
    parser.add_argument("--debug", action="store_true")
    with pytest.raises(SystemExit) as end:
        run_main(lambda options: None, parser)
    err = capfd.readouterr().err
    assert (end.value.code, err.count("\n")) == (2, 1)
    assert said in err


def test_one_that_is_missed_later_is_too(ended, capfd):
    def work():
        raise ModuleNotFoundError("No module named 'jax'", name="jax")

    assert ended(work) == 2
    assert capfd.readouterr().err.startswith("error: Keras' backend jax is not installed; pip install 'arttl[jax]'")


def test_a_log_file_has_lines_at_intervals_and_a_terminal_a_bar(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(bars.time, "monotonic", lambda: clock[0])
    with bars.bar(total=400, initial=100, desc="decoding images") as told:
        for _ in range(300):
            clock[0] += 1.0
            told.update()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "decoding images: 160 of 400 (40%), about 4 min left"
    assert len(lines) == 5
    assert list(bars.bar([1, 2], desc="quick")) == [1, 2]
    assert list(bars.bar([1, 2], desc="silent", shown=False)) == [1, 2]
    assert capsys.readouterr().err == ""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(bars.bar([1, 2], desc="decoding images")) == [1, 2]
    assert "decoding images: 100%" in terminal.getvalue()
