"""A collection of images as TrainingData: split once, decoded once for each size."""

from __future__ import annotations

import numpy as np

from arttl.base.errors import InputError
from arttl.base.saying import in_words, say
from arttl.base.sizes import DataSize
from arttl.base.wording import shown
from arttl.collections import PARTS
from arttl.images import Decoding, build_stores, check_reading, identify_files
from arttl.training.crops import stored_side
from arttl.training.data import TrainingData


class CollectionData:
    """A collection and its split, with its images decoded once for each size.

    Arguments:
        collection: a Collection.
        split: the Split of one of its challenges.
        cache: folder of decoded images and features.
        skip_bad_images: go on without images that cannot be read.
        files: arttl.images.Files of the images, where the caller knows them already.

    Attributes:
        reading_losses: what a reading of the pictures loses, a list of lines for each `decoding` of a recipe so far.
    """

    def __init__(self, collection, split, cache, skip_bad_images=False, files=None):
        self.collection, self.split = collection, split
        self.cache, self.skip_bad_images = cache, skip_bad_images
        self.paths = collection.paths()
        self.files = files or identify_files(self.paths, cache)
        self.reading_losses, self._stores, self._expected = {}, {}, []

    @property
    def settings(self):
        """What tells this data from other data, a dict."""
        return {
            "collection": self.collection.name,
            **self.collection.settings,
            "files": self.files.fingerprint,
            "split": self.split.fingerprint,
        }

    @property
    def sizes(self):
        """The DataSize."""
        counts = (len(self.split.ids(part)) for part in PARTS)
        return DataSize(self.collection.name, *counts, len(self.split.classes))

    def images(self, size, recipe, challenge, name=None):
        """The images of one size as TrainingData.

        Arguments:
            size: side of the images in pixels.
            recipe: the Recipe, which says how images are decoded, resized and cropped.
            challenge: whose labels the split has.
            name: what options and tables call the data; None for the collection's own name.
        """
        cropped = recipe.crop == "random"
        store = self.store(size, recipe)
        rows, class_ids = self.rows(store)
        ids = np.array(store.image_ids)
        settings = {
            **self.settings,
            "challenge": challenge,
            "bad_images": sorted(store.bad),
            "resize": recipe.resize,
            "decoding": recipe.decoding,
            **({"crop_from": stored_side(size)} if cropped else {}),
        }
        return TrainingData(
            name or self.collection.name,
            settings,
            tuple(self.split.classes),
            (size, size, 3),
            {part: (store, rows[part], class_ids[part], ids[rows[part]]) for part in PARTS},
            notes=tuple(self.untested(store)),
            reading_losses=tuple(self.reading_losses[recipe.decoding]),
            table=self.image_table(),
            crop=size if cropped else None,
            cache=self.cache,
        )

    def expect(self, wanted):
        """Say what stores will be asked for: when the first is made, they are all made of one decode of each picture.

        Arguments:
            wanted: pairs of a size and a Recipe, as of `images`.
        """
        self._expected = [self._decoding(size, recipe) for size, recipe in wanted]

    def store(self, size, recipe):
        """The ImageStore of the whole collection for images of a size, shared by every challenge and seed.

        Says once what the reading loses of the pictures; raises InputError for those that it would turn white.
        """
        wanted = self._decoding(size, recipe)
        if wanted not in self._stores:
            self._see_losses(wanted)
            alike = [each for each in self._expected if each.reading == wanted.reading and each not in self._stores]
            decodings = list(dict.fromkeys([wanted, *alike]))
            options = {"files": self.files, "skip_bad_images": self.skip_bad_images}
            self._stores |= zip(decodings, build_stores(self.paths, decodings, self.cache, **options), strict=True)
        return self._stores[wanted]

    def _decoding(self, size, recipe):
        """How pictures are decoded for images of a size: to be cropped they are larger, and keep their shape."""
        side, fit = (stored_side(size), "cover") if recipe.crop == "random" else (size, "stretch")
        return Decoding((side, side), recipe.resize, recipe.decoding, fit, megapixels=self.collection.megapixels)

    def _see_losses(self, decoding):
        if decoding.reading not in self.reading_losses:
            losses = check_reading(self.paths, decoding, self.cache, self.files.fingerprint)
            self.reading_losses[decoding.reading] = [in_words(line) for line in losses]
            for line in losses:
                say(f"  {line}")

    def image_table(self):
        """images.csv as a DataFrame: image_id, label, split, and the file's content (arttl.images.Files).

        Where files are so large that earlier versions wrote them otherwise, `former_file` is what those wrote.
        """
        ids = self.split.table.image_id
        contents, formerly = self.files.contents, self.files.former_contents
        file, former = ([each[image_id] for image_id in ids] for each in (contents, formerly))
        table = self.split.table.assign(file=file)
        return table if file == former else table.assign(former_file=former)

    def rows(self, store):
        """Positions in a store, and class ids, of each part's readable images.

        Returns two dicts of part to int64 array of shape (images,).

        Raises InputError, naming class and image, when unreadable images leave a part empty, or a class of a "thesis"
        split without a training image.
        """
        rows, class_ids = {}, {}
        for part in PARTS:
            ids, classes = self.split.ids(part), self.split.class_ids(part)
            readable = np.array([image_id not in store.bad for image_id in ids], bool)
            class_ids[part] = classes[readable]
            rows[part] = store.rows([image_id for image_id, good in zip(ids, readable, strict=True) if good])
            lost = self._lost(part, store) if part == "train" else {}
            if lost or not len(rows[part]):
                named = ((f"class {label!r}", image_id) for label, image_id in lost.items())
                whom, image_id = next(named, ("the split", ids[0]))
                raise InputError(
                    f"without the unreadable images {whom} has none for {part}; mend them (the first is "
                    f"{shown(image_id)}: {shown(store.bad[image_id])}), or take them out of the collection and draw "
                    "another split"
                )
        return rows, class_ids

    def untested(self, store):
        """Lines on classes that have lost their only validation or test images, since these cannot be read."""
        words = {"validation": "has no part in early stopping", "test": "is never tested"}
        return [
            f"class {shown(label)} {what}: no {part} image of it can be read (the first is {shown(image_id)}: "
            f"{shown(store.bad[image_id])})"
            for part, what in words.items()
            for label, image_id in self._lost(part, store).items()
        ]

    def _lost(self, part, store):
        """Classes without a readable image in a part that they were in: a dict of label to its first there."""
        if self.split.settings["preset"] == "released":
            return {}
        first, kept = {}, set()
        for class_id, image_id in zip(self.split.class_ids(part), self.split.ids(part), strict=True):
            first.setdefault(class_id, image_id)
            kept |= set() if image_id in store.bad else {class_id}
        return {self.split.classes[each]: image_id for each, image_id in first.items() if each not in kept}
