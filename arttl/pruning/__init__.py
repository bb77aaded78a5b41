"""Pruning: masks and the callback that finds them, tickets on disk, and smaller networks for what masks empty."""

from arttl.pruning.beginning import nonzero_masks
from arttl.pruning.callback import MagnitudePruning
from arttl.pruning.compact import CompactModel, compact
from arttl.pruning.criteria import CRITERIA, Criterion
from arttl.pruning.gradual import PolynomialDecay
from arttl.pruning.initial import draw_weights
from arttl.pruning.kernels import channel_axes, prunable_kernels
from arttl.pruning.masks import (
    full_masks,
    grid,
    layer_sparsity,
    magnitude_masks,
    prune,
    prune_to,
    shuffled_masks,
    sparsity,
)
from arttl.pruning.optimizers import hold_masks
from arttl.pruning.search import find_tickets
from arttl.pruning.search_settings import SearchSettings
from arttl.pruning.ticket_file import TicketFile
from arttl.pruning.tickets import Ticket, load_ticket, open_tickets
from arttl.pruning.weights import model_weights, set_weights, weight_shapes

__all__ = [
    "CRITERIA",
    "CompactModel",
    "Criterion",
    "MagnitudePruning",
    "PolynomialDecay",
    "SearchSettings",
    "Ticket",
    "TicketFile",
    "channel_axes",
    "compact",
    "draw_weights",
    "find_tickets",
    "full_masks",
    "grid",
    "hold_masks",
    "layer_sparsity",
    "load_ticket",
    "magnitude_masks",
    "model_weights",
    "nonzero_masks",
    "open_tickets",
    "prunable_kernels",
    "prune",
    "prune_to",
    "set_weights",
    "shuffled_masks",
    "sparsity",
    "weight_shapes",
]
