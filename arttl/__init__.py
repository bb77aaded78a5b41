"""Transfer learning from natural images to art: two studies reproduced, their methods for your own models.

Public names load at first use, so that `import arttl` costs little and imports no Keras backend.
"""

from __future__ import annotations

import importlib

from arttl.registration import register_with_keras

__version__ = "0.1.0"

_MODULES = (
    "collections",
    "eras",
    "features",
    "images",
    "metrics",
    "models",
    "pruning",
    "recipes",
    "runs",
    "saliency",
    "sharing",
    "sources",
    "splits",
    "training",
)
_NAMES = {
    "BACKBONES": "models",
    "Classifier": "sharing",
    "Collection": "collections",
    "ImageStore": "images",
    "InputError": "errors",
    "RunFolder": "runs",
    "build_classifier": "models",
    "export_run": "sharing",
    "extract_features": "features",
    "load_classifier": "sharing",
    "replace_head": "models",
}

__all__ = ["__version__", *_MODULES, *_NAMES]


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"arttl.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"arttl.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'arttl' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)


register_with_keras()
