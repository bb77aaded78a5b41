"""Chapter 2's part of the report: every table, figure and list written, and what the page shows of them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from arttl.base.files import make_folder
from arttl.base.spreadsheets import write_spreadsheet
from arttl.base.wording import counted, shown, shown_path
from arttl.collections.targets import find_target
from arttl.recipes.overrides import flattened
from arttl.reports.figures import figure_about, sample_pictures
from arttl.reports.formats import write_formats
from arttl.reports.tickets.batchnorm import batchnorm_table, batchnorm_title
from arttl.reports.tickets.cells import best_tickets
from arttl.reports.tickets.collect import KEY
from arttl.reports.tickets.figures import STUDIES, figure8, figure9
from arttl.reports.tickets.findings import findings_table
from arttl.reports.tickets.lottery import figure5, lottery_problems
from arttl.reports.tickets.naming import NATURAL, network_title, source_title
from arttl.reports.tickets.parts import parts_table
from arttl.reports.tickets.samples import BUNDLED, natural_sources, target_samples
from arttl.reports.tickets.searches import search_figures, search_title, searches_table, source_title_of_search
from arttl.reports.tickets.series import STUDY, make_series
from arttl.reports.tickets.tables import accuracy_table, fractions_table, targets_table

TABLES = ("table4", "table5", "table6", "ticket-findings", "ticket-parts", "batchnorm", "searches")
FIGURES = ("figure5", "figure7", "figure8", *STUDIES)
LIST = "ticket-rounds.csv"
SEARCHES = "searches"
"""The folder of the searches' figures, below the report's."""

VALUES = 12  # of a setting in which runs differ
SHOWN = 12  # searches whose plots are on the page, so that it can be sent by mail

_BANDS = (
    "Mean over seeds and a band of ± 1 standard deviation; small dots alone are rounds that lack seeds. Rounds are "
    "equally far apart. Thin: what the thesis plots, of the same target and network; behind bundled data, of "
    "those that they stand in for, as the legend says: a shape to look at, no numbers to compare."
)
_CAPTIONS = {
    "figure5": "Figure 5: winning tickets, random reinitialisation and random masks on the source itself",
    "figure7": "Figure 7: samples of each dataset",
    "figure8": "Figure 8: test accuracy by fraction of weights pruned",
} | {name: f"Figure 9{name[-1]}: {words}" for name, words in STUDIES.items()}
_ABOUT = {
    "figure8": f"{_BANDS} Dashed black: from scratch. Orange: target tickets with their survivors reinitialised. "
    "Hollow marks: the published best accuracies where the thesis plots them; that from scratch at the left edge.",
    "figure9c": f"{_BANDS} Test accuracies of the searches themselves on parts of a target's training images, and of "
    "tickets found on parts of a source, where those were transferred.",
}
_MISSING = {
    "figure5": "No search below ch2/lth.",
    "figure7": "The pictures of these runs' targets are not here; python -m arttl report RUNS --data DIR shows them.",
    "figure9a": "No network was trained from final source weights.",
    "figure9b": "No ticket of another target was trained.",
    "figure9c": "No search of a target, or ticket transferred, was made on a part of the training images.",
}


@dataclass(frozen=True, eq=False)
class Chapter2:
    """What the page shows of Chapter 2.

    Attributes:
        targets: names of what networks were trained on, or searches made.
        whole: whether any of them is a target of the thesis, so that its tables are the reader's too.
        leads: the best tickets in words, a line a target and network.
        counts: how many searches and runs there are, in words.
        tables: Tables; the last one lists the searches.
        figures: list of dicts as report.draw_figures makes them.
        searches: list of such dicts of the searches' plots, at most SHOWN with a picture.
        settings: list of dicts: title, lines (pairs of name and text).
        warnings: lines above the figures.
    """

    targets: list
    whole: bool
    leads: list
    counts: str
    tables: list
    figures: list
    searches: list
    settings: list
    warnings: list


def write_chapter2(tickets, pictures, folder):
    """Write Chapter 2's tables, figures and list into the report's folder, and remove a former report's.

    Arguments:
        tickets: what collect_tickets() returned.
        pictures: the Pictures.
        folder: the report's.

    Returns (Chapter2, groups): groups is a dict of a group's name to the Paths written; (None, {}) where there is
    nothing of Chapter 2.

    Raises InputError if a file cannot be written.
    """
    if tickets.is_empty:
        _remove(folder)
        return None, {}
    series = make_series(tickets.runs)
    tables = [
        targets_table(tickets),
        accuracy_table(series),
        fractions_table(series),
        findings_table(series),
        parts_table(tickets.searches),
        batchnorm_table(series),
        searches_table(tickets.searches),
    ]
    written = [path for table in tables for path in write_formats(table, folder)]
    write_spreadsheet(folder / LIST, rounds_table(series))
    figures = _figures(tickets, series, pictures, folder)
    searches = _searches(tickets, folder)
    targets = list(
        dict.fromkeys([*tickets.runs.target, *map(source_title_of_search, tickets.searches.to_dict("records"))])
    )
    part = Chapter2(
        targets,
        any(find_target(name) for name in targets),
        best_tickets(series),
        _counts(tickets),
        tables,
        figures,
        searches,
        _settings(tickets, series),
        lottery_problems(tickets),
    )
    groups = {"tables": written, "figures": [path for each in figures for path in each["files"]]}
    return part, groups | {"searches": [path for each in searches for path in each["files"]], "lists": [folder / LIST]}


def rounds_table(series):
    """Every round of every Series: a DataFrame for the CSV, accuracies in percent."""
    frames = [each.rounds.assign(**_key_texts(each.key)) for each in series if len(each.rounds)]
    columns = [*KEY, "round", "sparsity", "whole", "seeds", "accuracy", "low", "high", "interval", "val_accuracy"]
    columns.append("val_loss")
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _figures(tickets, series, pictures, folder):
    drawn = {"figure5": figure5(tickets), "figure7": sample_pictures(target_samples(tickets, pictures))}
    drawn |= {"figure8": figure8(series)} | {name: figure9(series, name, tickets.searches) for name in STUDIES}
    about = _ABOUT | {"figure7": _not_there(tickets)}
    found = []
    for name in FIGURES:
        missing = _MISSING.get(name, "No network was trained from a ticket yet.")
        found.append(figure_about(drawn[name], folder, name, _CAPTIONS[name], about.get(name, _BANDS), missing))
    return found


def _not_there(tickets):
    """Which natural sources have no pictures in Figure 7, in a sentence."""
    names = [NATURAL[name] for name in natural_sources(tickets) if name != BUNDLED]
    return f"{', '.join(names)} do not come with the package and are not shown." if names else ""


def _searches(tickets, folder):
    """The searches' plots; the first SHOWN of those with the lowest seed are on the page."""
    if tickets.searches.empty:
        _remove_searches(folder, set())
        return []
    place = make_folder(folder / SEARCHES)
    found, on_page = [], set()
    for stem, row, draw in search_figures(tickets.searches):
        cell = row["lth"], row["source"], row["network"], row["fraction"]
        title = search_title(row)
        about = figure_about(draw(), place, stem, title, f"From {shown_path(row['folder'])}", "")
        if cell in on_page or len(on_page) == SHOWN:
            about |= {"picture": None, "missing": f"{SEARCHES}/{stem}.png is in the report's folder."}
        on_page.add(cell)
        found.append(about)
    _remove_searches(folder, {path for each in found for path in each["files"]})
    return found


def _remove(folder):
    """Remove what a former report left of Chapter 2."""
    names = [f"{table}.{suffix}" for table in TABLES for suffix in ("md", "csv", "tex")]
    names += [f"{figure}.{suffix}" for figure in FIGURES for suffix in ("png", "pdf")]
    for name in (*names, LIST):
        (folder / name).unlink(missing_ok=True)
    _remove_searches(folder, set())


def _remove_searches(folder, kept):
    for old in (folder / SEARCHES).glob("*.p[nd][gf]"):
        if old not in kept:
            old.unlink()


def _counts(tickets):
    unfinished = int((~tickets.searches.complete.astype(bool)).sum())
    searches = f"{len(tickets.searches):,} {'search' if len(tickets.searches) == 1 else 'searches'}"
    unfinished = f" ({unfinished:,} unfinished)" if unfinished else ""
    return f"{searches}{unfinished}, {counted(len(tickets.runs) + len(tickets.controls), 'trained network')}"


def _settings(tickets, series):
    """Settings of each series, of which thousands of runs differ in round and seed only, and of each search."""
    cells = [*series, *make_series(tickets.controls)]
    found = [{"title": _cell_title(each), "lines": _lines(each.runs)} for each in cells]
    for row in tickets.searches.itertuples():
        lines = _lines(tickets.searches.loc[[row.Index]]) + _flat({"metrics": row.metrics})
        found.append({"title": shown_path(row.folder), "lines": lines})
    return found


def _cell_title(series):
    texts = _key_texts(series.key)
    words = [shown(texts["target"]), network_title(texts["network"]), source_title(texts["source"])]
    words += [texts["start"]] if texts["start"] != "scratch" else []
    if series.key["fraction"] != 1.0:
        words.append(f"{series.key['fraction']:.0%} of the training images")
    if series.key["batchnorm"] != STUDY:
        words.append(texts["batchnorm"])
    return f"{', '.join(words)}: {counted(len(series.runs), 'run')}"


def _key_texts(key):
    return key | {"batchnorm": batchnorm_title(key["batchnorm"])}


def _lines(runs):
    """Settings, versions and departures of runs, (name, text); where runs differ, the texts of the first few."""
    flat = [
        dict(_flat({name: value for name, value in config.items() if name != "class_names"})) for config in runs.config
    ]
    lines = []
    for name in dict.fromkeys(name for each in flat for name in each):
        texts = list(dict.fromkeys(each.get(name, "-") for each in flat))
        more = f" and {len(texts) - VALUES:,} others" if len(texts) > VALUES else ""
        lines.append((name, "; ".join(texts[:VALUES]) + more))
    return lines


def _flat(content):
    return [(name, str(value)) for name, value in flattened(content).items()]
