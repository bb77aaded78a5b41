"""Arrays on the disk."""

from __future__ import annotations

import numpy as np


def storable(array):
    """An array as numpy.savez keeps it: bfloat16, which NumPy itself has not, as the float32 of the same values."""
    array = np.asarray(array)
    return array.astype("float32") if array.dtype.kind == "V" else array
