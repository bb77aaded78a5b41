"""Splits and decoded images made ahead of training, so that it starts at once: `python -m arttl prepare`.

Nothing here needs Keras, so a machine without an accelerator can do it.
"""

from __future__ import annotations

import time

from arttl.base.files import make_folder
from arttl.base.saying import say
from arttl.base.typed import typed
from arttl.base.wording import bytes_text, counted, duration_text, first_few, shown
from arttl.check.grouping import duplicate_grouping
from arttl.collections import Reading
from arttl.images import Decoding, ImageStore, check_reading, identify_files
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
    paths = collection.paths()
    files = identify_files(paths, options.cache)
    grouping = duplicate_grouping(paths, files.fingerprint, collection.megapixels) if options.group_duplicates else None
    for challenge in challenges or collection.challenges:
        drawing.split(collection, challenge, recipe.split, grouping)
    decodings = [
        Decoding((size, size), recipe.resize, recipe.decoding, megapixels=collection.megapixels) for size in sizes
    ]
    for note in check_reading(paths, decodings[0], options.cache, files.fingerprint):
        say(note)
    for size, decoding in zip(sizes, decodings, strict=True):
        started = time.monotonic()
        store = ImageStore.build(paths, decoding, options.cache, files=files, skip_bad_images=options.skip_bad_images)
        took = duration_text(time.monotonic() - started)
        print(f"images at {size} pixels: {len(store):,}, {bytes_text(store.path.stat().st_size)}, {took}: {store.path}")
        if store.bad:
            print(f"  left out, since unreadable: {first_few(store.bad)}")
    print("ready: training with the same options finds all this")
    return 0


def image_sizes(options):
    """Sides of the images in pixels, sorted: those of the networks, or the one asked for, if they can take it."""
    backbones = [get_backbone(name) for name in options.architecture or ARCHITECTURES]
    if options.image_size is None:
        return sorted({backbone.input_size for backbone in backbones})
    for backbone in backbones if options.architecture else ():
        check_size(backbone, options.image_size)
    return [options.image_size]
