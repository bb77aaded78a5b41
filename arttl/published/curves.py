"""The curves of Figures 2, 3, 5, 8 and 9, to one decimal of a percentage.

Made by `tools/make_published_curves.py` from the files that the finished thesis' plots are drawn from (SOURCE).
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from arttl.published.chapter2 import NETWORK, RATE

FOLDER = Path(__file__).parents[1] / "data" / "published"
SOURCE = "the author's public sources of the thesis, 2022: github.com/paintception/phd-thesis, chapters 4 and 6"

LOTTERY_NETWORK = "lenet_300_100"
"""The network of Figure 5, "a two-hidden-layer network"; Figures 8 and 9 are of chapter2.NETWORK."""


class EpochCurve(NamedTuple):
    """Validation accuracy by epoch: a line of Figure 2 or 3.

    Attributes:
        figure: "2" or "3".
        challenge, network, approach: of the run.
        percent: tuple of float, of epoch 1 on. To the panel's end a curve repeats the last value that it had.
    """

    figure: str
    challenge: str
    network: str
    approach: str
    percent: tuple

    @property
    def epochs(self):
        """Epoch numbers of `percent`."""
        return range(1, len(self.percent) + 1)


class RoundCurve(NamedTuple):
    """Test accuracy by round, mean over seeds: a line of Figure 5, 8 or 9.

    Attributes:
        figures: tuple of "5", "8", "9a", "9b" and "9c": where it is drawn.
        target: "mnist", or a name of Table 4.
        source: as in `chapter2`: SCRATCH, a natural source, OWN, or another target.
        start: "scratch" (one value throughout), "ticket", "final" or "reinitialised".
        fraction: of the training images that ticket and training had.
        percent: tuple of float, of round 0 (nothing pruned) on.
    """

    figures: tuple
    target: str
    source: str
    start: str
    fraction: float
    percent: tuple

    @property
    def pruned(self):
        """The fraction of weights pruned in each round: a list."""
        return [pruned(number) for number in range(len(self.percent))]


def pruned(number):
    """The fraction of weights pruned after so many rounds."""
    return 1 - (1 - RATE) ** number


def epoch_curves(challenge):
    """The EpochCurves of a challenge: a list, empty for one that the thesis does not have."""
    return [each for each in _epoch_curves() if each.challenge == challenge]


def round_curves(figure, target=None, network=None):
    """The RoundCurves of a figure.

    Arguments:
        figure: "5", "8", "9a", "9b" or "9c".
        target: only those of this target; None for all.
        network: a network's name: no curve is of another than the thesis'; None not to ask.

    Returns a list.
    """
    studied = network in (None, LOTTERY_NETWORK if figure == "5" else NETWORK)
    return [each for each in _round_curves() if studied and figure in each.figures and target in (None, each.target)]


def accuracy_at_epoch(challenge, network, approach, epoch):
    """What Figure 2 or 3 shows at an epoch, in percent; None where there is no such line, or it is shorter."""
    for each in epoch_curves(challenge):
        if (each.network, each.approach) == (network, approach) and isinstance(epoch, int) and epoch in each.epochs:
            return each.percent[epoch - 1]
    return None


def accuracy_at_round(target, network, source, number):
    """What Figure 8 shows of a source's ticket at a round, in percent; None where there is no such point."""
    for each in round_curves("8", target, network):
        if (each.source, each.start) == (source, "ticket") and 0 <= number < len(each.percent):
            return each.percent[number]
    return None


@cache
def _epoch_curves():
    return tuple(
        EpochCurve(row["figure"], row["challenge"], row["network"], row["approach"], _percent(row))
        for row in _rows("epochs.csv")
    )


@cache
def _round_curves():
    return tuple(
        RoundCurve(
            tuple(row["figures"].split()),
            row["target"],
            row["source"],
            row["start"],
            float(row["fraction"]),
            _percent(row),
        )
        for row in _rows("rounds.csv")
    )


def _rows(name):
    with open(FOLDER / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _percent(row):
    """The values of a row's columns that are numbers, which shorter curves leave empty at the end."""
    return tuple(float(value) for name, value in row.items() if name.isdecimal() and value)
