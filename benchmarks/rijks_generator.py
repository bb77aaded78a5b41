"""A stand-in for the Rijksmuseum Challenge 2014 at its full size: Dublin Core XML and small JPEGs, by rule and seed.

    python benchmarks/rijks_generator.py FOLDER [--images 112039] [--seed 0] [--side 96]

    FOLDER/xml2/0000001_SK-A-1001.xml     one OAI-PMH record a file, 2 to 3 kB
    FOLDER/jpg2/0000001_SK-A-1001.jpg     SIDE to 4/3 SIDE by SIDE pixels, all different
    FOLDER/generator.json                 written last; with the same settings the folder is used again

How many images have which label. Table 1 of the thesis gives N_t and Q_t: material 110,668 and 206, type 112,012 and
1,054, artist 82,018 and 1,196. Of 112,039 images 27 would be left for all types that the split filter drops, so N_t
is taken for the images with a label, before the filter, and Q_t for the classes after it. The first class has a share
of its own (paper, prints). The sizes of the others follow the Zipf-Mandelbrot law, (rank + shift) ** -exponent. A
class of n images is in every part of an 80/10/10 draw with a probability of about

    1 - 0.2^n - 2 * 0.9^n + 0.8^n + 2 * 0.1^n

and shift, exponent and number of classes (`LAWS`) were solved for: the expected number of classes after the filter is
Q_t, and the smallest class has one image. So one class in three to one in five survives, and a quarter to two fifths of
all classes have a single image. A smaller collection has fewer classes: their number and the shift shrink with the
root of its size (Heaps' law).

An image without an artist says `anoniem`, or one time in ten nothing. Which image has which label is drawn.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # run from a checkout

from arttl.base.errors import InputError
from arttl.base.files import write_json

IMAGES = 112_039
STAMP, VERSION = "generator.json", 1
BASES = 64  # pictures from which all others are cut
CHUNK = 500  # images a worker makes at a time


@dataclass(frozen=True)
class Law:
    """How many images of the full collection have which label of a challenge; see the module's docstring."""

    labelled: int
    classes: int
    first: float
    exponent: float
    shift: float


LAWS = {
    "material": Law(110_668, 629, 0.6, 2.5, 24.06),
    "type": Law(112_012, 3_606, 0.3, 2.5, 331.45),
    "artist": Law(82_018, 6_629, 0.016, 1.55, 106.0),
}
KNOWN = {
    "material": ("papier", "fotopapier", "doek", "porselein", "zilver", "paneel", "glas", "ivoor", "linnen", "goud"),
    "type": ("prent", "tekening", "schilderij", "foto", "meubilair", "juweel", "schotel", "penning", "zwaard"),
    "artist": ("Luyken, Jan", "Rijn, Rembrandt Harmensz. van", "Goltzius, Hendrick", "Bolswert, Boëtius Adamsz."),
}
FIRST_NAMES = ("Jan", "Maria", "Dirck Volckertsz", "Boëtius", "Gesina", "Andrée", "Willem & Zn.", "Crispijn van de")
SPECIFIC = ("historieprent", "boekillustratie", "portret", "topografische prent", "ontwerp", "landschap")
ROLES = ("prentmaker", "schilder", "tekenaar", "vervaardiger", "fotograaf")
OTHERS = ("naar ontwerp van: Heemskerck, Maarten van", "uitgever: Galle, Philips", "drukker: anoniem", "onbekend")
TECHNIQUES = ("etsen", "gravure (drukprocedé)", "boekdruk", "schilderen", "lichtdruk", "emailleren")
SERIES = ("SK-A", "RP-P-OB", "RP-P-1905", "RP-T-1930", "BK-NM", "NG-MC", "RP-F-F")
TEXT = (
    "gezicht op de stad met op de voorgrond twee ruiters en een hond bij het water links een boom waaronder enkele "
    "figuren rusten rechts een wapenschild met de naam van de opdrachtgever in het midden een opengeslagen boek"
)
WORDS = TEXT.split()
RIGHTS = (
    "Naar de afbeelding en de gegevens van dit werk mag vrij worden verwezen; de afbeelding is rechtenvrij en mag "
    "zonder toestemming worden gebruikt, bewerkt en verspreid."
)
RECORD = """<?xml version="1.0" encoding="UTF-8"?>
<record xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <header>
    <identifier>oai:rijksmuseum.nl:collection:{identifier}</identifier>
    <datestamp>2013-05-{day:02d}T09:30:00Z</datestamp>
    <setSpec>subject:EntirePublicDomainSet</setSpec>
  </header>
  <metadata>
    <oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/oai_dc/ \
http://www.openarchives.org/OAI/2.0/oai_dc.xsd">
{fields}
    </oai_dc:dc>
  </metadata>
</record>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--images", type=int, default=IMAGES, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: %(default)s)")
    parser.add_argument("--side", type=int, default=96, help="height of the images (default: %(default)s)")
    options = parser.parse_args()
    try:
        made = generate(options.folder, options.images, options.seed, options.side)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    print(f"{options.folder}: {options.images:,} images {'made' if made else 'are there already'}")


def generate(folder, images=IMAGES, seed=0, side=96, workers=None):
    """Make the collection in a folder, in parallel processes, unless it is there with the same settings.

    Arguments:
        folder: new or empty, or from an earlier call.
        images: how many; from 6, the fewest that can be split.
        seed: of the draws.
        side: height of the images in pixels, at least 16.
        workers: processes; default one a processor.

    Returns whether it was made.

    Raises InputError for other numbers, and for a folder that holds anything else.
    """
    folder = Path(folder)
    settings = {"version": VERSION, "images": images, "seed": seed, "side": side}
    if images < 6 or side < 16:
        raise InputError(f"--images {images} --side {side} is too little; give at least 6 images and 16 pixels")
    if folder.exists() and any(folder.iterdir()):
        stamp = folder / STAMP
        if stamp.exists() and json.loads(stamp.read_text()) == {**settings, "laws": _plain_laws()}:
            return False
        raise InputError(f"{folder} is not empty and not from these settings; name another folder or delete it")
    for name in ("xml2", "jpg2"):
        (folder / name).mkdir(parents=True)
    chunks = [range(start, min(start + CHUNK, images)) for start in range(0, images, CHUNK)]
    with ProcessPoolExecutor(workers) as pool:
        for _ in pool.map(partial(_write_chunk, folder, images, seed, side), chunks):
            pass
    write_json(folder / STAMP, {**settings, "laws": _plain_laws()})
    return True


def class_sizes(challenge, images=IMAGES):
    """How many images each class of a challenge has, the first class first: an int64 array without zeros."""
    law, share = LAWS[challenge], images / IMAGES
    fewer = math.sqrt(share)
    ranks = np.arange(1, max(2, round(law.classes * fewer)))
    weights = (ranks + law.shift * fewer) ** -law.exponent
    labelled = round(law.labelled * share)
    rest = np.floor(labelled * (1 - law.first) * weights / weights.sum() + 0.5).astype(np.int64)
    sizes = np.concatenate([[labelled - rest.sum()], rest])
    return sizes[sizes > 0]


@lru_cache(maxsize=2)
def all_labels(images=IMAGES, seed=0):
    """The label of every image: a dict of challenge to a list of str, "" or "anoniem" where there is none."""
    labels = {}
    for number, challenge in enumerate(LAWS):
        sizes = class_sizes(challenge, images)
        column = [name for rank, size in enumerate(sizes.tolist()) for name in [class_name(challenge, rank)] * size]
        missing = images - len(column)
        anonymous = missing - missing // 10 if challenge == "artist" else 0
        column += ["anoniem"] * anonymous + [""] * (missing - anonymous)
        order = np.random.default_rng([seed, number]).permutation(images)
        labels[challenge] = [column[position] for position in order]
    return labels


def class_name(challenge, rank):
    """The name of a class; two classes differ in more than case, blanks and accents."""
    known = KNOWN[challenge]
    if rank < len(known):
        return known[rank]
    invented = _syllables(rank)
    if challenge == "artist":
        return f"{invented.capitalize()}, {FIRST_NAMES[rank % len(FIRST_NAMES)]}"
    return f"{invented} ({KNOWN[challenge][rank % len(known)]})"


def _syllables(number):
    """A word that no other number has: its digits to the base 20, as syllables."""
    digits = []
    while number:
        number, digit = divmod(number, 20)
        digits.append("bdfghklmnprstvwzjcqx"[digit] + "aeiou"[digit % 5])
    return "".join(digits)


def image_name(index):
    """The file name of an image without extension; the first has index 0."""
    return f"{index + 1:07d}_{SERIES[index % len(SERIES)]}-{1001 + index}"


def record(index, labels, seed=0):
    """The XML of an image.

    Arguments:
        index: of the image.
        labels: dict of challenge to its label.
        seed: of what is drawn beside the labels.

    Returns str.
    """
    draw = random.Random(seed * IMAGES + index)
    identifier = image_name(index).partition("_")[2]
    year = draw.randint(1450, 1940)
    title, text = (" ".join(draw.choices(WORDS, k=count)).capitalize() for count in (6, draw.randint(60, 140)))
    kind, artist, material = labels["type"], labels["artist"], labels["material"]
    materials = [material, *draw.choices(KNOWN["material"], k=draw.choice((0, 0, 1)))] if material else []
    fields = [
        ("identifier", identifier),
        ("identifier", f"http://www.rijksmuseum.nl/nl/collectie/{identifier}"),
        ("title", f"{title} <{year}>"),
        *(("creator", f"{draw.choice(ROLES)}: {name}") for name in [artist] if name),
        *(("creator", other) for other in draw.sample(OTHERS, draw.choice((0, 0, 1, 2)) if artist else 0)),
        *(("type", value) for value in ([kind, *draw.sample(SPECIFIC, draw.randint(0, 2))] if kind else [])),
        ("format", f"http://www.rijksmuseum.nl/assetimage2.jsp?id={identifier}"),
        *(("format", f"materiaal: {value}") for value in materials),
        *(("format", f"techniek: {value}") for value in draw.sample(TECHNIQUES, draw.randint(1, 2))),
        ("format", f"hoogte {draw.randint(40, 900)} mm × breedte {draw.randint(40, 900)} mm"),
        ("date", str(year)),
        ("description", f"{text}."),
        *(("subject", f"{draw.choice(WORDS)} {draw.randint(10, 99)}") for _ in range(draw.randint(1, 4))),
        ("coverage", f"{year // 100 + 1}e eeuw"),
        ("language", "nl"),
        ("publisher", "Rijksmuseum"),
        ("rights", RIGHTS),
    ]
    lines = "\n".join(f"      <dc:{element}>{escape(value)}</dc:{element}>" for element, value in fields)
    return RECORD.format(identifier=identifier, day=index % 28 + 1, fields=lines)


def picture(index, seed=0, side=96):
    """The picture of an image: a piece of one of BASES, turned and shifted as no other one is; a PIL image."""
    base = _bases(seed, side)[index % BASES]
    down, right = divmod(index // BASES, base.shape[1])
    width = side + index % 5 * side // 12
    return Image.fromarray(np.roll(base, (-down, -right), (0, 1))[:, :width])


@lru_cache(maxsize=1)
def _bases(seed, side):
    """Pictures of soft shapes with grain, uint8 (BASES, side, side * 4 // 3, 3)."""
    rng, shape = np.random.default_rng([seed, len(LAWS)]), (side, side * 4 // 3, 3)
    bases = np.empty((BASES, *shape), np.uint8)
    for base in bases:
        coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        soft = np.asarray(coarse.resize(shape[1::-1], Image.Resampling.BICUBIC), np.float32)
        base[:] = np.clip(soft + rng.normal(0, 6, shape), 0, 255)
    return bases


def _write_chunk(folder, images, seed, side, indices):
    labels = all_labels(images, seed)
    for index in indices:
        name = image_name(index)
        text = record(index, {challenge: labels[challenge][index] for challenge in LAWS}, seed)
        (folder / "xml2" / f"{name}.xml").write_bytes(text.encode())
        picture(index, seed, side).save(folder / "jpg2" / f"{name}.jpg", quality=80)


def _plain_laws():
    return {challenge: asdict(law) for challenge, law in LAWS.items()}


if __name__ == "__main__":
    main()
