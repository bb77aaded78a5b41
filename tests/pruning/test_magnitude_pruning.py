"""The pruning callback as users use it: zeros after every step, θ_k to the bit, one compilation, ordinary files."""

import warnings

import keras
import numpy as np
import pytest
from pruned_network import BATCH, ROWS, Loss, Watch, fit, network, optimizers, values

from arttl.pruning import MagnitudePruning, hold_masks, model_weights, prunable_kernels


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rewind", "unit", "epochs", "rows"),
    [(0, "epochs", 0, ROWS), (1, "epochs", 1, ROWS), (2, "epochs", 2, ROWS), (3, "steps", 1, 3 * BATCH)],
)
def test_theta_k_is_the_state_after_k_to_the_bit(rewind, unit, epochs, rows, data):
    undisturbed = network()
    if epochs:
        fit(undisturbed, (data[0][:rows], data[1][:rows]), epochs=epochs)
    model = network()
    pruning = MagnitudePruning(rewind=rewind, rewind_unit=unit)
    fit(model, data, pruning, epochs=3)
    expected = model_weights(undisturbed)
    assert set(pruning.rewind_weights) == set(expected)
    assert {"bn/moving_mean", "bn/moving_variance", "head/bias"} <= set(expected)
    for key, array in expected.items():
        np.testing.assert_array_equal(pruning.rewind_weights[key], array)
    pruning.prune(model)
    for key, array in model_weights(model).items():
        np.testing.assert_array_equal(array, expected[key] * pruning.masks.get(key, True))
    fit(model, data, pruning, epochs=3)
    np.testing.assert_array_equal(pruning.rewind_weights["conv/kernel"], expected["conv/kernel"])  # kept once


@pytest.mark.slow
def test_a_step_in_a_later_epoch(data):
    undisturbed = network()
    fit(undisturbed, data, epochs=1)
    fit(undisturbed, (data[0][:BATCH], data[1][:BATCH]), epochs=1)
    pruning = MagnitudePruning(rewind=5, rewind_unit="steps")  # four steps an epoch
    fit(network(), data, pruning)
    np.testing.assert_array_equal(pruning.rewind_weights["conv/kernel"], model_weights(undisturbed)["conv/kernel"])


@pytest.mark.core
def test_the_best_weights_are_judged_and_masks_follow_the_rule(data):
    model = network()
    stopping = keras.callbacks.EarlyStopping(
        "loss", mode="max", patience=1, restore_best_weights=True
    )  # epoch 1 is best
    pruning = MagnitudePruning(rate=0.25)
    fit(model, data, stopping, pruning, epochs=5)
    best = network()
    fit(best, data, epochs=1)
    judged = np.concatenate([np.abs(array).ravel() for array in values(best).values()])
    pruning.prune(model)
    kept = np.concatenate([mask.ravel() for mask in pruning.masks.values()])
    assert np.count_nonzero(~kept) == round(judged.size / 4)
    assert judged[~kept].max() < judged[kept].min()
    fit(model, data, stopping, pruning, epochs=5)
    for key, array in values(model).items():
        assert (array[~pruning.masks[key]] == 0).all()


@pytest.mark.core
def test_layerwise(data):
    model = network()
    pruning = MagnitudePruning(rate=0.5, scope="layer", dense=True, head=True, rewind=0)
    fit(model, data, pruning, epochs=1)
    pruning.prune(model)
    sizes = {
        "conv/kernel": 108,
        "apart/depthwise_kernel": 54,
        "apart/pointwise_kernel": 30,
        "mlp/kernel": 80,
        "head/kernel": 12,
    }
    assert {key: int(mask.sum()) for key, mask in pruning.masks.items()} == {key: n // 2 for key, n in sizes.items()}
    assert pruning.history == [
        {"round": 1, "remaining": 142, "pruned": 142, "sparsity": 0.5, "layers": dict.fromkeys(sizes, 0.5)}
    ]


@pytest.mark.slow
def test_files_are_ordinary(tmp_path, data):
    model, plain = network(), network()
    fit(plain, data)
    pruning = MagnitudePruning(rate=0.5)
    saving = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    fit(model, data, pruning)
    pruning.prune(model)
    fit(model, data, pruning, saving)
    model.save_weights(tmp_path / "w.weights.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Keras warns when it skips an optimiser's variables
        loaded = keras.saving.load_model(tmp_path / "2.keras", custom_objects={"Loss": Loss})
        other = network(seed=9)
        fit(other, data, epochs=1)
        other.load_weights(tmp_path / "w.weights.h5")
        model.load_weights(tmp_path / "w.weights.h5")
    assert type(loaded.optimizer) is type(plain.optimizer)
    assert loaded.optimizer.get_config() == {**plain.optimizer.get_config(), "name": loaded.optimizer.name}
    assert len(loaded.optimizer.variables) == len(plain.optimizer.variables)
    assert int(keras.ops.convert_to_numpy(loaded.optimizer.iterations)) == 8
    for key, array in model_weights(model).items():
        np.testing.assert_array_equal(model_weights(loaded)[key], array)
        np.testing.assert_array_equal(model_weights(other)[key], array)
    for key, array in values(loaded).items():
        assert (array[~pruning.masks[key]] == 0).all()
    np.testing.assert_allclose(loaded.predict(data[0], verbose=0), model.predict(data[0], verbose=0), rtol=1e-5)


def test_masks_stay_until_they_are_removed(data):
    model, pruning = network(), MagnitudePruning(rate=0.5)
    plain = len(network().optimizer.variables)
    fit(model, data, pruning)
    pruning.prune(model)
    fit(model, data)
    gone = {key: array[~pruning.masks[key]] for key, array in values(model).items()}
    assert all((each == 0).all() for each in gone.values())
    pruning.remove(model)
    pruning.remove(model)
    fit(model, data)
    assert len(model.optimizer.variables) == len(network().optimizer.variables) + len(model.trainable_variables)
    assert plain == len(network().optimizer.variables)
    assert not [name for name in vars(model.optimizer) if "arttl" in name or name == "update_step"]
    assert all((array[~pruning.masks[key]] != 0).any() for key, array in values(model).items() if gone[key].size)


@pytest.mark.slow
def test_a_new_callback_and_a_new_optimizer_take_over(data):
    model, first = network(), MagnitudePruning(rate=0.5)
    fit(model, data, first)
    first.prune(model)
    second = MagnitudePruning()  # takes up the masks that are held
    fit(model, data, second, Watch(first))
    for key, mask in first.masks.items():
        np.testing.assert_array_equal(second.masks[key], mask)
    every = {key: np.ones_like(mask) for key, mask in first.masks.items()}
    fit(model, data, MagnitudePruning(masks=every))  # unless it is told
    assert all((array != 0).mean() > 0.9 for array in values(model).values())
    model.compile(optimizers.Adam(0.01), Loss())
    fit(model, data, Watch(first), first)
    assert hold_masks(model, prunable_kernels(model)).optimizer is model.optimizer


@pytest.mark.slow
def test_a_model_that_was_trained_already(data):
    model = network()
    fit(model, data, epochs=1)  # compiled without masks
    pruning = MagnitudePruning(rate=0.5, rewind=0)
    fit(model, data, pruning)
    pruning.prune(model)
    fit(model, data, pruning, Watch(pruning))


def test_frozen_kernels_are_pruned_and_shared_ones_once(data):
    model = network()
    model.get_layer("conv").trainable = False
    model.compile(optimizers.SGD(0.01), Loss())
    pruning = MagnitudePruning(rate=0.5, scope="layer")
    fit(model, data, pruning)
    pruning.prune(model)
    fit(model, data, pruning, Watch(pruning))
    assert np.count_nonzero(values(model)["conv/kernel"]) == 54
