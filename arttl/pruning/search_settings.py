"""How a search for tickets goes about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from arttl.base.errors import InputError
from arttl.pruning.callback import MagnitudePruning
from arttl.pruning.criteria import CRITERIA, DEFAULT, check_choice, is_count
from arttl.pruning.steps import REWIND_UNITS
from arttl.pruning.ticket_file import MAX_ROUNDS

RESETS = ("theta_k", "theta_0", "final", "random")
SCHEDULES = ("start", "rewind")
ON_DEAD = ("stop", "continue")


@dataclass(frozen=True)
class SearchSettings:
    """How tickets are searched for. The defaults are the thesis' and its appendix', else documented ones of ours.

    Attributes:
        rate: share of the remaining weights that a round prunes, in [0, 1).
        rounds: of pruning, from 0 to 254: the last round's number, as the thesis counts. Round 0 trains the unpruned
            network.
        rewind: k, when θ_k is kept in the first round.
        rewind_unit: "epochs" or "steps".
        scope: "layer" or "global": over what magnitudes are compared.
        dense: whether dense layers are pruned too.
        head: whether the last layer is pruned too.
        reset: what the survivors start a round from: "theta_k"; "theta_0", the initial weights, whatever `rewind` is;
            "final", the weights that the round before has trained; "random", weights drawn anew each round.
        schedule_from: where a learning-rate schedule stands when a round after the first begins: "start", as in the
            first round, or "rewind", at epoch k, whose weights it starts from.
        on_dead: what is done after a round of pruning whose features no longer depend on the image: "stop", or
            "continue". After round 0, before anything is pruned, the search goes on: θ_k may be alive.
        keep_initial: keep θ_0 in the file too.
        keep_final: keep θ_i, the surviving weights as trained, of each ticket too.
        criterion: which weights go, of arttl.pruning.CRITERIA.
        layers: names or patterns of the layers to prune, in the place of `dense` and `head`, and skip_unknown: whether
            layers of unknown kinds stay unpruned; as of prunable_kernels, but no functions.
        rates: layers whose rate is another, such as {"head": 0.1}, as of arttl.pruning.prune; not under scope "global".

    Raises InputError for a value that a setting does not take.
    """

    rate: float = 0.2
    rounds: int = 30
    rewind: int = 2
    rewind_unit: str = "epochs"
    scope: str = "layer"
    dense: bool = False
    head: bool = False
    reset: str = "theta_k"
    schedule_from: str = "start"
    on_dead: str = "stop"
    keep_initial: bool = False
    keep_final: bool = False
    criterion: str = DEFAULT
    rates: dict = field(default_factory=dict, hash=False)
    layers: str | Sequence[str] | None = None
    skip_unknown: bool = False

    def __post_init__(self):
        check_choice(self.rate, self.scope, self.criterion, self.rates)
        if not is_count(self.rounds) or self.rounds > MAX_ROUNDS:
            raise InputError(f"rounds cannot be {self.rounds!r}; give a whole number from 0 to {MAX_ROUNDS}")
        if not is_count(self.rewind):
            raise InputError(f"rewind cannot be {self.rewind!r}; give a number of {self.rewind_unit}, 0 or more")
        patterns = (self.layers,) if isinstance(self.layers, str) or callable(self.layers) else self.layers
        if patterns is not None:
            if not all(isinstance(each, str) for each in patterns):
                raise InputError(f"layers cannot be {self.layers!r}; give names or patterns, which a file can hold")
            object.__setattr__(self, "layers", tuple(patterns))
        choices = {"reset": RESETS, "rewind_unit": REWIND_UNITS, "schedule_from": SCHEDULES, "on_dead": ON_DEAD}
        for name, values in choices.items():
            if getattr(self, name) not in values:
                raise InputError(f"{name} cannot be {getattr(self, name)!r}; it takes {', '.join(values)}")

    @property
    def where(self):
        """Which weights can be pruned, as arguments of prunable_kernels."""
        return {name: getattr(self, name) for name in ("dense", "head", "layers", "skip_unknown")}

    def schedule_ahead(self, number):
        """Epochs that a learning-rate schedule counts as done when a round begins.

        Arguments:
            number: the round.
        """
        rewound = number and self.schedule_from == "rewind" and self.reset == "theta_k" and self.rewind_unit == "epochs"
        return self.rewind if rewound else 0

    def callback(self, seed=0):
        """A new MagnitudePruning of these settings.

        Arguments:
            seed: non-negative integer, for a criterion that draws.
        """
        rewind = 0 if self.reset == "theta_0" else self.rewind
        seed = seed if CRITERIA[self.criterion].seeded else 0
        chosen = {"criterion": self.criterion, "rates": self.rates, "seed": seed, **self.where}
        pruning = MagnitudePruning(self.rate, self.scope, rewind, self.rewind_unit, **chosen)
        pruning.log_sparsity = False  # rounds.csv tells it, and history.csv stays as it was
        return pruning
