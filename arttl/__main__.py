"""Look after a collection (`check`, `overlap`) before hours of training, and after runs: `report`."""

from arttl.cli import Parser, add_reading_options, add_split_seed, path, run_main


def main_parser():
    """The options of every command; each command's function is its default of `run`."""
    parser = Parser(prog="python -m arttl", description=__doc__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_check(commands)
    _add_overlap(commands)
    _add_report(commands)
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
    check.add_argument("--debug", action="store_true", help="show the traceback of an error")
    reading = check.add_argument_group("how the data is read")
    add_reading_options(reading)
    add_split_seed(reading)
    check.set_defaults(run=_check)


def _check(options):
    from arttl.check import run_check

    return run_check(options)


def _add_overlap(commands):
    about = "say which share of a target collection's classes a source collection has too"
    overlap = commands.add_parser("overlap", help=about, description=f"{about[0].upper()}{about[1:]} (Table 1).")
    overlap.add_argument("source", type=path, metavar="SOURCE", help="the collection trained on first")
    overlap.add_argument("target", type=path, metavar="TARGET", help="the collection transferred to")
    overlap.add_argument("--challenge", nargs="+", metavar="NAME", help="what to compare (all that both have)")
    overlap.add_argument("--unknown-labels", nargs="*", metavar="LABEL", help="labels that say nothing (anoniem)")
    overlap.add_argument("--debug", action="store_true", help="show the traceback of an error")
    overlap.set_defaults(run=_overlap)


def _overlap(options):
    from arttl.check.overlap import run_overlap

    return run_overlap(options)


def _add_report(commands):
    about = "collect runs into tables beside the published numbers, figures, and one page that opens anywhere"
    report = commands.add_parser(
        "report",
        help=about,
        description=f"{about[0].upper()}{about[1:]}. Cells that were not run stay empty; see docs/report.md.",
    )
    report.add_argument("runs", type=path, metavar="RUNS", help="what the experiments' --output was")
    report.add_argument("--to", type=path, metavar="FOLDER", help="where the report goes (RUNS/report)")
    report.add_argument(
        "--data", type=path, nargs="+", metavar="DIR", help="the runs' collections, to show their pictures"
    )
    report.add_argument("--debug", action="store_true", help="show the traceback of an error")
    add_reading_options(report.add_argument_group("how the data is read"))
    report.set_defaults(run=_report)


def _report(options):
    from arttl.reports.report import run_report

    return run_report(options)


def main(options):
    """Run the command and end with its exit code."""
    raise SystemExit(options.run(options))


if __name__ == "__main__":
    run_main(main, main_parser(), keras=False, interrupted="nothing was written")
