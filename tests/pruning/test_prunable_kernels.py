"""Which kernels of a network are pruned, of every kind of layer; which layers are refused, and what is told of them."""

import keras
import pytest

from arttl.base.errors import InputError
from arttl.pruning import prunable_kernels

layers = keras.layers


def network(*between, head=3):
    inputs = keras.Input((12, 12, 4))
    x = inputs
    for layer in between:
        x = layer(x)
    x = layers.Dense(head, name="head")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, x)


@pytest.mark.core
def test_kinds_of_kernels():
    model = network(
        layers.Rescaling(1 / 255),
        layers.Conv2D(5, 3, name="conv"),
        layers.BatchNormalization(),
        layers.PReLU(),
        layers.DepthwiseConv2D(3, depth_multiplier=2, name="deep"),
        layers.SeparableConv2D(6, 3, name="apart"),
        layers.Conv2DTranspose(2, 3, name="up"),
        layers.Dropout(0.5),
        layers.Dense(7, name="mlp"),
    )
    convolutions = {
        "conv/kernel": (3, 3, 4, 5),
        "deep/kernel": (3, 3, 5, 2),
        "apart/depthwise_kernel": (3, 3, 10, 1),
        "apart/pointwise_kernel": (1, 1, 10, 6),
        "up/kernel": (3, 3, 2, 6),
    }
    dense, head = {"mlp/kernel": (2, 7)}, {"head/kernel": (7, 3)}

    def found(**options):
        return {key: tuple(kernel.shape) for key, kernel in prunable_kernels(model, **options).items()}

    assert found() == convolutions
    assert found(head=True) == convolutions  # the head is dense
    assert found(dense=True) == convolutions | dense
    assert found(dense=True, head=True) == convolutions | dense | head
    assert list(found(dense=True, head=True)) == [*convolutions, *dense, *head]  # layer order


@pytest.mark.core
def test_one_dimension_and_three():
    model = keras.Sequential(
        [
            keras.Input((9, 2)),
            layers.Conv1D(3, 2, name="a"),
            layers.SeparableConv1D(4, 2, name="b"),
            layers.Conv1D(1, 1),
        ]
    )
    assert list(prunable_kernels(model)) == ["a/kernel", "b/depthwise_kernel", "b/pointwise_kernel"]
    model = keras.Sequential([keras.Input((5, 5, 5, 1)), layers.Conv3D(2, 2, name="c"), layers.Conv3D(1, 1, name="d")])
    assert list(prunable_kernels(model, head=True)) == ["c/kernel", "d/kernel"]


@pytest.mark.core
def test_a_shared_layer_counts_once_and_a_frozen_one_counts():
    shared = layers.Conv2D(4, 3, padding="same", name="twice")
    model = network(shared, shared)
    shared.trainable = False
    assert list(prunable_kernels(model)) == ["twice/kernel"]
    assert prunable_kernels(model)["twice/kernel"] is shared.kernel


def with_lora():
    dense = layers.Dense(5, name="strange")
    dense.build((None, 12, 12, 4))
    dense.enable_lora(2)
    return dense


@pytest.mark.core
@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.Sequential([keras.Input((12, 12, 4)), layers.Conv2D(2, 3)], name="strange"),
        lambda: layers.TimeDistributed(layers.Conv1D(2, 3), name="strange"),
        lambda: layers.ConvLSTM1D(2, 3, return_sequences=True, name="strange"),
        lambda: layers.SpectralNormalization(layers.Conv2D(2, 3), name="strange"),
        with_lora,
    ],
    ids=["model", "wrapper", "recurrent", "normalised", "lora"],
)
def test_an_unsupported_layer_is_named(make):
    with pytest.raises(InputError, match="'strange'"):
        prunable_kernels(network(make()), dense=True)


@pytest.mark.core
def test_layers_without_kernels_of_a_known_kind_are_refused_too():
    model = keras.Sequential(
        [keras.Input((4,)), layers.Embedding(9, 2, name="words"), layers.Flatten(), layers.Dense(2)]
    )
    with pytest.raises(InputError, match=r"'words' .*'embeddings'"):
        prunable_kernels(model, dense=True)


@pytest.mark.core
def test_nothing_to_prune_is_an_error():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)])
    with pytest.raises(InputError, match="dense=False"):
        prunable_kernels(model)
