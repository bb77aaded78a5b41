"""Gradual pruning within one fit, the choice of layers, a minimum a layer, and pruning of what is trained already."""

import json

import keras
import numpy as np
import pytest

from arttl.base.errors import InputError
from arttl.pruning import (
    MagnitudePruning,
    PolynomialDecay,
    full_masks,
    model_weights,
    nonzero_masks,
    prunable_kernels,
    prune,
    prune_to,
    sparsity,
)

layers = keras.layers
DATA = np.random.default_rng(0).normal(size=(32, 6, 6, 2)).astype("float32"), np.arange(32) % 3


def network(**compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, name="one"),
            layers.Conv2D(5, 3, name="two"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(6, name="mlp"),
            layers.Dense(3, activation="softmax", name="head"),
        ],
        name="small",
    )
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", **compiled)
    return model


def fit(model, *callbacks, epochs=1, **options):
    options = {"batch_size": 4, "verbose": 0, "shuffle": False, **options}
    return model.fit(*DATA, epochs=epochs, callbacks=list(callbacks), **options)


def killed(epoch, logs):
    raise KeyboardInterrupt


class Zeros(keras.callbacks.Callback):
    """The number of zeros in the prunable kernels when each step has ended."""

    def __init__(self):
        super().__init__()
        self.counts = []

    def on_train_batch_end(self, batch, logs=None):
        kernels = prunable_kernels(self.model).values()
        self.counts.append(sum(int((keras.ops.convert_to_numpy(each) == 0).sum()) for each in kernels))


def test_the_schedule_is_the_papers():
    """Zhu and Gupta's equation 1, worked out: s_f + (s_i - s_f) (1 - k/n)³ at t_0 + k Δt, and the last between."""
    decay = PolynomialDecay(initial_sparsity=0.5, final_sparsity=0.9, begin_step=10, end_step=50, frequency=10)
    found = [round(decay.at(step), 9) for step in (0, 9, 10, 19, 20, 30, 40, 49, 50, 99)]
    assert found == [0, 0, 0.5, 0.5, 0.73125, 0.85, 0.89375, 0.89375, 0.9, 0.9]
    whole = PolynomialDecay(final_sparsity=0.8).over(1000)
    assert (whole.begin_step, whole.end_step, whole.frequency) == (0, 750, 7)
    assert PolynomialDecay(final_sparsity=0.8, end_step=12, frequency=100).at(12) == 0.8  # whatever the frequency


@pytest.mark.core
def test_one_fit_prunes_gradually_to_the_target_and_tells_it():
    model, pruning, zeros = network(), MagnitudePruning(sparsity=0.75), Zeros()
    logs = fit(model, pruning, zeros, epochs=2).history  # 8 steps an epoch, the last pruning before step 12
    of = 3 * 3 * 2 * 4 + 3 * 3 * 4 * 5  # 252 weights
    expected = [int(of * (0.75 - 0.75 * (1 - min(step / 12, 1)) ** 3) + 0.5) for step in range(16)]
    assert zeros.counts == expected
    assert logs["sparsity"] == [expected[7] / of, 0.75]
    assert sparsity(pruning.masks) == 0.75
    assert pruning.round == 0
    assert int(keras.ops.convert_to_numpy(model.optimizer.iterations)) == 16  # it never started anew
    fit(model)
    assert sum((array == 0).sum() for key, array in model_weights(model).items() if key in pruning.masks) == 189


@pytest.mark.core
@pytest.mark.slow
def test_gradual_pruning_goes_on_in_another_process_where_it_was():
    whole = MagnitudePruning(sparsity=PolynomialDecay(final_sparsity=0.6, end_step=12, frequency=4))
    fit(network(), whole, epochs=2)
    model, first = network(), MagnitudePruning(sparsity={"final_sparsity": 0.6, "end_step": 12, "frequency": 4})
    with pytest.raises(KeyboardInterrupt):
        fit(model, first, keras.callbacks.LambdaCallback(on_epoch_end=killed), epochs=2)
    second = MagnitudePruning.from_config(json.loads(json.dumps(first.get_config())))
    second.load_state_dict(first.state_dict())
    fit(model, second, epochs=2, initial_epoch=1)
    for key, mask in whole.masks.items():
        np.testing.assert_array_equal(second.masks[key], mask)


def test_the_end_of_a_training_may_be_the_last_pruning_and_its_length_must_be_known():
    pruning = MagnitudePruning(sparsity=PolynomialDecay(final_sparsity=0.5, end_step=8), scope="layer")
    assert fit(network(), pruning).history["sparsity"] == [0.5]
    assert [float(1 - mask.mean()) for mask in pruning.masks.values()] == [0.5, 0.5]
    with pytest.raises(InputError, match="pruning ends at step 9, and training at 8; lower end_step"):
        fit(network(), MagnitudePruning(sparsity=PolynomialDecay(final_sparsity=0.5, end_step=9)))
    endless = ((DATA[0][:4], DATA[1][:4]) for _ in range(3))
    with pytest.raises(InputError, match=r"no known length, .* steps_per_epoch, or PolynomialDecay\(end_step"):
        network().fit(endless, callbacks=[MagnitudePruning(sparsity=0.5)], verbose=0)
    with pytest.raises(InputError, match=r"sparsity goes from 0.0 to 1.5; give shares"):
        MagnitudePruning(sparsity=1.5)
    with pytest.raises(InputError, match="sparsity prunes gradually without them; give one"):
        MagnitudePruning(sparsity=0.5, rates={"one": 0.1}, scope="layer")


@pytest.mark.core
def test_a_trained_network_is_pruned_and_keeps_its_weights():
    model = network()
    fit(model)
    before, pruning = model_weights(model), MagnitudePruning(rate=0.5, rewind=None, dense=True)
    pruning.prune(model)  # at once, without a fit of its own
    for key, array in model_weights(model).items():
        np.testing.assert_array_equal(array, before[key] * pruning.masks.get(key, True))
    assert sparsity(pruning.masks) == pytest.approx(0.5, abs=0.002)
    fit(model, pruning)
    assert all((model_weights(model)[key][~mask] == 0).all() for key, mask in pruning.masks.items())


@pytest.mark.core
@pytest.mark.parametrize(
    ("chosen", "keys"),
    [
        ("two", ["two/kernel"]),
        ("*o*", ["one/kernel", "two/kernel"]),
        (["one", "head"], ["one/kernel", "head/kernel"]),
        (lambda layer: isinstance(layer, layers.Dense), ["mlp/kernel", "head/kernel"]),
    ],
)
def test_layers_by_name_pattern_and_function(chosen, keys):
    model, pruning = network(), MagnitudePruning(rate=0.5, layers=chosen, rewind=0)
    fit(model, pruning)
    pruning.prune(model)
    assert list(pruning.masks) == keys
    again = MagnitudePruning(rate=0.5, layers=chosen, rewind=0)
    again.load_state_dict(pruning.state_dict())  # which JSON holds, whatever the function
    assert list(nonzero_masks(model, layers=chosen)) == keys


def test_layers_that_are_not_there_are_named():
    with pytest.raises(InputError, match=r"layers name 'three', which small has not; it has one, two, mlp, head"):
        fit(network(), MagnitudePruning(layers=["one", "three"]))


@pytest.mark.core
@pytest.mark.parametrize("least", [8, 0.08])
def test_each_kernel_keeps_its_minimum_and_the_others_give_the_rest(least):
    weights = {"weak": np.arange(1, 101) / 1e3, "strong": np.arange(1.0, 101)}
    masks = prune(weights, full_masks(weights), 0.6, min_kept=least)
    assert masks["weak"].nonzero()[0].tolist() == list(range(92, 100))  # its largest
    assert masks["strong"].nonzero()[0].tolist() == list(range(28, 100))  # 120 go in all
    assert prune(weights, masks, 0, min_kept=90)["weak"].sum() == 8  # what is gone stays gone
    of_all = prune_to(weights, full_masks(weights), 0.9, min_kept=least)
    assert {key: int(mask.sum()) for key, mask in of_all.items()} == {"weak": 8, "strong": 12}


def test_whole_channels_leave_the_minimum_too():
    weights = {"a": np.ones((2, 5))}
    for least, channels in ((0, 1), (3, 2), (8, 4)):
        assert prune(weights, full_masks(weights), 0.8, criterion="channels", min_kept=least)["a"].sum() == 2 * channels
    with pytest.raises(InputError, match=r"min_kept is 1\.5; give a number of weights"):
        MagnitudePruning(min_kept=1.5)


def test_masks_of_a_saved_networks_zeros(tmp_path):
    model, pruning = network(), MagnitudePruning(rate=0.5, rewind=None)
    pruning.prune(model)
    model.save(tmp_path / "pruned.keras")
    loaded = keras.saving.load_model(tmp_path / "pruned.keras")
    held = MagnitudePruning(masks="nonzero")
    fit(loaded, held)
    for key, mask in nonzero_masks(tmp_path / "pruned.keras").items():
        np.testing.assert_array_equal(mask, pruning.masks[key])
        np.testing.assert_array_equal(held.masks[key], mask)
        assert (model_weights(loaded)[key][~mask] == 0).all()


def test_its_repr_tells_what_it_does_and_how_far_it_is():
    pruning = MagnitudePruning(rate=0.5, rewind=0, layers="one")
    assert repr(pruning) == "<MagnitudePruning(rate=0.5, rewind=0, layers='one'): before training>"
    model = network()
    fit(model, pruning)
    pruning.prune(model)
    assert repr(pruning).endswith(": 1 round, 36 of 72 weights left (50.0% pruned), θ_0 kept>")
    assert repr(MagnitudePruning(sparsity=0.8)) == "<MagnitudePruning(sparsity=0.8): before training>"
