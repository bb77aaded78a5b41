"""Chapter 2's published numbers, as printed. Source: thesis, Tables 5 and 6; for Table 4 see collections/targets.py."""

from __future__ import annotations

OWN = "target ticket"
"""The source of tickets that were found on the target itself."""

SCRATCH = ""
"""The source of the unpruned network that was trained on the target from random weights."""

COLUMNS = (SCRATCH, "cifar10", "cifar100", "fashion_mnist", OWN)
"""Table 5's columns. Table 6 has all but the first."""

NETWORK = "resnet50"
"""The network of Tables 5 and 6."""

ACCURACIES = {
    "Human-LBA": ("71.85 ± 1.12", "79.17 ± 1.85", "76.97 ± 0.73", "77.32 ± 1.85", "81.72 ± 0.39"),
    "Lung-Tissues": ("84.75 ± 0.81", "88.90 ± 1.97", "87.61 ± 0.90", "87.61 ± 0.11", "90.48 ± 0.16"),
    "Mouse-LBA": ("48.17 ± 1.18", "74.20 ± 2.04", "57.42 ± 0.48", "52.27 ± 1.73", "68.20 ± 3.79"),
    "Bone-Marrow": ("64.66 ± 1.36", "71.75 ± 3.36", "69.87 ± 0.39", "68.77 ± 0.39", "72.55 ± 0.46"),
    "Artist-Classification-1": ("45.88 ± 0.42", "66.58 ± 1.54", "65.55 ± 1.79", "63.88 ± 0.12", "58.74 ± 1.92"),
    "Type-Classification": ("41.36 ± 2.31", "58.63 ± 2.97", "60.56 ± 0.44", "58.92 ± 0.59", "50.44 ± 2.23"),
}
"""Test accuracy of the best ticket in percent, mean and standard deviation over four seeds: Table 5."""

FRACTIONS = {
    "Human-LBA": ("0.945", "0.79", "0.886", "0.832"),
    "Lung-Tissues": ("0.977", "0.977", "0.672", "0.965"),
    "Mouse-LBA": ("0.972", "0.893", "0.738", "0.931"),
    "Bone-Marrow": ("0.866", "0.988", "0.931", "0.914"),
    "Artist-Classification-1": ("0.972", "0.993", "0.991", "0.931"),
    "Type-Classification": ("0.991", "0.931", "0.995", "0.963"),
}
"""Fraction of weights pruned in that ticket: Table 6."""

RATE = 0.2
ROUNDS = 31
"""Points of every series in Figures 5, 8 and 9: rounds 0, not pruned, to 30."""

OFF_GRID = {"0.886": "0.866", "0.963": "0.965"}
"""Values of Table 6 that no round has, and what Figure 8 has in their place: the others are 1 - (1 - RATE)^n."""

UNPRUNED = (("Human-LBA", "cifar100"), ("Mouse-LBA", "fashion_mnist"))
"""Target and source of the two cells of Table 5 whose accuracy is that of round 0, the network that is not pruned."""

BATCHNORM = {"momentum": 0.99, "recalibrate": False}
"""The study's setting of BatchNormalization, which runs have that say nothing of it."""


def accuracy(target, network, source):
    """Table 5's cell: (mean, standard deviation) in percent, both str as printed; None where the thesis has none."""
    cells = dict(zip(COLUMNS, ACCURACIES.get(target, ()), strict=False))
    return tuple(cells[source].split(" ± ")) if network == NETWORK and source in cells else None


def fraction(target, network, source):
    """Table 6's cell, a str as printed; None where the thesis has none."""
    cells = dict(zip(COLUMNS[1:], FRACTIONS.get(target, ()), strict=False))
    return cells.get(source) if network == NETWORK else None


def plotted_fraction(target, network, source):
    """Where Figure 8 has the accuracy of Table 5's cell: a float; None where the thesis has none.

    It is the fraction of Table 6 but for what `errata` lists.
    """
    if (target, source) in UNPRUNED and network == NETWORK:
        return 0.0
    printed = fraction(target, network, source)
    return None if printed is None else float(OFF_GRID.get(printed, printed))
