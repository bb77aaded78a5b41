"""Mixed precision: what is computed in which dtype, training, resuming, tickets."""

import keras
import numpy as np
import pytest
from keras import ops

import arttl
from arttl import recipes
from arttl.lottery.networks import kept_trainee
from arttl.models import build_classifier, lenet_300_100, resnet20
from arttl.models.keras2018 import BatchNormalization2018
from arttl.pruning import SearchSettings, compact, find_tickets, load_ticket, model_weights
from arttl.training import (
    Arrays,
    Batches,
    Checkpoint,
    predict,
    start_afresh,
    train,
)
from arttl.training.computing import USUAL, Computing
from arttl.training.features import cached_features, network_fingerprint

BACKEND = keras.backend.backend()
MIXED = {"mixed_bfloat16": 2.0**-8, "mixed_float16": 2.0**-11}  # how far rounding a number moves it, at most
CLASSES = 3


class Killed(BaseException):
    """Stands for a process that ends at this moment."""


@pytest.fixture(autouse=True)
def usual_policy():
    yield
    keras.config.set_dtype_policy("float32")


def computing(precision):
    return Computing(precision).applied()


def data(shape=(8, 8, 3), images=96, batch_size=16):
    """Training, validation and test Batches of blobs that a network can tell apart."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, CLASSES, images)
    centres = rng.integers(0, 256, (CLASSES, *shape))
    pixels = np.clip(centres[classes] + rng.normal(0, 40, (images, *shape)), 0, 255).astype("uint8")
    rows = np.split(np.arange(images), [images // 2, 3 * images // 4])
    parts = [Batches(Arrays(pixels), part, classes[part], CLASSES, batch_size) for part in rows[1:]]
    return Batches(Arrays(pixels), rows[0], classes[rows[0]], CLASSES, batch_size, shuffle_seed=3), *parts


def values(variables):
    return [ops.convert_to_numpy(variable) for variable in variables]


@pytest.mark.core
@pytest.mark.parametrize("precision", MIXED)
def test_layers_are_made_in_the_precision_within_the_block_alone(precision):
    with computing(precision):
        start_afresh(0)  # which has Keras forget its settings
        assert keras.layers.Dense(1).compute_dtype == precision.removeprefix("mixed_")
    with pytest.raises(Killed), computing(precision):
        raise Killed
    assert keras.layers.Dense(1).compute_dtype == "float32"
    asked = Computing(precision)
    assert asked.settings == {"precision": precision}
    assert [each.text for each in asked.deviations] == [f"layers compute in {precision}, not float32"]
    assert USUAL.settings == {}
    assert USUAL.deviations == []


def test_a_network_that_is_kept_for_other_runs_is_of_their_precision():
    recipe, found = recipes.tickets(), []
    for precision in ("float32", "mixed_bfloat16", "mixed_bfloat16", "float32"):
        asked = Computing(precision)
        with asked.applied():
            model = kept_trainee("lenet_300_100", CLASSES, (6, 6, 1), recipe, asked).model
        found.append((model.get_layer("dense_300").compute_dtype, model))
    assert [dtype for dtype, _ in found] == ["float32", "bfloat16", "bfloat16", "float32"]
    assert found[1][1] is found[2][1]


@pytest.mark.slow
@pytest.mark.parametrize("precision", MIXED)
def test_the_forward_pass_is_that_of_float32_but_for_rounding(precision, rng):
    pixels = rng.integers(0, 256, (4, 16, 16, 3), dtype="uint8")
    start_afresh(0)
    exact = resnet20(CLASSES, (16, 16, 3))
    with computing(precision):
        mixed = resnet20(CLASSES, (16, 16, 3))
    mixed.set_weights(exact.get_weights())
    expected, found = exact.predict_on_batch(pixels), mixed.predict_on_batch(pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)  # a softmax of bfloat16 would miss it by 1e-3
    # 20 layers, each of which rounds its weights, its inputs and its results
    found, expected = np.log(found), np.log(expected)
    error = np.abs(found - expected).max() / np.ptp(expected)
    assert error < 20 * MIXED[precision]
    assert error > MIXED[precision] / 100  # and it is not float32


@pytest.mark.parametrize("precision", MIXED)
@pytest.mark.parametrize("numerics", ["2.1.6", "keras3"])
@pytest.mark.usefixtures("slim_networks")
def test_weights_head_and_pixels_stay_float32(precision, numerics):
    with computing(precision):
        model = build_classifier(
            "resnet50", CLASSES, weights="none", image_size=32, preprocessing="imagenet", numerics=numerics
        )
        recipes.get_recipe("released", "fine-tuning", numerics=numerics).compile(model)
    model.optimizer.build(model.trainable_variables)
    assert {variable.dtype for variable in model.weights} == {"float32"}
    moments = [variable.dtype for variable in model.optimizer.variables if "momentum" in variable.name]
    assert set(moments) == {"float32"}
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "mixed_float16")
    computed = {layer.name: layer.compute_dtype for layer in model.layers}
    assert computed["head"] == computed["preprocessing"] == "float32"
    convolutions = {layer.compute_dtype for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
    assert convolutions == {precision.removeprefix("mixed_")}
    pixels = np.full((1, 32, 32, 3), 200.3, "float32")  # bfloat16 has no 200.3, and 200.3 - 103.939 even less
    scale = keras.Model(model.input, model.get_layer("preprocessing").output)
    np.testing.assert_allclose(
        scale.predict_on_batch(pixels)[0, 0, 0], 200.3 - np.array([103.939, 116.779, 123.68]), rtol=1e-6
    )


@pytest.mark.core
def test_the_averages_of_2018_are_not_rounded(rng):
    """By hand: biased = 0.99 biased + 0.01 batch, from zero; step 300 is none of bfloat16's numbers."""
    with computing("mixed_bfloat16"):
        layer = BatchNormalization2018(moving_average="zero-debiased")
    layer.build((None, 2))
    layer.local_step.assign(300.0)
    layer.biased_mean.assign(np.array([0.3, 0.7], "float32"))
    inputs = rng.integers(-8, 8, (16, 2)).astype("float32")  # which bfloat16 has
    assert keras.backend.standardize_dtype(layer(inputs, training=True).dtype) == "bfloat16"
    biased = 0.99 * np.array([0.3, 0.7]) + 0.01 * inputs.mean(axis=0)
    assert float(ops.convert_to_numpy(layer.local_step)) == 301
    np.testing.assert_allclose(ops.convert_to_numpy(layer.biased_mean), biased, rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.moving_mean), biased / (1 - 0.99**301), rtol=1e-5)


def small_run(folder, precision, scale=None, report=lambda progress: None, epochs=3):
    """A training of a small network; returns the model, its Progress and its test predictions."""
    recipe = recipes.tickets(max_epochs=epochs, batch_size=16)
    with computing(precision):
        start_afresh(5)
        pixels = keras.Input((8, 8, 3))
        x = keras.layers.Conv2D(4, 3, name="conv")(keras.layers.Rescaling(1 / 255)(pixels))
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
        x = keras.layers.GlobalAveragePooling2D()(x)
        model = keras.Model(pixels, keras.layers.Dense(CLASSES, "softmax", dtype="float32", name="head")(x))
        recipe.compile(model)
        if scale is not None:
            model.optimizer.build(model.trainable_variables)
            model.optimizer.dynamic_scale.assign(scale)
        training, validation, test = data()
        progress = train(model, recipe, training, validation, Checkpoint(folder), report)
        return model, progress, predict(model, test)


@pytest.mark.parametrize("precision", MIXED)
@pytest.mark.slow
def test_a_resumed_training_is_the_same_to_the_bit_loss_scale_included(precision, tmp_path):
    scale = 2.0**40 if precision == "mixed_float16" else None  # overflows at first, so that the scale moves
    straight, progress, predictions = small_run(tmp_path / "straight", precision, scale)

    def kill(progress):
        raise Killed

    for epoch in range(2):
        with pytest.raises(Killed):
            small_run(tmp_path / "killed", precision, scale if epoch == 0 else None, kill)
    resumed, again, same = small_run(tmp_path / "killed", precision)
    for one, other in zip(values(straight.variables), values(resumed.variables), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(values(straight.optimizer.variables), values(resumed.optimizer.variables), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(predictions, same)
    losses = [[row["loss"] for row in each.history] for each in (progress, again)]
    assert losses[0] == losses[1]


@pytest.mark.core
def test_a_step_whose_scaled_gradients_overflow_is_left_out_and_is_no_divergence(tmp_path):
    model, progress, _ = small_run(tmp_path, "mixed_float16", 2.0**120, epochs=1)
    assert progress.epochs == 1
    assert np.isfinite(progress.history[0]["loss"])
    steps = 3  # 48 images in batches of 16, each of which overflows and halves the scale
    assert float(ops.convert_to_numpy(model.optimizer.dynamic_scale)) == 2.0 ** (120 - steps)
    assert int(ops.convert_to_numpy(model.optimizer.iterations)) == 0


LENET = SearchSettings(rounds=2, dense=True, head=True, keep_final=True)


@pytest.mark.parametrize("precision", MIXED)
@pytest.mark.slow
def test_tickets_have_exact_masks_and_a_killed_search_goes_on_to_the_same(precision, tmp_path):
    def search(folder, log=lambda line: None):
        recipe = recipes.tickets(max_epochs=2, batch_size=16)
        with computing(precision):
            start_afresh(5)
            model = recipe.compile(lenet_300_100(CLASSES, (6, 6, 1), seed=5))
            training, validation, test = data((6, 6, 1))
            return find_tickets(model, recipe, training, validation, folder, LENET, test=test, log=log), model

    straight, model = search(tmp_path / "straight")

    def kill(line):
        if line.startswith("  round 1, epoch 1"):
            raise Killed

    with pytest.raises(Killed):
        search(tmp_path / "killed", kill)
    resumed, _ = search(tmp_path / "killed")
    weights = 36 * 300 + 300 * 100 + 100 * CLASSES
    left = weights
    for number in (1, 2):
        left -= int(left * 0.2 + 0.5)
        ticket, same = (load_ticket(each.path, number) for each in (straight, resumed))
        assert sum(int(mask.sum()) for mask in ticket.masks.values()) == left
        for key, mask in ticket.masks.items():
            np.testing.assert_array_equal(mask, same.masks[key])
            assert np.count_nonzero(ticket.final()[key][~mask]) == 0
            np.testing.assert_array_equal(ticket.final()[key], same.final()[key])
    now = model_weights(model)
    assert all(np.count_nonzero(now[key][~mask]) == 0 for key, mask in load_ticket(straight.path, 2).masks.items())


@pytest.mark.slow
@pytest.mark.usefixtures("slim_networks")
def test_features_of_another_precision_are_not_taken_from_the_cache(tmp_path):
    class Store(Arrays):
        fingerprint = "0"

    store = Store(np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype="uint8"))
    found = {}
    weights = None
    for precision in ("float32", *MIXED):
        with computing(precision):
            model = build_classifier("vgg19", 2, weights="none", image_size=32)
            weights = weights or model.get_weights()
            model.set_weights(weights)
            features, path, reused = cached_features(model, store, tmp_path, progress=False)
        assert not reused
        assert features.dtype == np.float32
        assert features.shape == (4, model.layers[-1].input.shape[-1])
        found[path] = np.asarray(features), network_fingerprint(model)
    assert len(found) == 3
    assert len({fingerprint for _, fingerprint in found.values()}) == 3
    exact, *mixed = (features for features, _ in found.values())
    for features in mixed:
        assert np.linalg.norm(features - exact) < 0.05 * np.linalg.norm(exact)


@pytest.mark.slow
@pytest.mark.parametrize("precision", MIXED)
@pytest.mark.usefixtures("slim_networks")
def test_files_compaction_and_saliency(precision, tmp_path, rng):
    pixels = rng.integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    with computing(precision):
        model = build_classifier("vgg19", CLASSES, weights="none", image_size=32, numerics="2.1.6")
    kernel = model.get_layer("block5_conv3").kernel
    kernel.assign(
        np.where(np.arange(kernel.shape[-1]) % 2, ops.convert_to_numpy(kernel), 0)
    )  # every second filter is empty
    expected = model.predict_on_batch(pixels)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)  # where float32 is the policy
    assert loaded.get_layer("block1_conv1").compute_dtype == precision.removeprefix("mixed_")
    np.testing.assert_array_equal(loaded.predict_on_batch(pixels), expected)
    small = compact(loaded).model
    assert small.count_params() < loaded.count_params()
    np.testing.assert_allclose(small.predict_on_batch(pixels), expected, atol=8 * MIXED[precision])
    maps = arttl.saliency.visual_backprop(loaded, pixels)
    assert maps.dtype == np.float32
    assert np.isfinite(maps).all()
    assert maps.max() == 1
