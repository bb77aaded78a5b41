"""Whole networks are compacted: what they compute stays, and so do layers that cannot be cut."""

import keras
import numpy as np
import pytest
import slim
from compacted import channels, empty, outputs, randomise, residual, same_outputs, sequence
from keras import layers

from arttl.base.errors import InputError
from arttl.models import build_classifier, lenet_300_100, resnet20
from arttl.pruning import compact


def inception_like(rng):
    first = keras.Input((9, 9, 3))
    stem = layers.ReLU()(layers.BatchNormalization(scale=False)(layers.Conv2D(6, 3, use_bias=False)(first)))
    pooled = layers.AveragePooling2D(3, strides=1, padding="same")(stem)
    branches = [
        layers.Conv2D(4, 1, activation="relu", name="one")(stem),
        layers.Conv2D(5, 3, padding="same", name="three")(layers.Conv2D(4, 1, activation="relu", name="reduce")(stem)),
        layers.Conv2D(3, 1, name="pool_projection")(pooled),
    ]
    x = layers.BatchNormalization()(layers.Concatenate(name="mixed")(branches))
    x = layers.Conv2D(5, (1, 7), padding="same", name="last")(layers.Activation("silu")(x))
    x = layers.Dense(4, "softmax", name="head")(layers.GlobalAveragePooling2D()(x))
    return randomise(keras.Model(first, x), rng)


def separable(rng):
    first = keras.Input((8, 8, 3))
    x = layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2, activation="relu", name="s1")(first)
    x = layers.BatchNormalization(name="n1")(x)
    x = layers.SeparableConv2D(7, 3, depth_multiplier=2, name="s2")(x)
    x = layers.LeakyReLU()(x)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="d")(x)
    x = layers.PReLU(shared_axes=[1, 2])(layers.BatchNormalization(name="n2")(x))
    x = layers.Dropout(0.5)(layers.SeparableConv2D(4, 1, name="s3")(x))
    return randomise(keras.Model(first, layers.Dense(3, name="head")(layers.Flatten()(x))), rng)


def with_shared_and_unknown(rng):
    first = keras.Input((6, 6, 2))
    shared = layers.Conv2D(4, 3, padding="same", activation="relu", name="shared")
    x = layers.Conv2D(4, 1, name="stem")(first)
    x = layers.Maximum()([shared(x), shared(layers.Conv2D(4, 1, name="other")(x))])
    x = layers.LayerNormalization()(layers.Conv2D(5, 3, name="before")(x))
    x = layers.Conv2D(4, 3, groups=2, name="grouped")(layers.Conv2D(6, 1, name="between")(x))
    return randomise(keras.Model(first, layers.Dense(3, name="head")(layers.GlobalMaxPooling2D()(x))), rng)


def prune_channels(model, rng, share=0.4):
    """Empty a share of each kernel's outputs, cut a share of its inputs off, and prune half of what remains."""
    for layer in model.layers:
        arrays = layer.get_weights()
        for variable, array in zip(layer.weights, arrays, strict=True):
            if variable.name.endswith("kernel") and layer.name != "head":
                array[..., rng.uniform(size=array.shape[-1]) < share] = 0
                array[..., rng.uniform(size=array.shape[-2]) < share / 2, :] = 0
                array *= rng.uniform(size=array.shape) < 0.5
                array[..., 0, 0] += 0.5  # so that some signal passes
        layer.set_weights(arrays)


BUILDERS = {
    "residual": residual,
    "inception": inception_like,
    "separable": separable,
    "shared": with_shared_and_unknown,
    "resnet20": lambda rng: randomise(resnet20(4, (16, 16, 3)), rng),
    "lenet": lambda rng: lenet_300_100(seed=3),
}


@pytest.mark.slow
@pytest.mark.parametrize("architecture", BUILDERS)
@pytest.mark.parametrize("seed", range(4))
def test_random_sparse_networks_keep_their_outputs(architecture, seed):
    if architecture in ("resnet20", "lenet") and seed > 1:
        pytest.skip("two seeds of the larger networks are enough")
    rng = np.random.default_rng(seed)
    model = BUILDERS[architecture](rng)
    prune_channels(model, rng, share=(0.4, 0.2, 0.5, 0.6)[seed])
    smaller, report = compact(model)
    before, after = report.parameters
    assert before == model.count_params()
    assert after == smaller.count_params() <= before
    assert after < before or architecture in ("shared", "residual")  # where few go, tied to others
    same_outputs(model, smaller, rng)


def test_shared_and_unknown_layers_keep_their_channels(rng):
    model = with_shared_and_unknown(rng)
    for name in ("shared", "before", "between", "other"):
        empty(model.get_layer(name), 1, 2, bias=0.5)
    smaller, report = compact(model)
    assert channels(report) == {each.name: each.channels[0] for each in report.layers}
    same_outputs(model, smaller, rng)


def test_flatten_takes_each_place_of_a_channel_away(rng):
    model = randomise(sequence(layers.Conv2D(3, 3, name="a"), layers.Flatten(), layers.Dense(2, name="b")), rng)
    empty(model.get_layer("a"), 1, bias=2.0)
    kernel, bias = model.get_layer("b").get_weights()
    smaller, report = compact(model)
    found = smaller.get_layer("b").get_weights()
    rows = kernel.reshape(16, 3, 2)
    np.testing.assert_array_equal(found[0], rows[:, [0, 2]].reshape(32, 2))
    np.testing.assert_allclose(found[1], bias + 2 * rows[:, 1].sum(axis=0), rtol=1e-5)
    assert report.multiply_adds == (16 * 54 + 96, 16 * 36 + 64)


def test_gamma_of_zero_empties_a_channel(rng):
    stack = (layers.Conv2D(4, 3), layers.BatchNormalization(name="n"), layers.Conv2D(2, 1))
    model = randomise(sequence(*stack), rng)
    gamma, *others = model.get_layer("n").get_weights()
    model.get_layer("n").set_weights([gamma * [1, 0, 0, 1], *others])
    smaller, report = compact(model)
    assert channels(report)["n"] == 2
    same_outputs(model, smaller, rng)


def test_nothing_to_remove_leaves_every_layer_as_it_was(rng):
    model = inception_like(rng)
    smaller, report = compact(model)
    assert report.parameters[0] == report.parameters[1] == model.count_params()
    for old, new in zip(model.get_weights(), smaller.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not {id(each) for each in model.weights} & {id(each) for each in smaller.weights}


@pytest.mark.parametrize("architecture", ["residual", "inception", "separable", "resnet20"])
def test_everything_empty_leaves_one_channel_and_the_same_constant(architecture, rng):
    model = BUILDERS[architecture](rng)
    for layer in model.layers:
        layer.set_weights(
            [
                np.zeros_like(array) if variable.name.endswith("kernel") else array
                for variable, array in zip(layer.weights, layer.get_weights(), strict=True)
            ]
        )
    smaller, report = compact(model)
    assert min(channels(report).values()) == 1
    images = rng.normal(size=(2, *model.input.shape[1:])).astype("float32")
    np.testing.assert_allclose(outputs(smaller, images), outputs(model, images), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("numerics", ["keras3", "2.1.2", "2.1.6", "2.2.2", "2.2.4"])
def test_bundled_weights_of_resnet50(numerics, rng, monkeypatch):
    if numerics != "keras3":  # the graphs of other eras differ elsewhere
        slim.put_in_place(monkeypatch)
    size = 64 if numerics == "keras3" else 40
    model = build_classifier("resnet50", 4, weights="bundled", image_size=size, numerics=numerics)
    smaller, report = compact(model)
    assert report.parameters[1] < 0.95 * report.parameters[0]
    assert channels(report)[model.layers[3 if numerics != "2.1.2" else 2].name] < 64
    same_outputs(model, smaller, rng, images=2)


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "size"), [("vgg19", 32), ("inception_v3", 75), ("xception", 71)])
def test_the_other_backbones_with_emptied_channels(architecture, size, rng):
    model = randomise(build_classifier(architecture, 4, weights="none", image_size=size, numerics="2.1.6"), rng)
    prune_channels(model, rng)
    smaller, report = compact(model)
    assert report.parameters[1] < 0.7 * report.parameters[0]
    same_outputs(model, smaller, rng, images=2)


@pytest.mark.slow
def test_saves_loads_and_trains_on(tmp_path, rng):
    model = BUILDERS["resnet20"](rng)
    prune_channels(model, rng)
    smaller, _ = compact(model)
    smaller.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    images = rng.uniform(0, 255, (8, 16, 16, 3)).astype("float32")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), smaller.predict(images, verbose=0))
    loaded.compile("sgd", "sparse_categorical_crossentropy")
    losses = loaded.fit(images, np.arange(8) % 4, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    again, _ = compact(loaded)  # the trained model is an ordinary one
    same_outputs(loaded, again, rng)


def test_frozen_layers_stay_frozen(rng):
    model = residual(rng, in_branch=[0], in_shortcut=[0])
    model.get_layer("inner").trainable = False
    assert not compact(model).model.get_layer("inner").trainable


def test_report_is_a_table(rng):
    report = compact(residual(rng, in_branch=[1, 2], in_shortcut=[1, 2])).report
    lines = str(report).splitlines()
    assert len(lines) == 6
    assert lines[-1].startswith("in all")
    assert f"{report.parameters[1]:,}" in lines[-1]


def test_what_cannot_be_compacted_is_refused():
    with pytest.raises(InputError, match="fixed input shape"):
        compact(sequence(layers.Conv2D(2, 3), shape=(None, None, 3)))
    first, second = keras.Input((3,)), keras.Input((3,))
    with pytest.raises(InputError, match="2 inputs"):
        compact(keras.Model([first, second], layers.Add()([first, second])))
    with pytest.raises(InputError, match="no graph"):
        compact(keras.Sequential([layers.Dense(2)]))
