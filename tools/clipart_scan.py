"""Read Debian's openclipart: one row a drawing, with its metadata, licence and a small decoded picture.

Used by make_clipart.py. Metadata comes from the SVG twin of each PNG, through defusedxml.
"""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import defusedxml.ElementTree as ElementTree
import imagehash
import numpy as np
import pandas as pd
from defusedxml.common import DefusedXmlException
from PIL import Image, ImageChops

DC = "{http://purl.org/dc/elements/1.1/}"
PUBLIC_DOMAIN = {
    "http://web.resource.org/cc/PublicDomain",
    "http://creativecommons.org/licenses/publicdomain/",
    "Public Domain",
}
MAX_PIXELS = 40_000_000  # larger drawings (some have 169 megapixels) are left out and counted


def scan(root, size, workers=2):
    """Return a DataFrame with one row for each PNG below `root`/png.

    Columns: source (path of the PNG below root), type, folder, title, artist, subjects, date, licence,
    pixels (uint8 array of shape (size, size, 3)), md5 (of those pixels), phash (64-bit integer) and
    refused (why the drawing cannot be used, or an empty string).
    """
    root = Path(root)
    sources = sorted(path.relative_to(root / "png") for path in (root / "png").rglob("*.png"))
    with ProcessPoolExecutor(workers) as pool:
        rows = list(pool.map(_scan_one, [(root, source, size) for source in sources], chunksize=64))
    return pd.DataFrame(rows)


def _scan_one(job):
    root, source, size = job
    row = {"source": source.as_posix(), "type": source.parts[0], "folder": source.parent.as_posix()}
    try:
        row |= read_metadata(root / "svg" / source.with_suffix(".svg"))
    except (OSError, ElementTree.ParseError, DefusedXmlException) as error:
        return row | {"refused": f"unreadable metadata ({type(error).__name__})"}
    licences = row["licence"].split("|")
    if not set(licences) <= PUBLIC_DOMAIN:
        return row | {"refused": "licence is not public domain"}
    try:
        picture = draw_on_white(root / "png" / source, size)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        return row | {"refused": f"unreadable picture ({error})"}
    if picture is None:
        return row | {"refused": f"more than {MAX_PIXELS // 1_000_000} megapixels"}
    pixels = np.asarray(picture)
    if pixels.std() < 8:
        return row | {"refused": "almost empty"}
    return row | {
        "pixels": pixels,
        "md5": hashlib.md5(pixels.tobytes()).hexdigest(),
        "phash": int(str(imagehash.phash(picture)), 16),
        "refused": "",
    }


def read_metadata(path):
    """The Dublin Core block of one SVG file as plain text fields."""
    root = ElementTree.parse(path).getroot()
    licences = {
        (next(iter(element.attrib.values()), "") or element.text or "").strip()
        for element in root.iter()
        if isinstance(element.tag, str) and element.tag.endswith("}license")
    }
    subjects = [
        " ".join(item.text.lower().split())
        for subject in root.iter(f"{DC}subject")
        for item in subject.iter()
        if item.tag.endswith("}li") and item.text and item.text.strip()
    ]
    return {
        "title": _first(root.iterfind(f".//{DC}title")),
        "artist": clean_artist(_first(root.iterfind(f".//{DC}creator//{DC}title"))),
        "subjects": "|".join(dict.fromkeys(subjects)),
        "date": _first(root.iterfind(f".//{DC}date")),
        "licence": "|".join(sorted(licences)) or "none",
    }


def clean_artist(name):
    """The name without e-mail addresses, doubled blanks and closing marks."""
    name = re.sub(r"[\[(<][^\])>]*@[^\])>]*[\])>]", "", name)
    name = re.sub(r"@\S+", "", name)
    return " ".join(name.split()).strip(" .,;")


def draw_on_white(path, size):
    """The drawing without its blank page, centred on a white square of `size` pixels; None for a bomb."""
    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            return None
        image = image.convert("RGBA")
    # Premultiplied by compositing first, so that transparent pixels' hidden colours cannot bleed in.
    canvas = Image.new("RGBA", image.size, "white")
    canvas.alpha_composite(image)
    image = canvas.convert("RGB")
    ink = ImageChops.difference(image, Image.new("RGB", image.size, "white")).convert("L")
    image = image.crop(ink.point(lambda value: 255 * (value > 8)).getbbox())
    scale = size / max(image.size)
    shape = tuple(max(1, round(side * scale)) for side in image.size)
    image = image.resize(shape, Image.Resampling.LANCZOS)
    square = Image.new("RGB", (size, size), "white")
    square.paste(image, ((size - shape[0]) // 2, (size - shape[1]) // 2))
    return square


def _first(elements):
    for element in elements:
        text = " ".join("".join(element.itertext()).split())
        if text:
            return text
    return ""
