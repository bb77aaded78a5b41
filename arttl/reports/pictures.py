"""The pictures behind the runs: which collections can be opened, and thumbnails of their images."""

from __future__ import annotations

import base64
import hashlib
import io
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PIL import Image

from arttl.base.errors import InputError
from arttl.base.files import make_folder, whole_file
from arttl.base.wording import first_few, shown
from arttl.collections import BUNDLED, bundled, open_collection
from arttl.images.decoding import decode_image
from arttl.images.own_size import own_decoding
from arttl.images.picture import DAMAGE, BadImage
from arttl.splits import make_split

THUMBNAIL = 160  # pixels of the longer side
_SKIPPING = {"skip_missing": True, "skip_unreadable": True}
_READING = dict.fromkeys(("data", "metadata", "image_column", "label_column", "sheet", "format", "split"), str)
_READING |= {"unknown_labels": list, "follow_links": bool, "max_megapixels": int}
JPEG = {"quality": 78, "optimize": True}


class Pictures:
    """Collections by name, and thumbnails of their images, each decoded once.

    Arguments:
        collections: dict of name to a list of Collections, one for each challenge if they were read apart.
        kept: a folder where every thumbnail that was asked for is kept, and found again when its collection is not
            there; None to keep none.
    """

    def __init__(self, collections, kept=None):
        self.collections, self.kept = collections, kept
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

    def picture(self, name, image_id):
        """An image as a PIL.Image with THUMBNAIL pixels on its longer side, upright; None if it cannot be shown."""
        content = self._jpeg(name, image_id)
        return None if content is None else Image.open(io.BytesIO(content)).convert("RGB")

    def thumbnail(self, name, image_id):
        """An image as a JPEG in a data: address, or None if it cannot be shown."""
        content = self._jpeg(name, image_id)
        return None if content is None else data_uri(content, "image/jpeg")

    def _jpeg(self, name, image_id):
        """The bytes of a thumbnail: of the collection's picture, else as it was kept; None without either."""
        key = name, image_id
        if key not in self._thumbnails:
            path = self.path(name, image_id)
            kept = self.kept and self.kept / f"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.jpg"
            if path is not None:
                self._thumbnails[key] = content = _thumbnail(path)
                if kept and content:
                    make_folder(self.kept)
                    with whole_file(kept, "wb") as file:
                        file.write(content)
            else:
                self._thumbnails[key] = kept.read_bytes() if kept and kept.is_file() else None
        return self._thumbnails[key]


def open_pictures(folders, reading, runs, kept=None, opened_already=None):
    """The Pictures of the runs' collections: the bundled ones, those that lie in folders, and where the runs read them.

    Arguments:
        folders: of collections.
        reading: dict of how they are read, as of arttl.collections.open_collection, where the runs do not say it.
        runs: rows of Collected.runs: collection, challenge and config.
        kept: as of Pictures.
        opened_already: function of a folder and a challenge, or None for any, that gives the Collection where it is
            open, and None where it is not.

    Raises InputError for data that cannot be read, and for data that no run is of. What runs read and is gone since, or
    cannot be read any more, is passed over.
    """
    groups = dict(list(runs.groupby("collection")))
    opened = {name: [bundled(name)] for name in groups if name in BUNDLED}
    given = {data.resolve().name: data for data in folders}
    for name in given:
        if name not in groups:
            there = first_few(groups) or "none at all"
            raise InputError(f"data={shown(name)}: no run is of a collection of this name; there is {there}")
    for name, group in groups.items():
        known = _recorded(group, name)
        challenges = list(dict.fromkeys(group.challenge))
        if name in given:
            opened[name] = _opened(_moved(known, given[name]) | reading, challenges, opened_already)
        elif name not in opened and known and Path(known["data"]).is_dir():
            with suppress(InputError):  # nobody asked for it by name; the page says which pictures it lacks
                opened[name] = _opened(known, challenges, opened_already)
    return Pictures(opened, kept)


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


def _recorded(runs, name):
    """How a collection was read by the first run that says so in its config.json, a dict of Reading's fields."""
    for config in runs.config:
        found = config.get("reading")
        data = found.get("data") if isinstance(found, dict) else None
        if isinstance(data, str) and Path(data).name == name:
            return {key: value for key, value in found.items() if isinstance(value, _READING.get(key, ()))}
    return {}


def _moved(reading, data):
    """A reading for the same collection in another folder, with its metadata where that lay within the former one."""
    metadata = Path(reading["metadata"]) if "metadata" in reading else None
    if metadata is not None and metadata.is_relative_to(reading["data"]):
        reading = reading | {"metadata": data / metadata.relative_to(reading["data"])}
    return reading | {"data": data}


def _opened(reading, challenges, opened_already):
    """A folder opened for all it has, and again for each challenge that it then lacks."""

    def collection(challenge):
        there = opened_already(Path(reading["data"]), challenge) if opened_already else None
        return there or open_collection(challenge=challenge, **reading | _SKIPPING)

    opened = [collection(None)]
    for challenge in challenges:
        if challenge and challenge not in opened[0].challenges:
            opened.append(collection(challenge))
    return [replace(each, name=opened[0].name) for each in opened]


def _thumbnail(path):
    """A picture as the bytes of a small JPEG, or None if it cannot be decoded."""
    try:
        picture = Image.fromarray(decode_image(path, own_decoding(path, THUMBNAIL)))
    except (BadImage, *DAMAGE):
        return None
    file = io.BytesIO()
    picture.save(file, "JPEG", **JPEG)
    return file.getvalue()
