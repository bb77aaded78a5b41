"""SVMs and random forests on X beside the softmax layer (thesis, section 1.2.3, footnote)."""

from __future__ import annotations

import pandas as pd

from arttl.reports.cells import INTERVALS, MEASURE, marks, measure
from arttl.reports.collect import CELL, SOFTMAX, pooling_problem, study_order
from arttl.reports.table import PLACE, Table, interval, number, place_cells
from arttl.reports.tried import CLASSIFIERS

_DATA = [*CELL, "classifier", *MEASURE, "mark", "problem", "collection"]
_NOTES = [
    "All on the same X, off the shelf. The thesis says of SVM and random forest that they gave about the same result, "
    "without numbers; their hyper-parameters were searched on the validation images.",
    "Best in bold, second best underlined, of each row.",
    INTERVALS,
]


def classifiers_table(collected):
    """Test accuracy of each classifier on X: a Table, one row a network, without rows if only softmax layers were run.

    Arguments:
        collected: what collect_runs() returned.
    """
    softmax = collected.runs[collected.runs.approach == "off-the-shelf"].assign(classifier=SOFTMAX)
    runs = pd.concat([softmax, collected.classical], ignore_index=True)
    rows, data, names = [], [], [*CELL, "collection"]
    for key, network in sorted(
        runs.groupby(names, sort=False), key=lambda group: (study_order(*group[0][:-1]), group[0])
    ):
        if set(network.classifier) == {SOFTMAX}:
            continue
        key = dict(zip(names, key, strict=True))
        found = {name: _measured(network[network.classifier == name]) for name in CLASSIFIERS}
        for mark, value in zip(marks(each["accuracy"] for each in found.values()), found.values(), strict=True):
            value["mark"] = mark
        row = place_cells(key)
        for name, value in found.items():
            row += [number(value["accuracy"], mark=value["mark"]), interval(value)]
            if value["seeds"] or value["problem"]:
                data.append(key | {"classifier": name} | value)
        rows.append(row)
    columns = [("", name) for name in PLACE]
    columns += [(title, part) for title in CLASSIFIERS.values() for part in ("value", "interval")]
    return Table(
        "classifiers",
        "Classifiers on X: test accuracy (%) off the shelf",
        columns,
        rows,
        warnings=[f"{line['classifier']}: left empty, since {line['problem']}." for line in data if line["problem"]],
        notes=_NOTES,
        data=pd.DataFrame(data, columns=_DATA),
        empty="No run has a classifier other than the softmax layer.",
    )


def _measured(runs):
    """The measure of a classifier's runs, and why they cannot be averaged, if they cannot."""
    problem = pooling_problem(runs) if len(runs) else ""
    return measure(runs[:0] if problem else runs, "test_accuracy") | {"problem": problem}
