"""Stand-ins for large networks, for tests of what stands around a network.

VGG19's 20 million weights cost each run seconds, as does what there is to compile in the others.
"""

from dataclasses import replace
from functools import cache

import keras
from keras import layers
from keras.src.applications import resnet

from arttl import models
from arttl.lottery import networks
from arttl.models import HEAD, small, sparse
from arttl.models.keras2018.resnet50 import STAGES

SHARE = 8
"""ResNet50's stages have this part of its channels."""
BLOCKS = ((4, 2), (8, 2), (16, 4), (32, 4), (32, 4))
"""VGG19's: a sixteenth of its channels, and its convolutions."""
READ = cache(sparse.read)
"""The bundled weights, read whole once a process; who gets them does not write to them."""


def vgg19(include_top=False, weights=None, input_tensor=None, input_shape=None, pooling=None):
    """keras.applications.VGG19 without its top, random, with its layers and their names, but fewer channels."""
    pixels = keras.Input(input_shape or (None, None, 3)) if input_tensor is None else input_tensor
    x = pixels
    for block, (channels, convolutions) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    if pooling == "avg":
        x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(keras.utils.get_source_inputs(pixels), x, name="vgg19")


def inception_v3(include_top=False, weights=None, input_tensor=None, input_shape=None, pooling=None):
    """Two convolutions in the place of its 94: like those, without names of their own."""
    pixels = keras.Input(input_shape or (None, None, 3)) if input_tensor is None else input_tensor
    x = pixels
    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, strides=2, use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(scale=False)(x))
    if pooling == "avg":
        x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(keras.utils.get_source_inputs(pixels), x, name="inception_v3")


def resnet20(num_classes, shape):
    """arttl.models.resnet20 without its first stage, and with one block in each of the others."""
    pixels = keras.Input(shape, name="pixels")
    x = layers.Rescaling(1 / 255, dtype="float32", name="preprocessing")(pixels)
    x = layers.ReLU(name="conv1_relu")(small._convolve(x, 16, 1, "conv1"))
    for stage, filters in ((2, 32), (3, 64)):
        x = small._block(x, filters, 2, f"stage{stage}_block1")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return keras.Model(pixels, layers.Dense(num_classes, "softmax", dtype="float32", name=HEAD)(x), name="resnet20")


def put_in_place(patch):
    """Have arttl build these where the networks are asked for, and ResNet50 with one narrow block in each stage.

    Arguments:
        patch: a pytest.MonkeyPatch.
    """
    if keras.applications.VGG19 is vgg19:  # they are there already
        return
    patch.setattr(keras.applications, "VGG19", vgg19)
    patch.setattr(keras.applications, "InceptionV3", inception_v3)
    patch.setattr(models, "resnet20", resnet20)
    network = networks.NETWORKS["resnet20"]
    patch.setitem(networks.NETWORKS, "resnet20", replace(network, build=networks._small(resnet20)))
    narrow_resnet50(patch, 1)
    patch.setattr(sparse, "read", lambda path, shapes=None: _some(READ(path), shapes))


def narrow_resnet50(patch, blocks=None):
    """Have arttl build ResNet50 with fewer channels, and so many blocks in each stage; all of them without a number."""
    stack = resnet.stack_residual_blocks_v1
    patch.setattr(
        resnet,
        "stack_residual_blocks_v1",
        lambda x, filters, number, **options: stack(x, filters // SHARE, blocks or number, **options),
    )
    for stage, (filters, number) in STAGES.items():
        patch.setitem(STAGES, stage, (tuple(each // SHARE for each in filters), blocks or number))


def _some(arrays, shapes):
    """Of the bundled weights those that are left."""
    return arrays if shapes is None else {name: arrays[name][(*map(slice, shape),)] for name, shape in shapes.items()}
