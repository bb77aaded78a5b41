"""A saliency map over its picture."""

from __future__ import annotations

import matplotlib
import numpy as np
from PIL import Image

COLOURS = "turbo"  # its upper end is seen on white paper too
STRENGTH = 0.7  # of the colour where the map is 1; where it is 0 the picture is as it was


def overlay(image, saliency):
    """A picture with its map in colours over it, the more opaque the higher the map.

    Arguments:
        image: uint8 (height, width, 3), of any size.
        saliency: float (height, width) in [0, 1]; one of another size is brought to the picture's by bilinear
            interpolation.

    Returns uint8 (height, width, 3), of the picture's size.
    """
    saliency = np.asarray(saliency, "float32")
    if saliency.shape != image.shape[:2]:
        size = image.shape[1], image.shape[0]
        resized = Image.fromarray(saliency).resize(size, Image.Resampling.BILINEAR)
        saliency = np.clip(np.asarray(resized), 0, 1)
    colours = matplotlib.colormaps[COLOURS](saliency)[..., :3] * 255.0
    opacity = STRENGTH * saliency[..., None].astype("float64")
    return np.rint((1 - opacity) * image + opacity * colours).astype("uint8")
