"""Pruning: masks over a network's kernels, and lottery tickets on disk."""

from arttl.pruning.masks import MaskConstraint, magnitude_masks, prunable_kernels
from arttl.pruning.ticket_file import TicketFile
from arttl.pruning.tickets import Ticket, load_ticket, open_tickets

__all__ = [
    "MaskConstraint",
    "Ticket",
    "TicketFile",
    "load_ticket",
    "magnitude_masks",
    "open_tickets",
    "prunable_kernels",
]
