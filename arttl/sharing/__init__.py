"""A run's result as a folder to share, and pictures classified with it.

Names that need more than the standard library load at first use.
"""

from __future__ import annotations

import importlib

_NAMES = {"Classifier": "classifier", "export_run": "export", "load_classifier": "classifier"}

__all__ = list(_NAMES)


def __getattr__(name):
    if name in _NAMES:
        return getattr(importlib.import_module(f"arttl.sharing.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'arttl.sharing' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
