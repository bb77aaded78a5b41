"""Several devices of this machine that share each batch: TensorFlow's MirroredStrategy, JAX's DataParallel.

Whatever the number of devices, a run computes what one device computes, but for the rounding of sums: each image of a
batch counts alike, BatchNormalization uses the statistics of the whole batch, and no image is left out. Of a batch
that the devices cannot share evenly

- on TensorFlow the last device gets fewer images, and the loss of each counts for the images that it has; where one
  would get none, each computes the whole batch, and counts its own part,
- on JAX every device computes the whole of it.

Dropout is the exception: on TensorFlow every device draws the same random numbers for its share.
"""

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from functools import cache

import numpy as np

from arttl.base.errors import InputError

_ATTRIBUTE = "arttl_shares_batches"


@contextmanager
def devices_shared(count):
    """Within this block models are built for, and trained and asked on, several devices.

    They are the machine's GPUs, where the process sees any, else what it has of logical CPUs, in their order.

    Arguments:
        count: number of devices; 1 changes nothing.

    Raises InputError where there are fewer, and for a backend whose devices cannot be shared like this.
    """
    import keras

    if count == 1:
        yield
        return
    backend = keras.backend.backend()
    if backend == "tensorflow":
        shared = _mirrored(count).scope()
    elif backend == "jax":
        shared = _data_parallel(count)
    else:
        raise InputError(
            f"devices={count}: on {backend} a run takes one device; leave it out, or set KERAS_BACKEND=tensorflow "
            "or jax"
        )
    with shared:
        yield


def _enough(found, count):
    """The first devices of those found; InputError where there are too few."""
    if len(found) < count:
        kind = "GPU" if found and "gpu" in str(found[0]).lower() else "CPU"
        number = f"is 1 {kind}" if len(found) == 1 else f"are {len(found)} {kind}s"
        raise InputError(f"devices={count}: there {number} here that a run can share; give at most {len(found)}")
    return found[:count]


# --- TensorFlow


@cache
def _mirrored(count):
    """The strategy: always the same, since models that were built in it are trained in it again."""
    import tensorflow as tf

    found = [device.name for kind in ("GPU", "CPU") for device in tf.config.list_logical_devices(kind)]
    kind = "GPU" if any(":GPU:" in name for name in found) else "CPU"
    names = [name.removeprefix("/device:") for name in found if f":{kind}:" in name]
    sums = tf.distribute.ReductionToOneDevice() if kind == "CPU" else None
    return tf.distribute.MirroredStrategy(_enough(names, count), cross_device_ops=sums)


def number_of_devices():
    """How many devices share a batch on TensorFlow where this is called; 1 on every other backend."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def handed_out(inputs):
    """An array as `predict_on_batch` takes it, of which each device gets an equal share.

    Arguments:
        inputs: array whose length is a multiple of `number_of_devices`.
    """
    import tensorflow as tf

    strategy = tf.distribute.get_strategy()
    share = len(inputs) // strategy.num_replicas_in_sync

    def of(device):
        start = device.replica_id_in_sync_group * share
        return tf.convert_to_tensor(inputs[start : start + share])

    return strategy.experimental_distribute_values_from_function(of)


@contextmanager
def training_shared(model, batches):
    """Within this block `fit` trains on several devices as on one; it changes nothing where there is one.

    Arguments:
        model: a compiled, flat keras.Model.
        batches: the Batches it is trained on.
    """
    import keras

    backend = keras.backend.backend()
    on_tensorflow = backend == "tensorflow" and number_of_devices() > 1
    if not on_tensorflow and not (backend == "jax" and keras.distribution.distribution() is not None):
        yield
        return
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if on_tensorflow:
        _check_statistics(layers, batches, number_of_devices())
    if not getattr(model, _ATTRIBUTE, False):
        inputs, labels = batches[0]
        model._symbolic_build(data_batch=(inputs, labels, None))  # a step made before would know of no metrics on JAX
        if on_tensorflow:
            model._maybe_symbolic_build = lambda **given: None  # it would average the devices' shares of a batch
            model.train_step = lambda data: _train_step(model, data)
            model.test_step = lambda data: _test_step(model, data)
            model.make_test_function(force=True)
        model.make_train_function(force=True)
        setattr(model, _ATTRIBUTE, True)
    with statistics_synchronized(layers, on_tensorflow):
        yield


@contextmanager
def statistics_synchronized(layers, value):
    """Within this block BatchNormalization layers are traced to use the statistics of all devices, or of one's own.

    Saved models say nothing of it: they are for other machines and backends too.

    Arguments:
        layers: keras.layers.BatchNormalization.
        value: whether they use those of all devices.
    """
    before = [layer.synchronized for layer in layers]
    for layer in layers:
        layer.synchronized = value
    try:
        yield
    finally:
        for layer, synchronized in zip(layers, before, strict=True):
            layer.synchronized = synchronized


def summed(value):
    """The sum of a value over the devices that share a batch; the value itself outside of a shared step."""
    if number_of_devices() == 1:
        return value
    import tensorflow as tf

    device = tf.distribute.get_replica_context()
    return value if device is None else device.all_reduce(tf.distribute.ReduceOp.SUM, value)


def without_empty(inputs, labels, devices):
    """A batch of which every device gets something: itself, or once for each device, if they are more than it serves.

    Of copies, each device counts other rows: the labels of the rest are zero, and so is their cross-entropy.

    Arguments:
        inputs, labels: of a batch; labels one-hot.
        devices: number of devices, which no other thread can ask for.
    """
    images = len(inputs)
    if not _leaves_empty(images, devices):
        return inputs, labels
    counted = np.arange(images) % devices == np.arange(devices)[:, None]
    copies = labels * counted[..., None].astype(labels.dtype)
    return np.concatenate([inputs] * devices), copies.reshape(-1, labels.shape[1])


def _leaves_empty(images, devices):
    """Whether a device would get none: TensorFlow gives the first ones as many as go into equal shares, rounded up."""
    return math.ceil(images / devices) * (devices - 1) >= images


def _check_statistics(layers, batches, devices):
    """Raise InputError where BatchNormalization would count the copies of `without_empty`."""
    rest = len(batches.rows) % batches.batch_size
    sizes = {min(batches.batch_size, len(batches.rows)), 0 if batches.drop_remainder else rest} - {0}
    counts = any(getattr(layer, "settings", {}).get("moving_variance") == "corrected" for layer in layers)
    small = [size for size in sizes if _leaves_empty(size, devices)]
    if counts and small:
        raise InputError(
            f"devices={devices}: {devices} devices cannot share a batch of {small[0]} under the BatchNormalization "
            "of 2018, which counts a batch's images; give another batch_size, or numerics=keras3"
        )


def _train_step(model, data):
    """Keras' training step, but that each image counts alike, whatever share of the batch its device has.

    Keras takes the mean of the devices' mean losses.
    """
    import keras
    import tensorflow as tf

    inputs, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    with tf.GradientTape() as tape:
        outputs = model(inputs, training=True)
        loss = model.compute_loss(inputs, labels, outputs, weights, training=True)
        here = tf.cast(tf.shape(labels)[0], loss.dtype) * number_of_devices()  # Keras has divided by this
        scaled = model.optimizer.scale_loss(loss * here / tf.cast(summed(tf.reduce_sum(labels)), loss.dtype))
    trained = model.trainable_weights
    model.optimizer.apply_gradients(zip(tape.gradient(scaled, trained), trained, strict=True))
    return _log(model, loss * here, labels, outputs)


def _test_step(model, data):
    """Keras' validation step, but that copies of images do not count."""
    import keras
    import tensorflow as tf

    inputs, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    outputs = model(inputs, training=False)
    loss = model.compute_loss(inputs, labels, outputs, weights, training=False)
    here = tf.cast(tf.shape(labels)[0], loss.dtype) * number_of_devices()
    return _log(model, loss * here, labels, outputs)


def _log(model, total, labels, outputs):
    """Update the metrics by a device's sum of losses, and by those rows that it counts."""
    import tensorflow as tf

    counted = tf.reduce_any(labels > 0, axis=-1)
    images = tf.reduce_sum(tf.cast(counted, total.dtype))
    for metric in model.metrics:
        if metric.name == "loss":
            metric.update_state(tf.math.divide_no_nan(total, images), sample_weight=images)
    labels, outputs = (tf.boolean_mask(each, counted) for each in (labels, outputs))
    return model.compute_metrics(None, labels, outputs, None)


# --- JAX


@contextmanager
def _data_parallel(count):
    """Keras' distribution over the first devices, and each batch laid out by its own size.

    Keras lays out all batches of an epoch as the first one, which fails at a last, smaller one.
    """
    import keras
    from keras.src.backend.jax import trainer

    before, distribute = keras.distribution.distribution(), trainer._distribute_data
    with ExitStack() as stack:
        stack.callback(keras.distribution.set_distribution, before)
        stack.callback(setattr, trainer, "_distribute_data", distribute)
        keras.distribution.set_distribution(_layouts(count))
        trainer._distribute_data = lambda data, layouts=None: distribute(data)
        yield


@cache
def _layouts(count):
    import keras

    class Shared(keras.distribution.DataParallel):
        """Batches that the devices cannot share evenly are whole on each."""

        def get_data_layout(self, data_shape):
            if data_shape[0] % self.device_mesh.devices.size == 0:
                return super().get_data_layout(data_shape)
            return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    return Shared(devices=_enough(keras.distribution.list_devices(), count), auto_shard_dataset=False)
