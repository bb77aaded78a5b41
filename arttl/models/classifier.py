"""Build the studies' classifier: backbone, global average pooling, one softmax layer."""

from __future__ import annotations

import math

import keras
import numpy as np

from arttl.models.backbones import check_size, get_backbone
from arttl.models.preprocessing import preprocessing_layer
from arttl.models.weights import load_backbone_weights

HEAD = "head"  # name of the softmax layer


def build_classifier(
    architecture, num_classes, weights="imagenet", trainable=True, image_size=None, preprocessing="unit"
):
    """A flat Keras model from pixels to class probabilities.

    Layers: pixel scaling, the backbone's own layers, global average pooling, and a softmax layer called
    "head" with Glorot-uniform kernel and zero bias; nothing in between (thesis, section 1.3).

    Arguments:
        architecture: "vgg19", "inception_v3", "xception" or "resnet50".
        num_classes: Q_t, the number of classes.
        weights: "imagenet", "bundled" (ResNet50 only), "none" for He-uniform initial weights, or the path of
            a notop .h5 file, a sparse .h5 file of this package, or a .keras model with the same backbone.
        trainable: False freezes the backbone and leaves only the head to train. A frozen
            BatchNormalization uses its moving statistics, as Keras 3 does.
        image_size: side of the square input in pixels; the studies' own by default.
        preprocessing: "unit" ([0, 1], the thesis) or "imagenet" (the released code).

    Returns a keras.Model; input (batch, image_size, image_size, 3), uint8 or float pixels in [0, 255];
    output (batch, num_classes), rows summing to 1.

    Raises InputError for an unknown architecture, a size below the network's minimum, or weights that
    cannot be had or do not fit.

    Example:
        >>> model = build_classifier("resnet50", num_classes=1054, weights="imagenet", trainable=False)
    """
    backbone = get_backbone(architecture)
    size = image_size or backbone.input_size
    check_size(backbone, size)
    pixels = keras.Input((size, size, 3), name="pixels")
    scaled = preprocessing_layer(preprocessing, backbone)(pixels)
    constructor = getattr(keras.applications, backbone.constructor)
    base = constructor(input_tensor=scaled, include_top=False, weights=None, pooling="avg")
    load_backbone_weights(base, backbone, weights)
    base.trainable = trainable
    outputs = keras.layers.Dense(num_classes, activation="softmax", name=HEAD)(base.output)
    return keras.Model(pixels, outputs, name=architecture)


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
    outputs = keras.layers.Dense(num_classes, activation="softmax", name=HEAD)(features)
    return keras.Model(classifier.input, outputs, name=classifier.name)


def predict_batch(model, inputs, batch_size):
    """The model's outputs for a batch, a short one filled up first: each new batch size costs a compilation.

    Arguments:
        model: a keras.Model.
        inputs: array of at most `batch_size` inputs.
        batch_size: the number that every call is made with.

    Returns an array with one row an input.
    """
    missing = batch_size - len(inputs)
    filled = np.concatenate([inputs, np.repeat(inputs[-1:], missing, axis=0)]) if missing else inputs
    return model.predict_on_batch(filled)[: len(inputs)]


def parameter_counts(model):
    """Numbers of trainable and of frozen parameters, as two integers."""
    return tuple(
        sum(math.prod(weight.shape) for weight in weights)
        for weights in (model.trainable_weights, model.non_trainable_weights)
    )
