"""A backbone of one's own for `build_classifier`: a function of keras.applications, a model, or any function."""

from __future__ import annotations

import inspect
import sys

import keras

from arttl.base.errors import InputError
from arttl.models.backbones import BACKBONES, get_backbone
from arttl.models.flat import through
from arttl.models.preprocessing import preprocessing_layer

_POOLING = {"avg": keras.layers.GlobalAveragePooling2D, "max": keras.layers.GlobalMaxPooling2D}
_TOP = "include_top"  # the argument by which a function of keras.applications is known


def known_backbone(architecture):
    """The table's row for a name or one of its functions of keras.applications; None for a backbone of one's own.

    Raises InputError for a name that is not in the table, and for what can be no backbone.
    """
    if isinstance(architecture, str):
        return get_backbone(architecture)
    if not callable(architecture):
        raise InputError(f"architecture {architecture!r} is no backbone; give a name, a keras.Model or a function")
    constructors = {getattr(keras.applications, each.constructor): each for each in BACKBONES.values()}
    return constructors.get(architecture)


def own_size(architecture, size):
    """The (height, width) of the images that a backbone of one's own takes.

    Arguments:
        architecture: as of build_classifier.
        size: what the caller says: a side, (height, width), or None for what a model has.
    """
    of_model = architecture.input_shape[1:3] if isinstance(architecture, keras.Model) else (None, None)
    sides = of_model if size is None else tuple(size) if isinstance(size, tuple | list) else (size, size)
    if len(sides) != 2 or not all(isinstance(side, int) and side > 0 for side in sides):
        raise InputError(f"image_size is {size!r}; a backbone of one's own takes a side in pixels, or (height, width)")
    return sides


def scaled(pixels, preprocessing, architecture):
    """Pixels as a backbone of one's own is to have them, a Keras tensor.

    Arguments:
        pixels: Keras tensor of pixels in [0, 255].
        preprocessing: "unit", "imagenet" (the `preprocess_input` beside a function of keras.applications), a function
            of the tensor, or None for pixels as they are.
        architecture: as of build_classifier.
    """
    if callable(preprocessing):
        return preprocessing(pixels)
    if preprocessing == "imagenet":
        function = getattr(sys.modules[getattr(architecture, "__module__", __name__)], "preprocess_input", None)
        if function is None:
            raise InputError(
                "preprocessing='imagenet' is not known of a backbone of one's own; give a function, such as "
                "keras.applications.mobilenet.preprocess_input, or 'unit'"
            )
        return function(keras.ops.cast(pixels, "float32"))
    return pixels if preprocessing is None else preprocessing_layer(preprocessing, None)(pixels)


def own_features(architecture, tensor, weights):
    """What a backbone of one's own makes of a Keras tensor.

    Arguments:
        architecture: a keras.Model without its head, whose layers are shared; a function of keras.applications; or a
            function of the tensor.
        tensor: Keras tensor (batch, height, width, 3).
        weights: of a function of keras.applications as it takes them; for any other "imagenet", the default, or None.

    Raises InputError for other weights.
    """
    is_model = isinstance(architecture, keras.Model)
    if not is_model and _TOP in inspect.signature(architecture).parameters:
        return architecture(include_top=False, weights=weights, input_tensor=tensor, pooling=None).output
    if weights not in ("imagenet", None) or (is_model and weights is None):
        raise InputError(f"weights {weights} are not for a backbone of one's own; give one that has its weights")
    return through(architecture, tensor) if is_model else architecture(tensor)


def pooled(tensor, pooling):
    """Features (batch, features) of a Keras tensor: maps are pooled, vectors stay as they are."""
    check_pooling(pooling)
    return _POOLING[pooling](name=f"{pooling}_pool")(tensor) if len(tensor.shape) == 4 else tensor


def check_pooling(pooling):
    """Raise InputError unless pooling is "avg" or "max"."""
    if pooling not in _POOLING:
        raise InputError(f"pooling is {pooling!r}; give {' or '.join(map(repr, _POOLING))}")
