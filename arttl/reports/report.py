"""`python -m arttl report`: everything below a folder of runs as tables, figures and one page."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from arttl.base.files import make_folder, whole_file, write_table
from arttl.base.saying import in_words
from arttl.base.wording import counted, first_few, shown_path
from arttl.collections import open_collection, reading_options
from arttl.reports.classifiers import classifiers_table
from arttl.reports.collect import collect_runs
from arttl.reports.confusions import confusions, confusions_table
from arttl.reports.errata import errata_table
from arttl.reports.figures import CURVES, accuracy_curves, sample_pictures, sample_rows, save_figure
from arttl.reports.findings import findings_table
from arttl.reports.formats import write_formats
from arttl.reports.galleries import mistake_galleries, worst_mistakes
from arttl.reports.page import render_page
from arttl.reports.pictures import data_uri, open_pictures
from arttl.reports.saliency import saliency_figures
from arttl.reports.table1 import collections_table
from arttl.reports.tables import accuracy_table, frequency_table, runs_table
from arttl.reports.tickets.collect import collect_tickets
from arttl.reports.tickets.sections import write_chapter2

_REFERENCES = "Thin: the published curves. Marks at the right edge: the published test accuracies of Table 2."
NAMED = 30  # files on a line that says what was written
_STYLES = "Off the shelf dash-dotted, fine tuning dashed, from scratch solid orange; a line for each seed."
_CAPTIONS = {
    "figure1": ("Figure 1: sample images of the collections", ""),
    "figure2": ("Figure 2: validation accuracy by epoch, material", f"{_STYLES} {_REFERENCES}"),
    "figure3": ("Figure 3: validation accuracy by epoch, type and artist", f"{_STYLES} {_REFERENCES}"),
}


def run_report(options):
    """Do what `python -m arttl report` was asked for.

    Arguments:
        options: the namespace of arttl.cli.commands.

    Returns the exit code, 0.
    """
    make_report(options.runs, options.data or (), options.to, **reading_options(options))
    return 0


def make_report(root, data=(), to=None, opening=None, **reading):
    """Write the report of everything below a folder of runs, and print one line for each group of files.

    Arguments:
        root: the folder.
        data: folders of the runs' collections, whose pictures are shown.
        to: where the report goes; None for "report" in the folder.
        opening: function of one of `data` and a challenge, or None for any, that gives the Collection; None opens it.
        **reading: how the data is read, as of arttl.collections.open_collection.

    Raises InputError if there is no run folder, for data that cannot be read, and if a file cannot be written.
    """
    collected, tickets = collect_runs(root), collect_tickets(root)
    pictures = open_pictures(
        data,
        opening or partial(open_collection, skip_missing=True, skip_unreadable=True, **reading),
        pd.concat([each[["collection", "challenge"]] for each in (collected.runs, tickets.runs)]),
    )
    folder = make_folder(to or Path(root, "report"), "to")
    only_chapter2 = collected.is_empty and not tickets.is_empty
    chapter1 = None if only_chapter2 else write_chapter1(collected, pictures, folder)
    chapter2, groups = write_chapter2(tickets, pictures, folder)
    for group, paths in groups.items():
        _say(f"chapter 2 {group}", paths)
    errata = errata_table()
    _say("errata", write_formats(errata, folder))
    left_out = [(name, in_words(reason)) for name, reason in (*collected.left_out, *tickets.left_out)]
    collected = replace(collected, left_out=left_out)
    page = render_page(collected, chapter1, chapter2, errata)
    with whole_file(folder / "index.html") as file:
        file.write(page)
    print(f"page: {shown_path(folder / 'index.html')} ({len(page.encode()) / 1e6:.1f} MB, opens without a network)")
    for name, reason in collected.left_out:
        print(f"left out: {shown_path(name)}: {shown_path(reason)}")


def write_chapter1(collected, pictures, folder):
    """Write Chapter 1's tables, figures and lists, and print one line for each group of them.

    Arguments:
        collected: what collect_runs() returned.
        pictures: the Pictures.
        folder: where to.

    Returns a dict of what the page shows: tables, runs, figures, confusions, galleries.
    """
    runs, frequency = runs_table(collected), frequency_table(collected)
    tables = [
        collections_table(collected, pictures),
        accuracy_table(collected, "rijks"),
        accuracy_table(collected, "antwerp"),
        frequency,
        classifiers_table(collected),
        findings_table(collected),
    ]
    written = [path for table in [*tables, runs] for path in write_formats(table, folder)]
    _say("tables", written)
    figures = draw_figures(collected, pictures, folder)
    _say("figures", [path for figure in figures for path in figure["files"]])
    confused, mistakes = confusions(collected), worst_mistakes(collected)
    write_table(folder / "confusions.csv", confusions_table(confused))
    write_table(folder / "mistakes.csv", mistakes)
    _say("lists", [folder / "confusions.csv", folder / "mistakes.csv"])
    galleries = mistake_galleries(mistakes, pictures)
    return {"tables": tables, "runs": runs, "figures": figures, "confusions": confused, "galleries": galleries}


def draw_figures(collected, pictures, folder):
    """Write Figures 1 to 3, take over Figure 4, and remove what a former report left of those that are not there.

    Arguments:
        collected: what collect_runs() returned.
        pictures: the Pictures.
        folder: where to.

    Returns a list of dicts for the page: title, caption, alt, picture, missing, files.
    """
    drawn = {"figure1": sample_pictures(sample_rows(collected, pictures))}
    drawn |= {name: accuracy_curves(collected, challenges) for name, challenges in CURVES.items()}
    shows = "python -m arttl report RUNS --data DIR shows them."
    missing = {"figure1": f"The pictures of these runs' collections are not here; {shows}"}
    figures = []
    for name, figure in drawn.items():
        title, caption = _CAPTIONS[name]
        about = {"title": title, "caption": caption, "alt": title, "picture": None, "files": []}
        about["missing"] = missing.get(name, "No run of these challenges.")
        if figure is None:
            for suffix in ("png", "pdf"):
                (folder / f"{name}.{suffix}").unlink(missing_ok=True)
        else:
            about["files"] = save_figure(figure, folder, name)
            about["picture"] = data_uri(about["files"][0].read_bytes(), "image/png")
        figures.append(about)
    return figures + saliency_figures(collected.root, folder)


def _say(group, paths):
    names = first_few([path.name for path in paths], NAMED)
    print(
        f"{group}: {counted(len(paths), 'file')} in {shown_path(paths[0].parent)}: {names}"
        if paths
        else f"{group}: none"
    )
