"""In which settings runs of Chapter 1 may differ that are compared: those that an approach or a source stands for."""

from __future__ import annotations

from arttl.base.wording import first_few
from arttl.collections import BUNDLED
from arttl.recipes import APPROACHES, RECIPES, get_recipe
from arttl.recipes.demonstration import MAX_EPOCHS
from arttl.recipes.eras import ERAS
from arttl.recipes.overrides import as_of_now, flattened

OWN = ("seed", "source_run.seed")
"""Settings in which two runs may always differ: that both sides have the same seeds is seen to elsewhere."""

WEIGHTS = ("weights", "weights_file", "source", "source_run", "recipe.numerics.resnet50")
"""Settings that go with the weights that training starts from; ResNet50's graph is the one they were made in."""

_SHORT = 12  # characters of a value that says something; fingerprints are longer


def check_agreement(better, worse):
    """Raise ValueError, saying in what, where two runs differ beyond what is compared: their approach or source.

    An approach stands for what its preset says of it (on a bundled collection with the demonstration's epochs), and
    "from scratch" for weights of no one's. So a setting may
    differ where each run has the value of its own preset, and the weights where the sources differ or one side is from
    scratch. In everything else the runs must agree: data, network, epochs, precision, backend and so on. Recipes that
    say nothing of a setting were made before there was one, and have the preset's.

    Arguments:
        better, worse: rows of Collected.runs of one seed.
    """
    presets = [_preset(run.settings) for run in (better, worse)]
    first, second = (
        preset | flattened(as_of_now(run.settings)) for preset, run in zip(presets, (better, worse), strict=True)
    )
    own = [*OWN, *(WEIGHTS if _other_weights(better, worse) else ())]
    if first.get("weights_file") and second.get("weights_file"):
        own.append("weights")  # the path alone, of files that are compared
    differing = [
        name
        for name in {**first, **second}
        if first.get(name) != second.get(name)
        and not any(name == each or name.startswith(f"{each}.") for each in own)
        and [first.get(name), second.get(name)] != [preset.get(name) for preset in presets]
    ]
    if differing:
        raise ValueError(f"they differ in {in_words(differing, first, second)}")


def in_words(names, first, second):
    """Names of settings with both values, where these are short: "recipe.max_epochs (5 and 30), files".

    Arguments:
        names: of settings, nested ones with dots.
        first, second: dicts of both runs' flattened settings.
    """
    values = {name: [str(each.get(name, "not given")) for each in (first, second)] for name in names}
    return first_few(
        f"{name} ({' and '.join(pair)})" if max(map(len, pair)) <= _SHORT else name for name, pair in values.items()
    )


def _preset(settings):
    """A run's recipe as its preset has it, dotted below "recipe"; none where there is no such preset."""
    recipe = settings["recipe"]
    name, approach, numerics = (recipe.get(key) for key in ("name", "approach", "numerics"))
    if name not in RECIPES or approach not in APPROACHES:
        return {}
    era = numerics.get("era") if isinstance(numerics, dict) else None
    preset = get_recipe(name, approach, numerics=era if era in tuple(ERAS) else None)
    if settings.get("collection") in BUNDLED:
        preset = preset.changed({"max_epochs": MAX_EPOCHS[approach]})
    return flattened({"recipe": preset.settings()})


def _other_weights(better, worse):
    """Whether two runs are to start from other weights: those of another source, or one of them from none."""
    return better.source != worse.source or "scratch" in {better.approach, worse.approach}
