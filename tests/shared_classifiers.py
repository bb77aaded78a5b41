"""Runs written by hand, with a network small enough to work out on paper."""

import json

import keras
import numpy as np

from arttl.recipes import get_recipe

KERNEL = np.array([[4.0, 0, 1], [0, 4.0, 1], [0, 0, 1]])
"""Of the head on the mean colour: red speaks for the first class, green for the second, blue for all the same."""


def colour_model(size=32):
    """Softmax of KERNEL on the mean of red, green and blue, each from 0 to 1."""
    pixels = keras.Input((size, size, 3))
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pixels))
    model = keras.Model(pixels, keras.layers.Dense(3, "softmax", use_bias=False)(means))
    model.layers[-1].set_weights([KERNEL])
    return model


def expected(red, green, blue):
    """What colour_model gives for a picture of one colour."""
    scores = np.exp(np.array([red, green, blue]) / 255 @ KERNEL)
    return scores / scores.sum()


def hand_made_run(folder, model=None, labels=("red", "green", "blue"), **changes):
    """A finished run's folder around a model; `changes` replace entries of its settings. Returns the folder."""
    folder.mkdir(parents=True)
    settings = {
        **{"collection": "mine", "challenge": "colour", "files": "f" * 64, "split": "5" * 64, "classes": len(labels)},
        **{"architecture": "vgg19", "weights": "imagenet", "weights_file": "md5 1", "image_size": 32, "seed": 42},
        "recipe": get_recipe("thesis", "fine-tuning").settings(),
        "backend": "tensorflow",
    }
    config = {
        "settings": settings | changes,
        "split": {"preset": "thesis"},
        "dropped_classes": {"grey": 3},
        "class_names": list(labels),
        "bad_images": {"d": "truncated"},
        "deviations": ["image size is 32, not 224"],
        "versions": {"arttl": "0.1.0", "keras": "3.15.1"},
    }
    accuracy = {"test_accuracy": 0.5, "test_accuracy_low": 0.25, "test_accuracy_high": 0.75, "test_images": 8}
    tail = {"test_accuracy_tail": 0.5, "test_accuracy_tail_low": 0.125, "test_accuracy_tail_high": 0.875}
    tail |= {"test_images_tail": 4, "test_classes_tail": 1, "test_accuracy_head": None}
    others = {"test_top5": None, "test_macro_f1": 0.4375, "test_loss": 1.5, "majority_accuracy": 0.125}
    metrics = accuracy | tail | others | {"epochs": 9, "tested_epoch": 2, "seconds": 75.4}
    (folder / "images.csv").write_text(
        "image_id,label,split,file\na,red,train,1\nb,red,train,2\nc,red,test,3\nd,red,test,4\n"
    )
    (model or colour_model()).save(folder / "model.keras")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder
