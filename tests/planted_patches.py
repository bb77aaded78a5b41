"""A problem whose answer is known: a fine texture on a ground of coarse blocks that have stronger edges."""

import keras
import numpy as np
from keras import layers

SIDE, PATCH, CLASSES = 48, 12, 4


def planted(number, seed):
    """Images, class ids and boxes (top, left, bottom, right) of the patches, each with its class' texture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:PATCH, :PATCH]
    textures = np.stack([x // 2 % 2, y // 2 % 2, (x // 2 + y // 2) % 2, (x + y) // 2 % 2])
    images = 60 + 120 * np.kron(rng.integers(0, 2, (number, SIDE // 4, SIDE // 4)), np.ones((1, 4, 4)))
    class_ids, corners = rng.integers(0, CLASSES, number), rng.integers(0, SIDE - PATCH + 1, (number, 2))
    for image, texture, (top, left) in zip(images, textures[class_ids], corners, strict=True):
        image[top : top + PATCH, left : left + PATCH] = 88 + 80 * texture
    images = np.clip(images + rng.normal(0, 8, images.shape), 0, 255).astype("uint8")
    return np.repeat(images[..., None], 3, axis=-1), class_ids, np.concatenate([corners, corners + PATCH], axis=1)


def network(seed):
    keras.utils.set_random_seed(seed)
    convolutions = [
        layers.Conv2D(filters, size, padding="same", activation="relu", name=f"conv{number}")
        for number, (filters, size) in enumerate([(16, 5), (24, 3), (32, 3)], 1)
    ]
    first, second, third = convolutions
    stack = [first, layers.MaxPooling2D(2), second, layers.MaxPooling2D(2), third, layers.GlobalAveragePooling2D()]
    head = layers.Dense(CLASSES, activation="softmax", name="head")
    return keras.Sequential([keras.Input((SIDE, SIDE, 3)), layers.Rescaling(1 / 128, -1), *stack, head])


def trained_network():
    """One that tells the textures apart."""
    model = network(0)
    images, class_ids, _ = planted(1500, seed=0)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(images, class_ids, epochs=7, batch_size=32, verbose=0)
    return model
