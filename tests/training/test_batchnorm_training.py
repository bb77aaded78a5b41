"""BatchNormalization's statistics in a short training: by hand, by PyTorch's rule, and with nothing else changed."""

import keras
import numpy as np
import pytest
from statistics_of_batches import (
    CLASSES,
    Counting,
    assert_same,
    batches_of,
    data,
    differ,
    layers,
    network,
    others,
    statistics,
    values,
)

from arttl import recipes
from arttl.base.errors import InputError
from arttl.models.keras2018 import BatchNormalization2018
from arttl.training import recalibrate, set_momentum

# Five rows, then two. First layer: means 11 and 1, variances 4 and 1; normalised (-.5 -.5 -.5 -.5 2) and (-1 1), times
# 3 plus 1, without what is negative: (0 0 0 0 7) and (0 4), of means 1.4 and 2 and variances 7.84 and 4.
BY_HAND = np.array([10, 10, 10, 10, 15, 0, 2], "float32")[:, None]
BIASED = [(5 * 11 + 2 * 1) / 7, (5 * 4 + 2 * 1) / 7, (5 * 1.4 + 2 * 2) / 7, (5 * 7.84 + 2 * 4) / 7]
# v n/(n-1), n being 5 and 2; nearly so with an epsilon of 1e-7
CORRECTED = [BIASED[0], (5 * 4 * 5 / 4 + 2 * 1 * 2) / 7, BIASED[2], (5 * 7.84 * 5 / 4 + 2 * 4 * 2) / 7]


@pytest.mark.core
@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        (layers.BatchNormalization, {"momentum": 0.99}, BIASED),
        (layers.BatchNormalization, {"momentum": 0.0}, BIASED),
        (BatchNormalization2018, {}, BIASED),
        (BatchNormalization2018, {"moving_average": "zero-debiased"}, BIASED),
        (BatchNormalization2018, {"moving_average": "zero-debiased", "moving_variance": "corrected"}, CORRECTED),
    ],
)
def test_two_layers_by_hand(kind, options, expected):
    model = keras.Sequential(
        [keras.Input((1,)), kind(epsilon=1e-7, **options), layers.ReLU(), kind(epsilon=1e-7, **options)]
    )
    first, _, second = model.layers
    for layer, weights in ((first, [3, 1, np.nan, 7]), (second, [0.5, 2, -5, 9])):  # former statistics play no part
        layer.set_weights([*(np.array([each]) for each in weights), *layer.get_weights()[4:]])
    assert recalibrate(model, batches_of(BY_HAND, 5)) == 2
    np.testing.assert_allclose(np.ravel(statistics(model)), expected, rtol=1e-5)
    for layer, gamma, beta in ((first, 3.0, 1.0), (second, 0.5, 2.0)):
        assert values([layer.gamma, layer.beta]) == [gamma, beta]
        assert layer.momentum == options.get("momentum", 0.99)
    assert recalibrate(model, batches_of(BY_HAND, 5), steps=1) == 2
    np.testing.assert_allclose(np.ravel(statistics(model))[[0, 2]], [11, 1.4], rtol=1e-5)


def pointwise_network(rng):
    """Two pointwise convolutions, each followed by BatchNormalization and ReLU, and their kernels."""
    kernels = [rng.normal(size=(3, 5)).astype("float32"), rng.normal(size=(5, 4)).astype("float32")]
    parts = []
    for kernel in kernels:
        parts += [layers.Conv2D(kernel.shape[1], 1, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
    model = keras.Sequential([keras.Input((6, 6, 3)), *parts])
    for layer, kernel in zip((model.layers[0], model.layers[3]), kernels, strict=True):
        layer.set_weights([kernel[None, None]])
    return model, kernels


@pytest.mark.core
def test_rule_of_update_bn_in_numpy(rng):
    """running = (1 - 1/k) running + batch / k at the k-th batch, as PyTorch does with momentum None."""
    images = rng.normal(1, 2, size=(24, 6, 6, 3)).astype("float32")
    model, kernels = pointwise_network(rng)
    running = [np.zeros(5), np.zeros(5), np.zeros(4), np.zeros(4)]
    for number, x in enumerate(np.split(images.astype("float64"), 3), 1):
        for place, kernel in enumerate(kernels):
            x = x @ kernel
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            for which, value in ((2 * place, mean), (2 * place + 1, variance)):
                running[which] = (1 - 1 / number) * running[which] + value / number
            x = np.maximum((x - mean) / np.sqrt(variance + 1e-3), 0)
    recalibrate(model, batches_of(images, 8))
    for found, expected in zip(statistics(model), running, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_pytorchs_own_update_bn(rng):
    torch = pytest.importorskip("torch")
    images = rng.normal(1, 2, size=(24, 6, 6, 3)).astype("float32")
    model, kernels = pointwise_network(rng)
    parts = []
    for kernel in kernels:
        convolution = torch.nn.Conv2d(*kernel.shape, 1, bias=False)
        convolution.weight.data = torch.tensor(kernel.T[:, :, None, None].copy())
        parts += [convolution, torch.nn.BatchNorm2d(kernel.shape[1], eps=1e-3), torch.nn.ReLU()]
    theirs = torch.nn.Sequential(*parts)
    channels_first = torch.tensor(images.transpose(0, 3, 1, 2).copy())
    torch.optim.swa_utils.update_bn(torch.split(channels_first, 8), theirs, device="cpu")
    recalibrate(model, batches_of(images, 8))
    samples = 8 * 6 * 6  # PyTorch's layer takes the unbiased variance, v n/(n-1)
    for layer, place in ((model.layers[1], 1), (model.layers[4], 4)):
        mean, variance = values([layer.moving_mean, layer.moving_variance])
        np.testing.assert_allclose(mean, theirs[place].running_mean.numpy(), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(variance * samples / (samples - 1), theirs[place].running_var.numpy(), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [layers.BatchNormalization, BatchNormalization2018])
def test_inference_agrees_with_training_mode_only_once_recalibrated(kind):
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(2).normal(2, 3, size=(32, 8, 8, 1)).astype("float32")
    parts = []
    for filters in (4, 6, 8):
        parts += [layers.Conv2D(filters, 3), kind(), layers.ReLU()]
    model = keras.Sequential([keras.Input((8, 8, 1)), *parts, layers.Flatten(), layers.Dense(CLASSES, "softmax")])
    recipes.fine_tuning(optimizer={"name": "SGD", "learning_rate": 0.1, "momentum": 0.9}).compile(model)
    batches = batches_of(images, 32)
    model.fit(batches, epochs=5, verbose=0)

    def gap():
        inference = keras.ops.convert_to_numpy(model(images, training=False))
        arguments = [
            [each.value for each in some] for some in (model.trainable_variables, model.non_trainable_variables)
        ]
        training, _ = model.stateless_call(*arguments, images, training=True)
        return np.abs(inference - keras.ops.convert_to_numpy(keras.ops.stop_gradient(training))).max()

    assert gap() > 0.1
    recalibrate(model, batches)
    assert gap() < 1e-4


@pytest.mark.parametrize("options", [{}, {"kind": BatchNormalization2018, "moving_average": "zero-debiased"}])
def test_all_but_the_statistics_is_left_alone_to_the_bit(options):
    training, _ = data()
    model = network(**options)
    model.fit(training, epochs=1, verbose=0)
    order = training.order.copy()
    before, former = others(model), statistics(model)
    assert recalibrate(model, training) == 2
    assert_same(others(model), before)
    assert differ(statistics(model), former)
    assert [layer.momentum for layer in model.layers if layer.name in ("first", "second")] == [0.99, 0.99]
    np.testing.assert_array_equal(training.order, order)


@pytest.mark.core
def test_each_batch_drops_its_own():
    """Two batches of the same images: were dropout alike in both, their statistics would be those of one."""
    images = np.ones((4, 200), "float32")
    model = keras.Sequential([keras.Input((200,)), layers.Dropout(0.5, seed=1), layers.BatchNormalization()])
    recalibrate(model, batches_of(images, 4))
    of_one = statistics(model)
    recalibrate(model, batches_of(np.concatenate([images, images]), 4))
    assert differ(statistics(model), of_one)


@pytest.mark.core
def test_zero_debiased_averages_go_on_from_the_new_statistics():
    """The step after s of them gives (m (1 - m^s) recalibrated + (1 - m) batch) / (1 - m^(s+1))."""
    options = {"moving_average": "zero-debiased", "momentum": 0.9}
    model = keras.Sequential([keras.Input((1,)), BatchNormalization2018(**options), layers.Dense(CLASSES, "softmax")])
    model.compile(keras.optimizers.SGD(0.0), "categorical_crossentropy")
    for _ in range(3):
        model.train_on_batch(*batches_of(np.array([[0.0], [2.0]], "float32"), 2)[0])
    recalibrate(model, batches_of(np.array([[10.0], [14.0]], "float32"), 2))  # mean 12, variance 4
    np.testing.assert_allclose(np.ravel(statistics(model)), [12, 4], rtol=1e-6)
    model.train_on_batch(*batches_of(np.array([[3.0], [9.0]], "float32"), 2)[0])  # mean 6, variance 9
    past = 0.9 * (1 - 0.9**3)
    expected = [(past * 12 + 0.1 * 6) / (1 - 0.9**4), (past * 4 + 0.1 * 9) / (1 - 0.9**4)]
    np.testing.assert_allclose(np.ravel(statistics(model)), expected, rtol=1e-5)


def test_pixels_may_be_bytes():
    pixels = np.array([[0], [2], [250], [252]], "uint8")
    model = keras.Sequential([keras.Input((1,)), layers.BatchNormalization()])
    recalibrate(model, batches_of(pixels, 2))
    np.testing.assert_allclose(np.ravel(statistics(model)), [126, 1], rtol=1e-6)


def test_frozen_layers_and_networks_without_any_are_left_alone():
    training, _ = data()
    model = network(BatchNormalization2018)  # those of 2018 update their statistics in training though frozen
    model.get_layer("first").trainable = False
    before = statistics(model)
    assert recalibrate(model, training) == 1
    assert_same(statistics(model)[:2], before[:2])
    assert differ(statistics(model)[2:], before[2:])
    model.trainable = False
    before = statistics(model)
    assert recalibrate(model, training) == 0
    assert_same(statistics(model), before)
    plain = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    assert recalibrate(plain, []) == 0
    assert set_momentum(plain, 0.5) == 0


def test_recalibration_names_what_it_cannot_do():
    training, _ = data()
    for steps in (0, 5, -1):
        with pytest.raises(InputError, match=f"steps is {steps}; give 1 to 4"):
            recalibrate(network(), training, steps=steps)
    inner = keras.Sequential([keras.Input((2,)), layers.BatchNormalization()], name="inner")
    nested = keras.Sequential([keras.Input((2,)), inner])
    for act in (lambda: recalibrate(nested, training), lambda: set_momentum(nested, 0.5)):
        with pytest.raises(InputError, match="'inner' is a model within the model"):
            act()
    renorm = keras.Sequential([keras.Input((2,)), layers.BatchNormalization(renorm=True, name="again")])
    with pytest.raises(InputError, match="'again' renormalises"):
        recalibrate(renorm, training)


def test_recalibrated_models_are_ordinary_files(tmp_path):
    training, validation = data()
    model = network()
    recalibrate(model, training)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects={"Counting": Counting})
    assert_same(loaded.get_weights(), model.get_weights())
    images = validation[0][0]
    assert_same([loaded.predict(images, verbose=0)], [model.predict(images, verbose=0)])
    assert_same(keras.models.clone_model(model).get_weights()[2], np.ones(4))
