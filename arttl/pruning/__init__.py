"""Pruning: masks over a network's kernels, and the callback that finds them by iterative magnitude pruning."""

from arttl.pruning.callback import MagnitudePruning, model_weights, set_weights
from arttl.pruning.masks import (
    full_masks,
    grid,
    layer_sparsity,
    magnitude_masks,
    prunable_kernels,
    prune,
    random_masks,
    shuffled_masks,
    sparsity,
)
from arttl.pruning.optimizers import hold_masks

__all__ = [
    "MagnitudePruning",
    "full_masks",
    "grid",
    "hold_masks",
    "layer_sparsity",
    "magnitude_masks",
    "model_weights",
    "prunable_kernels",
    "prune",
    "random_masks",
    "set_weights",
    "shuffled_masks",
    "sparsity",
]
