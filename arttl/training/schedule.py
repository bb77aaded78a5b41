"""Learning rates that fall at given epochs, and weight decay as an L2 penalty: what the appendix of Chapter 2 asks for.

Source: thesis, appendix "How to Identify Lottery Winners": SGD, annealed at epochs 50, 60 and 75, decay 1e-5.
"""

from __future__ import annotations

import keras

from arttl.models.devices import number_of_devices


def annealed(learning_rate, schedule, epoch):
    """The learning rate of an epoch.

    Arguments:
        learning_rate: that of the first epoch.
        schedule: a dict: "epochs", after each of which the rate is multiplied by "factor".
        epoch: counted from 0, so that epoch 50 is the first after fifty.

    Example:
        >>> annealed(0.1, {"epochs": [50, 60, 75], "factor": 0.1}, 49)
        0.1
    """
    return learning_rate * schedule["factor"] ** sum(epoch >= each for each in schedule["epochs"])


def scheduler(recipe, ahead=0):
    """Keras' callback that sets each epoch's learning rate, in a list; an empty one for a recipe without a schedule.

    The rate follows from the number of the epoch alone, so a resumed training has the rate that it would have had. It
    is in the history as "learning_rate".

    Arguments:
        recipe: an arttl.recipes.Recipe.
        ahead: epochs that the schedule counts as done when training begins.
    """
    schedule = recipe.optimizer.get("schedule")
    if schedule is None:
        return []
    start = recipe.optimizer["learning_rate"]
    return [keras.callbacks.LearningRateScheduler(lambda epoch, rate: annealed(start, schedule, epoch + ahead))]


@keras.saving.register_keras_serializable(package="arttl")
class PenalisedSGD(keras.optimizers.SGD):
    """SGD with an L2 penalty: `l2` times each weight is added to its gradient, before momentum sees it.

    That is what PyTorch's SGD(weight_decay=...) and every Keras of before 2.11 mean by weight decay. Keras' own
    `weight_decay` is decoupled (Loshchilov and Hutter, 2019): it shrinks the weights beside the step, by the learning
    rate times itself, and momentum 0.9 does not make it ten times as strong. Every trained weight is penalised, biases
    and BatchNormalization's parameters too, as PyTorch does.

    Arguments:
        l2: factor of the penalty's gradient, 0 or more.
        **settings: of keras.optimizers.SGD.
    """

    def __init__(self, l2=0.0, **settings):
        super().__init__(**settings)
        self.l2 = float(l2)

    def apply(self, grads, trainable_variables=None):
        """Update the weights by gradients with the penalty's added; as keras.optimizers.Optimizer."""
        weights = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        factor = self.l2 / number_of_devices()  # TensorFlow adds up their gradients, and a penalty is due once
        penalised = [
            gradient if gradient is None else gradient + factor * keras.ops.cast(weight, gradient.dtype)
            for gradient, weight in zip(grads, weights, strict=True)
        ]
        super().apply(penalised, trainable_variables)

    def get_config(self):
        """The settings, `l2` among them."""
        return super().get_config() | {"l2": self.l2}
