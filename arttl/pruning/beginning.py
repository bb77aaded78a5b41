"""What masks a callback begins with on a model that may be pruned already."""

from __future__ import annotations

import warnings
from os import PathLike

import keras
import numpy as np
from keras import ops

from arttl.base.errors import InputError
from arttl.pruning.kernels import prunable_kernels
from arttl.pruning.masks import full_masks
from arttl.pruning.names import matching
from arttl.pruning.optimizers import held_masks

NONZERO = "nonzero"  # for masks: keep what is not zero when training begins
_BULK = 0.05  # share of zeros that no initialiser and no training explains


def nonzero_masks(
    model: keras.Model | str | PathLike, dense=False, head=False, skip_unknown=False, layers=None
) -> dict[str, np.ndarray]:
    """Masks that keep what is not zero: those of a pruned model that was saved and loaded, or had its weights set.

    Arguments:
        model: a built keras.Model, or the path of one that was saved.
        dense, head, skip_unknown, layers: as of prunable_kernels.

    Example:
        >>> model = keras.saving.load_model("ticket.keras")
        >>> pruning = arttl.pruning.MagnitudePruning(masks=nonzero_masks(model))
        >>> history = model.fit(x, y, callbacks=[pruning], verbose=0)
    """
    if not isinstance(model, keras.Model):
        model = keras.saving.load_model(model, compile=False)
    kernels = prunable_kernels(model, dense, head, skip_unknown, layers)
    return _nonzero(kernels)


def first_masks(model, kernels, given=None):
    """The masks that a callback begins with: by default those that the model holds, or all of its weights.

    Warns where that lets zero weights grow again that look pruned.

    Arguments:
        model: a built and compiled keras.Model.
        kernels: dict of key to keras.Variable, what the callback prunes.
        given: what the callback was given: a dict of masks, NONZERO, or None.

    Returns a dict of key to boolean array.

    Raises InputError where the model holds masks of kernels that the callback does not prune.
    """
    if given == NONZERO:
        return _nonzero(kernels)
    if isinstance(given, str):
        raise InputError(f"masks are {given!r}; give a dict of boolean arrays, or {NONZERO!r}")
    if given is not None:
        return matching(given, model)
    held = held_masks(model)
    if held is None:
        _warn_of_zeros(model, kernels)
        return full_masks(kernels)
    former = {id(held.kernels[key]): (key, mask) for key, mask in held.masks().items()}
    ours = {id(kernel) for kernel in kernels.values()}
    for number, (key, mask) in former.items():
        if number not in ours and not mask.all():
            raise InputError(
                f"{model.name} holds a mask of {key}, which this callback does not prune; give the dense and head of "
                "the callback before, or take its masks out with remove(model)"
            )
    full = full_masks(kernels)
    return {key: former.get(id(kernel), (key, full[key]))[1] for key, kernel in kernels.items()}


def warn_of_another(model, kernels, masks):
    """Warn where a callback that has pruned a model begins with another one, whose weights it has not pruned.

    Arguments:
        model: that which it begins with.
        kernels: of this model, dict of key to keras.Variable.
        masks: the callback's, dict of key to boolean array.
    """
    if held_masks(model) is not None:
        return
    if any(ops.convert_to_numpy(kernel)[~masks[key]].any() for key, kernel in kernels.items() if key in masks):
        warnings.warn(
            f"this MagnitudePruning has pruned another model, and goes on in {model.name} with its masks and θ_k; to "
            "begin anew make another MagnitudePruning",
            stacklevel=2,
        )


def _nonzero(kernels):
    return {key: ops.convert_to_numpy(kernel) != 0 for key, kernel in kernels.items()}


def _warn_of_zeros(model, kernels):
    """Kernels that are all zero are left out, since some begin so."""
    zeros = [ops.convert_to_numpy(kernel) == 0 for kernel in kernels.values()]
    zeros = [each.ravel() for each in zeros if not each.all()]
    share = np.concatenate(zeros).mean() if zeros else 0.0
    if share >= _BULK:
        warnings.warn(
            f"{share:.0%} of the prunable weights of {model.name} are zero, as after pruning, and nothing keeps them "
            'so; to hold them give MagnitudePruning(masks="nonzero")',
            stacklevel=2,
        )
