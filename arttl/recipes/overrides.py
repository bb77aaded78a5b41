"""Single settings of a recipe replaced, from Python or from text on the command line."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace

from arttl.base.deviation import changed
from arttl.base.errors import InputError
from arttl.base.wording import meant
from arttl.recipes.eras import Numerics, get_numerics


def read_assignments(assignments):
    """Settings from the command line.

    Arguments:
        assignments: texts such as "optimizer.learning_rate=1e-4". A later one replaces an earlier one.

    Returns a dict for `arttl.recipes.Recipe.changed`.

    Raises InputError for text without a name and "=".
    """
    settings = {}
    for text in assignments:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (key and equals and value):
            raise InputError(f"the setting {text!r} is not NAME=VALUE, such as optimizer.learning_rate=1e-4")
        settings[key] = value
    return settings


def change(recipe, key, value):
    """A recipe with one setting replaced; see `arttl.recipes.Recipe.changed`."""
    key = _SHORT.get(key, key)
    return _PARTS.get(key.partition(".")[0], _change_plain)(recipe, key, value)


def flattened(settings):
    """Nested settings with dotted names, as `change` takes a recipe's: {"optimizer.learning_rate": 0.001, ...}."""
    flat = {}
    for key, value in settings.items():
        inner = flattened(value) if isinstance(value, dict) and value else None
        flat |= {key: value} if inner is None else {f"{key}.{name}": each for name, each in inner.items()}
    return flat


def departures(recipe, study):
    """The settings in which a recipe is not the study's: a list of Deviations."""
    ours, theirs = (flattened(each.settings()) for each in (recipe, study))
    return [
        changed(name, ours.get(name, "not given"), theirs.get(name, "given"))
        for name in {**ours, **theirs}
        if ours.get(name) != theirs.get(name)
    ]


_BEFORE = {
    "recipe": {"crop": "none", "initial": "network", "max_iterations": 0, "cycle": False, "warm_up": 0},
    "search": {
        "criterion": "magnitude",
        "rates": {},
        "schedule_from": "start",
        "on_dead": "continue",
        "layers": None,
        "skip_unknown": False,
    },
}
"""What settings were before there was a choice: runs of that time do not name them."""


def as_of_now(settings):
    """A run's settings, as config.json has them, with those that its version of arttl did not have set as they were.

    Arguments:
        settings: a nested dict, which stays as it is.
    """
    filled = {name: as_of_now(value) if isinstance(value, dict) else value for name, value in settings.items()}
    for name in _BEFORE.keys() & filled.keys():
        if isinstance(filled[name], dict):
            filled[name] = _BEFORE[name] | filled[name]
    return filled


def _listed(names):
    """In quotes, so that no name is taken for an argument and said as its option."""
    return ", ".join(map(repr, names))


def _change_plain(recipe, key, value):
    known = [each.name for each in fields(recipe) if each.name not in ("name", "approach")]
    if key not in known:
        parts = [each for each in flattened(recipe.settings()) if each not in ("name", "approach", "optimizer.name")]
        parts += [f"optimizer.{each}" for each in ("momentum", "nesterov", "rho", "l2")]  # of whichever optimiser
        raise InputError(f"there is no setting {key!r} to set; there are {_listed(known)}{meant(key, parts)}")
    return replace(recipe, **{key: typed_value(key, value, getattr(recipe, key))})


def _change_numerics(recipe, key, value):
    _, _, name = key.partition(".")
    if not name:
        return replace(recipe, numerics=get_numerics(value))
    known = [each.name for each in fields(Numerics) if each.name != "era"]
    if name not in known:
        raise InputError(f"there is no setting {key!r} to set; numerics has {_listed(known)}{meant(name, known)}")
    value = typed_value(key, value, getattr(recipe.numerics, name))
    return replace(recipe, numerics=replace(recipe.numerics, **{name: value}))


def _change_optimizer(recipe, key, value):
    _, _, name = key.partition(".")
    if not name:
        if not isinstance(value, dict):
            raise InputError("optimizer is set part by part, such as optimizer.name=SGD optimizer.learning_rate=0.01")
        return replace(recipe, optimizer=dict(value))
    former = recipe.optimizer
    if name.partition(".")[0] == "schedule":
        return replace(recipe, optimizer=_given({**former, "schedule": _schedule(key, value, former.get("schedule"))}))
    if name == "name" and value != former["name"]:
        former = {each: former[each] for each in ("learning_rate", "schedule") if each in former}
    value = typed_value(key, value, former[name]) if former.get(name) is not None else _parsed(value)
    optimizer = {"name": value, **former} if name == "name" else {**former, name: value}
    return replace(recipe, optimizer=_given(optimizer))


def _given(optimizer):
    """An optimiser's settings without those of ours that ask for nothing: no schedule, a penalty of 0."""
    return {name: value for name, value in optimizer.items() if value or name not in ("schedule", "l2")}


FACTOR = 0.1  # of a schedule that gives none


def _schedule(key, value, former):
    """A learning-rate schedule: epochs such as "50,60,75" or [50, 60, 75], both parts as a dict, or "none"."""
    part, value = key.rpartition("schedule")[2].removeprefix("."), _parsed(value)
    if not part and value in (None, "none", [], ""):
        return None
    if isinstance(value, str) and part != "factor":
        value = [_parsed(each) for each in value.split(",")]
    given = value if isinstance(value, dict) and not part else {part or "epochs": value}
    schedule = {"epochs": [], "factor": FACTOR} | (former or {}) | given
    epochs = schedule["epochs"] = [schedule["epochs"]] if isinstance(schedule["epochs"], int) else schedule["epochs"]
    sound = isinstance(epochs, list | tuple) and epochs and all(type(each) is int and each > 0 for each in epochs)
    if schedule.keys() != {"epochs", "factor"} or not sound or list(epochs) != sorted(set(epochs)):
        raise InputError(f"{key} cannot be {value!r}; give rising numbers of epochs, such as 50,60,75, or none")
    if type(schedule["factor"]) not in (int, float) or not 0 < schedule["factor"] <= 1:
        raise InputError(f"{key} cannot be {schedule['factor']!r}; it takes a number above 0 and at most 1")
    return {"epochs": list(epochs), "factor": float(schedule["factor"])}


_SHORT = {"learning_rate": "optimizer.learning_rate", "lr": "optimizer.learning_rate"}
"""As a keyword argument, which has no dots, and as Keras called it until 2.2."""
_PARTS = {"numerics": _change_numerics, "optimizer": _change_optimizer}


def typed_value(key, value, former):
    """A value of the same type as the setting's former one, from that type or from text."""
    kind = type(former)
    value = _parsed(value) if kind is not str else value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
        raise InputError(f"{key} cannot be {value!r}; it takes {kinds[kind]}")
    return value


def _parsed(value):
    """Text as JSON has it (numbers, true, false, null), or as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value.lower() if value in ("True", "False", "None") else value)
    except json.JSONDecodeError:
        return value
