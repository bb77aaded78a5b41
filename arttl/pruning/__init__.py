"""Pruning: masks over a network's kernels, and smaller networks for what they empty."""

from arttl.pruning.compact import CompactModel, compact
from arttl.pruning.masks import MaskConstraint, magnitude_masks, prunable_kernels

__all__ = ["CompactModel", "MaskConstraint", "compact", "magnitude_masks", "prunable_kernels"]
