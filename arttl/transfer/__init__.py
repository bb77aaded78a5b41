"""Chapter 1: transfer learning from natural images to art, one collection at a time."""

from arttl.training.collection_data import CollectionData
from arttl.transfer.data import DataSettings
from arttl.transfer.method import search_classifier, train_and_test
from arttl.transfer.plan import Demo, RunSpec, Source, Variant
from arttl.transfer.run import run_one
from arttl.transfer.study import TransferStudy

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
