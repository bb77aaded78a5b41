"""Divide a collection five times into train, validation and test, so that every picture is tested once.

    python tools/evidence/make_folds.py louvre-genres --challenge genre --to folds/louvre
    python tools/evidence/make_folds.py clipart-a --challenge artist --to folds/clipart-a --min-images 20

Writes class folders that any experiment reads: TO/CHALLENGE-fold-1/{train,val,test}/CLASS/IMAGE, ... Duplicates stay
together. scikit-learn's StratifiedGroupKFold draws the tests (a fifth each), and once more, within
the rest, the validation pictures (an eighth of the rest: a tenth of all).
"""

import argparse
import os
import shutil
from pathlib import Path

import numpy as np
from comparing import FOLDS, VALIDATION
from sklearn.model_selection import StratifiedGroupKFold

from arttl.check.grouping import duplicates_of
from arttl.check.images import read_images
from arttl.collections import bundled, open_collection

SEED = 42


def folds(labels, groups):
    """The part of each picture in each fold.

    Arguments:
        labels: array (pictures,) of classes.
        groups: array (pictures,): equal numbers for duplicates.

    Yields a str array (pictures,) of "train", "val" or "test".
    """
    numbers = np.arange(len(labels))
    outer = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for learned, tested in outer.split(numbers, labels, groups):
        parts = np.full(len(labels), "train", dtype="<U5")
        parts[tested] = "test"
        inner = StratifiedGroupKFold(VALIDATION, shuffle=True, random_state=SEED)
        _, held = next(inner.split(learned, labels[learned], groups[learned]))
        parts[learned[held]] = "val"
        yield parts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("collection", help="a folder, or clipart-a or clipart-b")
    parser.add_argument("--challenge", required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--min-images", type=int, default=2 * FOLDS, help="leave out classes with fewer pictures (10)")
    options = parser.parse_args()
    named = options.collection in ("clipart-a", "clipart-b")
    collection = bundled(options.collection) if named else open_collection(options.collection, options.challenge)
    labels = collection.labels(options.challenge)
    sizes = labels.map(labels.value_counts())
    labels = labels[sizes >= options.min_images].sort_index()
    paths = {image_id: collection.paths()[image_id] for image_id in labels.index}
    together = duplicates_of(read_images(paths))
    first = {image_id: group[0] for group in together for image_id in group}
    groups = np.array([first.get(image_id, image_id) for image_id in labels.index])
    for number, parts in enumerate(folds(labels.to_numpy(), groups), 1):
        folder = options.to / f"{options.challenge}-fold-{number}"
        if folder.exists():
            shutil.rmtree(folder)
        for image_id, label, part in zip(labels.index, labels, parts, strict=True):
            target = folder / part / label / Path(image_id).name
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                raise SystemExit(f"two pictures are called {target.name}; rename one")
            os.link(paths[image_id], target) if named else shutil.copyfile(paths[image_id], target)
        counts = ", ".join(f"{(parts == part).sum()} {part}" for part in ("train", "val", "test"))
        print(f"{folder}: {counts}")


if __name__ == "__main__":
    main()
