"""Which collection an experiment is about: how it is read, how it is split, and where what is made of it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from arttl.base.files import default_cache, make_folder
from arttl.base.typed import typed
from arttl.check.grouping import duplicate_grouping
from arttl.collections import Reading, bundled
from arttl.images import identify_files
from arttl.splits.drawing import Drawing
from arttl.training.collection_data import CollectionData


@dataclass(frozen=True)
class DataSettings:
    """A collection, its split and its decoded images, as an experiment asks for them.

    Attributes:
        reading: a Reading; None for a bundled collection.
        bundled: name of the bundled collection, where there is no reading.
        drawing: a Drawing, of the split.
        cache: folder of decoded images and features.
        skip_bad_images: go on without images that cannot be read.
    """

    reading: Reading | None = None
    bundled: str = "clipart-a"
    drawing: Drawing = field(default_factory=Drawing)
    cache: Path = field(default_factory=default_cache)
    skip_bad_images: bool = False

    @classmethod
    def from_options(cls, options, demo="clipart-a"):
        """What a command line asks for.

        Arguments:
            options: a namespace with the options of arttl.cli.options.add_reading, add_skipping, add_split, add_kept.
            demo: the bundled collection that is meant without --data.
        """
        reading = None if options.data is None else typed(Reading, options)
        return typed(cls, options, reading=reading, bundled=demo, drawing=typed(Drawing, options))

    @property
    def is_bundled(self):
        """Whether the collection is one of the package's own."""
        return self.reading is None

    @property
    def name(self):
        """The collection's name."""
        return self.bundled if self.is_bundled else self.reading.name

    @property
    def changes(self):
        """What the reading changes in a recipe, a dict."""
        return {} if self.is_bundled else self.reading.changes

    def open(self, challenge):
        """The Collection.

        Arguments:
            challenge: the one that it must have.

        Raises InputError as arttl.collections.open_collection does.
        """
        return bundled(self.bundled) if self.is_bundled else self.reading.open(challenge)

    def divided(self, collection, challenge, preset, save=True):
        """The CollectionData of a collection under a preset of arttl.splits; says what the split is.

        Arguments:
            collection: a Collection.
            challenge: one of its challenges.
            preset: of arttl.splits.
            save: write a new split.
        """
        if save:
            make_folder(self.cache, "cache")
        paths = collection.paths()
        files = identify_files(paths, self.cache)
        grouping = None
        if self.drawing.group_duplicates:
            grouping = duplicate_grouping(paths, files.fingerprint, collection.megapixels)
        split = self.drawing.split(collection, challenge, preset, grouping, save)
        return CollectionData(collection, split, self.cache, self.skip_bad_images, files)
