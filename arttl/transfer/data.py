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


class Opened:
    """Collections that are open already, and their files identified, for all that one command does with them.

    Not to be kept longer, since it does not see what changes in their folders. Another process gets it empty.
    """

    def __init__(self):
        self._collections, self._files = {}, []

    def __reduce__(self):
        return Opened, ()

    def collection(self, source, challenge=None):
        """The Collection, opened unless it is open with that challenge; errors as of open_collection.

        Arguments:
            source: its Reading, or the name of a bundled one.
            challenge: the one that it must have; None for any.
        """
        opened = self._collections.setdefault(source, [])
        if not any(challenge in (None, *each.challenges) for each in opened):
            opened.append(bundled(source) if isinstance(source, str) else source.open(challenge))
        return next((each for each in opened if challenge in (None, *each.challenges)), opened[-1])

    def files(self, collection, cache):
        """The arttl.images.Files of a Collection; `cache` is as of identify_files."""
        paths = collection.paths()
        known = next((files for others, files in self._files if others == paths), None)
        if known is None:
            known = identify_files(paths, cache)
            self._files.append((paths, known))
        return known


@dataclass(frozen=True)
class DataSettings:
    """A collection, its split and its decoded images, as an experiment asks for them.

    Attributes:
        reading: a Reading; None for a bundled collection.
        bundled: name of the bundled collection, where there is no reading.
        drawing: a Drawing, of the split.
        cache: folder of decoded images and features.
        skip_bad_images: go on without images that cannot be read.
        opened: the Opened of the command, where several studies share collections.
    """

    reading: Reading | None = None
    bundled: str = "clipart-a"
    drawing: Drawing = field(default_factory=Drawing)
    cache: Path = field(default_factory=default_cache)
    skip_bad_images: bool = False
    opened: Opened | None = field(default=None, compare=False, repr=False)

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
        return (self.opened or Opened()).collection(self.reading or self.bundled, challenge)

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
        files = (self.opened or Opened()).files(collection, self.cache)
        grouping = None
        if self.drawing.group_duplicates:
            grouping = duplicate_grouping(paths, files, self.cache, collection.megapixels)
        split = self.drawing.split(collection, challenge, preset, grouping, save)
        return CollectionData(collection, split, self.cache, self.skip_bad_images, files)
