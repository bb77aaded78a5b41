"""Tables 4, 5 and 6 beside the published numbers."""

from __future__ import annotations

import pandas as pd

from arttl.base.wording import counted, first_few, shown
from arttl.collections.table import PARTS
from arttl.collections.targets import TARGETS
from arttl.published.chapter2 import COLUMNS, NETWORK, OFF_GRID, SCRATCH, UNPRUNED
from arttl.reports.cells import INTERVALS
from arttl.reports.table import BESIDE, CURVE, STARRED, Cell, Table, beside, departures, interval, number
from arttl.reports.tickets.cells import ROW, of_row, other_settings, same_data, table_series, ticket_cells
from arttl.reports.tickets.naming import network_title, order, source_title
from arttl.reports.tickets.series import CHOICES, WITH_0

MARKS = "Best in bold, second best underlined, for each target: among the sources, and from scratch."
MOST = 10**12  # images, or classes, that a run may say it had
_SIZES = (*PARTS, "N_t", "Q_t")
_BY_VALIDATION = ("with round 0", "chosen on validation", "its interval")
_CURVES = f"{CURVE[0].upper()}{CURVE[1:]}: what Figure 8 has at the round of our best ticket, to one decimal."
_NOT_PRUNED = "‡ printed so; in Figure 8 the accuracy is that of round 0, the network that is not pruned."
_NO_RUN = "No network was trained from a ticket yet."


def targets_table(tickets):
    """Table 4: sizes of the targets that were run, beside the published ones: a Table."""
    groups = dict(list(tickets.runs.groupby("target")))
    data, warnings = [], []
    for target in sorted({*groups, *(each.name for each in TARGETS)}, key=lambda name: order(name, "")):
        sizes = {_sizes(run) for run in groups[target].itertuples()} if target in groups else set()
        if len(sizes) > 1:
            warnings.append(f"{shown(target)}: left empty, since its runs had different numbers of images or classes.")
        here = sizes.pop() if len(sizes) == 1 else [None] * len(_SIZES)
        there = _published_sizes(target)
        row = {"target": target} | dict(zip(_SIZES, here, strict=True))
        data.append(row | {f"{name}_published": size for name, size in zip(_SIZES, there, strict=True)})
        warnings += _other_size(target, here)
    columns = [("", "target")] + [(name, part) for name in _SIZES for part in ("value", "published")]
    rows = [
        [Cell(shown(row["target"])), *(number(row[f"{n}{part}"], 0) for n in _SIZES for part in ("", "_published"))]
        for row in data
    ]
    names = [f"{name}{part}" for name in _SIZES for part in ("", "_published")]
    frame = pd.DataFrame(data, columns=["target", *names], dtype=object)
    notes = ["N_t images and Q_t classes as used; a target is the thesis' if it has its name."]
    return Table("table4", "Table 4: targets", columns, rows, warnings, notes, data=frame)


def accuracy_table(series):
    """Table 5: the best ticket's test accuracy for each target and source, beside the published one: a Table."""
    cells = ticket_cells(series)
    sources = _sources(cells)
    columns = [("", "target"), ("", "network")]
    columns += [(source_title(source), part) for source in sources for part in _parts(source)]
    rows = _rows(cells, sources, _accuracy)
    notes = [MARKS, CHOICES, WITH_0, _CURVES, _NOT_PRUNED, INTERVALS, *_left_out(cells), *_starred(cells, "table5")]
    return Table(
        "table5",
        "Table 5: test accuracy (%) of the best ticket",
        columns,
        rows,
        _warnings(series, cells),
        notes,
        departures((_title(each.key), each.runs) for each in table_series(series).values()),
        cells,
    )


def fractions_table(series):
    """Table 6: the fraction of weights pruned in the tickets of Table 5, beside the published one: a Table."""
    cells = ticket_cells(series)
    cells = cells[cells.source != SCRATCH]
    sources = _sources(cells)
    parts = ("value", "published", "with round 0", "chosen on validation")
    columns = [("", "target"), ("", "network")]
    for source in sources:
        columns += [(source_title(source), part) for part in parts if part != "published" or source in COLUMNS]
    notes = ["A fraction of the prunable weights. " + CHOICES, WITH_0, *_left_out(cells)]
    plotted = " and ".join(f"{each} instead of {printed}" for printed, each in OFF_GRID.items())
    notes += [f"† no round has it: the fractions are 1 - 0.8^n. Figure 8 has {plotted}.", _NOT_PRUNED]
    names = [*ROW, "source", "seeds", "round", "sparsity", "published_fraction", "with_0_round", "with_0_sparsity"]
    data = cells[[*names, "validation_round", "validation_sparsity", "rounds_left_out", "problem"]]
    title = "Table 6: fraction of weights pruned in the best ticket"
    warnings = _problems(cells)
    return Table("table6", title, columns, _rows(cells, sources, _fraction), warnings, notes, data=data)


def _published_sizes(target):
    known = next((each for each in TARGETS if each.name == target), None)
    return (*known.sizes, known.images, known.classes) if known else (None,) * len(_SIZES)


def _other_size(target, sizes):
    """A line that warns of a target with the name of one of the thesis' and another size; a list of one or none."""
    pairs = zip(sizes, _published_sizes(target), strict=True)
    if not any(None not in pair and pair[0] != pair[1] for pair in pairs):
        return []
    return [f"{shown(target)}: not of the study's size (Table 4), so the published numbers are for other data."]


def _sizes(run):
    images, classes = run.config.get("images"), run.settings.get("classes")
    parts = [_count(images.get(part)) if isinstance(images, dict) else None for part in PARTS]
    return (*parts, None if None in parts else sum(parts), _count(classes))


def _count(value):
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST else None


def _sources(cells):
    """The table's groups of columns: the thesis' always, others where they were run."""
    others = sorted({*cells.source} - {*COLUMNS}, key=lambda source: order("", "", source))
    return [*(source for source in COLUMNS if (cells.source == source).any()), *others]


def _parts(source):
    if source == SCRATCH:
        return BESIDE
    return (*BESIDE, CURVE, *_BY_VALIDATION) if source in COLUMNS else (*BESIDE[:2], *_BY_VALIDATION)


def _rows(cells, sources, texts):
    """A row of Cells for each target and network; `texts` gives those of a cell and of a source without any."""
    rows = []
    for (target, network), row in cells.groupby(ROW, sort=False):
        by_source = {each["source"]: each for each in row.to_dict("records")}
        found = [Cell(shown(target)), Cell(network_title(network))]
        for source in sources:
            found += texts(by_source.get(source), source)
        rows.append(found)
    return rows


def _accuracy(cell, source):
    if cell is None:
        return [Cell()] * len(_parts(source))
    published = f"{cell['published']} ± {cell['published_std']}{_footnote(cell)}"
    texts = beside(cell, published, cell["difference"])
    texts["with round 0"] = number(cell["with_0_accuracy"])
    chosen = {name: cell[f"validation_{name}"] for name in ("accuracy", "low", "high", "interval")}
    texts["chosen on validation"] = number(chosen["accuracy"], mark=cell["validation_mark"])
    texts["its interval"] = interval(chosen | {"seeds": cell["seeds"]})
    return [texts[part] for part in _parts(source)]


def _fraction(cell, source):
    if cell is None:
        return [Cell()] * (4 if source in COLUMNS else 3)
    printed = cell["published_fraction"]
    published = Cell()
    if printed is not None:
        footnote = "†" if printed in OFF_GRID else _footnote(cell)
        published = Cell(printed + footnote, sort=float(printed))
    ours = [number(cell[name], 3) for name in ("sparsity", "with_0_sparsity", "validation_sparsity")]
    return [ours[0], published, *ours[1:]] if source in COLUMNS else ours


def _footnote(cell):
    """The sign of a published cell that is of the network that is not pruned."""
    return "‡" if cell["network"] == NETWORK and (cell["target"], cell["source"]) in UNPRUNED else ""


def _warnings(series, cells):
    lines, found = _problems(cells), table_series(series)
    lines += [
        f"{_title(each.key)}: of searches on {each.key['fraction']:.0%} of the training images."
        for each in found.values()
        if each.key["fraction"] < 1
    ]
    sizes = {(each.key["target"], _sizes(run)) for each in found.values() for run in each.runs.itertuples()}
    lines += dict.fromkeys(line for each in sorted(sizes, key=str) for line in _other_size(*each))
    for key in dict.fromkeys(tuple(row) for *row, _ in found):
        row = of_row(found, key)
        where = f"{shown(key[0])}, {network_title(key[1])}"
        if not same_data(row):
            lines.append(f"{where}: runs were tested on different images, so none is marked as the best.")
        elif names := other_settings(row):
            lines.append(f"{where}: runs differ in {first_few(names)}, so none is marked as the best.")
    return lines


def _problems(cells):
    return [f"{_title(row)}: left empty, since {row['problem']}." for row in cells.to_dict("records") if row["problem"]]


def _left_out(cells):
    """A note for each cell with rounds that lack seeds."""
    return [
        f"{_title(row)}: {counted(row['rounds_left_out'], 'round')} without all of the cell's seeds left out."
        for row in cells.to_dict("records")
        if row["rounds_left_out"]
    ]


def _title(row):
    return f"{shown(row['target'])}, {network_title(row['network'])}, {source_title(row['source'])}"


def _starred(cells, name):
    return [f"{STARRED}; {name}.md and index.html list how."] if cells.deviations.any() else []
