"""Float32 networks whose products round their factors to bfloat16, on processors that multiply these faster.

oneDNN calls it a floating-point math mode. Sums, weights and everything else stay float32. In its version 3.12 it needs
AMX: with AVX-512's bfloat16 alone products stay as they are, which is why it is tried before it is believed.
"""

from __future__ import annotations

import os

import keras
import numpy as np
from keras import ops

from arttl.base.errors import InputError

FAST = "fast-float32"
_TENSORFLOW = "TF_SET_ONEDNN_FPMATH_MODE"  # which TensorFlow reads once, when it first computes a convolution
_on = set()  # the backends of this process that have it on


def in_bfloat16():
    """Whether products of float32 round their factors, since products_in_bfloat16(True)."""
    return keras.backend.backend() in _on


def products_in_bfloat16(wanted):
    """Have products of float32 round their factors to bfloat16, or not.

    Arguments:
        wanted: True or False.

    Raises InputError where it changes nothing on this machine and backend, and where it cannot be taken back.
    """
    name = keras.backend.backend()
    if wanted == in_bfloat16():
        return
    if name not in _WRITE:
        raise InputError(f'{name} has no precision="{FAST}"; leave it out, or choose another backend (KERAS_BACKEND)')
    _WRITE[name](wanted)
    if rounds_factors() != wanted:
        _WRITE[name](not wanted)
        raise InputError(_NOTHING.format(name) if wanted else _NO_WAY_BACK.format(name))
    _on.symmetric_difference_update({name})


def rounds_factors():
    """Whether this backend rounds the factors of a convolution to bfloat16: of 1 + 2 ** -12 it then keeps 1."""
    images = ops.convert_to_tensor(np.full((8, 16, 16, 64), 1 + 2**-12, "float32"))
    sums = ops.conv(images, ops.ones((3, 3, 64, 64)), padding="valid", data_format="channels_last")
    return float(sums[0, 0, 0, 0]) == 9 * 64


def _write_tensorflow(wanted):
    os.environ[_TENSORFLOW] = "BF16" if wanted else ""


def _write_torch(wanted):
    import torch

    torch.backends.mkldnn.set_flags(_fp32_precision="bf16" if wanted else "ieee")


_WRITE = {"tensorflow": _write_tensorflow, "torch": _write_torch}
_NOTHING = (
    f'precision="{FAST}" changes nothing here: this processor, or {{}} after what it has computed already, keeps the '
    "factors of products whole (oneDNN needs AMX); leave it out, or where the processor has bfloat16 arithmetic "
    'try precision="mixed_bfloat16"'
)
_NO_WAY_BACK = (
    f'this process computes in precision="{FAST}", which {{}} cannot leave; start a new one for other precisions'
)
