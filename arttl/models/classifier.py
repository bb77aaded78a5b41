"""Build the studies' classifier: backbone, global average pooling, one softmax layer."""

from __future__ import annotations

import math

import keras
import numpy as np

from arttl.devices import handed_out, number_of_devices
from arttl.eras import get_numerics
from arttl.keras_settings import check_settings
from arttl.models.backbones import check_size, get_backbone
from arttl.models.keras2018 import resnet50, with_batch_normalization
from arttl.models.preprocessing import preprocessing_layer
from arttl.models.weights import load_backbone_weights

HEAD = "head"  # name of the softmax layer


def build_classifier(
    architecture,
    num_classes,
    weights="imagenet",
    trainable=True,
    image_size=None,
    preprocessing="unit",
    numerics="keras3",
):
    """A flat Keras model from pixels to class probabilities.

    Layers: pixel scaling, the backbone's own layers, global average pooling, and a softmax layer called
    "head" with Glorot-uniform kernel and zero bias; nothing in between (thesis, section 1.3).

    Arguments:
        architecture: "vgg19", "inception_v3", "xception" or "resnet50".
        num_classes: Q_t, the number of classes.
        weights: "imagenet", "bundled" (ResNet50 only), "none" for He-uniform initial weights, or the path of
            a notop .h5 file, a sparse .h5 file of this package, or a .keras model with the same backbone.
        trainable: False freezes the backbone and leaves only the head to train.
        image_size: side of the square input in pixels; the studies' own by default.
        preprocessing: "unit" ([0, 1], the thesis) or "imagenet" (the released code).
        numerics: whose layers: "keras3" (today's), an era such as "2.1.6", or an arttl.eras.Numerics. In training, a
            frozen BatchNormalization uses its moving statistics in Keras 3, and the batch's in those of 2018.

    Returns a keras.Model; input (batch, image_size, image_size, 3), uint8 or float pixels in [0, 255];
    output (batch, num_classes), rows summing to 1.

    Raises InputError for an unknown architecture, a size below the network's minimum, weights that cannot be had or do
    not fit, or a Keras set to channels_first or another floatx.

    Example:
        >>> model = build_classifier("resnet50", num_classes=1054, weights="imagenet", trainable=False)
    """
    check_settings()
    backbone, numerics = get_backbone(architecture), get_numerics(numerics)
    size = image_size or backbone.input_size
    check_size(backbone, size)
    pixels = keras.Input((size, size, 3), name="pixels")
    scaled = preprocessing_layer(preprocessing, backbone)(pixels)
    base = build_backbone(backbone, scaled, numerics)
    load_backbone_weights(base, backbone, weights, numerics)
    base.trainable = trainable
    outputs = keras.layers.Dense(num_classes, activation="softmax", dtype="float32", name=HEAD)(base.output)
    return keras.Model(base.inputs[0], outputs, name=architecture)


def build_backbone(backbone, input_tensor, numerics):
    """A backbone with global average pooling and random weights, flat from the input tensor's source to X.

    Arguments:
        backbone: its row of the table.
        input_tensor: a Keras tensor (batch, height, width, 3) of preprocessed pixels.
        numerics: an arttl.eras.Numerics.
    """
    if backbone.name == "resnet50" and numerics.resnet50 != "keras3":
        return resnet50(input_tensor, numerics)
    constructor = getattr(keras.applications, backbone.constructor)
    base = constructor(input_tensor=input_tensor, include_top=False, weights=None, pooling="avg")
    return with_batch_normalization(base, numerics) if numerics.own_batchnorm else base


def feature_extractor(classifier):
    """The part of a classifier from pixels to X, sharing its layers; output shape (batch, features)."""
    return keras.Model(classifier.input, classifier.get_layer(HEAD).input, name=f"{classifier.name}_features")


def replace_head(classifier, num_classes):
    """A classifier with the same backbone layers (shared, not copied) and a new random head.

    Arguments:
        classifier: a model made by `build_classifier`.
        num_classes: units of the new softmax layer.
    """
    features = classifier.get_layer(HEAD).input
    outputs = keras.layers.Dense(num_classes, activation="softmax", dtype="float32", name=HEAD)(features)
    return keras.Model(classifier.input, outputs, name=classifier.name)


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
