"""Splits: which images a model learns from, which choose its stopping epoch, and which test it.

Drawn once, written to a file, and the same for every architecture and approach. Source: thesis, Chapter 1
(80% train, 10% validation, 10% test; only classes that occur in every split), and the authors' released code.
"""

from arttl.splits.files import Grouping, find_or_make, load_split, save_split, split_path
from arttl.splits.split import FEWEST_IMAGES, PRESETS, Split, make_split, overlap

__all__ = [
    "FEWEST_IMAGES",
    "PRESETS",
    "Grouping",
    "Split",
    "find_or_make",
    "load_split",
    "make_split",
    "overlap",
    "save_split",
    "split_path",
]
