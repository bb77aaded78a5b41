"""What a search for tickets keeps between its rounds, and whether it is the same search that goes on."""

from __future__ import annotations

import json
import zipfile

import numpy as np

from arttl.base.errors import InputError
from arttl.base.files import whole_file
from arttl.recipes.overrides import as_of_now


def save_state(path, pruning, metadata, initial):
    """Write the state of a search, whole or not at all.

    Arguments:
        path: the .npz file.
        pruning: its MagnitudePruning.
        metadata: what tells the search from another, a dict that JSON can hold.
        initial: θ_0 as a dict of "layer/variable" to array; None where it is not kept.
    """
    state = {**pruning.state_dict(), "search": np.array(json.dumps(metadata))}
    state |= {f"initial/{name}": array for name, array in (initial or {}).items()}
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


def check_same(folder, mine, found):
    """Raise InputError, naming the first difference, where a folder holds another search.

    Arguments:
        folder: of the search.
        mine, found: metadata of the search that is asked for, and of that which is there.
    """
    mine, found = as_of_now(json.loads(json.dumps(mine))), as_of_now(found)
    differing = [name for name in {**mine, **found} if name != "unpruned" and mine.get(name) != found.get(name)]
    if differing:
        raise InputError(
            f"{folder} holds a search of another {differing[0]}: {found.get(differing[0])}, not "
            f"{mine.get(differing[0])}; choose another folder, or delete this one to start anew"
        )
