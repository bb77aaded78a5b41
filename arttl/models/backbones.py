"""The ImageNet networks that can be built, as one table; which of them the thesis has is arttl.published's to say."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

from arttl.base.errors import InputError
from arttl.base.wording import meant

_STORAGE = "https://storage.googleapis.com/tensorflow/keras-applications"

CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
"""ImageNet channel means in BGR order, from keras.applications.imagenet_utils (mode "caffe")."""


@dataclass(frozen=True)
class Backbone:
    """One convolutional network without its classification top.

    Attributes:
        name: the key used in options and folders, such as "resnet50".
        title: the name as people write it.
        constructor: the function's name in keras.applications.
        input_size: side of the square input in the studies, in pixels.
        smallest_size: smallest side that the network accepts, in pixels.
        features: length of X, the pooled feature vector.
        preprocessing: ImageNet preprocessing of the network: "caffe" (BGR, mean subtracted) or "tf" ([-1, 1]).
        weights_url: address of the ImageNet weights without top; its last part is the file's name in Keras' cache.
        weights_md5: MD5 of that file.
    """

    name: str
    title: str
    constructor: str
    input_size: int
    smallest_size: int
    features: int
    preprocessing: str
    weights_url: str
    weights_md5: str

    @property
    def weights_file(self):
        """Name of the ImageNet weights file in ~/.keras/models."""
        return self.weights_url.rsplit("/", 1)[1]


BACKBONES = {
    backbone.name: backbone
    for backbone in (
        Backbone(
            "vgg19", "VGG19", "VGG19", 224, 32, 512, "caffe",
            f"{_STORAGE}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "253f8cb515780f3b799900260a226db6",
        ),
        Backbone(
            "inception_v3", "InceptionV3", "InceptionV3", 299, 75, 2048, "tf",
            f"{_STORAGE}/inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "bcbd6486424b2319ff4ef7d526e38f63",
        ),
        Backbone(
            "xception", "Xception", "Xception", 299, 71, 2048, "tf",
            f"{_STORAGE}/xception/xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "b0042744bf5b25fce3cb969f33bebb97",
        ),
        Backbone(
            "resnet50", "ResNet50", "ResNet50", 224, 32, 2048, "caffe",
            f"{_STORAGE}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "4d473c1dd8becc155b73f8504c6f6626",
        ),
    )
}  # fmt: skip


def get_backbone(name):
    """The table's row for an architecture, by its name or title in whatever case; InputError names the known ones."""
    known = {_plain(each): row for row in BACKBONES.values() for each in (row.name, row.title)}
    if _plain(name) not in known:
        raise InputError(f"unknown architecture {name!r}; there are {', '.join(BACKBONES)}{meant(name, BACKBONES)}")
    return known[_plain(name)]


def _plain(name):
    return name.lower().replace("-", "").replace("_", "")


def check_size(backbone, size):
    """The (height, width) that an image size means.

    Arguments:
        backbone: the Backbone.
        size: side in pixels of a square, or (height, width).

    Raises InputError when it is neither, or a side is below what the network accepts.
    """
    sides = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(sides) != 2 or not all(isinstance(side, Integral) for side in sides):
        raise InputError(f"image_size is {size!r}; give a side in pixels, or (height, width)")
    if min(sides) < backbone.smallest_size:
        raise InputError(f"image_size {size} is too small for {backbone.title}: give {backbone.smallest_size} or more")
    return tuple(map(int, sides))
