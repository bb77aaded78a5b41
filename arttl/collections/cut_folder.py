"""A cut on disk: class folders with the splits given, and cut.json, which says what was cut from where.

Artist-Classification-1/
  cut.json
  train/Albrecht_Durer/albrecht-durer_melencolia-i-1514.jpg       and val/, test/
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from arttl.base.bars import bar
from arttl.base.errors import InputError
from arttl.base.files import whole_folder, write_json
from arttl.base.names import distinct_names, safe_name
from arttl.base.wording import shown_path
from arttl.collections.image_folder import entries, list_images
from arttl.collections.table import PARTS, labels_fingerprint

CUT_FILE = "cut.json"
FOLDERS = {"train": "train", "validation": "val", "test": "test"}
NO_LINKS = {
    getattr(errno, name)
    for name in ("EXDEV", "EPERM", "EACCES", "EMLINK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL")
    if hasattr(errno, name)
}
"""What an operating system answers where it does not make a hard link; a copy may still be possible."""


class Written(NamedTuple):
    """What write_cut did: hard links made, copies made, and why copies rather than links ("" if asked for)."""

    links: int = 0
    copies: int = 0
    reason: str = ""


def write_cut(collection, folder, data, *, copy=False, progress=False):
    """Write a cut as class folders with the splits given; the folder appears whole or not at all.

    Images are hard links to those of the download, which take no space; where links cannot be made, copies.

    Arguments:
        collection: what cut_target returned.
        folder: the folder to make; it may be there if it is empty, or holds this same cut.
        data: the folder of the download.
        copy: make copies, which changes to the download's files do not reach.
        progress: tell on stderr how far it has come.

    Returns Written; with no links and no copies if the same cut was there already.

    Raises InputError if the folder lies in the download, holds anything else, or cannot be written.
    """
    folder, data = Path(folder), Path(data)
    real, source = Path(os.path.realpath(folder)), Path(os.path.realpath(data))
    if real.is_relative_to(source):
        raise InputError(f"{shown_path(folder)} lies in {shown_path(data)}; name a folder outside of the download")
    plan = layout(collection)
    about = _description(collection, plan, source)
    if os.path.lexists(folder) and _is_there(folder, plan, about):
        return Written()
    with whole_folder(folder) as partial:
        written = _fill(partial, plan, copy, progress)
        write_json(partial / CUT_FILE, about)
    return written


def read_cut(folder, table, challenge):
    """What cut.json says of class folders that were read.

    Arguments:
        folder: where it lies.
        table: the Collection's table, with a given split.
        challenge: its column of labels.

    Returns (made, notes) for a Collection, or None without a cut.json, or with one that is not write_cut's. `made`
    says "changed" if the images or their parts are others than were cut.
    """
    try:
        about = json.loads((Path(folder) / CUT_FILE).read_bytes())
        made, fingerprint = dict(about["cut"]), str(about["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    rows = table.set_index("image_id")
    if labels_fingerprint(rows[challenge], rows["given_split"]) == fingerprint:
        return {"cut": made}, ()
    note = f"images came, went or moved since {CUT_FILE} was written: this is no longer that cut"
    return {"cut": {**made, "changed": True}}, (note,)


def layout(collection):
    """Where each image of a cut goes.

    Arguments:
        collection: what cut_target returned.

    Returns a DataFrame sorted by file: `file` (relative, with forward slashes), `folder` (of its class), `label`,
    `split`, `image_id` and `path`. Different labels have different folders, and names are safe on every system.
    """
    challenge = collection.challenges[0]
    table = collection.table
    folders = distinct_names({label: (safe_name(label), "") for label in sorted(set(table[challenge]))})
    rows = pd.DataFrame(
        {
            "folder": table[challenge].map(folders),
            "label": table[challenge],
            "split": table["given_split"],
            "image_id": table["image_id"],
            "path": table["path"],
        }
    )
    names = {}
    for _, group in rows.groupby(["split", "folder"]):
        parts = {row.image_id: os.path.splitext(os.path.basename(row.path)) for row in group.itertuples()}
        names |= distinct_names({each: (safe_name(stem), suffix) for each, (stem, suffix) in sorted(parts.items())})
    files = rows["split"].map(FOLDERS) + "/" + rows["folder"] + "/" + rows["image_id"].map(names)
    return rows.assign(file=files).sort_values("file", ignore_index=True)


def _description(collection, plan, source):
    """The contents of cut.json: a dict."""
    labels, given = (plan.set_index("file")[column] for column in ("folder", "split"))
    classes = plan.groupby("folder", sort=True).agg(label=("label", "first"), images=("label", "size"))
    return {
        **collection.made,
        "fingerprint": labels_fingerprint(labels, given),
        "sizes": {part: int((plan["split"] == part).sum()) for part in PARTS},
        "classes": [
            {"folder": row.Index, "label": row.label, "images": int(row.images)} for row in classes.itertuples()
        ],
        "images": [
            {"file": row.file, "image_id": row.image_id, "path": _relative(row.path, source)}
            for row in plan.itertuples()
        ],
    }


def _relative(path, source):
    """The path below the download with forward slashes; as it is if the images lie elsewhere, behind a link."""
    below = Path(path)
    return below.relative_to(source).as_posix() if below.is_relative_to(source) else str(path)


def _is_there(folder, plan, about):
    """Whether a folder holds this very cut; InputError if it holds anything else."""
    if not folder.is_dir():
        raise InputError(f"{shown_path(folder)} is there and no folder; name another")
    if not entries(folder):
        return False
    same = False
    with suppress(OSError, ValueError, RecursionError):
        same = json.loads((folder / CUT_FILE).read_bytes()) == about
    if same and list(list_images(folder).images) == sorted(plan["file"]):
        return True
    what = f"holds this cut, but not all its images or others beside them ({CUT_FILE} lists them)" if same else ""
    raise InputError(f"{shown_path(folder)} {what or 'is not empty, and holds no such cut'}; delete it or name another")


def _fill(partial, plan, copy, progress):
    """Make the folders and their links or copies; returns Written."""
    links, copies, reason = 0, 0, ""
    for folder in sorted({file.rpartition("/")[0] for file in plan["file"]}):
        (partial / folder).mkdir(parents=True)
    for row in bar(plan.itertuples(), total=len(plan), desc="laying out", shown=progress):
        # A link of the download is followed, since a link to it would lead elsewhere from here.
        source, target = os.path.realpath(row.path), partial / row.file
        if not copy and not reason:
            try:
                os.link(source, target)
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
                reason = error.strerror
            else:
                links += 1
                continue
        shutil.copyfile(source, target)
        copies += 1
    return Written(links, copies, reason)
