"""Make the package's layers, losses and optimisers known to Keras, so that saved models load again.

Keras finds a custom object only once the module that registers it is imported, and `import arttl` alone must not cost
the seconds that importing Keras takes. So they are registered as soon as both packages are imported.
"""

from __future__ import annotations

import importlib.abc
import sys
from functools import partial

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
    """Finds Keras as Python would, and imports REGISTERS once Keras is loaded.

    It stays until then: who calls importlib.util.find_spec("keras") only asks whether there is one.
    """

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "keras":
            return None
        others = (each.find_spec(fullname, path, target) for each in sys.meta_path if not isinstance(each, _AfterKeras))
        spec = next((each for each in others if each is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = partial(self._load, spec.loader.exec_module)
        return spec

    def _load(self, load, module):
        load(module)
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        _register()
