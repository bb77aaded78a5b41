"""RMSprop as Keras computed it in 2018."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="arttl")
class RMSprop2018(keras.optimizers.RMSprop):
    """RMSprop with epsilon outside the root: p - lr g / (sqrt(v) + ε), where v = ρ v + (1 - ρ) g².

    Keras 3 divides by sqrt(v + ε). Near convergence g² falls below ε, and there the two part: over 600 steps of a
    softmax layer Keras 3 moves the weights less than half as far (tests/models/test_keras2018.py).

    Arguments:
        learning_rate: lr.
        rho: ρ, the share of the old average.
        epsilon: ε; 1e-8 was the default up to Keras 2.1.2, 1e-7 from 2.1.3.
        **options: `name`, and Keras' common options (weight decay, clipping, ...). ValueError for `momentum` and
            `centered`, which the RMSprop of 2018 did not have.
    """

    def __init__(self, learning_rate=0.001, rho=0.9, epsilon=1e-7, **options):
        if options.get("momentum") or options.get("centered"):
            raise ValueError("the RMSprop of 2018 had neither momentum nor centered; use keras.optimizers.RMSprop")
        super().__init__(learning_rate=learning_rate, rho=rho, epsilon=epsilon, **options)

    def update_step(self, gradient, variable, learning_rate):
        """One step for one variable."""
        rate, gradient = ops.cast(learning_rate, variable.dtype), ops.cast(gradient, variable.dtype)
        average = self._velocities[self._get_variable_index(variable)]
        self.assign(average, self.rho * average + (1.0 - self.rho) * ops.square(gradient))
        self.assign_sub(variable, rate * gradient / (ops.sqrt(average) + self.epsilon))
