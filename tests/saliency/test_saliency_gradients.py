"""Grad-CAM and SmoothGrad against gradients worked out by hand and by finite differences."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy import stats

from arttl import InputError
from arttl.models import build_classifier
from arttl.saliency import grad_cam, smooth_grad


def two_channels(kernel, activation="softmax", pool=1):
    """Channels x and 10 - x, pooled, and a dense head with the given kernel (2 channels, classes)."""
    model = keras.Sequential(
        [
            keras.Input((2, 2 * pool, 1)),
            layers.Conv2D(2, 1, activation="relu", name="conv"),
            *([layers.MaxPooling2D((1, pool))] if pool > 1 else []),
            layers.Activation("relu", name="pooled"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(np.shape(kernel)[1], activation=activation, name="head"),
        ]
    )
    model.get_layer("conv").set_weights([np.array([[[[1.0, -1.0]]]]), np.array([0.0, 10.0])])
    model.get_layer("head").set_weights([np.array(kernel, "float32"), np.zeros(np.shape(kernel)[1])])
    return model


def convolutional(seed=0, activation="softmax"):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((9, 11, 3)),
            layers.Conv2D(4, 3, activation="tanh"),
            layers.Conv2D(4, 3, activation="tanh", name="second"),
            layers.Flatten(),
            layers.Dense(3, activation=activation),
        ]
    )


@pytest.fixture
def images(rng):
    return rng.random((4, 9, 11, 3), "float32")


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", None])
def test_grad_cam_by_hand(activation):
    """Weights (3, -1) for class 0: 3x - (10 - x) = 4x - 10, rectified; (-1, 2) for class 1: 20 - 3x."""
    model = two_channels([[3, -1], [-1, 2]], activation)
    image = np.array([[1, 3], [5, 10]]).reshape(1, 2, 2, 1)
    maps = grad_cam(model, np.concatenate([image, image]), class_ids=[0, 1])
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps[0], np.array([[0, 2], [10, 30]]) / 30, rtol=1e-5)
    np.testing.assert_allclose(maps[1], np.array([[17, 11], [5, 0]]) / 17, rtol=1e-5)


def test_grad_cam_asks_about_the_predicted_class_by_default():
    model = two_channels([[3, -1], [-1, 2]])
    images = np.array([[1, 3, 5, 10], [1, 1, 1, 1]]).reshape(2, 2, 2, 1)
    assert model.predict(images, verbose=0).argmax(axis=1).tolist() == [0, 1]
    np.testing.assert_array_equal(grad_cam(model, images), grad_cam(model, images, class_ids=np.array([0, 1])))
    assert np.abs(grad_cam(model, images) - grad_cam(model, images, class_ids=[1, 0])).max() > 0.5


def test_grad_cam_enlarges_by_bilinear_interpolation():
    model = two_channels([[1, 0], [0, 1]], pool=2)
    maps = grad_cam(model, np.array([[8, 8, 0, 0], [4, 4, 0, 0]]).reshape(1, 2, 4, 1), class_ids=[0], layer="pooled")
    np.testing.assert_allclose(maps[0], [[1, 0.75, 0.25, 0], [0.5, 0.375, 0.125, 0]], atol=1e-6)


def test_grad_cam_gives_zeros_where_nothing_speaks_for_the_class():
    model = two_channels([[-1, 0], [-1, 0]])
    with pytest.warns(UserWarning, match="1 of 1 Grad-CAM maps are flat: nothing in the layer speaks for the class"):
        assert not grad_cam(model, np.ones((1, 2, 2, 1)), class_ids=[0]).any()


def test_grad_cam_says_that_one_cell_says_nothing_of_where():
    conv, pool = layers.Conv2D(2, 1, kernel_initializer="ones"), layers.MaxPooling2D(2, name="pooled")
    head = layers.Dense(2, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((2, 2, 1)), conv, pool, layers.Flatten(), head])
    with pytest.warns(UserWarning, match="2 of 2 Grad-CAM maps are flat: the layer's maps have a single cell; name an"):
        maps = grad_cam(model, np.ones((2, 2, 2, 1)), class_ids=[0, 0], layer="pooled")
    assert (maps == 1).all()


def test_grad_cam_takes_an_earlier_layer():
    """Before max pooling, the gradient reaches the winners alone, half of the pixels: the mean weights halve, and stay
    in proportion; the map is that of all pixels."""
    model = two_channels([[1, 0], [0, 1]], pool=2)
    image = np.array([[8, 2, 0, 1], [4, 6, 3, 0]]).reshape(1, 2, 4, 1)
    np.testing.assert_allclose(grad_cam(model, image, [0], layer="conv")[0], image[0, :, :, 0] / 8, atol=1e-6)


def test_smooth_grad_of_a_linear_model_is_its_weights():
    model = keras.Sequential([keras.Input((2, 3, 2)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    kernel = np.arange(-6, 6).reshape(2, 3, 2)
    model.layers[-1].set_weights([np.stack([np.zeros(12), kernel.ravel()], axis=1), np.zeros(2)])
    maps = smooth_grad(model, np.random.default_rng(0).random((2, 2, 3, 2)), class_ids=[1, 1], samples=3)
    sums = np.abs(kernel).sum(axis=-1)
    np.testing.assert_allclose(maps, np.stack([sums, sums]) / sums.max(), rtol=1e-4)


def test_smooth_grad_of_relu_is_the_normal_distribution():
    """The gradient of the sum of relu(x) averages to P(x + noise > 0) = Φ(x / σ); the image's range is 4, σ is 1."""
    model = keras.Sequential([keras.Input((1, 5, 1)), layers.ReLU(), layers.Flatten(), layers.Dense(1)])
    model.layers[-1].set_weights([np.ones((5, 1)), np.zeros(1)])
    pixels = np.array([-2, -1, 0, 1, 2])
    maps = smooth_grad(model, pixels.reshape(1, 1, 5, 1), class_ids=[0], samples=1500, noise=0.25)
    expected = stats.norm.cdf(pixels)
    np.testing.assert_allclose(maps[0, 0], expected / expected.max(), atol=0.04)


@pytest.mark.parametrize("trainable", [True, False])
def test_without_noise_it_is_the_gradient_by_finite_differences(images, trainable):
    model = convolutional()
    model.trainable = trainable
    logits = convolutional(activation=None)
    logits.set_weights(model.get_weights())
    steps = 1e-2 * np.eye(9 * 11 * 3, dtype="float32").reshape(-1, 9, 11, 3)
    up, down = (logits.predict(images[0] + sign * steps, verbose=0)[:, 2] for sign in (1, -1))
    expected = np.abs(up - down).reshape(9, 11, 3).sum(axis=-1)
    maps = smooth_grad(model, images[:1], class_ids=[2], noise=0)
    np.testing.assert_allclose(maps[0], expected / expected.max(), atol=5e-3)


@pytest.mark.parametrize("method", [grad_cam, lambda *given, **options: smooth_grad(*given, samples=4, **options)])
def test_a_batch_gives_what_single_images_give(method, images):
    model = convolutional()
    maps = method(model, images)
    assert maps.shape == (4, 9, 11)
    assert maps.min() >= 0
    assert maps.max() <= 1
    np.testing.assert_allclose(method(model, images, batch_size=3), maps, atol=1e-5)
    for number in range(4):
        np.testing.assert_allclose(method(model, images[number : number + 1])[0], maps[number], atol=1e-5)
    assert np.abs(maps[0] - maps[1]).max() > 0.1
    assert method(model, images[:0]).shape == (0, 9, 11)


def test_smooth_grad_repeats_with_its_seed_and_follows_weights(images):
    model = convolutional()
    maps = smooth_grad(model, images, [0] * 4, samples=2)
    np.testing.assert_array_equal(smooth_grad(model, images, [0] * 4, samples=2, seed=0), maps)
    assert np.abs(smooth_grad(model, images, [0] * 4, samples=2, seed=1) - maps).max() > 1e-3
    model.set_weights(convolutional(seed=1).get_weights())
    other = smooth_grad(convolutional(seed=1), images, [0] * 4, samples=2)
    np.testing.assert_allclose(smooth_grad(model, images, [0] * 4, samples=2), other, atol=1e-5)
    assert np.abs(other - maps).max() > 0.1


@pytest.mark.slow
def test_grad_cam_of_the_thesis_network_takes_its_last_relu(slim_networks, rng):
    model = build_classifier("resnet50", 4, weights="bundled", image_size=64, numerics="2.1.6", trainable=False)
    pixels = rng.integers(0, 256, (2, 64, 64, 3), dtype="uint8")
    last = next(layer.name for layer in reversed(model.layers) if isinstance(layer, layers.Activation))
    maps = grad_cam(model, pixels, class_ids=[1, 2])
    np.testing.assert_array_equal(maps, grad_cam(model, pixels, class_ids=[1, 2], layer=last))
    assert maps.max() > 0.5


def test_what_does_not_fit_is_refused(images):
    model = convolutional()
    for wrong in ([0], [0, 1, 2, 3], [0, 0, 0, -1], [0.0, 1, 1, 1], "abcd"):
        with pytest.raises(InputError, match="class_ids"):
            grad_cam(model, images, class_ids=wrong)
    with pytest.raises(InputError, match=r"no layer 'conv9' .* such as .*second"):
        grad_cam(model, images, layer="conv9")
    for options in ({"samples": 0}, {"noise": -1}):
        with pytest.raises(InputError, match="at least one sample"):
            smooth_grad(model, images, **options)
    with pytest.raises(InputError, match="images are"):
        smooth_grad(model, images[..., :1])


def test_whole_number_inputs_have_no_gradient_and_an_output_may_have_a_name(rng):
    pixels = keras.Input((6, 6, 3), dtype="uint8")
    x = layers.Conv2D(4, 3, activation="relu")(layers.Rescaling(1 / 255)(pixels))
    scores = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    photographs = rng.integers(0, 256, (2, 6, 6, 3)).astype("uint8")
    plain, named = keras.Model(pixels, scores), keras.Model(pixels, {"type": scores})
    np.testing.assert_array_equal(grad_cam(named, photographs), grad_cam(plain, photographs))
    with pytest.raises(InputError, match="takes uint8, which has no gradient; give it a float"):
        smooth_grad(plain, photographs)


def test_a_layer_on_one_branch_is_refused():
    pixels = keras.Input((4, 4, 1))
    stem = layers.Conv2D(2, 1, activation="relu", name="stem")(pixels)
    branch = layers.Conv2D(2, 1, name="branch")(stem)
    summed = layers.ReLU(name="summed")(layers.Add()([stem, branch]))
    model = keras.Model(pixels, layers.Dense(2)(layers.GlobalAveragePooling2D()(summed)))
    with pytest.raises(InputError, match=r"'branch' .* is not on every path .* summed"):
        grad_cam(model, np.ones((1, 4, 4, 1)), layer="branch")
    assert grad_cam(model, np.ones((1, 4, 4, 1)), layer="stem").shape == (1, 4, 4)
