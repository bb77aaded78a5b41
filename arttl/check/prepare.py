"""Splits and decoded images made ahead of training, so that it starts at once: `python -m arttl prepare`.

Nothing here needs Keras, so a machine without an accelerator can do it.
"""

from __future__ import annotations

import time
from functools import cached_property

from arttl.base.files import make_folder
from arttl.base.saying import say
from arttl.base.typed import typed
from arttl.base.wording import bytes_text, counted, duration_text, first_few, shown
from arttl.check.describing import Describing
from arttl.check.grouping import duplicate_grouping
from arttl.check.images import ImageFacts
from arttl.collections import Reading
from arttl.images import Decoding, build_stores, check_reading, identify_files
from arttl.models.backbones import check_size, get_backbone
from arttl.published.chapter1 import ARCHITECTURES
from arttl.recipes import fine_tuning
from arttl.recipes.overrides import read_assignments
from arttl.splits.drawing import Drawing


def run_prepare(options):
    """Do what `python -m arttl prepare` was asked for; says each stage when it is done.

    Arguments:
        options: the namespace of arttl.cli.commands.

    Returns the exit code, 0.

    Raises InputError as a run would: for data that cannot be read as a collection or split, for options that do not
    fit, for unreadable images without --skip-bad-images, and for those that their reading would turn white. What was
    made until then stays, and is not made again.
    """
    reading, drawing = typed(Reading, options), typed(Drawing, options)
    changes = reading.changes | read_assignments(options.set)
    recipe = fine_tuning(options.recipe, resize=options.resize).changed(changes)
    sizes = image_sizes(options)
    make_folder(options.cache, "cache")
    challenges = list(dict.fromkeys(options.challenge or ()))
    collection = reading.open(challenges[0] if challenges else None)
    print(f"collection: {shown(collection.name)}, {counted(len(collection), 'image')}", flush=True)
    for note in collection.notes:
        say(f"  {note}")
    how = {"method": recipe.resize, "reading": recipe.decoding, "megapixels": collection.megapixels}
    decodings = [Decoding((size, size), **how) for size in sizes]
    pictures = Pictures(collection, decodings, options.cache, options.skip_bad_images)
    for challenge in challenges or collection.challenges:
        drawing.split(collection, challenge, recipe.split, pictures.grouping if options.group_duplicates else None)
    for note in pictures.losses:
        say(note)
    for size, store in zip(sizes, pictures.stores(), strict=True):
        print(f"images at {size} pixels: {len(store):,}, {bytes_text(store.path.stat().st_size)}: {store.path}")
        if store.bad:
            print(f"  left out, since unreadable: {first_few(store.bad)}")
    print(f"decoded, once for all sizes, in {duration_text(pictures.seconds)}")
    print("ready: training with the same options finds all this")
    return 0


class Pictures:
    """The pictures of a collection, each decoded once: for every store, and to find duplicates where that is asked.

    Arguments:
        collection: the Collection.
        decodings: of the stores.
        cache: folder of decoded images.
        skip_bad_images: go on without images that cannot be read.

    Attributes:
        seconds: that decoding has taken.
    """

    def __init__(self, collection, decodings, cache, skip_bad_images):
        self.paths, self.megapixels = collection.paths(), collection.megapixels
        self.decodings, self.cache, self.skip_bad_images = decodings, cache, skip_bad_images
        self.files = identify_files(self.paths, cache)
        self.seconds = 0.0

    @cached_property
    def losses(self):
        """Lines about what their reading loses; InputError for pictures that it would turn white."""
        return check_reading(self.paths, self.decodings[0], self.cache, self.files.fingerprint)

    def stores(self, also=()):
        """The ImageStores, made if need be, and on the way what other Consumers make of the pictures."""
        started, _ = time.monotonic(), self.losses
        options = {"files": self.files, "skip_bad_images": self.skip_bad_images, "also": also}
        stores = build_stores(self.paths, self.decodings, self.cache, **options)
        self.seconds += time.monotonic() - started
        return stores

    @cached_property
    def grouping(self):
        """The Grouping of duplicates; if they have to be looked for, the stores are made on the way."""
        return duplicate_grouping(self.paths, self.files, self.cache, read=self._facts)

    def _facts(self):
        described = Describing(self.paths, self.files, self.cache, self.megapixels)
        self.stores([described])
        return ImageFacts.of(described)


def image_sizes(options):
    """Sides of the images in pixels, sorted: those of the networks, or the one asked for, if they can take it."""
    backbones = [get_backbone(name) for name in options.architecture or ARCHITECTURES]
    if options.image_size is None:
        return sorted({backbone.input_size for backbone in backbones})
    for backbone in backbones if options.architecture else ():
        check_size(backbone, options.image_size)
    return [options.image_size]
