"""Splits and decoded images made ahead of training, so that it starts at once: `python -m arttl prepare`.

Nothing here needs Keras, so a machine without an accelerator can do it.
"""

from __future__ import annotations

import time

from arttl.check.grouping import duplicate_grouping
from arttl.collections import PARTS, open_asked
from arttl.collections.wording import bytes_text, counted, duration_text, first_few, shown
from arttl.files import make_folder
from arttl.images import Decoding, ImageStore, check_reading, identify_files
from arttl.models.backbones import BACKBONES, check_size, get_backbone
from arttl.overrides import asked_settings
from arttl.recipes import fine_tuning
from arttl.splits import find_or_make


def run_prepare(options):
    """Do what `python -m arttl prepare` was asked for; says each stage when it is done.

    Arguments:
        options: the namespace of arttl.commands.

    Returns the exit code, 0.

    Raises InputError as a run would: for data that cannot be read as a collection or split, for options that do not
    fit, for unreadable images without --skip-bad-images, and for those that their reading would turn white. What was
    made until then stays, and is not made again.
    """
    recipe = fine_tuning(options.recipe, resize=options.resize).changed(asked_settings(options))
    sizes = image_sizes(options)
    make_folder(options.cache, "--cache")
    challenges = list(dict.fromkeys(options.challenge or ()))
    collection = open_asked(options, challenges[0] if challenges else None)
    print(f"collection: {shown(collection.name)}, {counted(len(collection), 'image')}", flush=True)
    for note in collection.notes:
        print(f"  {note}")
    paths = collection.paths()
    files = identify_files(paths, options.cache)
    grouping = duplicate_grouping(paths, files.fingerprint, collection.megapixels) if options.group_duplicates else None
    for challenge in challenges or collection.challenges:
        print_split(*draw_split(options, collection, challenge, recipe.split, grouping), challenge)
    decodings = [
        Decoding((size, size), recipe.resize, recipe.decoding, megapixels=collection.megapixels) for size in sizes
    ]
    for note in check_reading(paths, decodings[0], options.cache, files.fingerprint):
        print(note, flush=True)
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
    backbones = [get_backbone(name) for name in options.architecture or BACKBONES]
    if options.image_size is None:
        return sorted({backbone.input_size for backbone in backbones})
    for backbone in backbones if options.architecture else ():
        check_size(backbone, options.image_size)
    return [options.image_size]


def draw_split(options, collection, challenge, preset, grouping, save=True):
    """The split that the options ask for, found or made.

    Arguments:
        options: with splits (a folder), split_seed and min_images.
        collection: a Collection.
        challenge: one of its challenges.
        preset: of arttl.splits.
        grouping: of duplicates, or None.
        save: write a new split.

    Returns (Split, Path of its CSV, whether the file was there already), as splits.find_or_make.
    """
    return find_or_make(
        collection,
        challenge,
        preset,
        options.split_seed,
        options.splits,
        save=save,
        min_images=options.min_images,
        grouping=grouping,
    )


def print_split(split, path, reused, challenge):
    """Say what a split is: its parts, where it is kept, its classes, and what was left out."""
    sizes = ", ".join(f"{len(split.ids(part)):,} {part}" for part in PARTS)
    dropped = f"; classes left out: {first_few(split.dropped, 5)}" if split.dropped else ""
    found = "reused" if reused else "new"
    print(
        f"split of {shown(challenge)}: {sizes} images, {len(split.classes):,} classes{dropped} ({found}: {path})",
        flush=True,
    )
    print(f"  classes: {first_few(split.classes, 5)}")
    for note in split.notes:
        print(f"  {note}")
