"""All of Chapter 1, one experiment after the other, and the report: what ch1_all.py does."""

from __future__ import annotations

import time

from arttl.chapter1 import run_experiment
from arttl.chapter1.saliency import run_saliency
from arttl.chapter1.transfer import APPROACHES, run_transfer
from arttl.cli import in_options
from arttl.collections.wording import duration_text
from arttl.commands import main_parser
from arttl.errors import InputError
from arttl.models import BACKBONES
from arttl.options import HANDED_ON, given_line
from arttl.parsers import rijks_parser, saliency_parser, transfer_parser
from arttl.reports.report import run_report
from arttl.sweeps.progress import do_steps

CHALLENGES = ("material", "type", "artist")
FOR_ALL = ("architecture", "recipe", "numerics", "image_size", "epochs", "batch_size", "seed", "output")
FOR_ALL += HANDED_ON
"""Options that every experiment gets as they were given."""


def run_all(options):
    """Do Chapter 1: Table 2's runs, Table 3's, Figure 4 and the report; what is finished already is kept.

    Arguments:
        options: the namespace of arttl.parsers.all_parser.

    Raises InputError and RunsFailed as the experiments do. That there is no image for Figure 4 is said and not raised.
    """
    started = time.perf_counter()
    do_steps(steps(options))
    print(f"\nall of Chapter 1: {duration_text(time.perf_counter() - started)}")


def steps(options):
    """What is to be done, in order: pairs of a title and a function."""
    challenges, second = asked_challenges(options)
    found = [(f"Rijksmuseum, {each}", lambda each=each: _rijks(options, each)) for each in challenges]
    if options.data is None or options.antwerp is not None:
        found += [(f"Antwerp, {each}", lambda each=each: _antwerp(options, each)) for each in second]
    found += [(f"Figure 4, {each}", lambda each=each: _saliency(options, each)) for each in second]
    return [*found, ("report", lambda: _report(options))]


def asked_challenges(options):
    """The challenges of the first collection, and those of the second: two lists."""
    challenges = options.challenge or CHALLENGES[options.data is None :]  # the bundled collections have no material
    return challenges, [challenge for challenge in challenges if challenge != "material"]


def rijks_options(options, challenge):
    """The options of ch1_rijks.py for a challenge: a namespace."""
    given = given_line(options, FOR_ALL) + _kept(options) + ["--resume"]
    return rijks_parser("", CHALLENGES).parse_args(["--challenge", challenge, *given, *_data(options.data)])


def antwerp_options(options, challenge):
    """The options of ch1_antwerp.py for a challenge: a namespace."""
    given = given_line(options, FOR_ALL) + _kept(options) + ["--resume", "--approach", *APPROACHES]
    return transfer_parser("", CHALLENGES[1:]).parse_args(["--challenge", challenge, *given, *_data(options.antwerp)])


def saliency_options(options, challenge):
    """The options of ch1_saliency.py for a challenge, a namespace for each architecture, of the first seed."""
    parser, found = saliency_parser("", CHALLENGES), []
    for architecture in options.architecture or (["resnet50"] if options.data is None else BACKBONES):
        which = ["--challenge", challenge, "--architecture", architecture, "--seed", str(options.seed[0])]
        found.append(parser.parse_args([*which, "--output", str(options.output), *_data(options.data)]))
    return found


def _rijks(options, challenge):
    run_experiment(rijks_options(options, challenge), "ch1/rijks")


def _antwerp(options, challenge):
    run_transfer(antwerp_options(options, challenge), "ch1/antwerp")


def _saliency(options, challenge):
    for each in saliency_options(options, challenge):
        try:
            run_saliency(each, "ch1/saliency")
        except InputError as error:
            print(f"no figure: {in_options(str(error), each)}")


def _report(options):
    data = [str(path) for path in (options.data, options.antwerp) if path is not None]
    run_report(main_parser().parse_args(["report", str(options.output), *(["--data", *data] if data else [])]))


def _kept(options):
    return given_line(options, ("splits", "cache", "split_seed", "weights"))


def _data(path):
    return [] if path is None else ["--data", str(path)]
