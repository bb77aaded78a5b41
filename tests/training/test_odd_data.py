"""Data, labels and layers that a training cannot take, or once could not take."""

import keras
import numpy as np
import pytest

from arttl import recipes
from arttl.base.errors import InputError
from arttl.training import Arrays, Batches, Checkpoint, as_batches, train

layers = keras.layers
ARRAYS = np.zeros((8, 6, 6, 3), "float32"), np.arange(8) % 2


def small(dtype=None):
    inputs = keras.Input((6, 6, 3))
    x = layers.BatchNormalization(dtype=dtype)(layers.Conv2D(4, 3, dtype=dtype)(inputs))
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize(
    ("class_ids", "batch_size", "said"),
    [
        ([-1, 0, 1, 1], 2, "from -1 to 1.* give whole numbers from 0 to 1"),
        ([0, 0, 1, 2], 2, "from 0 to 2.* give whole numbers from 0 to 1"),
        ([0.0, 1.0, 0.0, 1.0], 2, "float64.* give whole numbers from 0 to 1"),
        ([0, 1], 2, r"class_ids of shape \(2,\) go with rows of shape \(4,\)"),
        ([0, 1, 0, 1], 0, "batch_size is 0; give 1 or more"),
    ],
)
def test_classes_that_are_none_are_refused_at_once(class_ids, batch_size, said):
    with pytest.raises(InputError, match=said):
        Batches(Arrays(np.zeros((4, 3))), np.arange(4), class_ids, 2, batch_size)


def test_no_images_and_no_batches_are_said():
    with pytest.raises(InputError, match="no images in the data"):
        as_batches((ARRAYS[0][:0], ARRAYS[1][:0]), small(), recipes.tickets())
    with pytest.raises(InputError, match="no batches in the data"):
        as_batches(iter_of([]), small(), recipes.tickets())


def iter_of(items):
    class Each:
        def __iter__(self):
            return iter(items)

    return Each()


def test_a_model_of_several_heads_or_unknown_shape_is_said():
    inputs = keras.Input((6, 6, 3))
    x = layers.GlobalAveragePooling2D()(inputs)
    heads = [layers.Dense(2, activation="softmax")(x) for _ in range(2)]
    with pytest.raises(InputError, match="several inputs or outputs, or its shapes are not known"):
        as_batches(ARRAYS, keras.Model(inputs, heads), recipes.tickets())

    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(InputError, match="several inputs or outputs, or its shapes are not known"):
        as_batches(ARRAYS, Own(), recipes.tickets())


@pytest.mark.core
@pytest.mark.parametrize("policy", ["bfloat16", "float16"])
def test_networks_of_half_precision_weights_train_and_resume(policy, tmp_path):
    model, recipe = small(policy), recipes.tickets(max_epochs=1, batch_size=4)
    recipe.compile(model)
    checkpoint = Checkpoint(tmp_path, 0)
    progress = train(model, recipe, ARRAYS, ARRAYS, checkpoint)
    assert progress.epochs == 1
    again = train(recipe.compile(small(policy)), recipe, ARRAYS, ARRAYS, Checkpoint(tmp_path, 0))
    assert again.history == progress.history


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (np.zeros((8, 6, 6, 1)), r"inputs of shape \(8, 6, 6, 1\) do not fit the model, .* \(None, 6, 6, 3\)"),
        (np.zeros((8, 6, 6)), "the data are single images; put them into batches"),
        (np.array([None] * 8), "the inputs are of type object, no numbers"),
        ([np.zeros((6, 6, 3)), *[np.zeros((5, 6, 3))] * 7], "the inputs make no array .* give images of one size"),
    ],
)
def test_inputs_that_are_not_the_models_are_refused_before_training(inputs, said):
    with pytest.raises(InputError, match=said):
        as_batches((inputs, ARRAYS[1]), small(), recipes.tickets())
    with pytest.raises(InputError, match=said):
        as_batches([(inputs, ARRAYS[1])], small(), recipes.tickets())


def test_a_list_of_batches_is_taken_as_any_iterable():
    halves = [(ARRAYS[0][part], ARRAYS[1][part]) for part in (slice(4), slice(4, 8))]
    batches = as_batches(halves, small(), recipes.tickets())
    assert len(batches) == 2
    assert batches.class_ids.tolist() == [0, 1] * 4
    pair = as_batches([ARRAYS[0].tolist(), [0, 1] * 4], small(), recipes.tickets(batch_size=4))
    assert pair.class_ids.tolist() == [0, 1] * 4


@pytest.mark.parametrize("part", [0, 1])
def test_pixels_that_are_no_numbers_are_named_rather_than_the_learning_rate(part, tmp_path):
    """Once "lower the learning rate", which no learning rate mends."""
    parts = [[ARRAYS[0].copy(), ARRAYS[1]] for _ in range(2)]
    parts[part][0][[1, 7], 0, 0] = np.nan
    model, recipe = small(), recipes.tickets(max_epochs=1, batch_size=4)
    recipe.compile(model)
    with pytest.raises(InputError, match=r"diverged: .*; 2 images with NaN or infinity: mend the data"):
        train(model, recipe, *map(tuple, parts), Checkpoint(tmp_path, 0))


def test_a_training_that_diverges_by_itself_says_the_learning_rate(tmp_path):
    recipe = recipes.tickets(max_epochs=3, batch_size=4).changed({"optimizer.learning_rate": 1e38})
    model = recipe.compile(small())
    with pytest.raises(InputError, match=r"diverged: .*; lower the learning rate"):
        train(model, recipe, (ARRAYS[0] + 1, ARRAYS[1]), ARRAYS, Checkpoint(tmp_path, 0))
