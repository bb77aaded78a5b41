"""Record the references of one era: run by `record.py` under Python 3.6, in an environment of that era.

    python record_era.py IMAGES_FOLDER OUTPUT.npz

README.md says what each key of the file holds. Only Keras' public interface is used.
"""

import json
import os
import platform
import sys
import tempfile

import h5py
import keras
import numpy as np
import pkg_resources
import tensorflow as tf
from keras import backend as K
from keras.callbacks import EarlyStopping, ModelCheckpoint
from keras.layers import Activation, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D
from keras.models import Sequential
from keras.preprocessing.image import load_img

import cases


def fresh_session():
    """Start an empty graph with one thread: with more, sums are taken in a different order every time."""
    K.clear_session()
    config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    K.set_session(tf.Session(config=config))


def versions():
    """Return the versions that decide the numbers, as JSON text."""
    installed = {package.project_name: package.version for package in pkg_resources.working_set}
    # The last two are part of Keras itself until 2.2.0.
    names = ("Keras", "tensorflow", "numpy", "Pillow", "h5py", "Keras-Applications", "Keras-Preprocessing")
    found = {name: installed[name] for name in names if name in installed}
    return json.dumps(dict(found, python=platform.python_version()), sort_keys=True)


def optimizer(name, arguments):
    return getattr(keras.optimizers, name)(**arguments)


def record_head(record):
    """Train a softmax head with each optimizer."""
    case = cases.head_case()
    for name, (kind, arguments) in cases.HEAD_OPTIMIZERS.items():
        fresh_session()
        model = Sequential([Dense(10, activation="softmax", input_shape=(64,))])
        model.set_weights([case["kernel"], case["bias"]])
        model.compile(optimizer=optimizer(kind, arguments), loss="categorical_crossentropy")
        for step in range(case["steps"]):
            model.train_on_batch(*cases.head_batch(case, step))
            if step + 1 in cases.HEAD_STEPS:
                kernel, bias = model.get_weights()
                record[f"head/{name}/{step + 1}/kernel"] = kernel
                record[f"head/{name}/{step + 1}/bias"] = bias


def record_loss(record):
    """Record the loss of each row, and the gradient of their sum."""
    case = cases.loss_case()
    fresh_session()
    inputs, truth = K.placeholder((None, 5)), K.placeholder((None, 5))
    for kind, probabilities in (("probabilities", inputs), ("logits", K.softmax(inputs))):
        loss = K.categorical_crossentropy(truth, probabilities)
        function = K.function([truth, inputs], [loss, *K.gradients(K.sum(loss), [inputs])])
        value, gradient = function([case["one_hot"], case[kind]])
        record[f"loss/{kind}/value"] = value
        record[f"loss/{kind}/gradient"] = gradient


def batchnorm_net(case, frozen):
    """Return the compiled net of `cases.batchnorm_case`; `frozen`: only its head is trained."""
    body = [
        Conv2D(8, 3, padding="same", name="conv1", input_shape=case["images"].shape[1:]),
        BatchNormalization(name="bn1"),
        Activation("relu"),
        Conv2D(12, 3, strides=2, padding="same", name="conv2"),
        BatchNormalization(name="bn2"),
        Activation("relu"),
        GlobalAveragePooling2D(),
    ]
    model = Sequential([*body, Dense(5, activation="softmax", name="head")])
    model.set_weights(list(case["weights"].values()))
    for layer in body:
        layer.trainable = not frozen
    model.compile(optimizer=optimizer(*case["optimizer"]), loss="categorical_crossentropy")
    return model


def record_batchnorm(record):
    """Train the small net with its BatchNormalization frozen and trainable."""
    case = cases.batchnorm_case()
    for kind in ("frozen", "trainable"):
        fresh_session()
        model = batchnorm_net(case, kind == "frozen")
        for step in range(case["steps"]):
            model.train_on_batch(*cases.batchnorm_batch(case, step))
            if step + 1 in cases.BATCHNORM_STEPS:
                for name, weight in zip(case["weights"], model.get_weights()):
                    record[f"batchnorm/{kind}/{step + 1}/{name}"] = weight
        record[f"batchnorm/{kind}/predictions"] = model.predict(case["images"][:8])


class StubModel:
    """What the two callbacks use of a model: the flag that ends training, and saving."""

    stop_training = False
    saved = False

    def save(self, *_, **__):
        self.saved = True


def record_early_stopping(record):
    """Record [epochs run, epoch saved last (from 1; 0: none)] of each sequence of losses."""
    for name, case in cases.EARLY_STOPPING.items():
        model = StubModel()
        callbacks = [
            EarlyStopping(monitor="val_loss", patience=case["patience"]),
            ModelCheckpoint("unused", monitor="val_loss", save_best_only=True),
        ]
        for callback in callbacks:
            callback.set_model(model)
            callback.on_train_begin()
        best = epochs = 0
        while epochs < len(case["losses"]) and not model.stop_training:
            model.saved = False
            for callback in callbacks:
                callback.on_epoch_end(epochs, {"val_loss": case["losses"][epochs]})
            epochs += 1
            best = epochs if model.saved else best
        record["early_stopping/" + name] = np.array([epochs, best])


def network(key):
    """Return the headless network `key` with its seeded weights, and its layers that have weights."""
    fresh_session()
    constructor, side = cases.NETWORKS[key]
    build = getattr(keras.applications, constructor)
    model = build(include_top=False, weights=None, pooling="avg", input_shape=(side, side, 3))
    layers = [layer for layer in model.layers if layer.weights]
    weights = []
    for index, layer in enumerate(layers):
        shapes = [K.int_shape(weight) for weight in layer.weights]
        weights.extend(cases.seeded_weights(cases.layer_key(key, index, layer.name), shapes))
    model.set_weights(weights)  # all at once: TensorFlow reads the whole graph again after each change
    return model, layers


def record_networks(record):
    """Record the pooled features of every network, and the names in a ResNet50 weights file."""
    for key in cases.NETWORKS:
        model, layers = network(key)
        images = cases.network_images(key).astype(np.float32) / np.float32(255)
        record["features/" + key] = model.predict(images)
        if key == "resnet50":
            record["resnet50/layer_names"] = np.array([layer.name for layer in layers])
            record["resnet50/weight_names"] = np.array(names_in_file(model))


def names_in_file(model):
    """Return the weights' names in the order of a weights file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "weights.h5")
        model.save_weights(path)
        with h5py.File(path, "r") as file:
            layers = [file[layer.decode()] for layer in file.attrs["layer_names"]]
            return [name.decode() for layer in layers for name in layer.attrs["weight_names"]]


def record_load_img(record, folder):
    """Record every image of `folder` as load_img reads it, in its own size and resized."""
    height, width = cases.LOAD_SIZE
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        record[f"load_img/{name}/native"] = np.asarray(load_img(path))
        resized = np.asarray(load_img(path, target_size=cases.LOAD_SIZE))
        record[f"load_img/{name}/{height}x{width}"] = resized


def main(folder, output):
    record = {"versions": np.array(versions())}
    record_head(record)
    record_loss(record)
    record_batchnorm(record)
    record_early_stopping(record)
    record_networks(record)
    record_load_img(record, folder)
    np.savez_compressed(output, **record)


if __name__ == "__main__":
    main(*sys.argv[1:])
