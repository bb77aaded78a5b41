"""The criteria, each by hand; rates of single layers; and that searches of before there was a choice stay the same."""

import json
from dataclasses import asdict

import keras
import numpy as np
import pytest
from tiny_search import tiny_search

from arttl.base.errors import InputError
from arttl.pruning import (
    CRITERIA,
    MagnitudePruning,
    SearchSettings,
    channel_axes,
    full_masks,
    open_tickets,
    prunable_kernels,
    prune,
)
from arttl.recipes.overrides import as_of_now

layers = keras.layers


def alive(masks, key, axes):
    """Which channels of a mask remain; each is whole or gone."""
    any_, all_ = masks[key].any(axis=axes), masks[key].all(axis=axes)
    np.testing.assert_array_equal(any_, all_)
    return any_.tolist()


@pytest.mark.core
def test_channels_go_by_l1_norm_a_share_of_those_that_remain():
    """As torch.nn.utils.prune.ln_structured(amount=0.2, n=1, dim=0) does when it is called again and again."""
    kernel = np.zeros((3, 3, 2, 5), "float32")
    kernel[0, 0, 0] = [3, -1, 1, 5, -2]
    kernel[2, 1, 1] = [0, 0, -1, 0, 2]  # norms 3, 1, 2, 5, 4; by their largest weight 1 and 2 would be equal
    weights, masks = {"conv/kernel": kernel}, {"conv/kernel": np.ones(kernel.shape, bool)}
    seen = []
    for _ in range(4):  # one of 5, of 4 (0.8) and of 3 (0.6), none of 2 (0.4)
        masks = prune(weights, masks, 0.2, criterion="channels")
        seen.append(alive(masks, "conv/kernel", (0, 1, 2)))
    assert seen == [[1, 0, 1, 1, 1], [1, 0, 0, 1, 1], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1]]


@pytest.mark.core
def test_of_equal_channels_the_last_goes_first_and_one_always_stays():
    weights = {"a": np.ones((1, 1, 2, 4)), "b": np.full((3, 2), 0.1)}
    masks = prune(weights, full_masks(weights), 0.5, "global", "channels")  # layer by layer under any scope
    assert alive(masks, "a", (0, 1, 2)) == [1, 1, 0, 0]
    assert alive(masks, "b", (0,)) == [1, 0]
    masks = prune(weights, prune(weights, masks, 0.9, criterion="channels"), 0.9, criterion="channels")
    assert alive(masks, "a", (0, 1, 2)) == [1, 0, 0, 0]
    assert alive(masks, "b", (0,)) == [1, 0]


@pytest.mark.core
def test_norms_are_those_of_the_weights_that_remain():
    weights, mask = {"a": np.array([[9.0, 1.0], [1.0, 1.0]])}, np.array([[False, True], [True, True]])
    assert prune(weights, {"a": mask}, 0.5, criterion="channels")["a"].tolist() == [[False, True], [False, True]]


@pytest.fixture(scope="module")
def convolutions():
    """A network with a kernel of each layout."""
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, name="plain")(inputs)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="deep")(x)
    x = layers.SeparableConv2D(6, 3, name="apart")(x)
    x = layers.Conv2DTranspose(5, 3, name="up")(x)
    x = layers.EinsumDense("abcd,ed->abce", (None, None, 7), name="einsum")(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.GlobalAveragePooling2D()(x)))


@pytest.mark.core
def test_output_channels_of_each_kind_of_kernel(convolutions):
    axes = channel_axes(convolutions, dense=True, head=True)
    kernels = prunable_kernels(convolutions, dense=True, head=True)
    counted = {key: int(np.prod([kernel.shape[axis] for axis in axes[key]])) for key, kernel in kernels.items()}
    made = {layer.name: layer.output.shape[-1] for layer in convolutions.layers}
    assert counted == {
        "plain/kernel": made["plain"],
        "deep/kernel": made["deep"],
        "apart/depthwise_kernel": made["deep"],
        "apart/pointwise_kernel": made["apart"],
        "up/kernel": made["up"],
        "einsum/kernel": made["einsum"],
        "head/kernel": made["head"],
    }
    assert axes["up/kernel"] == (-2,)  # (height, width, out, in)
    assert axes["einsum/kernel"] == (-2,)  # "ed", of which d is the input's


def test_a_channel_that_is_pruned_makes_no_map(convolutions, rng):
    """Truth from the outputs: each layer alone, its biases still zero, on noise."""
    pruning = MagnitudePruning(0.5, rewind=0, criterion="channels")
    convolutions.compile(keras.optimizers.SGD(0.0), "mse")
    convolutions.fit(np.ones((2, 12, 12, 3)), np.ones((2, 2)), verbose=0, callbacks=[pruning])
    pruning.prune(convolutions)
    gone = {}
    for name in ("plain", "deep", "apart", "up"):
        layer = convolutions.get_layer(name)
        maps = keras.ops.convert_to_numpy(layer(rng.normal(size=(2, *layer.input.shape[1:])).astype("float32")))
        gone[name] = int((maps == 0).all(axis=(0, 1, 2)).sum())
    assert gone == {"plain": 2, "deep": 4, "apart": 3, "up": 3}  # halves of 4, 8, 6 and 5, the last upwards


@pytest.mark.core
@pytest.mark.parametrize("scope", ["global", "layer"])
def test_random_masks_by_counts_and_seed(scope, rng):
    weights = {"a": rng.normal(size=(10, 10)), "b": np.full(50, 1e6)}  # the magnitudes would never give up b
    masks, drawn = full_masks(weights), {}
    for seed in (0, 0, 1):
        new = prune(weights, masks, 0.2, scope, "random", seed=seed)
        counts = {key: int(mask.sum()) for key, mask in new.items()}
        assert sum(counts.values()) == 120
        assert scope == "global" or counts == {"a": 80, "b": 40}
        assert 0 < counts["b"] < 50
        drawn.setdefault(seed, []).append(np.concatenate([mask.ravel() for mask in new.values()]))
    np.testing.assert_array_equal(*drawn[0])
    assert (drawn[0][0] != drawn[1][0]).any()
    again = prune(weights, new, 0.2, scope, "random", seed=2)
    assert all((new[key] | ~again[key]).all() for key in new)  # nested
    survived = sum(prune(weights, masks, 0.2, scope, "random", seed=seed)["b"].astype(int) for seed in range(400))
    assert np.abs(survived / 400 - 0.8).max() < 4.5 * 0.4 / 20  # 4.5 standard deviations


@pytest.mark.core
def test_rates_of_single_layers():
    """LeNet-300-100 as Frankle and Carbin prune it: 20% a round, the output layer 10%."""
    sizes = {"dense_300/kernel": 235_200, "dense_100/kernel": 30_000, "head/kernel": 1_000}
    weights = {key: np.arange(size, dtype="float32") for key, size in sizes.items()}
    masks = full_masks(weights)
    for _ in range(2):
        masks = prune(weights, masks, 0.2, "layer", rates={"head": 0.1})
    counts = {key: int(mask.sum()) for key, mask in masks.items()}
    assert counts == {"dense_300/kernel": 150_528, "dense_100/kernel": 19_200, "head/kernel": 810}
    masks = prune(weights, full_masks(weights), 0.2, "layer", rates={"dense_1*": 0.5, "dense_*/kernel": 0})
    assert [int(mask.sum()) for mask in masks.values()] == [235_200, 15_000, 800]  # the first that fits


@pytest.mark.core
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"criterion": "gradient"}, "criterion is 'gradient'; give 'magnitude', 'channels', 'random'"),
        ({"rates": {"a": 1.0}, "scope": "layer"}, "rate .* is 1.0"),
        ({"rates": {"a": 0.1}}, "rates of single layers need scope 'layer', not 'global'"),
        ({"rates": {"tail": 0.1}, "scope": "layer"}, "rates name 'tail', which is no prunable layer; .* such as 'a/k'"),
    ],
)
def test_what_does_not_say_which_weights_go_is_refused(change, message):
    weights = {"a/k": np.ones(3)}
    arguments = {"weights": weights, "masks": full_masks(weights), "rate": 0.2, "scope": "global"}
    with pytest.raises(InputError, match=message):
        prune(**{**arguments, **change})


@pytest.mark.core
def test_a_row_of_the_table_is_all_that_the_callback_and_the_search_need(monkeypatch):
    def first(weights, masks, groups, seed, axes):
        return {key: np.arange(mask.size).reshape(mask.shape) == 0 for key, mask in masks.items()}

    monkeypatch.setitem(CRITERIA, "first", type(CRITERIA["random"])("the first weight stays", first, "this test"))
    weights = {"a": np.ones((2, 2))}
    assert prune(weights, full_masks(weights), 0.2, criterion="first")["a"].tolist() == [[True, False], [False, False]]
    assert SearchSettings(criterion="first").callback().criterion == "first"


def test_a_missing_criterion_is_magnitude():
    """What was written before there was a choice stands for what it was made with."""
    former = {"rate": 0.2, "rounds": 31, "rewind": 1, "rewind_unit": "epochs", "scope": "global", "dense": False}
    former |= {"head": False, "reset": "theta_k", "keep_initial": False, "keep_final": False}
    ours = SearchSettings(rounds=31, rewind=1, scope="global", on_dead="continue")
    assert as_of_now({"search": former})["search"] == asdict(ours)
    chosen = SearchSettings(criterion="random", rates={"head": 0.1})
    hash(chosen)
    state = MagnitudePruning().state_dict()
    assert json.loads(str(state["facts"]))["config"].keys() == {
        "rate", "scope", "rewind", "rewind_unit", "dense", "head"
    }  # fmt: skip
    MagnitudePruning(seed=0, criterion="magnitude").load_state_dict(state)
    with pytest.raises(InputError, match="saved with criterion='magnitude', not 'random'"):
        MagnitudePruning(criterion="random").load_state_dict(state)
    with pytest.raises(InputError, match="saved with criterion='random', not 'magnitude'"):
        MagnitudePruning().load_state_dict(MagnitudePruning(criterion="random").state_dict())


@pytest.mark.slow
@pytest.mark.core
@pytest.mark.parametrize("criterion", ["channels", "random"])
def test_a_search_by_another_criterion_goes_on_where_it_was_killed(tmp_path, criterion):
    settings = SearchSettings(rounds=2, rate=0.4, rewind=1, criterion=criterion)
    whole = tiny_search(tmp_path / "whole", settings, seed=3)
    with pytest.raises(KeyboardInterrupt):
        tiny_search(tmp_path / "parts", settings, seed=3, stop_in=1)
    parts = tiny_search(tmp_path / "parts", settings, seed=3)
    for number in (1, 2):
        for key, mask in whole.read_masks(number).items():
            np.testing.assert_array_equal(parts.read_masks(number)[key], mask)
    assert open_tickets(parts.path).metadata["search"]["criterion"] == criterion
    if criterion == "random":
        other = tiny_search(tmp_path / "other", settings, seed=4)
        assert any((other.read_masks(1)[key] != mask).any() for key, mask in whole.read_masks(1).items())
