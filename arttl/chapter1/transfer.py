"""From one art collection to another: networks of ImageNet (θ^i) and of a first collection (θ^r) on a second one."""

from __future__ import annotations

from pathlib import Path

from arttl.chapter1 import run_experiment
from arttl.chapter1.plan import Demo, Source, Variant
from arttl.errors import InputError
from arttl.runs import RunFolder

SOURCES = ("imagenet", "rijks")
"""θ^i and θ^r, as Table 3 calls them."""

APPROACHES = ("off-the-shelf", "fine-tuning")
FIRST = "ch1/rijks"  # the experiment whose fine-tuned networks are θ^r
DEMO = Demo(64, {"off-the-shelf": 30, "fine-tuning": 5}, "clipart-b")


def run_transfer(options, experiment):
    """Do what ch1_antwerp.py was asked for: plan, train, test, and print the table of results.

    Arguments:
        options: the namespace of arttl.parsers.transfer_parser.
        experiment: folder of the experiment below --output, "ch1/antwerp".

    Raises InputError for a source that is not there, is not finished, or has seen test images of the target.
    """
    options.approach = options.approach or list(APPROACHES)
    run_experiment(options, experiment, source_variants, DEMO)


def source_variants(options, approach):
    """One Variant for each --source, the same for every approach."""
    finders = {"imagenet": lambda architecture, seed: Source("imagenet"), "rijks": _finder(options)}
    return [Variant(name, options.recipe, {}, finders[name]) for name in dict.fromkeys(options.source or SOURCES)]


def _finder(options):
    """A function of architecture and seed that gives the Source of a fine-tuned run."""
    root = options.source_runs or Path(options.output, FIRST)

    def find(architecture, seed):
        seed = seed if options.source_seed is None else options.source_seed
        folder = RunFolder(root / options.challenge / architecture / "fine-tuning" / f"seed-{seed}")
        if not folder.is_complete:
            raise InputError(
                f"there is no finished run in {folder.path} to start from; make it: python experiments/ch1_rijks.py "
                f"--challenge {options.challenge} --architecture {architecture} --approach fine-tuning --seed {seed} "
                '(or name another with source_runs or source_seed, or source="imagenet")'
            )
        return Source("rijks", folder)

    return find
