"""BatchNormalization as Keras computed it in 2018."""

from __future__ import annotations

import keras
from keras import ops

from arttl.models.devices import summed
from arttl.models.fused_batchnorm import batch_normalized
from arttl.recipes.eras import CHOICES

SHADOWS = ("biased_mean", "biased_variance", "local_step")  # not among a layer's weights in 2018, nor in any file


@keras.saving.register_keras_serializable(package="arttl")
class BatchNormalization2018(keras.layers.BatchNormalization):
    """BatchNormalization of Keras 2.1 and 2.2, on any Keras 3 backend.

    While training it normalises with the batch's statistics, frozen or not; Keras 3 does so only where it is
    trainable. At inference it is Keras 3's. The defaults are those of 2.1.2; for the meaning of the settings, see
    `arttl.recipes.eras.Numerics`.

    Arguments:
        frozen_batchnorm: "batch" or "moving".
        frozen_updates: whether a frozen layer still updates its moving statistics.
        moving_average: "plain", or "zero-debiased": as TensorFlow's assign_moving_average(zero_debias=True), with
            an average that starts from zero (Kingma and Ba, 2015) beside the statistics that were loaded.
        moving_variance: "plain", or "corrected": v n/(n-1) n/(n-(1+ε)), n = batch x positions; the first factor,
            the fused operation's, only for inputs (batch, height, width, channels).
        **options: those of keras.layers.BatchNormalization; ValueError for `synchronized` and `renorm`.

    Example:
        >>> normalization = BatchNormalization2018(moving_average="zero-debiased")
        >>> model = keras.Sequential([keras.layers.Conv2D(8, 3), normalization])
    """

    def __init__(
        self,
        frozen_batchnorm="batch",
        frozen_updates=True,
        moving_average="plain",
        moving_variance="plain",
        **options,
    ):
        for name in ("synchronized", "renorm"):
            if options.get(name):
                raise ValueError(f"the BatchNormalization of 2018 had no {name}; use keras.layers.BatchNormalization")
        super().__init__(**options)
        self.settings = {
            "frozen_batchnorm": frozen_batchnorm,
            "frozen_updates": frozen_updates,
            "moving_average": moving_average,
            "moving_variance": moving_variance,
        }
        for name, value in self.settings.items():
            if value not in CHOICES[name]:
                raise ValueError(f"{name} must be one of {CHOICES[name]}, got {value!r}")

    def build(self, input_shape):
        """Make the variables; the zero-debiased average has three more."""
        super().build(input_shape)
        if self.settings["moving_average"] == "zero-debiased":
            shapes = (self.moving_mean.shape, self.moving_variance.shape, ())
            self.biased_mean, self.biased_variance, self.local_step = (
                self.add_weight(shape=shape, initializer="zeros", trainable=False, autocast=False, name=name)
                for name, shape in zip(SHADOWS, shapes, strict=True)
            )

    def call(self, inputs, training=None, mask=None):
        """Normalise; shape and dtype do not change."""
        if mask is not None:
            raise ValueError("BatchNormalization2018 takes no mask: Keras of 2018 ignored it")
        if not training or (not self.trainable and self.settings["frozen_batchnorm"] == "moving"):
            return super().call(inputs, training=False)
        outputs, mean, variance = batch_normalized(self, inputs)
        if self.trainable or self.settings["frozen_updates"]:
            self._update(mean, variance, inputs)
        return outputs

    def _update(self, mean, variance, inputs):
        if self.settings["moving_variance"] == "corrected":
            shape, axis = ops.shape(inputs), self.axis % len(inputs.shape)
            reduced = [each for each in range(len(inputs.shape)) if each != axis]
            samples = ops.cast(ops.prod(ops.stack([shape[each] for each in reduced])), variance.dtype)
            samples = summed(samples) if self.synchronized else samples
            if reduced == [0, 1, 2]:
                variance = variance * samples / ops.maximum(samples - 1.0, 1.0)
            variance = variance * samples / (samples - (1.0 + self.epsilon))
        if self.settings["moving_average"] == "plain":
            share = 1.0 - self.momentum
            self.moving_mean.assign(self.moving_mean - (self.moving_mean - mean) * share)
            self.moving_variance.assign(self.moving_variance - (self.moving_variance - variance) * share)
            return
        step = self.local_step + 1.0
        self.local_step.assign(step)
        for moving, biased, value in (
            (self.moving_mean, self.biased_mean, mean),
            (self.moving_variance, self.biased_variance, variance),
        ):
            average = biased - (biased - value) * (1.0 - self.momentum)
            biased.assign(average)
            moving.assign(average / (1.0 - ops.power(self.momentum, step)))

    def get_config(self):
        """The settings beside those of Keras' layer."""
        return super().get_config() | self.settings


def with_batch_normalization(model, numerics):
    """A copy of a flat model, its BatchNormalization layers replaced by those of an era; weights are new.

    Arguments:
        model: a functional keras.Model.
        numerics: an arttl.recipes.eras.Numerics.
    """

    def clone(layer):
        kind, config = type(layer), layer.get_config()
        if kind is keras.layers.BatchNormalization:
            return BatchNormalization2018.from_config(config | numerics.batchnorm)
        return kind.from_config(config)

    return keras.models.clone_model(model, clone_function=clone)


def batch_normalization(numerics, **options):
    """A BatchNormalization layer as `numerics` has it, with Keras' own options."""
    if not numerics.own_batchnorm:
        return keras.layers.BatchNormalization(**options)
    return BatchNormalization2018(**numerics.batchnorm, **options)
