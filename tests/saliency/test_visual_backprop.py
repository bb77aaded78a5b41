"""VisualBackProp against maps worked out by hand, Keras' own convolutions, and an independent scatter-add."""

import itertools

import keras
import numpy as np
import pytest
import slim
from keras import layers
from mapped import ones, sequential, small_net
from shadow_reference import LEVELS, reference

from arttl import InputError
from arttl.models import build_classifier
from arttl.saliency import visual_backprop
from arttl.saliency.shadow import window


def test_two_layers_by_hand():
    """Stride 2, valid padding, odd sizes, kernels not square. The first layer keeps every other pixel, the second all
    but the last column: their maps are [[1, 2, 3], [4, 0, 5]] and [[1, 2], [4, 0]]."""
    first = layers.Conv2D(1, (3, 2), strides=2, activation="relu")
    second = layers.Conv2D(1, (1, 2), activation="relu")
    model = sequential((5, 7), first, second)
    for layer in (first, second):
        kernel = np.zeros(layer.kernel.shape)
        kernel[0, 0] = 1
        layer.set_weights([kernel, np.zeros(1)])
    image = np.full((5, 7), 9.0)
    image[0:3:2, 0:6:2] = [[1, 2, 3], [4, 0, 5]]
    # scaled up, [[1, 3, 2], [4, 4, 0]]; times the first map, [[1, 6, 6], [16, 0, 0]]
    expected = [[1, 1, 6, 6, 6, 6, 0]] * 2 + [[17, 17, 6, 6, 6, 6, 0]] + [[16, 16, 0, 0, 0, 0, 0]] * 2
    np.testing.assert_allclose(visual_backprop(model, image[None, :, :, None])[0], np.array(expected) / 17, rtol=1e-6)


GEOMETRIES = {  # layers, width of the image, how often each pixel is covered
    "same, odd": ([ones((1, 3), strides=2, padding="same")], 5, [1, 2, 1, 2, 1]),
    "same, even": ([ones((1, 3), strides=2, padding="same")], 4, [1, 1, 2, 1]),
    "valid": ([ones((1, 3), strides=2)], 6, [1, 1, 2, 1, 1, 0]),
    "1 x 1, stride 2, odd": ([ones(1, strides=2)], 5, [1, 1, 1, 1, 1]),
    "1 x 1, stride 2, even": ([ones(1, strides=2, padding="same")], 4, [1, 1, 1, 1]),
    "1 x 1, stride 3": ([ones(1, strides=3)], 6, [1, 1, 1, 1, 1, 1]),
    "dilation": ([ones((1, 2), dilation_rate=2)], 5, [1, 1, 2, 1, 1]),
    "max pooling": ([layers.MaxPooling2D((1, 2)), ones()], 5, [1, 1, 1, 1, 0]),
    "average pooling": ([layers.AveragePooling2D((1, 3), strides=2, padding="same"), ones()], 4, [1, 1, 2, 1]),
    "pooling of 1, stride 2": ([layers.MaxPooling2D(1, strides=2), ones()], 4, [1, 1, 1, 1]),
    "zero padding": ([layers.ZeroPadding2D((0, 1)), ones((1, 3), strides=2)], 4, [1, 2, 1, 1]),
    "cropping": ([layers.Cropping2D((0, (1, 2))), ones()], 5, [0, 1, 1, 0, 0]),
    "upsampling": ([layers.UpSampling2D((1, 2)), ones((1, 3))], 3, [3, 6, 3]),
    "depthwise": ([layers.DepthwiseConv2D((1, 3)), ones()], 4, [1, 2, 2, 1]),
    "separable": ([layers.SeparableConv2D(1, (1, 3)), ones()], 4, [1, 2, 2, 1]),
    "pixelwise": ([layers.Rescaling(3.0), layers.BatchNormalization(), layers.Dense(2), ones()], 2, [1, 1]),
}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_each_layer_is_undone_by_hand(name):
    stack, width, counts = GEOMETRIES[name]
    maps = visual_backprop(sequential((1, width), *stack), np.zeros((1, 1, width, 1)))
    np.testing.assert_allclose(maps[0, 0], np.array(counts) / max(counts), rtol=1e-6)


def test_residual_sum_by_hand():
    """The shortcut hands the map on, the branch sums three pixels: [1, 2, 4] + [3, 7, 6], times the first map."""
    pixels = keras.Input((1, 3, 1))
    first = layers.Conv2D(1, 1, activation="relu", kernel_initializer="ones")(pixels)
    branch = layers.Conv2D(1, (1, 3), padding="same", kernel_initializer="zeros", activation="relu")(first)
    joined = layers.ReLU()(layers.Add()([first, layers.Conv2D(1, 1, kernel_initializer="zeros")(branch)]))
    model = keras.Model(pixels, layers.Dense(2)(layers.Flatten()(joined)))
    maps = visual_backprop(model, np.array([1, 2, 4]).reshape(1, 1, 3, 1))
    np.testing.assert_allclose(maps[0, 0], np.array([4 * 1, 9 * 2, 10 * 4]) / 40, rtol=1e-6)


def test_channels_are_averaged_after_rectification():
    """Channels x and -x: their rectified mean is |x| / 2, where the mean itself would be zero."""
    for activation in ("relu", "elu", "leaky_relu", "linear"):
        layer = layers.Conv2D(2, 1, activation=activation)
        after = [layers.ReLU()] if activation == "linear" else []
        model = sequential((1, 3), layer, *after)
        layer.set_weights([np.array([[[[1.0, -1.0]]]]), np.zeros(2)])
        maps = visual_backprop(model, np.array([-4, 1, 2]).reshape(1, 1, 3, 1))
        np.testing.assert_allclose(maps[0, 0], [1, 0.25, 0.5], rtol=1e-6)


def test_even_kernels_lay_no_chequerboard_over_the_map():
    """Windows of 3 with stride 2 cover seven pixels 1, 1, 2, 1, 2, 1 and 1 times; of an even map the mean is even."""
    model = sequential((7, 7), ones(3, strides=2))
    times = np.array([1, 1, 2, 1, 2, 1, 1])
    image = np.ones((1, 7, 7, 1))
    np.testing.assert_allclose(visual_backprop(model, image)[0], np.outer(times, times) / 4, rtol=1e-6)
    np.testing.assert_allclose(visual_backprop(model, image, kernel="even")[0], np.ones((7, 7)), rtol=1e-6)
    with pytest.raises(InputError, match="kernel is 'smooth'; give ones or even"):
        visual_backprop(model, image, kernel="smooth")


SETTINGS = itertools.product((4, 5, 6, 11), (1, 2, 3, 5), (1, 2, 3), ("valid", "same"), (1, 2))


def test_window_is_what_kerass_all_ones_kernel_covers():
    for size, kernel, stride, padding, dilation in SETTINGS:
        too_large = padding == "valid" and (kernel - 1) * dilation >= size
        if not (too_large or kernel < stride or (stride > 1 and dilation > 1)):
            weights, impulses = np.ones((kernel, 1, 1), "float32"), np.eye(size, dtype="float32")[:, :, None]
            response = keras.ops.conv(impulses, weights, stride, padding, "channels_last", dilation)
            response = keras.ops.convert_to_numpy(response)[:, :, 0]
            np.testing.assert_array_equal(window(size, kernel, stride, padding, dilation), response)


@pytest.mark.parametrize(("architecture", "numerics", "size"), [
    ("vgg19", "keras3", 37),
    *(pytest.param(*each, marks=pytest.mark.slow) for each in (
        ("inception_v3", "keras3", 81), ("xception", "2.2.2", 77), ("resnet50", "keras3", 45),
        ("resnet50", "2.1.2", 47), ("resnet50", "2.1.6", 44), ("resnet50", "2.2.4", 41),
    )),
])  # fmt: skip
def test_four_networks_equal_an_independent_scatter_add(architecture, numerics, size, rng, monkeypatch):
    slim.narrow_resnet50(monkeypatch)
    model = build_classifier(architecture, 3, weights="none", image_size=size, numerics=numerics)
    pixels = rng.integers(0, 256, (2, size, size, 3), dtype="uint8")
    maps = visual_backprop(model, pixels)
    assert maps.dtype == np.float32
    assert maps.max(axis=(1, 2)).tolist() == [1, 1]
    assert maps.min() >= 0
    np.testing.assert_allclose(maps, reference(model, LEVELS[architecture](numerics), pixels), atol=2e-5)


def test_a_batch_gives_what_single_images_give(images):
    model = small_net()
    maps = visual_backprop(model, images)
    for batch_size in (1, 2):
        np.testing.assert_allclose(visual_backprop(model, images, batch_size=batch_size), maps, atol=1e-6)
    np.testing.assert_allclose(visual_backprop(model, images[3:4])[0], maps[3], atol=1e-6)
    assert np.abs(maps[0] - maps[3]).max() > 0.1
    assert visual_backprop(model, images[:0]).shape == (0, 17, 14)


def test_maps_do_not_depend_on_the_scale_of_weights_and_do_not_overflow(images):
    model = small_net(use_bias=False)
    maps = visual_backprop(model, images)
    kernel = model.get_layer("first").get_weights()[0]
    for scale in (7.0, 1e-25, 1e30):
        model.get_layer("first").set_weights([kernel * scale])
        np.testing.assert_allclose(visual_backprop(model, images), maps, atol=1e-5)


def test_maps_near_float32s_limit_do_not_overflow():
    """The first map is 1e37 throughout; what comes from above is up to 49, and the product beyond the limit."""
    bright = layers.Conv2D(1, 1, activation="relu", kernel_initializer=keras.initializers.Constant(1e37))
    maps = visual_backprop(sequential((7, 7), bright, ones((7, 7), padding="same")), np.ones((1, 7, 7, 1)))
    counts = np.array([4, 5, 6, 7, 6, 5, 4])
    np.testing.assert_allclose(maps[0], np.outer(counts, counts) / 49, rtol=1e-5)


@pytest.mark.slow
def test_long_stretches_without_relu_do_not_overflow():
    kernels = [layers.Conv2D(1, 3, padding="same") for _ in range(50)]  # 9 ** 50 is beyond float32
    maps = visual_backprop(sequential((5, 5), *kernels, ones()), np.zeros((1, 5, 5, 1)))
    assert maps.max() == maps[0, 2, 2] == 1
    np.testing.assert_allclose(maps[0], maps[0, ::-1].T, rtol=1e-4)


@pytest.mark.slow
def test_long_branches_without_relu_do_not_overflow():
    """Two strands that only meet at the end, as in NASNet; beside 9 ** 60 the short one is lost."""
    pixels = keras.Input((5, 5, 1))
    strand = stem = ones()(pixels)
    for _ in range(60):
        strand = layers.Conv2D(1, 3, padding="same")(strand)
    joined = ones()(layers.Add()([strand, stem]))
    maps = visual_backprop(keras.Model(pixels, layers.GlobalAveragePooling2D()(joined)), np.zeros((1, 5, 5, 1)))
    profile = np.linalg.eigh(np.eye(5) + np.eye(5, k=1) + np.eye(5, k=-1))[1][:, -1]  # what sums of neighbours go to
    np.testing.assert_allclose(maps[0], np.outer(profile, profile) / profile.max() ** 2, rtol=1e-4)


def test_zero_maps_give_zeros(images):
    model = small_net()
    model.get_layer("first").set_weights([np.zeros((3, 2, 1, 5)), -np.ones(5)])
    assert not visual_backprop(model, images).any()
    dead = sequential((4, 4), layers.Conv2D(3, 3, activation="relu", kernel_initializer="ones"))
    maps = visual_backprop(dead, np.stack([-np.ones((4, 4, 1)), np.ones((4, 4, 1))]))
    assert not maps[0].any()
    assert maps[1].max() == 1


def test_maps_are_class_agnostic_and_follow_the_weights(images):
    model = small_net()
    maps = visual_backprop(model, images)
    model.layers[-1].set_weights([weight + 3 for weight in model.layers[-1].get_weights()])
    np.testing.assert_array_equal(visual_backprop(model, images), maps)
    model.set_weights(small_net(seed=1).get_weights())
    np.testing.assert_allclose(visual_backprop(model, images), visual_backprop(small_net(seed=1), images), atol=1e-6)
    assert np.abs(visual_backprop(model, images) - maps).max() > 0.1
