"""Which layers of a classifier are trained: freezing, and thawing from the top."""

from __future__ import annotations

import keras

from arttl.base.errors import InputError
from arttl.models.flat import leaves
from arttl.models.heads import heads_of

_OF_A_HEAD = (keras.layers.Dense, keras.layers.BatchNormalization, keras.layers.LayerNormalization)


def set_trainable(
    model: keras.Model, trainable: bool = True, top: int | None = None, batch_normalization: bool | None = None
) -> keras.Model:
    """Choose which layers of a classifier are trained; the head, its last layer with weights, always is, or all heads.

    Compile the model after it, since Keras takes what is trained when a model is compiled. It changes no weight.

    Arguments:
        model: a keras.Model, flat, or with a backbone or augmentation as one of its layers.
        trainable: True for every layer, False for the head alone.
        top: with True, only the head and the `top` layers below it that have weights, BatchNormalization not counted.
        batch_normalization: whether BatchNormalization is trained where other layers are. By default it is where
            everything is, as in the studies, and is not where only the top is, as Keras' guides have it: small batches
            would spoil its statistics. What a frozen one does in training is the era's (docs/fidelity.md).

    Returns the model.

    Raises InputError for a model without weights, and for a `top` that is no whole number from 0 or given with False.

    Example:
        >>> model = recipe.compile(set_trainable(model, top=2))
    """
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 0 or not trainable):
        raise InputError(f"top is {top!r} and trainable {trainable!r}; give a whole number of layers from 0, and True")
    weighty, heads = _with_weights(model), heads_of(model)
    below = [layer for layer in weighty if layer not in heads]
    normalizations = [layer for layer in below if isinstance(layer, keras.layers.BatchNormalization)]
    counted = [layer for layer in below if layer not in normalizations]
    lowest = 0 if top is None else below.index(counted[-top:][0]) if top and counted else len(below)
    chosen = set(below[lowest:] if trainable else ())
    if not (top is None if batch_normalization is None else batch_normalization):
        chosen -= set(normalizations)
    _thaw(model)
    for layer in leaves(model):
        layer.trainable = layer in heads or layer in chosen or not layer.weights
    return model


def check_trainability(model, recipe):
    """Raise InputError where what a model trains contradicts a recipe's approach.

    Arguments:
        model: a built keras.Model.
        recipe: a Recipe. One that trains the backbone takes one that is frozen in part, since that was asked for.
    """
    backbone = _with_weights(model)
    while backbone and isinstance(backbone[-1], _OF_A_HEAD):
        backbone.pop()
    trained = [layer for layer in backbone if layer.trainable_weights]
    if trained and not recipe.trains_backbone:
        raise InputError(
            f"approach {recipe.approach!r} trains the head alone, and {len(trained)} layers of {model.name!r} below it "
            "are trainable; freeze them with arttl.set_trainable(model, False)"
        )
    if backbone and not trained and recipe.trains_backbone:
        raise InputError(
            f"approach {recipe.approach!r} trains the backbone, and that of {model.name!r} is frozen; thaw it with "
            "arttl.set_trainable(model, True), or its top with top=N"
        )


def _with_weights(model):
    layers = [layer for layer in leaves(model) if layer.weights]
    if not layers:
        raise InputError(
            f"model {model.name!r} has no weights yet; begin it with keras.Input, or call its build(input_shape)"
        )
    return layers


def _thaw(model):
    """Make a model, and those within it, neither frozen nor deaf to `model.trainable = True`.

    On TensorFlow Keras passes over `model.trainable = True` where the flag is the object True already, whatever the
    layers are. 1 is as true, is no such object, and comes back as True from a saved model.
    """
    model._trainable = 1
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _thaw(layer)
