"""Options and error handling shared by the scripts; imports nothing slow, so that --help is quick."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

from arttl.errors import InputError

# The names of arttl.collections.FORMATS, which take too long to import for --help; a test compares them.
FORMAT_NAMES = ("wikiart", "dublin-core-csv", "omniart", "csv", "rijks-xml", "rijksgt", "class-folders")


INTERRUPTED = "the same command with --resume, and without --force, goes on from the last finished epoch"


def run_main(main, parser, *, keras=True, interrupted=INTERRUPTED):
    """Parse options and run a script's work; ends the process.

    Exit code 0: the work is done. 2: bad input, said in one line (--debug shows the traceback). 130: interrupted.

    Arguments:
        main: function of the parsed options.
        parser: an ArgumentParser with --debug.
        keras: the work needs Keras, which takes seconds to import.
        interrupted: what to say to who interrupts it.
    """
    if hasattr(sys.stdout, "reconfigure"):  # names need not be in the terminal's encoding
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parser.parse_args()
    try:
        if keras:
            import_keras_quietly()
        main(options)
    except InputError as error:
        if options.debug:
            raise
        sys.exit(_fail(f"error: {error}"))
    except KeyboardInterrupt:
        if options.debug:
            raise
        print(f"interrupted; {interrupted}", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if options.debug:
            raise
        sys.exit(
            _fail(f"error: {error.filename or 'a file'}: {error.strerror or error}; check the disk and permissions")
        )


def import_keras_quietly():
    """Import Keras without TensorFlow's start-up chatter, which no log level silences; errors are still shown."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            chatter.seek(0)
            os.write(terminal, chatter.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def _fail(line):
    print(line, file=sys.stderr)
    return 2


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message):
        """Print the line and end with exit code 2."""
        sys.exit(_fail(f"error: {message}; --help lists the options"))


def rijks_parser(description, challenges):
    """The options of the first collection's script: a Chapter 1 script's, and what is trained on X."""
    parser = chapter1_parser(description, challenges)
    group = parser.add_argument_group("on the features off the shelf")
    group.add_argument(
        "--classifier",
        nargs="+",
        choices=("softmax", "linear-svm", "rbf-svm", "random-forest"),
        help="the softmax layer, or in its place scikit-learn's, searched on the validation images (softmax)",
    )
    return parser


def chapter1_parser(description, challenges, approaches=None):
    """The options of a Chapter 1 script.

    Arguments:
        description: first line of --help.
        challenges: names that --challenge takes.
        approaches: those that --approach takes; all by default.
    """
    parser = Parser(description=description)
    parser.add_argument("--challenge", choices=challenges, required=True, help="what to classify")
    _add_data_options(parser.add_argument_group("data (without --data: the bundled collection, at a small size)"))
    _add_model_options(parser.add_argument_group("models and training"), approaches)
    _add_run_options(parser.add_argument_group("runs"))
    return parser


def fidelity_parser(description, challenges):
    """The options of the ablation: a Chapter 1 script's, and what to compare."""
    parser = chapter1_parser(description, challenges)
    parser.add_argument_group("comparison (--recipe, --numerics and --set make the baseline)").add_argument(
        "--compare",
        nargs="+",
        metavar="WHAT",
        help="recipes, eras, or NAME=VALUE[,NAME=VALUE...] (a list for each approach, see docs/fidelity.md)",
    )
    return parser


def _add_data_options(group):
    group.add_argument("--data", type=path, metavar="DIR", help="your collection; for its layout see docs/data.md")
    add_reading_options(group)
    add_skipping(group)
    add_splits_folder(group)
    add_split_options(group)
    add_cache(group)


def add_reading_options(group):
    """The options that say how a collection is read, for open_collection."""
    group.add_argument(
        "--metadata",
        type=path,
        help="labels outside of DIR or one of several: CSV, XML, MAT, or a folder of XML or lists",
    )
    group.add_argument("--image-column", type=name, metavar="NAME", help="column of the CSV with the images' names")
    group.add_argument("--label-column", type=name, metavar="NAME", help="column of the CSV with the labels")
    group.add_argument("--format", choices=FORMAT_NAMES, metavar="NAME", help=f"{', '.join(FORMAT_NAMES)} (detected)")
    group.add_argument(
        "--split",
        choices=("own", "challenge"),
        help="draw one, or keep that of train, val and test folders (own); challenge: rijksgt.mat's or WikiArt's",
    )
    group.add_argument(
        "--unknown-labels",
        nargs="*",
        metavar="LABEL",
        help="labels that say nothing, beside blank ones: their images take no part (anoniem)",
    )


def add_skipping(group):
    """The options that say what may be left out."""
    group.add_argument("--skip-missing", action="store_true", help="go on without rows whose image is missing")
    group.add_argument("--skip-bad-images", action="store_true", help="go on without images that cannot be read")


def add_split_options(group):
    """The options that say how the split is drawn."""
    group.add_argument("--split-seed", type=natural, default=42, metavar="N", help="seed of the split (42)")
    group.add_argument(
        "--min-images", type=positive, default=1, metavar="N", help="leave out classes with fewer images (1)"
    )
    group.add_argument(
        "--group-duplicates", action="store_true", help="keep duplicate images in one of train, validation and test"
    )


def add_splits_folder(group):
    """The option of the folder of split files."""
    group.add_argument(
        "--splits", type=path, default=Path("splits"), metavar="DIR", help="where splits are kept (splits)"
    )


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


def add_debug(group):
    """The option that shows where an error was raised."""
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")


def transfer_parser(description, challenges):
    """The options of the transfer from one collection to another: a Chapter 1 script's, and where from."""
    parser = chapter1_parser(description, challenges, ("off-the-shelf", "fine-tuning"))
    group = parser.add_argument_group("where the networks come from")
    group.add_argument("--source", nargs="+", choices=("imagenet", "rijks"), help="θ^i, θ^r (both)")
    group.add_argument(
        "--source-runs", type=path, metavar="DIR", help="runs of ch1_rijks.py (ch1/rijks in the folder of --output)"
    )
    group.add_argument("--source-seed", type=natural, metavar="N", help="seed of these runs (that of each run)")
    return parser


def _add_model_options(group, approaches):
    from arttl.eras import ERAS
    from arttl.recipes import APPROACHES

    add_architecture(group)
    group.add_argument(
        "--approach",
        nargs="+",
        choices=approaches or APPROACHES,
        help=f"{', '.join(approaches or APPROACHES)} (all the thesis has)",
    )
    group.add_argument(
        "--weights", type=name, help="imagenet, bundled, none or a file (imagenet; without --data bundled)"
    )
    add_recipe(group)
    group.add_argument("--numerics", choices=ERAS, help="compute as this Keras did (2.1.2; recipe keras3: keras3)")
    group.add_argument("--explain", action="store_true", help="print every setting beside the studies', and stop")
    group.add_argument(
        "--image-size", type=positive, metavar="PIXELS", help="(the network's own; without --data 64 or 48)"
    )
    add_resize(group)
    group.add_argument(
        "--class-weights", choices=("none", "balanced"), help="balanced: rare classes count as much (none)"
    )
    group.add_argument("--batch-size", type=positive, metavar="N", help="(32)")
    group.add_argument("--epochs", type=positive, metavar="N", help="at most so many (until early stopping)")


def _add_run_options(group):
    group.add_argument("--seed", type=natural, nargs="+", default=[42], metavar="N", help="one run for each (42)")
    group.add_argument("--output", type=path, default=Path("runs"), metavar="DIR", help="where run folders go (runs)")
    again = group.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with unfinished runs at their last finished epoch")
    again.add_argument("--force", action="store_true", help="make finished and unfinished runs anew")
    group.add_argument("--dry-run", action="store_true", help="list the runs and stop")
    add_debug(group)


def default_cache():
    """$ARTTL_CACHE, or arttl in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("ARTTL_CACHE") or Path(base, "arttl")).expanduser()


def name(text):
    """An option's value as text that is not empty, as an unset variable of the shell would make it."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def path(text):
    """An option's value as a Path; empty text, which would mean the current folder, is refused."""
    return Path(name(text))


def positive(text):
    """An option's value as an integer from 1."""
    return _integer(text, 1)


def natural(text):
    """An option's value as an integer from 0, fit to be a seed."""
    return _integer(text, 0)


def _integer(text, least):
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) < 2**32):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a whole number from {least} to {2**32 - 1}")
    return int(text)
