"""Before training: check, prepare, overlap, cut a collection. After it: report, export and classify with runs.

Without any run: published.
"""

from __future__ import annotations

import importlib
import shlex
from functools import partial
from pathlib import Path

from arttl.cli import Parser, name, natural, path, positive, table_file
from arttl.cli import options as shared


def main_parser():
    """The options of every command; each command's `run` names the module and function that do its work."""
    parser = Parser(prog="python -m arttl", description=__doc__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (
        _add_check,
        _add_prepare,
        _add_overlap,
        _add_cut,
        _add_report,
        _add_published,
        _add_export,
        _add_classify,
    ):
        add(commands)
    commands.add_parser("train", help="run an experiment, such as: train rijks --challenge type")  # arttl.cli.train
    return parser


def main(options):
    """Run the command and end with its exit code."""
    module, function = options.run
    raise SystemExit(getattr(importlib.import_module(module), function)(options))


def _command(commands, command, run, about, detail=""):
    """A command's parser.

    Arguments:
        commands: what the parser is added to.
        command: its name.
        run: module and name of the function of the options that does the work and returns the exit code.
        about: what it does, in one line that begins with a verb.
        detail: more sentences for its own --help.
    """
    description = f"{about[0].upper()}{about[1:]}. {detail}".rstrip()
    parser = commands.add_parser(command, help=about, description=description)
    parser.set_defaults(run=run)
    shared.add_debug(parser)
    return parser


def _add_check(commands):
    check = _command(
        commands,
        "check",
        ("arttl.check", "run_check"),
        "say what a collection holds and what is wrong with it, in one screen and one CSV",
        "Exit code 0: training can start; 1: something needs attention; 2: this is no collection.",
    )
    check.add_argument("data", type=path, metavar="DATA", help="your collection; for its layout see docs/data.md")
    check.add_argument("--challenge", nargs="+", metavar="NAME", help="what to look at (all that the metadata has)")
    check.add_argument(
        "--metadata-only", action="store_true", help="open no image: neither corrupt ones nor duplicates"
    )
    check.add_argument(
        "--report",
        type=table_file,
        metavar="FILE",
        help="one row a finding, .csv or .xlsx (check-NAME.csv in --output)",
    )
    check.add_argument("--output", type=path, default=Path("runs"), metavar="DIR", help="where runs go (runs)")
    shared.add_cache(check)
    shared.add_recipe(check)
    reading = check.add_argument_group("how the data is read")
    shared.add_reading(reading)
    shared.add_split(reading)
    check.set_defaults(training=partial(_training, check))


OF_CHECK = ("data", "challenge", "metadata_only", "report", "debug", "help")
"""What of check's options training has not, or is not asked for again."""


def _training(parser, options, challenge):
    """The command that trains on what was checked, as it was read: a str.

    Arguments:
        parser: that of check.
        options: what it gave.
        challenge: the one to learn.
    """
    words = ["train", "rijks", "--challenge", challenge, "--data", options.data]
    for key, option in options.words.items():
        value = getattr(options, key, None)
        if key not in OF_CHECK and value != parser.get_default(key):
            words += [option, *(value if isinstance(value, (list, tuple)) else () if value is True else (value,))]
    return f"python -m arttl {shlex.join(map(str, words))}"


def _add_prepare(commands):
    prepare = _command(
        commands,
        "prepare",
        ("arttl.check.prepare", "run_prepare"),
        "draw splits and decode all images ahead of training",
        "Interrupted, even killed, it goes on where it was.",
    )
    prepare.add_argument("data", type=path, metavar="DATA", help="your collection; for its layout see docs/data.md")
    prepare.add_argument("--challenge", nargs="+", metavar="NAME", help="splits to draw (all that the metadata has)")
    shared.add_architecture(prepare)
    prepare.add_argument("--image-size", type=positive, metavar="PIXELS", help="(the networks' own: 224 and 299)")
    shared.add_resize(prepare)
    shared.add_recipe(prepare)
    reading = prepare.add_argument_group("how the data is read")
    shared.add_reading(reading)
    shared.add_skipping(reading)
    shared.add_split(reading)
    shared.add_kept(prepare.add_argument_group("where it is kept"))


def _add_overlap(commands):
    overlap = _command(
        commands,
        "overlap",
        ("arttl.check.overlap", "run_overlap"),
        "say which share of a target collection's classes a source collection has too (Table 1)",
    )
    overlap.add_argument("source", type=path, metavar="SOURCE", help="the collection trained on first")
    overlap.add_argument("target", type=path, metavar="TARGET", help="the collection transferred to")
    overlap.add_argument("--challenge", nargs="+", metavar="NAME", help="what to compare (all that both have)")
    shared.add_layout(overlap.add_argument_group("how both are read"))


def _add_cut(commands):
    cut = _command(
        commands,
        "cut",
        ("arttl.collections.cut_command", "run_cut"),
        "cut a target set of Chapter 2 out of a WikiArt or OmniArt download (sizes of Table 4)",
    )
    cut.add_argument("data", type=path, metavar="DATA", help="the download; for its layout see docs/data.md")
    cut.add_argument(
        "--target",
        required=True,
        type=name,
        metavar="NAME",
        help="Artist-Classification-1, Type-Classification or Artist-Classification-2",
    )
    cut.add_argument("--to", required=True, type=path, metavar="FOLDER", help="the folder to make, outside of DATA")
    cut.add_argument("--challenge", type=name, metavar="NAME", help="whose labels are the classes (artist, or type)")
    cut.add_argument("--seed", type=natural, default=42, metavar="N", help="seed of the draw and the split (42)")
    cut.add_argument("--images", type=positive, metavar="N", help="cut fewer images (Table 4's)")
    cut.add_argument("--classes", type=positive, metavar="Q", help="cut fewer classes (Table 4's)")
    cut.add_argument(
        "--skip",
        type=natural,
        metavar="N",
        help="pass over the N largest classes (Artist-Classification-2: 20, else 0)",
    )
    cut.add_argument("--copy", action="store_true", help="copy the images rather than make hard links to them")
    reading = cut.add_argument_group("how the data is read")
    shared.add_reading(reading)
    shared.add_skip_missing(reading)


def _add_report(commands):
    report = _command(
        commands,
        "report",
        ("arttl.reports.report", "run_report"),
        "collect runs into tables beside the published numbers, figures, and one page that opens anywhere",
        "Cells that were not run stay empty; see docs/report.md.",
    )
    report.add_argument("runs", type=path, metavar="RUNS", help="what the experiments' --output was")
    report.add_argument("--to", type=path, metavar="FOLDER", help="where the report goes (RUNS/report)")
    report.add_argument(
        "--data", type=path, nargs="+", metavar="DIR", help="the runs' collections, to show their pictures"
    )
    shared.add_reading(report.add_argument_group("how the data is read"))


def _add_export(commands):
    export = _command(
        commands,
        "export",
        ("arttl.sharing.export", "run_export"),
        "write a run's model, labels and model card as a folder to share (docs/sharing.md)",
    )
    export.add_argument("run_folder", type=path, metavar="RUN", help="a finished run's folder, with its metrics.json")
    export.add_argument("--to", required=True, type=path, metavar="FOLDER", help="the folder to make")
    export.add_argument("--plain", action="store_true", help="write a model that loads where arttl is not installed")


def _add_classify(commands):
    classify = _command(
        commands,
        "classify",
        ("arttl.sharing.classify", "run_classify"),
        "say what a shared classifier takes pictures for",
    )
    classify.add_argument("folder", type=path, metavar="FOLDER", help="what python -m arttl export wrote")
    classify.add_argument("images", nargs="+", type=path, metavar="IMAGES", help="picture files, and folders of them")
    classify.add_argument(
        "--to", type=path, metavar="FILE", help="write the table there, as .csv or .xlsx, rather than print it"
    )
    classify.add_argument(
        "--top", type=positive, default=1, metavar="K", help="classes for each picture, at most 10 (1)"
    )
    classify.add_argument("--batch-size", type=positive, default=32, metavar="N", help="pictures at a time (32)")
    classify.add_argument("--skip-bad-images", action="store_true", help="go on without images that cannot be read")
    classify.add_argument("--saliency", type=path, metavar="OUT", help="save VisualBackProp maps as PNG files there")


def _add_published(commands):
    published = _command(
        commands,
        "published",
        ("arttl.reports.published_report", "run_published"),
        "draw Figures 2, 3, 5, 8 and 9 as the thesis has them, without any run",
        "PNG and PDF of each, the errata, and one page that opens anywhere.",
    )
    published.add_argument("--to", type=path, default="published", metavar="FOLDER", help="where to (published)")
