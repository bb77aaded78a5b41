"""Pixel scaling as the first layer of a model, so that a saved model takes plain pixels.

It computes in float32 whatever the precision: the first convolution rounds its results once, and not the pixels.
"""

from __future__ import annotations

import keras
import numpy as np

from arttl.models.backbones import CAFFE_MEAN_BGR


@keras.saving.register_keras_serializable(package="arttl")
class CaffePreprocessing(keras.layers.Layer):
    """RGB pixels in [0, 255] to BGR with the ImageNet mean subtracted, as VGG19 and ResNet50 were trained.

    Equal to `keras.applications.imagenet_utils.preprocess_input(x, mode="caffe")`.
    """

    def build(self, input_shape):
        """Raise ValueError for images that are not RGB: one channel would be broadcast to three."""
        if input_shape[-1] != len(CAFFE_MEAN_BGR):
            raise ValueError(f"CaffePreprocessing takes RGB images (..., 3), got {tuple(input_shape)}")

    def call(self, inputs):
        """Shape (batch, height, width, 3) in and out."""
        return keras.ops.flip(inputs, axis=-1) - keras.ops.convert_to_tensor(np.array(CAFFE_MEAN_BGR, "float32"))

    def compute_output_shape(self, input_shape):
        """The shape does not change."""
        return input_shape


def preprocessing_layer(mode, backbone):
    """The layer for a recipe's preprocessing.

    Arguments:
        mode: "unit" scales pixels to [0, 1] (thesis, section 1.2.3); "imagenet" is the network's own
            ImageNet preprocessing (the authors' released code).
        backbone: the Backbone, which says which ImageNet preprocessing it needs.
    """
    if mode == "unit":
        return keras.layers.Rescaling(1 / 255, dtype="float32", name="preprocessing")
    if mode != "imagenet":
        raise ValueError(f'preprocessing must be "unit" or "imagenet", got {mode!r}')
    if backbone.preprocessing == "tf":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="preprocessing")
    if backbone.preprocessing == "caffe":
        return CaffePreprocessing(dtype="float32", name="preprocessing")
    raise ValueError(f'{backbone.title} has preprocessing {backbone.preprocessing!r}; it must be "caffe" or "tf"')
