"""The rounds of searches as Series: what a search itself trained and tested, averaged over seeds."""

from __future__ import annotations

import pandas as pd

from arttl.reports.tickets.naming import NATURAL, order
from arttl.reports.tickets.series import OF_SEARCH, Series, pooling_problem, rounds_of

_MEASURED = ("test_accuracy", "test_accuracy_low", "test_accuracy_high", "val_accuracy", "val_loss")
_KEY = ["source", "network", "fraction", "batchnorm"]
_COLUMNS = ["folder", "path", *_KEY, "round", "seed", "sparsity", "settings", "metrics"]


def search_series(searches):
    """Searches as Series, one for each source, network, share of the images and setting of
    BatchNormalization: a list in the order of the thesis.

    Arguments:
        searches: rows of Tickets.searches; unfinished ones have fewer rounds.
    """
    rows = [row for search in searches.to_dict("records") for row in _rounds(search)]
    groups = list(pd.DataFrame(rows, columns=_COLUMNS).groupby(_KEY, sort=False))
    return [_series(key, runs) for key, runs in sorted(groups, key=lambda group: order("", group[0][1], group[0][0]))]


def studies_of_parts(searches):
    """Figure 9c's Series: of each target's searches that differ in the share of its training images.

    Arguments:
        searches: Tickets.searches, of which those of Figure 5 and of natural sources are left out.

    Returns a dict of (source, network, batchnorm) to a list of two Series or more, the largest share first, in the
    order of the thesis.
    """
    found = {}
    for each in search_series(searches[~searches.lth.astype(bool) & ~searches.source.isin([*NATURAL])]):
        found.setdefault(tuple(each.key[name] for name in ("source", "network", "batchnorm")), []).append(each)
    return {
        key: sorted(parts, key=lambda each: -each.key["fraction"])
        for key, parts in sorted(found.items(), key=lambda item: order(*item[0]))
        if len(parts) > 1
    }


def _rounds(search):
    for row in search["rounds"].to_dict("records"):
        about = {name: search[name] for name in ("folder", "path", *_KEY, "seed", "settings")}
        metrics = {name: row.get(name) for name in _MEASURED}
        yield about | {"round": row["round"], "sparsity": row["sparsity"], "metrics": metrics}


def _series(key, runs):
    key = dict(zip(_KEY, key, strict=True)) | {"start": "ticket"}
    runs = runs.sort_values(["round", "seed"])
    problem = pooling_problem(runs, OF_SEARCH)
    return Series(key, runs, problem, rounds_of(runs[:0] if problem else runs))
