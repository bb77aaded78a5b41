"""Public names of a package that load at first use, so that importing it costs little and imports no Keras."""

from __future__ import annotations

import importlib


def attach(package, names=None, modules=(), own=()):
    """What a package's `__init__` needs: `__getattr__`, `__dir__` and `__all__`.

    Arguments:
        package: its name.
        names: dict of a public name to the module of the package that has it, or to the package that it is a module of.
        modules: modules of the package that are public themselves.
        own: public names that the `__init__` defines.

    Example:
        >>> __getattr__, __dir__, __all__ = attach(__name__, {"ImageStore": "images"})
    """
    names = names or {}
    public = sorted([*own, *modules, *names])

    def load(name):
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        if name in names:
            module = importlib.import_module(f"{package}.{names[name]}")
            is_module = not hasattr(module, name)
            return importlib.import_module(f"{module.__name__}.{name}") if is_module else getattr(module, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load, lambda: public, public
