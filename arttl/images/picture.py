"""A picture file that is open, decoded once for all that is made of it, or the cause why that cannot be."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

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
        __cause__: what Pillow or the operating system raised.
    """

    def __init__(self, path: Path | str, cause: str, error: BaseException | None = None):
        super().__init__(path, cause)
        self.path, self.cause, self.__cause__ = path, cause, error

    def __str__(self):
        return f"{self.path}: {self.cause}"


class Picture:
    """An open picture, whose pixels are decoded when they are first asked for, and kept for the next who asks.

    Arguments:
        file: open for reading, as long as pixels are asked for.
        megapixels: as in `Decoding`.

    Attributes:
        header: Pillow's picture, of which the pixels may not have been decoded yet.
        turned: whether its EXIF orientation has it turned, and Pillow itself does not.

    Raises one of DAMAGE for what is no picture, or too large.
    """

    def __init__(self, file: BinaryIO, megapixels: float | None = None):
        self._file, self._megapixels, self._decoded = file, megapixels, {}
        self.header = open_picture(file, megapixels)
        self.turned = _is_turned(self.header)  # now, since decoding can take the orientation away

    def decoded(self, upright: bool = False, at_least: tuple[int, int] | None = None) -> Image.Image:
        """All pixels, which alone shows a truncation. Who gets the picture must not change it: others get it too.

        Arguments:
            upright: turned as its EXIF orientation says.
            at_least: (width, height) for which a JPEG may be decoded at a reduced scale, libjpeg's 1/2, 1/4 or 1/8,
                that is no smaller; None decodes it whole.

        Raises one of DAMAGE.
        """
        picture = self.header if at_least is None else self._reduced(upright, at_least)
        whole = self._once((picture.size, False), lambda: _loaded(picture))
        turn = UPRIGHT.get(orientation(whole)) if upright else None
        return whole if turn is None else self._once((picture.size, True), lambda: whole.transpose(turn))

    def forget(self) -> None:
        """Let go of the decoded pixels."""
        self._decoded.clear()

    def _reduced(self, upright: bool, size: tuple[int, int]) -> ImageFile.ImageFile:
        """The picture to be decoded for a size: another one of the same file, if its scale is to be reduced."""
        if not isinstance(self.header, JpegImagePlugin.JpegImageFile):
            return self.header
        picture = open_picture(self._file, self._megapixels)
        picture.draft(None, size[::-1] if upright and lies_on_its_side(picture) else size)
        return picture

    def _once(self, key, make: Callable[[], Image.Image]) -> Image.Image:
        """What was made under this key before, or the error that it ended with: a second try could end otherwise."""
        if key not in self._decoded:
            try:
                self._decoded[key] = make()
            except DAMAGE as error:
                self._decoded[key] = error
        found = self._decoded[key]
        if isinstance(found, BaseException):
            raise found
        return found


def _loaded(picture: ImageFile.ImageFile) -> ImageFile.ImageFile:
    picture.load()
    return picture


def read_picture(path: Path | str, megapixels: float | None, wanted: Sequence[Callable[[Picture], object]]) -> list:
    """What several functions make of a picture file, which is opened once and decoded once.

    Arguments:
        path: the file.
        megapixels: as in `Decoding`.
        wanted: functions of the Picture.

    Returns what each of them returned, or a BadImage in its place: the file is missing, empty, truncated, damaged, too
    large (over `megapixels`), no picture, or not one of which that can be made.

    Raises InputError if `PIL.ImageFile.LOAD_TRUNCATED_IMAGES` is set, since it makes truncated files look whole.
    """
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise InputError("PIL.ImageFile.LOAD_TRUNCATED_IMAGES is True, which hides truncated files: set it to False")
    try:
        with open_regular(path) as file:
            picture = Picture(file, megapixels)
            made = [_made(want, picture, path) for want in wanted]
            picture.forget()  # an error that was kept refers to where it came from, and so to the pixels
            return made
    except DAMAGE as error:
        return [BadImage(path, _cause(error), error)] * len(wanted)


def _made(want: Callable[[Picture], object], picture: Picture, path: Path | str) -> object:
    try:
        return want(picture)
    except DAMAGE as error:
        return BadImage(path, _cause(error), error)


def open_picture(file: BinaryIO, megapixels: float | None = None) -> ImageFile.ImageFile:
    """Read the header only.

    `Image.open` is not used: it prints a warning for large pictures, silenced only by process-wide settings, and its
    error for huge ones does not tell their width and height.

    Arguments:
        file: open for reading.
        megapixels: as in `Decoding`.

    Raises one of DAMAGE for what is no picture, or too large.
    """
    file.seek(0)
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


def orientation(picture: Image.Image) -> int:
    """The EXIF orientation; 1 (upright) where there is none, or where the EXIF block of a sound picture is garbage."""
    try:
        found = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except DAMAGE:
        return 1
    return found if found in UPRIGHT else 1


def lies_on_its_side(picture: Image.Image) -> bool:
    """Whether width and height change places where a picture is turned as its EXIF orientation says."""
    return orientation(picture) >= 5


def _is_turned(picture: Image.Image) -> bool:
    if isinstance(picture, TiffImagePlugin.TiffImageFile):  # Pillow itself turns it, whatever the reading
        return False
    if picture.format == "PNG" and not {"exif", "Raw profile type exif"} & picture.info.keys():
        return False  # Pillow would decode the whole picture to look for a block behind its pixels
    return orientation(picture) != 1


def _cause(error: BaseException) -> str:
    """One short line for the report."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:150] or type(error).__name__
