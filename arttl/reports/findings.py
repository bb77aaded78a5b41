"""The thesis' findings as comparisons on the same test images, reported whichever way they fall."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from arttl.collections.wording import shown
from arttl.errors import InputError
from arttl.metrics import paired_difference
from arttl.reports.cells import DECIMALS
from arttl.reports.collect import EXPERIMENTS, pooling_problem, study_order
from arttl.reports.published import ARCHITECTURES, MISPRINTS, accuracies
from arttl.reports.tables import Cell, Table, column_title, number


@dataclass(frozen=True)
class Finding:
    """What the thesis says: on one experiment, the first of two ways to use a network is better than the second.

    Attributes:
        experiment: "rijks" or "antwerp".
        better, worse: pairs of approach and source.
    """

    experiment: str
    better: tuple[str, str]
    worse: tuple[str, str]


FINDINGS = (
    Finding("rijks", ("fine-tuning", ""), ("off-the-shelf", "")),
    Finding("rijks", ("fine-tuning", ""), ("scratch", "")),
    Finding("antwerp", ("fine-tuning", "imagenet"), ("off-the-shelf", "imagenet")),
    Finding("antwerp", ("fine-tuning", "rijks"), ("off-the-shelf", "rijks")),
    Finding("antwerp", ("off-the-shelf", "rijks"), ("off-the-shelf", "imagenet")),
    Finding("antwerp", ("fine-tuning", "rijks"), ("fine-tuning", "imagenet")),
)
"""Source: thesis, sections 1.4 and 1.5."""

VERDICTS = {1: "as in the thesis", 0: "not decided", -1: "the other way round"}

_COLUMNS = ("collection", "challenge", "model", "better, says the thesis", "than")
_MEASURED = ("difference", "95% interval", "images", "seeds", "published", "result")
_DATA = ["experiment", "challenge", "architecture", "better", "worse", "difference", "low", "high", "images", "seeds"]
_DATA += ["published", "result", "problem"]
_NOTES = [
    "Points of test accuracy, the first less the second, on the same test images; with several seeds the images' "
    "results are averaged over those that both have.",
    "The interval (Agresti and Min, 2005) covers the draw of test images, not of seeds; it is not widened for the "
    "number of comparisons. Where it holds zero, nothing is decided.",
]


def findings_table(collected):
    """Every finding of the thesis for which there are runs of both sides: a Table.

    Arguments:
        collected: what collect_runs() returned.
    """
    data = [line for finding in FINDINGS for line in _lines(collected.runs, finding)]
    rows = [_row(line) for line in data]
    warnings = [f"{_title(line)}: left out, since {line['problem']}." for line in data if line["problem"]]
    return Table(
        "findings",
        "Findings of the thesis, on the same test images",
        [("", name) for name in (*_COLUMNS, *_MEASURED)],
        [row for row, line in zip(rows, data, strict=True) if not line["problem"]],
        warnings=warnings,
        notes=_NOTES,
        data=pd.DataFrame(data, columns=_DATA),
        empty="No two runs can be compared yet.",
    )


def compare(better, worse):
    """How much better the runs of one cell are than those of another on the images that both were tested on.

    Arguments:
        better, worse: rows of Collected.runs, of one cell each; only seeds that both have are compared.

    Returns a dict: difference, low and high in points, images, seeds.

    Raises ValueError, saying why, if they cannot be compared.
    """
    for runs in (better, worse):
        if problem := pooling_problem(runs):
            raise ValueError(problem)
    if len({*better.split, *worse.split}) > 1:
        raise ValueError("they were tested on different splits")
    return paired_over_seeds(better, worse)


def paired_over_seeds(better, worse):
    """What compare() returns, of runs that may be averaged and have one split.

    Arguments:
        better, worse: DataFrames with the columns seed and predictions (DataFrames of image_id, label, predicted).

    Raises ValueError if they have no seed in common, or other test images.
    """
    seeds = sorted({*better.seed} & {*worse.seed})
    if not seeds:
        raise ValueError("they have no seed in common")
    right = [
        pd.concat([_right(runs[runs.seed == seed].predictions.iloc[0]) for seed in seeds], axis=1).mean(axis=1)
        for runs in (better, worse)
    ]
    if not right[0].index.equals(right[1].index):
        raise ValueError("they were tested on different images")
    difference, low, high = (100 * value for value in paired_difference(right[0] - right[1]))
    return {"difference": difference, "low": low, "high": high, "images": len(right[0]), "seeds": len(seeds)}


def verdict(low, high):
    """1 if an interval is all above zero, -1 if all below, else 0."""
    return int(low > 0) - int(high < 0)


def _right(predictions):
    table = predictions.set_index("image_id").sort_index()
    return (table.label == table.predicted).astype(float)


def _lines(runs, finding):
    """A dict of _DATA for each challenge and architecture with runs of both sides, in the order of the thesis."""
    runs = runs[runs.experiment == finding.experiment]
    sides = [
        dict(list(runs[_is(runs, side)].groupby(["challenge", "architecture"])))
        for side in (finding.better, finding.worse)
    ]
    both = sides[0].keys() & sides[1].keys()
    for key in sorted(both, key=lambda key: study_order(*key, *finding.better)):
        line = dict.fromkeys(_DATA) | {"experiment": finding.experiment, "problem": ""}
        line |= {"challenge": key[0], "architecture": key[1], "published": _published(finding, *key)}
        line |= {"better": column_title(*finding.better), "worse": column_title(*finding.worse)}
        try:
            line |= compare(sides[0][key], sides[1][key])
        except InputError:
            raise
        except ValueError as error:
            line["problem"] = str(error)
        else:
            line["result"] = VERDICTS[verdict(line["low"], line["high"])]
        yield line


def _is(runs, side):
    return (runs.approach == side[0]) & (runs.source == side[1])


def _published(finding, challenge, architecture):
    """The published difference in points; None where the thesis has none, or misprints one side."""
    table = accuracies(finding.experiment)
    found = [table.get((challenge, architecture, *side)) for side in (finding.better, finding.worse)]
    return None if None in found or MISPRINTS.keys() & {*found} else float(found[0]) - float(found[1])


def _row(line):
    interval = ""
    if line["low"] is not None:
        interval = f"[{line['low']:+.{DECIMALS - 1}f}, {line['high']:+.{DECIMALS - 1}f}]"
    return [
        Cell(EXPERIMENTS[line["experiment"]]),
        Cell(shown(line["challenge"])),
        Cell(shown(ARCHITECTURES.get(line["architecture"], line["architecture"]))),
        Cell(line["better"]),
        Cell(line["worse"]),
        number(line["difference"], sign="+"),
        Cell(interval),
        number(line["images"], 0),
        number(line["seeds"], 0),
        number(line["published"], sign="+"),
        Cell(line["result"] or ""),
    ]


def _title(line):
    return f"{shown(line['challenge'])}, {shown(line['architecture'])}, {line['better']} and {line['worse']}"
