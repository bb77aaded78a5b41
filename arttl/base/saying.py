"""Lines in the words of who reads them: the library names arguments, a command line has its options in their place."""

from __future__ import annotations

from contextlib import contextmanager

_WORDS = [str]


def in_words(line):
    """A line that names arguments, in the words of the command that is at work; as it is where there is none."""
    return _WORDS[-1](line)


def say(line):
    """Print such a line at once."""
    print(in_words(line), flush=True)


@contextmanager
def speaking(words):
    """Have lines said in other words within the block.

    Arguments:
        words: a function of a line.
    """
    _WORDS.append(words)
    try:
        yield
    finally:
        _WORDS.pop()
