"""The ResNet50 of Keras 2.1 and 2.2, with its layers' names, which are those of its weights file."""

from __future__ import annotations

import itertools
import re

import keras
from keras import layers

from arttl.models.keras2018.batch_normalization import batch_normalization
from arttl.recipes.eras import RESNET50_GRAPHS

# filters of the three convolutions, and number of blocks, of the stages 2 to 5
STAGES = {2: ((64, 64, 256), 3), 3: ((128, 128, 512), 4), 4: ((256, 256, 1024), 6), 5: ((512, 512, 2048), 3)}


def resnet50(input_tensor, numerics):
    """ResNet50 without top, with global average pooling, as `keras.applications.resnet50` of an era built it.

    Arguments:
        input_tensor: a Keras tensor (batch, height, width, 3). Keras took no side under 197 pixels up to 2.2.2; here
            smaller ones work, where the last 7 x 7 pooling, if the era has one, is left out under 7 x 7.
        numerics: an arttl.recipes.eras.Numerics whose `resnet50` is a key of arttl.recipes.eras.RESNET50_GRAPHS.

    Returns a keras.Model from the input tensor's own source to X, shape (batch, 2048).
    """
    graph, build = RESNET50_GRAPHS[numerics.resnet50], _Builder(numerics)
    x = input_tensor
    if graph.conv1_padding == "explicit":
        x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    padding = "same" if graph.conv1_padding == "same" else "valid"
    x = build.convolve(x, "conv1", "bn_conv1", 64, 7, strides=2, padding=padding)
    x = build.relu(x)
    if graph.pool1_padding == "explicit":
        x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="max_pooling2d_1")(x)
    for stage, (filters, blocks) in STAGES.items():
        for block in "abcdef"[:blocks]:
            x = build.block(x, f"{stage}{block}", filters, strides=2 if stage > 2 else 1)
    if graph.last_pooling and min(x.shape[1:3]) >= graph.last_pooling:
        x = layers.AveragePooling2D(graph.last_pooling, name="avg_pool")(x)
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d_1")(x)
    return keras.Model(keras.utils.get_source_inputs(input_tensor), x, name="resnet50")


class _Builder:
    def __init__(self, numerics):
        self.numerics = numerics
        self.numbers = itertools.count(1)

    def convolve(self, x, name, bn_name, filters, size, **options):
        x = layers.Conv2D(filters, size, name=name, **options)(x)
        return batch_normalization(self.numerics, axis=3, momentum=0.99, epsilon=1e-3, name=bn_name)(x)

    def relu(self, x):
        return layers.Activation("relu", name=f"activation_{next(self.numbers)}")(x)

    def block(self, x, place, filters, strides):
        """A bottleneck block; the first of a stage ("2a", ...) has a convolution on its shortcut."""
        shortcut, is_first = x, place.endswith("a")
        sizes, all_strides = (1, 3, 1), (strides if is_first else 1, 1, 1)
        for part, size, stride, number in zip("abc", sizes, all_strides, filters, strict=True):
            name = f"{place}_branch2{part}"
            x = self.convolve(x, f"res{name}", f"bn{name}", number, size, strides=stride, padding="same")
            if part != "c":
                x = self.relu(x)
        if is_first:
            name = f"{place}_branch1"
            shortcut = self.convolve(shortcut, f"res{name}", f"bn{name}", filters[-1], 1, strides=strides)
        return self.relu(layers.Add(name=f"add_{place}")([x, shortcut]))


def today_name(name):
    """The name that a ResNet50 layer of 2018 has in today's keras.applications; other names stay.

    Example:
        >>> today_name("bn3a_branch2b")
        'conv3_block1_2_bn'
    """
    if name in ("conv1", "bn_conv1"):
        return {"conv1": "conv1_conv", "bn_conv1": "conv1_bn"}[name]
    match = re.fullmatch(r"(res|bn)([2-5])([a-f])_branch(1|2[abc])", name)
    if match is None:
        return name
    kind, stage, block, branch = match.groups()
    place = "0" if branch == "1" else str("abc".index(branch[1]) + 1)
    return f"conv{stage}_block{'abcdef'.index(block) + 1}_{place}_{'conv' if kind == 'res' else 'bn'}"
