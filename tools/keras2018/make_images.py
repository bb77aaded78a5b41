"""Make the small test images of the `load_img` references, one a kind of file that readers treat differently."""

from pathlib import Path

import numpy as np
from PIL import Image

from cases import stream

WIDTH, HEIGHT = 23, 17  # odd, and not square, so that a transposed or shifted read shows
ORIENTATION = 0x0112  # the EXIF tag


def ramp(channels, top=255):
    """Return (height, width, channels) integers up to `top`: in each channel another slope, repeated."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    slopes = [(x * 3 + y * 5 * (channel + 1)) % 64 for channel in range(channels)]
    return np.stack(slopes, axis=-1) * top // 63


def eight_bit(mode):
    """Return an 8-bit image of `mode`."""
    pixels = ramp(len(Image.new(mode, (1, 1)).getbands())).astype(np.uint8)
    return Image.frombytes(mode, (WIDTH, HEIGHT), pixels.tobytes())


def bilevel():
    return Image.fromarray(ramp(1)[..., 0] > 110)


def palette():
    """Return a palette image of 16 colours."""
    image = Image.frombytes("P", (WIDTH, HEIGHT), (ramp(1) // 16).astype(np.uint8).tobytes())
    image.putpalette(stream("image/palette").randint(0, 256, 48).tolist())
    return image


def grey16():
    """Return a 16-bit grey image whose values lie on both sides of 255, where Pillow clips them."""
    return Image.fromarray(ramp(1, 1000)[..., 0].astype(np.uint16))


def slope():
    """Return a smooth RGB image: readers of JPEG agree only about colours that change slowly."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pixels = np.stack([x * 9, y * 12, 200 - x * 4 - y * 5], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def orientation6():
    """Return the EXIF data of a camera held upright: to be shown rotated by 90 degrees."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return exif


# File name: the image, and the arguments of `Image.save`.
IMAGES = {
    "bilevel.png": (bilevel, {}),
    "cmyk.tiff": (lambda: eight_bit("CMYK"), {}),
    "grey.png": (lambda: eight_bit("L"), {}),
    "grey16.png": (grey16, {}),
    "grey16.tiff": (grey16, {}),
    "grey_alpha.png": (lambda: eight_bit("LA"), {}),
    "palette.gif": (palette, {}),
    "palette.png": (palette, {}),
    "palette_transparent.png": (palette, {"transparency": bytes(range(0, 256, 16))}),
    "rgb.bmp": (lambda: eight_bit("RGB"), {}),
    "rgb.png": (lambda: eight_bit("RGB"), {}),
    "rgb_orientation6.jpg": (slope, {"exif": orientation6(), "quality": 90}),
    "rgb_orientation6.png": (lambda: eight_bit("RGB"), {"exif": orientation6()}),
    "rgba.png": (lambda: eight_bit("RGBA"), {}),
}


def make_images(folder):
    """Write into `folder` the images that are not there yet.

    Those there are kept: another version of Pillow would pack the same pixels into different bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, (make, arguments) in IMAGES.items():
        if not (folder / name).exists():
            make().save(folder / name, **arguments)
