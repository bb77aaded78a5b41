"""Options that several commands and scripts share, each added to a group of a parser; imports nothing slow."""

from __future__ import annotations

import argparse
import re
from importlib.util import find_spec
from pathlib import Path

from arttl.base.files import default_cache
from arttl.base.names import is_reserved
from arttl.cli import name, natural, number, path, positive

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16", "fast-float32")
TRACKERS = ("tensorboard", "mlflow")

CHALLENGE_NAME = re.compile(r"\w[\w-]{0,59}")
RESERVED_COLUMNS = ("image_id", "path", "given_split")  # of a collection's table

# The names of arttl.collections.FORMATS, which take too long to import for --help; a test compares them.
FORMAT_NAMES = ("wikiart", "dublin-core-csv", "omniart", "csv", "rijks-xml", "rijksgt", "class-folders")


def add_reading(group):
    """The options that say how a collection is read, for open_collection."""
    group.add_argument(
        "--metadata",
        type=path,
        help="labels outside of DIR or one of several: CSV, XLSX, XML, MAT, or a folder of XML or lists",
    )
    add_layout(group)
    group.add_argument("--sheet", type=name, metavar="NAME", help="sheet of the workbook (the only one with data)")
    group.add_argument(
        "--split",
        choices=("own", "challenge", "stratified"),
        help="draw one, or keep that of train, val and test folders (own); challenge: rijksgt.mat's or WikiArt's; "
        "stratified: draw each class for itself, so that none with three images is lost (not as the studies did)",
    )
    group.add_argument(
        "--max-megapixels",
        type=positive,
        metavar="N",
        help="largest pictures to read, in millions of pixels (178: larger ones may be decompression bombs)",
    )


def add_challenge(parser, known, **more):
    """The option of what is to be classified; class folders and named columns may call it whatever they like.

    Arguments:
        parser: a parser or group.
        known: the studies' challenges that the script has.
        more: for add_argument.
    """
    help = f"what to classify: {', '.join(known)}, or your own name for what your folders or column are"
    parser.add_argument("--challenge", type=challenge, metavar="NAME", **{"help": help} | more)


def challenge(text):
    """An option's value as a challenge: the name of a folder of runs and of a column."""
    if not CHALLENGE_NAME.fullmatch(text) or text in RESERVED_COLUMNS or is_reserved(text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} cannot name one; use letters, digits, - and _")
    return text


def add_layout(group):
    """The options of how metadata is laid out and what counts as unknown, which several collections may share."""
    group.add_argument("--image-column", type=name, metavar="NAME", help="column of the table with the images' names")
    group.add_argument("--label-column", type=name, metavar="NAME", help="column of the table with the labels")
    group.add_argument("--format", choices=FORMAT_NAMES, metavar="NAME", help=f"{', '.join(FORMAT_NAMES)} (detected)")
    group.add_argument(
        "--unknown-labels",
        nargs="*",
        metavar="LABEL",
        help="labels that say nothing, beside blank ones: their images take no part (anoniem)",
    )
    group.add_argument(
        "--follow-links",
        action="store_true",
        default=None,
        help="read what links below DIR lead to, wherever that is (only inside the folder of images)",
    )


def add_skip_missing(group):
    """The options that let rows without an image, and folders that cannot be read, be left out."""
    group.add_argument("--skip-missing", action="store_true", help="go on without rows whose image is missing")
    group.add_argument("--skip-unreadable", action="store_true", help="go on without subfolders that cannot be read")


def add_skipping(group):
    """The options that say what may be left out."""
    add_skip_missing(group)
    group.add_argument("--skip-bad-images", action="store_true", help="go on without images that cannot be read")


def add_split(group):
    """The options that say how the split is drawn."""
    group.add_argument("--split-seed", type=natural, default=42, metavar="N", help="seed of the split (42)")
    group.add_argument(
        "--min-images", type=positive, default=1, metavar="N", help="leave out classes with fewer images (1)"
    )
    group.add_argument(
        "--group-duplicates", action="store_true", help="keep duplicate images in one of train, validation and test"
    )


def add_kept(group):
    """The options of the folders of split files and of what can be computed again."""
    group.add_argument(
        "--splits", type=path, default=Path("splits"), metavar="DIR", help="where splits are kept (splits)"
    )
    add_cache(group)


def add_cache(group):
    """The option of the folder of what can be computed again."""
    cache = default_cache()
    group.add_argument(
        "--cache", type=path, default=cache, metavar="DIR", help=f"decoded images and features ({cache})"
    )


def add_recipe(group):
    """The options of the preset and of single settings."""
    from arttl.recipes import RECIPES

    group.add_argument(
        "--recipe", choices=RECIPES, default="thesis", help="settings of the text (default), of the code, or today's"
    )
    group.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="change a setting")


def add_resize(group):
    """The option of the resize method."""
    group.add_argument("--resize", choices=("nearest", "antialiased"), help="(nearest, as in 2018)")


def add_architecture(group):
    """The option of the networks."""
    group.add_argument("--architecture", nargs="+", metavar="NAME", help="vgg19 inception_v3 xception resnet50")


def add_runs(group):
    """The options of run folders."""
    group.add_argument("--seed", type=natural, nargs="+", default=[42], metavar="N", help="one run for each (42)")
    group.add_argument("--output", type=path, default=Path("runs"), metavar="DIR", help="where run folders go (runs)")
    again = group.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with unfinished runs at their last finished epoch")
    again.add_argument("--force", action="store_true", help="make finished and unfinished runs anew")
    add_dry_run(group)
    add_debug(group)


def add_dry_run(group):
    """The option that only lists what would be done."""
    group.add_argument("--dry-run", action="store_true", help="list the runs, their state, time and disk, and stop")


def add_computing(parser):
    """The options of how runs are computed, a group of their own."""
    group = parser.add_argument_group("computing")
    group.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0], help="of layers (float32)")
    group.add_argument("--devices", type=positive, default=1, metavar="N", help="that share each batch (1)")
    group.add_argument(
        "--track", nargs="+", type=tracker, default=[], metavar="WHERE", help="show progress in tensorboard, mlflow"
    )


def add_sweep(group):
    """The options of where runs are done."""
    group.add_argument(
        "--executor",
        type=executor,
        default="local",
        metavar="{local,ray}",
        help="one run after the other here (local), or on a Ray cluster: docs/cluster.md",
    )
    group.add_argument(
        "--address", type=name, metavar="HOST:PORT", help="of the cluster ($RAY_ADDRESS, or one started here)"
    )
    group.add_argument(
        "--gpus-per-run", type=amount, metavar="N", help="such as 1 or 0.5 (--devices where there are GPUs)"
    )
    group.add_argument("--cpus-per-run", type=positive, metavar="N", help="(an equal part of a node's)")
    group.add_argument("--max-concurrent", type=positive, metavar="N", help="runs at once (as many as fit)")


def executor(text):
    """An option's value as what does the runs; Ray must be installed."""
    if text not in ("local", "ray"):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not known; choose from local, ray")
    if text == "ray" and find_spec("ray") is None:
        raise argparse.ArgumentTypeError("Ray is not installed; pip install 'arttl[ray]'")
    return text


def tracker(text):
    """An option's value as a tracker; MLflow must be installed, and event files need TensorFlow only."""
    if text not in TRACKERS:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not known; choose from {', '.join(TRACKERS)}")
    if text == "mlflow" and find_spec("mlflow") is None:
        raise argparse.ArgumentTypeError("MLflow is not installed; pip install 'arttl[mlflow]'")
    return text


def amount(text):
    """An option's value as a number from 0 of what a run takes; Ray counts in parts of a thousandth."""
    value = number(text)
    if not 0 <= value < 2**16 or (value > 1 and value % 1) or round(value, 3) != value:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no whole number, and no share of one such as 0.5")
    return value


def add_debug(group):
    """The option that shows where an error was raised."""
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")
