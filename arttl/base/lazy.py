"""Public names of a package that load at first use, so that importing it costs little and imports no Keras.

They stand in the `__init__.pyi` beside the package's `__init__.py`, where editors and type checkers read them too.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path


def attach(package, file, hidden=None):
    """What a package's `__init__` needs: `__getattr__`, `__dir__` and `__all__`.

    Arguments:
        package: its name.
        file: its `__file__`; beside it is `__init__.pyi`, in which each `from MODULE import NAME as NAME` is public,
            and each annotation, such as `__version__: str`, is of a name that the `__init__` defines.
        hidden: names that load too and are in neither list, a dict to the module that they are of.

    Example:
        >>> __getattr__, __dir__, __all__ = attach("arttl.sharing", arttl.sharing.__file__)
        >>> __all__
        ['Classifier', 'export_run', 'load_classifier']
    """
    statements = ast.parse(Path(file).with_suffix(".pyi").read_text(encoding="utf-8")).body
    imports = [each for each in statements if isinstance(each, ast.ImportFrom) and each.module != "__future__"]
    sources = {each.name: line.module for line in imports for each in line.names}
    own = [each.target.id for each in statements if isinstance(each, ast.AnnAssign)]
    public, sources = sorted([*own, *sources]), sources | (hidden or {})

    def load(name):
        if name not in sources:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(sources[name])
        is_module = module.__name__ == package or not hasattr(module, name)
        return importlib.import_module(f"{module.__name__}.{name}") if is_module else getattr(module, name)

    return load, lambda: public, public
