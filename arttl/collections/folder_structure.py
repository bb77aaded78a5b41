"""What folders of images mean by their names: parts of a split, classes, or nothing but a place for images."""

from __future__ import annotations

import re
from collections import defaultdict

from arttl.base.errors import InputError
from arttl.base.wording import first_few, shown_path
from arttl.collections.table import PARTS

PART_WORDS = {
    "train": ("train", "training", "trn"),
    "validation": ("val", "valid", "validation", "validate", "dev", "development"),
    "test": ("test", "testing", "tst"),
}
"""What folders of a part are called, also with one of AROUND before or after it, and a number."""

AROUND = ("set", "sets", "split", "data", "dataset", "images", "imgs", "img", "samples", "files", "folder")

CONTAINERS = frozenset(
    [
        "images",
        "image",
        "imgs",
        "img",
        "jpg",
        "jpg2",
        "jpeg",
        "jpegs",
        "png",
        "resized",
        "original",
        "originals",
        "thumbnails",
        "thumbs",
        "data",
        "dataset",
        "datasets",
        "raw",
        "masks",
        "annotations",
    ]
)
"""Names of folders that say where images lie and not what they are, in lower case."""

_WORD = {word: part for part, words in PART_WORDS.items() for word in words}
_AROUND = f"(?:{'|'.join(AROUND)})?"
_PART = re.compile(rf"\d*{_AROUND}({'|'.join(_WORD)}){_AROUND}\d*")


def part_of(name):
    """The part that a folder's name means ("training_set" is "train", "Dev" is "validation"), or None."""
    found = _PART.fullmatch(re.sub(r"[\W_]+", "", name).casefold())
    return found and _WORD[found[1]]


def given_parts(listed):
    """Which folders are parts of a split: a dict of folder name to part in the order of PARTS, empty without any.

    A folder counts as a part by its name, if one that does holds its images in subfolders; a folder "test" that holds
    images itself, beside folders of other names, is a class like these.

    Arguments:
        listed: an ImageFolder.

    Returns the dict; of PARTS, only "validation" can be missing in it.

    Raises InputError where train or test is missing, where several folders are one part, and where folders of other
    names beside some of the parts make it doubtful what is meant.
    """
    top = [folder for folder in listed.folders if "/" not in folder]
    parts = {folder: part_of(folder) for folder in top if part_of(folder)}
    parts = dict(sorted(parts.items(), key=lambda item: PARTS.index(item[1])))
    inside = _depths(listed)
    others = [folder for folder in top if folder not in parts and folder in inside]
    if not parts or (others and not any(_is_structured(inside[folder]) for folder in parts if folder in inside)):
        return {}
    where, missing = shown_path(listed.folder), [part for part in PARTS if part not in parts.values()]
    if others and missing and missing != ["validation"]:
        raise InputError(
            f"{where} has {first_few(parts)}, as if split, beside {first_few(others)}, as if classes; rename "
            f"{first_few(parts)} if they are classes, else put train and test folders there, and nothing else"
        )
    if len(parts) > len(set(parts.values())):
        raise InputError(
            f"{where} has several folders for one split ({first_few(parts, 6)}); keep one of train, val, test"
        )
    if missing and missing != ["validation"]:
        drawn = listed.folder / next(iter(parts))
        raise InputError(
            f"{where} has {first_few(parts)} but no {' and no '.join(missing)} folder; add or rename one (validation "
            f"can be drawn from train, test cannot), or have all splits drawn: data={shown_path(drawn)}"
        )
    _refuse_nested(listed, parts)
    return parts


def refuse_containers(listed, labels):
    """Raise InputError if folders would be classes that rather hold the class folders.

    That is a folder of CONTAINERS where all are, or where its images lie in subfolders; and a folder alone, with
    several folders of images in it.

    Arguments:
        listed: an ImageFolder.
        labels: the names of the folders that would be classes.
    """
    labels, inside = sorted(set(labels)), _depths(listed)
    named = [label for label in labels if label.lower() in CONTAINERS]
    deep = [label for label in (labels if len(labels) == 1 else named) if _is_structured(inside[label])]
    where = shown_path(listed.folder)
    if deep and (len(labels) > 1 or named or len(_children(listed, deep[0])) > 1):
        place = _class_place(listed, deep[0])
        raise InputError(
            f"{where} would give the classes {first_few(labels)}, which rather hold the class folders; name the folder "
            f"that holds them: data={shown_path(listed.folder / place)}"
        )
    if named == labels:
        raise InputError(
            f"{where} holds only the folder{'s' * (len(labels) > 1)} {first_few(labels)} and no CSV; "
            "add the CSV of labels (metadata=), or arrange the images as CLASS/IMAGE.jpg"
        )


def doubt_about_level(listed, labels):
    """A note where all class folders hold the same folders, which then may be the classes (fold1/x, fold2/x); or None.

    Arguments:
        listed: an ImageFolder.
        labels: the names of the folders that are taken for classes.
    """
    children, labels = defaultdict(set), sorted(set(labels))
    for image in listed.images:
        first, second, *deeper = [*image.split("/"), ""][:3]
        children[first].add(second if any(deeper) else "")  # "" stands for images right in the folder
    same = sorted(children[labels[0]])
    if len(labels) < 2 or len(same) < 2 or "" in same or any(children[label] != set(same) for label in labels):
        return None
    return (
        f"all of {first_few(labels)} hold the same folders ({first_few(same)}): if those are the classes, put the "
        "images of each into one folder, or make train and test folders of these"
    )


def _refuse_nested(listed, parts):
    """A split folder inside the split folder, as some archives unpack, would be the only class."""
    for folder in parts:
        children = _children(listed, folder)
        if len(children) == 1 and part_of(children[0]):
            raise InputError(
                f"{shown_path(listed.folder)}: {folder} holds only the folder {children[0]}; move what is in "
                f"{folder}/{children[0]} one level up, so that {folder} holds the class folders"
            )


def _depths(listed):
    """A dict of each top folder with images to how many folders deep below it they lie, a set."""
    depths = defaultdict(set)
    for image in listed.images:
        folders = image.split("/")[:-1]
        if folders:
            depths[folders[0]].add(len(folders) - 1)
    return depths


def _is_structured(depths):
    return 0 not in depths


def _children(listed, folder):
    """The folders directly in a folder that hold images, sorted."""
    start, depth = f"{folder}/", folder.count("/") + 1
    found = (image.split("/") for image in listed.images if image.startswith(start))
    return sorted({parts[depth] for parts in found if len(parts) > depth + 1})


def _class_place(listed, folder):
    """The first folder at or below one that holds several folders with images."""
    while len(children := _children(listed, folder)) == 1:
        if not _children(listed, f"{folder}/{children[0]}"):
            break
        folder = f"{folder}/{children[0]}"
    return folder
