"""What somebody's own project does with pruning and searches that once went wrong without a word."""

import io
import re
import warnings

import keras
import numpy as np
import pytest
from pruned_network import fit, layers, network, values
from small_search import CLASSES, data, small_search

from arttl import recipes
from arttl.base.errors import InputError
from arttl.models import build_classifier, flatten
from arttl.pruning import MagnitudePruning, SearchSettings, compact, find_tickets, prunable_kernels

ONE = SearchSettings(rounds=1, rewind=1)


@pytest.mark.core
def test_weights_that_early_stopping_restores_are_pruned_as_the_masks_say(data):
    model = network()
    pruning = MagnitudePruning(sparsity=0.8)
    stopping = keras.callbacks.EarlyStopping(monitor="loss", mode="max", patience=9, restore_best_weights=True)
    fit(model, data, pruning, stopping, epochs=4)  # the "best" epoch is the first, of low sparsity
    assert stopping.best_epoch == 0
    zeros = {key: (array == 0) for key, array in values(model).items()}
    assert all(zeros[key][~mask].all() for key, mask in pruning.masks.items())
    share = np.concatenate([each.ravel() for each in zeros.values()]).mean()
    assert share == pytest.approx(0.8, abs=0.01)
    weights = [np.ones_like(each) for each in model.get_weights()]
    pruning.remove(model)
    model.set_weights(weights)  # without masks all of them stay
    assert all(array.all() for array in values(model).values())


@pytest.mark.core
def test_weights_that_are_loaded_are_pruned_as_the_masks_say(data, tmp_path):
    """Once from the next training step on alone: what was evaluated before was another network."""
    model, pruning = network(), MagnitudePruning(0.5, rewind=None)
    path = str(tmp_path / "whole.weights.h5")
    model.save_weights(path)
    pruning.prune(model)
    model.load_weights(path)
    assert all((values(model)[key] != 0).tolist() == mask.tolist() for key, mask in pruning.masks.items())
    pruning.remove(model)
    model.load_weights(path)
    assert all(array.all() for array in values(model).values())


def test_weights_that_a_model_has_made_on_itself_are_refused():
    class Scaled(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv, self.pool, self.head = layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(3)
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

        def call(self, inputs):
            return self.head(self.pool(self.conv(inputs))) * self.scale

    model = Scaled()
    model(np.zeros((1, 6, 6, 2)))
    model.compile("sgd", "mse")
    with pytest.raises(InputError, match=r"has weights of its own, .* \(scale\); make them in a layer"):
        MagnitudePruning(rewind=None).prune(model)


def test_a_callback_that_goes_on_in_another_model_says_so(data):
    pruning, first, other = MagnitudePruning(rate=0.5), network(), network(seed=1)
    fit(first, data, pruning)
    pruning.prune(first)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        first.compile("sgd", "mse")
        fit(first, data, pruning)  # the same model, compiled again
        pruned = network()
        pruned.set_weights(first.get_weights())
        fit(pruned, data, pruning)  # another one with its weights, as when it is loaded
    with pytest.warns(UserWarning, match="has pruned another model, and goes on in small"):
        fit(other, data, pruning)


@pytest.mark.slow
def test_of_several_heads_none_is_pruned_unless_asked_for():
    model = build_classifier("resnet50", {"type": 3, "artist": 2}, weights="none", image_size=32)
    of_heads = {"type/kernel", "artist/kernel"}
    assert not of_heads & prunable_kernels(model, dense=True).keys()
    assert of_heads <= prunable_kernels(model, dense=True, head=True).keys()


def test_masks_have_one_name():
    with pytest.raises(InputError, match="masks are 'Nonzero'; give a dict of boolean arrays, or 'nonzero'"):
        MagnitudePruning(masks="Nonzero").install(network())


def test_bfloat16_survives_a_file(data):
    keras.mixed_precision.set_global_policy("bfloat16")
    model, pruning = network(), MagnitudePruning(rate=0.5)
    fit(model, data, pruning)
    pruning.prune(model)
    file = io.BytesIO()
    np.savez(file, **pruning.state_dict())
    file.seek(0)
    other = MagnitudePruning(rate=0.5)
    with np.load(file) as state:
        other.load_state_dict(state)
    kept = pruning.rewind_weights
    assert {each.dtype.name for each in kept.values()} == {"bfloat16", "float32"}  # the head is float32
    for key, array in other.rewind_weights.items():
        np.testing.assert_array_equal(array, kept[key].astype("float32"))
    other.reset(model)


def small(filters=4):
    inputs = keras.Input((6, 6, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(filters, 3, name="conv")(layers.Rescaling(1 / 255)(inputs)))
    return keras.Model(inputs, layers.Dense(CLASSES, activation="softmax", name="head")(x))


@pytest.mark.parametrize(
    ("filters", "recipe", "seed", "said"),
    [
        (5, {}, 0, r"another network: 4 weights, 60 numbers, shapes \w{12}, not 4 weights, 74 numbers"),
        (4, {"optimizer.learning_rate": 0.2}, 0, r"another recipe\.optimizer\.learning_rate: 0\.\d+, not 0\.2"),
        (4, {}, 1, "another seed: 0, not 1"),
    ],
)
def test_a_folder_is_that_of_one_network_recipe_and_seed(tmp_path, filters, recipe, seed, said):
    small_search(tmp_path, small(4), ONE, epochs=1)
    tickets = recipes.tickets(max_epochs=1, batch_size=16).changed(recipe)
    model = tickets.compile(small(filters))
    with pytest.raises(InputError, match=f"holds a search of {said}"):
        find_tickets(model, tickets, *data((6, 6, 1))[:2], tmp_path, ONE, seed=seed, log=str)


def test_a_flattened_model_is_searched(tmp_path):
    inputs = keras.Input((6, 6, 1))
    model = keras.Model(inputs, small()(layers.RandomFlip("horizontal")(inputs)))
    small_search(tmp_path, flatten(model), ONE, epochs=1)
    assert (tmp_path / "tickets.h5").exists()


@pytest.mark.parametrize(
    ("loss", "metrics", "said"),
    [
        ("categorical_crossentropy", None, r'records no accuracy, .*metrics=\["accuracy"\]'),
        ("sparse_categorical_crossentropy", ["accuracy"], "labels are one-hot here; give loss="),
    ],
)
def test_a_model_compiled_for_something_else_is_refused_at_once(tmp_path, loss, metrics, said):
    def compiled(recipe, model):
        model.compile(recipe.make_optimizer(), loss, metrics=metrics)
        return model

    with pytest.raises(InputError, match=said):
        small_search(tmp_path, small(), ONE, compile_model=compiled)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the loop is TensorFlow's")
def test_masks_hold_in_a_loop_that_is_traced_after_they_are_installed(data):
    import tensorflow as tf

    model, pruning = network(), MagnitudePruning(0.5, rewind=None)
    pruning.install(model)

    @tf.function
    def step(inputs, truth):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(inputs, training=True) - truth) ** 2)
        model.optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    for _ in range(2):
        step(*data)
        pruning.prune(model)
        step(*data)
        for key, array in values(model).items():
            assert (array[~pruning.masks[key]] == 0).all()
            assert array[pruning.masks[key]].all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rounds": 1.5}, "rounds cannot be 1.5; give a whole number from 0 to 254"),
        ({"rounds": 255}, "rounds cannot be 255; give a whole number"),
        ({"rounds": True}, "rounds cannot be True; give a whole number"),
        ({"rewind": None}, "rewind cannot be None; give a number of epochs, 0 or more"),
        ({"rate": "0.2"}, "rate (or sparsity) is '0.2'; give a share of the weights"),
        ({"layers": len}, "give names or patterns, which a file can hold"),
        ({"layers": [len]}, "give names or patterns, which a file can hold"),
    ],
)
def test_settings_of_another_type_are_refused(given, said):
    with pytest.raises(InputError, match=re.escape(said)):
        SearchSettings(**given)


def test_a_search_prunes_the_layers_that_it_is_told_and_no_others(tmp_path):
    """An Embedding is of no known kind: its message names skip_unknown, which searches once did not take."""
    words = np.random.default_rng(0).integers(0, 9, (40, 6))
    parts = [(words, words[:, 0] % 3)] * 2

    def sentences():
        keras.utils.set_random_seed(1)
        inner = [
            layers.Embedding(9, 4, name="words"),
            layers.Conv1D(6, 3, name="near"),
            layers.Conv1D(6, 3, name="far"),
        ]
        return keras.Sequential(
            [keras.Input((6,)), *inner, layers.GlobalAveragePooling1D(), layers.Dense(3, "softmax")]
        )

    recipe = recipes.tickets(max_epochs=1, batch_size=20)
    with pytest.raises(InputError, match="skip_unknown=True"):
        find_tickets(recipe.compile(sentences()), recipe, *parts, tmp_path / "all", ONE, log=str)
    for name, settings in (
        ("known", SearchSettings(rounds=1, rewind=1, skip_unknown=True)),
        ("far", SearchSettings(rounds=1, rewind=1, layers="far")),
    ):
        tickets = find_tickets(recipe.compile(sentences()), recipe, *parts, tmp_path / name, settings, log=str)
        masks = tickets.read_masks(1)
        assert set(masks) == ({"far/kernel"} if name == "far" else {"near/kernel", "far/kernel"})
        assert all(mask.mean() == pytest.approx(0.8, abs=0.01) for mask in masks.values())
    with pytest.raises(InputError, match=r"another search.layers: \['far'\], not None"):
        find_tickets(recipe.compile(sentences()), recipe, *parts, tmp_path / "far", ONE, log=str)


@pytest.mark.parametrize("kind", ["Normalization", "float64"])
def test_weights_that_no_file_of_tickets_holds_are_refused_before_training(kind, tmp_path):
    """Once after the first round, which may have taken hours."""
    first = layers.Normalization() if kind == "Normalization" else layers.Conv2D(2, 1, dtype="float64")
    inner = [first, layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    model, recipe = keras.Sequential([keras.Input((6, 6, 2)), *inner]), recipes.tickets(max_epochs=1, batch_size=4)
    arrays = np.zeros((8, 6, 6, 2), "float32"), np.arange(8) % 3
    with pytest.raises(InputError, match=r"weight .*/(count|kernel) is (int|float)\d+, which a file of tickets"):
        find_tickets(recipe.compile(model), recipe, arrays, arrays, tmp_path, ONE, log=str)
    assert not (tmp_path / "history.csv").exists()


@pytest.mark.parametrize("of", ["activation", "layer"])
def test_a_lambda_that_no_copy_can_have_is_named_in_one_line(of):
    twice = {"activation": lambda x: 2 * x} if of == "activation" else {}
    inner = [layers.Conv2D(4, 3, name="first", **twice)] + [layers.Lambda(lambda x: 2 * x)] * (of == "layer")
    model = keras.Sequential([keras.Input((6, 6, 2)), *inner, layers.GlobalAveragePooling2D(), layers.Dense(3)])
    with pytest.raises(InputError, match=r"layer '(first|lambda.*)' cannot be made anew .*, in the place of a lambda"):
        compact(model)
