"""Build the studies' classifier: backbone, global average pooling, one softmax layer."""

from __future__ import annotations

import math
import warnings

import keras
import numpy as np

from arttl.base.errors import InputError
from arttl.base.keras_settings import check_settings
from arttl.models.agreement import settled
from arttl.models.backbones import check_size, get_backbone
from arttl.models.devices import handed_out, number_of_devices
from arttl.models.flat import flatten
from arttl.models.keras2018 import resnet50, with_batch_normalization
from arttl.models.preprocessing import preprocessing_layer
from arttl.models.trainability import set_trainable
from arttl.models.walk import maker
from arttl.models.weights import load_backbone_weights

HEAD = "head"  # name of the softmax layer


def build_classifier(
    architecture,
    num_classes,
    weights="imagenet",
    trainable=None,
    image_size=None,
    preprocessing=None,
    numerics=None,
    recipe=None,
    input_shape=None,
):
    """A flat Keras model from pixels to class probabilities.

    Layers: pixel scaling, the backbone's own layers, global average pooling, and a softmax layer called
    "head" with Glorot-uniform kernel and zero bias; nothing in between (thesis, section 1.2.3).

    Arguments:
        architecture: "vgg19", "inception_v3", "xception" or "resnet50".
        num_classes: Q_t, the number of classes.
        weights: "imagenet", "bundled" (ResNet50 only), "none" or None for He-uniform initial weights, or the path of
            a file with the same backbone: .h5 or .weights.h5 as Keras writes weights, a whole model as .keras or .h5,
            or a sparse .h5 file of this package.
        trainable: False freezes the backbone and leaves only the head to train (see set_trainable); True by default.
        image_size: side of the square input in pixels, or (height, width); the studies' own by default.
        preprocessing: "unit" ([0, 1], the thesis) or "imagenet" (that of the network's ImageNet weights, the released
            code). By default that of the recipe, else what a weights file was trained with, else "unit", of which a
            warning is given for ImageNet's weights.
        numerics: whose layers: "keras3" (today's), an era such as "2.1.6", or an arttl.recipes.eras.Numerics. In
            training, a frozen BatchNormalization uses its moving statistics in Keras 3, and the batch's in those of
            2018. By default the recipe's, else today's, ResNet50's graph being that of a weights file.
        recipe: a Recipe that the model is to be trained by; trainable, preprocessing and numerics are then its own.
            Where X is computed once (its `features`), a frozen BatchNormalization uses its moving statistics.
        input_shape: (height, width, 3), in the place of image_size.

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
    backbone, weights = get_backbone(architecture), "none" if weights is None else weights
    size = check_size(backbone, _size(image_size, input_shape) or backbone.input_size)
    preprocessing, numerics, trainable = settled(backbone, weights, recipe, preprocessing, numerics, trainable)
    if preprocessing is None and weights == "imagenet":
        warnings.warn(
            'ImageNet\'s weights get pixels in [0, 1], as in the thesis; say preprocessing="unit", or "imagenet" for '
            "what they were trained with, or give recipe=",
            stacklevel=2,
        )
    pixels = keras.Input((*size, 3), name="pixels")
    scaled = preprocessing_layer(preprocessing or "unit", backbone)(pixels)
    base = build_backbone(backbone, scaled, numerics)
    load_backbone_weights(base, backbone, weights, numerics)
    outputs = keras.layers.Dense(num_classes, activation="softmax", dtype="float32", name=HEAD)(base.output)
    return set_trainable(keras.Model(base.inputs[0], outputs, name=backbone.name), trainable)


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


def build_backbone(backbone, input_tensor, numerics):
    """A backbone with global average pooling and random weights, flat from the input tensor's source to X.

    Arguments:
        backbone: its row of the table.
        input_tensor: a Keras tensor (batch, height, width, 3) of preprocessed pixels.
        numerics: an arttl.recipes.eras.Numerics.
    """
    if backbone.name == "resnet50" and numerics.resnet50 != "keras3":
        return resnet50(input_tensor, numerics)
    constructor = getattr(keras.applications, backbone.constructor)
    base = constructor(input_tensor=input_tensor, include_top=False, weights=None, pooling="avg")
    return with_batch_normalization(base, numerics) if numerics.own_batchnorm else base


def feature_extractor(classifier):
    """The part of a classifier from pixels to X, sharing its layers; output shape (batch, features).

    Arguments:
        classifier: a keras.Model with one head: its last layer with weights, and what it takes is X. A model within
            the model is entered.

    Raises InputError for a model without a graph, or without such a head.
    """
    flat = flatten(classifier)
    return keras.Model(flat.input, _features(flat), name=f"{classifier.name}_features")


def replace_head(classifier, num_classes):
    """A classifier with the same backbone layers (shared, not copied) and a new random head.

    Arguments:
        classifier: as of feature_extractor.
        num_classes: units of the new softmax layer.
    """
    flat = flatten(classifier)
    outputs = keras.layers.Dense(num_classes, activation="softmax", dtype="float32", name=HEAD)(_features(flat))
    return keras.Model(flat.input, outputs, name=classifier.name)


def _features(flat):
    """What the head of a flat model takes, a Keras tensor."""
    tensor = flat.outputs[0]
    while not maker(tensor).is_input:
        node = maker(tensor)
        if len(node.input_tensors) > 1:
            break
        if getattr(node.operation, "weights", ()):
            if len(node.input_tensors[0].shape) == 2:
                return node.input_tensors[0]
            break
        tensor = node.input_tensors[0]
    raise InputError(
        f"model {flat.name!r} does not end in one head that takes vectors (batch, features), such as a Dense layer "
        "after pooling; cut it there with keras.Model(input, output)"
    )


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
