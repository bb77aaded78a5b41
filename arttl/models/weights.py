"""Give a backbone its weights: ImageNet, bundled, He-uniform, or a file."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import h5py
import keras

from arttl.errors import InputError
from arttl.models import sparse
from arttl.models.backbones import get_backbone

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


def check_file(path):
    """Raise InputError when a weights file is not there."""
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"weights file {path} {problem}; --weights takes imagenet, bundled, none or a file")


def check_weights(architecture, weights):
    """Raise InputError when weights cannot be had or do not fit, before any work is done on images."""
    if weights != "none":
        backbone = get_backbone(architecture)
        base = getattr(keras.applications, backbone.constructor)(include_top=False, weights=None)
        load_backbone_weights(base, backbone, weights)


def weights_fingerprint(architecture, weights):
    """What tells one weights file from another: its SHA-256, the published MD5 of ImageNet's, None for random ones."""
    if weights == "none":
        return None
    if weights == "imagenet":
        return f"md5 {get_backbone(architecture).weights_md5}"
    path = bundled_file(architecture) if weights == "bundled" else Path(weights)
    check_file(path)
    with open(path, "rb") as file:
        return f"sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}"


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
    check_file(path)
    try:
        if path.suffix == ".keras":
            _copy_backbone(base, keras.saving.load_model(path, compile=False, safe_mode=True))
        elif sparse.is_sparse(path):
            sparse.load(path, base)
        else:
            _load_notop(base, path)
    except OSError as error:
        raise InputError(f"weights file {path} is not a readable HDF5 or .keras file; get it again") from error
    except (ValueError, KeyError, TypeError, IndexError, zipfile.BadZipFile) as error:
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
    """Copy weights layer by layer, in order, from another flat model with the same backbone.

    Not by name: Keras numbers unnamed layers (InceptionV3's, Xception's) by what was built before.
    """
    ours, theirs = ([layer for layer in each.layers if layer.weights] for each in (base, model))
    theirs = theirs[: len(ours)]  # what follows is the head
    kinds = [
        [(type(layer).__name__, [tuple(w.shape) for w in layer.weights]) for layer in each] for each in (ours, theirs)
    ]
    if kinds[0] != kinds[1]:
        raise ValueError("its layers are others")
    for layer, other in zip(ours, theirs, strict=True):
        layer.set_weights(other.get_weights())
