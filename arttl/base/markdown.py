"""Markdown tables that read well as plain text too."""

from __future__ import annotations


def markdown_table(header, rows):
    """A Markdown table with its columns aligned.

    Arguments:
        header: the columns' names.
        rows: an iterable of rows, each with a text for every column; a bar in a text is escaped.

    Returns text without a newline at its end.
    """
    rows = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
