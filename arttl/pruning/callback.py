"""The pruning callback: iterative magnitude pruning with late resetting, for `model.fit`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping

import keras
import numpy as np

from arttl.base.errors import InputError
from arttl.pruning.beginning import NONZERO, first_masks, warn_of_another
from arttl.pruning.criteria import DEFAULT, check_choice, compared
from arttl.pruning.gradual import PolynomialDecay
from arttl.pruning.kernels import channel_axes, prunable_kernels
from arttl.pruning.masks import check_fit, check_min_kept, full_masks, prune, prune_to, round_facts, sparsity
from arttl.pruning.names import matching
from arttl.pruning.optimizers import check_compiled, held_masks, hold_masks
from arttl.pruning.restarting import learning_rate_of, restart
from arttl.pruning.state import LATER, arguments_in_words, packed, state_in_words, unpacked
from arttl.pruning.steps import CountsSteps, check_rewind, check_seen
from arttl.pruning.weights import model_weights, set_weights, values_of


@keras.saving.register_keras_serializable(package="arttl")
class MagnitudePruning(CountsSteps):
    """Finds lottery tickets: train, prune the weights of lowest magnitude, reset the others to θ_k, train again.

    In the first round it keeps θ_k, the weights after epoch (or step) k. In every round its masks hold within the
    compiled training step: pruned weights are exactly zero after each step, and whenever validation or another callback
    looks. Between rounds nothing is compiled anew.

    The callback installs itself in the model when training begins, and masks hold in a `fit` without it too, also after
    another `compile`, until `remove`. Models saved at any time have no masks, only zeros (an .h5 file's optimiser has
    them). `fit` alone prunes nothing, but with `sparsity`: then it prunes as it trains, and nothing is reset.

    Arguments:
        rate: share of the remaining weights to prune in a round, in [0, 1). Defaults to 0.2.
        scope: "global" compares magnitudes over all kernels, "layer" within each. Defaults to "global".
        rewind: k, when to keep θ_k in the first round; 0 keeps the initial weights. Defaults to 1. Epochs count as in
            `fit`, from `initial_epoch`. None keeps none: survivors go on with the weights that they have.
        rewind_unit: "epochs" or "steps" (batches, over all epochs). With `steps_per_execution`, k steps must be a
            multiple of it. Defaults to "epochs".
        dense: whether dense layers are pruned too. Defaults to False.
        head: whether the last layer with weights is pruned too. Defaults to False.
        masks: dict of key to boolean array to start with, as `prunable_kernels` names them; "nonzero" keeps what is not
            zero in the model. By default those that the model holds already, else every weight. They are part of
            `state_dict`, not of `get_config`.
        criterion: which weights go, of arttl.pruning.CRITERIA. Defaults to "magnitude".
        rates: dict of layers to rates of their own, such as {"head": 0.1}, as of `prune`. Defaults to None.
        seed: non-negative integer of the criterion "random"; each round draws anew. Defaults to 0.
        skip_unknown: leave layers of unknown kinds, and models within the model, unpruned. Defaults to False.
        sparsity: prune gradually within `fit`: the share of the weights to arrive at after three quarters of it, or a
            PolynomialDecay; `rate`, `rates` and `rewind` have no part in it. Defaults to None.
        layers: the layers to prune, in the place of `dense` and `head`: a name, a pattern such as "conv*", a list of
            these, or a function of a keras.Layer. Defaults to None.
        min_kept: weights that each kernel keeps, a number or, as a float, a share. Defaults to 0.

    Attributes:
        log_sparsity: whether the logs of an epoch get "sparsity", the share that is pruned. True unless it is set.
        masks: dict of key to boolean array, True where a weight survives; None before training.
        round: number of rounds pruned so far.
        rewind_weights: θ_k, a dict of "layer/variable" to array of every weight of the model, the moving averages of
            BatchNormalization among them; None before epoch k.
        history: a dict for each pruning: "round", "remaining", "pruned" (in this round), "sparsity", and "layers", the
            sparsity of each kernel.

    Raises InputError for other values, when training begins for networks that cannot be pruned, and where k steps
    are passed unseen.

    Sources: Frankle and Carbin 2019, arXiv:1803.03635; Frankle et al. 2020 (late resetting), arXiv:1912.05671; thesis,
    Chapter 2.

    Example:
        >>> pruning = MagnitudePruning(rate=0.2, rewind=1)
        >>> history = model.fit(x, y, epochs=2, callbacks=[pruning], verbose=0)  # the first round, dense
        >>> for _ in range(2):
        ...     pruning.prune(model)
        ...     history = model.fit(x, y, epochs=2, callbacks=[pruning], verbose=0)
        >>> f"{pruning.history[-1]['sparsity']:.2f}"
        '0.36'
        >>> model.fit(x, y, epochs=4, callbacks=[MagnitudePruning(sparsity=0.5)], verbose=0).history["sparsity"][-1]
        0.5
    """

    log_sparsity = True

    def __init__(
        self,
        rate: float = 0.2,
        scope: str = "global",
        rewind: int | None = 1,
        rewind_unit: str = "epochs",
        dense: bool = False,
        head: bool = False,
        masks: dict | str | None = None,
        criterion: str = DEFAULT,
        rates: dict[str, float] | None = None,
        seed: int = 0,
        skip_unknown: bool = False,
        sparsity: float | PolynomialDecay | dict | None = None,
        layers: str | Callable | Iterable[str | Callable] | None = None,
        min_kept: float = 0,
    ):
        super().__init__()
        check_choice(rate, scope, criterion, rates or {})
        check_min_kept(min_kept)
        if sparsity is not None and rates:
            raise InputError("rates are of rounds, and sparsity prunes gradually without them; give one of the two")
        self.schedule = None if sparsity is None else PolynomialDecay.of(sparsity)
        rewind = None if sparsity is not None else rewind
        check_rewind(rewind, rewind_unit)
        self.rate, self.scope, self.rewind_unit = float(rate), scope, rewind_unit
        self.rewind = None if rewind is None else int(rewind)
        self.dense, self.head, self.skip_unknown = bool(dense), bool(head), bool(skip_unknown)
        self.layers = layers if layers is None or isinstance(layers, str) or callable(layers) else list(layers)
        self.criterion, self.rates, self.seed, self.min_kept = criterion, dict(rates or {}), seed, min_kept
        self.masks, self.round, self.rewind_weights, self.history = masks, 0, None, []
        self._learning_rate, self._has_learning_rate, self._optimizer, self._decay = None, False, None, None
        self._is_driven, self._is_idle = masks is not None or sparsity is not None, False

    def __repr__(self):
        return f"<MagnitudePruning({arguments_in_words(self)}): {state_in_words(self)}>"

    def on_train_begin(self, logs=None):
        """Put the masks into the optimiser, and zeros into the pruned weights."""
        self.install(self.model)
        self._is_idle = not self._is_driven and all(mask.all() for mask in self.masks.values())
        if self.schedule is not None:
            self._decay, self._aim = self.schedule.over(self.steps_of_all()), 0.0

    def __del__(self):
        """Say that `prune` was forgotten, once nobody can call it any more."""
        if getattr(self, "_is_idle", False):
            remedy = "call pruning.prune(model) after fit, and fit again"
            warnings.warn(f"MagnitudePruning pruned nothing, which fit alone never does: {remedy}", stacklevel=2)

    def on_epoch_begin(self, epoch, logs=None):
        """Keep the initial weights where k = 0."""
        super().on_epoch_begin(epoch, logs)
        if self.rewind == 0 and epoch == 0:
            self._keep(self.model)

    def on_epoch_end(self, epoch, logs=None):
        """Keep θ_k after epoch k, prune for the last time if training ends with that, and tell the sparsity."""
        if self.rewind_unit == "epochs" and epoch + 1 == self.rewind:
            self._keep(self.model)
        super().on_epoch_end(epoch, logs)
        if self.log_sparsity and logs is not None:
            logs["sparsity"] = sparsity(self.masks)

    def install(self, model: keras.Model) -> None:
        """Put the masks into a model's optimiser, and zeros into the pruned weights, as `fit` does when it begins.

        To be called before the optimiser's variables are restored from a checkpoint that has the masks among them.

        Arguments:
            model: a built and compiled keras.Model.
        """
        check_compiled(model)
        kernels = prunable_kernels(model, **self._which)
        self.masks = first_masks(model, kernels, self.masks)
        if self.rewind_weights is not None:
            self.rewind_weights = matching(self.rewind_weights, model)
        check_fit(self.masks, kernels)
        if self._optimizer not in (None, model.optimizer):
            warn_of_another(model, kernels, self.masks)
        compared(kernels, self.rate, self.scope, self.criterion, self.rates)  # are all layers of `rates` there?
        if not self._has_learning_rate or self._optimizer not in (None, model.optimizer):  # compiled again since
            self._learning_rate, self._has_learning_rate = learning_rate_of(model.optimizer), True
        self._optimizer = model.optimizer
        self._hold(model, kernels)

    def _hold(self, model, kernels):
        held = hold_masks(model, kernels)
        held.assign(self.masks)
        held.put_zeros()

    def remove(self, model: keras.Model) -> None:
        """Take the masks out of a model's optimiser; the next `fit` trains all weights, and is compiled anew.

        Arguments:
            model: the model; its weights are left as they are.
        """
        if (held := held_masks(model)) is not None:
            held.remove()

    def prune(self, model: keras.Model) -> None:
        """End a round: prune the model's weights as they are, and make it ready for the next round.

        The survivors are reset to θ_k, and so is everything else that the model has: biases, the head, and
        BatchNormalization's parameters and moving averages; with rewind=None all of it stays. The optimiser
        starts anew, with the learning rate it had when its first training began; a schedule begins again.

        Arguments:
            model: the model after `fit`, with the weights to judge by, such as the best of early stopping. With
                rewind=None any trained and compiled one.

        Raises InputError when there is no θ_k yet, or weights are not finite numbers.
        """
        if self.rewind_weights is None and self.rewind is not None:
            raise InputError(
                f"there is no θ_k to reset to: {self.rewind_unit} {self.rewind} of the first round was not "
                "reached; call fit first, train longer, or lower rewind"
            )
        kernels = prunable_kernels(model, **self._which)
        before = first_masks(model, kernels, self.masks)
        choice = {"rates": self.rates, "seed": [self.seed, self.round], **self._chosen_by(model)}
        self.masks = prune(values_of(kernels), before, self.rate, **choice)
        self.round += 1
        self.history.append(round_facts(self.round, self.masks, before))
        self.reset(model)

    def reset(self, model: keras.Model) -> None:
        """Set the model to masked θ_k, or mask it as it is where there is none, and its optimiser to a fresh start.

        Arguments:
            model: a built and compiled keras.Model with the weights of θ_k.
        """
        self._is_driven, self._is_idle = True, False
        self.masks = self.masks or full_masks(prunable_kernels(model, **self._which))
        if self.rewind_weights is not None:
            set_weights(model, self.rewind_weights)
        self.install(model)
        restart(model, self._learning_rate)

    @property
    def _which(self):
        return {"dense": self.dense, "head": self.head, "skip_unknown": self.skip_unknown, "layers": self.layers}

    def _chosen_by(self, model):
        axes = channel_axes(model, **self._which)
        return {"scope": self.scope, "criterion": self.criterion, "axes": axes, "min_kept": self.min_kept}

    def _keep(self, model):
        if self.round == 0 and self.rewind_weights is None:
            self.rewind_weights = model_weights(model)

    def forget_rewind(self):
        """Drop θ_k, to keep it anew when training comes to epoch or step k again."""
        self.rewind_weights = None

    @property
    def _awaits_rewind(self):
        return self.rewind_unit == "steps" and self.rewind and self.round == 0 and self.rewind_weights is None

    @property
    def awaits_steps(self):
        """Whether θ_k or gradual pruning depends on steps that are still to come."""
        return self._decay is not None or self._awaits_rewind

    def reach(self, step, epoch_ends=False):
        """Keep θ_k, or prune gradually, where that is due after so many steps."""
        if self._awaits_rewind and step >= self.rewind:
            check_seen(self.rewind, step)
            self._keep(self.model)
        if self._decay is None or (epoch_ends and step < self._decay.end_step):
            return  # the next epoch begins with it
        if self._decay.at(step) > self._aim:
            self._aim = self._decay.at(step)
            kernels, choice = prunable_kernels(self.model, **self._which), self._chosen_by(self.model)
            self.masks = prune_to(values_of(kernels), self.masks, self._aim, seed=[self.seed, step], **choice)
            self._hold(self.model, kernels)

    def get_config(self):
        """The arguments, but for masks: those are in `state_dict`. A missing one has its default."""
        names = ("rate", "scope", "rewind", "rewind_unit", "dense", "head")
        mine = {**vars(self), "sparsity": None if self.schedule is None else self.schedule.settings()}
        return {name: mine[name] for name in (*names, *LATER) if name in names or mine[name] != LATER[name]}

    @classmethod
    def from_config(cls, config):
        """A callback of these arguments."""
        return cls(**config)

    def state_dict(self) -> dict[str, np.ndarray]:
        """All that pruning needs to go on in another process, beside the model and its optimiser.

        Returns a dict of arrays, to be saved by numpy.savez: "masks/KEY", "rewind/KEY", and "facts", JSON as a string.
        """
        self._is_driven, self._is_idle = True, False
        rate = {"learning_rate": self._learning_rate} if self._has_learning_rate else {}
        facts = {"round": self.round, "history": self.history, **rate}
        return packed(self.get_config(), None if self.masks == NONZERO else self.masks, self.rewind_weights, **facts)

    def load_state_dict(self, state: Mapping) -> None:
        """Take up a state.

        Arguments:
            state: a dict as `state_dict` returns it, or the file that numpy.load opened.

        Raises InputError when it is not such a state, or was saved with other arguments.
        """
        facts, self.masks, self.rewind_weights = unpacked(state, self.get_config())
        self._is_driven, self.round, self.history = True, facts["round"], facts["history"]
        self._learning_rate, self._has_learning_rate = facts.get("learning_rate"), "learning_rate" in facts
