"""Metadata ids matched with image files: exactly, and then in the nearest ways that leave no doubt."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from typing import NamedTuple
from unicodedata import normalize

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, row_name, shown, shown_path
from arttl.collections.image_folder import FOREIGN_SUFFIXES, IMAGE_SUFFIXES

_LEADS_OUT = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|\Z)|.*\0", re.DOTALL)
_DRIVE = re.compile(r"\A[A-Za-z]:")


class Matched(NamedTuple):
    """What match_ids found.

    Attributes:
        files: for each id one of the folder's images, or None where there is no such image, or the id is blank.
        notes: in which ways beside the exact one ids were found, a line each.
    """

    files: list[str | None]
    notes: list[str]


def match_ids(ids, images, source):
    """Match metadata ids with image files, by name.

    An id is the file's path below the image folder, with or without its extension; an exact match comes first. What is
    then left is matched by the WAYS, one after the other. A way gives an id a file only if it fits no other file and
    no other id, and if no earlier way gave that file away; it never gives one that is not listed.

    Arguments:
        ids: str Series of ids without surrounding blanks, indexed by row number, or by the rows' names.
        images: an ImageFolder.
        source: the metadata file, for messages.

    Returns Matched.

    Raises InputError for an id that leads out of the folder and has no image in it, and for one that fits several
    files exactly.
    """
    exact = _exact_matches(ids, images, source)
    wanted = dict.fromkeys(ids[ids != ""])
    found, notes = {image_id: file for image_id, file in exact.items() if file is not None}, []
    for words, find in WAYS:
        lacking = [image_id for image_id in wanted if image_id not in found]
        if not lacking:
            break
        taken = set(found.values())
        near = {image_id: file for image_id, file in find(lacking, images).items() if file not in taken}
        fitting = Counter(near.values())
        near = {image_id: file for image_id, file in near.items() if fitting[file] == 1}
        found |= near
        if near:
            notes.append(f"{len(near):,} of {counted(len(wanted), 'id')} found {words}")
    for row, image_id in ids.items():
        if image_id not in found and _LEADS_OUT.match(image_id):
            raise _leads_out(image_id, row, images, source)
    return Matched([found.get(image_id) for image_id in ids], notes)


def _exact_matches(ids, images, source):
    """A dict of id to its file, or None."""
    listed = set(images.images)
    by_stem = defaultdict(list)
    for image in images.images:
        by_stem[os.path.splitext(image)[0]].append(image)
    found = {}
    for row, image_id in ids.items():
        if image_id not in found:
            found[image_id] = _exact_match(image_id, row, images, listed, by_stem, source)
    return found


def _exact_match(image_id, row, images, listed, by_stem, source):
    names = _names(image_id, images)
    if "\0" in image_id or any(_through_link(name, images.links) for name in (image_id, *names)):
        raise _leads_out(image_id, row, images, source)
    if not image_id or _LEADS_OUT.match(image_id):
        return None
    for name in (image_id, *names):
        if name in listed:
            return name
        found = by_stem.get(name, ())
        if len(found) > 1:
            raise InputError(
                f"{shown_path(source)} {row_name(row)}: image id '{shown(image_id)}' fits {first_few(found)} in "
                f"{shown_path(images.folder)}; write the id with its extension"
            )
        if found:
            return found[0]
    return None


def _names(image_id, images):
    """An id as a path with forward slashes, also without the image folder's name in front."""
    plain = "/".join(part for part in re.split(r"[/\\]", _DRIVE.sub("", image_id)) if part not in ("", ".", ".."))
    return plain, plain.removeprefix(images.prefix)


def _leads_out(image_id, row, images, source):
    linked = any(_through_link(name, images.links) for name in (image_id, *_names(image_id, images)))
    remedy = " (follow_links=True follows links)" if linked and not images.walk.follow_links else ""
    return InputError(
        f"{shown_path(source)} {row_name(row)}: image id '{shown(image_id)}' leads out of the image folder "
        f"{shown_path(images.folder)}; correct the id{remedy}"
    )


def _through_link(name, links):
    parts = name.split("/") if links else []
    return any("/".join(parts[:end]) in links for end in range(1, len(parts) + 1))


# --- the nearest ways: a function of (ids, ImageFolder) that gives a dict of id to the one file that fits


def _by_key(key):
    """The way of comparing ids and files by a function of their paths."""

    def find(lacking, images):
        fitting = defaultdict(list)
        for image in images.images:
            fitting[key(image)].append(image)
        found = {}
        for image_id in lacking:
            files = next((fitting[each] for each in map(key, _names(image_id, images)) if each in fitting), ())
            if len(files) == 1:
                found[image_id] = files[0]
        return found

    return find


def _composed(path):
    return normalize("NFC", path)


def _caseless(path):
    return normalize("NFC", normalize("NFC", path).casefold())


def _stem(path):
    stem, suffix = os.path.splitext(_caseless(path))
    return stem if suffix in IMAGE_SUFFIXES or suffix in FOREIGN_SUFFIXES else stem + suffix


def _by_tail(lacking, images):
    """One path is the end of the other: the id has folders in front that the file has not, or the other way round."""
    stems, ends = defaultdict(list), defaultdict(list)
    for image in images.images:
        stem = _stem(image)
        stems[stem].append(image)
        for end in _ends(stem):
            ends[end].append(image)
    found = {}
    for image_id in lacking:
        stem = _stem(_names(image_id, images)[0])
        files = ends.get(stem) or next((stems[end] for end in _ends(stem) if end in stems), ())
        if len(files) == 1:
            found[image_id] = files[0]
    return found


def _ends(path):
    """The path without its first folder, its first two, and so on: 'a/b/c' gives 'b/c' and 'c'."""
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(1, len(parts))]


def _by_name(lacking, images):
    """By the last part alone, where no two images of the folder share one."""
    names = {_stem(image.rpartition("/")[2]): image for image in images.images}
    if len(names) < len(images.images):
        return {}
    found = {image_id: names.get(_stem(_names(image_id, images)[0].rpartition("/")[2])) for image_id in lacking}
    return {image_id: file for image_id, file in found.items() if file is not None}


WAYS = (
    ("after Unicode normalisation", _by_key(_composed)),
    ("leaving upper and lower case aside", _by_key(_caseless)),
    ("leaving the file's suffix aside", _by_key(_stem)),
    ("leaving leading folders aside", _by_tail),
    ("by the file's name alone", _by_name),
)
"""Ways to find what has no exact match, in the order in which they are tried; each also allows what those before do."""
