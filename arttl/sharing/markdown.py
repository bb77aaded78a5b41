"""Untrusted text in a model card: names of classes and collections come from other people's metadata."""

from __future__ import annotations

import json
import re

from arttl.base.wording import shown, shown_path


def code(value, whole=False):
    """Any value as a Markdown code span, in which nothing is markup.

    Odd characters are escaped as by arttl.base.wording.shown, so that it stays one line. A span may not go into
    a table, where a bar would end the cell.

    Arguments:
        value: what is shown as str.
        whole: do not cut a long one.

    Source: CommonMark 0.31, section 6.1: a span ends only at a run of as many backticks as it began with.
    """
    text = shown_path(value) if whole else shown(value)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    # One blank on either side is stripped again, so one is needed where there are backticks or blanks already.
    blank = " " if text[:1] in " `" or text[-1:] in " `" else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def code_list(values, most):
    """'`a`, `b` and 9 more'."""
    values = list(values)
    text = ", ".join(code(value) for value in values[:most])
    return text if len(values) <= most else f"{text} and {len(values) - most:,} more"


def yaml(value):
    """A value of dicts, lists, texts and numbers as YAML on one line.

    JSON is YAML, but for characters that YAML takes for line ends or does not print: these are escaped, and those past
    the 16 bits of JSON's escapes stay as they are.

    Source: YAML 1.2.2, sections 5.1 and 5.7.
    """
    text = json.dumps(value, ensure_ascii=False)
    return "".join(
        letter if letter.isprintable() or ord(letter) > 0xFFFF else f"\\u{ord(letter):04x}" for letter in text
    )
