"""Load a source from where it is said to be, and from nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.wording import shown, shown_path
from arttl.collections.bundled import DATA
from arttl.sources.archives import BadData, cause_of
from arttl.sources.catalogue import CIFAR100_COARSE, SOURCES
from arttl.sources.cifar import read_cifar
from arttl.sources.idx import read_mnist
from arttl.sources.keras_cache import advice, find_in_keras
from arttl.sources.picture_folders import is_picture_folders, read_picture_folders, saved_lossily
from arttl.sources.source import Source, check_part

READERS = {"cifar10": read_cifar, "cifar100": read_cifar, "mnist": read_mnist, "fashion_mnist": read_mnist}


def load_source(name, path=None, *, coarse=False):
    """Load CIFAR-10, CIFAR-100, MNIST or Fashion-MNIST into memory.

        source = arttl.sources.load_source("cifar10", "downloads/cifar-10-python.tar.gz")
        train, validation, test = source.split()

    Arguments:
        name: "cifar10", "cifar100", "mnist" or "fashion_mnist".
        path: CIFAR's python or binary archive, or the folder it unpacks to; the folder of the four IDX files
            (gzipped or not), or Keras' mnist.npz; or class folders of pictures, train/CLASS and test/CLASS, as a zip
            archive or unpacked. "bundled" is the package's subset of Fashion-MNIST, 5,000 + 1,000
            images (for a folder of that name write "./bundled"). None takes what is in Keras' cache
            (~/.keras/datasets, or below $KERAS_HOME), or else downloads it there. Nothing else is ever tried.
        coarse: read CIFAR-100's 20 superclasses; the source's name is then "cifar100_coarse".

    Returns a Source; its `origin` says where the data came from.

    Raises InputError, in one line, for an unknown name, a file that is missing, damaged, hostile, larger than the
    real one or of another dataset, and when there is nothing to download from.

    Source: https://www.cs.toronto.edu/~kriz/cifar.html, http://yann.lecun.com/exdb/mnist/,
    https://github.com/zalandoresearch/fashion-mnist.
    """
    if name not in SOURCES:
        raise InputError(f"there is no source '{shown(name)}'; choose {', '.join(SOURCES)}")
    if coarse and name != "cifar100":
        raise InputError(f"{name} has no coarse labels; only cifar100 has")
    entry = SOURCES[name]
    path, origin = _locate(entry, path)
    class_names = CIFAR100_COARSE if coarse else entry.class_names
    notes = []
    try:
        as_pictures = is_picture_folders(path)
        parts = (read_picture_folders if as_pictures else READERS[name])(entry, path, coarse)
        if as_pictures and saved_lossily(path):
            notes.append("pictures saved as JPEG, whose pixels are not the official ones")
        for part, arrays in parts.items():
            notes += check_part(entry, len(class_names), part, *arrays)
    except BadData as error:
        raise _refusal(entry, error.path, error.cause, origin) from error
    except InputError:
        raise
    except ValueError as error:
        raise _refusal(entry, path, str(error), origin) from error
    except OSError as error:
        raise _refusal(entry, path, f"cannot be read ({cause_of(error)})", origin) from error
    return Source(
        name + ("_coarse" if coarse else ""), *parts["train"], *parts["test"], class_names, origin, tuple(notes)
    )


def _locate(entry, path):
    if path is None:
        return find_in_keras(entry)
    if path == "bundled":
        if entry.name != "fashion_mnist":
            raise InputError(f"{entry.title} is not bundled, only Fashion-MNIST is; {advice(entry)}")
        return DATA / "fashion-mnist", "the package's bundled subset of Fashion-MNIST"
    path = Path(os.path.expanduser(path))
    return path, f"{'folder' if os.path.isdir(path) else 'file'} {shown_path(path)}"


def _refusal(entry, path, cause, origin):
    remedy = advice(entry)
    if origin.startswith("Keras' cache"):
        remedy = f"delete it from Keras' cache to have it downloaded again, or {remedy}"
    return InputError(f"{shown_path(path)} {cause}; {remedy}")
