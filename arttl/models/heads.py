"""Where a classifier's features end and its head begins."""

from __future__ import annotations

import keras

from arttl.base.errors import InputError
from arttl.models.flat import flatten, leaves
from arttl.models.walk import maker

HEAD = "head"  # name of the softmax layer
_NORMALIZATIONS = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)
_POOLING = {3: keras.layers.GlobalAveragePooling1D, 4: keras.layers.GlobalAveragePooling2D}


def add_head(features, num_classes, name=HEAD):
    """A softmax layer on a Keras tensor of shape (batch, features), Glorot-uniform and in float32; returns its output.

    Arguments:
        features: the tensor.
        num_classes: units; a dict of name to units makes a layer and an output of each.
        name: of the layer.
    """
    if isinstance(num_classes, dict):
        return {each: add_head(features, units, each) for each, units in num_classes.items()}
    return keras.layers.Dense(num_classes, activation="softmax", dtype="float32", name=name)(features)


def feature_extractor(classifier: keras.Model) -> keras.Model:
    """The part of a classifier from pixels to X, sharing its layers; output shape (batch, features).

    Arguments:
        classifier: a keras.Model with one head: its last layer with weights, normalisation aside, and what it takes is
            X. Where that is a map, as under the 1 x 1 convolution that ends MobileNet or SqueezeNet, X is its average
            over positions. A model within the model is entered.

    Raises InputError for a model without a graph, or without such a head.
    """
    flat = flatten(classifier)
    return keras.Model(flat.inputs, _features(flat), name=f"{classifier.name}_features")


def replace_head(classifier: keras.Model, num_classes: int | dict[str, int]) -> keras.Model:
    """A classifier with the same backbone layers (shared, not copied) and a new random head.

    Arguments:
        classifier: as of feature_extractor.
        num_classes: units of the new softmax layer; a dict of name to units makes several.
    """
    flat = flatten(classifier)
    return keras.Model(flat.inputs, add_head(_features(flat), num_classes), name=classifier.name)


def heads_of(model):
    """The layers that a model's outputs come from: its last one with weights, of several outputs that of each.

    Arguments:
        model: a keras.Model that has weights.
    """
    outputs = getattr(model, "outputs", None) or ()
    nodes = [_node_of_head(output) for output in outputs] if len(outputs) > 1 else []
    found = [_last_with_weights(node.operation) for node in nodes if node is not None]
    return list(dict.fromkeys(found)) or [_last_with_weights(model)]


def _last_with_weights(layer):
    within = leaves(layer) if isinstance(layer, keras.Model) else [layer]
    return [each for each in within if each.weights][-1]


def _features(flat):
    """What the head of a flat model takes, a Keras tensor of shape (batch, features)."""
    node = _node_of_head(flat.outputs[0]) if len(flat.outputs) == 1 else None
    taken = node.input_tensors[0] if node is not None and len(node.input_tensors) == 1 else None
    rank = 0 if taken is None else len(taken.shape)
    if rank == 2:
        return taken
    if rank in _POOLING and len(flat.outputs[0].shape) == 2:
        return _POOLING[rank](name="features_pool")(taken)
    raise InputError(
        f"model {flat.name!r} does not end in one head that takes vectors (batch, features), such as a Dense layer "
        "after pooling; cut it there with keras.Model(input, output)"
    )


def _node_of_head(output):
    """The call of the last layer with weights on the way to an output; None where the way is not a single one."""
    node = maker(output)
    while not node.is_input:
        if getattr(node.operation, "weights", ()) and not isinstance(node.operation, _NORMALIZATIONS):
            return node
        if len(node.input_tensors) != 1:
            return None
        node = maker(node.input_tensors[0])
    return None
