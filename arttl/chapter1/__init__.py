"""Chapter 1: transfer learning from natural images to art, one collection at a time."""

from __future__ import annotations

from functools import partial

from arttl import collections
from arttl.chapter1.data import ExperimentData
from arttl.chapter1.plan import DEMO, RunSpec, classifier_variants, plan_runs, say_notes
from arttl.chapter1.run import run_one
from arttl.check.grouping import duplicate_grouping
from arttl.cli import in_options
from arttl.collections.wording import shown
from arttl.files import make_folder
from arttl.images import identify_files
from arttl.leaks import check_weights_unseen
from arttl.models import check_weights
from arttl.prepare import draw_split, print_split
from arttl.reports.explain import explain
from arttl.reports.summary import summary_table
from arttl.sweeps import do_runs

__all__ = ["ExperimentData", "RunSpec", "plan_runs", "run_experiment", "run_one"]


def run_experiment(options, experiment, variants=classifier_variants, demo=DEMO):
    """Do what a Chapter 1 script was asked for: plan, train, test, and print the table of results.

    Arguments:
        options: the namespace of one of arttl.parsers.
        experiment: folder of the experiment below --output, such as "ch1/rijks".
        variants: a function of options and an approach that gives its Variants.
        demo: the Demo to run without --data.

    Raises InputError for what cannot be done, and for weights of a run that has seen test images of this collection.
    """
    specs = plan_runs(options, experiment, lambda approach: variants(options, approach), demo)
    if options.explain:
        print(explain([spec.recipe for spec in specs]))
        return
    say_notes(specs, options)
    opening = partial(open_experiment, options, demo, specs[0].recipe.split)
    data = opening()
    check_sources(specs, data, options)
    folders = [spec.folder for spec in specs]
    do_runs(specs, data, options, run_one, check_all_weights, opening, lambda: print(summary_table(folders)))


def open_experiment(options, demo, preset):
    """The ExperimentData that the options ask for, under a split preset; says what it is."""
    return split_data(options, open_collection(options, demo), preset)


def split_data(options, collection, preset):
    """The ExperimentData of a collection under a split preset; says what the split is."""
    if not options.dry_run:
        make_folder(options.output, "output")
        make_folder(options.cache, "cache")
    paths = collection.paths()
    files = identify_files(paths, options.cache)
    megapixels = collection.megapixels
    grouping = duplicate_grouping(paths, files.fingerprint, megapixels) if options.group_duplicates else None
    found = draw_split(options, collection, options.challenge, preset, grouping, save=not options.dry_run)
    print_split(*found, options.challenge)
    words = partial(in_options, options=options)
    return ExperimentData(collection, found[0], options.cache, options.skip_bad_images, files, words)


def check_sources(specs, data, options):
    """Refuse weights of a run that has seen test images of the target; says where that cannot be known.

    Arguments:
        specs: RunSpecs.
        data: the ExperimentData of the target.
        options: the namespace, in whose words it is said.
    """
    images = data.image_table()
    for weights in dict.fromkeys(spec.weights for spec in specs):
        for line in check_weights_unseen(weights, images):
            print(in_options(line, options))


def check_all_weights(specs):
    """Raise InputError, before anything is trained, for weights that some run could not start from."""
    for architecture, weights, numerics in dict.fromkeys(
        (spec.architecture, spec.weights, spec.recipe.numerics) for spec in specs
    ):
        check_weights(architecture, weights, numerics)


def open_collection(options, demo=DEMO):
    """The collection the options ask for; says what it is, and so when it is the bundled one."""
    collection = _opened(options, demo)
    images = len(collection.labels(options.challenge))
    print(f"collection: {shown(collection.name)}, {images} images with a label for {options.challenge}", flush=True)
    for note in collection.notes:
        print(f"  {in_options(note, options)}")
    return collection


def _opened(options, demo):
    if options.data is not None:
        return collections.open_asked(options, options.challenge)
    weights = f"weights={options.weights}" if options.weights else "the bundled ResNet50 weights"
    epochs = ", ".join(f"{approach} {options.epochs or most}" for approach, most in demo.epochs.items())
    note = (
        f"No data= given: using the bundled collection {demo.collection} and {weights}, at "
        f"{options.image_size or demo.size} pixels,\nwith few epochs at most ({epochs}). "
        "With data=DIR the studies' own settings are used."
    )
    print(in_options(note, options), flush=True)
    return collections.bundled(demo.collection)
