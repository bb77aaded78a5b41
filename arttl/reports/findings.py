"""The thesis' findings as comparisons on the same test images, reported whichever way they fall."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from arttl.base.errors import InputError
from arttl.published.chapter1 import MISPRINTS, accuracies
from arttl.reports.agreement import check_agreement
from arttl.reports.collect import pooling_problem, study_order
from arttl.reports.comparing import (
    METHOD,
    common_seeds,
    interval_text,
    judged,
    not_compared,
    of_seed,
    paired_over_seeds,
)
from arttl.reports.table import PLACE, Cell, Table, number, place_cells
from arttl.reports.tables import column_title


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
"""Source: thesis, sections 1.3.1 to 1.3.3."""

VERDICTS = {1: "as in the thesis", 0: "not decided", -1: "the other way round"}

_COLUMNS = (*PLACE, "better, says the thesis", "than")
MEASURED = ("difference", "95% interval", "images", "seeds", "published", "result")
_DATA = ["experiment", "challenge", "architecture", "better", "worse", "difference", "low", "high", "covers"]
_DATA += ["images", "seeds", "published", "result", "problem", "collection"]
_NOTES = [
    "Points of test accuracy, the first less the second, on the same test images; with several seeds the images' "
    "results are averaged over those that both have.",
    METHOD,
]


def findings_table(collected):
    """Every finding of the thesis for which there are runs of both sides: a Table.

    Arguments:
        collected: what collect_runs() returned.
    """
    data = [line for finding in FINDINGS for line in _lines(collected.runs, finding)]
    return Table(
        "findings",
        "Findings of the thesis, on the same test images",
        [("", name) for name in (*_COLUMNS, *MEASURED)],
        [_row(line) for line in data],
        notes=_NOTES,
        data=pd.DataFrame(data, columns=_DATA),
        empty="No two runs can be compared yet.",
    )


def compare(better, worse):
    """How much better the runs of one cell are than those of another on the images that both were tested on.

    Arguments:
        better, worse: rows of Collected.runs, of one cell each; only seeds that both have are compared.

    Returns what paired_over_seeds() returns.

    Raises ValueError, saying why, if they cannot be compared.
    """
    for runs in (better, worse):
        if problem := pooling_problem(runs):
            raise ValueError(problem)
    for seed in common_seeds(better, worse):
        check_agreement(of_seed(better, seed), of_seed(worse, seed))
    return paired_over_seeds(better, worse)


def _lines(runs, finding):
    """A dict of _DATA for each challenge and architecture with runs of both sides, in the order of the thesis."""
    runs = runs[runs.experiment == finding.experiment]
    sides = [
        dict(list(runs[_is(runs, side)].groupby(["challenge", "architecture", "collection"])))
        for side in (finding.better, finding.worse)
    ]
    both = sides[0].keys() & sides[1].keys()
    for key in sorted(both, key=lambda key: (study_order(*key[:2], *finding.better), key)):
        line = dict.fromkeys(_DATA) | {"experiment": finding.experiment, "problem": ""}
        line |= {"challenge": key[0], "architecture": key[1], "published": _published(finding, *key[:2])}
        line["collection"] = key[2]
        line |= {"better": column_title(*finding.better), "worse": column_title(*finding.worse)}
        try:
            line |= compare(sides[0][key], sides[1][key])
        except InputError:
            raise
        except ValueError as error:
            line |= {"problem": str(error), "result": not_compared(error)}
        else:
            line["result"] = judged(line, VERDICTS)
        yield line


def _is(runs, side):
    return (runs.approach == side[0]) & (runs.source == side[1])


def _published(finding, challenge, architecture):
    """The published difference in points; None where the thesis has none, or misprints one side."""
    table = accuracies(finding.experiment)
    found = [table.get((challenge, architecture, *side)) for side in (finding.better, finding.worse)]
    return None if None in found or MISPRINTS.keys() & {*found} else float(found[0]) - float(found[1])


def _row(line):
    return [
        *place_cells(line),
        Cell(line["better"]),
        Cell(line["worse"]),
        *compared_cells(line),
    ]


def compared_cells(line):
    """The Cells of MEASURED.

    Arguments:
        line: a dict of what paired_over_seeds() returns, published and result.
    """
    return [
        number(line["difference"], sign="+"),
        Cell(interval_text(line), sort=line["low"]),
        number(line["images"], 0),
        number(line["seeds"], 0),
        number(line["published"], sign="+"),
        Cell(line["result"]),
    ]
