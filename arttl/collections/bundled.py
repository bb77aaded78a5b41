"""The collections that come with the package, so that every experiment runs without a download."""

from __future__ import annotations

from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.wording import shown
from arttl.collections.dublin_core_csv import read_dublin_core_csv
from arttl.collections.image_folder import find_images

BUNDLED = ("clipart-a", "clipart-b")
DATA = Path(__file__).resolve().parent.parent / "data"


def bundled(name):
    """Open a collection of the package.

    Arguments:
        name: "clipart-a" (in the place of the Rijksmuseum) or "clipart-b" (in the place of Antwerp).

    Returns a Collection with the challenges type and artist.

    Raises InputError for any other name, and if the files are not all there.

    Source: public-domain drawings of Debian's openclipart 0.18, chosen by tools/make_clipart.py.
    """
    if name not in BUNDLED:
        raise InputError(
            f"no bundled collection '{shown(name)}'; there are {', '.join(BUNDLED)}; open_collection opens yours"
        )
    return read_dublin_core_csv(DATA / name / "metadata.csv", find_images(DATA / name), name=name)
