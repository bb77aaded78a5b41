"""Optimisers, loss, BatchNormalization and early stopping against recordings of the real Keras of 2018.

Every comparison is made with today's Keras too: where docs/fidelity.md says that it differs it must fail, or the
test could not tell the difference.
"""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from references2018 import OF_2018, TOLERANCE, cases, far, near, reference, relative

from arttl import recipes
from arttl.base.errors import InputError
from arttl.models import set_trainable
from arttl.models.keras2018 import BatchNormalization2018, CategoricalCrossentropy2018, RMSprop2018
from arttl.models.keras2018.batch_normalization import SHADOWS, batch_normalization
from arttl.recipes.eras import ERAS, get_numerics

RECIPES = {
    "rmsprop_1e-8": recipes.off_the_shelf("thesis"),
    "rmsprop_default": recipes.off_the_shelf("released"),
    "sgd_nesterov": recipes.fine_tuning("thesis"),
    "sgd_released": recipes.fine_tuning("released"),
}


def alike(era):
    """The first era that computes as this one does but for ResNet50, which is not trained here."""
    own = ERAS[era]
    return next(other for other in ERAS if replace(ERAS[other], era=era, resnet50=own.resnet50) == own)


def once_for_all_alike(train):
    """Have what an era trains be kept for those that compute alike: it is compared with each one's recording."""
    kept = cache(train)
    return lambda era, *arguments: kept(alike(era), *arguments)


@once_for_all_alike
def trained_head(era, optimizer):
    """The head's weights after each recorded number of steps, trained by a recipe."""
    recipe, case = RECIPES[optimizer].changed({"numerics": era}), cases.head_case()
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, "softmax")])
    model.set_weights([case["kernel"], case["bias"]])
    recipe.compile(model)
    recorded = {}
    for step in range(case["steps"]):
        model.train_on_batch(*cases.head_batch(case, step))
        if step + 1 in cases.HEAD_STEPS:
            recorded[step + 1] = model.get_weights()
    return recorded


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", cases.HEAD_OPTIMIZERS)
@pytest.mark.parametrize("era", OF_2018)
def test_head_after_600_steps(era, optimizer):
    expected = reference(era)
    for steps, weights in trained_head(era, optimizer).items():
        for name, found in zip(("kernel", "bias"), weights, strict=True):
            assert near(found, expected[f"head/{optimizer}/{steps}/{name}"], 1e-5), (steps, name)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", cases.HEAD_OPTIMIZERS)
def test_todays_rmsprop_goes_elsewhere_and_todays_sgd_does_not(optimizer):
    kernel, _ = trained_head("keras3", optimizer)[600]
    for era in OF_2018:
        expected = reference(era)[f"head/{optimizer}/600/kernel"]
        assert far(kernel, expected, 1e-3) if "rmsprop" in optimizer else near(kernel, expected, 1e-5)


def test_todays_rmsprop_moves_less_than_half_as_far():
    """fidelity.md: 0.77 of the way by step 50, 0.46 by step 600, on its own data."""
    start = cases.head_case()["kernel"]
    ways = {
        steps: np.abs(kernel - start).mean()
        / np.abs(reference("2.1.2")[f"head/rmsprop_1e-8/{steps}/kernel"] - start).mean()
        for steps, (kernel, _) in trained_head("keras3", "rmsprop_1e-8").items()
    }
    assert ways[600] < ways[50] < 1


def batchnorm_net(numerics, trainable):
    case = cases.batchnorm_case()
    normalization = [batch_normalization(get_numerics(numerics), name=name) for name in ("bn1", "bn2")]
    body = [
        keras.layers.Conv2D(8, 3, padding="same", name="conv1"),
        normalization[0],
        keras.layers.Activation("relu"),
        keras.layers.Conv2D(12, 3, strides=2, padding="same", name="conv2"),
        normalization[1],
        keras.layers.Activation("relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5, "softmax", name="head"),
    ]
    model = keras.Sequential([keras.Input((16, 16, 3)), *body])
    weights = iter(case["weights"].values())
    for layer in model.layers:
        for variable in layer.weights:
            if variable.name not in SHADOWS:
                variable.assign(next(weights))
    recipes.fine_tuning(numerics=numerics).compile(model)  # which takes no frozen backbone
    for layer in model.layers[:-1]:
        layer.trainable = trainable
    model.compile(model.optimizer, model.loss, jit_compile=False)
    return model, case


@once_for_all_alike
def trained_net(numerics, trainable):
    """Weights by name after each recorded number of steps, and the predictions after the last."""
    model, case = batchnorm_net(numerics, trainable)
    names = {"moving_mean": "mean", "moving_variance": "variance"}
    recorded = {}
    for step in range(case["steps"]):
        model.train_on_batch(*cases.batchnorm_batch(case, step))
        if step + 1 in cases.BATCHNORM_STEPS:
            recorded[step + 1] = {
                f"{layer.name}/{names.get(variable.name, variable.name)}": keras.ops.convert_to_numpy(variable)
                for layer in model.layers
                for variable in layer.weights
            }
    return recorded, model.predict(case["images"][:8], verbose=0)


def worst(found, expected, kind):
    """The largest relative difference over all weights and both recorded steps, and of the predictions."""
    recorded, predictions = found
    differences = [
        relative(recorded[steps][name], expected[f"batchnorm/{kind}/{steps}/{name}"])
        for steps in cases.BATCHNORM_STEPS
        for name in cases.batchnorm_case()["weights"]
    ]
    return max(differences), relative(predictions, expected[f"batchnorm/{kind}/predictions"])


LIMITS = {"frozen": 1e-4, "trainable": 5e-4}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize("era", OF_2018)
def test_batchnorm_net_after_100_steps(era, kind):
    differences = worst(trained_net(era, kind == "trainable"), reference(era), kind)
    assert max(differences) < LIMITS[kind] * TOLERANCE, differences


@pytest.mark.parametrize("kind", LIMITS)
def test_todays_batchnorm_differs_where_fidelity_says(kind):
    found = trained_net("keras3", kind == "trainable")
    for era in OF_2018:
        weights, predictions = worst(found, reference(era), kind)
        if kind == "trainable" and era == "2.1.2":  # the plain average of that time is today's
            assert max(weights, predictions) < LIMITS[kind] * TOLERANCE
        else:
            assert weights > 10 * LIMITS[kind]


@pytest.mark.parametrize("era", OF_2018)
def test_eras_do_not_stand_for_one_another(era):
    """The boundaries that fidelity.md names: frozen statistics and averages changed after 2.1.2."""
    for kind in LIMITS:
        others = [other for other in OF_2018 if worst_between(era, other, kind) > LIMITS[kind]]
        assert ("2.1.2" in others) == (era != "2.1.2")
        assert (len(others) == 3) == (era == "2.1.2")


def worst_between(era, other, kind):
    names = [name for name in reference(era) if name.startswith(f"batchnorm/{kind}/")]
    return max(relative(reference(era)[name], reference(other)[name]) for name in names)


def test_first_zero_debiased_step_discards_the_statistics():
    """By hand: after one step of the debiased average the moving mean is the batch's own mean."""
    layer = BatchNormalization2018(moving_average="zero-debiased")
    values = np.random.default_rng(0).normal(3, 2, (16, 4, 4, 2)).astype("float32")
    layer(values, training=True)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer.moving_mean), values.mean((0, 1, 2)), rtol=1e-5)
    layer(values + 1, training=True)  # (0.99 m + (m + 1)) / 1.99
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(layer.moving_mean), values.mean((0, 1, 2)) + 1 / 1.99, rtol=1e-5
    )


def test_corrected_variance_by_hand():
    settings = {"moving_variance": "corrected", "momentum": 0.0, "epsilon": 1e-3}
    for shape, factor in (((4, 2, 2, 1), 16 / 15), ((16, 1), 1.0)):  # the fused operation takes four dimensions
        layer = BatchNormalization2018(**settings)
        values = np.random.default_rng(0).normal(size=shape).astype("float32")
        layer(values, training=True)
        expected = values.var() * factor * 16 / (16 - 1.001)
        assert float(keras.ops.convert_to_numpy(layer.moving_variance)[0]) == pytest.approx(expected, rel=1e-5)


def stopped(recipe, losses):
    """Epochs run, and the best one counted from 1, of a recipe's early stopping on given validation losses."""
    (stopping,) = recipe.callbacks()
    model = SimpleNamespace(stop_training=False, get_weights=list, set_weights=lambda weights: None)
    stopping.set_model(model)
    stopping.on_train_begin()
    for epoch, loss in enumerate(losses):
        stopping.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    return [epoch + 1, stopping.best_epoch + 1]


@pytest.mark.parametrize("name", cases.EARLY_STOPPING)
@pytest.mark.parametrize("era", OF_2018)
def test_early_stopping_stops_and_restores_the_same_epochs(era, name):
    case = cases.EARLY_STOPPING[name]
    recipe = recipes.fine_tuning(numerics=era, patience=case["patience"])
    assert stopped(recipe, case["losses"]) == list(reference(era)[f"early_stopping/{name}"])


def test_todays_early_stopping_takes_what_is_no_number_for_the_best():
    case = cases.EARLY_STOPPING["nan_first"]
    recipe = recipes.fine_tuning("keras3", patience=case["patience"])
    assert stopped(recipe, case["losses"]) != list(reference("2.2.4")["early_stopping/nan_first"])


@pytest.mark.slow
@pytest.mark.parametrize("era", OF_2018)
def test_eras_load_again_from_a_saved_model(era, tmp_path):
    model, case = batchnorm_net(era, trainable=True)
    recipes.off_the_shelf(numerics=era).compile(set_trainable(model, False))
    model.train_on_batch(*cases.batchnorm_batch(case, 0))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(again.optimizer, RMSprop2018)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert isinstance(again.loss, CategoricalCrossentropy2018)
    for layer in ("bn1", "bn2"):
        assert again.get_layer(layer).get_config() == model.get_layer(layer).get_config()
    for each in (model, again):
        each.train_on_batch(*cases.batchnorm_batch(case, 1))
    for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_settings_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="moving_average must be one of"):
        BatchNormalization2018(moving_average="zero")
    with pytest.raises(ValueError, match="had no synchronized"):
        BatchNormalization2018(synchronized=True)
    with pytest.raises(ValueError, match="neither momentum nor centered"):
        RMSprop2018(momentum=0.9)
    with pytest.raises(InputError, match=r"there are 2\.1\.2, 2\.1\.6, 2\.2\.2, 2\.2\.4, keras3"):
        get_numerics("2.0.9")
    assert get_numerics(ERAS["2.1.6"]) is ERAS["2.1.6"]
