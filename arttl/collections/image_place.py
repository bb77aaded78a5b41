"""In which folder the images lie that a table names, and what lies near to a name that is not there."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from unicodedata import combining, normalize

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown, shown_path
from arttl.collections.image_folder import list_images

MOST = 0.5  # of the ids: a folder that has more of them is where the images lie
FOLDERS_NAMED = 4


def place_images(ids, images, source):
    """The folder in which to look for the images of ids, whatever it is called.

    That is the one given, if most ids are found in it; else the one folder of the data folder in which most are.

    Arguments:
        ids: iterable of ids without surrounding blanks; blank ones play no part.
        images: the ImageFolder that is looked at by rule.
        source: the metadata file, for messages.

    Returns (ImageFolder, notes).

    Raises InputError, naming them, if most ids are found in each of several folders.
    """
    wanted = {each.replace("\\", "/") for each in ids if each}
    if len(wanted & _with_stems(images.images)) > MOST * len(wanted):
        return images, []
    whole = list_images(images.folder.parent, walk=images.walk) if images.prefix else images
    for names in ({each: {each} for each in whole.images}, {each: {_stem(each)} for each in whole.images}):
        found = _found_below(wanted, names)
        if len(found) > 1:
            listed = ", ".join(f"{shown(folder)} {number:,}" for folder, number in found.items())
            raise InputError(
                f"{shown_path(source)}: its {counted(len(wanted), 'id')} are found in several folders of "
                f"{shown_path(whole.folder)} ({listed}); name the one to read: "
                f"data={shown_path(whole.folder / next(iter(found)))} metadata={shown_path(source)}"
            )
        for folder, number in found.items():
            place = list_images(whole.folder / folder, prefix=f"{folder}/", walk=images.walk)
            return place, [f"images of {shown_path(place.folder)}, where {number:,} of {len(wanted):,} ids are found"]
    return images, []


def _found_below(wanted, names):
    """The folders below which most ids are found, exactly: a dict of folder to their number, the most first.

    Arguments:
        wanted: a set of ids.
        names: dict of image to a set of names that it may be called by.
    """
    found = defaultdict(set)
    for image, called in names.items():
        parts = image.split("/")
        for depth in range(1, len(parts)):
            start = "/".join(parts[:depth])
            found[start] |= {each[len(start) + 1 :] for each in called} & wanted
    most = {folder: len(those) for folder, those in found.items() if len(those) > MOST * len(wanted)}
    return dict(sorted(most.items(), key=lambda item: (-item[1], item[0])))


def _with_stems(images):
    return {*images, *map(_stem, images)}


def _stem(image):
    return os.path.splitext(image)[0]


def near_misses(lost, images, most=3):
    """What lies near to ids that have no image: '; near to Boetius.jpg: Boëtius.jpg', or "".

    Near is a name that differs in case, accents, blanks, punctuation, leading zeros, suffix or folder; also one that
    is not read, and one that several files share.

    Arguments:
        lost: the ids.
        images: an ImageFolder.
        most: ids that are told of.
    """
    near = defaultdict(list)
    for image in images.images:
        near[_plain(image)].append(shown_path(image))
    for image in images.foreign:
        near[_plain(image)].append(f"{shown_path(image)} (which is not read: convert it to JPEG or PNG)")
    told = {each: near[_plain(each)] for each in lost if _plain(each) in near}
    lines = [f"near to {shown(each)}: {', '.join(found[:2])}" for each, found in list(told.items())[:most]]
    return "".join(f"; {line}" for line in lines)


def where_pictures_lie(images):
    """'; Fotos holds 55 pictures, such as Fotos/a.jpg', of the data folder's own folders; "" without any picture."""
    whole = list_images(images.folder.parent, walk=images.walk) if images.prefix else images
    if not whole.images:
        return ""
    counts = Counter(image.rpartition("/")[0] or "." for image in whole.images)
    folders = first_few((f"{folder} {number:,}" for folder, number in counts.most_common()), FOLDERS_NAMED)
    return f"; pictures of {shown_path(whole.folder)}: {folders}, the first is {shown_path(whole.images[0])}"


def _plain(name):
    """The last part of a name without suffix, case, accents, blanks, punctuation and leading zeros."""
    name = name.replace("\\", "/").rpartition("/")[2]
    stem, suffix = os.path.splitext(name)
    stem = stem if len(suffix) <= 5 else name
    letters = normalize("NFKD", normalize("NFKD", stem).casefold())
    plain = "".join(each for each in letters if not combining(each))
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]+", "-", plain)).replace("-", "")
