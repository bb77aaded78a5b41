"""TensorFlow's own update of SGD with momentum and of Adam: one pass over a weight, where Keras' makes eight or more.

On a small network such as LeNet-300-100 those passes take as long as the arithmetic, and masks add one. It is the same
update: results differ by rounding alone, as they do between two builds of TensorFlow.
"""

from __future__ import annotations

import keras

from arttl.training.schedule import PenalisedSGD


def fused_update(optimizer, model):
    """The update of one weight by a single operation.

    Arguments:
        optimizer: a built keras.optimizers.Optimizer.
        model: the keras.Model that it trains.

    Returns a function of gradient, variable and learning rate, in place of `update_step`; None where there is none: on
    another backend, for another optimiser, without momentum, or where a weight has a copy on each of several devices.
    """
    if keras.backend.backend() != "tensorflow" or model.distribute_strategy.num_replicas_in_sync > 1:
        return None
    if type(optimizer) in (keras.optimizers.SGD, PenalisedSGD) and optimizer.momentum:
        return lambda *arguments: _sgd(optimizer, *arguments)
    if type(optimizer) is keras.optimizers.Adam and not optimizer.amsgrad:
        return lambda *arguments: _adam(optimizer, *arguments)
    return None


def is_dense(gradient):
    """Whether a gradient is an array of its weight's shape, not rows of it, as that of an embedding may be."""
    return hasattr(gradient, "shape") and not hasattr(gradient, "indices")


def _sgd(optimizer, gradient, variable, learning_rate):
    import tensorflow as tf

    momentum = optimizer.momentums[optimizer._get_variable_index(variable)]
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=_handle(variable),
        accum=_handle(momentum),
        lr=tf.cast(learning_rate, variable.dtype),
        grad=tf.cast(gradient, variable.dtype),
        momentum=tf.constant(optimizer.momentum, variable.dtype),
        use_nesterov=optimizer.nesterov,
    )


def _adam(optimizer, gradient, variable, learning_rate):
    import tensorflow as tf

    index = optimizer._get_variable_index(variable)
    step = tf.cast(optimizer.iterations + 1, variable.dtype)
    beta_1, beta_2, epsilon = (
        tf.constant(value, variable.dtype) for value in (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
    )
    tf.raw_ops.ResourceApplyAdam(
        var=_handle(variable),
        m=_handle(optimizer._momentums[index]),
        v=_handle(optimizer._velocities[index]),
        beta1_power=tf.pow(beta_1, step),
        beta2_power=tf.pow(beta_2, step),
        lr=tf.cast(learning_rate, variable.dtype),
        beta1=beta_1,
        beta2=beta_2,
        epsilon=epsilon,
        grad=tf.cast(gradient, variable.dtype),
    )


def _handle(variable):
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
