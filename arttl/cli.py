"""Options and error handling shared by the scripts; imports nothing slow, so that --help is quick."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

from arttl.errors import InputError


def run_main(main, parser):
    """Parse options and run a script's work; ends the process.

    Exit code 0: the work is done. 2: bad input, said in one line (--debug shows the traceback). 130: interrupted.

    Arguments:
        main: function of the parsed options.
        parser: an ArgumentParser with --debug.
    """
    options = parser.parse_args()
    try:
        import_keras_quietly()
        main(options)
    except InputError as error:
        if options.debug:
            raise
        sys.exit(_fail(f"error: {error}"))
    except KeyboardInterrupt:
        if options.debug:
            raise
        print("interrupted; the same command with --resume goes on from the last finished epoch", file=sys.stderr)
        sys.exit(130)


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


def chapter1_parser(description, challenges):
    """The options of a Chapter 1 script.

    Arguments:
        description: first line of --help.
        challenges: names that --challenge takes.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter, argument_default=None
    )
    parser.add_argument("--challenge", choices=challenges, required=True, help="what to classify")
    _add_data_options(parser.add_argument_group("data (without --data: the bundled collection, at a small size)"))
    _add_model_options(parser.add_argument_group("models and training"))
    _add_run_options(parser.add_argument_group("runs"))
    return parser


def _add_data_options(group):
    group.add_argument(
        "--data", type=Path, metavar="DIR", help="your collection; docs/data.md says how it may be laid out"
    )
    group.add_argument("--metadata", type=Path, metavar="CSV", help="table of labels; default: the one CSV in DIR")
    group.add_argument("--image-column", metavar="NAME", help="column of the CSV with the images' names")
    group.add_argument("--label-column", metavar="NAME", help="column of the CSV with the labels")
    group.add_argument("--skip-missing", action="store_true", help="go on without rows whose image is missing")
    group.add_argument("--skip-bad-images", action="store_true", help="go on without images that cannot be read")
    group.add_argument("--splits", type=Path, default=Path("splits"), metavar="DIR", help="where splits are kept")
    group.add_argument("--split-seed", type=int, default=42, metavar="N", help="seed of the split")
    group.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR", help="decoded images and features")


def _add_model_options(group):
    from arttl.recipes import APPROACHES, RECIPES

    group.add_argument("--architecture", nargs="+", metavar="NAME", help="vgg19 inception_v3 xception resnet50")
    group.add_argument("--approach", nargs="+", choices=APPROACHES, help="default: all that the thesis trains")
    group.add_argument("--weights", help="imagenet, bundled, none or a file; default: imagenet, without --data bundled")
    group.add_argument("--recipe", choices=RECIPES, default="thesis", help="the text's settings or the released code's")
    group.add_argument(
        "--image-size", type=positive, metavar="PIXELS", help="default: the network's own, without --data 64"
    )
    group.add_argument("--resize", choices=("nearest", "antialiased"), help="default: nearest, as in 2018")
    group.add_argument("--batch-size", type=positive, metavar="N", help="default: 32")
    group.add_argument("--epochs", type=positive, metavar="N", help="at most so many; default: until early stopping")


def _add_run_options(group):
    group.add_argument("--seed", type=natural, nargs="+", default=[42], metavar="N", help="one run for each")
    group.add_argument("--output", type=Path, default=Path("runs"), metavar="DIR", help="where run folders go")
    group.add_argument("--resume", action="store_true", help="go on with unfinished runs at their last finished epoch")
    group.add_argument("--force", action="store_true", help="make finished or unfinished runs anew")
    group.add_argument("--dry-run", action="store_true", help="list the runs and stop")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")


def default_cache():
    """$ARTTL_CACHE, or arttl in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("ARTTL_CACHE") or Path(base, "arttl")).expanduser()


def positive(text):
    """An option's value as an integer of at least 1."""
    return _integer(text, 1)


def natural(text):
    """An option's value as an integer of at least 0."""
    return _integer(text, 0)


def _integer(text, least):
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
    return int(text)
