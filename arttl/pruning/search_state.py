"""What a search for tickets keeps between its rounds, and whether it is the same search that goes on."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile

import numpy as np

from arttl.base.arrays import storable
from arttl.base.errors import InputError
from arttl.base.files import whole_file
from arttl.base.wording import counted
from arttl.pruning.ticket_layout import is_held
from arttl.recipes.overrides import as_of_now, flattened

_LATER = {"recipe", "seed", "network"}
"""Metadata that searches of earlier versions have not."""


def save_state(path, pruning, metadata, initial):
    """Write the state of a search, whole or not at all.

    Arguments:
        path: the .npz file.
        pruning: its MagnitudePruning.
        metadata: what tells the search from another, a dict that JSON can hold.
        initial: θ_0 as a dict of "layer/variable" to array; None where it is not kept.
    """
    state = {**pruning.state_dict(), "search": np.array(json.dumps(metadata))}
    state |= {f"initial/{name}": storable(array) for name, array in (initial or {}).items()}
    with whole_file(path, "wb") as file:
        np.savez(file, **state)


def load_state(path):
    """A state and its metadata, two dicts; InputError where the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            state = {name: file[name] for name in file.files}
        return state, json.loads(str(state["search"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        folder = path.parents[1]
        raise InputError(
            f"{path} is damaged ({error}); the search cannot go on: delete {folder} to start it anew"
        ) from error


def check_accuracy(epoch):
    """Raise InputError where an epoch's row has no validation accuracy."""
    if "val_accuracy" not in epoch:
        raise InputError(
            "the model records no accuracy, by which rounds are compared; compile it with "
            'metrics=["accuracy"], as recipe.compile(model) does'
        )


def check_kept(weights):
    """Raise InputError where a file of tickets could not hold a weight, which would show after the first round only.

    Arguments:
        weights: dict of "layer/variable" to array.
    """
    for key, array in weights.items():
        if not is_held(array.dtype):
            raise InputError(
                f"weight {key} is {array.dtype}, which a file of tickets, in float32, cannot hold exactly; build the "
                "layer in float32, or do in the data what it does"
            )


def check_same(folder, mine, found):
    """Raise InputError, naming the first difference, where a folder holds another search.

    Arguments:
        folder: of the search.
        mine, found: metadata of the search that is asked for, and of that which is there.
    """
    unknown = {"unpruned", *(_LATER - found.keys())}
    mine, found = (
        flattened({name: value for name, value in each.items() if name not in unknown})
        for each in (as_of_now(json.loads(json.dumps(mine))), as_of_now(found))
    )
    differing = [name for name in {**mine, **found} if mine.get(name) != found.get(name)]
    if differing:
        raise InputError(
            f"{folder} holds a search of another {differing[0]}: {found.get(differing[0])}, not "
            f"{mine.get(differing[0])}; choose another folder, or delete this one to start anew"
        )


def identity(shapes, recipe, seed):
    """What tells a search from another beside its SearchSettings, as metadata.

    Arguments:
        shapes: dict of "layer/variable" to shape.
        recipe: the Recipe.
        seed: the seed.
    """
    told = json.dumps([list(shape) for shape in shapes.values()])
    numbers = sum(math.prod(shape) for shape in shapes.values())
    digest = hashlib.sha256(told.encode()).hexdigest()[:12]
    network = f"{counted(len(shapes), 'weight')}, {numbers:,} numbers, shapes {digest}"
    return {"recipe": recipe.settings(), "seed": seed, "network": network}
