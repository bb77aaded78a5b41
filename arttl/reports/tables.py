"""Tables 2 and 3 beside the published numbers, accuracy by class frequency, and the list of runs."""

from __future__ import annotations

import pandas as pd

from arttl.base.wording import counted, shown
from arttl.published.chapter1 import (
    APPROACH_TITLES,
    ARCHITECTURES,
    COLLECTIONS,
    EXPERIMENTS,
    FEATURES,
    MISPRINTS,
    PARAMETERS,
    SOURCES,
)
from arttl.reports.cells import CURVES, INTERVALS, MEASURE, accuracy_cells, measure, same_data
from arttl.reports.collect import CELL, cell_title
from arttl.reports.studied import is_studied
from arttl.reports.table import (
    BESIDE,
    CURVE,
    OURS,
    PLACE,
    STARRED,
    Cell,
    Table,
    beside,
    departures,
    interval,
    number,
    place_cells,
)
from arttl.runs import metrics

HEAD, MIDDLE = metrics.FREQUENCIES["head"][0] - 1, metrics.FREQUENCIES["middle"][0]
FREQUENCIES = {
    "head": f"head (over {HEAD})",
    "middle": f"middle ({MIDDLE} to {HEAD})",
    "tail": f"tail (under {MIDDLE})",
}
"""Groups of classes by their number of training images, and what the table calls them."""

TITLES = {
    "rijks": ("table2", "Table 2: test accuracy (%); the thesis: on the Rijksmuseum's collection"),
    "antwerp": ("table3", "Table 3: test accuracy (%); the thesis: on Antwerp's collection"),
}
MARKS = "Best in bold, second best underlined, for each challenge and column."
_SHARES = {"test_accuracy": "accuracy", "test_top5": "top-5", "test_macro_f1": "macro-F1"}
_SHARES |= {"majority_accuracy": "majority class"}
_COUNTS = ("tested_epoch", "epochs", "seconds")
_OF_RUN = ["folder", *CELL, "seed", "collection", "test_images"]
_RUNS_DATA = [*_OF_RUN, *_SHARES, *_COUNTS, "deviations"]
_FREQUENCY_DATA = [*CELL, "classes_by_frequency", *MEASURE, "images", "classes", "collection"]
_WITHOUT = "No run has accuracy by class frequency in its metrics.json; runs made anew have it."


def accuracy_table(collected, experiment):
    """Table 2 ("rijks") or 3 ("antwerp"), with the published numbers beside: a Table."""
    cells = accuracy_cells(collected, experiment)
    groups = list(dict.fromkeys(zip(cells.approach, cells.source, strict=True)))
    columns = [("", "challenge"), ("", "model")]
    for column in groups:
        columns += [(column_title(*column), part) for part in _parts(cells, column)]
    if experiment == "rijks":
        columns += [("Params (M)", "value"), ("Params (M)", "published"), ("", "X")]
    rows = []
    for (challenge, architecture), row in cells.groupby(["challenge", "architecture"], sort=False):
        shown_cells = [Cell(shown(challenge)), Cell(shown(ARCHITECTURES.get(architecture, architecture)))]
        by_column = {(each.approach, each.source): each for each in row.itertuples()}
        for column in groups:
            texts = _accuracy(by_column.get(column))
            shown_cells += [texts.get(part, Cell()) for part in _parts(cells, column)]
        if experiment == "rijks":
            shown_cells += _size(collected, challenge, architecture)
        rows.append(shown_cells)
    name, title = TITLES[experiment]
    warnings, notes = _warnings(cells, experiment, collected), [MARKS, INTERVALS, *_notes(cells, name)]
    return Table(name, title, columns, rows, warnings, notes, _departures(collected, experiment), cells)


def column_title(approach, source):
    """A column's heading: "θⁱ fine tuning"."""
    words = (SOURCES.get(source, source), APPROACH_TITLES.get(approach, approach))
    return " ".join(shown(word) for word in words if word)


def frequency_table(collected):
    """Accuracy by class frequency of every cell that has it: a Table, without rows if none has."""
    columns = [("", name) for name in (*PLACE, "approach")]
    columns += [(title, part) for title in FREQUENCIES.values() for part in ("value", "interval", "images", "classes")]
    rows, data = [], []
    for key, runs, problem in collected.cells():
        found = {} if problem else {group: measure(runs, f"test_accuracy_{group}") for group in FREQUENCIES}
        if not any(each["seeds"] for each in found.values()):
            continue
        row = [*place_cells(key), Cell(column_title(key["approach"], key["source"]))]
        for group, value in found.items():
            sizes = {name: _whole(runs.metrics.iloc[0].get(f"test_{name}_{group}")) for name in ("images", "classes")}
            row += [number(value["accuracy"]), interval(value)]
            row += [number(size, 0) for size in sizes.values()]
            data.append(key | {"classes_by_frequency": group} | value | sizes)
        rows.append(row)
    notes = [
        "Groups of classes by their number of training images; images and classes are those of the test.",
        INTERVALS,
    ]
    title = "Test accuracy (%) by class frequency"
    return Table("frequency", title, columns, rows, notes=notes, data=_frame(data, _FREQUENCY_DATA), empty=_WITHOUT)


def runs_table(collected):
    """Every complete run with its measures: a Table."""
    columns = [("", name) for name in ("run", *_SHARES.values(), "tested epoch", "epochs", "seconds", "deviations")]
    rows, data = [], []
    for run in collected.runs.itertuples():
        shares = {name: _number(run.metrics.get(name)) for name in _SHARES}
        sizes = {name: _number(run.metrics.get(name)) for name in _COUNTS}
        row = [Cell(shown(run.folder)), *(number(None if v is None else 100 * v) for v in shares.values())]
        rows.append([*row, *(number(size, 0) for size in sizes.values()), number(len(run.deviations), 0)])
        own = {name: getattr(run, name) for name in _OF_RUN}
        data.append(own | shares | sizes | {"deviations": "; ".join(run.deviations)})
    return Table("runs", "Runs (accuracies and macro-F1 in %)", columns, rows, data=_frame(data, _RUNS_DATA))


def _frame(rows, columns):
    """A DataFrame that has its columns even without rows, so that its CSV can be read."""
    return pd.DataFrame(rows, columns=columns)


def _accuracy(cell):
    """The Cells of one cell's parts: a dict, empty for a cell that is neither run nor published."""
    if cell is None:
        return {}
    cell = cell._asdict()
    footnote = "†" if cell["published"] in MISPRINTS else ""
    return beside(cell, f"{cell['published']}{footnote}", cell["difference"] if cell["studied"] else None)


def _parts(cells, column):
    """The parts of a column: the thesis' where it has the column, and its curve's where a cell has a point of it."""
    same = cells[(cells.approach == column[0]) & (cells.source == column[1])]
    parts = BESIDE if same.published.notna().any() else OURS
    return (*parts, CURVE) if same.published_curve.notna().any() else parts


def _size(collected, challenge, architecture):
    """Millions of trainable parameters of the fine-tuned network, the published number, and the length of X."""
    runs = collected.runs
    runs = runs[(runs.experiment == "rijks") & (runs.challenge == challenge) & (runs.architecture == architecture)]
    runs = runs[runs.approach != "off-the-shelf"]
    found = {_trainable(config) for config in runs.config}
    ours = found.pop() if len(found) == 1 else None
    return [
        number(ours, 1),
        number(PARAMETERS.get(challenge, {}).get(architecture), 0),
        number(FEATURES.get(architecture), 0),
    ]


def _trainable(config):
    parameters = config.get("parameters")
    count = _number(parameters.get("trainable")) if isinstance(parameters, dict) else None
    return None if count is None else count / 1e6


def _warnings(cells, experiment, collected):
    lines = []
    for challenge, rows in cells.groupby("challenge", sort=False):
        runs = collected.runs[(collected.runs.experiment == experiment) & (collected.runs.challenge == challenge)]
        lines += _other_data(challenge, EXPERIMENTS[experiment], runs)
        if not same_data(rows):
            lines.append(f"{shown(challenge)}: runs were tested on different images, so none is marked as the best.")
        lines += [
            f"{shown(challenge)}, {cell_title(row._asdict())}: left empty, since {row.problem}."
            for row in rows.itertuples()
            if row.problem
        ]
    return lines


def _notes(cells, name):
    notes = []
    if cells.published.isin(list(MISPRINTS)).any():
        causes = "; ".join(f"{value}: {cause}" for value, cause in MISPRINTS.items())
        notes.append(f"† printed so ({causes}); no difference from it is shown.")
    if cells.published_curve.notna().any():
        notes.append(CURVES)
    if cells.deviations.any():
        notes.append(f"{STARRED}; {name}.md and index.html list how.")
    return notes


def _other_data(challenge, place, runs):
    """A line for each collection of these runs that is not the study's."""
    study = COLLECTIONS.get((challenge, place))
    lines = {}
    for run in runs.itertuples():
        classes, images = len(run.config.get("class_names", [])), run.test_images
        here = f"{shown(run.collection)}, with {counted(classes, 'class')} and {counted(images, 'test image')}"
        if study is None:
            lines[f"{shown(challenge)}: the study has no such challenge for {place}; this is {here}."] = None
            continue
        if not is_studied(run):
            there = f"{study[1]:,} classes and about {study[0] / 10:,.0f} test images"
            lines[
                f"{shown(challenge)}: the published numbers are for other data. This is {here}; the study's {place} "
                f"had {there}."
            ] = None
    return list(lines)


def _departures(collected, experiment):
    cells = [(key, runs) for key, runs, _ in collected.cells() if key["experiment"] == experiment]
    return departures((f"{shown(key['challenge'])}: {cell_title(key)}", runs) for key, runs in cells)


def _number(value):
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value):
    return value if isinstance(value, int) and not isinstance(value, bool) else None
