"""Build the studies' classifier: backbone, global average pooling, one softmax layer."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING

import keras
import numpy as np

from arttl.base.errors import InputError
from arttl.base.keras_settings import check_settings
from arttl.models.agreement import settled
from arttl.models.backbones import check_size
from arttl.models.devices import handed_out, number_of_devices
from arttl.models.heads import HEAD as HEAD
from arttl.models.heads import add_head
from arttl.models.keras2018 import resnet50, with_batch_normalization
from arttl.models.own import check_pooling, known_backbone, own_features, own_size, pooled, scaled
from arttl.models.preprocessing import preprocessing_layer
from arttl.models.trainability import set_trainable
from arttl.models.weights import load_backbone_weights

if TYPE_CHECKING:
    from arttl.recipes import Recipe
    from arttl.recipes.eras import Numerics


def build_classifier(
    architecture: str | keras.Model | Callable,
    num_classes: int | dict[str, int],
    weights: str | PathLike | None = "imagenet",
    trainable: bool | None = None,
    image_size: int | tuple[int, int] | None = None,
    preprocessing: str | Callable | None = None,
    numerics: str | Numerics | None = None,
    recipe: Recipe | None = None,
    input_shape: tuple[int, int, int] | None = None,
    dropout: float = 0.0,
    pooling: str = "avg",
) -> keras.Model:
    """A flat Keras model from pixels to class probabilities.

    Layers: pixel scaling, the backbone's own layers, global average pooling, and a softmax layer called
    "head" with Glorot-uniform kernel and zero bias; nothing in between (thesis, section 1.2.3).

    Arguments:
        architecture: "vgg19", "inception_v3", "xception" or "resnet50"; or a backbone of one's own: a function of
            keras.applications such as keras.applications.MobileNetV2, a keras.Model without its head, whose layers are
            shared, or a function of the pixels' Keras tensor. Maps that it gives are pooled.
        num_classes: Q_t, the number of classes; a dict of name to number makes an output, and a head, of each.
        weights: "imagenet"; "bundled", "bundled-photographs" or "bundled-drawings" (ResNet50 only; docs/weights.md);
            "none" or None for He-uniform initial weights; or the path of a file with the same backbone: .h5 or
            .weights.h5 as Keras writes weights, a whole model as .keras or .h5, or a sparse .h5 file of this package. A
            function of keras.applications takes what it takes; any other backbone of one's own comes with its weights.
        trainable: False freezes the backbone and leaves only the head to train (see set_trainable); True by default.
        image_size: side of the square input in pixels, or (height, width); the studies' own by default.
        preprocessing: "unit" ([0, 1], the thesis) or "imagenet" (that of the network's ImageNet weights, the released
            code). By default that of the recipe, else what a weights file was trained with, else "unit", of which a
            warning is given for ImageNet's weights. A backbone of one's own gets pixels in [0, 255] by default;
            "imagenet" is the `preprocess_input` of its module in keras.applications, and any function will do.
        numerics: whose layers: "keras3" (today's), an era such as "2.1.6", or an arttl.recipes.eras.Numerics. In
            training, a frozen BatchNormalization uses its moving statistics in Keras 3, and the batch's in those of
            2018. By default the recipe's, else today's, ResNet50's graph being that of a weights file.
        recipe: a Recipe that the model is to be trained by; trainable, preprocessing and numerics are then its own.
            Where X is computed once (its `features`), a frozen BatchNormalization uses its moving statistics.
        input_shape: (height, width, 3), in the place of image_size.
        dropout: share of X that is left out in training, in [0, 1); the studies have none.
        pooling: "avg" or "max", over positions.

    Returns a keras.Model; input (batch, height, width, 3), uint8 or float pixels in [0, 255];
    output (batch, num_classes), rows summing to 1.

    Raises InputError for an unknown architecture, a size below the network's minimum, weights that cannot be had or do
    not fit, arguments, weights or a recipe that contradict each other, or a Keras set to channels_first or another
    floatx.

    Example:
        >>> recipe = arttl.recipes.off_the_shelf()
        >>> model = build_classifier("resnet50", num_classes=1054, weights="imagenet", recipe=recipe)
    """
    check_settings()
    check_pooling(pooling)
    if not 0 <= dropout < 1:
        raise InputError(f"dropout is {dropout}; give the share of X that is left out, at least 0 and below 1")
    backbone, size = known_backbone(architecture), _size(image_size, input_shape)
    known = backbone or architecture
    make = _of_own if backbone is None else _of_table
    pixels, features, trainable = make(known, size, weights, trainable, preprocessing, numerics, recipe, pooling)
    name = getattr(known, "name", "classifier")
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    return set_trainable(keras.Model(pixels, add_head(features, num_classes), name=name), trainable)


def _of_table(backbone, size, weights, trainable, preprocessing, numerics, recipe, pooling):
    """Pixels and X of one of BACKBONES, Keras tensors, and whether it is trained."""
    weights = "none" if weights is None else weights
    size = check_size(backbone, size or backbone.input_size)
    preprocessing, numerics, trainable = settled(backbone, weights, recipe, preprocessing, numerics, trainable)
    if preprocessing is None and weights == "imagenet":
        warnings.warn(
            'ImageNet\'s weights get pixels in [0, 1], as in the thesis; say preprocessing="unit", or "imagenet" for '
            "what they were trained with, or give recipe=",
            stacklevel=3,
        )
    pixels = keras.Input((*size, 3), name="pixels")
    base = build_backbone(backbone, preprocessing_layer(preprocessing or "unit", backbone)(pixels), numerics, pooling)
    load_backbone_weights(base, backbone, weights, numerics)
    return base.inputs[0], base.output, trainable  # a clone has pixels of its own


def _of_own(architecture, size, weights, trainable, preprocessing, numerics, recipe, pooling):
    """Pixels and X of a backbone of one's own, Keras tensors, and whether it is trained."""
    named = preprocessing if isinstance(preprocessing, str) else None
    named, numerics, trainable = settled(None, "none", recipe, named, numerics, trainable)
    if numerics.own_batchnorm:
        raise InputError(
            f"numerics {numerics.era} have layers of their own, and a backbone of one's own keeps today's; give "
            "numerics='keras3', or a recipe of these"
        )
    preprocessing = preprocessing if callable(preprocessing) else named
    pixels = keras.Input((*own_size(architecture, size), 3), name="pixels")
    weights = None if weights == "none" else weights
    tensor = own_features(architecture, scaled(pixels, preprocessing, architecture), weights)
    return pixels, pooled(tensor, pooling), trainable


def _size(image_size, input_shape):
    """What one of the two says, or None where neither is given."""
    if input_shape is None:
        return image_size
    *sides, channels = input_shape
    if image_size is not None or len(sides) != 2 or channels != 3:
        raise InputError(
            f"input_shape is {input_shape!r} and image_size {image_size!r}; give one of (height, width, 3) and a size"
        )
    return tuple(sides)


def build_backbone(backbone, input_tensor, numerics, pooling="avg"):
    """A backbone with global pooling and random weights, flat from the input tensor's source to X.

    Arguments:
        backbone: its row of the table.
        input_tensor: a Keras tensor (batch, height, width, 3) of preprocessed pixels.
        numerics: an arttl.recipes.eras.Numerics.
        pooling: "avg" or "max"; ResNet50's graphs of 2018 have "avg".
    """
    if backbone.name == "resnet50" and numerics.resnet50 != "keras3":
        if pooling != "avg":
            raise InputError(f"pooling is {pooling!r}, and ResNet50's graph {numerics.resnet50} has 'avg'; give that")
        return resnet50(input_tensor, numerics)
    constructor = getattr(keras.applications, backbone.constructor)
    base = constructor(input_tensor=input_tensor, include_top=False, weights=None, pooling=pooling)
    return with_batch_normalization(base, numerics) if numerics.own_batchnorm else base


def predict_batch(model, inputs, batch_size):
    """The model's outputs for a batch, a short one filled up first: each new batch size costs a compilation.

    Where several devices share batches, they share this one.

    Arguments:
        model: a keras.Model.
        inputs: array of at most `batch_size` inputs.
        batch_size: the number that every call is made with.

    Returns an array with one row an input.
    """
    devices = number_of_devices()
    missing = batch_size + -batch_size % devices - len(inputs)
    filled = np.concatenate([inputs, np.repeat(inputs[-1:], missing, axis=0)]) if missing else inputs
    return model.predict_on_batch(filled if devices == 1 else handed_out(filled))[: len(inputs)]


def parameter_counts(model):
    """Numbers of trainable and of frozen parameters, as two integers."""
    return tuple(
        sum(math.prod(weight.shape) for weight in weights)
        for weights in (model.trainable_weights, model.non_trainable_weights)
    )
