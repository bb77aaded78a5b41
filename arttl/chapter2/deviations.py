"""Where a search or a transfer departs from the study, or settles what the study does not say, in words."""

from __future__ import annotations

from dataclasses import asdict

from arttl.overrides import flattened
from arttl.pruning import SearchSettings
from arttl.recipes import tickets

CIFAR_SIZE = 32


def search_deviations(spec, data):
    """The departures that apply to one search, for its config.json.

    Arguments:
        spec: a SearchSpec.
        data: the TrainingData.

    Returns a list of lines.
    """
    study, ours = asdict(SearchSettings()), asdict(spec.search)
    lines = [
        f"search.{name} is {ours[name]}, not {study[name]}"
        for name in study
        if ours[name] != study[name] and not name.startswith("keep_")
    ]
    return lines + shared_deviations(spec, data)


def shared_deviations(spec, data):
    """Those that a search and a transfer can both have."""
    ours, theirs = (flattened(recipe.settings()) for recipe in (spec.recipe, tickets()))
    lines = [
        f"{name} is {ours.get(name, 'not given')}, not {theirs.get(name, 'given')}"
        for name in {**ours, **theirs}
        if ours.get(name) != theirs.get(name)
    ]
    conditions = {
        f"the network is {spec.network}, not resnet50": spec.network != "resnet50",
        f"{spec.fraction:.0%} of the training images": spec.fraction != 1,
        **{f"data: {note}": True for note in data.notes},
    }
    return lines + [line for line, applies in conditions.items() if applies]
