"""Masks over a network's kernels: which weights can be pruned, which are, and random ones to compare with.

Masks are a dict of key to boolean array of the kernel's shape, True where a weight survives. Keys are "layer/variable",
such as "conv1_conv/kernel": the same in every process, and the same for a network built again.

Sources: Han et al. 2015 (magnitude), Frankle and Carbin 2019 (iterative pruning at a rate of what remains), and the
thesis, Chapter 2, protocol step 2.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import keras
import numpy as np

from arttl.errors import InputError

SCOPES = ("global", "layer")

_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
)
_DENSE = (keras.layers.Dense, keras.layers.EinsumDense)
_SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
_KERNELS = {_CONVOLUTIONS: ("kernel",), _DENSE: ("kernel",), _SEPARABLE: ("depthwise_kernel", "pointwise_kernel")}
_WITHOUT_KERNELS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
    keras.layers.Normalization,
    keras.layers.PReLU,
)


def prunable_kernels(model, dense=False, head=False):
    """The kernels of a flat model that can be pruned, in layer order.

    Those of convolutions: standard, transposed, depthwise (one kernel) and separable (the depthwise and the pointwise
    one). Biases and the parameters of normalisation are never pruned. A layer that is called twice counts once.

    Arguments:
        model: a built keras.Model of known layers.
        dense: whether dense layers are pruned too.
        head: whether the last layer with weights is pruned too, where it is of a kind that is; a network without a head
            needs True.

    Returns a dict: "layer/variable" to keras.Variable.

    Raises InputError, naming the layer, for a model within the model and for a layer with weights that is neither known
    to have kernels nor known to have none; also when nothing can be pruned.

    Example:
        >>> lenet = prunable_kernels(model, dense=True, head=True)
    """
    layers = [layer for layer in model.layers if _checked(layer).weights]
    kernels = {}
    for layer in layers if head else layers[:-1]:
        if dense or not isinstance(layer, _DENSE):
            for variable in _kernels_of(layer):
                kernels[f"{layer.name}/{variable.name}"] = variable
    if not kernels:
        raise InputError(f"{model.name} has no weight to prune with dense={dense}, head={head}; set one to True")
    return kernels


def _checked(layer):
    if isinstance(layer, keras.Model):
        raise InputError(f"layer {layer.name!r} is a model within the model; build the network flat to prune it")
    return layer


def _kernels_of(layer):
    names = next((names for kinds, names in _KERNELS.items() if isinstance(layer, kinds)), ())
    unknown = [weight.name for weight in layer.weights if "kernel" in weight.name and weight.name not in names]
    if unknown or not (names or isinstance(layer, _WITHOUT_KERNELS)):
        weight = unknown[0] if unknown else layer.weights[0].name
        raise InputError(
            f"layer {layer.name!r} ({type(layer).__name__}) has weights that pruning does not know, such as "
            f"{weight!r}; it takes convolutions, dense layers, normalisation and layers without weights"
        )
    return [weight for weight in layer.weights if weight.name in names]


def full_masks(kernels):
    """Masks that keep every weight, for a dict of key to array or variable."""
    return {key: np.ones(tuple(kernel.shape), bool) for key, kernel in kernels.items()}


def prune(weights, masks, rate, scope="global"):
    """Masks with a share of the surviving weights removed, those of lowest magnitude.

    Exactly `rate` times the number of survivors go, rounded to the nearest integer and half upwards (in decimal, as
    `rate` is written: 0.29 of 50 is 14.5, so 15). What was pruned stays pruned, whatever its weight. Of weights of
    equal magnitude the one that comes last goes first, by layer order and then by index in row-major order.

    Arguments:
        weights: dict of key to array.
        masks: dict of the same keys to boolean array, True where a weight survives; `full_masks(weights)` at first.
        rate: share of the survivors to remove, in [0, 1).
        scope: "global" compares all survivors, "layer" takes the share in each kernel.

    Returns a dict of new masks, in the order of `masks`.

    Raises InputError for other values, for keys or shapes that differ, and for weights that are not finite.

    Example:
        >>> masks = full_masks(weights)
        >>> for _ in range(31):
        ...     masks = prune(weights, masks, rate=0.2)
    """
    check_rate(rate)
    check_scope(scope)
    check_fit(masks, weights)
    survivors = {key: np.abs(np.asarray(weights[key])[mask]) for key, mask in masks.items()}
    for key, magnitudes in survivors.items():
        if not np.isfinite(magnitudes).all():
            raise InputError(f"{key} holds weights that are not finite numbers; training diverged before this round")
    if scope == "layer":
        kept = {key: _keep_largest(magnitudes, rate) for key, magnitudes in survivors.items()}
    else:
        kept = _split(_keep_largest(np.concatenate(list(survivors.values())), rate), survivors)
    pruned = {key: mask.copy() for key, mask in masks.items()}
    for key, keeps in kept.items():
        pruned[key][masks[key]] = keeps
    return pruned


def magnitude_masks(kernels, sparsity, scope="global"):
    """Masks that prune a dense network at once: those of `prune` with a rate of `sparsity`, as integers and errors are.

    Arguments:
        kernels: dict of key to array.
        sparsity: share of the weights to remove, in [0, 1).
        scope: "global" or "layer".
    """
    return prune(kernels, full_masks(kernels), sparsity, scope)


def _keep_largest(magnitudes, rate):
    """Boolean array over magnitudes, False for the share that goes."""
    count = share(rate, magnitudes.size)
    kept = np.ones(magnitudes.size, bool)
    if count:
        # A partition, since sorting the 23 million weights of a ResNet50 takes ten times as long.
        threshold = np.partition(magnitudes, count - 1)[count - 1]
        kept[magnitudes < threshold] = False
        ties = np.flatnonzero(magnitudes == threshold)
        kept[ties[ties.size - (count - np.count_nonzero(~kept)) :]] = False
    return kept


def share(rate, count):
    """Rate times count as an integer: the nearest, half upwards, of the product in decimal."""
    return int((Decimal(repr(float(rate))) * int(count)).to_integral_value(ROUND_HALF_UP))


def random_masks(masks, scope="global", seed=0):
    """Masks with as many survivors as the given ones, placed at random.

    Arguments:
        masks: dict of key to boolean array.
        scope: "global" places them anywhere with equal chance; "layer" gives each kernel the same sparsity, that of
            all masks together (a total that does not divide goes to the largest remainders, so that it is exact).
        seed: integer; the same masks, scope and seed give the same result.

    Returns a dict of masks. To keep each kernel's own sparsity use `shuffled_masks`.
    """
    check_scope(scope)
    generator = np.random.default_rng(seed)
    total, size = _survivors(masks), _size(masks)
    if scope == "global":
        return _reshape(_split(_scatter(generator, total, size), masks), masks)
    exact = {key: total * mask.size for key, mask in masks.items()}  # in units of 1 / size: integers, hence exact
    counts = {key: product // size for key, product in exact.items()}
    by_remainder = sorted(exact, key=lambda key: -(exact[key] % size))  # a stable sort: ties in layer order
    for key in by_remainder[: total - sum(counts.values())]:
        counts[key] += 1
    return _reshape({key: _scatter(generator, counts[key], mask.size) for key, mask in masks.items()}, masks)


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


def grid(rate=0.2, rounds=31):
    """The sparsities that rounds at a rate lead to, 1 - (1 - rate)^n for n = 1 ... rounds, but for rounding to weights.

    Returns an array of shape (rounds,). Source: thesis, Chapter 2, protocol step 2.
    """
    check_rate(rate)
    return 1 - (1 - rate) ** np.arange(1, rounds + 1)


def check_rate(rate):
    """Raise InputError unless `rate` is in [0, 1)."""
    if not 0 <= rate < 1:
        raise InputError(f"rate (or sparsity) is {rate}; give a share of the weights, at least 0 and below 1")


def check_scope(scope):
    """Raise InputError unless `scope` is "global" or "layer"."""
    if scope not in SCOPES:
        raise InputError(f"scope is {scope!r}; give {' or '.join(map(repr, SCOPES))}")


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


def _survivors(masks):
    return sum(int(np.count_nonzero(mask)) for mask in masks.values())


def _size(masks):
    return sum(mask.size for mask in masks.values())


def _split(flat, arrays):
    """A flat array cut into parts of the arrays' sizes: dict of key to flat part."""
    ends = np.cumsum([array.size for array in arrays.values()])[:-1]
    return dict(zip(arrays, np.split(flat, ends), strict=True))


def _reshape(parts, masks):
    return {key: parts[key].reshape(mask.shape) for key, mask in masks.items()}


def _scatter(generator, count, size):
    """A boolean array of `size` with `count` times True, at random."""
    return generator.permutation(np.arange(size) < count)
