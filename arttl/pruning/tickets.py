"""Lottery tickets: a mask and the early weights it is applied to.

Source: thesis, Chapter 2, protocol steps 2, 4 and 5; late resetting: Frankle et al., "Stabilizing the Lottery Ticket
Hypothesis", 2019 (arXiv:1903.01611).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import keras
import numpy as np

from arttl.base.errors import InputError
from arttl.models import HEAD
from arttl.pruning.initial import draw_weights
from arttl.pruning.names import matching
from arttl.pruning.ticket_file import Tickets
from arttl.pruning.weights import weight_variables


def open_tickets(path: str | PathLike) -> Tickets:
    """What a file of tickets says about its search: an object with `rounds`, `facts`, `metadata` and `sparsity`.

    Arguments:
        path: a file written by arttl.pruning.TicketFile.

    Returns an arttl.pruning.ticket_file.Tickets.

    Raises InputError when the file is missing, foreign, of a later version or damaged.
    """
    return Tickets(path)


def load_ticket(path: str | PathLike, round: int) -> Ticket:
    """A search's ticket of one round.

    Arguments:
        path: a file written by arttl.pruning.TicketFile.
        round: from 1 on; 0 is the unpruned network.

    Returns a Ticket.

    Raises InputError when the file is missing, foreign, of a later version or damaged, or has no such round.

    Example:
        >>> ticket = load_ticket("tickets.h5", round=17)
        >>> model = ticket.apply(arttl.models.lenet_300_100(num_classes=9))
    """
    tickets = Tickets(path)
    masks = tickets.read_masks(round)
    return Ticket(masks, tickets.read_weights(), int(round), tickets.sparsity(round), tickets)


@dataclass(frozen=True)
class Ticket:
    """f(x; m * theta_k): the masks of one round and the weights that the survivors are reset to.

    Attributes:
        masks: dict of "layer/variable" to boolean array, True where a weight survives; the prunable ones only.
        weights: dict of "layer/variable" to float32 array: every weight, not masked.
        round: number of the round, from 1 on; 0 is the unpruned network.
        sparsity: fraction of the prunable weights that are pruned.
        tickets: the file it comes from, as of opening.
    """

    masks: dict
    weights: dict
    round: int
    sparsity: float
    tickets: Tickets

    @property
    def path(self):
        """The file it comes from."""
        return Path(self.tickets.path)

    def apply(self, model: keras.Model, weights: dict | None = None, keep_head: bool = False) -> keras.Model:
        """Set a model's weights to this ticket's, zero where the masks prune.

        Biases and the state of BatchNormalization are set too. A head (the layer called "head", or where there is none
        the last one with weights) of another size, or one that the model or the ticket lacks, is left as it is. The
        masks are not held in training that follows: hand
        `masks` to arttl.pruning.MagnitudePruning.

        Arguments:
            model: a keras.Model with the layers of the network that the search used; how Keras numbers those without a
                name of their own does not matter.
            weights: others of the same network to set instead, such as `final()` or `initial()`.
            keep_head: True leaves the model's head as it is even if it fits, as transfer to a new target asks.

        Returns the model.

        Raises InputError, before anything is set, when a layer does not fit; it names the layer.
        """
        variables = weight_variables(model)
        values, masks = matching(self.weights if weights is None else weights, model), matching(self.masks, model)
        shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
        names = [*values, *(name for name in shapes if name not in values)]
        for head in _heads(values, shapes):
            of_head = {name for name in names if _layer(name) == head}
            if keep_head or not all(_fits(name, values, shapes) for name in of_head):
                names = [name for name in names if name not in of_head]
        for name in names:
            if not _fits(name, values, shapes):
                layer, _, variable = name.rpartition("/")
                raise InputError(
                    f"layer {layer} does not fit the ticket: its {variable} is {shapes.get(name, 'missing')} in the "
                    f"model and {np.shape(values[name]) if name in values else 'missing'} in {self.path}; "
                    "build the network that the search used"
                )
        for name in names:
            mask = masks.get(name)
            variables[name].assign(values[name] if mask is None else np.where(mask, values[name], np.float32(0)))
        return model

    def reinitialise(self, seed: int, model: keras.Model | None = None) -> Ticket:
        """The same masks on fresh random weights: the control f(x; m * theta'_0) (Chapter 2, protocol step 5).

        Arguments:
            seed: non-negative integer; the same seed gives the same weights on one Keras backend.
            model: a keras.Model of this network, whose own initialisers draw the weights. None: as
                arttl.build_classifier(weights="none") draws them, kernels He-uniform, the head's Glorot-uniform,
                biases and BatchNormalization as Keras begins them.

        Returns a Ticket.

        Raises InputError, naming the layer, when it is not known how a weight begins.
        """
        shapes = {name: array.shape for name, array in self.weights.items()}
        return replace(self, weights=draw_weights(shapes, seed, model))

    def initial(self) -> dict:
        """theta_0, the weights before any training: a dict as `weights`.

        Raises InputError when the file does not keep them.
        """
        weights = self.tickets.read_weights("theta_0")
        if weights is None:
            raise InputError(f"{self.path} does not keep the initial weights; search again and keep theta_0")
        return weights

    def final(self) -> dict:
        """m * theta_i, the surviving weights as trained in this round: a dict as `weights`, zero where pruned.

        Raises InputError when the file does not keep them.
        """
        weights = self.tickets.read_final(self.round)
        if weights is None:
            raise InputError(
                f"{self.path} does not keep the final weights of round {self.round}; search again and keep theta_i"
            )
        return weights


def _layer(name):
    return name.rpartition("/")[0]


def _heads(values, shapes):
    """Layers that need not fit: the head of the ticket and of the model, unless the other has it further down."""
    ticket, model = ([_layer(name) for name in names] for names in (values, shapes))
    own, theirs = ({HEAD} if HEAD in layers else {*layers[-1:]} for layers in (ticket, model))
    return own if own == theirs else (own - {*model}) | (theirs - {*ticket})


def _fits(name, values, shapes):
    return name in values and shapes.get(name) == np.shape(values[name])
