"""`python -m arttl report`: everything below a folder of runs as tables, figures and one page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from arttl.base.files import make_folder, whole_file
from arttl.base.saying import in_words
from arttl.base.spreadsheets import write_spreadsheet
from arttl.base.wording import counted, first_few, shown_path
from arttl.collections import reading_options
from arttl.reports.classes import classes_data
from arttl.reports.classifiers import classifiers_table
from arttl.reports.collect import collect_runs
from arttl.reports.comparison import tried_data
from arttl.reports.confusions import confusions, confusions_table
from arttl.reports.errata import errata_table
from arttl.reports.figures import CURVES, accuracy_curves, figure_about, sample_pictures, sample_rows
from arttl.reports.findings import findings_table
from arttl.reports.formats import write_formats
from arttl.reports.galleries import mistake_galleries, worst_mistakes
from arttl.reports.overview import overview
from arttl.reports.page import render_page
from arttl.reports.pictures import open_pictures
from arttl.reports.saliency import saliency_figures
from arttl.reports.studied import in_thesis, thesis_part
from arttl.reports.table1 import collections_table
from arttl.reports.tables import accuracy_table, frequency_table, runs_table
from arttl.reports.tickets.collect import collect_tickets
from arttl.reports.tickets.sections import write_chapter2
from arttl.reports.tried import tasks

_REFERENCES = "Thin: the published curves. Marks at the right edge: the published test accuracies of Table 2."
PICTURES = "pictures"
"""The folder of thumbnails below the report's, from which it is made again where their collections are not."""

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


def make_report(root, data=(), to=None, opened_already=None, **reading):
    """Write the report of everything below a folder of runs, and print one line for each group of files.

    Arguments:
        root: the folder.
        data: folders of the runs' collections, whose pictures are shown.
        to: where the report goes; None for "report" in the folder.
        opened_already: as of open_pictures.
        **reading: how the data is read, as of arttl.collections.open_collection.

    Raises InputError if there is no run folder, for data that cannot be read, and if a file cannot be written.
    """
    collected, tickets = collect_runs(root), collect_tickets(root)
    folder = make_folder(to or Path(root, "report"), "to")
    shown_runs = [each[["collection", "challenge", "config"]] for each in (collected.all_runs, tickets.runs)]
    pictures = open_pictures(data, reading, pd.concat(shown_runs), folder / PICTURES, opened_already)
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

    Returns a dict of what the page shows: own (as arttl.reports.overview returns it), tables, others (Tables that are
    not the thesis'), figures, others_of (lines on collections that the thesis' tables do not show), whole (whether
    these tables are the reader's too).
    """
    found = tasks(collected)
    thesis, others_of = thesis_part(collected)
    tables = [
        collections_table(collected, pictures),
        accuracy_table(thesis, "rijks"),
        accuracy_table(thesis, "antwerp"),
        findings_table(collected),
        classifiers_table(collected),
    ]
    others = [frequency_table(collected), runs_table(collected)]
    _say("tables", [path for table in [*tables, *others] for path in write_formats(table, folder)])
    figures = draw_figures(collected, thesis, pictures, folder)
    _say("figures", [path for figure in figures for path in figure["files"]])
    confused, mistakes = confusions(found), worst_mistakes(found)
    lists = {"comparison": tried_data(found), "classes": classes_data(found)}
    lists |= {"confusions": confusions_table(confused), "mistakes": mistakes.drop(columns="title")}
    for name, table in lists.items():
        write_spreadsheet(folder / f"{name}.csv", table)
    _say("lists", [folder / f"{name}.csv" for name in lists])
    own = overview(found, confused, mistake_galleries(mistakes, pictures), folder)
    _say("learning curves", [path for each in own for path in each["curves"]["files"]])
    return {
        "own": own,
        "tables": tables,
        "others": others,
        "figures": figures,
        "others_of": others_of,
        "whole": in_thesis(collected),
    }


def draw_figures(collected, thesis, pictures, folder):
    """Write Figures 1 to 3, take over Figure 4, and remove what a former report left of those that are not there.

    Arguments:
        collected: what collect_runs() returned.
        thesis: its part that thesis_part() gives.
        pictures: the Pictures.
        folder: where to.

    Returns a list of dicts as arttl.reports.figures.figure_about makes them.
    """
    drawn = {"figure1": sample_pictures(sample_rows(collected, pictures))}
    drawn |= {name: accuracy_curves(thesis, challenges) for name, challenges in CURVES.items()}
    missing = "The pictures of these runs' collections are not here; python -m arttl report RUNS --data DIR shows them."
    figures = [
        figure_about(figure, folder, name, *_CAPTIONS[name], missing if name == "figure1" else "")
        for name, figure in drawn.items()
    ]
    return figures + saliency_figures(collected.root, folder)


def _say(group, paths):
    names = first_few([path.name for path in paths], NAMED)
    print(
        f"{group}: {counted(len(paths), 'file')} in {shown_path(paths[0].parent)}: {names}"
        if paths
        else f"{group}: none"
    )
