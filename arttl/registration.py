"""Make the package's layers, losses and optimisers known to Keras, so that saved models load again.

Keras finds a custom object only once the module that registers it is imported, and `import arttl` alone must not cost
the seconds that importing Keras takes. So they are registered as soon as both packages are imported.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys

# They import no other module of the package that imports Keras: whichever does so first is half imported by then.
REGISTERS = ("arttl.models.keras2018", "arttl.models.preprocessing")


def register_with_keras():
    """Register now where Keras is imported already, else right after it is."""
    if "keras" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _AfterKeras())


def _register():
    for module in REGISTERS:
        importlib.import_module(module)


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Finds Keras as Python would, and imports REGISTERS once Keras is loaded."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("keras")
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_register(module):
                load(module)
                _register()

            spec.loader.exec_module = load_and_register
        return spec
