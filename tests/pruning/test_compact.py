"""Compaction, against networks whose channels are worked out by hand and against the outputs of the originals."""

import numpy as np
import pytest
from compacted import channels, empty, randomise, residual, same_outputs, sequence
from keras import layers

from arttl.pruning import compact


def test_a_constant_channel_becomes_a_bias_worked_out_by_hand():
    model = sequence(layers.Dense(2, "relu", name="a"), layers.Dense(1, name="b"), shape=(1,))
    model.get_layer("a").set_weights([np.array([[2.0, 0.0]]), np.array([0.5, 3.0])])
    model.get_layer("b").set_weights([np.array([[4.0], [10.0]]), np.array([1.0])])
    smaller, report = compact(model)
    kernel, bias = smaller.get_layer("b").get_weights()
    np.testing.assert_array_equal(kernel, [[4.0]])
    np.testing.assert_array_equal(bias, [31.0])  # 1 + 10 relu(3)
    np.testing.assert_array_equal(smaller.get_layer("a").get_weights()[0], [[2.0]])
    assert report.parameters == (7, 4)
    assert report.multiply_adds == (4, 2)


def test_a_negative_constant_dies_in_the_relu():
    model = sequence(layers.Dense(2, "relu", name="a"), layers.Dense(1, name="b", use_bias=False), shape=(1,))
    model.get_layer("a").set_weights([np.array([[2.0, 0.0]]), np.array([0.5, -3.0])])
    model.get_layer("b").set_weights([np.array([[4.0], [10.0]])])
    smaller, _ = compact(model)
    assert [array.tolist() for array in smaller.get_layer("b").get_weights()] == [[[4.0]]]


def test_batch_normalization_turns_an_empty_channel_into_beta_less_the_mean():
    model = sequence(
        layers.Conv2D(2, 1, use_bias=False, name="a"),
        layers.BatchNormalization(epsilon=0.75, name="n"),
        layers.Conv2D(1, 3, use_bias=False, name="b"),
        shape=(4, 4, 1),
    )
    model.get_layer("a").set_weights([np.array([[[[1.0, 0.0]]]])])
    # gamma, beta, mean, variance: the empty channel is 5 - 4 * 3 / sqrt(3.25 + 0.75) = -1
    model.get_layer("n").set_weights([np.array(each) for each in ([1.0, 4.0], [0.0, 5.0], [0.0, 3.0], [0.25, 3.25])])
    model.get_layer("b").set_weights([np.concatenate([np.ones((3, 3, 1, 1)), np.full((3, 3, 1, 1), 2.0)], axis=2)])
    smaller, report = compact(model)
    kernel, bias = smaller.get_layer("b").get_weights()
    np.testing.assert_array_equal(kernel, np.ones((3, 3, 1, 1)))
    np.testing.assert_allclose(bias, [-18.0], rtol=1e-6)  # nine times 2 times -1
    assert channels(report) == {"a": 1, "n": 1, "b": 1}
    assert report.multiply_adds == (16 * 2 + 4 * 18, 16 + 4 * 9)


def test_over_a_border_one_constant_channel_carries_the_others(rng):
    model = randomise(
        sequence(
            layers.Conv2D(5, 3, padding="same", activation="relu", name="a"),
            layers.Conv2D(3, 3, padding="same", name="b"),
        ),
        rng,
    )
    empty(model.get_layer("a"), 1, 2, 4, bias=[2.0, 5.0, -1.0])
    kernel = model.get_layer("b").get_weights()[0]
    smaller, report = compact(model)
    assert channels(report) == {"a": 3, "b": 3}  # of the constants 2, 5 and 0, the largest stays
    found = smaller.get_layer("b").get_weights()[0]
    np.testing.assert_allclose(found[:, :, 1], kernel[:, :, 2] + 0.4 * kernel[:, :, 1], rtol=1e-5)
    same_outputs(model, smaller, rng)


def test_without_a_border_no_constant_channel_is_needed(rng):
    for options in ({"kernel_size": 3, "padding": "valid"}, {"kernel_size": 1, "padding": "same", "strides": 2}):
        model = randomise(sequence(layers.Conv2D(5, 3, name="a"), layers.Conv2D(3, **options, name="b")), rng)
        empty(model.get_layer("a"), 1, 2, bias=[2.0, 5.0])
        smaller, report = compact(model)
        assert channels(report) == {"a": 3, "b": 3}
        same_outputs(model, smaller, rng)


def test_a_map_that_padding_makes_uneven_is_kept(rng):
    def model_with(bias):
        stack = (layers.Conv2D(4, 1, name="a"), layers.ZeroPadding2D(1), layers.Conv2D(3, 3, name="b"))
        model = randomise(sequence(*stack), rng)
        empty(model.get_layer("a"), 0, 1, bias=bias)
        return model

    for bias, left in ((1.0, 4), (0.0, 2)):
        model = model_with(bias)
        smaller, report = compact(model)
        assert channels(report)["a"] == left
        same_outputs(model, smaller, rng)


def test_padding_that_a_pooling_hides_does_not_matter(rng):
    pool = (layers.ZeroPadding2D(1), layers.MaxPooling2D(3, strides=2))  # ResNet's stem: max(0, c) = c
    model = randomise(sequence(layers.Conv2D(4, 1, name="a"), *pool, layers.Conv2D(3, 1, name="b")), rng)
    empty(model.get_layer("a"), 0, 1, bias=1.0)
    smaller, report = compact(model)
    assert channels(report)["a"] == 2
    same_outputs(model, smaller, rng)


def test_channels_that_nothing_reads_go_and_what_only_they_read_too(rng):
    stack = (layers.Conv2D(6, 3, name="a"), layers.ReLU(), layers.Conv2D(5, 3, padding="same", name="b"))
    model = randomise(sequence(*stack, layers.Conv2D(4, 1, name="c")), rng)
    arrays = model.get_layer("c").get_weights()
    arrays[0][:, :, [0, 3]] = 0  # c does not read b's channels 0 and 3
    model.get_layer("c").set_weights(arrays)
    arrays = model.get_layer("b").get_weights()
    arrays[0][:, :, 2, [1, 2, 4]] = 0  # which alone read a's channel 2
    model.get_layer("b").set_weights(arrays)
    smaller, report = compact(model)
    assert channels(report) == {"a": 5, "b": 3, "c": 4}
    same_outputs(model, smaller, rng)


@pytest.mark.parametrize(
    ("emptied", "left"),
    [
        ({"in_branch": [0, 1]}, 4),
        ({"in_shortcut": [1, 2]}, 4),
        ({"in_branch": [0, 1, 3], "in_shortcut": [1, 3]}, 3),  # of the constants 1 and 3, `inner` needs one
        ({"in_branch": [0, 1, 3], "in_shortcut": [1, 2, 3]}, 2),  # or 2, which has to stay anyway
        ({"in_branch": [0, 1], "unread": [0]}, 3),
        ({"in_branch": [1], "in_shortcut": [1], "unread": [2, 3]}, 2),
    ],
)
def test_added_channels_go_only_together(rng, emptied, left):
    model = residual(rng, **emptied)
    smaller, report = compact(model)
    assert (channels(report)["shortcut"], channels(report)["branch"]) == (left, left)
    same_outputs(model, smaller, rng)


def test_a_channel_of_the_stream_that_only_feeds_itself_goes(rng):
    model = residual(rng)
    for name, index in (("reader", np.s_[:, :, 3]), ("inner", np.s_[:, :, 3, 1:]), ("branch", np.s_[:, :, 0, :3])):
        arrays = model.get_layer(name).get_weights()
        arrays[0][index] = 0  # channel 3 reaches inner's channel 0 alone, which reaches channel 3 alone
        model.get_layer(name).set_weights(arrays)
    smaller, report = compact(model)
    assert channels(report) == {"shortcut": 3, "inner": 2, "branch": 3, "reader": 2}
    same_outputs(model, smaller, rng)
