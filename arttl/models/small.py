"""Small networks on which lottery tickets are studied: LeNet-300-100, and CIFAR's ResNet-20.

Both are flat, take pixels in [0, 255] and end in a softmax layer called "head", as `build_classifier`'s do.
"""

from __future__ import annotations

import keras
from keras import layers

from arttl.base.errors import InputError
from arttl.base.keras_settings import check_settings
from arttl.models.heads import HEAD


def lenet_300_100(num_classes=10, input_shape=(28, 28, 1), seed=None):
    """LeNet-300-100: two hidden dense layers of 300 and 100 units (LeCun et al., 1998, section III.C.4).

    As Frankle and Carbin (2019) train it in their released code (google-research/lottery-ticket-hypothesis,
    mnist_fc/constants.py and foundations/model_fc.py): ReLU in both hidden layers (LeCun's had sigmoids), Gaussian
    Glorot kernels, truncated at two standard deviations, and biases from zero. Ours: pixels are divided by 255 (their
    code scales each row of pixels to norm 1), and the softmax is a part of the network.

    Arguments:
        num_classes: units of the head.
        input_shape: (height, width, channels) of the images.
        seed: whole number from which the kernels are drawn; None for Keras' global seed.

    Returns a keras.Model; input (batch, *input_shape), uint8 or float pixels in [0, 255]; output (batch, num_classes),
    rows summing to 1. With the defaults it has 266,610 parameters.

    Raises InputError for a shape or number of classes that cannot be, or Keras set to channels_first or another floatx.

    Example:
        >>> model = arttl.models.lenet_300_100(seed=0)
    """
    pixels = _pixels(num_classes, input_shape)
    x = layers.Rescaling(1 / 255, dtype="float32", name="preprocessing")(pixels)
    x = layers.Flatten(name="flatten")(x)
    for number, (units, activation, name) in enumerate(
        [(300, "relu", "dense_300"), (100, "relu", "dense_100"), (num_classes, "softmax", HEAD)]
    ):
        draw = keras.initializers.GlorotNormal(None if seed is None else seed + number)
        dtype = "float32" if name == HEAD else None  # None: of Keras' dtype policy
        x = layers.Dense(units, activation, kernel_initializer=draw, dtype=dtype, name=name)(x)
    return keras.Model(pixels, x, name="lenet_300_100")


def resnet20(num_classes=10, input_shape=(32, 32, 3)):
    """ResNet-20 for CIFAR (He et al., 2016, section 4.2, n = 3; not the bottleneck network of `build_classifier`).

    A 3 x 3 convolution with 16 filters, three stages of three blocks of two 3 x 3 convolutions with 16, 32 and 64
    filters, the first convolution of the second and third stage with stride 2, global average pooling, and the softmax
    layer. Shortcuts are the paper's option A: every second pixel and zeros for the channels that are missing, without
    parameters. Convolutions have no bias, BatchNormalization follows each, and kernels are drawn as He et al. (2015)
    do. Ours: pixels are divided by 255 (the paper subtracts the mean image), the zeros come behind the channels (it
    does not say where), and strides of 2 start where Keras' "same" padding has them.

    Arguments:
        num_classes: units of the head.
        input_shape: (height, width, channels) of the images.

    Returns a keras.Model; input (batch, *input_shape), uint8 or float pixels in [0, 255]; output (batch, num_classes),
    rows summing to 1. With the defaults it has 269,722 trainable parameters.

    Raises InputError for a shape or number of classes that cannot be, or Keras set to channels_first or another floatx.

    Example:
        >>> model = arttl.models.resnet20(num_classes=100)
    """
    pixels = _pixels(num_classes, input_shape)
    x = layers.Rescaling(1 / 255, dtype="float32", name="preprocessing")(pixels)
    x = layers.ReLU(name="conv1_relu")(_convolve(x, 16, 1, "conv1"))
    for stage, filters in enumerate((16, 32, 64), start=1):
        for block in range(1, 4):
            x = _block(x, filters, 2 if stage > 1 and block == 1 else 1, f"stage{stage}_block{block}")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return keras.Model(pixels, layers.Dense(num_classes, "softmax", dtype="float32", name=HEAD)(x), name="resnet20")


def _pixels(num_classes, input_shape):
    check_settings()
    shape = tuple(input_shape)
    if len(shape) != 3 or not all(isinstance(side, int) and side > 0 for side in shape):
        raise InputError(f"input_shape {shape} is not (height, width, channels); give three whole numbers from 1")
    if num_classes < 1:
        raise InputError(f"num_classes is {num_classes}; a classifier has at least one")
    return keras.Input(shape, name="pixels")


def _convolve(x, filters, strides, name):
    x = layers.Conv2D(
        filters,
        3,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(),
        name=f"{name}_conv",
    )(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def _block(x, filters, strides, name):
    shortcut = x
    x = layers.ReLU(name=f"{name}_1_relu")(_convolve(x, filters, strides, f"{name}_1"))
    x = _convolve(x, filters, 1, f"{name}_2")
    if strides > 1:
        shortcut = layers.MaxPooling2D(1, strides=strides, name=f"{name}_every_second")(shortcut)
        # Told that channels come first, ZeroPadding2D pads the last two axes: here the width, by nothing, and channels.
        margins = ((0, 0), (0, filters - shortcut.shape[-1]))
        shortcut = layers.ZeroPadding2D(margins, data_format="channels_first", name=f"{name}_zeros")(shortcut)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, shortcut]))
