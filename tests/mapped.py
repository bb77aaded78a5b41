"""Small networks for VisualBackProp to map."""

import keras
from keras import layers


def sequential(size, *stack):
    """A model of one channel, its convolutions linear unless they say otherwise, and a head of two classes."""
    head = (layers.GlobalAveragePooling2D(), layers.Dense(2, activation="softmax"))
    return keras.Sequential([keras.Input((*size, 1)), *stack, *head])


def ones(size=1, **options):
    """A convolution whose map is all ones, whatever enters it."""
    return layers.Conv2D(1, size, kernel_initializer="zeros", bias_initializer="ones", activation="relu", **options)


def small_net(seed=0, **options):
    keras.utils.set_random_seed(seed)
    return sequential(
        (17, 14),
        layers.Conv2D(5, (3, 2), strides=2, activation="relu", name="first", **options),
        layers.Conv2D(6, 3, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Dropout(0.5),
        layers.Conv2D(7, (2, 1), activation="relu"),
    )
