"""One picture file to the RGB pixels of the size a backbone wants, or the cause why that cannot be."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import numpy as np

# Importing a plugin registers its format in Image.OPEN.
from PIL import (  # noqa: F401
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from arttl.base.errors import InputError
from arttl.base.files import open_regular

if find_spec("PIL.AvifImagePlugin"):  # from Pillow 11.3 on
    import_module("PIL.AvifImagePlugin")

METHODS = ("nearest", "antialiased")
READINGS = ("upright", "load_img")
FITS = ("stretch", "cover")

# Ordinary picture formats only: Pillow would also open EPS, by running Ghostscript on it. MPO comes with JPEG.
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "JPEG2000", *(("AVIF",) if "AVIF" in Image.OPEN else ()))

# The brand in an ISO base media file's first box (ISO/IEC 14496-12, section 4.3) -> the format and what to do with it.
BRANDS = dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC")
BRANDS |= dict.fromkeys((b"avif", b"avis"), "AVIF")
NOT_READ = {
    "HEIC": "HEIC, which is not read: convert it to JPEG or PNG",
    "AVIF": "AVIF, which needs pillow 11.3 or later: install it, or convert to JPEG",
}

# EXIF orientation -> what turns the picture upright (EXIF 2.3, section 4.6.4, tag 0x0112)
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow's plugins raise on damaged files; SyntaxError is their "this is not my format".
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class BadImage(InputError):
    """A file that is no readable picture.

    Attributes:
        path: the file.
        cause: why it cannot be read, on one line.
    """

    def __init__(self, path: Path | str, cause: str):
        super().__init__(path, cause)
        self.path, self.cause = path, cause

    def __str__(self):
        return f"{self.path}: {self.cause}"


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

    Raises BadImage if the file is missing, empty, truncated, damaged, too large (over `decoding.megapixels`), of
    floating-point samples, or no picture, and InputError if `PIL.ImageFile.LOAD_TRUNCATED_IMAGES` is set, since it
    makes truncated files look whole.
    """
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise InputError("PIL.ImageFile.LOAD_TRUNCATED_IMAGES is True, which hides truncated files: set it to False")
    try:
        with open_regular(path) as file:
            picture = _load(open_picture(file, decoding.megapixels), decoding)
            return np.asarray(_resize(picture, decoding))
    except DAMAGE as error:
        raise BadImage(path, _cause(error)) from error


def open_picture(file: BinaryIO, megapixels: float | None = None) -> ImageFile.ImageFile:
    """Read the header only.

    `Image.open` is not used: it prints a warning for large pictures, silenced only by process-wide settings, and its
    error for huge ones does not tell their width and height.

    Arguments:
        file: open for reading.
        megapixels: as in `Decoding`.

    Raises one of DAMAGE for what is no picture, or too large.
    """
    prefix = file.read(16)
    if not prefix:
        raise ValueError("empty file")
    for name in FORMATS:
        opener, accepts = Image.OPEN[name]
        accepted = accepts(prefix)
        if isinstance(accepted, str):  # a format this Pillow was built without
            raise ValueError(accepted)
        if accepted:
            file.seek(0)
            picture = opener(file, "")
            _refuse_bomb(*picture.size, megapixels)
            return picture
    if prefix[4:8] == b"ftyp" and prefix[8:12] in BRANDS:
        raise ValueError(NOT_READ[BRANDS[prefix[8:12]]])
    raise ValueError(f"not a picture in a known format ({', '.join(FORMATS)})")


def _refuse_bomb(width: int, height: int, megapixels: float | None) -> None:
    pillows = Image.MAX_IMAGE_PIXELS
    limit = 2 * pillows if megapixels is None and pillows is not None else (megapixels or math.inf) * 1e6
    if width * height > limit:
        raise ValueError(
            f"large scan or decompression bomb: {width} x {height} pixels; max_megapixels="
            f"{math.ceil(width * height / 1e6)} reads it"
        )


def _load(picture: ImageFile.ImageFile, decoding: Decoding) -> Image.Image:
    """Decode all pixels, which alone shows a truncation, and turn the picture upright if it is to be read so."""
    if decoding.method == "antialiased" and isinstance(picture, JpegImagePlugin.JpegImageFile):
        height, width = decoding.size
        if _turn(picture, decoding.reading) >= 5:  # the sides change places
            height, width = width, height
        picture.draft(None, (3 * width // 2, 3 * height // 2))
    picture.load()
    turn = UPRIGHT.get(_turn(picture, decoding.reading))
    return picture if turn is None else picture.transpose(turn)


def _turn(picture: Image.Image, reading: str) -> int:
    return 1 if reading == "load_img" else orientation(picture)


def orientation(picture: Image.Image) -> int:
    """The EXIF orientation; 1 (upright) where there is none, or where the EXIF block of a sound picture is garbage."""
    try:
        found = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except DAMAGE:
        return 1
    return found if found in UPRIGHT else 1


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
    return _converted(picture) if reading == "load_img" else _on_white(picture)


def _converted(picture: Image.Image) -> Image.Image:
    """RGB as Pillow's own conversion has it: transparency dropped, grey values clipped to 0..255."""
    # No pixel depends on it, but Pillow would print a warning that transparency is lost.
    picture.info.pop("transparency", None)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


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


def _cause(error: BaseException) -> str:
    """One short line for the report."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:150] or type(error).__name__
