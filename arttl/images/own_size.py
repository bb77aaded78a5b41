"""A picture at its own size, or smaller, in the part of it that a network sees."""

from __future__ import annotations

import warnings

from PIL import ExifTags, Image

from arttl.images.decoding import Decoding

_ON_THEIR_SIDE = (5, 6, 7, 8)  # EXIF orientations


def own_decoding(path, most, decoding=None):
    """The Decoding of a picture that keeps its shape, its longer side of at most so many pixels.

    Arguments:
        path: the picture.
        most: pixels.
        decoding: a network's Decoding, whose reading it keeps, and whose part of the picture: of fit "cover" the middle
            in the network's shape; None for the whole picture, upright.

    Raises what Pillow raises on a file that is no picture (arttl.images.decoding.DAMAGE).
    """
    decoding = decoding or Decoding((1, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path) as picture:
            width, height = picture.size
            turned = picture.getexif().get(ExifTags.Base.Orientation) in _ON_THEIR_SIDE
    if turned and decoding.reading == "upright":
        width, height = height, width
    if decoding.fit == "cover":
        scale = min(height / decoding.size[0], width / decoding.size[1])
        height, width = (scale * side for side in decoding.size)
    scale = min(most / max(width, height), 1)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return Decoding(size, "antialiased", decoding.reading, decoding.fit, decoding.megapixels)
