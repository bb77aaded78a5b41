"""Pictures that the image tests make, of hand-picked pixels or of noise."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

RED, GREEN, BLUE, WHITE, BLACK = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]


def pixels_of(values, mode=None, dtype=np.uint8):
    return Image.fromarray(np.array(values, dtype), mode) if mode else Image.fromarray(np.array(values, dtype))


def palette_picture():
    picture = Image.new("P", (2, 2))
    picture.putpalette(RED + GREEN + BLUE + [9, 8, 7])
    picture.putdata([0, 1, 2, 3])
    return picture


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, depth, colour, rows, extra=b""):
    """A PNG by hand (PNG specification, section 11.2), to declare what Pillow would not write."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def noise_bytes(file_format, **options):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, file_format, **options)
    return buffer.getvalue()


# --- headers that say 60,000 x 60,000 pixels

HUGE = 60_000


def encoded(file_format, **options):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, file_format, **options)
    return bytearray(buffer.getvalue())


def patched(content, position, form):
    struct.pack_into(form, content, position, HUGE, HUGE)
    return bytes(content)


def huge_tiff():
    """ImageWidth (256) and ImageLength (257) of the first directory, as LONG (TIFF 6.0, section 2)."""
    content = encoded("TIFF")
    start = struct.unpack_from("<I", content, 4)[0]
    for entry in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", content, start)[0], 12):
        if struct.unpack_from("<H", content, entry)[0] in (256, 257):
            struct.pack_into("<HII", content, entry + 2, 4, 1, HUGE)
    return bytes(content)


def huge_webp():
    """A canvas of this size (VP8X), with a small picture in it."""
    side = struct.pack("<I", HUGE - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + side + side + encoded("WEBP", lossless=True)[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def huge_frame():
    """A GIF whose screen is small and whose only frame is not."""
    content = encoded("GIF")
    return patched(content, content.index(b"," + struct.pack("<HHHH", 0, 0, 8, 8)) + 5, "<HH")


jpeg = encoded("JPEG")
BOMBS = {
    ".png": png(HUGE, HUGE, 8, 2, b""),
    ".jpg": patched(jpeg, jpeg.index(b"\xff\xc0") + 5, ">HH"),
    ".gif": patched(encoded("GIF"), 6, "<HH"),
    ".bmp": patched(encoded("BMP"), 18, "<ii"),
    ".tif": huge_tiff(),
    ".webp": huge_webp(),
}
BOMBS |= {".jpeg": BOMBS[".jpg"], ".tiff": BOMBS[".tif"]}


def scene(seed, size=200):
    """A picture of soft shapes, as different from those of other seeds as photographs are."""
    noise = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC)
