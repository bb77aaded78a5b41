"""What every run of an experiment shares: the collection, its split, its decoded images."""

from __future__ import annotations

import numpy as np

from arttl.collections import PARTS
from arttl.errors import InputError
from arttl.images import Decoding, ImageStore, check_reading, identify_files


class ExperimentData:
    """A collection and its split, with its images decoded once for each size.

    Arguments:
        collection: a Collection.
        split: the Split of one of its challenges.
        cache: folder of decoded images and features.
        skip_bad_images: go on without images that cannot be read.
        files: arttl.images.Files of the images, where the caller knows them already.
    """

    def __init__(self, collection, split, cache, skip_bad_images=False, files=None):
        self.collection, self.split = collection, split
        self.cache, self.skip_bad_images = cache, skip_bad_images
        self.paths = collection.paths()
        self.files = files or identify_files(self.paths)
        self._stores = {}

    @property
    def settings(self):
        """What tells this data from other data, a dict."""
        return {
            "collection": self.collection.name,
            **self.collection.settings,
            "files": self.files.fingerprint,
            "split": self.split.fingerprint,
        }

    def store(self, size, recipe, fit="stretch"):
        """The ImageStore of the whole collection at `size` pixels, shared by every challenge and seed.

        Says what the reading loses of the pictures; raises InputError for those that it would turn white.
        """
        most = self.collection.megapixels
        decoding = Decoding((size, size), recipe.resize, recipe.decoding, fit, megapixels=most)
        if decoding not in self._stores:
            for note in check_reading(self.paths, decoding, self.cache, self.files.fingerprint):
                print(f"  {note}", flush=True)
            options = {"files": self.files.fingerprint, "skip_bad_images": self.skip_bad_images}
            self._stores[decoding] = ImageStore.build(self.paths, decoding, self.cache, **options)
        return self._stores[decoding]

    def image_table(self):
        """images.csv as a DataFrame: image_id, label, split, and the file's content (arttl.images.Files)."""
        table = self.split.table
        return table.assign(file=[self.files.contents[image_id] for image_id in table.image_id])

    def rows(self, store):
        """Positions in a store, and class ids, of each part's readable images.

        Returns two dicts of part to int64 array of shape (images,).

        Raises InputError when unreadable images leave a part empty, or, for a "thesis" split, a class without
        an image in one of its parts.
        """
        rows, class_ids = {}, {}
        for part in PARTS:
            ids, classes = self.split.ids(part), self.split.class_ids(part)
            readable = np.array([image_id not in store.bad for image_id in ids], bool)
            class_ids[part] = classes[readable]
            rows[part] = store.rows([image_id for image_id, good in zip(ids, readable, strict=True) if good])
            lost = set(classes) - set(class_ids[part]) if self.split.settings["preset"] == "thesis" else set()
            if lost or not len(rows[part]):
                whom = f"class {self.split.classes[min(lost)]!r}" if lost else "the split"
                raise InputError(
                    f"without the unreadable images {whom} has none for {part}; mend them (the first is "
                    f"{next(iter(store.bad))}), or take them out of the collection and draw another split"
                )
        return rows, class_ids
