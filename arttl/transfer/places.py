"""Where runs of Chapter 1 stand, so that those of several collections do side by side."""

from __future__ import annotations

import contextlib
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.names import safe_name
from arttl.models import BACKBONES
from arttl.runs import RunFolder


def runs_root(base, challenge, collection):
    """The folder in which a collection's runs of a challenge stand, below the challenge's name.

    The first collection's stand in base/CHALLENGE; what comes after another collection in base/COLLECTION/CHALLENGE.

    Arguments:
        base: folder of the experiment, such as runs/ch1/rijks.
        challenge: its name.
        collection: the collection's name.

    Returns `base`, or the folder of the collection below it; neither need be there.
    """
    base = Path(base)
    own = base / safe_name(collection)
    if (own / challenge).is_dir():
        return own
    there = set()
    for name in collections_in(base / challenge):
        if name == collection:
            return base
        there.add(name)
    return own if there else base


def collections_in(folder):
    """The names of the collections that runs of a challenge are on, one a run.

    Arguments:
        folder: that of the challenge, which has one for each network.
    """
    for network in BACKBONES:
        for path in sorted((Path(folder) / network).glob("**/config.json")):
            with contextlib.suppress(InputError):  # a damaged run says so itself when its turn comes
                name = RunFolder(path.parent).read_config()["settings"].get("collection")
                yield from [name] if name else []
