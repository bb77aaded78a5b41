"""Masks neither vanish nor revive: averages of weights, another compile, another callback, other weights, exports."""

import gc
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from tiny_search import tiny_network, tiny_search

from arttl.base.errors import InputError
from arttl.pruning import (
    MagnitudePruning,
    SearchSettings,
    full_masks,
    hold_masks,
    model_weights,
    nonzero_masks,
    prunable_kernels,
    prune,
)

layers, optimizers = keras.layers, keras.optimizers
TENSORFLOW = keras.backend.backend() == "tensorflow"
DATA = np.random.default_rng(0).normal(size=(16, 6, 6, 2)).astype("float32"), np.arange(16) % 3


def network(optimizer=None, seed=0):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, name="one"),
            layers.Conv2D(4, 3, name="two"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax", name="head"),
        ]
    )
    return compiled(model, optimizer)


def compiled(model, optimizer=None):
    model.compile(optimizer or optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
    return model


def fit(model, *callbacks, epochs=1):
    model.fit(*DATA, epochs=epochs, batch_size=8, callbacks=list(callbacks), verbose=0)


def pruned(optimizer=None):
    model, pruning = network(optimizer), MagnitudePruning(rate=0.5, rewind=0)
    fit(model, pruning)
    pruning.prune(model)
    return model, pruning


def alive(model, masks):
    """Number of pruned weights that are not zero."""
    return sum(
        int(np.count_nonzero(keras.ops.convert_to_numpy(kernel)[~masks[key]]))
        for key, kernel in prunable_kernels(model).items()
    )


@pytest.mark.slow
@pytest.mark.skipif(
    keras.backend.backend() == "jax",
    reason="a second fit with use_ema fails in plain Keras 3.15: JAX donates a buffer twice",
)
@pytest.mark.core
@pytest.mark.parametrize("every", [None, 3])
def test_averages_from_before_the_masks_revive_nothing(every):
    model = network(optimizers.SGD(0.1, momentum=0.9, use_ema=True, ema_overwrite_frequency=every))
    fit(model, epochs=2)
    weights = {key: keras.ops.convert_to_numpy(kernel) for key, kernel in prunable_kernels(model).items()}
    masks = prune(weights, full_masks(weights), 0.5)
    pruning = MagnitudePruning(rewind=0, masks=masks)
    fit(model, pruning)
    assert alive(model, masks) == 0
    survivors = model_weights(model)["one/kernel"][masks["one/kernel"]]
    assert np.count_nonzero(survivors) == survivors.size
    fit(model)
    assert alive(model, masks) == 0


@pytest.mark.slow
@pytest.mark.core
@pytest.mark.parametrize("with_callback", [True, False])
def test_another_compile_keeps_the_masks(with_callback):
    model, pruning = pruned()
    for optimizer in (optimizers.Adam(0.01), optimizers.SGD(0.1)):
        compiled(model, optimizer)
        fit(model, *[pruning] * with_callback)
        assert alive(model, pruning.masks) == 0
        assert hold_masks(model, prunable_kernels(model)).optimizer is optimizer
    compiled(model)
    pruning.remove(model)
    fit(model)
    assert alive(model, pruning.masks) > 0.9 * sum(int((~mask).sum()) for mask in pruning.masks.values())


@pytest.mark.core
def test_a_new_callback_takes_up_the_masks_that_the_model_holds():
    model, pruning = pruned()
    new = MagnitudePruning(rate=0.5, rewind=0, dense=True)
    fit(model, new)
    assert alive(model, pruning.masks) == 0
    assert new.masks.keys() == pruning.masks.keys()
    new.prune(model)
    assert sum(int(mask.sum()) for mask in new.masks.values()) == round((72 + 144) / 4)
    other = MagnitudePruning(dense=True, head=True)
    fit(model, other)  # another set of kernels
    np.testing.assert_array_equal(other.masks["one/kernel"], new.masks["one/kernel"])
    assert other.masks["head/kernel"].all()
    fit(model, MagnitudePruning(dense=True, head=True, masks={**other.masks, "head/kernel": np.zeros((4, 3), bool)}))
    with pytest.raises(InputError, match="holds a mask of head/kernel, which this callback does not prune"):
        fit(model, MagnitudePruning())


def test_weights_that_are_set_are_masked_again_when_training_begins(tmp_path):
    model, pruning = pruned()
    dense = network(seed=1)
    dense.save_weights(tmp_path / "w.weights.h5")
    for put in (lambda: model.set_weights(dense.get_weights()), lambda: model.load_weights(tmp_path / "w.weights.h5")):
        for callbacks in ([pruning], []):
            put()
            fit(model, *callbacks)
            assert alive(model, pruning.masks) == 0


def test_a_loaded_model_with_zeros_in_bulk_is_told(tmp_path):
    model, pruning = pruned()
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    with pytest.warns(UserWarning, match=r"50% of the prunable .*MagnitudePruning\(masks=.nonzero"):
        fit(loaded, MagnitudePruning(rewind=0))
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        fit(loaded, MagnitudePruning(rewind=0, masks=nonzero_masks(loaded)))
    assert alive(loaded, pruning.masks) == 0


@pytest.mark.core
def test_fit_alone_says_that_it_prunes_nothing():
    with pytest.warns(UserWarning, match=r"pruned nothing, .* call pruning.prune\(model\) after fit"):
        fit(network(), MagnitudePruning(rate=0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model, pruning = pruned()
        fit(model, pruning)
        fit(model, MagnitudePruning(masks=pruning.masks))
        del pruning
        gc.collect()


def cosine():
    return optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 100))


RATES = {
    "lower": (lambda: optimizers.Adam(1e-3), lambda: optimizers.Adam(1e-5), 1e-5),
    "schedule first": (cosine, lambda: optimizers.SGD(1e-3), 1e-3),
    "schedule last": (lambda: optimizers.SGD(0.5), cosine, 0.1),
}


@pytest.mark.slow
@pytest.mark.core
@pytest.mark.parametrize("name", RATES)
def test_a_round_begins_with_the_learning_rate_of_the_last_compile(name):
    first, second, expected = RATES[name]
    model, pruning = network(first()), MagnitudePruning(rewind=0)
    fit(model, pruning)
    compiled(model, second())
    fit(model, pruning)
    pruning.prune(model)
    rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    assert rate == pytest.approx(expected)
    compiled(model, first())  # and without a fit in between
    pruning.prune(model)
    fit(model, pruning)
    assert alive(model, pruning.masks) == 0


def test_a_search_begins_with_every_weight_whatever_the_model_holds(tmp_path):
    model = tiny_network()
    for name in ("one", "two"):
        tiny_search(tmp_path / name, SearchSettings(rounds=1, rate=0.5, rewind=1), model=model)
        sparsity = pd.read_csv(tmp_path / name / "rounds.csv").sparsity
        assert sparsity.tolist() == [0, 0.5]


def test_models_without_optimizer_or_weights_are_told_in_one_line():
    model = network()
    bare = keras.Sequential(model.layers, name="bare")
    with pytest.raises(InputError, match=r"bare is not compiled; call model.compile"):
        MagnitudePruning().install(bare)
    with pytest.raises(InputError, match=r"bare is not compiled; call model.compile"):
        hold_masks(bare, {})
    MagnitudePruning().remove(bare)
    unbuilt = compiled(keras.Sequential([layers.Conv2D(4, 3), layers.Conv2D(4, 3)], name="unbuilt"))
    with pytest.raises(InputError, match=r"model unbuilt has no weights yet; begin it with keras.Input"):
        MagnitudePruning().install(unbuilt)


@pytest.mark.slow
@pytest.mark.skipif(not TENSORFLOW, reason="SavedModel and Checkpoint are TensorFlow's")
@pytest.mark.parametrize("when", ["fitted", "saved", "pruned", "removed"])
def test_exports_at_any_time(when, tmp_path):
    import tensorflow as tf

    model, pruning = network(), MagnitudePruning(rate=0.5, rewind=0)
    fit(model, pruning)
    if when == "saved":
        model.save(tmp_path / "m.keras")
    if when in ("pruned", "removed"):
        pruning.prune(model)
    if when == "removed":
        pruning.remove(model)
    model.export(tmp_path / "exported", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(loaded.serve(DATA[0]), model.predict(DATA[0], verbose=0), rtol=1e-5, atol=1e-6)
    interpreter = tf.lite.Interpreter(model_content=tf.lite.TFLiteConverter.from_keras_model(model).convert())
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], DATA[0].shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], DATA[0])
    interpreter.invoke()
    lite = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(lite, model.predict(DATA[0], verbose=0), rtol=1e-5, atol=1e-6)
    path = tf.train.Checkpoint(model).write(str(tmp_path / "checkpoint"))
    other = network(seed=4)
    tf.train.Checkpoint(other).read(path).expect_partial()
    np.testing.assert_equal(model_weights(other), model_weights(model))
    fit(model)
    assert alive(model, pruning.masks) == 0 or when == "removed"


def nested():
    """As Keras' guides build it: augmentation in front, and a backbone as a layer."""
    base = keras.Sequential([keras.Input((6, 6, 2)), layers.Conv2D(3, 3, name="inner")], name="base")
    flip = keras.Sequential([keras.Input((6, 6, 2)), layers.RandomFlip(seed=1)], name="augmentation")
    pixels = keras.Input((6, 6, 2))
    x = layers.Conv2D(4, 3, name="outer")(base(flip(pixels)))
    x = layers.Reshape((4, 4))(x)
    x = layers.MultiHeadAttention(2, 2, name="attention")(x, x)
    return compiled(keras.Model(pixels, layers.Dense(3, "softmax", name="head")(layers.GlobalAveragePooling1D()(x))))


@pytest.mark.core
def test_models_within_the_model_and_unknown_layers_are_left_unpruned_on_request():
    model, pruning = nested(), MagnitudePruning(rate=0.5, rewind=0, skip_unknown=True)
    with pytest.raises(InputError, match=r"'base' is a model within .* keras.Model\(base.input, .* skip_unknown=True"):
        prunable_kernels(model)
    assert list(prunable_kernels(model, skip_unknown=True)) == ["outer/kernel"]
    fit(model, pruning)
    pruning.prune(model)
    fit(model, pruning)
    assert np.count_nonzero(model.get_layer("outer").get_weights()[0]) == 3 * 3 * 3 * 4 // 2
    assert all(array.all() for array in model.get_layer("base").get_weights()[:1])
    assert MagnitudePruning.from_config(pruning.get_config()).skip_unknown


@pytest.mark.core
def test_augmentation_in_front_needs_nothing():
    flip = keras.Sequential([keras.Input((6, 6, 2)), layers.RandomFlip(seed=1)], name="augmentation")
    model = keras.Sequential([keras.Input((6, 6, 2)), flip, *network().layers])
    assert list(prunable_kernels(model)) == ["one/kernel", "two/kernel"]
