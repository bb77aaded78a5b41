"""The pruning callback as users use it: zeros after every step, θ_k to the bit, one compilation, ordinary files."""

import json
import warnings
from pathlib import Path

import forked
import keras
import numpy as np
import pytest

from arttl.base.errors import InputError
from arttl.models.keras2018.optimizers import RMSprop2018
from arttl.pruning import MagnitudePruning, hold_masks, model_weights, prunable_kernels

layers, optimizers = keras.layers, keras.optimizers
BACKEND = keras.backend.backend()
BATCH, ROWS = 8, 32


class Loss(keras.losses.Loss):
    """Squared error that counts how often it is traced; PyTorch traces nothing."""

    traces = 0

    def call(self, truth, outputs):
        Loss.traces += 1
        return keras.losses.mean_squared_error(truth, outputs)


@pytest.fixture
def data(rng):
    return rng.normal(size=(ROWS, 6, 6, 2)).astype("float32"), rng.normal(size=(ROWS, 3)).astype("float32")


@pytest.fixture(autouse=True)
def policy():
    yield
    keras.mixed_precision.set_global_policy("float32")


def network(optimizer=None, seed=0, **compiled):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((6, 6, 2))
    x = layers.Conv2D(6, 3, name="conv")(inputs)
    x = layers.ReLU()(layers.BatchNormalization(name="bn")(x))
    x = layers.SeparableConv2D(5, 3, name="apart")(x)
    x = layers.Dense(4, name="mlp")(layers.Flatten()(x))
    outputs = layers.Dense(3, name="head", dtype="float32")(x)
    model = keras.Model(inputs, outputs, name="small")
    model.compile(optimizer or optimizers.SGD(0.01, momentum=0.9, nesterov=True), Loss(), **compiled)
    return model


def fit(model, data, *callbacks, epochs=2, **options):
    options = {"batch_size": BATCH, "shuffle": False, "verbose": 0, **options}
    return model.fit(*data, epochs=epochs, callbacks=list(callbacks), **options)


def values(model, **which):
    return {key: keras.ops.convert_to_numpy(kernel) for key, kernel in prunable_kernels(model, **which).items()}


class Watch(keras.callbacks.Callback):
    """Looks at the weights whenever Keras calls, and holds pruned ones to be zero and the others not all to be."""

    def __init__(self, pruning):
        super().__init__()
        self.pruning, self.seen = pruning, dict.fromkeys(("step", "epoch", "validation", "end"), 0)

    def look(self, when):
        self.seen[when] += 1
        for key, array in values(self.model, dense=self.pruning.dense).items():
            mask = self.pruning.masks[key]
            assert (array[~mask] == 0).all(), (key, when)
            assert np.count_nonzero(array[mask]) > 0.5 * mask.sum(), (key, when)

    def on_train_batch_end(self, batch, logs=None):
        self.look("step")

    def on_epoch_end(self, epoch, logs=None):
        self.look("epoch")

    def on_test_batch_end(self, batch, logs=None):
        self.look("validation")

    def on_train_end(self, logs=None):
        self.look("end")


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.01),
    "momentum": lambda: optimizers.SGD(0.01, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    "weight decay": lambda: optimizers.SGD(0.01, momentum=0.9, weight_decay=0.1),
    "adam": lambda: optimizers.Adam(0.01),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.05),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.9, centered=True),
    "rmsprop of 2018": lambda: RMSprop2018(0.01),
    "adagrad": lambda: optimizers.Adagrad(0.01),
    "ftrl": lambda: optimizers.Ftrl(0.05),
    "nadam": lambda: optimizers.Nadam(0.01),
    "lion": lambda: optimizers.Lion(0.001),
    "lamb": lambda: optimizers.Lamb(0.01),
    "adafactor": lambda: optimizers.Adafactor(0.01),
    "schedule": lambda: optimizers.SGD(optimizers.schedules.CosineDecay(0.01, 50)),
    "clipped": lambda: optimizers.SGD(0.01, momentum=0.9, global_clipnorm=0.5),
    "clipped each": lambda: optimizers.Adam(0.01, clipnorm=0.5),
    "accumulated": lambda: optimizers.SGD(0.01, momentum=0.9, gradient_accumulation_steps=2),
    "averaged": lambda: optimizers.SGD(0.01, momentum=0.9, use_ema=True, ema_overwrite_frequency=3),
    "scaled": lambda: optimizers.LossScaleOptimizer(optimizers.AdamW(0.01)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_pruned_weights_are_zero_with_every_optimizer_and_nothing_is_compiled_twice(name, data):
    model = network(OPTIMIZERS[name]())
    pruning = MagnitudePruning(rate=0.4, dense=True)
    traces = []
    for number in range(3):
        watch = Watch(pruning)
        Loss.traces = 0
        fit(model, data, pruning, watch, validation_data=data)
        traces.append(Loss.traces)
        assert watch.seen == {"step": 8, "epoch": 2, "validation": 8, "end": 1}
        assert pruning.round == number
        pruning.prune(model)
    if BACKEND != "torch":  # steps there are run, not compiled
        assert traces[0] > 0
        assert traces[1:] == [0, 0]
    assert [facts["sparsity"] for facts in pruning.history] == pytest.approx([0.4, 0.64, 0.784], abs=0.005)


COMPILED = {
    "plain": {"jit_compile": False},
    "xla": {"jit_compile": True},
    "several steps": {"steps_per_execution": 2},
    "several steps, plain": {"steps_per_execution": 4, "jit_compile": False},
    "eager": {"run_eagerly": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_pruned_weights_are_zero_however_the_step_is_compiled(name, precision, data):
    if BACKEND == "torch" and COMPILED[name].get("jit_compile"):
        pytest.skip("torch.compile needs a C++ compiler")
    if BACKEND == "torch" and "steps_per_execution" in COMPILED[name]:
        pytest.skip("Keras' PyTorch trainer has no steps_per_execution")
    compiled = BACKEND != "torch" and name != "eager" and (BACKEND != "jax" or "plain" not in name)
    if BACKEND == "jax" and not compiled and precision != "float32":
        pytest.skip("a JAX step that is not compiled takes seconds; once is enough")
    keras.mixed_precision.set_global_policy(precision)
    model = network(**COMPILED[name])
    assert ("LossScale" in type(model.optimizer).__name__) == (precision == "mixed_float16")
    pruning, traces = MagnitudePruning(rate=0.4), []
    for _ in range(3):
        watch = Watch(pruning)
        Loss.traces = 0
        fit(model, data, pruning, watch, validation_data=data)
        traces.append(Loss.traces)
        assert watch.seen["step"] == 8 // COMPILED[name].get("steps_per_execution", 1)
        pruning.prune(model)
    if compiled:
        assert traces[1:] == [0, 0]


@pytest.mark.core
def test_training_equals_masked_gradient_descent_by_hand(rng):
    x, y = rng.normal(size=(4, 5)), rng.normal(size=(4, 2))
    model = keras.Sequential([keras.Input((5,)), layers.Dense(2, use_bias=False, name="only")])
    model.compile(optimizers.SGD(0.05, momentum=0.9, weight_decay=0.02, global_clipnorm=0.3), "mse")
    mask = np.array([[1, 0], [1, 1], [0, 0], [1, 1], [0, 1]], bool)
    pruning = MagnitudePruning(dense=True, head=True, masks={"only/kernel": mask})
    weight = model.get_weights()[0].astype("float64") * mask
    momentum = np.zeros_like(weight)
    for _ in range(6):
        gradient = x.T @ (x @ weight - y) / 4 * mask  # the mean over 8 outputs of the derivative, 2 error / 8
        gradient *= min(1, 0.3 / np.linalg.norm(gradient))  # pruned weights have no part in the norm
        weight *= 1 - 0.05 * 0.02
        momentum = 0.9 * momentum - 0.05 * gradient
        weight = (weight + momentum) * mask
    model.fit(x, y, batch_size=4, epochs=6, verbose=0, callbacks=[pruning])
    np.testing.assert_allclose(model.get_weights()[0], weight, rtol=2e-5, atol=1e-7)


@pytest.mark.core
def test_pruned_weights_are_zero_when_the_others_are_no_longer_numbers(data):
    model = network()
    pruning = MagnitudePruning(rate=0.5)
    fit(model, data, pruning)
    pruning.prune(model)
    fit(model, (np.full_like(data[0], np.inf), data[1]), pruning)
    for key, array in values(model).items():
        assert (array[~pruning.masks[key]] == 0).all()
    assert any(np.isnan(array).any() for array in values(model).values())
    with pytest.raises(InputError, match="not finite"):
        pruning.prune(model)


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


STARTS = {  # what a new optimiser's variables hold, by a part of their names
    "sgd": (lambda: optimizers.SGD(0.01, momentum=0.9), {"iteration": 0, "learning_rate": 0.01, "momentum": 0}),
    "adagrad": (lambda: optimizers.Adagrad(0.01), {"iteration": 0, "learning_rate": 0.01, "accumulator": 0.1}),
    "scaled": (
        lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.01), initial_scale=64, dynamic_growth_steps=3),
        {"iteration": 0, "step_counter": 0, "dynamic_scale": 64, "momentum": 0, "velocity": 0},
    ),
    "schedule": (
        lambda: optimizers.SGD(optimizers.schedules.CosineDecay(0.01, 20), momentum=0.9),
        {"iteration": 0, "momentum": 0},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STARTS)
def test_the_optimizer_starts_anew(name, data):
    make, start = STARTS[name]
    model = network(make())
    pruning = MagnitudePruning()
    fit(model, data, pruning)
    if name != "schedule":
        model.optimizer.learning_rate = 0.0001  # as ReduceLROnPlateau does
    pruning.prune(model)
    for part, value in start.items():
        found = [variable for variable in model.optimizer.variables if part in variable.name]
        assert found, part
        for variable in found:
            np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), value, rtol=1e-6)
    if name != "schedule":
        assert float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)) == pytest.approx(0.01)


def test_a_round_equals_one_of_a_new_model_with_a_new_optimizer(data):
    model, pruning = network(optimizers.Adam(0.01)), MagnitudePruning(rate=0.3)
    fit(model, data, pruning)
    pruning.prune(model)
    fit(model, data, pruning, epochs=3)
    new = network(optimizers.Adam(0.01), seed=5)
    new.set_weights([pruning.rewind_weights[key] for key in model_weights(new)])
    fit(new, data, MagnitudePruning(masks=pruning.masks), epochs=3)
    for key, array in model_weights(model).items():
        np.testing.assert_array_equal(array, model_weights(new)[key])


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


@pytest.mark.slow
@pytest.mark.parametrize("when", ["between rounds", "within a round"])
def test_a_search_goes_on_in_another_process(when, tmp_path, data):
    def search(resume):
        model, pruning = network(optimizers.Adam(0.01)), MagnitudePruning(rate=0.3)
        fit(model, data, pruning)
        pruning.prune(model)
        if when == "within a round":
            fit(model, data, pruning, epochs=1)
        if resume:
            np.savez(tmp_path / "pruning.npz", **pruning.state_dict())
            state = [keras.ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
            weights = model.get_weights()
            model, pruning = network(optimizers.Adam(0.01), seed=3), MagnitudePruning(rate=0.3)
            model.optimizer.learning_rate = 0.5  # the rate to start rounds with is in the state
            with np.load(tmp_path / "pruning.npz") as file:
                pruning.load_state_dict(file)
            model.set_weights(weights)
            pruning.install(model)
            for variable, array in zip(model.optimizer.variables, state, strict=True):
                variable.assign(array)
        fit(model, data, pruning, initial_epoch=int(when == "within a round"), epochs=3)
        pruning.prune(model)
        fit(model, data, pruning)
        return model_weights(model), pruning

    (weights, pruning), (resumed_weights, resumed) = search(False), search(True)
    assert resumed.round == pruning.round == 2
    assert resumed.history == pruning.history
    for key, mask in pruning.masks.items():
        np.testing.assert_array_equal(resumed.masks[key], mask)
    for key, array in weights.items():
        np.testing.assert_array_equal(resumed_weights[key], array)


def test_serialisable():
    pruning = MagnitudePruning(0.1, "layer", 500, "steps", dense=True, head=True)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(pruning)))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is MagnitudePruning
    assert again.get_config() == pruning.get_config() == {
        "rate": 0.1, "scope": "layer", "rewind": 500, "rewind_unit": "steps", "dense": True, "head": True
    }  # fmt: skip


def test_keras_may_run_ahead_of_the_callback():
    # Keras waits for each step to end when a callback has a hook for that.
    for pruning in (MagnitudePruning(rewind_unit="steps"), MagnitudePruning(sparsity=0.5)):
        assert keras.src.utils.is_default(pruning.on_train_batch_end)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 1}, "rate"),
        ({"scope": "rows"}, "scope is 'rows'"),
        ({"rewind": -1}, "rewind is -1; give a number of epochs"),
        ({"rewind": 1.5}, "rewind is 1.5"),
        ({"rewind_unit": "days"}, "rewind_unit is 'days'; give 'epochs' or 'steps'"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        MagnitudePruning(**options)


def test_what_cannot_be_done_is_said(data):
    model = network()
    pruning = MagnitudePruning(rewind=3)
    with pytest.raises(InputError, match=r"no θ_k to reset to: epochs 3 .* not reached"):
        pruning.prune(model)
    fit(model, data, pruning, epochs=2)
    with pytest.raises(InputError, match="no θ_k"):
        pruning.prune(model)
    with pytest.raises(InputError, match="mask of conv/kernel must be"):
        fit(model, data, MagnitudePruning(masks={key: mask[..., :1] for key, mask in pruning.masks.items()}))
    with pytest.raises(InputError, match="only in the masks"):
        fit(model, data, MagnitudePruning(masks={**pruning.masks, "gone/kernel": np.ones(3, bool)}))


def test_optimizers_and_constraints_that_undo_pruning_are_refused(data):
    with pytest.raises(InputError, match="ScheduleFreeAdamW"):
        fit(network(optimizers.ScheduleFreeAdamW(0.01)), data, MagnitudePruning())
    model = network()
    model.get_layer("conv").kernel.constraint = lambda kernel: kernel - 1.0
    with pytest.raises(InputError, match="conv/kernel has the constraint function"):
        fit(model, data, MagnitudePruning())
    model.get_layer("conv").kernel.constraint = keras.constraints.MaxNorm(0.5)
    pruning = MagnitudePruning(rate=0.5, rewind=0)
    fit(model, data, pruning)
    pruning.prune(model)
    fit(model, data, pruning, Watch(pruning))


@pytest.mark.skipif(BACKEND == "torch", reason="Keras' PyTorch trainer has no steps_per_execution")
def test_a_step_that_ends_within_an_execution_is_an_error(data):
    with pytest.raises(InputError, match=r"step 3 was passed unseen: 4 .* multiple of steps_per_execution"):
        fit(network(steps_per_execution=2), data, MagnitudePruning(rewind=3, rewind_unit="steps"))


def test_a_damaged_or_foreign_state_is_refused(data):
    pruning = MagnitudePruning(rewind=0)
    fit(network(), data, pruning, epochs=1)
    state = pruning.state_dict()
    with pytest.raises(InputError, match="not a state of MagnitudePruning"):
        MagnitudePruning(rewind=0).load_state_dict({"masks/a": np.ones(3, bool)})
    with pytest.raises(InputError, match="not a state of MagnitudePruning"):
        MagnitudePruning(rewind=0).load_state_dict({**state, "facts": np.array("{}")})
    with pytest.raises(InputError, match=r"saved with rewind=0, not 2"):
        MagnitudePruning(rewind=2).load_state_dict(state)


DATA_PARALLEL = {
    "tensorflow": """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
scope = strategy.scope
""",
    "jax": """
import contextlib, jax, keras
assert len(jax.devices()) == 2
keras.distribution.set_distribution(keras.distribution.DataParallel())
scope = contextlib.nullcontext
""",
}
TWO_DEVICES = """
import sys
sys.path.insert(0, TESTS)
import numpy as np
from test_magnitude_pruning import *
rng = np.random.default_rng(7)
data = rng.normal(size=(ROWS, 6, 6, 2)).astype("float32"), rng.normal(size=(ROWS, 3)).astype("float32")
for make in (lambda: optimizers.SGD(0.01, momentum=0.9, global_clipnorm=1.0), lambda: optimizers.AdamW(0.01)):
    with scope():
        model = network(make())
    pruning = MagnitudePruning(rate=0.4)
    for _ in range(3):
        Loss.traces = 0
        fit(model, data, pruning, Watch(pruning))
        print("traces", Loss.traces)
        pruning.prune(model)
print("done")
"""


@pytest.mark.slow
@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch trains in parallel by one process a device")
def test_data_parallel_training_on_two_devices(tmp_path, monkeypatch):
    code = DATA_PARALLEL[BACKEND] + TWO_DEVICES.replace("TESTS", repr(str(Path(__file__).parent)))
    (tmp_path / "two.py").write_text(code)
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    ended = forked.run([tmp_path / "two.py"])
    assert ended.stdout.endswith("done\n"), ended.stderr[-3000:]
    traces = [int(line.split()[1]) for line in ended.stdout.splitlines() if line.startswith("traces")]
    assert [traces[place] for place in (1, 2, 4, 5)] == [0, 0, 0, 0]
