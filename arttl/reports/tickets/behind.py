"""What the thesis plots behind ours: curves of the same data and network, else of what bundled data stand in for."""

from __future__ import annotations

from typing import NamedTuple

from arttl.base.wording import shown
from arttl.published.chapter2 import NETWORK
from arttl.published.curves import LOTTERY_NETWORK, round_curves
from arttl.reports.tickets.naming import network_title

STANDS_FOR = {
    "clipart-a type": "Type-Classification",
    "clipart-a artist": "Artist-Classification-1",
    "clipart-b artist": "Artist-Classification-2",
    "fashion_mnist": "mnist",
}
"""Bundled data, as a panel's target has them, to the thesis' data whose kind of task they have."""


class Behind(NamedTuple):
    """Curves to draw behind a panel.

    Attributes:
        curves: list of RoundCurves.
        of: of what they are where that is not what the panel shows, such as "Type-Classification, ResNet-50"; else "".
    """

    curves: list
    of: str = ""


NOTHING = Behind([])


def behind(figure, target, network):
    """The published curves of a panel: those of its own data and network, else those of what it stands in for.

    Arguments:
        figure: "5", "8", "9a", "9b" or "9c".
        target, network: the panel's.
    """
    own = round_curves(figure, target, network)
    if own or target not in STANDS_FOR:
        return Behind(own)
    other, studied = STANDS_FOR[target], LOTTERY_NETWORK if figure == "5" else NETWORK
    curves = round_curves(figure, other, studied)
    return Behind(curves, f"{shown(other)}, {network_title(studied)}" if curves else "")
