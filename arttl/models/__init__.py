"""The four backbones, the classifier built on them, and their weights; two small networks besides.

Names that need Keras load at first use: the table of backbones does not, and is wanted where nothing is trained.
"""

from __future__ import annotations

import importlib

from arttl.models.backbones import BACKBONES, Backbone, check_size, get_backbone

_NAMES = {
    "CaffePreprocessing": "preprocessing",
    "HEAD": "classifier",
    "build_classifier": "classifier",
    "check_weights": "weights",
    "feature_extractor": "classifier",
    "lenet_300_100": "small",
    "parameter_counts": "classifier",
    "predict_batch": "classifier",
    "replace_head": "classifier",
    "resnet20": "small",
    "weights_fingerprint": "weights",
}

__all__ = ["BACKBONES", "Backbone", "check_size", "get_backbone", *_NAMES]


def __getattr__(name):
    if name in _NAMES:
        return getattr(importlib.import_module(f"arttl.models.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'arttl.models' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
