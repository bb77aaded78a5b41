"""Windows of images: a random one in training, the middle one in validation and test.

Source: thesis, appendix "How to Identify Lottery Winners": "a random crop of 224 x 224" and no other augmentation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MARGIN = 8, 7
"""The short side of an image over that of its window: 256 pixels for 224, as is usual on ImageNet (Krizhevsky et al.,
2012). The appendix gives the window alone."""


def stored_side(side):
    """Side in pixels of the square image that windows of `side` pixels are taken from: 256 for 224, 37 for 32."""
    whole, window = MARGIN
    return round(side * whole / window)


@dataclass(frozen=True)
class Crop:
    """Square windows of images.

    Arguments:
        side: of a window in pixels.
        seed: of their places, which are drawn anew for each image and epoch; None takes the middle.
    """

    side: int
    seed: int | None = None

    def places(self, count, margins, epoch):
        """The upper left corners of windows, int64 (count, 2): they follow from the seed and the epoch alone.

        Arguments:
            count: number of images.
            margins: (height, width) of the images, each less `side`.
            epoch: counted from 0.
        """
        if self.seed is None:
            return np.tile(np.array(margins) // 2, (count, 1))
        generator = np.random.default_rng([self.seed, epoch, 1])  # 1: another stream than that of the images' order
        return generator.integers(0, np.array(margins) + 1, (count, 2))

    def taken(self, pixels, places):
        """The windows of images (n, height, width, channels) at `places` (n, 2): (n, side, side, channels)."""
        side = self.side
        pairs = zip(pixels, places, strict=True)
        return np.stack([each[top : top + side, left : left + side] for each, (top, left) in pairs])
