"""How a search for tickets goes about it."""

from __future__ import annotations

from dataclasses import dataclass

from arttl.errors import InputError
from arttl.pruning.callback import REWIND_UNITS, MagnitudePruning
from arttl.pruning.masks import check_rate, check_scope
from arttl.pruning.ticket_file import MAX_ROUNDS

RESETS = ("theta_k", "theta_0", "final", "random")


@dataclass(frozen=True)
class SearchSettings:
    """How tickets are searched for. The defaults are the thesis' where it says, else documented ones of ours.

    Attributes:
        rate: share of the remaining weights that a round prunes, in [0, 1).
        rounds: number of tickets, from 1 to 254. Each is trained, and before them the unpruned network.
        rewind: k, when θ_k is kept in the first round.
        rewind_unit: "epochs" or "steps".
        scope: "global" or "layer": over what magnitudes are compared.
        dense: whether dense layers are pruned too.
        head: whether the last layer is pruned too.
        reset: what the survivors start a round from: "theta_k"; "theta_0", the initial weights, whatever `rewind` is;
            "final", the weights that the round before has trained; "random", weights drawn anew each round.
        keep_initial: keep θ_0 in the file too.
        keep_final: keep θ_i, the surviving weights as trained, of each ticket too.

    Raises InputError for a value that a setting does not take.
    """

    rate: float = 0.2
    rounds: int = 31
    rewind: int = 1
    rewind_unit: str = "epochs"
    scope: str = "global"
    dense: bool = False
    head: bool = False
    reset: str = "theta_k"
    keep_initial: bool = False
    keep_final: bool = False

    def __post_init__(self):
        check_rate(self.rate)
        check_scope(self.scope)
        if not 1 <= self.rounds <= MAX_ROUNDS:
            raise InputError(f"rounds cannot be {self.rounds}; give 1 to {MAX_ROUNDS}")
        for name, values in (("reset", RESETS), ("rewind_unit", REWIND_UNITS)):
            if getattr(self, name) not in values:
                raise InputError(f"{name} cannot be {getattr(self, name)!r}; it takes {', '.join(values)}")

    def callback(self):
        """A new MagnitudePruning of these settings."""
        rewind = 0 if self.reset == "theta_0" else self.rewind
        return MagnitudePruning(self.rate, self.scope, rewind, self.rewind_unit, self.dense, self.head)
