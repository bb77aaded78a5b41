"""The images below a folder, listed once, and metadata ids matched with them."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from arttl.collections.wording import first_few, row_name, shown, shown_path
from arttl.errors import InputError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"})
IMAGE_FOLDERS = ("images", "jpg2", "jpg")
"""Where images lie inside a data folder, first come first used; else in the data folder itself."""

_LEADS_OUT = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|\Z)|.*\0", re.DOTALL)


@dataclass(frozen=True, eq=False)
class ImageFolder:
    """What lies below a folder.

    Arguments:
        folder: the folder, as the user named it.
        root: its real path.
        images: paths relative to it with forward slashes, sorted.
        folders: the folders below it, in the same form, sorted.
        links: links that are not followed, in the same form: they lead out of the folder, or to a folder.
        ignored: number of files that are hidden, no image, or not named in UTF-8.
        prefix: the folder relative to the data folder ("images/"), which ids may carry as well; or "".
    """

    folder: Path
    root: str
    images: tuple[str, ...]
    folders: tuple[str, ...]
    links: frozenset[str]
    ignored: int
    prefix: str = ""

    def path(self, image):
        """The absolute path of one of `images`."""
        return os.path.join(self.root, *image.split("/"))


def find_images(data):
    """List the images of a data folder: those in the first of IMAGE_FOLDERS it has, else all below it."""
    for name in IMAGE_FOLDERS:
        if (Path(data) / name).is_dir():
            return list_images(Path(data) / name, prefix=f"{name}/")
    return list_images(data)


def list_images(folder, prefix=""):
    """List a folder and all below it, without a look at the files themselves.

    Links are followed only to files below the same folder, so nothing outside is ever read.

    Arguments:
        folder: the folder.
        prefix: see ImageFolder.

    Returns an ImageFolder.

    Raises InputError for a folder that cannot be read.
    """
    root = os.path.realpath(folder)
    images, folders, links, ignored = [], [], set(), 0
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        for entry in entries(os.path.join(root, inside)):
            name = inside + entry.name
            if entry.name.startswith(".") or not _is_utf8(entry.name):
                ignored += 1
            elif entry.is_symlink() and not _stays_inside(entry.path, root):
                links.add(name)
            elif entry.is_dir():
                folders.append(name)
                waiting.append(name + "/")
            elif os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES:
                images.append(name)
            else:
                ignored += 1
    return ImageFolder(
        Path(folder), root, tuple(sorted(images)), tuple(sorted(folders)), frozenset(links), ignored, prefix
    )


def entries(folder):
    """The os.DirEntry objects of a folder, sorted by name; InputError if it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(
            f"{shown_path(folder)} cannot be read ({error.strerror}); check the path and its permissions"
        ) from error


def known_ids(images):
    """The ids that surely have an image: a set of names with and without extension."""
    return {*images.images, *(os.path.splitext(image)[0] for image in images.images)}


def match_ids(ids, images, source):
    """Match metadata ids with image files, by name.

    An id is the file's path below the image folder, with or without its extension; an exact match comes first.

    Arguments:
        ids: str Series of ids without surrounding blanks, indexed by row number, or by the rows' names.
        images: an ImageFolder.
        source: the metadata file, for messages.

    Returns a list with, for each id, one of `images.images`, or None where there is no such image.

    Raises InputError for an id that is empty, leads out of the folder, or fits several files.
    """
    exact = set(images.images)
    by_stem = defaultdict(list)
    for image in images.images:
        by_stem[os.path.splitext(image)[0]].append(image)
    return [_match(image_id, row, images, exact, by_stem, source) for row, image_id in ids.items()]


def _match(image_id, row, images, exact, by_stem, source):
    where = f"{shown_path(source)} {row_name(row)}"
    if not image_id:
        raise InputError(f"{where}: the image id is empty; fill it in or delete the row")
    plain = "/".join(part for part in re.split(r"[/\\]", image_id) if part not in ("", "."))
    names = (image_id, plain, plain.removeprefix(images.prefix))
    if _LEADS_OUT.match(image_id) or any(_through_link(name, images.links) for name in names):
        raise InputError(
            f"{where}: image id '{shown(image_id)}' leads out of the image folder {shown_path(images.folder)}; "
            "correct the id"
        )
    for name in names:
        if name in exact:
            return name
        found = by_stem.get(name, ())
        if len(found) > 1:
            raise InputError(
                f"{where}: image id '{shown(image_id)}' fits {first_few(found)} in {shown_path(images.folder)}; "
                "write the id with its extension"
            )
        if found:
            return found[0]
    return None


def _is_utf8(name):
    # Names in another encoding reach Python with lone surrogates, which no CSV or JSON file can hold.
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _stays_inside(link, root):
    target = os.path.realpath(link)
    return target.startswith(os.path.join(root, "")) and os.path.isfile(target)


def _through_link(name, links):
    parts = name.split("/") if links else []
    return any("/".join(parts[:end]) in links for end in range(1, len(parts) + 1))
