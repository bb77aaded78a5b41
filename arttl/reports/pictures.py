"""The pictures behind the runs: which collections can be opened, and thumbnails of their images."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import replace

from PIL import ExifTags, Image

from arttl.base.errors import InputError
from arttl.base.wording import first_few, shown
from arttl.collections import BUNDLED, bundled
from arttl.images.decoding import Decoding, decode_image
from arttl.images.picture import DAMAGE, BadImage
from arttl.splits import make_split

THUMBNAIL = 160  # pixels of the longer side
JPEG = {"quality": 78, "optimize": True}
_SIDES_CHANGE = (5, 6, 7, 8)  # EXIF orientations that lie on their side


class Pictures:
    """Collections by name, and thumbnails of their images, each decoded once.

    Arguments:
        collections: dict of name to a list of Collections, one for each challenge if they were read apart.
    """

    def __init__(self, collections):
        self.collections = collections
        self._paths, self._thumbnails = {}, {}

    def labelled(self, name, challenge):
        """The Collection of that name that has the challenge, or None."""
        return next((each for each in self.collections.get(name, ()) if challenge in each.challenges), None)

    def path(self, name, image_id):
        """Where an image lies: a Path, or None."""
        if name not in self._paths:
            self._paths[name] = {}
            for each in self.collections.get(name, ()):
                self._paths[name] |= each.paths()
        return self._paths[name].get(image_id)

    def picture(self, name, image_id, side=THUMBNAIL):
        """An image as a PIL.Image with `side` pixels on its longer side, upright; None if it cannot be shown."""
        path = self.path(name, image_id)
        try:
            return None if path is None else Image.fromarray(decode_image(path, _decoding(path, side)))
        except (BadImage, *DAMAGE):
            return None

    def thumbnail(self, name, image_id):
        """An image as a JPEG in a data: address, or None if it cannot be shown."""
        key = name, image_id
        if key not in self._thumbnails:
            picture = self.picture(name, image_id)
            self._thumbnails[key] = None if picture is None else data_uri(_jpeg(picture), "image/jpeg")
        return self._thumbnails[key]


def open_pictures(folders, opening, runs):
    """The Pictures of the runs' collections: the bundled ones, and those that lie in folders.

    Arguments:
        folders: of collections.
        opening: function of a folder and a challenge, or None for any, that gives the Collection.
        runs: Collected.runs.

    Raises InputError for data that cannot be read, and for data that no run is of.
    """
    challenges = {name: list(dict.fromkeys(group.challenge)) for name, group in runs.groupby("collection")}
    opened = {name: [bundled(name)] for name in challenges if name in BUNDLED}
    for data in folders:
        name = data.resolve().name
        if name not in challenges:
            there = first_few(challenges) or "none at all"
            raise InputError(f"data={shown(name)}: no run is of a collection of this name; there is {there}")
        opened[name] = _opened(data, challenges[name], opening)
    return Pictures(opened)


def used_split(collection, run):
    """The Split that a run was made with, drawn again; None if the collection has changed since.

    Arguments:
        collection: a Collection.
        run: a row of Collected.runs.
    """
    drawn = run.config.get("split")
    if not isinstance(drawn, dict) or drawn.get("preset") not in ("thesis", "released", "stratified"):
        return None
    given = collection.given_split()
    seed = drawn.get("seed") if given is None else 42
    if not isinstance(seed, int):
        return None
    try:
        split = make_split(collection.labels(run.challenge), preset=drawn["preset"], seed=seed, given=given)
    except InputError:
        return None
    return split if split.fingerprint == run.split else None


def data_uri(content, kind):
    """Bytes as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _opened(data, challenges, opening):
    """A folder opened for all it has, and again for each challenge that it then lacks."""
    opened = [opening(data, None)]
    for challenge in challenges:
        if challenge and challenge not in opened[0].challenges:
            opened.append(opening(data, challenge))
    return [replace(each, name=opened[0].name) for each in opened]


def _decoding(path, side):
    """How to decode a picture so that it keeps its shape."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path) as picture:
            width, height = picture.size
            turned = picture.getexif().get(ExifTags.Base.Orientation) in _SIDES_CHANGE
    if turned:
        width, height = height, width
    scale = min(side / max(width, height), 1)
    return Decoding((max(1, round(height * scale)), max(1, round(width * scale))), "antialiased")


def _jpeg(picture):
    file = io.BytesIO()
    picture.save(file, "JPEG", **JPEG)
    return file.getvalue()
