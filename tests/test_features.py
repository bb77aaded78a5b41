"""Cached features must give what training the frozen network end to end gives."""

import keras
import numpy as np
import pytest

from arttl import recipes
from arttl.features import cached_features, extract_features, network_fingerprint
from arttl.models import build_classifier
from arttl.training import Arrays, Batches, head_model, make_deterministic

CLASSES = 4


class Store(Arrays):
    """Images in memory with an ImageStore's face."""

    fingerprint = "images"


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (40, 32, 32, 3), dtype="uint8")
    return Store(pixels), np.arange(40), rng.integers(0, CLASSES, 40)


def frozen(architecture, weights="none", **options):
    make_deterministic(5)
    return build_classifier(architecture, CLASSES, weights=weights, trainable=False, image_size=32, **options)


@pytest.mark.slow
def test_head_on_features_equals_the_frozen_network_trained_end_to_end(images):
    """Same initial head, same batches: the same head afterwards, to 1e-5 (issue 2, part 6)."""
    store, rows, class_ids = images
    recipe = recipes.off_the_shelf()

    def fit(model, source):
        batches = Batches(source, rows, class_ids, CLASSES, 16, shuffle_seed=3)
        recipe.compile(model).fit(batches, epochs=4, shuffle=False, verbose=0)

    whole = frozen("resnet50", "bundled")  # He-uniform weights give features so large that the softmax saturates
    before = whole.get_layer("head").get_weights()[0].copy()
    fit(whole, store)
    cached = frozen("resnet50", "bundled")
    np.testing.assert_array_equal(cached.get_layer("head").get_weights()[0], before)
    fit(head_model(cached), Arrays(extract_features(cached, store, progress=False)))
    for ours, theirs in zip(cached.get_layer("head").get_weights(), whole.get_layer("head").get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert np.abs(cached.get_layer("head").get_weights()[0] - before).max() > 1e-3
    pixels = store.read(rows[:8])
    np.testing.assert_allclose(cached.predict(pixels, verbose=0), whole.predict(pixels, verbose=0), atol=1e-4)


def test_features_are_the_pooled_activations(images):
    store, rows, _ = images
    model = frozen("vgg19")
    features = extract_features(model, store, rows[:5], batch_size=2, progress=False)
    last = keras.Model(model.input, model.get_layer("block5_pool").output)
    expected = last.predict(store.read(rows[:5]), verbose=0).mean(axis=(1, 2))
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_cache_is_reused_until_the_network_or_the_images_change(images, tmp_path, monkeypatch):
    store, _, _ = images
    model = frozen("vgg19")
    first, path, reused = cached_features(model, store, tmp_path, progress=False)
    assert not reused
    again, same, reused = cached_features(model, store, tmp_path, progress=False)
    assert reused
    assert same == path
    np.testing.assert_array_equal(again, first)
    other = Store(store.array)
    other.fingerprint = "other images"
    assert not cached_features(model, other, tmp_path, progress=False)[2]
    assert not [file for file in tmp_path.iterdir() if "partial" in file.name]


def test_fingerprint_sees_weights_and_preprocessing_but_not_the_head():
    model = frozen("vgg19")
    reference = network_fingerprint(model)
    model.get_layer("head").set_weights([weight + 1 for weight in model.get_layer("head").get_weights()])
    assert network_fingerprint(model) == reference
    assert network_fingerprint(frozen("vgg19", preprocessing="imagenet")) != reference
    kernel = model.get_layer("block1_conv1").kernel
    kernel.assign(kernel + 1e-3)
    assert network_fingerprint(model) != reference


def test_damaged_cache_file_is_made_anew(images, tmp_path):
    store, _, _ = images
    model = frozen("vgg19")
    first, path, _ = cached_features(model, store, tmp_path, progress=False)
    path.write_bytes(path.read_bytes()[:100])
    again, _, reused = cached_features(model, store, tmp_path, progress=False)
    assert not reused
    np.testing.assert_array_equal(again, first)
