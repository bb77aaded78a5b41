"""What targets, sources and networks are called, and the order of the thesis."""

from __future__ import annotations

import re

from arttl.base.wording import shown
from arttl.collections.targets import TARGETS, find_target
from arttl.published.chapter2 import COLUMNS, NETWORK, OWN, SCRATCH
from arttl.sources.catalogue import SOURCES

NATURAL = {name: entry.title for name, entry in SOURCES.items()} | {"cifar100_coarse": "CIFAR-100 (coarse)"}
"""Names of the natural sources, and what people call them."""

NETWORKS = {NETWORK: "ResNet50", "resnet20": "ResNet20", "lenet_300_100": "LeNet-300-100"}


def target_name(name, challenge=""):
    """A target's name as the thesis writes it, whatever its case and what divides it; another name as it is.

    Arguments:
        name: such as "human-lba", or with the challenge after a blank: "human_lba type".
        challenge: whose labels are told, which a name that is not of the thesis then ends with; "" if unknown.
    """
    target = find_target(name) or find_target(name.rpartition(" ")[0])
    if target:
        return target.name
    return name if not challenge or name.endswith(f" {challenge}") else f"{name} {challenge}"


def data_name(name):
    """What a search was made on: one of NATURAL, whatever its spelling, else a target's name."""
    return next((each for each in NATURAL if plain(each) == plain(name)), None) or target_name(name)


def source_name(source, target, start):
    """The source of a run: SCRATCH, one of NATURAL, OWN for the target's own tickets, else another target's name.

    Arguments:
        source, target, start: the run's settings. The target's own tickets may have its name ("clipart-a type") or
            that of its collection ("clipart-a").
    """
    if start == "scratch":
        return SCRATCH
    found = data_name(source)
    if found in NATURAL:
        return found
    own = {plain(each) for each in (target, target_name(target), target.rpartition(" ")[0]) if each}
    return OWN if plain(source) in own else found


def is_related(source):
    """Whether a source, as source_name gives it, is another target."""
    return source not in (*NATURAL, SCRATCH, OWN)


def source_title(source):
    """A source in words."""
    if source == SCRATCH:
        return "from scratch"
    return shown(f"ticket of {source}" if is_related(source) else NATURAL.get(source, source))


def network_title(network):
    """A network in words."""
    return shown(NETWORKS.get(network, network))


def order(target, network, source=SCRATCH, *rest):
    """What to sort cells by: the order of the thesis, and what it does not have after that."""
    known = ([each.name for each in TARGETS], [*NETWORKS], [*COLUMNS, *NATURAL])
    places = [
        names.index(value) if value in names else len(names)
        for value, names in zip((target, network, source), known, strict=True)
    ]
    return places, (target, network, source), tuple(map(str, rest))


def plain(name):
    """A name without what may differ: case, blanks, hyphens and underscores."""
    return re.sub(r"[\W_]+", "", name).casefold() or name
