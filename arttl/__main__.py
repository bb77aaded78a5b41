"""Look after a collection: check what is wrong with it, and prepare it, before hours of training."""

from arttl.cli import (
    Parser,
    add_architecture,
    add_cache,
    add_debug,
    add_reading_options,
    add_recipe,
    add_resize,
    add_skipping,
    add_split_options,
    add_splits_folder,
    name,
    natural,
    path,
    positive,
    run_main,
)


def main_parser():
    """The options of every command; each command's function is its default of `run`."""
    parser = Parser(prog="python -m arttl", description=__doc__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_check(commands)
    _add_prepare(commands)
    _add_overlap(commands)
    _add_cut(commands)
    return parser


def _add_check(commands):
    about = "say what a collection holds and what is wrong with it, in one screen and one CSV"
    check = commands.add_parser(
        "check",
        help=about,
        description=f"{about[0].upper()}{about[1:]}. "
        "Exit code 0: training can start; 1: something needs attention; 2: this is no collection.",
    )
    check.add_argument("data", type=path, metavar="DATA", help="your collection; for its layout see docs/data.md")
    check.add_argument("--challenge", nargs="+", metavar="NAME", help="what to look at (all that the metadata has)")
    check.add_argument(
        "--metadata-only", action="store_true", help="open no image: neither corrupt ones nor duplicates"
    )
    check.add_argument("--report", type=path, metavar="CSV", help="one row a finding (./check-NAME.csv)")
    add_debug(check)
    reading = check.add_argument_group("how the data is read")
    add_reading_options(reading)
    add_split_options(reading)
    check.set_defaults(run=_check)


def _check(options):
    from arttl.check import run_check

    return run_check(options)


def _add_prepare(commands):
    about = "draw splits and decode all images ahead of training"
    prepare = commands.add_parser(
        "prepare",
        help=about,
        description=f"{about[0].upper()}{about[1:]}. Interrupted, even killed, it goes on where it was.",
    )
    prepare.add_argument("data", type=path, metavar="DATA", help="your collection; for its layout see docs/data.md")
    prepare.add_argument("--challenge", nargs="+", metavar="NAME", help="splits to draw (all that the metadata has)")
    add_architecture(prepare)
    prepare.add_argument("--image-size", type=positive, metavar="PIXELS", help="(the networks' own: 224 and 299)")
    add_resize(prepare)
    add_recipe(prepare)
    add_debug(prepare)
    reading = prepare.add_argument_group("how the data is read")
    add_reading_options(reading)
    add_skipping(reading)
    add_split_options(reading)
    kept = prepare.add_argument_group("where it is kept")
    add_splits_folder(kept)
    add_cache(kept)
    prepare.set_defaults(run=_prepare)


def _prepare(options):
    from arttl.prepare import run_prepare

    return run_prepare(options)


def _add_overlap(commands):
    about = "say which share of a target collection's classes a source collection has too"
    overlap = commands.add_parser("overlap", help=about, description=f"{about[0].upper()}{about[1:]} (Table 1).")
    overlap.add_argument("source", type=path, metavar="SOURCE", help="the collection trained on first")
    overlap.add_argument("target", type=path, metavar="TARGET", help="the collection transferred to")
    overlap.add_argument("--challenge", nargs="+", metavar="NAME", help="what to compare (all that both have)")
    overlap.add_argument("--unknown-labels", nargs="*", metavar="LABEL", help="labels that say nothing (anoniem)")
    add_debug(overlap)
    overlap.set_defaults(run=_overlap)


def _overlap(options):
    from arttl.check.overlap import run_overlap

    return run_overlap(options)


def _add_cut(commands):
    about = "cut a target set of Chapter 2 out of a WikiArt or OmniArt download"
    cut = commands.add_parser("cut", help=about, description=f"{about[0].upper()}{about[1:]} (sizes of Table 4).")
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
    cut.add_argument("--debug", action="store_true", help="show the traceback of an error")
    reading = cut.add_argument_group("how the data is read")
    add_reading_options(reading)
    reading.add_argument("--skip-missing", action="store_true", help="go on without rows whose image is missing")
    cut.set_defaults(run=_cut)


def _cut(options):
    from arttl.collections.cut_command import run_cut

    return run_cut(options)


def main(options):
    """Run the command and end with its exit code."""
    raise SystemExit(options.run(options))


if __name__ == "__main__":
    run_main(main, main_parser(), keras=False, interrupted="the same command goes on with what is done")
