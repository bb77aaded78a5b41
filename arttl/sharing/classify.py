"""`python -m arttl classify`: labels and probabilities of pictures from the command line."""

from __future__ import annotations

import sys

from arttl.base.errors import InputError
from arttl.base.files import make_folder
from arttl.base.markdown import markdown_table
from arttl.base.quietly import import_keras_quietly
from arttl.base.spreadsheets import write_spreadsheet
from arttl.base.wording import counted, shown, shown_path
from arttl.images.losses import losses_told, lost_by_load_img
from arttl.sharing.classifier import load_classifier
from arttl.sharing.layout import read_about
from arttl.sharing.pictures import check_outside, find_pictures


def run_classify(options):
    """Do what `python -m arttl classify` was asked for: print the table or write it, and save the maps.

    Arguments:
        options: the namespace of arttl.cli.commands.

    Returns the exit code, 0.

    Raises InputError if there are no pictures, one cannot be read and is not to be skipped, none can, or something
    cannot be written; whatever can be known before the network is loaded is said before.
    """
    read_about(options.folder)
    pictures = find_pictures(options.images)
    _check_outputs(options)
    import_keras_quietly()
    classifier = load_classifier(options.folder)
    compute_as_trained(classifier.about)
    for note in pictures.notes:
        print(note, file=sys.stderr)
    for line in lost_to(classifier, pictures.paths):
        print(line, file=sys.stderr)
    table = classifier.predict(pictures.paths, options.batch_size, options.skip_bad_images, True, options.top)
    bad = table[table["error"] != ""] if options.skip_bad_images else table[:0]
    if len(bad) == len(table):
        first = bad.iloc[0]
        raise InputError(
            f"none of the {counted(len(table), 'picture')} can be read, first {shown_path(first['path'])} "
            f"({shown(first['error'])}); give others"
        )
    if options.saliency is not None:
        table = _with_maps(classifier, table, bad, options)
    _show(table, bad, options)
    return 0


def lost_to(classifier, paths):
    """A line on pictures that the classifier does not see as they look, since its run read pictures so; a list.

    Arguments:
        classifier: a Classifier.
        paths: files.
    """
    if classifier.decoding.reading != "load_img":
        return []
    told = losses_told(filter(None, map(lost_by_load_img, paths)), len(paths))
    return [f"read by decoding=load_img, as in training: {told}; decoding=upright in training mends it"] if told else []


def compute_as_trained(about):
    """On a GPU, keep from rounding products to TF32 where the run did not; see arttl.training."""
    from arttl.training import set_product_precision

    set_product_precision(faithful=about["settings"]["recipe"]["numerics"]["era"] != "keras3")


def _check_outputs(options):
    if options.to is not None:
        if options.to.is_dir():
            raise InputError(f"to={shown_path(options.to)} is a folder; name a .csv or .xlsx file")
        make_folder(options.to.parent, "to")
    if options.saliency is not None:
        check_outside(options.saliency, options.images, "saliency")
        make_folder(options.saliency, "saliency")


def _with_maps(classifier, table, bad, options):
    """Save the maps; returns the table with the overlays' names in a column `saliency`."""
    from arttl.sharing.overlays import save_maps

    readable = table["path"].drop(bad.index).tolist()
    saved = save_maps(classifier, readable, options.saliency, options.batch_size, True)
    return table.assign(saliency=[saved.get(path, "") for path in table["path"]])


def _show(table, bad, options):
    said = counted(len(table) - len(bad), "picture") + " classified"
    if len(bad):
        said += f", {len(bad):,} that cannot be read"
    if options.saliency is not None:
        said += f"; maps in {shown_path(options.saliency)}"
    if options.to is None:
        print(markdown_table(table.columns, table.map(_cell).to_numpy().tolist()))
        print(said, file=sys.stderr)
    else:
        write_spreadsheet(options.to, table)
        print(f"{said}; table in {shown_path(options.to)}")


def _cell(value):
    """A value for the terminal: numbers to four places, texts on one line and whole."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.4f}"
    return shown_path(value)
