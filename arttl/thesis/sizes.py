"""How many images each data set of the thesis has, as published."""

from __future__ import annotations

from arttl.base.errors import InputError
from arttl.base.sizes import DataSize
from arttl.collections.targets import find_target
from arttl.published.chapter1 import COLLECTIONS, EXPERIMENTS
from arttl.sources.catalogue import SOURCES

HELD_OUT = 0.1  # of a natural source's training images, for validation: Source.split's default


def challenge_size(experiment, challenge):
    """A challenge of Chapter 1 (Table 1), divided 80/10/10; the classes that its split drops are in the images.

    Arguments:
        experiment: "rijks" or "antwerp".
        challenge: "material", "type" or "artist".
    """
    title = EXPERIMENTS[experiment]
    images, classes = COLLECTIONS[challenge, title]
    tenth = round(images / 10)
    return DataSize(f"{title}, {challenge}", images - 2 * tenth, tenth, tenth, classes)


def collection_images(experiment):
    """Images that a collection of Chapter 1 has at the least: those of its largest challenge (Table 1)."""
    title = EXPERIMENTS[experiment]
    return max(images for (_, name), (images, _) in COLLECTIONS.items() if name == title)


def dataset_size(name):
    """A data set of Chapter 2: a natural source, or a target (Table 4).

    Arguments:
        name: as arttl.lottery.opening.dataset_name gives it.

    Raises InputError for one whose size is not published.
    """
    if name in SOURCES:
        entry = SOURCES[name]
        validation = round(HELD_OUT * entry.counts["train"])
        train = entry.counts["train"] - validation
        return DataSize(entry.title, train, validation, entry.counts["test"], len(entry.class_names), entry.shape[0])
    target = find_target(name)
    if target is None:
        raise InputError(f"the thesis has no data set {name!r}, so its size is not known")
    train, validation, test = target.sizes
    return DataSize(target.name, train, validation, test, target.classes)
