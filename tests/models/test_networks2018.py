"""The four networks, their weights files and `load_img` against recordings of the real Keras of 2018."""

import hashlib
from functools import cache

import h5py
import keras
import numpy as np
import pytest
import slim
from PIL import Image
from references2018 import IMAGES, OF_2018, cases, far, near, reference

from arttl.base.errors import InputError
from arttl.images import Decoding, decode_image
from arttl.models import build_classifier, feature_extractor
from arttl.models import weights as weights_module
from arttl.models.keras2018 import BatchNormalization2018, today_name
from arttl.models.keras2018.batch_normalization import SHADOWS


def _text(name):
    return name.decode() if isinstance(name, bytes) else str(name)


NAMES_2018 = {today_name(name): name for name in map(_text, reference("2.1.2")["resnet50/layer_names"])}


def seed_weights(model, key):
    """Give every backbone layer the weights that the recording had."""
    layers = [(layer, [each for each in layer.weights if each.name not in SHADOWS]) for layer in model.layers[:-1]]
    for index, (layer, stored) in enumerate((layer, stored) for layer, stored in layers if stored):
        name = NAMES_2018.get(layer.name, layer.name)
        shapes = [tuple(each.shape) for each in stored]
        for variable, array in zip(
            stored, cases.seeded_weights(cases.layer_key(key, index, name), shapes), strict=True
        ):
            variable.assign(array)


@cache
def features(key, numerics):
    """X of the recording's two images, by arttl."""
    name, side = key.removesuffix("_256"), cases.NETWORKS[key][1]
    model = build_classifier(name, 2, weights="none", image_size=side, numerics=numerics)
    seed_weights(model, key)
    # Layer by layer: compiling takes longer than all of it.
    return keras.ops.convert_to_numpy(feature_extractor(model)([cases.network_images(key)], training=False))


@pytest.mark.parametrize("key", cases.NETWORKS)
@pytest.mark.parametrize("era", OF_2018)
@pytest.mark.slow
def test_features(era, key):
    # At inference only ResNet50's graph depends on the era; the others are built once to save time.
    numerics = era if key.startswith("resnet50") else "2.1.6"
    assert near(features(key, numerics), reference(era)[f"features/{key}"], 1e-4)


@pytest.mark.parametrize("key", cases.NETWORKS)
@pytest.mark.slow
def test_todays_resnet50_is_another_graph_and_the_others_are_the_same(key):
    found = features(key, "keras3")
    for era in OF_2018:
        expected = reference(era)[f"features/{key}"]
        assert far(found, expected, 1e-4) if key.startswith("resnet50") else near(found, expected, 1e-4)


def test_graphs_of_2018_differ_from_one_another():
    """fidelity.md: conv1 changed in 2.1.5, the last pooling in 2.2.0 (unseen up to 224 pixels), pool1 in 2.2.3."""
    at_197, at_256 = ([reference(era)[f"features/{key}"] for era in OF_2018] for key in ("resnet50", "resnet50_256"))
    for first, second in ((0, 1), (1, 2), (2, 3)):
        assert far(at_256[first], at_256[second], 1e-3)
    assert near(at_197[1], at_197[2], 1e-5)
    assert far(at_197[2], at_197[3], 1e-3)
    assert near(at_197[0], at_197[1], 1e-5)  # of an odd side, "same" pads three on both sides too


def write_file_of_2018(path, model, era):
    """A notop file with the layers, names and order that `save_weights` of an era gave it."""
    layers = {today_name(layer.name): layer for layer in model.layers}
    order = [_text(name) for name in reference(era)["resnet50/layer_names"]]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name in order])
        for name in order:
            group = file.create_group(name)
            stored = {f"{name}/{index}:0": array for index, array in enumerate(layers[today_name(name)].get_weights())}
            group.attrs["weight_names"] = np.array([each.encode() for each in stored])
            for each, array in stored.items():
                group[each] = array


@pytest.fixture
def narrow(monkeypatch):
    """ResNet50 with all of its layers, but fewer channels."""
    slim.narrow_resnet50(monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("era", ["2.1.2", "2.2.4"])
@pytest.mark.usefixtures("narrow")
def test_weights_files_of_2018_and_of_today_serve_either_graph(era, tmp_path):
    first = build_classifier("resnet50", 2, weights="none", image_size=32, numerics="keras3")
    write_file_of_2018(tmp_path / "notop.h5", first, era)
    first.save(tmp_path / "model.keras")
    for name in ("notop.h5", "model.keras"):
        second = build_classifier("resnet50", 2, weights=tmp_path / name, image_size=32, numerics=era)
        for layer in second.layers[:-1]:
            if layer.weights:
                here, there = layer.get_weights(), first.get_layer(today_name(layer.name)).get_weights()
                for ours, theirs in zip(here[: len(there)], there, strict=True):
                    np.testing.assert_array_equal(ours, theirs)
    back = build_classifier("resnet50", 2, weights=tmp_path / "notop.h5", image_size=32, numerics="keras3")
    for ours, theirs in zip(back.get_weights()[:-2], first.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.usefixtures("narrow")
def test_statistics_travel_and_the_debiased_average_starts_anew(tmp_path):
    """In 2018 no file held the average's own variables, so a network that is loaded begins it again."""
    first = build_classifier("resnet50", 2, weights="none", image_size=32, numerics="2.1.6")
    layer = first.get_layer("bn_conv1")
    layer.moving_mean.assign(layer.moving_mean + 3.0)
    layer.local_step.assign(5.0)
    first.save(tmp_path / "model.keras")
    second = build_classifier("resnet50", 2, weights=tmp_path / "model.keras", image_size=32, numerics="2.1.6")
    again = second.get_layer("bn_conv1")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again.moving_mean), 3.0)
    assert float(keras.ops.convert_to_numpy(again.local_step)) == 0


@pytest.mark.slow
def test_imagenet_file_of_2018_has_its_own_name(keras_home, monkeypatch):
    asked = []

    def no_network(name, url, **options):
        asked.append((name, url, options["file_hash"]))
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.utils, "get_file", no_network)
    for numerics in ("2.1.2", "keras3"):
        with pytest.raises(InputError, match="ImageNet weights of ResNet50 cannot be downloaded"):
            build_classifier("resnet50", 2, image_size=32, numerics=numerics)
    (old, old_url, old_md5), (new, _, new_md5) = asked
    assert old != new
    assert old_url.startswith("https://github.com/fchollet/deep-learning-models/releases/download/v0.2/")
    assert old_md5.startswith("a268eb85")
    assert new_md5.startswith("4d473c1d")


def test_file_in_the_cache_of_2018_is_found(keras_home, monkeypatch):
    content = b"stands for the weights"
    (keras_home / "models").mkdir(parents=True)
    path = keras_home / "models" / "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    path.write_bytes(content)
    monkeypatch.setattr(weights_module, "RESNET50_2018_MD5", hashlib.md5(content).hexdigest())
    backbone = weights_module.get_backbone("resnet50")
    assert weights_module.imagenet_file(backbone, "2.1.2") == path


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("inception_v3", "xception")]


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["vgg19", "resnet50", *SLOW])
def test_only_batchnorm_layers_are_exchanged(architecture):
    ours, today = (
        build_classifier(architecture, 2, weights="none", image_size=96, numerics=numerics)
        for numerics in ("2.2.4", "keras3")
    )
    kinds = [sorted(type(layer).__name__.removesuffix("2018") for layer in each.layers) for each in (ours, today)]
    if architecture != "resnet50":
        assert kinds[0] == kinds[1]
    assert not any(type(layer) is keras.layers.BatchNormalization for layer in ours.layers)
    normalized = [layer for layer in ours.layers if isinstance(layer, BatchNormalization2018)]
    assert len(normalized) == kinds[1].count("BatchNormalization")
    assert all((layer.epsilon, layer.momentum) == (1e-3, 0.99) for layer in normalized)
    assert ours.count_params() - sum(3 * 0 + 2 * layer.moving_mean.shape[0] + 1 for layer in normalized) == (
        today.count_params()
    )


PICTURES = sorted({name.split("/")[1] for name in reference("2.2.4") if name.startswith("load_img/")})


@pytest.mark.parametrize("picture", [name for name in PICTURES if not name.endswith(".jpg")])
@pytest.mark.parametrize("era", OF_2018)
def test_load_img_is_bit_identical(era, picture):
    for kind in ("native", "7x9"):
        expected = reference(era)[f"load_img/{picture}/{kind}"]
        found = decode_image(IMAGES / picture, Decoding(expected.shape[:2], reading="load_img"))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("era", OF_2018)
def test_jpeg_differs_only_in_its_chroma(era):
    """libjpeg 9 of 2018 and today's libjpeg-turbo restore subsampled colour otherwise; neither turns the picture."""
    for picture in (name for name in PICTURES if name.endswith(".jpg")):
        expected = reference(era)[f"load_img/{picture}/native"]
        found = decode_image(IMAGES / picture, Decoding(expected.shape[:2], reading="load_img"))
        luma = [np.asarray(Image.fromarray(each).convert("L"), int) for each in (found, expected)]
        assert np.abs(luma[0] - luma[1]).mean() < 2


@pytest.mark.slow
@pytest.mark.parametrize("era", OF_2018)
@pytest.mark.usefixtures("narrow")
def test_layers_are_in_the_order_of_the_file(era):
    """Keras' own loader of .h5 files goes by order, so a file of the era loads with it too."""
    model = build_classifier("resnet50", 2, weights="none", image_size=32, numerics=era)
    ours = [layer.name for layer in model.layers[:-1] if layer.weights]
    assert ours == [_text(name) for name in reference(era)["resnet50/layer_names"]]
