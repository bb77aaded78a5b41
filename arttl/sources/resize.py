"""Small images to the size and the three channels that a network takes."""

from __future__ import annotations

import numpy as np
from PIL import Image

RESAMPLING = {"nearest": Image.Resampling.NEAREST, "antialiased": Image.Resampling.LANCZOS}


def to_size(images, size, method="nearest"):
    """Resize to squares of three channels. Grey becomes three equal channels.

    Arguments:
        images: uint8 (n, height, width, channels), channels 1 or 3.
        size: height and width in pixels of the result. It takes n * size * size * 3 bytes: all of CIFAR-10 at 224
            pixels is 9 GB, so pass a batch at a time (`source.train_images[indices]`) where that is too much.
        method: "nearest" (default; Chapter 1's, from Keras' `load_img`) or "antialiased" (Lanczos), by Pillow.

    Returns uint8 (n, size, size, 3), a new array.

    Raises ValueError for arrays of another shape or dtype, a size below 1, or another method.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape[1:3]:
        raise ValueError(f"images must be uint8 (n, height, width, 1 or 3), got {images.dtype} {images.shape}")
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}")
    if method not in RESAMPLING:
        raise ValueError(f"method {method!r} is not one of {', '.join(RESAMPLING)}")
    resized = np.empty((len(images), size, size, 3), np.uint8)
    if images.shape[1:3] == (size, size):
        resized[:] = images
        return resized
    for target, image in zip(resized, images, strict=True):
        picture = Image.fromarray(np.squeeze(image, 2) if image.shape[2] == 1 else image)
        pixels = np.asarray(picture.resize((size, size), RESAMPLING[method]))
        target[:] = pixels.reshape(size, size, -1)
    return resized
