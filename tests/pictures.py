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
