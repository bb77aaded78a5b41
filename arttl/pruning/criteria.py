"""Which of the weights that remain go: the criteria as a table.

A criterion's function has the weights, the masks of now, the groups within which a share goes, a seed, and the axes
that count a kernel's output channels; it gives new masks. To add one, write its function and its row of CRITERIA.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from numbers import Integral, Real

import numpy as np

from arttl.base.errors import InputError
from arttl.pruning.names import matches

SCOPES = ("global", "layer")


def magnitude(weights, masks, groups, seed, axes):
    """Masks without the weights of lowest magnitude of each group.

    Arguments:
        weights: dict of key to array, finite.
        masks: dict of key to boolean array, True where a weight survives.
        groups: list of pairs (keys, rate): kernels whose survivors are compared, and the share of them that goes.
        seed: not used.
        axes: not used.
    """
    return _without_lowest({key: np.abs(np.asarray(weights[key])[mask]) for key, mask in masks.items()}, masks, groups)


def random(weights, masks, groups, seed, axes):
    """Masks without weights of each group that are drawn at random, whatever their values: the control.

    Arguments:
        weights: not used.
        masks, groups: as of `magnitude`.
        seed: what numpy.random.default_rng takes; the same seed and masks give the same result.
        axes: not used.
    """
    generator = np.random.default_rng(seed)
    lots = {key: generator.random(np.count_nonzero(mask)) for key, mask in masks.items()}
    return _without_lowest(lots, masks, groups)


def channels(weights, masks, groups, seed, axes):
    """Masks without the output channels of lowest L1 norm of each kernel, whole; one channel of each always stays.

    A channel remains while any of its weights does. The share is one of the remaining channels.

    Arguments:
        weights, masks, groups: as of `magnitude`, each group a single kernel.
        seed: not used.
        axes: dict of key to the axes, from the end, that count the output channels; (-1,) for a key that is missing.
    """
    return {
        key: _without_channels(np.asarray(weights[key]), masks[key], rate, axes.get(key, (-1,)))
        for (key,), rate in groups
    }


@dataclass(frozen=True)
class Criterion:
    """A row of CRITERIA.

    Attributes:
        title: the criterion in words.
        function: as this module says.
        source: where it comes from.
        layerwise: whether the share is taken in each kernel, whatever the scope.
        seeded: whether the seed matters.
    """

    title: str
    function: Callable
    source: str
    layerwise: bool = False
    seeded: bool = False


DEFAULT = "magnitude"
CRITERIA = {
    DEFAULT: Criterion("weights of lowest magnitude", magnitude, "Han et al. 2015; Frankle and Carbin 2019"),
    "channels": Criterion(
        "whole output channels of lowest L1 norm, layer by layer",
        channels,
        "Paganini and Forde 2020, arXiv:2001.05050; the text of 2022; torch.nn.utils.prune.ln_structured(n=1, dim=0)",
        layerwise=True,
    ),
    "random": Criterion("weights drawn at random", random, "a control, as in Frankle and Carbin 2019", seeded=True),
}


def check_criterion(name):
    """Raise InputError unless CRITERIA has a criterion of this name."""
    if name not in CRITERIA:
        raise InputError(f"criterion is {name!r}; give {', '.join(map(repr, CRITERIA))}")


def check_rate(rate):
    """Raise InputError unless `rate` is in [0, 1)."""
    if not isinstance(rate, Real) or not 0 <= rate < 1:
        raise InputError(f"rate (or sparsity) is {rate!r}; give a share of the weights, at least 0 and below 1")


def is_count(value):
    """Whether a value is a whole number from 0, a Python int or NumPy's."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 0


def check_scope(scope):
    """Raise InputError unless `scope` is "global" or "layer"."""
    if scope not in SCOPES:
        raise InputError(f"scope is {scope!r}; give {' or '.join(map(repr, SCOPES))}")


def check_choice(rate, scope, criterion, rates):
    """Raise InputError unless these say, together, which weights go.

    Arguments:
        rate, scope, criterion, rates: as of arttl.pruning.prune.
    """
    check_rate(rate)
    check_scope(scope)
    check_criterion(criterion)
    for each in rates.values():
        check_rate(each)
    if rates and not _is_layerwise(criterion, scope):
        raise InputError(f"rates of single layers need scope 'layer', not {scope!r}: under it all weights are compared")


def compared(keys, rate, scope, criterion, rates):
    """The groups of kernels within which a share of what survives goes.

    Arguments:
        keys: "layer/variable" of every prunable kernel.
        rate, scope, criterion, rates: as of arttl.pruning.prune.

    Returns a list of pairs (keys, rate).

    Raises InputError for a pattern of `rates` that is no layer's.
    """
    if not _is_layerwise(criterion, scope):
        return [(list(keys), rate)]
    for pattern in rates:
        if not any(matches(key, pattern) for key in keys):
            raise InputError(
                f"rates name {pattern!r}, which is no prunable layer; give layers such as {next(iter(keys))!r}, and "
                "dense=True or head=True where these are pruned too"
            )
    return [([key], next((each for name, each in rates.items() if matches(key, name)), rate)) for key in keys]


def _is_layerwise(criterion, scope):
    return scope == "layer" or CRITERIA[criterion].layerwise


def share(rate, count):
    """Rate times count as an integer: the nearest, half upwards, of the product in decimal."""
    return int((Decimal(repr(float(rate))) * int(count)).to_integral_value(ROUND_HALF_UP))


def _without_lowest(scores, masks, groups):
    """Masks without the survivors of lowest score of each group; `scores` has the survivors', flat."""
    pruned = {key: mask.copy() for key, mask in masks.items()}
    for keys, rate in groups:
        every = np.concatenate([scores[key] for key in keys])
        kept = keep_highest(every, share(rate, every.size))
        ends = np.cumsum([scores[key].size for key in keys])[:-1]
        for key, part in zip(keys, np.split(kept, ends), strict=True):
            pruned[key][masks[key]] = part
    return pruned


def remaining_channels(mask, axes):
    """Whether each output channel has a weight left, boolean; `axes` are those that count them, from the end."""
    return mask.any(axis=_others(mask, axes))


def _others(mask, axes):
    return tuple(set(range(-mask.ndim, 0)) - set(axes))


def _without_channels(weights, mask, rate, axes):
    others = _others(mask, axes)
    remains = remaining_channels(mask, axes)
    norms = np.where(mask, np.abs(weights), 0).sum(axis=others, dtype="float64")[remains]
    kept = remains.copy()
    kept[remains] = keep_highest(norms, min(share(rate, norms.size), max(norms.size - 1, 0)))
    return mask & np.expand_dims(kept, others)


def keep_highest(scores, count):
    """Boolean array over scores, False for the `count` lowest; of equal ones the last goes first."""
    kept = np.ones(scores.size, bool)
    if count:
        # A partition, since sorting the 23 million weights of a ResNet50 takes ten times as long.
        threshold = np.partition(scores, count - 1)[count - 1]
        kept[scores < threshold] = False
        ties = np.flatnonzero(scores == threshold)
        kept[ties[ties.size - (count - np.count_nonzero(~kept)) :]] = False
    return kept
