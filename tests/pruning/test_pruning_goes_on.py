"""A search by the callback goes on in another process; what cannot be pruned, or is damaged, is said."""

import json

import keras
import numpy as np
import pytest
from pruned_network import BACKEND, Watch, fit, network, optimizers

from arttl.base.errors import InputError
from arttl.pruning import MagnitudePruning, model_weights


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
