"""Masks over a network's kernels: which weights survive, and random ones to compare with.

Masks are a dict of key to boolean array of the kernel's shape, True where a weight survives. Keys are "layer/variable",
such as "conv1_conv/kernel": the same in every process, and the same for a network built again.

Sources: Han et al. 2015 (magnitude), Frankle and Carbin 2019 (iterative pruning at a rate of what remains), and the
thesis, Chapter 2, protocol step 2.
"""

from __future__ import annotations

import math

import numpy as np

from arttl.base.errors import InputError
from arttl.pruning.criteria import (
    CRITERIA,
    DEFAULT,
    check_choice,
    check_rate,
    compared,
    is_count,
    remaining_channels,
    share,
)
from arttl.pruning.criteria import SCOPES as SCOPES


def full_masks(kernels):
    """Masks that keep every weight, for a dict of key to array or variable."""
    return {key: np.ones(tuple(kernel.shape), bool) for key, kernel in kernels.items()}


def prune(weights, masks, rate, scope="global", criterion=DEFAULT, *, seed=0, rates=None, axes=None, min_kept=0):
    """Masks with a share of what survives removed: by default the weights of lowest magnitude.

    Exactly `rate` times the number of survivors go, rounded to the nearest integer and half upwards (in decimal, as
    `rate` is written: 0.29 of 50 is 14.5, so 15). What was pruned stays pruned, whatever its weight. Of weights (or
    channels) that are equal the one that comes last goes first, by layer order and then by index in row-major order.

    Arguments:
        weights: dict of key to array.
        masks: dict of the same keys to boolean array, True where a weight survives; `full_masks(weights)` at first.
        rate: share of the survivors to remove, in [0, 1).
        scope: "global" compares all survivors, "layer" takes the share in each kernel.
        criterion: which go, of arttl.pruning.CRITERIA: "magnitude", "channels" (whole output channels by L1 norm; the
            share is one of the remaining channels of each kernel, whatever the scope) or "random".
        seed: of "random", what numpy.random.default_rng takes; another one each round draws anew.
        rates: dict of layers to rates of their own, such as {"head": 0.1}, where the share is taken in each kernel. A
            layer is a name, a key, or a pattern of them as of fnmatch ("conv*"); the first that fits counts.
        axes: of "channels", dict of key to the axes that count output channels, as `channel_axes(model)` gives them;
            the last axis for a key that is missing, which is right for all but transposed and depthwise kernels.
        min_kept: how many weights each kernel keeps whatever happens, an integer, or as a share of its weights a float
            below 1. What a kernel does not give the others it is compared with do.

    Returns a dict of new masks, in the order of `masks`.

    Raises InputError for other values, for keys or shapes that differ, and for weights that are not finite.

    Example:
        >>> weights = {"conv/kernel": np.random.default_rng(0).normal(size=(3, 3, 16, 32))}
        >>> masks = full_masks(weights)
        >>> for _ in range(30):
        ...     masks = prune(weights, masks, rate=0.2)
        >>> f"{sparsity(masks):.3f}"
        '0.999'
    """
    check_choice(rate, scope, criterion, rates or {})
    check_min_kept(min_kept)
    check_prunable(weights, masks)
    groups = compared(masks, rate, scope, criterion, rates or {})
    return _pruned(weights, masks, groups, criterion, seed, axes, min_kept)


def prune_to(weights, masks, sparsity, scope="global", criterion=DEFAULT, *, seed=0, axes=None, min_kept=0):
    """Masks of a given sparsity: of all kernels together, or of each where the share is taken in each kernel.

    Arguments:
        weights, masks, scope, criterion, seed, axes, min_kept: as of `prune`.
        sparsity: share of all weights that is pruned after it, in [0, 1). What is pruned beyond it stays pruned.

    Returns and raises as `prune` does.
    """
    check_choice(sparsity, scope, criterion, {})
    check_prunable(weights, masks)
    groups = []
    for keys, _ in compared(masks, sparsity, scope, criterion, {}):
        group = {key: masks[key] for key in keys}
        survivors = _survivors(group)
        missing = share(sparsity, _size(group)) - (_size(group) - survivors)
        groups.append((keys, max(missing, 0) / max(survivors, 1)))
    return _pruned(weights, masks, groups, criterion, seed, axes, min_kept)


def _pruned(weights, masks, groups, criterion, seed, axes, min_kept):
    """Masks by a criterion, in which each kernel keeps as many weights as it is to keep."""
    least = {key: min(_least(min_kept, mask.size), int(np.count_nonzero(mask))) for key, mask in masks.items()}
    new = CRITERIA[criterion].function(weights, masks, groups, seed, axes or {})
    while short := {key for key, mask in new.items() if np.count_nonzero(mask) < least[key]}:
        spare = {key: int(np.count_nonzero(mask)) - least[key] for key, mask in masks.items()}
        groups = [part for group in groups for part in _apart(*group, short, spare, masks, axes or {})]
        new = CRITERIA[criterion].function(weights, masks, groups, seed, axes or {})
    return new


def _least(min_kept, size):
    return min(math.ceil(min_kept * size) if isinstance(min_kept, float) else min_kept, size)


def _apart(keys, rate, short, spare, masks, axes):
    """A group with the kernels that would lose too much on their own, which give what they can spare."""
    count = {key: int(np.count_nonzero(masks[key])) for key in keys}
    alone = [key for key in keys if key in short]
    if len(keys) == 1 and alone:
        most = spare[keys[0]] / count[keys[0]]
        whole = remaining_channels(masks[keys[0]], axes.get(keys[0], (-1,))).sum()
        down = int(most * whole) / whole  # where whole channels go, of which the last may be one too many
        return [(keys, next((each for each in (most, down) if each < rate), rate / 2))]
    rest = [key for key in keys if key not in short]
    missing = share(rate, sum(count.values())) - sum(spare[key] for key in alone)
    of_rest = min(max(missing, 0) / max(sum(count[key] for key in rest), 1), 1.0) if alone else rate
    return [([key], spare[key] / count[key]) for key in alone] + ([(rest, of_rest)] if rest else [])


def magnitude_masks(kernels, sparsity, scope="global"):
    """Masks that prune a dense network at once: those of `prune` with a rate of `sparsity`, as integers and errors are.

    Arguments:
        kernels: dict of key to array.
        sparsity: share of the weights to remove, in [0, 1).
        scope: "global" or "layer".
    """
    return prune(kernels, full_masks(kernels), sparsity, scope)


def shuffled_masks(masks, seed=0):
    """Masks with each kernel's survivors shuffled within it, so that every kernel keeps its sparsity.

    Arguments:
        masks: dict of key to boolean array.
        seed: integer.
    """
    generator = np.random.default_rng(seed)
    return {key: generator.permutation(mask.ravel()).reshape(mask.shape) for key, mask in masks.items()}


def sparsity(masks):
    """Share of the weights that are pruned, over all masks."""
    return (_size(masks) - _survivors(masks)) / _size(masks)


def layer_sparsity(masks):
    """Share of the weights that are pruned in each kernel: a dict of key to float."""
    return {key: int(np.count_nonzero(~mask)) / mask.size for key, mask in masks.items()}


def round_facts(number, masks, before):
    """What a pruning has done, for the callback's history.

    Arguments:
        number: of the round.
        masks, before: those after it and those before, dicts of key to boolean array.
    """
    return {
        "round": number,
        "remaining": _survivors(masks),
        "pruned": _survivors(before) - _survivors(masks),
        "sparsity": sparsity(masks),
        "layers": layer_sparsity(masks),
    }


def grid(rate=0.2, rounds=31):
    """The sparsities that rounds at a rate lead to, 1 - (1 - rate)^n for n = 1 ... rounds, but for rounding to weights.

    Returns an array of shape (rounds,). Source: thesis, Chapter 2, protocol step 2.
    """
    check_rate(rate)
    return 1 - (1 - rate) ** np.arange(1, rounds + 1)


def check_fit(masks, weights):
    """Raise InputError unless masks and weights have the same keys, shapes alike, and the masks are boolean.

    Arguments:
        masks: dict of key to array.
        weights: dict of key to array or variable.
    """
    for key in [*masks, *weights]:
        if key not in masks or key not in weights:
            raise InputError(
                f"{key} is only in the {'masks' if key in masks else 'network'}; give masks of this network"
            )
        mask, shape = masks[key], tuple(weights[key].shape)
        if not isinstance(mask, np.ndarray) or mask.dtype.kind != "b" or mask.shape != shape:
            raise InputError(f"the mask of {key} must be a boolean array of shape {shape}; give masks of this network")


def check_min_kept(min_kept):
    """Raise InputError unless `min_kept` is a number of weights, or a share of them below 1."""
    if not is_count(min_kept) and not (isinstance(min_kept, float) and 0 <= min_kept < 1):
        raise InputError(f"min_kept is {min_kept!r}; give a number of weights, or a share of a kernel's as 0.05")


def check_prunable(weights, masks):
    """Raise InputError unless masks fit weights, and those that survive are finite numbers."""
    check_fit(masks, weights)
    for key, mask in masks.items():
        if not np.isfinite(np.asarray(weights[key])[mask]).all():
            raise InputError(f"{key} holds weights that are not finite numbers; training diverged before this round")


def _survivors(masks):
    return sum(int(np.count_nonzero(mask)) for mask in masks.values())


def _size(masks):
    return sum(mask.size for mask in masks.values())
