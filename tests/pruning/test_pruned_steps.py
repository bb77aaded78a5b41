"""Pruned weights are zero in every step, with every optimizer and however it is compiled; a round starts it anew."""

from pathlib import Path

import forked
import keras
import numpy as np
import pytest
from pruned_network import BACKEND, Loss, Watch, fit, layers, network, optimizers, values

from arttl.base.errors import InputError
from arttl.models.keras2018.optimizers import RMSprop2018
from arttl.pruning import MagnitudePruning, model_weights

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


@pytest.mark.slow
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
from arttl.pruning import MagnitudePruning
from pruned_network import *
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
    code = DATA_PARALLEL[BACKEND] + TWO_DEVICES.replace("TESTS", repr(str(Path(__file__).parents[1])))
    (tmp_path / "two.py").write_text(code)
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    ended = forked.run([tmp_path / "two.py"])
    assert ended.stdout.endswith("done\n"), ended.stderr[-3000:]
    traces = [int(line.split()[1]) for line in ended.stdout.splitlines() if line.startswith("traces")]
    assert [traces[place] for place in (1, 2, 4, 5)] == [0, 0, 0, 0]
