"""A saliency map over its picture."""

from __future__ import annotations

import matplotlib
import numpy as np

COLOURS = "turbo"  # its upper end is seen on white paper too
STRENGTH = 0.7  # of the colour where the map is 1; where it is 0 the picture is as it was


def overlay(image, saliency):
    """A picture with its map in colours over it, the more opaque the higher the map.

    Arguments:
        image: uint8 (height, width, 3).
        saliency: float (height, width) in [0, 1].

    Returns uint8 (height, width, 3).
    """
    colours = matplotlib.colormaps[COLOURS](saliency)[..., :3] * 255.0
    opacity = STRENGTH * np.asarray(saliency, "float64")[..., None]
    return np.rint((1 - opacity) * image + opacity * colours).astype("uint8")
