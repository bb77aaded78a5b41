"""Data as the caller has them, for `train` and what is built on it: arrays, Keras' PyDataset, tf.data.Dataset."""

from __future__ import annotations

from functools import cached_property

import keras
import numpy as np

from arttl.base.errors import InputError
from arttl.training.batches import Arrays, Batches, are_class_ids

_KINDS = "Batches, a pair of arrays (inputs, labels), a keras.utils.PyDataset or a tf.data.Dataset"


def as_batches(data, model, recipe, seed=0, shuffle=False):
    """Batches of what a caller has.

    Arguments:
        data: Batches, which are returned as they are; a pair of arrays (inputs, labels), which are divided into batches
            as the recipe says; or a PyDataset, tf.data.Dataset or other iterable that can be read anew (also a list of
            tuples), whose batches, order and augmentation are its own. Labels are class ids or one-hot.
        model: the keras.Model that they are for, whose outputs are the classes.
        recipe: a Recipe.
        seed: of the order of arrays.
        shuffle: whether arrays are reordered each epoch, where the recipe shuffles.

    Returns Batches, or Given, which serves in their place.

    Raises InputError for anything else, and for labels that are not of these classes.
    """
    if isinstance(data, Batches | Given):
        return data
    if isinstance(data, tuple) or (isinstance(data, list) and not all(isinstance(each, tuple) for each in data)):
        num_classes = _classes(model)
        if len(data) != 2:
            raise InputError(f"{len(data)} arrays are no (inputs, labels); weights of images are not taken")
        inputs, ids = inputs_of(data[0], model.input_shape), class_ids_of(data[1], num_classes)
        if len(inputs) != len(ids):
            raise InputError(f"{len(inputs)} inputs have {len(ids)} labels; give one label each")
        if not len(inputs):
            raise InputError("there are no images in the data")
        order = {"shuffle_seed": seed if shuffle and recipe.shuffle else None, "cycle": recipe.cycle}
        order |= {"drop_remainder": recipe.drop_remainder}
        return Batches(Arrays(inputs), np.arange(len(ids)), ids, num_classes, recipe.batch_size, **order)
    return Given(readable(data), model)


def _classes(model):
    """The number of classes of a model of one input and one output."""
    given, found = (getattr(model, name, None) for name in ("input_shape", "output_shape"))
    if not isinstance(given, tuple) or not isinstance(found, tuple):
        raise InputError(
            f"model {model.name!r} has several inputs or outputs, or its shapes are not known; give one of a single "
            "input and a single softmax output, made from keras.Input"
        )
    return found[-1]


def readable(data):
    """Something with a length whose batches can be had by number, each as the caller made it.

    Arguments:
        data: a PyDataset, or an iterable that can be read anew, such as a tf.data.Dataset.

    Raises InputError for what is neither.
    """
    if isinstance(data, keras.utils.PyDataset):
        return data
    if not hasattr(data, "__iter__") or iter(data) is data or isinstance(data, str | dict):
        raise InputError(f"data are {type(data).__name__}, which cannot be read again each epoch; give {_KINDS}")
    return _InOrder(data)


def inputs_of(given, shape):
    """Inputs as an array of numbers; InputError where they are none, or not of a model's input shape.

    Arguments:
        given: an array, or what NumPy makes one of.
        shape: the model's, a tuple that begins with the batch; None for any length.
    """
    try:
        inputs = np.asarray(given)
    except ValueError as error:  # of several lengths
        raise InputError(f"the inputs make no array ({error}); give images of one size") from error
    if not np.issubdtype(inputs.dtype, np.number) and inputs.dtype != bool and inputs.dtype.kind != "V":  # V: bfloat16
        raise InputError(f"the inputs are of type {inputs.dtype}, no numbers; give images of one size and type")
    if inputs.ndim < len(shape):
        raise InputError("the data are single images; put them into batches, as with dataset.batch(32)")
    if inputs.ndim != len(shape) or any(own not in (None, each) for own, each in zip(shape, inputs.shape, strict=True)):
        raise InputError(f"inputs of shape {inputs.shape} do not fit the model, which takes {shape}")
    return inputs


def class_ids_of(labels, num_classes):
    """Class ids, int64 of shape (n,), of labels that are ids or one-hot; InputError where they are neither."""
    labels = np.asarray(labels)
    one_hot = labels.ndim == 2 and labels.shape[1] == num_classes and num_classes > 1
    if one_hot and ((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all():
        return labels.argmax(axis=1)
    ids = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if ids.ndim != 1 or not are_class_ids(ids, num_classes):
        raise InputError(
            f"labels ({labels.dtype}, shape {labels.shape}) do not fit a model of {num_classes} classes; give whole "
            f"numbers from 0 to {num_classes - 1}, or rows of {num_classes} with a single 1"
        )
    return ids.astype("int64")


class Given(keras.utils.PyDataset):
    """A caller's own batches, with the interface of Batches.

    Where training is resumed they are in the order that they have after as many epochs, if they themselves are.

    Arguments:
        source: of `readable`.
        model: the keras.Model that they are for.
    """

    drop_remainder = False

    def __init__(self, source, model):
        super().__init__(workers=1)
        self.source, self.num_classes, self._epochs = source, _classes(model), None
        if not len(source):
            raise InputError("there are no batches in the data")
        self._shape = model.input_shape
        self.batch_size = len(self[0][1])

    def __len__(self):
        return len(self.source)

    def __iter__(self):
        """Every batch once."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index):
        batch = self.source[index]
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise InputError("a batch of the data is no (inputs, labels); weights of images are not taken")
        inputs, labels = inputs_of(batch[0], self._shape), np.asarray(batch[1])
        return inputs, np.eye(self.num_classes, dtype="float32")[class_ids_of(labels, self.num_classes)]

    def start_epoch(self, epoch):
        """Have the source go on to an epoch (0-based) as Keras would: `on_epoch_end` is called after each."""
        for _ in range(epoch if self._epochs is None else 1):
            getattr(self.source, "on_epoch_end", lambda: None)()
        self._epochs = epoch

    @cached_property
    def class_ids(self):
        """The class of every image, in the order in which they are read once more; int64."""
        return np.concatenate([labels.argmax(axis=1) for _, labels in self])

    @property
    def rows(self):
        """Numbers of the images."""
        return np.arange(len(self.class_ids))


class _InOrder:
    """The batches of an iterable by number; read in order each is made once."""

    def __init__(self, items):
        self.items, self._next, self._iterator = items, 0, None

    def __getitem__(self, index):
        if index == 0 or index != self._next:
            self._iterator, self._next = iter(self.items), 0
        while self._next <= index:
            item, self._next = next(self._iterator), self._next + 1
        return item

    def __len__(self):
        return self._length

    @cached_property
    def _length(self):
        known = getattr(self.items, "cardinality", lambda: -2)()  # tf.data: -1 is without end, -2 unknown
        if int(known) == -1:
            raise InputError("the data have no end; leave out repeat(), or give dataset.take(batches)")
        return sum(1 for _ in self.items) if int(known) < 0 else int(known)
