"""What a saved Keras model needs beside Keras: the classes in it that are not Keras' own, and what registers them."""

from __future__ import annotations

import json
import zipfile

from arttl.base.errors import InputError
from arttl.base.registration import REGISTERS

NOTE = "arttl.json"
"""The member of a .keras file in which its needs are written; Keras looks for members of other names."""

_KERAS = ("keras", "builtins", "builtin")


def needed_objects(path):
    """The classes of a saved model that are not Keras' own: layers, losses, optimisers, metrics.

    Arguments:
        path: a .keras file, of this package or not. It is read as text; nothing of it is loaded.

    Returns a sorted list of dotted names, such as "arttl.models.preprocessing.CaffePreprocessing"; empty where
    `keras.saving.load_model` needs nothing else.

    Raises InputError where it is no such file.

    Example:
        >>> model.save("mine.keras")
        >>> needed_objects("mine.keras")
        []
    """
    try:
        with zipfile.ZipFile(path) as file:
            return sorted(set(_custom(json.loads(file.read("config.json")))))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no .keras file ({error}); save the model as one") from error


def needs_in_words(names):
    """What to import before a model is loaded, in words.

    Arguments:
        names: of `needed_objects`.
    """
    if not names:
        return "nothing but Keras"
    imports = sorted({_import_of(name) for name in names})
    return f"`import {', '.join(imports)}`, for {', '.join(name.rpartition('.')[2] for name in names)}"


def note_needs(path):
    """Write into a .keras file what it needs: "objects" as of `needed_objects`, and "needs" in words, as JSON."""
    names = needed_objects(path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(NOTE, json.dumps({"objects": names, "needs": needs_in_words(names)}))


def _import_of(name):
    """The package whose import registers a class: for some of ours `import arttl` does."""
    module = name.rpartition(".")[0]
    rooms = 1 if any(module == each or module.startswith(f"{each}.") for each in REGISTERS) else 2
    return ".".join(module.split(".")[:rooms])


def _custom(config):
    """Dotted names of what is not Keras' in a saved configuration."""
    if isinstance(config, dict):
        module, name = config.get("module"), config.get("class_name")
        if isinstance(module, str) and isinstance(name, str) and module.partition(".")[0] not in _KERAS:
            yield f"{module}.{name}"
        for value in config.values():
            yield from _custom(value)
    elif isinstance(config, list):
        for value in config:
            yield from _custom(value)
