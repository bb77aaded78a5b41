"""CSV files as text: every value a str, every row with the number a spreadsheet shows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from contextlib import contextmanager

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.files import csv_writer, open_regular
from arttl.base.wording import counted, first_few, shown, shown_path

DELIMITERS = ",;\t"
_SEPARATOR_LINE = re.compile(rf"sep=([{DELIMITERS}|])\r?\n", re.IGNORECASE)
MOST_COLUMNS = 4_096  # what comes with more is no table of images, and would take minutes


def read_csv(path, columns=None):
    """Read a CSV file, in UTF-8 (with or without byte order mark).

    The delimiter (comma, semicolon or tab) is the one that divides the header into most columns. Values stay
    as they are: "NA", "null" and "007" are text. Rows without any text are skipped.

    Arguments:
        path: the file.
        columns: the columns' names, for a file without a header.

    Returns a DataFrame of str, indexed by row number as a spreadsheet counts (a header is row 1), without
    the columns that have no name.

    Raises InputError for a file that is missing, not UTF-8, empty, ragged or badly quoted, and for a column
    name that occurs twice.
    """
    return parse_csv(path, read_text(path), columns)


def parse_csv(path, text, columns=None):
    """A CSV's text as read_csv returns it; the path is for messages.

    A first line such as `sep=;`, by which Excel is told the delimiter, is no row.
    """
    with _fields_up_to(len(text)):
        records = _records(path, text)
        header = [name.strip() for name in (next(records, (1, []))[1] if columns is None else columns)]
        named = named_columns(path, header)
        numbers, rows = [], []
        for number, row in records:
            if len(row) != len(header):
                expected = f"the header has {len(header)}" if columns is None else f"{len(header)} are expected"
                raise InputError(
                    f"{shown_path(path)} row {number}: {counted(len(row), 'field')}, but {expected}; "
                    "put double quotes around a value that holds the delimiter"
                )
            numbers.append(number)
            rows.append(row)
    if not rows:
        needs = "one row an image" if columns else "a header and one row an image"
        raise InputError(f"{shown_path(path)} has no rows; it needs {needs}")
    table = pd.DataFrame(rows, columns=header, index=pd.Index(numbers, name="row"), dtype=str)
    return table[named]


def named_columns(path, header):
    """The names of a header that are not empty; InputError if one occurs twice, or there are too many columns."""
    if len(header) > MOST_COLUMNS:
        raise InputError(
            f"{shown_path(path)}: {len(header):,} columns, more than {MOST_COLUMNS:,}; keep those of the image ids "
            "and the labels"
        )
    named = [name for name in header if name]
    repeated = sorted(name for name, count in Counter(named).items() if count > 1)
    if repeated:
        raise InputError(f"{shown_path(path)}: column {first_few(repeated)} occurs twice in the header; rename one")
    return named


def csv_text(rows):
    """Rows as CSV text with commas and LF, the same on every machine."""
    buffer = io.StringIO(newline="")
    csv_writer(buffer).writerows(rows)
    return buffer.getvalue()


def read_text(path):
    """The text of a UTF-8 file, with or without byte order mark; InputError, naming the line, for another."""
    return decoded_utf8(path, read_bytes(path))


def read_bytes(path):
    """What a regular file holds; InputError if it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{shown_path(path)} cannot be read ({error.strerror}); check the path") from error


def decoded_utf8(path, content):
    """The text of UTF-8 bytes, as read_text; the path is for messages."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder saw the file without its byte order mark, so positions count from there.
        body = content.removeprefix(b"\xef\xbb\xbf")
        line = body.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{shown_path(path)} line {line}: byte 0x{body[error.start]:02x} is not UTF-8; save the file as UTF-8 CSV"
        ) from error
    if "\0" in text[:2]:
        raise InputError(f"{shown_path(path)} is no text, or UTF-16; save the file as UTF-8 CSV")
    return text


@contextmanager
def _fields_up_to(length):
    """Let values have so many letters. The limit of csv holds for the whole process, so it is put back."""
    usual = csv.field_size_limit()
    csv.field_size_limit(max(usual, length))
    try:
        yield
    finally:
        csv.field_size_limit(usual)


def _records(path, text):
    """(number, fields) of each record that holds any text; the first one is the header."""
    told = _SEPARATOR_LINE.match(text)
    text = text[told.end() :] if told else text
    delimiter = told[1] if told else _delimiter(text)
    number = 0
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if any(field.strip() for field in row):
                yield number, row
    except csv.Error as error:
        raise InputError(
            f"{shown_path(path)} row {number + 1}: {shown(error)}; correct the quotes in or after this row"
        ) from error


def _delimiter(text):
    def columns(delimiter):
        header = next(filter(None, csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter)), [])
        return len(header)

    return max(DELIMITERS, key=columns)
