"""What the saliency methods take: images, class ids, and one model made from another, kept while that lives."""

from __future__ import annotations

import weakref

import numpy as np

from arttl.base.errors import InputError
from arttl.saliency.graph import Graph

_MADE = weakref.WeakKeyDictionary()


def made_once(model, key, make):
    """`make(graph)` of the model's Graph, kept for as long as the model lives and ends in the same tensor.

    Arguments:
        model: a keras.Model.
        key: what is made, a hashable value.
        make: function of the Graph.
    """
    graph_of(model)
    kept = _MADE[model]
    if key not in kept:
        kept[key] = make(kept["graph"])
    return kept[key]


def graph_of(model):
    """A model's Graph, made once; InputError when it has not one image input and one output."""
    kept = _MADE.setdefault(model, {})
    if not kept or kept["end"] is not model.outputs[0]:
        graph = Graph(model)
        kept.clear()
        kept |= {"graph": graph, "end": model.outputs[0]}
    return kept["graph"]


def check_images(model, images):
    """Images as an array (n, height, width, channels); InputError when the model does not take them."""
    images = np.asarray(images)
    expected = getattr(model, "input_shape", None) or (None,) * 4
    fits = images.ndim == len(expected) and all(
        want in (None, have) for want, have in zip(expected[1:], images.shape[1:], strict=True)
    )
    if not fits or images.dtype.kind not in "uif":
        raise InputError(
            f"images are {images.dtype} of shape {images.shape}; model {model.name!r} takes numbers of shape "
            f"(n, {', '.join(str(side or 'any') for side in expected[1:])})"
        )
    if not np.isfinite(images).all():  # ReLU would make zeros of what is not a number
        raise InputError("images hold values that are not finite; mend or leave out those")
    return images


def check_class_ids(model, images, class_ids, batch_size):
    """Class ids as integers, one an image: those given, or the predicted ones.

    Raises InputError for others than integers in the range of the model's outputs.
    """
    if not isinstance(model.output_shape, tuple) or len(model.output_shape) != 2:
        raise InputError(f"model {model.name!r} has outputs {model.output_shape}; class scores have (batch, classes)")
    classes = model.output_shape[-1]
    if class_ids is None:

        def scores(some):
            found = model.predict_on_batch(some)
            return next(iter(found.values())) if isinstance(found, dict) else found  # an output may have a name

        return in_batches(scores, images, batch_size).argmax(axis=-1)
    class_ids = np.asarray(class_ids)
    if class_ids.shape != (len(images),) or class_ids.dtype.kind not in "ui":
        raise InputError(
            f"class_ids are {class_ids.dtype} of shape {class_ids.shape}; give one whole number for each of "
            f"{len(images)} images"
        )
    if len(class_ids) and not 0 <= class_ids.min() <= class_ids.max() < classes:
        raise InputError(
            f"class_ids reach from {class_ids.min()} to {class_ids.max()}; the model has 0 to {classes - 1}"
        )
    return class_ids


def in_batches(function, images, batch_size):
    """`function` of batches of at most `batch_size` images, its results joined; all batches have one length.

    Arguments:
        function: of an array (k, ...), returning an array with k rows.
        images: array (n, ...), n > 0.
        batch_size: a positive number, or InputError.
    """
    if batch_size < 1:
        raise InputError(f"batch_size is {batch_size}; give 1 or more")
    size = min(batch_size, len(images))
    results = []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        filled = np.concatenate([batch, np.repeat(batch[-1:], size - len(batch), axis=0)])  # a new length would compile
        results.append(function(filled)[: len(batch)])
    return np.concatenate(results)


def unit_maps(maps):
    """Non-negative maps over each one's maximum, as float32; zero maps stay zero.

    Raises InputError for maps that are not finite.
    """
    if not np.isfinite(maps).all():
        raise InputError("the network's maps are not finite for these images; check its weights")
    top = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, top, out=np.zeros(maps.shape, "float32"), where=top > 0, casting="same_kind")
