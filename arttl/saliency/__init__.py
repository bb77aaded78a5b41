"""Saliency maps: which pixels a network looks at, and how far a map can be believed."""

from arttl.saliency import evaluation
from arttl.saliency.gradients import grad_cam, smooth_grad
from arttl.saliency.visual_backprop import visual_backprop

__all__ = ["evaluation", "grad_cam", "smooth_grad", "visual_backprop"]
