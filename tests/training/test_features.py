"""Cached features must give what training the frozen network end to end gives."""

import threading

import keras
import numpy as np
import pytest
import slim
from PIL import Image

from arttl import recipes
from arttl.base.errors import InputError
from arttl.base.locks import locked
from arttl.base.record_file import RecordFile
from arttl.images import Decoding, ImageStore
from arttl.models import build_classifier, lenet_300_100, predict_batch
from arttl.training import (
    Arrays,
    Batches,
    Checkpoint,
    head_model,
    make_deterministic,
    precision,
    set_product_precision,
    train,
)
from arttl.training import features as features_module
from arttl.training.features import Features, cached_features, extract_features, network_fingerprint
from arttl.transfer.method import HEAD_AT_ONCE

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
def test_head_on_features_equals_the_frozen_network_trained_end_to_end(images, monkeypatch):
    """Same initial head, same batches: the same head afterwards, to 1e-5 (issue 2, part 6)."""
    slim.put_in_place(monkeypatch)
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


@pytest.mark.slow
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


@pytest.fixture
def pictures(tmp_path):
    """Six files of noise: image_id to path."""
    paths = {f"{number}": tmp_path / f"{number}.png" for number in range(6)}
    for number, path in enumerate(paths.values()):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype="uint8")
        Image.fromarray(pixels).save(path)
    return paths


@pytest.fixture
def network():
    return lenet_300_100(2, (8, 8, 3), seed=0)


@pytest.fixture
def computed(monkeypatch):
    """The number of images of each forward pass from now on."""
    passes = []

    def counted(extractor, inputs, batch_size):
        passes.append(len(inputs))
        return predict_batch(extractor, inputs, batch_size)

    monkeypatch.setattr(features_module, "predict_batch", counted)
    return passes


def store_of(pictures, tmp_path, decoding=None):
    return ImageStore.build(pictures, decoding or Decoding((8, 8)), tmp_path / "stores", progress=False)


def test_features_belong_to_images_in_whatever_order_they_come(pictures, network, tmp_path):
    forward = store_of(pictures, tmp_path)
    backward = store_of(dict(reversed(pictures.items())), tmp_path)
    first, path, _ = cached_features(network, forward, tmp_path / "cache", progress=False)
    again, same, reused = cached_features(network, backward, tmp_path / "cache", progress=False)
    assert (reused, same) == (True, path)
    np.testing.assert_array_equal(again, first[::-1])
    np.testing.assert_allclose(again, extract_features(network, backward, progress=False), atol=1e-6)
    some, _, _ = cached_features(network, forward, tmp_path / "cache", [4, 1, 4], progress=False)
    np.testing.assert_array_equal(some, first[[4, 1, 4]])


def test_only_what_is_missing_is_computed(pictures, network, tmp_path, computed):
    options = {"batch_size": 2, "progress": False}
    store = store_of(pictures, tmp_path)
    cached_features(network, store, tmp_path / "cache", store.rows(["1", "3"]), **options)
    assert computed == [2]  # of the images asked for, and of no others
    Image.new("RGB", (8, 8), (9, 9, 9)).save(pictures["3"])
    mended = store_of(pictures, tmp_path)
    found, _, reused = cached_features(network, mended, tmp_path / "cache", **options)
    assert not reused
    assert computed[1:] == [2, 2, 1]  # all but image 1
    np.testing.assert_allclose(found, extract_features(network, mended, progress=False), atol=1e-6)
    other = store_of(pictures, tmp_path, Decoding((8, 8), "antialiased"))
    assert not cached_features(network, other, tmp_path / "cache", **options)[2]


def test_a_killed_extraction_goes_on_where_it_was(pictures, network, tmp_path, computed, monkeypatch):
    store = store_of(pictures, tmp_path)

    def killed(rows, read=store.read):
        if 4 in rows:
            raise KeyboardInterrupt
        return read(rows)

    options = {"batch_size": 1, "progress": False}
    with monkeypatch.context() as patch:
        patch.setattr(store, "read", killed)
        with pytest.raises(KeyboardInterrupt):
            cached_features(network, store, tmp_path / "cache", **options)
    assert len(computed) == 4
    (file,) = (tmp_path / "cache").glob("*.features")
    content = file.read_bytes()
    damaged = bytearray(content[: len(content) - 10])  # the fourth is half-written
    damaged[40] ^= 1  # and the disk has lost a byte of the first
    file.write_bytes(damaged)
    found, _, _ = cached_features(network, store, tmp_path / "cache", **options)
    assert len(computed) == 4 + 4
    np.testing.assert_allclose(found, extract_features(network, store, progress=False), atol=1e-6)
    assert cached_features(network, store, tmp_path / "cache", **options)[2]


@pytest.mark.slow
@pytest.mark.core
@pytest.mark.parametrize("settings", [{}, {"class_weights": "balanced"}], ids=["plain", "class weights"])
def test_steps_of_a_head_executed_at_once_change_no_number(tmp_path, settings):
    rng = np.random.default_rng(0)
    features, class_ids = Arrays(rng.normal(size=(70, 6)).astype("float32")), rng.integers(0, 3, 70)
    recipe, trained = recipes.off_the_shelf(max_epochs=3, patience=3, batch_size=8, **settings), []
    for at_once in (1, 4, HEAD_AT_ONCE):  # seven steps an epoch, of which the last has two rows
        make_deterministic(5)
        inputs = keras.Input((6,))
        head = keras.Model(inputs, keras.layers.Dense(3, "softmax", name="head")(inputs))
        parts = [
            Batches(features, np.arange(first, last), class_ids[first:last], 3, 8, shuffle_seed=seed)
            for first, last, seed in ((0, 50, 3), (50, 70, None))
        ]
        progress = train(recipe.compile(head, at_once), recipe, *parts, Checkpoint(tmp_path / str(at_once)))
        history = [{name: value for name, value in row.items() if name != "seconds"} for row in progress.history]
        trained.append((history, [weight.tolist() for weight in head.get_weights()]))
    assert len(trained[0][0]) == 3
    assert trained[0] == trained[1] == trained[2]


def test_features_stay_on_the_disk_until_they_are_read(pictures, network, tmp_path):
    store = store_of(pictures, tmp_path)
    features, path, _ = cached_features(network, store, tmp_path / "cache", progress=False)
    expected = extract_features(network, store, progress=False)
    with open(path, "r+b") as file:  # the last number of the first record: its key and checksum are left alone
        file.seek(32 + expected.shape[1] * 4 - 4)
        file.write(np.float32(7).tobytes())
    assert features[[0]][0, -1] == 7
    read = Features(np.array([1, 2, 4, 5]), features[[1, 2, 4, 5]]).read([5, 1, 5])
    np.testing.assert_allclose(read, expected[[5, 1, 5]], atol=1e-6)


def test_a_disk_that_does_not_keep_features_is_named(pictures, network, tmp_path, monkeypatch):
    monkeypatch.setattr(RecordFile, "append", lambda *_, **__: None)
    with pytest.raises(InputError, match="does not hold what was written to it; check the disk"):
        cached_features(network, store_of(pictures, tmp_path), tmp_path / "cache", progress=False)


def test_of_two_processes_one_computes_and_the_other_waits(pictures, network, tmp_path, computed, capsys):
    store, cache = store_of(pictures, tmp_path), tmp_path / "cache"
    _, path, _ = cached_features(network, store, cache, [0], progress=False)
    results = []
    with locked(path.with_name(f".{path.stem}.lock")):
        waiting = threading.Thread(target=lambda: results.append(cached_features(network, store, cache)))
        waiting.start()
        while "waiting for another process that computes the same features" not in capsys.readouterr().err:
            waiting.join(0.01)
        assert computed == [1]
    waiting.join()
    assert computed == [1, 5]
    np.testing.assert_allclose(results[0][0], extract_features(network, store, progress=False), atol=1e-6)


def test_precision_of_products_and_kind_of_device_tell_features_apart(pictures, network, tmp_path, monkeypatch):
    store, paths = store_of(pictures, tmp_path), set()
    for faithful in (True, False):
        set_product_precision(faithful)
        paths.add(cached_features(network, store, tmp_path / "cache", progress=False)[1])
    backend = keras.backend.backend()
    monkeypatch.setitem(precision._DEVICES, backend, lambda: "another")
    paths.add(cached_features(network, store, tmp_path / "cache", progress=False)[1])
    assert len(paths) == 3


def test_damaged_cache_file_is_made_anew(slim_networks, images, tmp_path):
    store, _, _ = images
    model = frozen("vgg19")
    first, path, _ = cached_features(model, store, tmp_path, progress=False)
    path.write_bytes(path.read_bytes()[:100])
    again, _, reused = cached_features(model, store, tmp_path, progress=False)
    assert not reused
    np.testing.assert_array_equal(again, first)
