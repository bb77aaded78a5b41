"""Saliency from gradients of one class' score, beside VisualBackProp: Grad-CAM and SmoothGrad."""

from __future__ import annotations

import warnings

import keras
import numpy as np
from keras import ops

from arttl.base.errors import InputError
from arttl.models.walk import described
from arttl.saliency.inputs import check_class_ids, check_images, graph_of, in_batches, made_once, unit_maps

SQUASHING = (keras.activations.softmax, keras.activations.sigmoid)


def grad_cam(model, images, class_ids=None, layer=None, batch_size=32):
    """Where the maps of one layer speak for a class.

    Each map of the layer is weighted by the mean gradient of the class' score, before softmax, with respect to it;
    their sum is rectified, and enlarged to the image by bilinear interpolation (equations 1 and 2).

    Arguments:
        model: a keras.Model with one input (batch, height, width, channels) and one output (batch, classes).
        images: what the model takes, uint8 or float pixels of shape (n, height, width, channels).
        class_ids: n integers, the classes asked about; those that the model predicts by default.
        layer: name of a layer that all paths from input to output pass through; the last rectified map by default, from
            which VisualBackProp starts.
        batch_size: images in a forward pass.

    Returns a float32 array (n, height, width) in [0, 1]; a map's maximum is 1 (before the enlargement), or 0 where
    nothing speaks for the class. A flat map says nothing of where: a warning counts them, and says why they are.

    Raises InputError for images, class ids or a layer that do not fit the model.

    Source: Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV
    2017.
    """
    graph_of(model)
    images = check_images(model, images)
    parts = made_once(model, ("grad_cam", layer), lambda graph: _parts(graph, layer))
    if not len(images):
        return np.zeros(images.shape[:3], "float32")
    wanted = _one_hot(model, images, class_ids, batch_size)

    def cams(rows):
        maps = np.asarray(parts["maps"].predict_on_batch(images[rows]), "float32")
        weights = parts["gradient"](maps, wanted[rows]).mean(axis=(1, 2), keepdims=True)
        return np.maximum((weights * maps).sum(axis=-1), 0)

    small = unit_maps(in_batches(cams, np.arange(len(images)), batch_size))
    _tell_flat(small)
    enlarged = ops.image.resize(small[..., None], images.shape[1:3], "bilinear", data_format="channels_last")
    return np.clip(ops.convert_to_numpy(enlarged)[..., 0], 0, 1)


def _tell_flat(maps):
    """Warn of maps (n, height, width) that are the same everywhere."""
    top = maps.max(axis=(1, 2))
    flat = top == maps.min(axis=(1, 2))
    if not flat.any():
        return
    remedy = "ask about another class with class_ids, or an earlier layer with layer"
    if maps[0].size == 1:
        why, remedy = "the layer's maps have a single cell", "name an earlier layer with layer, or give larger images"
    elif top[flat].any():
        why = "all cells of the layer speak for the class alike"
    else:
        why = "nothing in the layer speaks for the class"
    warnings.warn(f"{flat.sum()} of {len(maps)} Grad-CAM maps are flat: {why}; {remedy}", stacklevel=3)


def smooth_grad(model, images, class_ids=None, samples=50, noise=0.15, seed=0, batch_size=32):
    """Which pixels a class' score depends on: its gradient, averaged over noisy copies of the image.

    The map is the sum over channels of the averaged gradient's absolute values. The score is that before softmax.

    Arguments:
        model: a keras.Model with one input (batch, height, width, channels) and one output (batch, classes).
        images: what the model takes, uint8 or float pixels of shape (n, height, width, channels).
        class_ids: n integers, the classes asked about; those that the model predicts without noise by default.
        samples: noisy copies of each image; each costs a forward and a backward pass.
        noise: standard deviation of the noise, as a share of the image's own range (maximum minus minimum); the paper
            uses 0.1 to 0.2. With 0 the map is the plain gradient's.
        seed: of the noise, which is the same for every image, whatever batch it is in.
        batch_size: images in a forward pass.

    Returns a float32 array (n, height, width) in [0, 1]; a map's maximum is 1, or 0 where the gradient is.

    Raises InputError for images or class ids that do not fit the model, or samples or noise out of range.

    Source: Smilkov et al., SmoothGrad: removing noise by adding noise, 2017 (arXiv 1706.03825).
    """
    if samples < 1 or noise < 0:
        raise InputError(f"samples {samples} and noise {noise}: give at least one sample, and noise of 0 or more")
    graph_of(model)
    images = check_images(model, images)
    taken = keras.backend.standardize_dtype(model.inputs[0].dtype)
    if not taken.startswith(("float", "bfloat")):
        raise InputError(f"model {model.name!r} takes {taken}, which has no gradient; give it a float keras.Input")
    gradient = made_once(model, "smooth_grad", lambda graph: _score_gradient(_scorer(graph, 0)))
    if not len(images):
        return np.zeros(images.shape[:3], "float32")
    wanted = _one_hot(model, images, class_ids, batch_size)
    pixels = images.astype("float32")
    spread = noise * (pixels.max(axis=(1, 2, 3), keepdims=True) - pixels.min(axis=(1, 2, 3), keepdims=True))

    def saliency(rows):
        rng, total = np.random.default_rng(seed), np.zeros((len(rows), *pixels.shape[1:]))
        for _ in range(samples if noise else 1):
            deviation = rng.standard_normal(pixels.shape[1:], "float32")
            total += gradient(pixels[rows] + spread[rows] * deviation, wanted[rows])
        return np.abs(total).sum(axis=-1)

    return unit_maps(in_batches(saliency, np.arange(len(images)), batch_size))


def _one_hot(model, images, class_ids, batch_size):
    class_ids = check_class_ids(model, images, class_ids, batch_size)
    return np.eye(model.output_shape[-1], dtype="float32")[class_ids]


def _parts(graph, name):
    """The model up to a layer's maps, and the gradient of the scores with respect to them."""
    place = graph.last_map() if name is None else _place(graph, name)
    maps = keras.Model(graph.tensors[0], graph.tensors[place])
    return {"maps": maps, "gradient": _score_gradient(_scorer(graph, place))}


def _place(graph, name):
    places = [place for place, layer in enumerate(graph.layers) if layer.name == name]
    trunk = [graph.layers[place].name for place in graph.trunk]
    if not places or places[-1] not in graph.trunk:
        why = f"{described(graph.layers[places[-1]])} is not on every path" if places else f"there is no layer {name!r}"
        raise InputError(f"{why} from images to scores; give one that is, such as {', '.join(trunk[-3:])}")
    return places[-1]


def _scorer(graph, place):
    """A keras.Model from the tensor at a place to the class scores, those before softmax or sigmoid."""
    layer, tensors = graph.layers[-1], graph.tensors
    function = (
        keras.activations.softmax if isinstance(layer, keras.layers.Softmax) else getattr(layer, "activation", None)
    )
    if function not in SQUASHING:
        scores = tensors[-1]
    elif isinstance(layer, keras.layers.Dense):
        scores = _Linear(layer, name="scores")(tensors[graph.sources[-1][0]])
    else:
        scores = tensors[graph.sources[-1][0]]
    return keras.Model(tensors[place], scores)


class _Linear(keras.layers.Layer):
    """A Dense layer without its activation."""

    def __init__(self, dense, **options):
        super().__init__(**options)
        self.dense = dense

    def call(self, inputs):
        """Shape (batch, features) in, (batch, units) out."""
        scores = ops.matmul(inputs, self.dense.kernel)
        return scores + self.dense.bias if self.dense.use_bias else scores


def _score_gradient(scorer):
    """The gradient of the wanted scores, a function of two arrays: the scorer's inputs, and their one-hot classes."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        @tf.function(reduce_retracing=True)
        def gradient(inputs, wanted):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                scores = tf.cast(scorer(inputs, training=False), "float32")
                total = tf.reduce_sum(scores * wanted)
            return tape.gradient(total, inputs)

    elif backend == "jax":
        import jax

        def total(inputs, wanted, trainable, frozen):
            return (scorer.stateless_call(trainable, frozen, inputs, training=False)[0] * wanted).sum()

        differentiate = jax.jit(jax.grad(total))

        def gradient(inputs, wanted):
            variables = (scorer.trainable_variables, scorer.non_trainable_variables)
            return differentiate(inputs, wanted, *([each.value for each in some] for some in variables))

    elif backend == "torch":
        import torch

        def gradient(inputs, wanted):
            inputs = inputs.requires_grad_(True)
            return torch.autograd.grad((scorer(inputs, training=False) * wanted).sum(), inputs)[0]

    else:
        raise InputError(f"Keras' backend {backend!r} gives no gradients here; use tensorflow, jax or torch")
    return lambda inputs, wanted: ops.convert_to_numpy(
        gradient(ops.convert_to_tensor(inputs), ops.convert_to_tensor(wanted))
    )
