"""What belongs to the weights that a run starts from: they bring their preprocessing and their graph of ResNet50."""

from __future__ import annotations

from arttl.base.errors import InputError
from arttl.models.belongings import BUNDLED, Belongings, weights_path, what_weights_need

_STUDY = "thesis"  # the recipe without --recipe
_BELONGING = ("preprocessing", "numerics.resnet50")


def asked_for(recipe_name, settings):
    """What of the settings that belong to weights the options decide: a dict of a setting's name to the argument.

    A recipe decides the preprocessing. The graph goes with the weights whatever the era of everything else is.

    Arguments:
        recipe_name: of --recipe.
        settings: dict of --set.
    """
    asked = {} if recipe_name == _STUDY else {"preprocessing": f'recipe="{recipe_name}"'}
    return asked | {name: f'{name}="{settings[name]}"' for name in _BELONGING if name in settings}


def fitted(recipe, architecture, start, asked, deliberate=False):
    """A recipe with the settings in which the weights were trained that it starts from.

    Arguments:
        recipe: a Recipe.
        architecture: name of the network.
        start: of NAMED_WEIGHTS, or a file's path as text.
        asked: of `asked_for`.
        deliberate: what was asked for may differ from the weights', since that is what is to be measured.

    Returns (Recipe, lines that say what was taken over or is assumed).

    Raises InputError where a model's own settings are not those that were asked for.
    """
    path = weights_path(architecture, start)
    if path is None or not path.is_file():
        return recipe, ()
    found = what_weights_need(path) or Belongings()
    needs = {"preprocessing": (found.preprocessing,) if found.preprocessing else ()}
    needs |= {"numerics.resnet50": found.resnet50} if architecture == "resnet50" else {}
    bare, notes = found.preprocessing is None, []
    for name, values in needs.items():
        here = _value(recipe, name)
        if here in values or (not values and name in asked):
            continue
        if name in asked and not (bare or deliberate):
            raise InputError(
                f"{start} was trained with {name} {' or '.join(values)}, and {asked[name]} has {here}; leave it out, "
                f'or add {name}="{values[0]}"'
            )
        taken = values and name not in asked and (len(values) == 1 or not bare)
        recipe = recipe.changed({name: values[0]}) if taken else recipe
        notes.append(_note(start, name, values, here, taken))
    return recipe, () if start in BUNDLED or deliberate else tuple(notes)


def _note(start, name, values, here, taken):
    """A line on one setting: what was taken over from the weights, or what is assumed of them."""
    if not values:
        return f'{start} does not say its {name}: {here} is assumed, and {name}="VALUE" says otherwise'
    made = f"{start} was made with {name} {' or '.join(values)}"
    return f"{made}, which is taken over in the place of {here}" if taken else f"{made}, and is put into {here}"


def _value(recipe, name):
    return recipe.numerics.resnet50 if name == "numerics.resnet50" else recipe.preprocessing
