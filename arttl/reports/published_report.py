"""`python -m arttl published`: the figures whose curves are published, without any run, and one page of them."""

from __future__ import annotations

from pathlib import Path

from arttl.base.files import make_folder, whole_file
from arttl.base.wording import shown_path
from arttl.reports.errata import errata_table
from arttl.reports.figures import save_figure
from arttl.reports.formats import write_formats
from arttl.reports.page import render_published
from arttl.reports.pictures import data_uri
from arttl.reports.published_figures import PUBLISHED_FIGURES, PUBLISHED_TITLES, published_figure


def run_published(options):
    """Do what `python -m arttl published` was asked for: write figures, the errata and the page, and say so.

    Arguments:
        options: the namespace of arttl.cli.commands.

    Returns the exit code, 0.

    Raises InputError if a file cannot be written.
    """
    folder, figures = make_folder(Path(options.to), "to"), []
    for name in PUBLISHED_FIGURES:
        png, pdf = save_figure(published_figure(name), folder, name)
        title = PUBLISHED_TITLES[name]
        about = {
            "name": name,
            "title": title,
            "caption": "",
            "alt": title,
            "picture": data_uri(png.read_bytes(), "image/png"),
        }
        figures.append(about)
        print(f"{title}: {shown_path(png)}, {pdf.name}")
    errata = errata_table()
    write_formats(errata, folder)
    page = folder / "index.html"
    with whole_file(page) as file:
        file.write(render_published(figures, errata))
    print(f"page: {shown_path(page)} (opens without a network)")
    return 0
