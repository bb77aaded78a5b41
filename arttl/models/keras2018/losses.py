"""Categorical cross-entropy as Keras computed it in 2018."""

from __future__ import annotations

import keras
from keras import ops

EPSILON = 1e-7  # keras.backend.epsilon() of 2018


@keras.saving.register_keras_serializable(package="arttl")
class CategoricalCrossentropy2018(keras.losses.Loss):
    """Cross-entropy of probabilities that are renormalised and clipped to [1e-7, 1 - 1e-7].

    No image costs more than -log(1e-7) = 16.118, and one beyond the bounds has no gradient. Keras 3 on TensorFlow
    takes the softmax's logits instead, without bound.

    Example:
        >>> loss = CategoricalCrossentropy2018()(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
        >>> round(float(loss), 3)
        16.118
    """

    def __init__(self, reduction="sum_over_batch_size", name="categorical_crossentropy", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true, y_pred):
        """Loss of each sample: one-hot labels and probabilities, both (batch, classes), to (batch,).

        Raises ValueError for labels of another shape, as Keras does: they would be broadcast.
        """
        _check_shapes(y_true.shape, y_pred.shape)
        probabilities = y_pred / ops.sum(y_pred, axis=-1, keepdims=True)
        probabilities = ops.clip(probabilities, EPSILON, 1.0 - EPSILON)
        return -ops.sum(y_true * ops.log(probabilities), axis=-1)


def _check_shapes(target, output):
    """Raise the ValueError of keras.ops.categorical_crossentropy; a side that is not known yet fits any."""
    differs = any(each != other for each, other in zip(target, output, strict=False) if None not in (each, other))
    if len(target) != len(output) or differs:
        raise ValueError(
            "Arguments `target` and `output` must have the same shape. "
            f"Received: target.shape={tuple(target)}, output.shape={tuple(output)}"
        )
