"""Whether what training starts from has seen test images of what it is trained on, told by the content of their files.

What a network remembers of a test image would be counted as learned, whatever the two collections are called. A run
folder lists its images with their content in images.csv, and in config.json ("started_from") the run it started from.
The same picture in another file is not found, nor is it known what weights from elsewhere have seen.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown_path
from arttl.models.belongings import NAMED_WEIGHTS
from arttl.runs import RunFolder

SEEN = {"test": ("train", "validation"), "validation": ("train",)}
"""Parts of a target whose images no source may have had, and in which of its own. Validation chooses what is tested."""

IMAGES = "images.csv"
NAMES = ("file", "former_file")
"""Columns with a file's content, as this version and as earlier ones wrote it: the latter of large files only."""


def run_of_weights(weights):
    """The RunFolder that a file of weights lies in; None for NAMED_WEIGHTS and files that lie elsewhere.

    Arguments:
        weights: as build_classifier takes it.
    """
    folder = None if weights in NAMED_WEIGHTS else RunFolder(Path(weights).parent)
    return folder if folder is not None and folder.is_started else None


def started_from(source, folder):
    """What config.json says of the run that another one starts from: its path relative to that one's; None for none.

    Arguments:
        source: its RunFolder, or None.
        folder: the RunFolder of the run that starts.
    """
    return None if source is None else os.path.relpath(source.path, folder.path)


def check_weights_unseen(weights, images):
    """Raise InputError where the run that a file of weights comes from has seen what it must not: see check_unseen.

    Arguments:
        weights: as build_classifier takes it.
        images: images.csv of what is trained, a DataFrame.

    Returns lines that say what cannot be known; a list.
    """
    if weights in NAMED_WEIGHTS:
        return []
    run = run_of_weights(weights)
    if run is None:
        path = shown_path(weights)
        return [f"  {path} lies in no run folder: whether its network has seen the test images cannot be known"]
    return check_unseen(run, images)


def check_unseen(source, images):
    """Raise InputError where a run, or one that it started from, has seen images of a target that are to test it.

    Arguments:
        source: the RunFolder.
        images: images.csv of the target as a DataFrame: image_id, split and file (arttl.images.Files).

    Returns lines that say what cannot be known; a list.
    """
    unknown = []
    for run in _lineage(source):
        if not run.is_started:
            unknown.append(
                f"  {source.path} started from {run.path}, which is not there: its images cannot be compared"
            )
        elif lists_images(run):
            _check(run, images)
        elif _is_of_files(run):
            unknown.append(
                f"  {run.path} has no {IMAGES} (a search of an older arttl): whether it has seen images that test it "
                "cannot be checked; search anew with force=True to have it checked"
            )
    return unknown


def lists_images(run):
    """Whether a run's images can be compared: all but searches of old and runs on natural sources list them.

    Arguments:
        run: the RunFolder, started.
    """
    kind = run.read_config()["settings"].get("kind")
    return (run.path / IMAGES).exists() or (kind != "search" and _is_of_files(run))  # where it is lost, reading says so


def _is_of_files(run):
    """Whether a run is on a collection of image files and not on a natural source."""
    settings = run.read_config()["settings"]
    return "collection" in settings or "collection" in settings.get("data", {})


def _lineage(run):
    """A RunFolder, the one that it started from, and so on."""
    passed = set()
    while run is not None and run.path.resolve() not in passed:
        yield run
        passed.add(run.path.resolve())
        run = _former(run) if run.is_started else None


def _former(run):
    config = run.read_config()
    if "started_from" in config:
        path = config["started_from"]
        return None if path is None else RunFolder(os.path.normpath(run.path / path))
    weights = Path(str(config["settings"].get("weights")))  # of a run that was made before it was recorded
    return RunFolder(weights.parent) if weights.name == "model.keras" else None


def _check(run, images):
    path = run.path / IMAGES
    had = _contents(run.path, path.stat().st_mtime_ns if path.exists() else None)
    for part, theirs in SEEN.items():
        tested = images[(images.split == part) & images.file.notna()]
        seen = set().union(*(had.get(each, ()) for each in theirs))
        found = tested.image_id[tested[[*tested.columns.intersection(NAMES)]].isin(seen).any(axis=1)]
        if len(found):
            raise InputError(
                f"the source {run.path} has {counted(len(found), f'{part} image')} of the target among its "
                f"{' and '.join(theirs)} images (first: {first_few(found)}); choose a source trained on other images, "
                "or the same split options for both"
            )


@lru_cache(maxsize=64)
def _contents(path, changed):
    """Contents of a run's images by part, read once though every ticket asks for them."""
    table = RunFolder(path).images()
    lacking = {"split", "file"} - {*table.columns}
    if lacking:
        raise InputError(
            f"{path / IMAGES} has no column {first_few(sorted(lacking))}; make the run anew with force=True"
        )
    return {part: frozenset(rows.file) - {""} for part, rows in table.groupby("split")}
