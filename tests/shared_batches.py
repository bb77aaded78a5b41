"""Trains a small network on one and on two logical CPUs and keeps what came of it; run by test_devices.py.

    python tests/shared_batches.py FOLDER NAME...     writes FOLDER/NAME-DEVICES.npz for cases of CASES

On JAX, XLA_FLAGS=--xla_force_host_platform_device_count=2 makes the second CPU.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from arttl.models.keras2018 import BatchNormalization2018
from arttl.pruning import MagnitudePruning, prunable_kernels
from arttl.recipes import tickets
from arttl.runs.keeping import compiled
from arttl.training import Arrays, Batches, Checkpoint, Recalibrate, predict, start_afresh, train
from arttl.training.computing import Computing

SIDE, CLASSES, BATCH = 10, 3, 8
ERA = {"moving_average": "zero-debiased", "moving_variance": "corrected"}
# training images (in batches of 8), validation images, epochs: 20 steps, or 10
CASES = {
    "uneven": {"images": (37, 11), "epochs": 4, "balanced": True},
    "one-left": {"images": (33, 9), "epochs": 4},
    "less-than-a-batch": {"images": (5, 3), "epochs": 10},
    "era": {"images": (37, 9), "epochs": 4, "era": True},
    "recalibrated": {"images": (37, 11), "epochs": 4, "recalibrate": True},
    "adam": {"images": (37, 11), "epochs": 4, "optimizer": {"name": "Adam", "learning_rate": 0.001}, "at_once": 3},
}


def logical_devices():
    """Two CPUs of TensorFlow, before it makes any."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def network(era=False):
    layers = keras.layers
    norm = (
        (lambda: BatchNormalization2018(momentum=0.9, **ERA))
        if era
        else lambda: layers.BatchNormalization(momentum=0.9)
    )
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (6, 8):
        x = layers.ReLU()(norm()(layers.Conv2D(filters, 3, strides=2, use_bias=False)(x)))
    outputs = layers.Dense(CLASSES, "softmax", name="head")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, outputs)


def batches(count, seed, **options):
    rng = np.random.default_rng(seed)
    class_ids = rng.choice(CLASSES, count, p=[0.5, 0.3, 0.2])
    images = rng.integers(0, 150, (count, SIDE, SIDE, 3))
    images[np.arange(count), ..., class_ids] += 60
    return Batches(Arrays(images.astype("uint8")), np.arange(count), class_ids, CLASSES, BATCH, **options)


def trained(devices, images, epochs, balanced=False, era=False, recalibrate=False, optimizer=None, at_once=1):
    """What a training leaves: dict of arrays."""
    start_afresh(3)
    with Computing(devices=devices).applied():
        recipe = tickets(batch_size=BATCH, max_epochs=epochs, patience=epochs, tested="last")
        changes = {"optimizer": optimizer} if optimizer else {}
        recipe = recipe.changed(changes | ({"class_weights": "balanced"} if balanced else {}))
        model = network(era)
        # Cases of the same network share a compiled step, which takes most of the time here.
        model = compiled(model, recipe) if at_once == 1 else recipe.compile(model, at_once)
        rng = np.random.default_rng(9)
        masks = {key: rng.random(kernel.shape) < 0.6 for key, kernel in prunable_kernels(model, False, False).items()}
        pruning = MagnitudePruning(masks=masks)
        pruning.install(model)
        training, validation = batches(images[0], 0, shuffle_seed=5), batches(images[1], 1)
        callbacks = [pruning, *([Recalibrate(training)] if recalibrate else [])]
        with tempfile.TemporaryDirectory() as temporary:
            progress = train(model, recipe, training, validation, Checkpoint(temporary), callbacks=callbacks)
        kernels = prunable_kernels(model, False, False)
        return {
            "weights": np.concatenate([each.ravel() for each in model.get_weights()]),
            "pruned": np.concatenate(
                [keras.ops.convert_to_numpy(kernel)[~masks[key]] for key, kernel in kernels.items()]
            ),
            "history": np.array(
                [[row[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")] for row in progress.history]
            ),
            "predictions": predict(model, validation),
            "synchronized": np.array([getattr(layer, "synchronized", False) for layer in model.layers]),
        }


if __name__ == "__main__":
    logical_devices()
    for name in sys.argv[2:]:
        for devices in (1, 2):
            np.savez(Path(sys.argv[1], f"{name}-{devices}.npz"), **trained(devices, **CASES[name]))
