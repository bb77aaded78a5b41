"""The studies' training settings, as data: Recipe, its presets, eras of Keras, single settings."""

from arttl.recipes.recipe import (
    APPROACHES,
    CHOICES,
    INITIAL,
    LEAST,
    RECIPES,
    TICKETS,
    Recipe,
    fine_tuning,
    from_scratch,
    get_recipe,
    off_the_shelf,
    tickets,
)

__all__ = [
    "APPROACHES",
    "CHOICES",
    "INITIAL",
    "LEAST",
    "RECIPES",
    "TICKETS",
    "Recipe",
    "fine_tuning",
    "from_scratch",
    "get_recipe",
    "off_the_shelf",
    "tickets",
]
