"""The parser of experiments/thesis.py; imports nothing slow."""

from __future__ import annotations

import argparse
from pathlib import Path

from arttl.base.assumed import EPOCHS, TFLOPS
from arttl.cli import Parser, number, path, positive
from arttl.cli import options as shared


def thesis_parser(description):
    """The options of the plan of the whole thesis."""
    parser = Parser(description=description)
    parser.add_argument("--dry-run", action="store_true", help="plan, and run nothing")
    parser.add_argument("--chapter", nargs="+", type=int, choices=(1, 2), default=[1, 2], help="(both)")
    parser.add_argument("--list", action="store_true", help="print every single run's folder too")
    parser.add_argument("--csv", type=path, metavar="FILE", help="write the table there too, numbers unrounded")
    parser.add_argument("--output", type=path, default=Path("runs"), metavar="DIR", help="of the run folders (runs)")
    group = parser.add_argument_group("what the times rest on")
    usual = " ".join(f"{approach}={number}" for approach, number in EPOCHS.items())
    group.add_argument(
        "--epochs",
        nargs="+",
        type=assumed_epochs,
        default=[],
        metavar="N",
        help=f"epochs of a training, assumed: a number, or APPROACH=N ... ({usual})",
    )
    group.add_argument(
        "--step-times", type=path, metavar="FILE", help="of benchmarks/step_times.py (those measured on two cores)"
    )
    group.add_argument(
        "--tflops", type=speed, default=TFLOPS, metavar="X", help=f"10^12 operations a second of a GPU ({TFLOPS})"
    )
    shared.add_debug(parser)
    return parser


def assumed_epochs(text):
    """An option's value as the epochs it gives: a dict of approaches to numbers."""
    approach, equals, number = text.rpartition("=")
    if not equals:
        return dict.fromkeys(EPOCHS, positive(number))
    if approach not in EPOCHS:
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is not APPROACH=N with one of {', '.join(EPOCHS)}")
    return {approach: positive(number)}


def speed(text):
    """An option's value as a number above 0."""
    value = number(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a number above 0")
    return value
