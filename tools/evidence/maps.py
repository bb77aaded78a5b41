"""How far fine tuning moves where a network looks: Figure 4 in numbers, for docs/results/maps.csv.

    python tools/evidence/maps.py RUNS/thesis FOLDS/louvre-genres --challenge genre

VisualBackProp before and after fine tuning, on the test pictures of each fold for which both runs have ended. A row a
fold and kind of picture: the median over pictures of the rank correlation of the two maps; and of a map with the other
network's map of the next picture, which says what maps have in common anyway. Rows of other folds, of runs that are on
another machine, stay.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from arttl.base.errors import InputError
from arttl.base.files import write_table
from arttl.base.quietly import import_keras_quietly
from arttl.collections import Reading
from arttl.transfer.data import Opened
from arttl.transfer.saliency import METHODS, SaliencyStudy, as_seen, find_images, side_maps

KINDS = {
    "right after alone": lambda before, after: ~before & after,
    "right before alone": lambda before, after: before & ~after,
    "right both times": lambda before, after: before & after,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, help="the folder above fold-1 to fold-5")
    parser.add_argument("folds", type=Path, help="the collection's folds, of make_folds.py")
    parser.add_argument("--challenge", required=True)
    parser.add_argument("--architecture", default="xception")
    parser.add_argument("--to", type=Path, default=Path("docs/results/maps.csv"))
    options = parser.parse_args()
    import_keras_quietly()
    rows = []
    for fold in range(1, 6):
        data = options.folds / f"{options.challenge}-fold-{fold}"
        which = {"challenge": options.challenge, "architecture": options.architecture, "seed": fold}
        study = SaliencyStudy(**which, output=options.runs / f"fold-{fold}", reading=Reading(data))
        try:
            before, after = study.sides()
        except InputError as error:
            print(f"fold {fold}: {error}")
            continue
        rows += [{"pictures": options.folds.name, "fold": fold} | row for row in of_fold(study, before, after)]
        print(pd.DataFrame(rows[-len(KINDS) :]).to_string(index=False), flush=True)
    if rows:
        write_table(options.to, beside_others(pd.DataFrame(rows), options.to))


def beside_others(table, path):
    """A table with the rows of a file that are of other pictures or folds."""
    if path.exists():
        old, keys = pd.read_csv(path), ["pictures", "fold"]
        others = old[~old.set_index(keys).index.isin(table.set_index(keys).index)]
        table = pd.concat([others, table]).sort_values(keys, kind="stable")
    return table


def of_fold(study, before, after):
    """A row for each kind of picture: a list of dicts."""
    ids = after.predictions.index
    images = as_seen(*find_images(study.reading, study.challenge, after.settings, ids, Opened()))
    _, method = METHODS["visual-backprop"]
    first, second = (side_maps(side, images, method).reshape(len(ids), -1) for side in (before, after))
    same, others = correlations(first, second), correlations(first, np.roll(second, 1, axis=0))
    right = [(side.predictions.predicted == side.predictions.label).reindex(ids).to_numpy() for side in (before, after)]
    rows = []
    for kind, chosen in KINDS.items():
        these = chosen(*right)
        medians = [float(np.median(each[these])) if these.any() else np.nan for each in (same, others)]
        rows.append({"kind": kind, "images": int(these.sum()), "same": medians[0], "another": medians[1]})
    return rows


def correlations(first, second):
    """Spearman's rank correlation of each pair of maps: an array of shape (n,)."""
    return np.array([spearmanr(one, other).statistic for one, other in zip(first, second, strict=True)])


if __name__ == "__main__":
    main()
