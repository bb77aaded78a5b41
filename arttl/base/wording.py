"""Pieces of one-line messages: whatever a user's file holds, the line stays one line and readable."""

from __future__ import annotations

import difflib

LONGEST = 80


def shown(value):
    """A name as it is if it prints on one line, else with its odd characters escaped; long ones are cut."""
    text = str(value)
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def shown_path(path):
    """A path as it is, uncut, with odd characters escaped."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


def counted(number, noun):
    """'1 row', '12 rows', '1,054 classes'."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def first_few(values, most=3):
    """'a, b, c' or 'a, b, c and 9 more'."""
    values = list(values)
    text = ", ".join(shown(value) for value in values[:most])
    return text if len(values) <= most else f"{text} and {len(values) - most:,} more"


def meant(name, known):
    """'; did you mean optimizer.momentum?' where one of the known names is nearly this one, or its last part; else ''.

    Arguments:
        name: as somebody wrote it.
        known: names, some with dots.
    """
    plain = {_plain(part): each for each in known for part in (each, each.rpartition(".")[2])}
    found = difflib.get_close_matches(_plain(name), plain, 1, 0.7)
    return f"; did you mean {plain[found[0]]}?" if found else ""


def _plain(name):
    return "".join(filter(str.isalnum, str(name).lower()))


def row_name(row):
    """'row 7' for a row of a CSV; other formats name their rows themselves ('record 3 of page.xml')."""
    return f"row {row}" if isinstance(row, int) else shown_path(row)


def bytes_text(number):
    """A number of bytes: '9.0 MB', '56.3 GB'."""
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.1f} MB"


def duration_text(seconds):
    """A length of time, rounded: '12 s', '5 min', '1.5 h'."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
