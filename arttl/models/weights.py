"""Give a backbone its weights: ImageNet, bundled, He-uniform, or a file."""

from __future__ import annotations

import os
import zipfile
from functools import cache
from pathlib import Path

import keras

from arttl.base.errors import InputError
from arttl.base.files import file_hash
from arttl.models.backbones import get_backbone
from arttl.models.belongings import NAMED_WEIGHTS, weights_path
from arttl.models.keras2018 import today_name
from arttl.models.weights_layouts import layers_with_weights, read_layers
from arttl.recipes.eras import get_numerics

# The ResNet50 of 2018 had another file, of the same name; beside today's it is kept under a name of its own.
RESNET50_2018_URL = (
    "https://github.com/fchollet/deep-learning-models/releases/download/v0.2/"
    "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
RESNET50_2018_MD5 = "a268eb855778b3df3c7506639542a6af"
RESNET50_2018_FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop_2018.h5"


def load_backbone_weights(base, backbone, weights, numerics):
    """Set the weights of `base` in place.

    Layers are matched in order, and ResNet50's by name, so that weights of its graph of 2018 and of today's serve
    either. A file's graph may still differ from the one it is loaded into (docs/fidelity.md).

    Arguments:
        base: a keras.Model of arttl.models.build_backbone.
        backbone: its row of the table.
        weights: of NAMED_WEIGHTS, None for "none", or a file's path.
        numerics: what `base` was built with; it decides which ImageNet file of ResNet50 is its own.

    Raises InputError, one line, when they cannot be had or belong to another architecture.
    """
    if weights in ("none", None):
        he_uniform(base)
    elif weights == "imagenet":
        _load_file(base, backbone, imagenet_file(backbone, numerics))
    else:
        _load_file(base, backbone, weights_path(backbone.name, weights))


def he_uniform(base):
    """Draw every convolution kernel anew from the He-uniform distribution, from Keras' global seed.

    The thesis' "from scratch" networks start so (Chapter 1); Keras' own default is Glorot-uniform.
    """
    for layer in base.layers:
        for variable in layer.weights:
            if variable.name.endswith("kernel"):
                variable.assign(keras.initializers.HeUniform()(variable.shape, variable.dtype))


def check_file(path):
    """Raise InputError when a weights file is not there."""
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"weights file {path} {problem}; weights={', '.join(NAMED_WEIGHTS)} or a file can be had")


def check_weights(architecture, weights, numerics="keras3"):
    """Raise InputError when weights cannot be had or do not fit, before any work is done on images."""
    if weights != "none":
        backbone = get_backbone(architecture)
        base = getattr(keras.applications, backbone.constructor)(include_top=False, weights=None)
        load_backbone_weights(base, backbone, weights, numerics)


def weights_fingerprint(architecture, weights, numerics="keras3"):
    """What tells one weights file from another: its SHA-256, the published MD5 of ImageNet's, None for random ones."""
    if weights == "none":
        return None
    if weights == "imagenet":
        return f"md5 {imagenet_source(get_backbone(architecture), numerics)[1]}"
    path = weights_path(architecture, weights)
    check_file(path)
    status = path.stat()
    return f"sha256 {_sha256(path, status.st_size, status.st_mtime_ns)}"


def imagenet_source(backbone, numerics):
    """Address, MD5 and local name of the ImageNet weights file that is a backbone's own under `numerics`."""
    if backbone.name == "resnet50" and get_numerics(numerics).resnet50 != "keras3":
        return RESNET50_2018_URL, RESNET50_2018_MD5, RESNET50_2018_FILE
    return backbone.weights_url, backbone.weights_md5, backbone.weights_file


def imagenet_file(backbone, numerics):
    """Path of the ImageNet weights, downloaded if need be; InputError says where to put them by hand."""
    url, md5, name = imagenet_source(backbone, numerics)
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    of_2018 = folder / backbone.weights_file  # where the Keras of 2018 kept its own
    if name == RESNET50_2018_FILE and of_2018.is_file() and file_hash(of_2018, "md5").hexdigest() == md5:
        return of_2018
    try:
        return Path(keras.utils.get_file(name, url, cache_subdir="models", file_hash=md5))
    # Keras raises a plain Exception when a download fails and ValueError when the hash does not fit.
    except Exception as error:
        raise InputError(
            f"the ImageNet weights of {backbone.title} cannot be downloaded; put {name} ({url}) into {folder}, "
            "or give the file with weights=FILE"
        ) from error


@cache
def _sha256(path, size, modified):
    """The file's digest, worked out once as long as size and time of modification are the same."""
    return file_hash(path).hexdigest()


def _load_file(base, backbone, path):
    check_file(path)
    try:
        _assign(base, read_layers(path, base), by_name=backbone.name == "resnet50")
    except OSError as error:
        raise InputError(f"weights file {path} is not a readable HDF5 or .keras file; get it again") from error
    except (ValueError, KeyError, TypeError, IndexError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            f"weights file {path} does not fit {backbone.title} without top ({reason}); give the right one"
        ) from error


def _assign(base, layers, by_name):
    """Set the weights of `base` from pairs of name and arrays; ValueError before anything is changed.

    In order, and not by name, since Keras numbers unnamed layers (InceptionV3's, Xception's) by what was built before;
    but ResNet50's graphs differ in their order. What follows the backbone's layers in the file is a head.
    """
    ours = layers_with_weights(base)
    head = [array for _, arrays in layers[len(ours) :] for array in arrays]
    if len(layers) < len(ours) or any(array.ndim > 2 for array in head):
        held = f", {layers[0][0]} to {layers[-1][0]}" if layers else ""
        raise ValueError(f"{len(layers)} layers with weights in the file{held}; {len(ours)} here")
    if by_name:
        found = {today_name(name): (name, arrays) for name, arrays in layers}
        missing = [layer.name for layer, _ in ours if today_name(layer.name) not in found]
        if missing:
            raise ValueError(f"no layer {missing[0]} in the file")
        layers = [found[today_name(layer.name)] for layer, _ in ours]
    layers = layers[: len(ours)]
    for (layer, stored), (name, arrays) in zip(ours, layers, strict=True):
        here, there = ([tuple(each.shape) for each in group] for group in (stored, arrays))
        if here != there:
            raise ValueError(f"layer {name}: shapes {there} in the file, {here} in {layer.name} here")
    for (_, stored), (_, arrays) in zip(ours, layers, strict=True):
        for variable, array in zip(stored, arrays, strict=True):
            variable.assign(array)
