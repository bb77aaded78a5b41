"""The images below a folder, listed once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown_path

IMAGE_SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".gif",
        ".bmp",
        ".tif",
        ".tiff",
        ".webp",
        ".avif",
        ".avifs",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".jp2",
        ".j2k",
        ".j2c",
        ".jpc",
        ".jpf",
        ".jpx",
    ]
)
"""Suffixes of the formats that arttl.images decodes, in lower case; a test compares them."""

FOREIGN_SUFFIXES = frozenset(
    [".heic", ".heif", ".hif", ".jxl", ".psd", ".svg", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"]
)
"""Suffixes of pictures that arttl.images does not decode, which are told apart from files that are no pictures."""

IMAGE_FOLDERS = ("images", "jpg2", "jpg")
"""Where images lie inside a data folder, first come first used; else in the data folder itself."""

MACHINE_FOLDERS = frozenset(
    {
        "__macosx",
        "__pycache__",
        "$recycle.bin",
        "recycler",
        "system volume information",
        "lost+found",
        "network trash folder",
        "temporary items",
        "@eadir",
        "@recycle",
        "@recently-snapshot",
        "#recycle",
        "#snapshot",
    }
)
"""Folders that systems, servers and tools make, in lower case; so are hidden ones. None of them is opened."""


@dataclass(frozen=True)
class Walk:
    """How a folder is searched.

    Arguments:
        follow_links: follow links to files and folders wherever they lead; each folder is read once, so loops end.
        skip_unreadable: pass over folders that cannot be read, and list them, rather than refuse them.
    """

    follow_links: bool = False
    skip_unreadable: bool = False


USUAL_WALK = Walk()


@dataclass(frozen=True, eq=False)
class ImageFolder:
    """What lies below a folder.

    Arguments:
        folder: the folder, as the user named it.
        root: its real path.
        images: paths relative to it with forward slashes, sorted.
        folders: the folders below it, in the same form, sorted.
        links: links that are not followed, in the same form: they lead out of the folder, or to a folder; where all
            are followed, those that lead to nothing, or to a folder that is read already.
        ignored: number of files that are hidden, no image, or not named in UTF-8.
        prefix: the folder relative to the data folder ("images/"), which ids may carry as well; or "".
        machine: folders that were not opened, since they are hidden or of MACHINE_FOLDERS, sorted.
        unreadable: folders that cannot be read, sorted.
        foreign: pictures whose format is not read (FOREIGN_SUFFIXES), sorted.
        walk: how it was searched.
    """

    folder: Path
    root: str
    images: tuple[str, ...]
    folders: tuple[str, ...]
    links: frozenset[str]
    ignored: int
    prefix: str = ""
    machine: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    walk: Walk = USUAL_WALK

    def path(self, image):
        """The absolute path of one of `images`."""
        return os.path.join(self.root, *image.split("/"))

    @property
    def notes(self):
        """What lies there and was left out, in lines that name the remedy; `ignored` files are not among them."""
        lines = []
        if self.machine:
            folders = counted(len(self.machine), "folder")
            lines.append(f"{folders} that systems make, or hidden, left out: {first_few(self.machine)}")
        if self.links:
            links, where = counted(len(self.links), "link"), shown_path(self.folder)
            lines.append(
                f"{links} to nothing, or to a folder that is read already, left out"
                if self.walk.follow_links
                else f"{links} to folders or out of {where} left out (follow_links=True follows them)"
            )
        if self.unreadable:
            folders = counted(len(self.unreadable), "folder")
            lines.append(f"{folders} that cannot be read left out: {first_few(self.unreadable)}")
        if self.foreign:
            files, suffixes = counted(len(self.foreign), "picture"), sorted(set(map(_suffix, self.foreign)))
            lines.append(
                f"{files} of a format that is not read left out ({', '.join(suffixes)}: {first_few(self.foreign)}): "
                "convert to JPEG or PNG"
            )
        return lines


def find_images(data, walk=USUAL_WALK):
    """List the images of a data folder: those in the first of IMAGE_FOLDERS it has, else all below it."""
    for name in IMAGE_FOLDERS:
        if (Path(data) / name).is_dir():
            return list_images(Path(data) / name, prefix=f"{name}/", walk=walk)
    return list_images(data, walk=walk)


def list_images(folder, prefix="", walk=USUAL_WALK):
    """List a folder and all below it, without a look at the files themselves.

    Links are followed only to files below the same folder, so nothing outside is ever read, unless `walk` asks for
    more.

    Arguments:
        folder: the folder.
        prefix: see ImageFolder.
        walk: a Walk.

    Returns an ImageFolder.

    Raises InputError for a folder that cannot be read, unless it lies below `folder` and `walk` passes over it.
    """
    root = os.path.realpath(folder)
    found = _Found(root, walk)
    found.read("")
    while found.waiting or found.linked:
        # Links come last: what they lead to counts under its own name if it lies in the folder.
        found.read(found.waiting.pop() if found.waiting else found.linked.pop(0))
    return ImageFolder(
        Path(folder),
        root,
        tuple(sorted(found.images)),
        tuple(sorted(found.folders)),
        frozenset(found.links),
        found.ignored,
        prefix,
        tuple(sorted(found.machine)),
        tuple(sorted(found.unreadable)),
        tuple(sorted(found.foreign)),
        walk,
    )


class _Found:
    """What list_images has found so far, and the folders that it is still to read."""

    def __init__(self, root, walk):
        self.root, self.walk = root, walk
        self.images, self.folders, self.links, self.machine, self.unreadable = [], [], set(), [], []
        self.ignored, self.foreign = 0, []
        self.waiting, self.linked, self._read = [], [], set()

    def read(self, inside):
        """Read one folder, relative to the root; those in it are put down to be read."""
        place = os.path.join(self.root, inside)
        try:
            if self.walk.follow_links and not self._is_new(place):
                self.links.add(inside)
                return
            found = scan(os.path.join(place, ""))
        except OSError as error:
            if not inside or not self.walk.skip_unreadable:
                raise _unreadable(os.path.join(place, ""), error, below=bool(inside)) from error
            self.unreadable.append(inside)
            return
        if inside:
            self.folders.append(inside)
        for entry in found:
            self._sort_out(entry, f"{inside}/{entry.name}" if inside else entry.name)

    def _sort_out(self, entry, name):
        if not _is_utf8(entry.name):
            self.ignored += 1
        elif _is_machines(entry):
            self.machine.append(name)
        elif entry.name.startswith("."):
            self.ignored += 1
        elif entry.is_symlink() and not self._follows(entry):
            self.links.add(name)
        elif entry.is_dir():
            (self.linked if entry.is_symlink() else self.waiting).append(name)
        else:
            self._take(name)

    def _take(self, name):
        suffix = _suffix(name)
        if suffix in IMAGE_SUFFIXES:
            self.images.append(name)
        elif suffix in FOREIGN_SUFFIXES:
            self.foreign.append(name)
        else:
            self.ignored += 1

    def _follows(self, link):
        target = os.path.realpath(link)
        if self.walk.follow_links:
            return os.path.exists(target)
        return target.startswith(os.path.join(self.root, "")) and os.path.isfile(target)

    def _is_new(self, place):
        status = os.stat(place)
        new = (status.st_dev, status.st_ino) not in self._read
        self._read.add((status.st_dev, status.st_ino))
        return new


def entries(folder):
    """The os.DirEntry objects of a folder, sorted by name; InputError if it cannot be read."""
    try:
        return scan(folder)
    except OSError as error:
        raise _unreadable(folder, error) from error


def scan(folder):
    """The os.DirEntry objects of a folder, sorted by name; OSError if it cannot be read."""
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def known_ids(images):
    """The ids that surely have an image: a set of names with and without extension."""
    return {*images.images, *(os.path.splitext(image)[0] for image in images.images)}


def _unreadable(folder, error, below=False):
    remedy = ", or go on without it: skip_unreadable=True" if below else ""
    return InputError(
        f"{shown_path(folder)} cannot be read ({error.strerror}); check the path and its permissions{remedy}"
    )


def _suffix(name):
    return os.path.splitext(name)[1].lower()


def _is_machines(entry):
    name = entry.name
    return (name.startswith(".") or name.lower() in MACHINE_FOLDERS) and entry.is_dir(follow_symlinks=False)


def _is_utf8(name):
    # Names in another encoding reach Python with lone surrogates, which no CSV or JSON file can hold.
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)
