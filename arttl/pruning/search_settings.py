"""How a search for tickets goes about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from arttl.errors import InputError
from arttl.pruning.callback import REWIND_UNITS, MagnitudePruning
from arttl.pruning.criteria import CRITERIA, DEFAULT, check_choice
from arttl.pruning.ticket_file import MAX_ROUNDS

RESETS = ("theta_k", "theta_0", "final", "random")
_LATER = {"criterion": DEFAULT, "rates": {}}  # settings that the first release did not have


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
        criterion: which weights go, of arttl.pruning.CRITERIA.
        rates: layers whose rate is another, such as {"head": 0.1}, as of arttl.pruning.prune; not under scope "global".

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
    criterion: str = DEFAULT
    rates: dict = field(default_factory=dict, hash=False)

    def __post_init__(self):
        check_choice(self.rate, self.scope, self.criterion, self.rates)
        if not 1 <= self.rounds <= MAX_ROUNDS:
            raise InputError(f"rounds cannot be {self.rounds}; give 1 to {MAX_ROUNDS}")
        for name, values in (("reset", RESETS), ("rewind_unit", REWIND_UNITS)):
            if getattr(self, name) not in values:
                raise InputError(f"{name} cannot be {getattr(self, name)!r}; it takes {', '.join(values)}")

    def recorded(self):
        """The settings as they are written and compared: a dict, where a setting of _LATER that is missing is that.

        So a search of before these settings is still recognised as the same.
        """
        return {name: value for name, value in asdict(self).items() if name not in _LATER or value != _LATER[name]}

    def callback(self, seed=0):
        """A new MagnitudePruning of these settings.

        Arguments:
            seed: non-negative integer, for a criterion that draws.
        """
        rewind = 0 if self.reset == "theta_0" else self.rewind
        seed = seed if CRITERIA[self.criterion].seeded else 0
        chosen = {"criterion": self.criterion, "rates": self.rates, "seed": seed}
        return MagnitudePruning(self.rate, self.scope, rewind, self.rewind_unit, self.dense, self.head, **chosen)
