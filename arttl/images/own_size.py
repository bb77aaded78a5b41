"""A picture at its own size, or smaller, in the part of it that a network sees."""

from __future__ import annotations

import math

from arttl.base.files import open_regular
from arttl.images.decoding import Decoding
from arttl.images.picture import lies_on_its_side, open_picture


def own_decoding(path, most, decoding=None):
    """The Decoding of a picture that keeps its shape, its longer side of at most so many pixels.

    Arguments:
        path: the picture.
        most: pixels.
        decoding: a network's Decoding, whose reading it keeps, and whose part of the picture: of fit "cover" the middle
            in the network's shape; None for the whole picture, upright.

    Raises one of arttl.images.picture.DAMAGE for what is no picture; whether it is too large decoding it tells.
    """
    decoding = decoding or Decoding((1, 1))
    with open_regular(path) as file:
        picture = open_picture(file, math.inf)
        width, height = picture.size
        if decoding.reading == "upright" and lies_on_its_side(picture):
            width, height = height, width
    if decoding.fit == "cover":
        scale = min(height / decoding.size[0], width / decoding.size[1])
        height, width = (scale * side for side in decoding.size)
    scale = min(most / max(width, height), 1)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return Decoding(size, "antialiased", decoding.reading, decoding.fit, decoding.megapixels)
