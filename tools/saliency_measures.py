"""How good saliency maps are: pointing, insertion and deletion, baselines, and agreement of two sets of maps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage, stats

from arttl.base.errors import InputError
from arttl.saliency.inputs import check_class_ids, check_images, in_batches, unit_maps

BLUR = 5.0  # standard deviation in pixels, as RISE's


class Curve(NamedTuple):
    """Class probabilities as pixels appear or disappear.

    Attributes:
        shares: shares of pixels changed, (steps + 1,), from 0 to 1.
        scores: the class' probability in each image at each share, (n, steps + 1).
        areas: area under each image's curve by the trapezoidal rule, (n,), in [0, 1].
    """

    shares: np.ndarray
    scores: np.ndarray
    areas: np.ndarray


def pointing_game(maps, boxes, tolerance=0):
    """The share of maps whose maximum lies in the image's box.

    Where several pixels have the maximum, the share of them that lie in the box counts, as if one were drawn by lot: a
    constant map scores what chance does.

    Arguments:
        maps: array (n, height, width).
        boxes: integers (n, 4): top, left, bottom, right in pixels, the latter two not included.
        tolerance: pixels by which the boxes are widened on all sides; the paper takes 15 on full-size photographs.

    Returns a float in [0, 1]. Raises InputError for shapes that do not fit.

    Source: Zhang et al., Top-down Neural Attention by Excitation Backprop, ECCV 2016.
    """
    maps, boxes = _check_maps(maps), np.asarray(boxes)
    if boxes.shape != (len(maps), 4) or not len(maps):
        raise InputError(
            f"boxes have shape {boxes.shape}; {len(maps)} maps need ({len(maps)}, 4), and at least one map"
        )
    hits = []
    for each, (top, left, bottom, right) in zip(maps, boxes, strict=True):
        peaks = each == each.max()
        rows = slice(max(top - tolerance, 0), bottom + tolerance)
        columns = slice(max(left - tolerance, 0), right + tolerance)
        hits.append(peaks[rows, columns].sum() / peaks.sum())
    return float(np.mean(hits))


def deletion_curve(model, images, maps, class_ids=None, steps=20, batch_size=32):
    """How a class' probability falls as the most salient pixels take the image's mean colour; a low area is good.

    (RISE's own code fills with the mean of the training images, which a model does not know.)

    Arguments:
        model: a keras.Model with outputs (batch, classes).
        images: what the model takes, (n, height, width, channels).
        maps: their saliency maps, (n, height, width); pixels of equal saliency go in an order drawn by lot (seed 0).
        class_ids: n integers; the classes that the model predicts by default.
        steps: number of equal parts in which the pixels go.
        batch_size: images in a forward pass.

    Returns a Curve. Raises InputError for shapes that do not fit.

    Source: Petsiuk et al., RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018.
    """
    images = np.asarray(images).astype("float32")
    mean = np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape)
    return _curve(model, images, mean, maps, class_ids, steps, batch_size)


def insertion_curve(model, images, maps, class_ids=None, steps=20, batch_size=32, blur=BLUR):
    """How a class' probability rises as the most salient pixels enter a blurred image; a high area is good.

    Arguments:
        blur: standard deviation of the Gaussian blur, in pixels.
        model, images, maps, class_ids, steps, batch_size: as in `deletion_curve`.

    Returns a Curve. Raises InputError for shapes that do not fit.

    Source: as `deletion_curve`.
    """
    images = np.asarray(images).astype("float32")
    blurred = ndimage.gaussian_filter(images, (0, blur, blur, 0))
    class_ids = check_class_ids(model, check_images(model, images), class_ids, batch_size)
    return _curve(model, blurred, images, maps, class_ids, steps, batch_size)


def random_maps(shape, seed=0):
    """Maps of independent uniform numbers, the baseline that any method must beat.

    Arguments:
        shape: (n, height, width).
        seed: of the numbers.
    """
    return np.random.default_rng(seed).random(shape, "float32")


def sobel_maps(images):
    """Edges, the baseline that knows no network: the Sobel gradient's length in the mean of the channels.

    Arguments:
        images: array (n, height, width, channels).

    Returns a float32 array (n, height, width) in [0, 1].
    """
    grey = np.asarray(images, "float64").mean(axis=-1)
    edges = [np.hypot(ndimage.sobel(each, axis=0), ndimage.sobel(each, axis=1)) for each in grey]
    return unit_maps(np.array(edges, "float32").reshape(grey.shape))


def rank_correlation(maps, others):
    """Spearman's rank correlation of two maps of the same image, for each image.

    The sanity check of Adebayo et al. compares maps of a trained network with those of the same network with random
    weights; what two networks with random weights have in common is its floor.

    Arguments:
        maps, others: arrays (n, height, width).

    Returns a float array (n,) in [-1, 1]; not a number where a map is constant.

    Source: Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018.
    """
    maps, others = _check_maps(maps), _check_maps(others)
    if maps.shape != others.shape:
        raise InputError(
            f"maps of shapes {maps.shape} and {others.shape} cannot be compared; give maps of the same images"
        )
    pairs = zip(maps.reshape(len(maps), -1), others.reshape(len(maps), -1), strict=True)
    return np.array(
        [np.nan if _constant(one) or _constant(two) else stats.spearmanr(one, two)[0] for one, two in pairs]
    )


def _curve(model, before, after, maps, class_ids, steps, batch_size):
    """The probabilities as pixels go from `before` to `after`, the most salient first."""
    check_images(model, before)
    maps = _check_maps(maps)
    if maps.shape != before.shape[:3] or not len(maps) or steps < 1:
        raise InputError(f"maps of shape {maps.shape}, {steps} steps: give a map for each of the images {before.shape}")
    class_ids = check_class_ids(model, before, class_ids, batch_size)
    lots = np.random.default_rng(0).permutation(maps[0].size)
    orders = [np.lexsort((lots, -each.ravel())) for each in maps]
    ranks = np.array([np.argsort(order) for order in orders]).reshape(maps.shape)  # 0 is the most salient
    shares, scores = np.linspace(0, 1, steps + 1), []
    for share in shares:
        mixed = np.where((ranks < round(share * maps[0].size))[..., None], after, before)
        scores.append(in_batches(model.predict_on_batch, mixed, batch_size)[np.arange(len(maps)), class_ids])
    scores = np.array(scores).T
    return Curve(shares, scores, np.trapezoid(scores, shares, axis=1))


def _check_maps(maps):
    maps = np.asarray(maps)
    if maps.ndim != 3 or maps.dtype.kind not in "uif":
        raise InputError(f"maps are {maps.dtype} of shape {maps.shape}; give numbers of shape (n, height, width)")
    return maps


def _constant(values):
    return values.min() == values.max()
