"""What a run's settings are, beside those of the thesis and of the authors' released code."""

from __future__ import annotations

from arttl.base.markdown import markdown_table
from arttl.recipes import get_recipe
from arttl.recipes.overrides import flattened

# Settings that a study's text or code does not state; its preset then holds this package's choice.
_UNSAID = {
    "thesis": ("numerics", "decoding", "resize", "shuffle", "drop_remainder", "cycle", "warm_up", "max_epochs"),
    "released": ("numerics",),
}


def explain(recipes):
    """A Markdown table for each approach: setting, thesis, released code, this run.

    Arguments:
        recipes: Recipes; of several with the same settings only the first is shown.

    Returns text. "(not said)" marks a value that is this package's choice; "*" marks one of this run's values that
    differs from the thesis'.
    """
    distinct = {str(recipe.settings()): recipe for recipe in recipes}.values()
    return "\n\n".join(f"{recipe.approach}\n\n{_table(recipe)}" for recipe in distinct)


def _table(recipe):
    thesis, released = (flattened(get_recipe(name, recipe.approach).settings()) for name in _UNSAID)
    run = flattened(recipe.settings())
    names = [name for name in {**run, **thesis, **released} if name not in ("name", "approach")]
    rows = [
        (
            name,
            _said("thesis", name, thesis),
            _said("released", name, released),
            setting_text(run.get(name)) + (" *" if run.get(name) != thesis.get(name) else ""),
        )
        for name in names
    ]
    return markdown_table(("setting", "thesis", "released code", f"this run ({recipe.name})"), rows)


def _said(study, name, settings):
    unsaid = name.partition(".")[0] in _UNSAID[study]
    return setting_text(settings.get(name)) + (" (not said)" if unsaid else "")


def setting_text(value):
    """A setting's value as tables show it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
