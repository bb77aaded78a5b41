"""LeNet-300-100 and ResNet-20: sizes by hand, and what the papers say of them."""

import keras
import numpy as np
import pytest
from keras import layers

import arttl
from arttl.base.errors import InputError
from arttl.models import lenet_300_100, resnet20


def parameters(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


def test_lenet_has_as_many_weights_as_published():
    model = lenet_300_100()
    assert [layer.units for layer in model.layers if isinstance(layer, layers.Dense)] == [300, 100, 10]
    # Frankle and Carbin (2019), figure 2: 266K parameters
    assert parameters(model.trainable_weights) == 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10 == 266_610
    assert model.output_shape == (None, 10)


def test_lenet_by_hand():
    model = lenet_300_100(num_classes=2, input_shape=(1, 2, 1))
    hidden = np.zeros((2, 300))
    hidden[:, 0], hidden[:, 1] = [1, 1], [-1, -1]
    second = np.zeros((300, 100))
    second[:2, 0] = [1, 100]  # the second hidden unit is negative, and ReLU holds it back
    head = np.zeros((100, 2))
    head[0, 0] = 1
    for name, kernel in (("dense_300", hidden), ("dense_100", second), ("head", head)):
        model.get_layer(name).set_weights([kernel, np.zeros(kernel.shape[1])])
    found = model.predict(np.array([[[[255], [51]]]], "uint8"), verbose=0)
    np.testing.assert_allclose(found, [[np.exp(1.2) / (np.exp(1.2) + 1), 1 / (np.exp(1.2) + 1)]], rtol=1e-6)


def test_lenets_kernels_are_drawn_as_glorot_and_bengio_do():
    model = lenet_300_100(seed=1)
    for name, fans in (("dense_300", 1084), ("dense_100", 400), ("head", 110)):
        kernel, bias = model.get_layer(name).get_weights()
        deviation = (2 / fans) ** 0.5
        assert np.std(kernel) == pytest.approx(deviation, rel=4 / (2 * kernel.size) ** 0.5 + 0.01)
        assert np.abs(kernel).max() < 2.3 * deviation  # a Gaussian cut off at two of its own deviations, 1 / 0.88
        assert np.abs(kernel).max() > 1.9 * deviation  # a uniform distribution ends at 1.73
        assert not bias.any()


def test_a_seed_gives_the_same_lenet_and_another_another():
    one, same, other = (lenet_300_100(seed=seed).get_weights()[0] for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.99


def test_resnet20_has_as_many_weights_as_published():
    model = resnet20()
    stem = 27 * 16
    stages = 6 * 9 * 16 * 16 + (9 * 16 * 32 + 5 * 9 * 32 * 32) + (9 * 32 * 64 + 5 * 9 * 64 * 64)
    normalizations = 2 * (7 * 16 + 6 * 32 + 6 * 64)
    assert parameters(model.trainable_weights) == stem + stages + normalizations + 650 == 269_722  # paper: 0.27M
    assert sum(isinstance(layer, layers.Conv2D) for layer in model.layers) == 19  # with the head, 20 layers
    assert model.get_layer("head").output.shape == (None, 10)


def test_resnet20_halves_the_map_twice():
    model = resnet20()
    shapes = [layer.output.shape[1:] for layer in model.layers if isinstance(layer, layers.Add)]
    assert shapes == [(32, 32, 16)] * 3 + [(16, 16, 32)] * 3 + [(8, 8, 64)] * 3


def test_resnet20_shortcut_takes_every_second_pixel_and_adds_zeros(rng):
    model = resnet20(input_shape=(8, 8, 3))
    entering = model.get_layer("stage2_block1_every_second").input
    shortcut = keras.Model(entering, model.get_layer("stage2_block1_zeros").output)
    maps = rng.normal(size=(2, 8, 8, 16)).astype("float32")
    found = shortcut.predict(maps, verbose=0)
    np.testing.assert_array_equal(found[..., :16], maps[:, ::2, ::2])
    np.testing.assert_array_equal(found[..., 16:], np.zeros((2, 4, 4, 16)))


def test_pixels_are_scaled_inside_and_probabilities_come_out(rng):
    images = rng.integers(0, 256, (3, 12, 10, 3), dtype="uint8")
    for build in (lenet_300_100, resnet20):
        model = build(7, (12, 10, 3))
        found = model.predict(images, verbose=0)
        assert found.shape == (3, 7)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
        scaled = keras.Model(model.input, model.get_layer("preprocessing").output).predict(images, verbose=0)
        np.testing.assert_allclose(scaled, images / 255, rtol=1e-6)


def test_a_saved_resnet20_loads_as_any_keras_model(tmp_path):
    model = resnet20(3, (8, 8, 3))
    model.save(tmp_path / "m.keras")
    images = np.ones((1, 8, 8, 3), "float32")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


def test_their_head_is_replaced_as_any():
    assert arttl.replace_head(resnet20(), 5).output_shape == (None, 5)


@pytest.mark.parametrize("build", [lenet_300_100, resnet20])
def test_impossible_sizes_are_refused(build):
    with pytest.raises(InputError, match="input_shape"):
        build(input_shape=(28, 28))
    with pytest.raises(InputError, match="num_classes is 0"):
        build(num_classes=0)
