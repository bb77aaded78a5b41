"""Every setting of Chapter 2's runs beside what the thesis, its appendix and the text of 2022 say."""

from __future__ import annotations

from dataclasses import asdict

from arttl.base.markdown import markdown_table
from arttl.lottery.networks import NETWORKS
from arttl.lottery.opening import is_natural
from arttl.lottery.presets import PRESETS, THESIS, study_settings
from arttl.pruning import SearchSettings
from arttl.published.appendix import NOT_SAID, setting
from arttl.published.chapter2 import BATCHNORM
from arttl.recipes.overrides import flattened
from arttl.reports.explain import setting_text
from arttl.training.crops import stored_side

COLUMNS = ("setting", "thesis", "appendix", "2022", "this run")
_ELSEWHERE = {"initial": "initial weights", "optimizer.l2": "optimizer.weight_decay", "crop": "image"}
_ELSEWHERE |= {"optimizer.schedule.epochs": "optimizer.schedule"}
"""What a setting of ours is called where the sources speak of it."""
_NAMES = ("name", "approach", "numerics.era")


def explain_runs(specs):
    """A Markdown table of every setting beside what its sources say.

    Arguments:
        specs: SearchSpecs or TicketSpecs of one recipe.

    The sources are the thesis, its appendix and the text of 2022; for LeNet-300-100 Frankle and Carbin's code. "*"
    marks a value of these runs that is not the default.
    """
    spec, network = specs[0], NETWORKS[specs[0].network]
    study_recipe, study_search = study_settings(network)
    run, study = flattened(spec.recipe.settings()), flattened(study_recipe.settings())
    if isinstance(spec.search, SearchSettings):
        run, study = run | asdict(spec.search), study | asdict(study_search)
    if network.has_batchnorm:
        run |= flattened({"batchnorm": spec.batchnorm.settings})
        study |= flattened({"batchnorm": BATCHNORM})
    seeds = ", ".join(str(each) for each in dict.fromkeys(each.seed for each in specs))
    values = {"network": network.title, "seeds": seeds, "image": _image(spec)}
    for name in {**run, **study}:
        if name not in _NAMES:
            values[name] = setting_text(run.get(name)) + ("" if run.get(name) == study.get(name) else " *")
    if network.study != THESIS:
        rows = [[name, setting_text(study.get(name)), value] for name, value in values.items() if name in study]
        return markdown_table(("setting", PRESETS[network.study].title, "this run"), rows)
    rows = [[name, *_said(name), value] for name, value in values.items()]
    notes = f'"{NOT_SAID}": the choice is ours, its reason in docs/chapter2.md. * not the default.'
    return f"{markdown_table(COLUMNS, rows)}\n\n{notes}"


def _said(name):
    """What the three texts say of a setting."""
    said = setting(_ELSEWHERE.get(name, name))
    return (NOT_SAID,) * 3 if said is None else (said.thesis, said.appendix, said.later)


def _image(spec):
    size = spec.size or NETWORKS[spec.network].natural_size
    if spec.recipe.crop == "none" or size is None or is_natural(getattr(spec, "target", spec.source)):
        return f"whole, {f'{size} x {size}' if size else 'at its own size'}"
    whole = stored_side(size)
    return (
        f"short side {whole}, of which the middle {whole} x {whole}; of that a window of {size} x {size}, random in "
        "training, the middle in validation and test"
    )
