"""A shared classifier at work: any number of pictures in, labels and probabilities out."""

from __future__ import annotations

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from arttl.base.bars import bar
from arttl.base.errors import InputError
from arttl.base.wording import shown, shown_path
from arttl.base.workers import bounded_map, processors
from arttl.images import BadImage, decode_image
from arttl.images.losses import lost_by_load_img
from arttl.sharing.layout import AGAIN, MODEL, read_contents

# The words before _label and _probability for the second best class and those after it.
RANKS = ("", "second_", "third_", "fourth_", "fifth_", "sixth_", "seventh_", "eighth_", "ninth_", "tenth_")


def load_classifier(folder: str | os.PathLike) -> Classifier:
    """Load what `python -m arttl export` wrote.

    The model is loaded in Keras' safe mode, so that a file from a stranger runs no code of its own.

    Arguments:
        folder: the exported folder.

    Returns a Classifier.

    Raises InputError when the folder is no such export, is damaged, was written by a later arttl, or holds a model
    that is unsafe or does not fit its description.

    Example:
        >>> arttl.load_classifier("shared").predict(["one.jpg", "two.png"], top=3)
    """
    about, labels, decoding = read_contents(folder)
    path = Path(folder) / MODEL
    model = load_model(path)
    size = about["input"]["size"]
    shapes = (getattr(model, "input_shape", None), getattr(model, "output_shape", None))
    wanted = ((None, size, size, 3), (None, len(labels)))
    if shapes != wanted:
        raise InputError(
            f"{shown_path(path)} takes {shapes[0]} and gives {shapes[1]}, not {wanted[0]} and {wanted[1]}; {AGAIN}"
        )
    return Classifier(model, labels, decoding, about)


class Classifier:
    """A trained network, the names of its classes, and how a picture becomes what it takes.

    Attributes:
        model: the keras.Model, from uint8 pixels (n, size, size, 3) to probabilities (n, classes).
        labels: the classes' names, in the order of its outputs.
        decoding: the arttl.images.Decoding of the run it comes from.
        about: the content of classifier.json, a dict: settings, metrics, deviations, versions.
    """

    def __init__(self, model, labels, decoding, about):
        self.model, self.labels, self.decoding, self.about = model, list(labels), decoding, about

    def predict(self, paths, batch_size=32, skip_bad_images=False, progress=False, top=1):
        """The likeliest classes of each picture.

        Pictures are decoded in threads while the network computes; only a few batches are in memory at a time.

        Arguments:
            paths: the picture files, in any number; or one of them.
            batch_size: pictures in a forward pass.
            skip_bad_images: give a picture that cannot be read a row with empty labels and the cause under `error`,
                rather than stop at it.
            progress: tell on stderr how far it has come.
            top: how many classes, from 1 to 10.

        Returns a DataFrame with one row a picture, in their order: path, label, probability; then second_label,
        second_probability and so on; with `skip_bad_images` also `error`, empty where the picture was read.

        Raises InputError for a picture that cannot be read, naming it, and for a `top` that there is not.
        """
        self.check_top(top)
        rows = []
        for batch, pixels in self.batches(_listed(paths), batch_size, skip_bad_images, progress):
            found = iter(self._ranked(pixels, top, batch_size))
            for path, error in batch:
                rows.append((str(path), *(["", np.nan] * top if error else next(found)), error))
        table = pd.DataFrame(rows, columns=["path", *columns_of(top), "error"])
        return table if skip_bad_images else table.drop(columns="error")

    def probabilities(self, paths, batch_size=32, progress=False):
        """The probability of every class for each picture.

        Arguments:
            paths, batch_size, progress: as in `predict`.

        Returns float32 of shape (pictures, classes), in the order of `paths` and of `labels`.

        Raises InputError for a picture that cannot be read, naming it.
        """
        found = [np.zeros((0, len(self.labels)), "float32")]
        for _, pixels in self.batches(_listed(paths), batch_size, progress=progress):
            found.append(self._probabilities(pixels, batch_size))
        return np.concatenate(found)

    def batches(self, paths, batch_size=32, skip_bad_images=False, progress=False, wording="classifying"):
        """Decode pictures as the network's run did, some ahead of what is asked for.

        Arguments:
            paths: a list of files.
            batch_size, skip_bad_images, progress: as in `predict`.
            wording: what the bar says.

        Yields (batch, pixels): a list of (path, cause), the cause "" for a picture that was read, and the pixels of
        those that were, uint8 (n, size, size, 3), n from 0 to `batch_size`.

        Raises InputError for a picture that cannot be read, without `skip_bad_images`.
        """
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}; it takes a whole number from 1")
        told = bar(total=len(paths), desc=wording, unit="image", shown=progress)
        with told, ThreadPoolExecutor(processors()) as pool:
            batch, pixels = [], []
            decoded = bounded_map(pool, self._decode, paths, 2 * batch_size)
            for number, (path, (image, cause)) in enumerate(zip(paths, decoded, strict=True), 1):
                if cause and not skip_bad_images:
                    raise InputError(
                        f"{shown_path(path)}: {shown(cause)}; mend it or leave it out, or go on without it with "
                        "skip_bad_images"
                    )
                batch.append((path, cause))
                pixels += [] if cause else [image]
                if len(batch) == batch_size or number == len(paths):
                    yield batch, np.stack(pixels) if pixels else np.zeros((0, *self.decoding.size, 3), "uint8")
                    told.update(len(batch))
                    batch, pixels = [], []

    def check_top(self, top):
        """Raise InputError for a number of classes that there is not."""
        most = min(len(RANKS), len(self.labels))
        if not 1 <= top <= most:
            raise InputError(f"top is {top}; this classifier can name from 1 to {most} classes for each picture")

    def _decode(self, path):
        if self.decoding.reading == "load_img" and "white" in lost_by_load_img(path):
            return None, "its grey of over 8 bits would be read as white: save it with 8 bits"
        try:
            return decode_image(path, self.decoding), ""
        except BadImage as error:
            return None, error.cause

    def _probabilities(self, pixels, batch_size):
        """Outputs for a batch, which is filled up to a power of two: every new size costs a compilation."""
        from arttl.models import predict_batch

        size = min(batch_size, 1 << (len(pixels) - 1).bit_length())
        return np.asarray(predict_batch(self.model, pixels, size), "float32")

    def _ranked(self, pixels, top, batch_size):
        """For each picture label and probability of the `top` likeliest classes; of equals the first comes first."""
        if not len(pixels):
            return
        for row in self._probabilities(pixels, batch_size):
            for_each = [(self.labels[index], float(row[index])) for index in np.argsort(-row, kind="stable")[:top]]
            yield [value for pair in for_each for value in pair]


def load_model(path):
    """A shared model as Keras loads it in safe mode; InputError where it is damaged or unsafe.

    Arguments:
        path: the .keras file.
    """
    import keras

    import arttl.models.classifier  # noqa: F401  registers the package's layers with Keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        if keras.backend.backend() != "jax":
            model.jit_compile = False  # as it was tested: Keras would use XLA where there is a GPU
        return model
    # What Keras raises at unsafe, damaged and unknown models alike.
    except (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RuntimeError,
        ImportError,
        zipfile.BadZipFile,
    ) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{shown_path(path)} cannot be loaded, or is unsafe ({reason[:160]}); {AGAIN}") from error


def _listed(paths):
    """A list of paths; of a single one too, which would else be taken for its letters."""
    return [paths] if isinstance(paths, str | os.PathLike) else list(paths)


def columns_of(top):
    """The columns of labels and probabilities for `top` classes."""
    return [f"{rank}{name}" for rank in RANKS[:top] for name in ("label", "probability")]
