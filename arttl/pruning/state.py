"""What a pruning callback hands to another process: a dict of arrays that numpy.savez takes."""

from __future__ import annotations

import inspect
import json

import numpy as np

from arttl.base.arrays import storable
from arttl.base.errors import InputError
from arttl.base.wording import counted
from arttl.pruning.criteria import DEFAULT
from arttl.pruning.weights import below

_VERSION = 1
LATER = {
    "criterion": DEFAULT,
    "rates": {},
    "seed": 0,
    "skip_unknown": False,
    "sparsity": None,
    "layers": None,
    "min_kept": 0,
}
"""Arguments that came later: they are written only where they are not these, so that states of before stay equal."""


def packed(config, masks, rewind_weights, **facts):
    """A state: "masks/KEY", "rewind/KEY", and "facts", JSON as a string.

    Arguments:
        config: the callback's arguments, a dict; functions among them are left out, since no file can hold them.
        masks, rewind_weights: dicts of key to array, or None.
        **facts: what JSON can hold.
    """
    facts = {"version": _VERSION, "config": _written(config), **facts}
    state = {f"masks/{key}": mask for key, mask in (masks or {}).items()}
    state |= {f"rewind/{key}": storable(array) for key, array in (rewind_weights or {}).items()}
    return {**state, "facts": np.array(json.dumps(facts))}


def unpacked(state, config):
    """The facts, masks and weights θ_k of a state.

    Arguments:
        state: a dict as `packed` returns it, or the file that numpy.load opened.
        config: the arguments of the callback that takes it up.

    Returns (facts, masks or None, weights or None).

    Raises InputError when it is not such a state, or was saved with other arguments.
    """
    arrays = {key: np.asarray(state[key]) for key in state}
    try:
        facts = json.loads(str(arrays.pop("facts")))
        version, saved = facts["version"], {**LATER, **facts["config"]}
        _ = facts["round"], facts["history"]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("this is not a state of MagnitudePruning; give what state_dict returned") from error
    if version != _VERSION:
        raise InputError(f"this state of MagnitudePruning has version {version}, not {_VERSION}; update arttl")
    for name, value in {**LATER, **_written(config)}.items():
        if saved.get(name) != value:
            raise InputError(f"the state was saved with {name}={saved.get(name)!r}, not {value!r}; give the same")
    return facts, below("masks/", arrays), below("rewind/", arrays)


def arguments_in_words(pruning):
    """Those of a callback's arguments that are not the usual ones, for its repr.

    Arguments:
        pruning: a MagnitudePruning.
    """
    usual = {name: each.default for name, each in inspect.signature(type(pruning)).parameters.items()}
    config = {name: value for name, value in pruning.get_config().items() if value not in (usual[name], {})}
    if pruning.schedule is not None:
        del config["rewind"]
    return ", ".join(f"{name}={value!r}" for name, value in config.items())


def state_in_words(pruning):
    """How far a callback has come, for its repr.

    Arguments:
        pruning: a MagnitudePruning.
    """
    if not isinstance(pruning.masks, dict):
        return "before training"
    remaining = sum(int(mask.sum()) for mask in pruning.masks.values())
    size = sum(mask.size for mask in pruning.masks.values())
    rounds = [] if pruning.schedule else [counted(pruning.round, "round")]
    kept = [f"θ_{pruning.rewind} kept"] if pruning.rewind_weights is not None else []
    left = f"{remaining:,} of {size:,} weights left ({1 - remaining / size:.1%} pruned)"
    return ", ".join([*rounds, left, *kept])


def _written(config):
    return {name: value for name, value in config.items() if not _has_function(value)}


def _has_function(value):
    return callable(value) or (isinstance(value, list) and any(map(callable, value)))
