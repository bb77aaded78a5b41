"""From one art collection to another: networks of ImageNet (θ^i) and of a first collection (θ^r) on a second one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from arttl.base.errors import InputError
from arttl.collections import BUNDLED
from arttl.runs import RunFolder
from arttl.transfer.plan import DEMO as FIRST_DEMO
from arttl.transfer.plan import Source, Variant

SOURCES = ("imagenet", "rijks")
"""θ^i and θ^r, as Table 3 calls them."""

APPROACHES = ("off-the-shelf", "fine-tuning")
FIRST = "ch1/rijks"  # the experiment whose fine-tuned networks are θ^r
DEMO = replace(FIRST_DEMO, collection="clipart-b")


def source_variants(sources, runs, seed, study, approach):
    """One Variant for each source, the same for every approach.

    Arguments:
        sources: of SOURCES.
        runs: folder above the challenge's of the runs of the first collection; None for that of ch1_rijks.py beside
            the study's own.
        seed: of these runs; None for that of each run.
        study: the TransferStudy.
        approach: of APPROACHES.
    """
    finders = {"imagenet": lambda architecture, seed: Source("imagenet"), "rijks": partial(_rijks, study, runs, seed)}
    return [Variant(name, study.recipe, {}, finders[name]) for name in sources]


def _rijks(study, runs, source_seed, architecture, seed):
    """The Source of a fine-tuned run on the first collection."""
    seed = seed if source_seed is None else source_seed
    below = Path(study.challenge, architecture, "fine-tuning", f"seed-{seed}")
    folder = RunFolder(Path(runs, below)) if runs else _first_run(study, below)
    if not folder.is_complete and not study.sweep.dry_run:
        raise InputError(
            f"there is no finished run in {folder.path} to start from; make it: python experiments/ch1_rijks.py "
            f"--challenge {study.challenge} --architecture {architecture} --approach fine-tuning --seed {seed} "
            '(or name another with source_runs or source_seed, or source="imagenet")'
        )
    return Source("rijks", folder)


def _first_run(study, below):
    """The RunFolder of a run on the first collection, whichever that is (arttl.transfer.places)."""
    base = Path(study.sweep.output, FIRST)
    demo, own = [], []
    for each in (RunFolder(root / below) for root in (base, *sorted(base.glob("*/")))):
        if not each.is_complete:
            continue
        (demo if each.read_config()["settings"].get("collection") in BUNDLED else own).append(each)
    found = (demo or own) if study.data.is_bundled else (own or demo)
    if len(found) > 1:
        raise InputError(f"{found[0].path} and {found[1].path} may both be meant; name one by source_runs=")
    return found[0] if found else RunFolder(base / below)


def planned_variants(study, approach):
    """The Variants of Table 3, of networks that need not be there yet: for a plan."""
    variants = source_variants(SOURCES, None, None, study, approach)
    return [replace(each, source=lambda architecture, seed, name=each.name: Source(name)) for each in variants]
