"""The pruning callback: iterative magnitude pruning with late resetting, for `model.fit`."""

from __future__ import annotations

import json
import warnings

import keras
import numpy as np
from keras import ops

from arttl.base.errors import InputError
from arttl.pruning.beginning import first_masks
from arttl.pruning.criteria import DEFAULT, check_choice, compared
from arttl.pruning.kernels import channel_axes, prunable_kernels
from arttl.pruning.masks import check_fit, full_masks, layer_sparsity, prune, sparsity
from arttl.pruning.names import matching
from arttl.pruning.optimizers import check_compiled, held_masks, hold_masks, learning_rate_of, restart
from arttl.pruning.weights import below, model_weights, set_weights

REWIND_UNITS = ("epochs", "steps")
_VERSION = 1  # of the state that is saved
# Arguments that came later: they are written only where they are not these, so that states of before stay equal.
_LATER = {"criterion": DEFAULT, "rates": {}, "seed": 0, "skip_unknown": False}


@keras.saving.register_keras_serializable(package="arttl")
class MagnitudePruning(keras.callbacks.Callback):
    """Finds lottery tickets: train, prune the weights of lowest magnitude, reset the others to θ_k, train again.

    In the first round it keeps θ_k, the weights after epoch (or step) k. In every round its masks hold within the
    compiled training step: pruned weights are exactly zero after each step, and whenever validation or another callback
    looks. Between rounds nothing is compiled anew.

    The callback installs itself in the model when training begins, and masks hold in a `fit` without it too, also after
    another `compile`, until `remove`. Models saved at any time have no masks, only zeros. `fit` alone prunes nothing.

    Arguments:
        rate: share of the remaining weights to prune in a round, in [0, 1). Defaults to 0.2.
        scope: "global" compares magnitudes over all kernels, "layer" within each. Defaults to "global".
        rewind: k, when to keep θ_k in the first round; 0 keeps the initial weights. Defaults to 1. Epochs count as in
            `fit`, from `initial_epoch`.
        rewind_unit: "epochs" or "steps" (batches, over all epochs). With `steps_per_execution`, k steps must be a
            multiple of it. Defaults to "epochs".
        dense: whether dense layers are pruned too. Defaults to False.
        head: whether the last layer with weights is pruned too. Defaults to False.
        masks: dict of key to boolean array to start with, as `prunable_kernels` names them; by default those that the
            model holds already, else every weight. They are part of `state_dict`, not of `get_config`.
        criterion: which weights go, of arttl.pruning.CRITERIA. Defaults to "magnitude".
        rates: dict of layers to rates of their own, such as {"head": 0.1}, as of `prune`. Defaults to None.
        seed: non-negative integer of the criterion "random"; each round draws anew. Defaults to 0.
        skip_unknown: leave layers of unknown kinds, and models within the model, unpruned. Defaults to False.

    Attributes:
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
    """

    def __init__(
        self,
        rate=0.2,
        scope="global",
        rewind=1,
        rewind_unit="epochs",
        dense=False,
        head=False,
        masks=None,
        criterion=DEFAULT,
        rates=None,
        seed=0,
        skip_unknown=False,
    ):
        super().__init__()
        check_choice(rate, scope, criterion, rates or {})
        if rewind_unit not in REWIND_UNITS:
            raise InputError(f"rewind_unit is {rewind_unit!r}; give {' or '.join(map(repr, REWIND_UNITS))}")
        if isinstance(rewind, bool) or not isinstance(rewind, (int, np.integer)) or rewind < 0:
            raise InputError(f"rewind is {rewind!r}; give a number of {rewind_unit}, 0 or more")
        self.rate, self.scope, self.rewind, self.rewind_unit = float(rate), scope, int(rewind), rewind_unit
        self.dense, self.head, self.skip_unknown = bool(dense), bool(head), bool(skip_unknown)
        self.criterion, self.rates, self.seed = criterion, dict(rates or {}), seed
        self.masks, self.round, self.rewind_weights, self.history = masks, 0, None, []
        self._learning_rate, self._has_learning_rate, self._optimizer, self._epoch = None, False, None, 0
        self._is_driven, self._is_idle = masks is not None, False
        self._watch_steps()

    def on_train_begin(self, logs=None):
        """Put the masks into the optimiser, and zeros into the pruned weights."""
        self.install(self.model)
        self._is_idle = not self._is_driven and all(mask.all() for mask in self.masks.values())

    def __del__(self):
        """Say that `prune` was forgotten, once nobody can call it any more."""
        if getattr(self, "_is_idle", False):
            remedy = "call pruning.prune(model) after fit, and fit again"
            warnings.warn(f"MagnitudePruning pruned nothing, which fit alone never does: {remedy}", stacklevel=2)

    def on_epoch_begin(self, epoch, logs=None):
        """Keep the initial weights where k = 0."""
        self._epoch = epoch
        if self.rewind == 0 and epoch == 0:
            self._keep(self.model)

    def on_epoch_end(self, epoch, logs=None):
        """Keep θ_k after epoch k."""
        if self.rewind_unit == "epochs" and epoch + 1 == self.rewind:
            self._keep(self.model)

    def install(self, model):
        """Put the masks into a model's optimiser, and zeros into the pruned weights, as `fit` does when it begins.

        To be called before the optimiser's variables are restored from a checkpoint that has the masks among them.

        Arguments:
            model: a built and compiled keras.Model.
        """
        check_compiled(model)
        kernels = prunable_kernels(model, **self._which)
        self.masks = first_masks(model, kernels) if self.masks is None else matching(self.masks, model)
        if self.rewind_weights is not None:
            self.rewind_weights = matching(self.rewind_weights, model)
        check_fit(self.masks, kernels)
        compared(kernels, self.rate, self.scope, self.criterion, self.rates)  # are all layers of `rates` there?
        if not self._has_learning_rate or self._optimizer not in (None, model.optimizer):  # compiled again since
            self._learning_rate, self._has_learning_rate = learning_rate_of(model.optimizer), True
        self._optimizer = model.optimizer
        hold_masks(model, kernels).assign(self.masks)
        for key, kernel in kernels.items():
            kernel.assign(np.where(self.masks[key], ops.convert_to_numpy(kernel), 0))

    def remove(self, model):
        """Take the masks out of a model's optimiser; the next `fit` trains all weights, and is compiled anew.

        Arguments:
            model: the model; its weights are left as they are.
        """
        held = held_masks(model)
        if held is not None:
            held.remove()

    def prune(self, model):
        """End a round: prune the model's weights as they are, and make it ready for the next round.

        The survivors are reset to θ_k, and so is everything else that the model has: biases, the head, and
        BatchNormalization's parameters and moving averages. The optimiser starts anew, with the learning rate it had
        when its first training began; a schedule begins again.

        Arguments:
            model: the model after `fit`, with the weights to judge by, such as the best of early stopping.

        Raises InputError when there is no θ_k yet, or weights are not finite numbers.
        """
        if self.rewind_weights is None:
            raise InputError(
                f"there is no θ_k to reset to: {self.rewind_unit} {self.rewind} of the first round was not "
                "reached; call fit first, train longer, or lower rewind"
            )
        kernels = prunable_kernels(model, **self._which)
        weights = {key: ops.convert_to_numpy(kernel) for key, kernel in kernels.items()}
        before = self.masks = matching(self.masks, model)
        self.masks = prune(
            weights,
            before,
            self.rate,
            self.scope,
            self.criterion,
            seed=[self.seed, self.round],
            rates=self.rates,
            axes=channel_axes(model, **self._which),
        )
        self.round += 1
        self.history.append(self._facts(before))
        self.reset(model)

    def reset(self, model):
        """Set the model to masked θ_k, and its optimiser to a fresh start.

        Arguments:
            model: a built and compiled keras.Model with the weights of θ_k.
        """
        self._is_driven, self._is_idle = True, False
        self.masks = self.masks or full_masks(prunable_kernels(model, **self._which))
        set_weights(model, self.rewind_weights)
        self.install(model)
        restart(model, self._learning_rate)

    @property
    def _which(self):
        return {"dense": self.dense, "head": self.head, "skip_unknown": self.skip_unknown}

    def _facts(self, before):
        remaining, former = (sum(int(mask.sum()) for mask in masks.values()) for masks in (self.masks, before))
        return {
            "round": self.round,
            "remaining": remaining,
            "pruned": former - remaining,
            "sparsity": sparsity(self.masks),
            "layers": layer_sparsity(self.masks),
        }

    def _keep(self, model):
        if self.round == 0 and self.rewind_weights is None:
            self.rewind_weights = model_weights(model)
            self._watch_steps()

    def forget_rewind(self):
        """Drop θ_k, to keep it anew when training comes to epoch or step k again."""
        self.rewind_weights = None
        self._watch_steps()

    def _watch_steps(self):
        """Look at steps only where k is a step yet to come: with any callback that does, Keras waits for every step."""
        wanted = self.rewind_unit == "steps" and self.rewind > 0 and self.round == 0 and self.rewind_weights is None
        if wanted:
            self.on_train_batch_end = self._after_step
        elif "on_train_batch_end" in vars(self):
            del self.on_train_batch_end

    def _after_step(self, batch, logs=None):
        if self.rewind_weights is not None:
            return
        if self.params.get("steps") is None and self._epoch:
            raise InputError("rewind counts steps, but the data has no known length; give fit steps_per_epoch")
        step = self._epoch * (self.params.get("steps") or 0) + batch + 1
        if step == self.rewind:
            self._keep(self.model)
        elif step > self.rewind:
            raise InputError(
                f"step {self.rewind} was passed unseen: {step} is the first step that ended after it; give a "
                "rewind that is a multiple of steps_per_execution, and below it no initial_epoch"
            )

    def get_config(self):
        """The arguments, but for masks: those are in `state_dict`. A missing one has its default."""
        names = ("rate", "scope", "rewind", "rewind_unit", "dense", "head")
        later = {name: getattr(self, name) for name, usual in _LATER.items() if getattr(self, name) != usual}
        return {name: getattr(self, name) for name in names} | later

    @classmethod
    def from_config(cls, config):
        """A callback of these arguments."""
        return cls(**config)

    def state_dict(self):
        """All that pruning needs to go on in another process, beside the model and its optimiser.

        Returns a dict of arrays, to be saved by numpy.savez: "masks/KEY", "rewind/KEY", and "facts", JSON as a string.
        """
        self._is_driven, self._is_idle = True, False
        facts = {"version": _VERSION, "config": self.get_config(), "round": self.round, "history": self.history}
        if self._has_learning_rate:
            facts["learning_rate"] = self._learning_rate
        state = {f"masks/{key}": mask for key, mask in (self.masks or {}).items()}
        state |= {f"rewind/{key}": array for key, array in (self.rewind_weights or {}).items()}
        return {**state, "facts": np.array(json.dumps(facts))}

    def load_state_dict(self, state):
        """Take up a state.

        Arguments:
            state: a dict as `state_dict` returns it, or the file that numpy.load opened.

        Raises InputError when it is not such a state, or was saved with other arguments.
        """
        arrays = {key: np.asarray(state[key]) for key in state}
        try:
            facts = json.loads(str(arrays.pop("facts")))
            version, config = facts["version"], facts["config"]
            position = facts["round"], facts["history"]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("this is not a state of MagnitudePruning; give what state_dict returned") from error
        if version != _VERSION:
            raise InputError(f"this state of MagnitudePruning has version {version}, not {_VERSION}; update arttl")
        config, mine = {**_LATER, **config}, {**_LATER, **self.get_config()}
        for name, value in mine.items():
            if config.get(name) != value:
                raise InputError(f"the state was saved with {name}={config.get(name)!r}, not {value!r}; give the same")
        self._is_driven, (self.round, self.history) = True, position
        self.masks = below("masks/", arrays)
        self.rewind_weights = below("rewind/", arrays)
        self._learning_rate, self._has_learning_rate = facts.get("learning_rate"), "learning_rate" in facts
        self._watch_steps()
