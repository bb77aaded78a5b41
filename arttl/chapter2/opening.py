"""Which data set a name on the command line means, and opening it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from arttl import collections
from arttl.chapter1 import split_data
from arttl.chapter2.data import collection_data, source_data
from arttl.chapter2.networks import get_network
from arttl.cli import in_options
from arttl.collections.wording import shown
from arttl.errors import InputError
from arttl.names import safe_name
from arttl.sources import SOURCES, load_source

BUNDLED_SOURCE = "fashion_mnist"


def dataset_name(text):
    """A data set's name as folders and tables have it.

    Natural sources have one spelling whatever hyphens and underscores they are given with; every other name is the
    user's own for a collection, in lower case.

    Raises InputError for a name that no folder can have.
    """
    plain = _plain(text)
    for name in (*SOURCES, "cifar100_coarse"):
        if plain == _plain(name):
            return name
    name = text.strip().lower()
    if not name or safe_name(name) != name:
        raise InputError(f"{shown(text)!r} cannot name a data set; use letters, digits, - and _")
    return name


def _plain(text):
    return text.lower().replace("-", "").replace("_", "")


def is_natural(name):
    """Whether a name is that of a natural source (CIFAR, MNIST and the like) and not of a collection."""
    return name.removesuffix("_coarse") in SOURCES


def check_data_options(name, options):
    """Raise InputError, before anything is read, where --data and a data set's name do not go together."""
    bundled = BUNDLED_SOURCE if is_natural(name) else ", ".join(collections.BUNDLED)
    if options.data is None and name not in (BUNDLED_SOURCE, *collections.BUNDLED):
        keras = ", or data=keras for Keras' cache or a download" if is_natural(name) else ""
        raise InputError(f"{name} is not bundled (only {bundled} is); give data=PATH{keras}")
    given = [key for key, value in collections.reading_options(options).items() if value is not None]
    if given and (options.data is None or is_natural(name)):
        raise InputError(f"{given[0]}= goes with data=DIR of a collection, not with {name}")


def open_data(name, options, size, recipe):
    """A data set as TrainingData; says what it is.

    Arguments:
        name: as `dataset_name` gives it.
        options: a namespace with `data` (None: the bundled one; "keras": Keras' cache; or a path) and the options of
            arttl.options.add_reading, add_skipping, add_split and add_kept, `challenge` and `dry_run`.
        size: side of the images in pixels; None for a natural source's own.
        recipe: the Recipe.
    """
    if is_natural(name):
        path = {None: "bundled", Path("keras"): None}.get(options.data, options.data)
        source = load_source(name.removesuffix("_coarse"), path, coarse=name.endswith("_coarse"))
        data = source_data(source, size, recipe.resize, split_seed=options.split_seed)
        if options.data is None:
            data = _demo_part(data, get_network(options.network)[1])
        print(f"data: {source.name} from {source.origin}, {_counts(data)}", flush=True)
        for note in data.notes:
            print(f"  {note}")
        return data
    if options.data is None:
        collection = collections.bundled(name)
    else:
        collection = collections.open_asked(options, options.challenge)
    images = len(collection.labels(options.challenge))
    print(f"data: {name}, {images:,} images with a label for {options.challenge}", flush=True)
    for note in collection.notes:
        print(f"  {in_options(note, options)}")
    experiment = split_data(options, collection, recipe.split)
    return collection_data(name, experiment, options.challenge, size, recipe)


def _demo_part(data, network):
    """Of bundled images those that a Network is trained on without --data."""
    share = network.demo.get("share", 1)
    if share == 1:
        return data
    part = data.fraction(share, 0)
    note = f"{part.counts['train']:,} of the {data.counts['train']:,} training images, since {network.title} is large"
    return replace(part, settings={**data.settings, "share": share}, notes=(*data.notes, note))


def _counts(data):
    return ", ".join(f"{count:,} {part}" for part, count in data.counts.items()) + f", {data.num_classes} classes"
