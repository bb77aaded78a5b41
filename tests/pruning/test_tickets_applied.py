"""A ticket is put into a network: every weight, a head of another size, weights that do not fit, random ones."""

import keras
import numpy as np
import pytest

from arttl.base.errors import InputError
from arttl.models import build_classifier, replace_head
from arttl.pruning import TicketFile, load_ticket, model_weights


def small_network(classes=3, filters=4, head="head"):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(filters, 3, name="conv", bias_initializer="ones"),
            layers.BatchNormalization(name="norm"),
            layers.SeparableConv2D(5, 2, name="separable"),
            layers.DepthwiseConv2D(2, name="depthwise"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes, name=head),
        ]
    )


@pytest.fixture
def network(tmp_path, rng):
    """A small network, its weights moved from where they began, and a file with one round of half its kernel."""
    model = small_network()
    for variable in model.weights:
        variable.assign(rng.uniform(1, 2, variable.shape))
    weights = model_weights(model)
    file = TicketFile.create(tmp_path / "n.h5", weights, ["conv/kernel"], rate=0.5, scope="global", metadata={})
    mask = np.arange(36).reshape(3, 3, 1, 4) % 2 == 0
    file.add_round({"conv/kernel": mask}, None, {})
    return model, weights, mask, file.path


@pytest.mark.core
def test_apply_sets_every_weight_and_zeros_what_is_pruned(network):
    _, weights, mask, path = network
    model = small_network()
    assert load_ticket(path, 1).apply(model) is model
    for name, array in model_weights(model).items():
        np.testing.assert_array_equal(
            array, np.where(mask, weights[name], 0) if name == "conv/kernel" else weights[name]
        )


@pytest.mark.core
def test_apply_leaves_a_head_of_another_size_and_one_that_is_to_be_kept(network):
    _, weights, mask, path = network
    for model, options in ((small_network(classes=7), {}), (small_network(), {"keep_head": True})):
        before = model_weights(model)
        load_ticket(path, 1).apply(model, **options)
        after = model_weights(model)
        np.testing.assert_array_equal(after["head/kernel"], before["head/kernel"])
        np.testing.assert_array_equal(after["norm/moving_variance"], weights["norm/moving_variance"])
        np.testing.assert_array_equal(after["conv/kernel"], np.where(mask, weights["conv/kernel"], 0))


@pytest.mark.parametrize(("before", "after"), [("top", "top"), ("top", "new"), ("head", "new"), ("top", "head")])
def test_the_last_layer_is_the_head_whatever_its_name(tmp_path, before, after):
    source, target = small_network(head=before), small_network(classes=7, head=after)
    weights, random = model_weights(source), model_weights(target)
    file = TicketFile.create(tmp_path / "t.h5", weights, ["conv/kernel"], rate=0.2, scope="layer", metadata={})
    load_ticket(file.path, 0).apply(target)
    for name, array in model_weights(target).items():
        np.testing.assert_array_equal(array, random[name] if name.startswith(after) else weights[name])


@pytest.mark.core
def test_apply_between_a_classifier_and_its_features(network, tmp_path):
    model, weights, _, path = network
    source = small_network()
    features = keras.Model(source.inputs, source.get_layer("depthwise").output)
    load_ticket(path, 0).apply(features)  # a model without the ticket's head
    for name, array in model_weights(features).items():
        np.testing.assert_array_equal(array, weights[name])
    file = TicketFile.create(tmp_path / "f.h5", model_weights(features), [], rate=0.2, scope="layer", metadata={})
    for variable in model.weights:
        variable.assign(np.zeros(variable.shape))
    load_ticket(file.path, 0).apply(model)  # and a ticket without the model's head
    for name, array in model_weights(model).items():
        np.testing.assert_array_equal(array, 0 * array if name.startswith("head/") else weights[name])


def test_apply_names_the_layer_that_does_not_fit_and_sets_nothing(network):
    *_, path = network
    wider = small_network(filters=6)
    before = model_weights(wider)
    with pytest.raises(InputError, match=r"layer conv does not fit .* \(3, 3, 1, 6\) in the model and \(3, 3, 1, 4\)"):
        load_ticket(path, 1).apply(wider)
    np.testing.assert_equal(model_weights(wider), before)
    model = small_network()
    longer = keras.Sequential([keras.Input((6, 6, 1)), *model.layers, keras.layers.Dense(2, name="more")])
    with pytest.raises(InputError, match=r"layer more does not fit .* and missing in"):
        load_ticket(path, 1).apply(longer)
    shorter = keras.Model(model.inputs, model.get_layer("norm").output)
    with pytest.raises(InputError, match=r"layer separable does not fit .* is missing in the model"):
        load_ticket(path, 1).apply(shorter)


def test_apply_sets_other_weights_of_the_search(path, network):
    model, weights, mask, path = network
    ticket = load_ticket(path, 1)
    ticket.apply(model, {name: array + 1 for name, array in ticket.weights.items()})
    np.testing.assert_array_equal(model_weights(model)["conv/kernel"], np.where(mask, weights["conv/kernel"] + 1, 0))


def test_a_model_that_is_not_built_is_refused(network):
    model, *_, path = network
    with pytest.raises(InputError, match="has no weights yet"):
        load_ticket(path, 1).apply(keras.Sequential([*model.layers, keras.layers.Dense(2)]))


def test_weights_of_one_name_are_numbered():
    nested = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(3)], name="inner")
    weights = model_weights(keras.Sequential([keras.Input((4,)), nested]))
    shapes = {name: array.shape for name, array in weights.items()}
    assert shapes == {"inner/kernel": (4, 4), "inner/bias": (4,), "inner/kernel_2": (4, 3), "inner/bias_2": (3,)}


@pytest.mark.slow
def test_transfer_of_a_resnet50_ticket(tmp_path, rng):
    source = build_classifier("resnet50", 10, weights="none", image_size=32)
    weights = model_weights(source)
    mask = rng.random((3, 3, 64, 64)) < 0.5
    file = TicketFile.create(
        tmp_path / "t.h5", weights, ["conv2_block1_2_conv/kernel"], rate=0.5, scope="global", metadata={}
    )
    file.add_round({"conv2_block1_2_conv/kernel": mask}, None, {})
    for variable in source.weights:
        variable.assign(np.zeros(variable.shape))
    target = replace_head(source, 9)
    load_ticket(file.path, 1).apply(target)
    after = model_weights(target)
    assert after["head/kernel"].shape == (2048, 9)
    np.testing.assert_array_equal(after["conv5_block3_3_conv/kernel"], weights["conv5_block3_3_conv/kernel"])
    np.testing.assert_array_equal(after["conv2_block1_2_conv/kernel"] != 0, mask)


def test_reinitialised_tickets_keep_the_mask_and_draw_he_uniform_weights(path):
    ticket = load_ticket(path, 2)
    fresh, again, other = ticket.reinitialise(1), ticket.reinitialise(1), ticket.reinitialise(2)
    np.testing.assert_equal(fresh.masks, ticket.masks)
    np.testing.assert_equal(fresh.weights, again.weights)
    kernel, limit = fresh.weights["conv/kernel"], np.sqrt(6 / (3 * 3 * 40))  # He et al. (2015), fan in 360
    assert not np.array_equal(kernel, other.weights["conv/kernel"])
    assert 0.99 * limit < np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    head, limit = fresh.weights["head/kernel"], np.sqrt(6 / (50 + 4))  # Glorot and Bengio (2010), fan in and out
    assert 0.9 * limit < np.abs(head).max() <= limit
    np.testing.assert_array_equal(fresh.weights["conv/bias"], np.zeros(50))
    np.testing.assert_array_equal(fresh.weights["norm/gamma"], np.ones(50))
    assert np.unique(np.concatenate([kernel.ravel(), head.ravel()])).size > 0.99 * 18_200  # layers differ


def test_reinitialised_by_the_models_own_initialisers(network):
    model, _, mask, path = network
    fresh = load_ticket(path, 1).reinitialise(3, model)
    np.testing.assert_array_equal(fresh.weights["conv/bias"], np.ones(4))  # this network's own
    np.testing.assert_array_equal(fresh.weights["norm/moving_variance"], np.ones(4))
    assert np.abs(fresh.weights["conv/kernel"]).max() <= np.sqrt(6 / (9 + 36))  # Keras' default, Glorot-uniform
    assert fresh.weights["depthwise/kernel"].std() > 0
    fresh.apply(model)
    np.testing.assert_array_equal(model_weights(model)["conv/kernel"] != 0, mask)
    with pytest.raises(InputError, match="no initialiser for kernel of layer head"):
        load_ticket(path, 1).reinitialise(3, keras.Sequential(model.layers[:-1]))
