"""Pruning: masks over a network's kernels."""

from arttl.pruning.masks import MaskConstraint, magnitude_masks, prunable_kernels

__all__ = ["MaskConstraint", "magnitude_masks", "prunable_kernels"]
