"""Pruning little by little within one training: to which sparsity at which step.

Source: Zhu and Gupta 2017, "To prune, or not to prune", arXiv:1710.01878, equation 1.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from arttl.base.errors import InputError

SHARE, PRUNINGS = 0.75, 100
"""Of a training: the share of its steps after which the last pruning comes, and the most prunings by default."""


@dataclass(frozen=True, kw_only=True)
class PolynomialDecay:
    """The sparsity that is aimed at after each step, s_t = s_f + (s_i - s_f) (1 - (t - t_0) / (n Δt))³.

    The names are those of `tfmot.sparsity.keras.PolynomialDecay`, which this is but for its defaults, and for the last
    pruning: it always comes at `end_step`, whatever the frequency.

    Attributes:
        final_sparsity: s_f, share of the weights that are pruned at last, in [0, 1).
        initial_sparsity: s_i, that of the first pruning, at most s_f.
        begin_step: t_0, steps (batches, over all epochs) before the first pruning.
        end_step: t_0 + n Δt, steps before the last one; None for three quarters of the training.
        power: the exponent.
        frequency: Δt, steps between two prunings; None for as many as make 100 of them, or each step.

    Raises InputError for values that are none.

    Example:
        >>> PolynomialDecay(final_sparsity=0.75, end_step=100).at(50)
        0.65625
    """

    final_sparsity: float
    initial_sparsity: float = 0.0
    begin_step: int = 0
    end_step: int | None = None
    power: float = 3
    frequency: int | None = None

    def __post_init__(self):
        if not 0 <= self.initial_sparsity <= self.final_sparsity < 1:
            raise InputError(
                f"sparsity goes from {self.initial_sparsity} to {self.final_sparsity}; give shares of the weights, at "
                "least 0, below 1, and the final one not below the initial one"
            )
        if self.begin_step < 0 or (self.end_step is not None and self.end_step < self.begin_step):
            raise InputError(
                f"pruning goes from step {self.begin_step} to {self.end_step}; give begin_step and end_step in order"
            )
        if self.power <= 0 or (self.frequency is not None and self.frequency < 1):
            raise InputError(f"power is {self.power} and frequency {self.frequency}; give numbers above 0")

    @classmethod
    def of(cls, given):
        """A PolynomialDecay of what a caller gives: one, the final sparsity, or the settings as a dict."""
        if isinstance(given, cls):
            return given
        return cls(**given) if isinstance(given, dict) else cls(final_sparsity=given)

    def over(self, steps):
        """The same for a training of so many steps, with what is left open decided.

        Arguments:
            steps: of all epochs; None where nobody knows.

        Raises InputError where the training is too short, or its length is needed and not known.
        """
        if self.end_step is None and steps is None:
            raise InputError(
                "the data has no known length, so that nobody knows when pruning ends; give fit steps_per_epoch, or "
                "PolynomialDecay(end_step=...)"
            )
        end = max(int(SHARE * steps), self.begin_step) if self.end_step is None else self.end_step
        if steps is not None and end > steps:
            raise InputError(f"pruning ends at step {end}, and training at {steps}; lower end_step, or train longer")
        frequency = max(1, (end - self.begin_step) // PRUNINGS) if self.frequency is None else self.frequency
        return replace(self, end_step=end, frequency=frequency)

    def at(self, step):
        """The sparsity to have after so many steps, that of the last pruning that was due; 0 before the first.

        Arguments:
            step: number of steps done.
        """
        if step < self.begin_step:
            return 0.0
        frequency = self.frequency or 1
        due = self.begin_step + (step - self.begin_step) // frequency * frequency
        left = 1 - (due - self.begin_step) / (self.end_step - self.begin_step) if step < self.end_step else 0.0
        return self.final_sparsity + (self.initial_sparsity - self.final_sparsity) * left**self.power

    def settings(self):
        """What `of` takes for these: the final sparsity where all else is as usual, or a dict that JSON can hold."""
        return self.final_sparsity if self == PolynomialDecay.of(self.final_sparsity) else asdict(self)
