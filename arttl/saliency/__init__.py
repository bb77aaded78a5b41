"""Saliency maps: which pixels a network looks at."""

from arttl.saliency.gradients import grad_cam, smooth_grad
from arttl.saliency.visual_backprop import visual_backprop

__all__ = ["grad_cam", "smooth_grad", "visual_backprop"]
