"""The four backbones, the classifier built on them, and their weights; two small networks besides.

Names load at first use: the table of backbones needs no Keras, and is wanted where nothing is trained.
"""

from __future__ import annotations

from arttl.base.lazy import attach

_NAMES = {
    "BACKBONES": "backbones",
    "Backbone": "backbones",
    "CaffePreprocessing": "preprocessing",
    "HEAD": "classifier",
    "build_classifier": "classifier",
    "check_size": "backbones",
    "check_weights": "weights",
    "feature_extractor": "classifier",
    "flatten": "flat",
    "get_backbone": "backbones",
    "lenet_300_100": "small",
    "parameter_counts": "classifier",
    "predict_batch": "classifier",
    "replace_head": "classifier",
    "resnet20": "small",
    "set_trainable": "trainability",
    "weights_fingerprint": "weights",
}

__getattr__, __dir__, __all__ = attach(__name__, _NAMES)
