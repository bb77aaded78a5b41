"""The four backbones, the classifier built on them, and their weights."""

from arttl.models.backbones import BACKBONES, Backbone, check_size, get_backbone
from arttl.models.classifier import (
    HEAD,
    build_classifier,
    feature_extractor,
    parameter_counts,
    predict_batch,
    replace_head,
)
from arttl.models.preprocessing import CaffePreprocessing
from arttl.models.weights import check_weights, weights_fingerprint

__all__ = [
    "BACKBONES",
    "HEAD",
    "Backbone",
    "CaffePreprocessing",
    "build_classifier",
    "check_size",
    "check_weights",
    "feature_extractor",
    "get_backbone",
    "parameter_counts",
    "predict_batch",
    "replace_head",
    "weights_fingerprint",
]
