"""Which Keras layers the saliency methods know, and as what."""

from __future__ import annotations

import keras
from keras import layers

from arttl.models import CaffePreprocessing

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D)
MERGES = (layers.Add, layers.Average, layers.Maximum, layers.Concatenate)
ACTIVATIONS = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU)
ENDS = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D, layers.Flatten)  # of the convolutional part
NORMALIZATIONS = (layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization)
IDLE = (  # those that do nothing in inference
    *(layers.Identity, layers.ActivityRegularization, layers.Dropout, layers.SpatialDropout2D, layers.AlphaDropout),
    *(layers.GaussianDropout, layers.GaussianNoise, layers.RandomFlip, layers.RandomRotation, layers.RandomZoom),
    *(layers.RandomTranslation, layers.RandomContrast, layers.RandomBrightness),
)
PIXELS = (layers.InputLayer, layers.Rescaling, layers.Normalization, CaffePreprocessing)
POINTWISE = (*PIXELS, *IDLE, *NORMALIZATIONS, *ACTIVATIONS, layers.Softmax, layers.Dense)
# Layers that put no negative value where there was none.
KEEP_SIGN = (*MERGES, *POOLINGS, *IDLE, layers.ZeroPadding2D, layers.Cropping2D, layers.UpSampling2D)


def pointwise(layer):
    """True for a layer that acts on each pixel alone, so that a map goes through it unchanged."""
    return isinstance(layer, POINTWISE)


def activation(layer):
    """A layer's nonlinearity: a function, or the layer itself; None without one. Softmax belongs to the head."""
    if isinstance(layer, ACTIVATIONS) and not isinstance(layer, layers.Activation):
        return keras.activations.relu if isinstance(layer, layers.ReLU) and not layer.negative_slope else layer
    function = getattr(layer, "activation", None)
    return None if function in (keras.activations.linear, keras.activations.softmax) else function
