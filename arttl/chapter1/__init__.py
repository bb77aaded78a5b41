"""Chapter 1: transfer learning from natural images to art, one collection at a time."""

from arttl.chapter1.data import DataSettings
from arttl.chapter1.method import search_classifier, train_and_test
from arttl.chapter1.plan import Demo, RunSpec, Source, Variant
from arttl.chapter1.run import run_one
from arttl.chapter1.study import TransferStudy
from arttl.training.collection_data import CollectionData

__all__ = [
    "CollectionData",
    "DataSettings",
    "Demo",
    "RunSpec",
    "Source",
    "TransferStudy",
    "Variant",
    "run_one",
    "search_classifier",
    "train_and_test",
]
