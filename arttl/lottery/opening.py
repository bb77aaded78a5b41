"""Which data set a name means, where it is read from, and opening it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from arttl import collections
from arttl.base.errors import InputError
from arttl.base.names import safe_name
from arttl.base.saying import say
from arttl.base.wording import shown
from arttl.collections import Reading
from arttl.sources import SOURCES, load_source
from arttl.training.source_data import source_data
from arttl.transfer.data import DataSettings

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


def collection_name(data):
    """What a collection is called as a data set where it was given no name: its own name, made a folder's.

    Arguments:
        data: its folder; None for the bundled one.
    """
    return safe_name(DataSettings(data and Reading(data)).name)


def _plain(text):
    return text.lower().replace("-", "").replace("_", "")


def is_natural(name):
    """Whether a name is that of a natural source (CIFAR, MNIST and the like) and not of a collection."""
    return name.removesuffix("_coarse") in SOURCES


@dataclass(frozen=True)
class SourceSettings:
    """Where a natural source is read from, and how its validation images are drawn.

    Attributes:
        path: of its archive or folder; None for Keras' cache or a download, "bundled" for the bundled part of it.
        split_seed: of the draw.
    """

    path: Path | str | None = "bundled"
    split_seed: int = 42

    @property
    def is_bundled(self):
        """Whether it is the package's own."""
        return self.path == "bundled"

    @property
    def changes(self):
        """What the reading changes in a recipe: nothing, a dict as of DataSettings."""
        return {}


def data_settings(name, options):
    """The SourceSettings or DataSettings of a data set that a command line asks for.

    Arguments:
        name: as `dataset_name` gives it.
        options: a namespace with `data` (None: the bundled one; "keras": Keras' cache; or a path) and the options of
            arttl.cli.options.add_reading, add_skipping, add_split and add_kept.

    Raises InputError, before anything is read, where the data and a data set's name do not go together.
    """
    given = collections.reading_options(options)
    if given and (options.data is None or is_natural(name)):
        raise InputError(f"{next(iter(given))}= goes with data=DIR of a collection, not with {name}")
    if not is_natural(name):
        return DataSettings.from_options(options, name)
    return SourceSettings(source_path(options.data), options.split_seed)


def source_path(data):
    """The path of SourceSettings that --data means."""
    return {None: "bundled", Path("keras"): None}.get(data, data)


def check_bundled(name, data):
    """Raise InputError, before anything is read, where a data set is to be a bundled one and is none.

    Arguments:
        name: as `dataset_name` gives it.
        data: its SourceSettings or DataSettings.
    """
    if not data.is_bundled or name in (BUNDLED_SOURCE, *collections.BUNDLED):
        return
    bundled = BUNDLED_SOURCE if is_natural(name) else ", ".join(collections.BUNDLED)
    keras = ", or data=keras for Keras' cache or a download" if is_natural(name) else ""
    raise InputError(f"{name} is not bundled (only {bundled} is); give data=PATH{keras}")


def open_source(name, settings, network, size, recipe):
    """A natural source as TrainingData; says what it is.

    Arguments:
        name: as `dataset_name` gives it.
        settings: its SourceSettings.
        network: the Network to be trained.
        size: side of the images in pixels; None for the source's own.
        recipe: the Recipe.
    """
    source = load_source(name.removesuffix("_coarse"), settings.path, coarse=name.endswith("_coarse"))
    data = source_data(source, size, recipe.resize, split_seed=settings.split_seed)
    if settings.is_bundled:
        data = _demo_part(data, network)
    print(f"data: {source.name} from {source.origin}, {_counts(data)}", flush=True)
    for note in data.notes:
        print(f"  {note}")
    return data


def open_collection(name, settings, challenge, size, recipe, save=True):
    """A collection of images as TrainingData; says what it is.

    Arguments:
        name: what options and tables call it.
        settings: its DataSettings.
        challenge: whose labels are learned.
        size: side of the images in pixels.
        recipe: the Recipe.
        save: write a new split.
    """
    collection = settings.open(challenge)
    images = len(collection.labels(challenge))
    print(f"data: {name}, {images:,} images with a label for {challenge}", flush=True)
    for note in collection.notes:
        say(f"  {note}")
    return settings.divided(collection, challenge, recipe.split, save).images(size, recipe, challenge, name)


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
