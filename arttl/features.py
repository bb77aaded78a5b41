"""X, the pooled feature vectors of a frozen network: computed once, cached on disk, and used many times."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

import keras
import numpy as np

from arttl.bars import bar
from arttl.files import whole_file
from arttl.models import feature_extractor, predict_batch


def extract_features(classifier, store, rows=None, batch_size=32, progress=True):
    """X for images of a store.

    Arguments:
        classifier: a model of arttl.models.build_classifier.
        store: an ImageStore, or anything with `read(rows)` and a length.
        rows: positions in the store; all of them by default.
        batch_size: images in a forward pass.
        progress: tell on standard error how far it has come.

    Returns a float32 array of shape (len(rows), features). BatchNormalization uses its moving statistics.
    """
    extractor = feature_extractor(classifier)
    rows = np.arange(len(store)) if rows is None else np.asarray(rows)
    features = np.empty((len(rows), extractor.output_shape[-1]), "float32")
    starts = range(0, len(rows), batch_size)
    for start in bar(starts, desc="extracting features", unit="batch", shown=progress, leave=False):
        batch = rows[start : start + batch_size]
        features[start : start + len(batch)] = predict_batch(extractor, store.read(batch), batch_size)
    return features


def cached_features(classifier, store, folder, batch_size=32, progress=True):
    """X for every image of a store, from the cache when the same network has seen the same images.

    Arguments:
        classifier: a model of arttl.models.build_classifier.
        store: an ImageStore; its fingerprint stands for the images.
        folder: the cache's folder, made if need be.
        batch_size: images in a forward pass.
        progress: tell on standard error how far it has come.

    Returns (features, path, reused): float32 array of shape (len(store), features), its file, and whether
    it was there already. The file appears under its name only when it is whole.
    """
    inputs = f"{store.fingerprint} {len(store)} {network_fingerprint(classifier)}"
    key = hashlib.sha256(inputs.encode()).hexdigest()[:16]
    path = Path(folder) / f"features-{classifier.name}-{key}.npy"
    with contextlib.suppress(FileNotFoundError, ValueError, EOFError):  # a damaged file is made anew
        return np.load(path, allow_pickle=False), path, True
    features = extract_features(classifier, store, batch_size=batch_size, progress=progress)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, "wb") as file:
        np.save(file, features, allow_pickle=False)
    return features, path, False


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
