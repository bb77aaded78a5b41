"""Give a backbone its weights: ImageNet, bundled, He-uniform, or a file."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import keras

from arttl.errors import InputError
from arttl.models import sparse

BUNDLED = {"resnet50": Path(__file__).parents[1] / "data" / "weights" / "resnet50-clipart.h5"}


def load_backbone_weights(base, backbone, weights):
    """Set the weights of `base` in place.

    Arguments:
        base: a keras.Model from keras.applications without top.
        backbone: its row of the table.
        weights: "imagenet", "bundled", "none" or a file's path.

    Raises InputError, one line, when they cannot be had or belong to another architecture.
    """
    if weights == "none":
        he_uniform(base)
    elif weights == "imagenet":
        _load_file(base, backbone, _imagenet_file(backbone))
    elif weights == "bundled":
        _load_file(base, backbone, bundled_file(backbone.name))
    else:
        _load_file(base, backbone, Path(weights))


def he_uniform(base):
    """Draw every convolution kernel anew from the He-uniform distribution, from Keras' global seed.

    The thesis' "from scratch" networks start so (section 1.3); Keras' own default is Glorot-uniform.
    """
    for layer in base.layers:
        for variable in layer.weights:
            if variable.name.endswith("kernel"):
                variable.assign(keras.initializers.HeUniform()(variable.shape, variable.dtype))


def bundled_file(architecture):
    """Path of the package's own weights for an architecture."""
    if architecture not in BUNDLED:
        raise InputError(
            f"there are no bundled weights for {architecture}, only for {', '.join(BUNDLED)}; "
            f"use --architecture {next(iter(BUNDLED))}, --weights imagenet or --weights FILE"
        )
    return BUNDLED[architecture]


def weights_source(architecture, weights):
    """The file behind a `weights` option, or None when the weights are random (for fingerprints and messages)."""
    if weights == "none":
        return None
    if weights == "bundled":
        return bundled_file(architecture)
    return weights if weights == "imagenet" else Path(weights)


def _imagenet_file(backbone):
    try:
        path = keras.utils.get_file(
            backbone.weights_file, backbone.weights_url, cache_subdir="models", file_hash=backbone.weights_md5
        )
    # Keras raises a plain Exception when a download fails and ValueError when the hash does not fit.
    except Exception as error:
        folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
        raise InputError(
            f"the ImageNet weights of {backbone.title} cannot be downloaded; put {backbone.weights_file} into "
            f"{folder}, or give it with --weights FILE"
        ) from error
    return Path(path)


def _load_file(base, backbone, path):
    if not path.is_file():
        raise InputError(f"weights file {path} does not exist; --weights takes imagenet, bundled, none or a file")
    try:
        if path.suffix == ".keras":
            _copy_backbone(base, keras.saving.load_model(path, compile=False, safe_mode=True))
        elif sparse.is_sparse(path):
            sparse.load(path, base)
        else:
            _load_notop(base, path)
    except OSError as error:
        raise InputError(f"weights file {path} is not a readable HDF5 or .keras file; get it again") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            f"weights file {path} does not fit {backbone.title} without top ({reason}); give the right one"
        ) from error


def _load_notop(base, path):
    with h5py.File(path, "r") as file:
        if "layer_names" not in file.attrs:
            raise ValueError("no layer_names: not a weights file in Keras' .h5 layout")
    base.load_weights(path)


def _copy_backbone(base, model):
    """Copy the weights of every layer of `base` from the layer of the same name in another flat model."""
    for layer in base.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
