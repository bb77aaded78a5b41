"""What was recorded from the real Keras of 2018 (tools/keras2018), and how near arttl must come to it."""

import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np

from arttl.recipes.eras import ERAS

HERE = Path(__file__).parent
IMAGES = HERE / "references" / "keras2018" / "images"
sys.path.insert(0, str(HERE.parent / "tools" / "keras2018"))

import cases  # noqa: E402

__all__ = ["IMAGES", "OF_2018", "TOLERANCE", "cases", "far", "near", "reference", "relative"]

OF_2018 = tuple(era for era in ERAS if era != "keras3")
TOLERANCE = 1 if keras.backend.backend() == "tensorflow" else 10  # other backends may be ten times further off


@cache
def reference(era):
    """The recorded arrays of an era, by name."""
    with np.load(HERE / "references" / "keras2018" / f"{era}.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def relative(found, expected):
    """The largest difference, as a share of the largest expected value."""
    return float(np.abs(np.asarray(found, "float64") - expected).max() / np.abs(expected).max())


def near(found, expected, tolerance):
    """True where `found` is as near as it must be."""
    return relative(found, expected) <= tolerance * TOLERANCE


def far(found, expected, tolerance):
    """True where `found` is out of tolerance on every backend."""
    return relative(found, expected) > tolerance * 10
