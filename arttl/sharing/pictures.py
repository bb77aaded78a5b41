"""The pictures that a command line names: files, and folders of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown_path
from arttl.collections.image_folder import IMAGE_SUFFIXES, list_images


class Pictures(NamedTuple):
    """What was found.

    Attributes:
        paths: the files, as they were named or as they lie below a folder, each once.
        notes: what was passed over, in lines.
    """

    paths: list[str]
    notes: list[str]


def find_pictures(named):
    """The pictures among files and below folders, in the order they were named, those of a folder sorted.

    Folders are searched as those of collections are; a file is taken whatever its name.

    Arguments:
        named: paths of files and folders.

    Returns Pictures.

    Raises InputError for a path that is not there or that no CSV could hold, and if there are no pictures at all.
    """
    paths, notes = [], []
    for each in named:
        if not os.path.lexists(each):
            raise InputError(f"{shown_path(each)} does not exist; give picture files, or folders of them")
        if os.path.isdir(each):
            found = list_images(each)
            paths += [os.path.join(each, *image.split("/")) for image in found.images]
            notes += _notes(each, found)
        else:
            paths.append(str(each))
    if not paths:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        raise InputError(f"no pictures in {first_few(named)}; give files, or folders that hold some ({suffixes})")
    for path in paths:
        _check_name(path)
    return Pictures(list(dict.fromkeys(paths)), notes)


def check_outside(folder, named, argument):
    """Raise InputError if a folder to be written lies in one whose pictures are read: they would be read next time."""
    real = Path(os.path.realpath(folder))
    for each in filter(os.path.isdir, named):
        if real.is_relative_to(os.path.realpath(each)):
            raise InputError(
                f"{argument}={shown_path(folder)} lies in {shown_path(each)}, whose pictures are classified; "
                "name a folder outside of it"
            )


def _notes(folder, found):
    if found.links:
        links = counted(len(found.links), "link")
        yield f"{shown_path(folder)}: {links} not followed (out of the folder, or to a folder)"
    if found.ignored:
        files = counted(found.ignored, "file")
        yield f"{shown_path(folder)}: {files} passed over (hidden, no picture by its name, or not named in UTF-8)"


def _check_name(path):
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{shown_path(path)} is not named in UTF-8, so that no table can name it; rename it"
        ) from error
