"""A table as Markdown, CSV and LaTeX."""

from __future__ import annotations

import re

import pandas as pd

from arttl.base.files import whole_file
from arttl.base.markdown import markdown_table
from arttl.base.spreadsheets import write_spreadsheet

_MARKDOWN_MARKS = {"best": "**{}**", "second": "<u>{}</u>", "": "{}"}
_LATEX_MARKS = {"best": "textbf:--rwrap;", "second": "underline:--rwrap;", "": ""}
_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "†": r"\dag{}",
    "‡": r"\ddag{}",
    "[": "{[}",  # else \\ before a row that begins with it takes it for its argument
    "]": "{]}",
}
# pdfTeX has no Greek letters in text.
_SYMBOLS = {"θⁱ": r"$\theta^i$", "θʳ": r"$\theta^r$"}


def write_formats(table, folder):
    """Write a Table as NAME.md, NAME.csv and NAME.tex, each whole or not at all.

    Arguments:
        table: a Table.
        folder: where to.

    Returns the files' Paths. Raises InputError if one cannot be written.
    """
    paths = {suffix: folder / f"{table.name}.{suffix}" for suffix in ("md", "csv", "tex")}
    for suffix, text in (("md", markdown(table)), ("tex", latex(table))):
        with whole_file(paths[suffix]) as file:
            file.write(text + "\n")
    write_spreadsheet(paths["csv"], table.data)
    return list(paths.values())


def markdown(table):
    """A Table as Markdown, with what must be known above, and notes and departures from the study below."""
    header = [escape_markdown(_header(table.columns, place)) for place in range(len(table.columns))]
    rows = [[_MARKDOWN_MARKS[cell.mark].format(_text(cell, escape_markdown)) for cell in row] for row in table.rows]
    parts = [f"**{escape_markdown(table.title)}**", *map(escape_markdown, table.warnings)]
    parts += [markdown_table(header, rows), *map(escape_markdown, table.notes)]
    if table.deviations:
        lines = [f"- {line} ({'; '.join(titles)})" for line, titles in table.deviations.items()]
        parts.append("Departures from the study:\n\n" + "\n".join(escape_markdown(line, first=2) for line in lines))
    return "\n\n".join(parts)


def latex(table):
    """A Table as a LaTeX table for the packages booktabs and graphicx, with its notes in the caption.

    What departs from the study is listed in the Markdown and on the page only.
    """
    names = [tuple(escape_latex(part) for part in column) for column in table.columns]
    grouped = any(group for group, _ in names)
    columns = pd.MultiIndex.from_tuples(names) if grouped else pd.Index([name for _, name in names])
    texts = [[_text(cell, escape_latex) for cell in row] for row in table.rows]
    marks = pd.DataFrame([[_LATEX_MARKS[cell.mark] for cell in row] for row in table.rows], columns=columns)
    style = pd.DataFrame(texts, columns=columns).style.hide(axis="index")
    if len(marks):
        style = style.apply(lambda _: marks, axis=None)
    numbers = [any(row[place].sort is not None for row in table.rows) for place in range(len(columns))]
    text = style.to_latex(
        column_format="".join("r" if each else "l" for each in numbers),
        hrules=True,
        multicol_align="c",
        position="htbp",
        position_float="centering",
        label=f"tab:{table.name}",
        caption=escape_latex(" ".join([_sentence(table.title), *table.warnings, *table.notes])),
    )
    text = text.replace(
        r"\begin{tabular}", "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n\\begin{tabular}"
    )
    return "% \\usepackage{booktabs,graphicx}\n" + text.replace(r"\end{tabular}", "\\end{tabular}%\n}").rstrip()


def escape_markdown(text, first=0):
    """Text that Markdown shows as it is; HTML in it is no HTML.

    Arguments:
        text: a line.
        first: characters at its begin to leave as they are.
    """
    escaped = re.sub(r"([\\`*_\[\]])", r"\\\1", text[first:])
    return text[:first] + escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_latex(text):
    """Text that LaTeX shows as it is; numbers with a sign get a minus, not a hyphen."""
    if re.fullmatch(r"[+-][\d.,]+", text):
        return f"${text}$"
    parts = re.split(f"({'|'.join(_SYMBOLS)})", text)
    return "".join(_SYMBOLS.get(part) or "".join(_LATEX.get(sign, sign) for sign in part) for part in parts)


def _text(cell, escape):
    return escape(cell.text + ("*" if cell.star else ""))


def _header(columns, place):
    """A column's name on its own: that of its group for the value, else its own; both in a group without a value."""
    group, name = columns[place]
    if group and (group, "value") not in columns:
        return f"{group}: {name}"
    return group if group and name == "value" else name


def _sentence(text):
    return text if text.endswith(".") else f"{text}."
