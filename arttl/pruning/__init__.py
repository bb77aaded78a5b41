"""Pruning: masks over a network's kernels, and smaller networks for what they empty."""

from arttl.pruning.compact import CompactModel, compact
from arttl.pruning.masks import MaskConstraint, magnitude_masks, prunable_kernels
from arttl.pruning.weights_file import load_sparse, save_sparse

__all__ = [
    "CompactModel",
    "MaskConstraint",
    "compact",
    "load_sparse",
    "magnitude_masks",
    "prunable_kernels",
    "save_sparse",
]
