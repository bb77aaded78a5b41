"""The cross-entropy of each era, on extreme probabilities too."""

import math

import keras
import numpy as np
import pytest
from references2018 import OF_2018, TOLERANCE, cases, reference

from arttl import recipes
from arttl.models.keras2018 import CategoricalCrossentropy2018


def loss_and_gradient(loss, case, name):
    """Loss of each row, and gradient of their sum: the rows are a kernel, moved far by one step of SGD."""
    activation = "softmax" if name == "logits" else None
    rows, one_hot = case[name], case["one_hot"]
    model = keras.Sequential([keras.Input((len(rows),)), keras.layers.Dense(5, activation, use_bias=False)])
    model.set_weights([rows])
    values = [model_loss(model, loss, row, one_hot[index], len(rows)) for index, row in enumerate(np.eye(len(rows)))]
    model.compile(keras.optimizers.SGD(1e4), loss=loss)
    model.train_on_batch(np.eye(len(rows)), one_hot)
    return np.array(values), (rows - model.get_weights()[0]) / 1e4 * len(rows)


def model_loss(model, loss, row, one_hot, count):
    model.compile(loss=loss)
    return model.test_on_batch(row[None].astype("float32"), one_hot[None])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["probabilities", "logits"])
@pytest.mark.parametrize("era", OF_2018)
def test_cross_entropy_on_extreme_probabilities(era, name):
    value, gradient = loss_and_gradient(CategoricalCrossentropy2018(), cases.loss_case(), name)
    np.testing.assert_allclose(value, reference(era)[f"loss/{name}/value"], rtol=1e-5 * TOLERANCE, atol=1e-6)
    expected = reference(era)[f"loss/{name}/gradient"]
    np.testing.assert_allclose(gradient, expected, rtol=1e-4 * TOLERANCE, atol=1e-5 * TOLERANCE)


def test_cross_entropy_40_nats_down():
    """By hand: clipped at 1e-7, so -log(1e-7) and no gradient."""
    case = cases.loss_case()
    assert case["logits"][0, 0] == -40
    value, gradient = loss_and_gradient(CategoricalCrossentropy2018(), case, "logits")
    assert value[0] == pytest.approx(-math.log(1e-7), rel=1e-5)
    assert not gradient[0].any()


@pytest.mark.skipif(TOLERANCE > 1, reason="only on TensorFlow does today's loss take the logits")
@pytest.mark.parametrize("labels", [[[1], [0]], [1, 0]], ids=["a column", "class ids"])
def test_labels_of_another_shape_are_refused_as_keras_does(labels):
    """Broadcast, a column of class ids gave a loss for every class, and a training to chance."""
    probabilities = np.full((2, 3), 1 / 3, "float32")
    for loss in (CategoricalCrossentropy2018(), keras.losses.CategoricalCrossentropy()):
        with pytest.raises(ValueError, match="`target` and `output` must have the same"):
            loss(np.array(labels), probabilities)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    recipes.fine_tuning().compile(model)
    with pytest.raises(ValueError, match="`target` and `output` must have the same"):
        model.fit(np.zeros((2, 4)), np.array(labels), verbose=0)


def test_todays_cross_entropy_is_not_clipped():
    value, gradient = loss_and_gradient(keras.losses.CategoricalCrossentropy(), cases.loss_case(), "logits")
    assert value[0] == pytest.approx(40.58, abs=0.2)
    assert np.abs(gradient[0]).max() > 0.5
