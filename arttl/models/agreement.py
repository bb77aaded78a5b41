"""Whether a classifier of this package and the recipe that is to train it are of one mind."""

from __future__ import annotations

from dataclasses import replace

import keras

from arttl.base.errors import InputError
from arttl.models.belongings import weights_path, what_layers_need, what_weights_need
from arttl.models.flat import leaves
from arttl.recipes.eras import Numerics, get_numerics

BUILT = ("preprocessing", "head")  # layers by which a classifier of this package is known, saved or not
_MOVING = {"frozen_batchnorm": "moving", "frozen_updates": False}
_AVERAGES = ("moving_average", "moving_variance")  # what of BatchNormalization counts where it is trained


def numerics_for(recipe):
    """The Numerics of the layers that a recipe trains on.

    Where X is computed once, a frozen BatchNormalization has its moving statistics; so it has in `fit`.
    """
    return replace(recipe.numerics, **_MOVING) if recipe.features == "one-pass" else recipe.numerics


def settled(backbone, weights, recipe, preprocessing, numerics, trainable):
    """The three settings that a recipe, weights, or the caller decide.

    Arguments:
        backbone: its row of the table.
        weights: as build_classifier takes them.
        recipe: a Recipe or None.
        preprocessing, numerics, trainable: as the caller gave them; None for what is left open.

    Returns (preprocessing or None, Numerics, trainable).

    Raises InputError where two of them contradict each other, naming both.
    """
    numerics = None if numerics is None else get_numerics(numerics)
    if recipe is not None:
        for name, here, there in (
            ("preprocessing", preprocessing, recipe.preprocessing),
            ("trainable", trainable, recipe.trains_backbone),
            ("numerics", numerics and numerics.era, recipe.numerics.era),
        ):
            if here is not None and here != there:
                raise InputError(
                    f"{name}={here!r} contradicts the recipe {recipe.name!r} for {recipe.approach}, which has {there!r}"
                    "; leave one out, or change the recipe with its `changed`"
                )
    given = preprocessing is not None, numerics is not None
    preprocessing = preprocessing or (recipe and recipe.preprocessing)
    numerics = numerics or (numerics_for(recipe) if recipe else Numerics())
    needs = _needs(backbone, weights)
    if needs is not None and not given[0] and needs.preprocessing not in (None, preprocessing):
        if recipe is not None:
            raise InputError(_contradicted(weights, "preprocessing", needs.preprocessing, preprocessing))
        preprocessing = needs.preprocessing
    if needs is not None and not given[1] and needs.resnet50 and numerics.resnet50 not in needs.resnet50:
        if len(needs.resnet50) > 1 or (recipe is not None and recipe.features != "one-pass"):
            graphs = " or ".join(needs.resnet50)
            raise InputError(_contradicted(weights, "numerics.resnet50", graphs, numerics.resnet50))
        numerics = replace(numerics, resnet50=needs.resnet50[0])
    return preprocessing, numerics, recipe.trains_backbone if recipe else trainable is None or trainable


def check_agreement(model, recipe):
    """Raise InputError, naming both sides, where a recipe is to train a model that was built for another.

    The preprocessing must be the recipe's, and so must the graph of ResNet50 and the BatchNormalization as far as they
    take part in training. Off the shelf with X computed once, today's graph and layers do as well: they only compute X.

    Arguments:
        model: a keras.Model. One that this package has not built is not judged.
        recipe: a Recipe.
    """
    layers = leaves(model)
    if not set(BUILT) <= {layer.name for layer in layers}:
        return
    found = what_layers_need(layers)
    if found.preprocessing not in (None, recipe.preprocessing):
        raise _contradiction(model, recipe, "preprocessing", recipe.preprocessing, found.preprocessing)
    once, graph = recipe.features == "one-pass", recipe.numerics.resnet50
    if found.resnet50 and graph not in found.resnet50 and not (once and "keras3" in found.resnet50):
        raise _contradiction(model, recipe, "numerics.resnet50", graph, found.resnet50[0])
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            _check_batch_normalization(model, recipe, layer)


def _check_batch_normalization(model, recipe, layer):
    """What counts of a layer that is trained is how it averages; of a frozen one, what it normalises by too."""
    found, wanted = getattr(layer, "settings", None) or Numerics().batchnorm, recipe.numerics.batchnorm
    if not layer.trainable and recipe.features == "one-pass" and found["frozen_batchnorm"] == "moving":
        return
    for name in _AVERAGES if layer.trainable else wanted:
        if found[name] != wanted[name]:
            raise _contradiction(model, recipe, f"numerics.{name}", wanted[name], found[name])


def _needs(backbone, weights):
    """What belongs to weights from a file; None where nothing is known, or the file is of no such kind."""
    path = weights_path(backbone and backbone.name, weights)  # without a name a backbone of one's own
    return None if path is None else what_weights_need(path)


def _contradicted(weights, name, there, here):
    return (
        f"weights {weights} were made with {name} {there}, and here it is {here}; give the recipe changed with "
        f"{{{name!r}: VALUE}}, or build without one and give {name.partition('.')[0]}="
    )


def _contradiction(model, recipe, name, wanted, found):
    return InputError(
        f"the recipe {recipe.name!r} for {recipe.approach} has {name} {wanted!r}, and model {model.name!r} was built "
        f"with {found!r}; build it with build_classifier(..., recipe=recipe), or compile it with "
        f"recipe.changed({{{name!r}: {found!r}}})"
    )
