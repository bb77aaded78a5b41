"""Transfer learning from natural images to art: two studies reproduced, their methods for your own models.

Public names load at first use, so that `import arttl` costs little and imports no Keras backend.
"""

from __future__ import annotations

from arttl.base.lazy import attach
from arttl.base.registration import register_with_keras

__version__ = "0.1.0"

_MODULES = (
    "collections",
    "images",
    "models",
    "pruning",
    "published",
    "recipes",
    "reports",
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
    "InputError": "base.errors",
    "RunFolder": "runs",
    "build_classifier": "models",
    "eras": "recipes",
    "export_run": "sharing",
    "extract_features": "training.features",
    "features": "training",
    "load_classifier": "sharing",
    "metrics": "runs",
    "replace_head": "models",
    "set_trainable": "models",
}

__getattr__, __dir__, __all__ = attach(__name__, _NAMES, _MODULES, own=["__version__"])

register_with_keras()
