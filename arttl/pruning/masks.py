"""Magnitude masks over a network's convolution kernels.

Source: thesis, Chapter 2, protocol step 2 (prune the remaining weights of lowest magnitude).
"""

from __future__ import annotations

import keras
import numpy as np


def prunable_kernels(model):
    """The convolution kernels of a model, in layer order.

    Biases, BatchNormalization and dense layers (the head, which transfer replaces) are never pruned.

    Returns a dict: variable path (str) to keras.Variable.
    """
    kernels = {}
    for layer in model.layers:
        for variable in layer.trainable_variables or layer.variables:
            if variable.name.endswith("kernel") and len(variable.shape) == 4:
                kernels[variable.path] = variable
    return kernels


def magnitude_masks(kernels, sparsity, scope="global"):
    """Masks that keep the weights of largest magnitude.

    Arguments:
        kernels: dict of name to array, of any shapes.
        sparsity: fraction of weights to remove, in [0, 1); round(sparsity * count) weights go.
        scope: "global" compares magnitudes over all kernels, "layer" within each one.

    Returns a dict of name to boolean array, True where a weight stays. Ties go to the weight that comes
    first, so the count is exact.

    Raises ValueError if sparsity or scope is not one of the above.
    """
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity must be in [0, 1), got {sparsity}")
    arrays = {name: np.abs(np.asarray(array)) for name, array in kernels.items()}
    if scope == "layer":
        return {name: _keep_largest(array.ravel(), sparsity).reshape(array.shape) for name, array in arrays.items()}
    if scope != "global":
        raise ValueError(f'scope must be "global" or "layer", got {scope!r}')
    kept = _keep_largest(np.concatenate([array.ravel() for array in arrays.values()]), sparsity)
    ends = np.cumsum([array.size for array in arrays.values()])[:-1]
    parts = np.split(kept, ends)
    return {name: part.reshape(array.shape) for (name, array), part in zip(arrays.items(), parts, strict=True)}


def _keep_largest(magnitudes, sparsity):
    count = round(sparsity * magnitudes.size)
    kept = np.ones(magnitudes.size, bool)
    kept[np.argsort(-magnitudes, kind="stable")[magnitudes.size - count :]] = False
    return kept


class MaskConstraint(keras.constraints.Constraint):
    """Multiply a kernel by a mask after each optimiser step, inside the compiled step.

    The mask is a variable, so changing it takes effect in a step that TensorFlow has already compiled. A compiled JAX
    step does not see the change: compile the model again after each one.

    Arguments:
        shape: shape of the kernel.
        dtype: dtype of the kernel.
    """

    def __init__(self, shape, dtype="float32"):
        self.mask = keras.Variable(np.ones(shape, dtype), trainable=False, dtype=dtype, name="mask")

    def __call__(self, kernel):
        """The kernel with its pruned weights set to zero."""
        return kernel * self.mask
