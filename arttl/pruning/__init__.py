"""Pruning: masks over a network's kernels, lottery tickets on disk, and smaller networks for what masks empty."""

from arttl.pruning.compact import CompactModel, compact
from arttl.pruning.masks import MaskConstraint, magnitude_masks, prunable_kernels
from arttl.pruning.ticket_file import TicketFile
from arttl.pruning.tickets import Ticket, load_ticket, open_tickets
from arttl.pruning.weights_file import load_sparse, save_sparse

__all__ = [
    "CompactModel",
    "MaskConstraint",
    "Ticket",
    "TicketFile",
    "compact",
    "load_sparse",
    "load_ticket",
    "magnitude_masks",
    "open_tickets",
    "prunable_kernels",
    "save_sparse",
]
