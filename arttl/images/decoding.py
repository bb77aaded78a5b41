"""One picture file to the RGB pixels of the size a backbone wants, or the cause why that cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from arttl.images.picture import BadImage, Picture, read_picture

METHODS = ("nearest", "antialiased")
READINGS = ("upright", "load_img")
FITS = ("stretch", "cover")


@dataclass(frozen=True)
class Decoding:
    """How a picture becomes pixels.

    Arguments:
        size: (height, width) in pixels.
        method: `"nearest"` (default) picks nearest neighbours from the fully decoded picture, which is what Keras'
            `load_img(target_size=...)` did in 2018; `"antialiased"` is Pillow's Lanczos filter, with JPEGs decoded at
            a reduced scale (libjpeg's 1/2, 1/4 or 1/8) that is still at least 1.5 times `size`.
        reading: `"upright"` (default) applies the EXIF orientation, composites transparency on white and scales
            16-bit grey to 8 bits; `"load_img"` does as `keras.utils.load_img`: the EXIF orientation is ignored, and
            Pillow's `convert("RGB")` drops transparency and clips grey over 255. A turned TIFF is upright in both,
            since Pillow itself turns it, from 6.2 on (2019, https://github.com/python-pillow/Pillow/pull/4063).
        fit: `"stretch"` (default) makes the whole picture as large as `size`, its aspect ratio not kept, as in 2018;
            `"cover"` keeps it, and takes the middle of what then is too long.
        megapixels: the largest picture that is read, in millions of pixels; None (default) for twice Pillow's
            `Image.MAX_IMAGE_PIXELS`, 179 of them. It changes no pixel, and so plays no part in comparisons.

    Raises ValueError if `method`, `reading` or `fit` is another one or `size` is not positive.
    """

    size: tuple[int, int]
    method: str = "nearest"
    reading: str = "upright"
    fit: str = "stretch"
    megapixels: float | None = field(default=None, compare=False)

    def __post_init__(self):
        if self.fit not in FITS:
            raise ValueError(f"fit {self.fit!r} is not one of {', '.join(FITS)}")
        if self.method not in METHODS:
            raise ValueError(f"method {self.method!r} is not one of {', '.join(METHODS)}")
        if self.reading not in READINGS:
            raise ValueError(f"reading {self.reading!r} is not one of {', '.join(READINGS)}")
        height, width = self.size
        if height < 1 or width < 1:
            raise ValueError(f"size {self.size} is not a (height, width) of at least one pixel each")

    @property
    def label(self) -> str:
        """Such as `224x224-nearest` or `224x224-nearest-load_img`, for file names."""
        reading = "" if self.reading == "upright" else f"-{self.reading}"
        fit = "" if self.fit == "stretch" else f"-{self.fit}"
        return f"{self.size[0]}x{self.size[1]}-{self.method}{reading}{fit}"


def decode_image(path: Path | str, decoding: Decoding) -> np.ndarray:
    """Decode one picture completely, bring it to RGB as `decoding.reading` says, and resize it.

    CMYK and palettes become RGB, and of an animation the first frame counts. `"nearest"` equals
    `keras.utils.load_img(path, target_size=decoding.size)` bit for bit: in the reading `"load_img"` for every picture,
    in `"upright"` for those with neither transparency, nor an EXIF orientation, nor more than 8 bits of grey.

    Returns uint8 array (height, width, 3), RGB.

    Raises BadImage for what `read_picture` has none of, floating-point samples among them; InputError as it does.
    """
    (found,) = read_picture(path, decoding.megapixels, [partial(pixels_of, decoding=decoding)])
    if isinstance(found, BadImage):
        raise found
    return found


def pixels_of(picture: Picture, decoding: Decoding) -> np.ndarray:
    """The pixels of `decode_image`, of a Picture that may have been decoded for others before; one of DAMAGE."""
    height, width = decoding.size
    at_least = (3 * width // 2, 3 * height // 2) if decoding.method == "antialiased" else None
    return np.asarray(_resize(picture.decoded(decoding.reading != "load_img", at_least), decoding))


def _resize(picture: Image.Image, decoding: Decoding) -> Image.Image:
    height, width = decoding.size
    if decoding.fit == "cover":
        picture = _middle(picture, height, width)
    if decoding.method == "nearest":
        # Picking pixels and converting them commute, and converting few is cheaper.
        return _to_rgb(picture.resize((width, height), Image.Resampling.NEAREST), decoding.reading)
    return _to_rgb(picture, decoding.reading).resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _middle(picture: Image.Image, height: int, width: int) -> Image.Image:
    """The largest part of a picture, in its middle, that has the aspect ratio of height and width, in whole pixels."""
    scale = min(picture.width / width, picture.height / height)
    wide, high = max(1, round(scale * width)), max(1, round(scale * height))
    left, top = (picture.width - wide) // 2, (picture.height - high) // 2
    return picture.crop((left, top, left + wide, top + high))


def _to_rgb(picture: Image.Image, reading: str) -> Image.Image:
    if picture.mode == "F":
        raise ValueError("floating-point samples: save it with 8 or 16 bits")
    return without_transparency(picture) if reading == "load_img" else _on_white(picture)


def without_transparency(picture: Image.Image) -> Image.Image:
    """RGB as Pillow's own conversion has it: transparency dropped, grey values clipped to 0..255."""
    if picture.mode == "RGB":
        return picture
    # No pixel depends on it, but Pillow would print a warning that transparency is lost.
    transparency = picture.info.pop("transparency", None)
    try:
        return picture.convert("RGB")
    finally:
        if transparency is not None:
            picture.info["transparency"] = transparency  # others may read it upright


def _on_white(picture: Image.Image) -> Image.Image:
    """RGB, with whatever shows through a transparent picture white and 16-bit grey scaled to 8 bits."""
    if picture.mode.startswith("I"):
        picture = _to_eight_bits(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """Grey values 0..65535 to 0..255, rounded; Pillow's own conversion clips everything over 255."""
    values = np.asarray(picture)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("32-bit samples outside 0..65535: save it with 8 or 16 bits")
    transparent = picture.info.get("transparency")
    if transparent is not None:  # the one grey value that a PNG may declare transparent
        values = np.where(values == transparent, 65535, values)
    return Image.fromarray(((values.astype(np.int64) + 128) // 257).astype(np.uint8))
