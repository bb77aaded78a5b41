"""The encodings in which spreadsheets save text: UTF-8, UTF-16 and Windows-1252."""

from __future__ import annotations

import codecs
import re

from arttl.base.wording import shown, shown_path
from arttl.collections.csv_file import decoded_utf8

MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
LOOKED_AT = 4_096  # bytes, to tell UTF-16 that has no mark
NULS = 0.5  # of every second byte: the share that letters of the West leave empty in UTF-16, at the least
STRAYS = 0.05  # of the bytes between: the share that other letters may leave empty

# Letters of UTF-8 that a file in Windows-1252 would hardly hold ('Ã«' for 'ë'), and bytes that no text has.
_UTF8_LETTER = re.compile(rb"[\xc2\xc3][\x80-\xbf]")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]")
_FOREIGN_WORD = re.compile(r"\w*[^\x00-\x7f]+\w*")


def decoded(path, content):
    """The text of a table that a person made, whatever spreadsheet saved it.

    It is UTF-8; else UTF-16, with its byte order mark or known by every second byte; else, as Excel's "CSV" outside
    of UTF-8, Windows-1252. A file that mixes UTF-8 with that, or is no text, is none of them.

    Arguments:
        path: the file, for messages.
        content: its bytes.

    Returns (text, notes): a line about Windows-1252, which nothing but its letters tells from other encodings.

    Raises InputError, naming the line, for bytes that are none of these.
    """
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), None) or _unmarked(content)
    if encoding is not None and _is(content, encoding):
        return content.decode(encoding).removeprefix("\ufeff"), []
    if _is(content, "utf-8") or _NO_TEXT.search(content) or _UTF8_LETTER.search(content):
        return decoded_utf8(path, content), []
    text = content.decode("cp1252")
    word = _FOREIGN_WORD.search(text)[0]
    return text, [f"{shown_path(path)} is not in UTF-8, and read as Windows-1252 ('{shown(word)}')"]


def _unmarked(content):
    """The kind of UTF-16 that bytes without a mark are, or None."""
    start = content[:LOOKED_AT]
    empty = [start[first::2].count(0) / max(1, len(start) // 2) for first in (0, 1)]
    if len(content) % 2 or min(empty) > STRAYS or max(empty) < NULS:
        return None
    return "utf-16-le" if empty[1] > empty[0] else "utf-16-be"


def _is(content, encoding):
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
