"""X, the pooled feature vectors of a frozen network: computed once, cached on disk, and used many times."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

import keras
import numpy as np
from numpy.typing import ArrayLike

from arttl.base.bars import bar
from arttl.base.errors import InputError
from arttl.base.locks import locked
from arttl.base.record_file import RecordFile
from arttl.models import feature_extractor, predict_batch
from arttl.training.batches import Arrays
from arttl.training.given import readable
from arttl.training.precision import computed_by

FORMAT = 1  # of the cache's files and of their rows' keys
SYNC_SECONDS = 2.0  # how often rows are made safe: what a killed process has to compute again


class Kept:
    """X as it lies on the disk, where rows are read when they are asked for: memory holds no more of it than it has.

    Arguments:
        file: its RecordFile.
        places: int64 array (rows,) of their positions in it.
    """

    def __init__(self, file, places):
        self._numbers, self._places = file.records()["row"], places

    def __len__(self):
        return len(self._places)

    @property
    def shape(self):
        """(rows, features)."""
        return len(self), *self._numbers.shape[1:]

    @property
    def dtype(self):
        """Float32."""
        return self._numbers.dtype

    def __getitem__(self, rows):
        """Rows at an array of positions, a slice or a boolean mask: a new float32 array."""
        return np.asarray(self._numbers[self._places[rows]])

    def __array__(self, dtype=None, copy=None):
        """All of X."""
        return self[:] if dtype is None else self[:].astype(dtype)


class Features:
    """X of some images of a store, read as the store is.

    Arguments:
        rows: their positions in the store, ascending.
        array: float32 array of shape (len(rows), features), or Kept.
    """

    def __init__(self, rows, array):
        self.rows, self.array = rows, array

    def __len__(self):
        return len(self.rows)

    def read(self, rows):
        """X at these positions in the store, as a new array."""
        return self.array[np.searchsorted(self.rows, rows)]


def extract_features(
    classifier: keras.Model, store, rows: ArrayLike | None = None, batch_size: int = 32, progress: bool = True
) -> np.ndarray:
    """X for images.

    Arguments:
        classifier: any classifier that arttl.models.feature_extractor takes.
        store: an ImageStore, or anything with `read(rows)` and a length; an array of images; or a keras PyDataset,
            tf.data.Dataset or other iterable of batches, with labels or without, which is read once, in its order.
        rows: positions in the store or array; all of them by default.
        batch_size: images in a forward pass; batches of a dataset are taken as they are.
        progress: tell on standard error how far it has come.

    Returns a float32 array of shape (images, features). BatchNormalization uses its moving statistics.

    Raises InputError for other data, and for `rows` of a dataset.
    """
    store = Arrays(store) if isinstance(store, np.ndarray) else store
    if not hasattr(store, "read"):
        return _of_batches(classifier, store, rows, progress)
    rows = np.arange(len(store)) if rows is None else np.asarray(rows)
    features = np.empty((len(rows), _length(classifier)), "float32")
    for part, batch in _extracted(classifier, store, rows, batch_size, progress):
        features[part] = batch
    return features


def _of_batches(classifier, data, rows, progress):
    if rows is not None:
        raise InputError("rows are positions in a store or an array, and a dataset has none; leave rows out")
    extractor, batches, found, size = feature_extractor(classifier), readable(data), [], 0
    for index in bar(range(len(batches)), desc="extracting features", unit="batch", shown=progress, leave=False):
        batch = batches[index]
        inputs = np.asarray(batch[0] if isinstance(batch, tuple | list) else batch)
        size = max(size, len(inputs))
        found.append(predict_batch(extractor, inputs, size))
    return np.concatenate(found).astype("float32", copy=False)


def cached_features(classifier, store, folder, rows=None, batch_size=32, progress=True):
    """X for images of a store, image by image from the cache where the same network has seen the same pixels.

    One file holds what a network gave in one precision on one kind of device. It grows by what is missing, and rows are
    safe within seconds: who is killed has little to do again. Of two processes one computes and the other waits.

    Arguments:
        classifier: a model of arttl.models.build_classifier.
        store: an ImageStore.
        folder: the cache's folder, made if need be.
        rows: positions in the store; all of them by default.
        batch_size: images in a forward pass.
        progress: tell on standard error how far it has come.

    Returns (features, path, reused): X of these rows as Kept, its file, and whether everything was there already.

    Raises InputError when the file cannot be written, or does not keep what is written.
    """
    rows = np.arange(len(store)) if rows is None else np.asarray(rows)
    key = hashlib.sha256(f"{FORMAT} {network_fingerprint(classifier)} {computed_by()}".encode()).hexdigest()[:16]
    file = RecordFile(Path(folder) / f"{classifier.name}-{key}.features", ("row", "<f4", (_length(classifier),)))
    keys = _pixel_keys(store, rows)
    places = file.places(keys)
    if (places >= 0).all():
        return Kept(file, places), file.path, True
    file.path.parent.mkdir(parents=True, exist_ok=True)
    lock = file.path.with_name(f".{file.path.stem}.lock")
    with locked(lock, waiting=lambda: _say_waiting(lock, progress)):
        missing = np.flatnonzero(file.places(keys) < 0)  # another process may have computed them
        extracted = _extracted(classifier, store, rows[missing], batch_size, progress)
        _append(file, [keys[each] for each in missing], extracted)
        places = file.places(keys)
    if (places < 0).any():
        raise InputError(f"{file.path} does not hold what was written to it; check the disk, or choose another folder")
    return Kept(file, places), file.path, not len(missing)


def _append(file, keys, extracted):
    """Write what is extracted for these keys to the file, from time to time."""
    waiting, saved = [], time.monotonic()

    def save():
        if waiting:
            new = [key for part, _ in waiting for key in keys[part]]
            file.append(new, row=np.concatenate([batch for _, batch in waiting]))
            waiting.clear()

    try:
        for each in extracted:
            waiting.append(each)
            if time.monotonic() - saved > SYNC_SECONDS:
                save()
                saved = time.monotonic()
    finally:
        save()


def _extracted(classifier, store, rows, batch_size, progress):
    """(slice of the rows, their X) of batch after batch."""
    extractor = feature_extractor(classifier)
    starts = range(0, len(rows), batch_size)
    for start in bar(starts, desc="extracting features", unit="batch", shown=progress, leave=False):
        part = slice(start, start + batch_size)
        yield part, predict_batch(extractor, store.read(rows[part]), batch_size)


def _length(classifier):
    return feature_extractor(classifier).output_shape[-1]


def _pixel_keys(store, rows):
    """What is the same for the same pixels alone, for each row; of images in memory their place in what they are of."""
    if hasattr(store, "pixel_keys"):
        return [store.pixel_keys[row] for row in rows]
    return [f"{store.fingerprint} {row}" for row in rows]


def _say_waiting(lock, progress):
    if progress:
        print(f"waiting for another process that computes the same features ({lock})", file=sys.stderr)


def network_fingerprint(classifier):
    """SHA-256 over the layers from pixels to X: their kinds, settings and weights; the head does not count.

    Layers' names do not count either, since Keras numbers some of them by what was built before. Backend and
    Keras version do: they may compute the same layers otherwise.
    """
    extractor = feature_extractor(classifier)
    digest = hashlib.sha256(f"{classifier.input_shape} {keras.backend.backend()} {keras.__version__}".encode())
    for layer in extractor.layers:
        settings = {key: value for key, value in layer.get_config().items() if key not in ("name", "trainable")}
        digest.update(f"{type(layer).__name__} {json.dumps(settings, sort_keys=True, default=str)}".encode())
        for weight in layer.weights:
            digest.update(f"{tuple(weight.shape)}".encode())
            digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return digest.hexdigest()
