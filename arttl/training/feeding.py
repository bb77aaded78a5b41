"""Batches as `fit` takes them; on TensorFlow without tf.data's autotuner, which can hold up training between epochs.

Keras hands TensorFlow a tf.data.Dataset whose autotuner sleeps in a thread of its own, at first for milliseconds and
twice as long each time, up to a minute. When an epoch ends, that thread is told to end and waited for; sometimes it
misses the word and sleeps on, and nothing is trained until it wakes: up to as long again as the epoch took, and every
second or third epoch (measured with TensorFlow 2.21, docs/performance.md). There is nothing to tune in our datasets.
"""

from __future__ import annotations

import keras

from arttl.models.devices import number_of_devices, without_empty

AHEAD = 2  # batches that are read while the one before is trained on


def fed(batches, told=None):
    """What to give to `fit` in the place of Batches.

    Arguments:
        batches: Batches.
        told: a function that is called, as each batch is read, with the number of those that are trained on by then,
            or nearly. It costs a step nothing, and delays none while it waits for nothing.

    Returns a tf.data.Dataset of the same batches on TensorFlow, in the order that they have when an epoch begins; else
    the Batches themselves. Where devices share them, a batch too small for all of them comes once for each.
    """
    if keras.backend.backend() != "tensorflow":
        return batches if told is None else _Told(batches, told)
    import tensorflow as tf

    (inputs, labels), devices = batches[0], number_of_devices()
    signature = tuple(tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in (inputs, labels))
    read = batches if told is None else _Told(batches, lambda index: told(max(0, index - AHEAD)))
    dataset = tf.data.Dataset.from_generator(
        lambda: (without_empty(*read[i], devices) for i in range(len(batches))), output_signature=signature
    )
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(AHEAD)
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


class _Told(keras.utils.PyDataset):
    """Batches, of which each one's number is told as it is read."""

    def __init__(self, batches, told):
        super().__init__(workers=1)
        self.batches, self.told = batches, told

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        self.told(index)
        return self.batches[index]
