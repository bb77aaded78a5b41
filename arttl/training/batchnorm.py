"""The moving statistics of BatchNormalization in a short training: another momentum, or statistics estimated anew.

At inference a BatchNormalization layer uses moving averages of the mean and variance of the batches it was trained on.
With Keras' momentum of 0.99 their initial values, 0 and 1, still weigh 0.99^9 = 91% after the first epoch of a small
collection (Bone-Marrow: 522 images, 9 batches of 64), and it takes 230 batches to bring that below 10%. Early stopping
meanwhile looks at a validation loss that says more about these averages than about the network. Where an era's averages
are zero-debiased the initial values weigh nothing, but past weights' statistics do. Both ways out depart from the
thesis, which names neither.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager, nullcontext

import keras
import numpy as np
from keras import ops

from arttl.base.errors import InputError
from arttl.models.devices import statistics_synchronized
from arttl.models.keras2018 import BatchNormalization2018

_ATTRIBUTE = "arttl_batch_statistics"


def set_momentum(model, momentum):
    """Set the momentum of every BatchNormalization layer of a flat model, those of 2018 and frozen ones among them.

    A compiled training step holds the momentum as a constant, read from the layers when the step was traced. So the
    model's step, if it has one already, is thrown away, and the next `fit` compiles it anew; that of another model that
    shares the layers is not. The statistics themselves stay as they are. The momentum is saved with the model.

    Arguments:
        model: a keras.Model, compiled or not.
        momentum: m in [0, 1), in moving = m moving + (1 - m) batch; Keras' default is 0.99. 0 keeps the last batch's.

    Returns the number of BatchNormalization layers.

    Raises InputError for another momentum and, naming the layer, for a model within the model.

    Example:
        >>> set_momentum(arttl.models.resnet20(), 0.9)
        19
    """
    if isinstance(momentum, bool) or not isinstance(momentum, (int, float, np.number)) or not 0 <= momentum < 1:
        raise InputError(f"the momentum of BatchNormalization is {momentum!r}; give a number in [0, 1)")
    layers = _batch_normalizations(model)
    for layer in layers:
        layer.momentum = float(momentum)
    if layers:
        model.train_function = None
    return len(layers)


def recalibrate(model, batches, steps=None):
    """Estimate the moving mean and variance of every trainable BatchNormalization from images, in one forward pass.

    Each batch passes through the network in training mode, normalised by its own statistics, and without a gradient.
    A layer's new mean is the average of the means of its batches, and its new variance the average of their variances,
    not the variance over all images at once. That is `torch.optim.swa_utils.update_bn`, with two differences:

    - Batches are weighed by their images, so that a last, smaller one counts for what it holds; `update_bn` lets every
      batch count alike. Of equal batches, the averages are the same.
    - A batch's variance is what the layer itself takes into its moving average: in Keras the biased one, as in
      training, where PyTorch's layers take the unbiased; in BatchNormalization2018 that of its `moving_variance`. So
      these are the values near which the moving averages would settle, were the weights held still.

    Nothing else changes: no other weight, no state of dropout, no optimiser, nor the compiled training step. The pass
    is compiled at the first call (by JAX for each batch size) and kept with the model. Where the moving averages of
    BatchNormalization2018 are zero-debiased, the biased averages behind them are set to match, so that training goes on
    from the new statistics.

    Arguments:
        model: a built, flat keras.Model of one input, in which no BatchNormalization is called twice.
        batches: Batches, or any sequence of (inputs, ...); read in the order they have, and not reshuffled.
        steps: use only this many batches, the first ones; all by default.

    Returns the number of layers that have new statistics; frozen ones keep theirs. 0, and nothing is read, where there
    are none.

    Raises InputError for `steps` other than 1 to the number of batches; naming the layer, for a model within the model
    and for batch renormalisation; and for a Keras backend other than TensorFlow, JAX and PyTorch.

    Sources: Izmailov et al. 2018, arXiv:1803.05407, section 3.2 (a pass over the training data after weights were set
    otherwise than by training); PyTorch's `update_bn`, with momentum None.

    Example:
        >>> recalibrate(model, training)  # a network with one BatchNormalization
        1
    """
    layers = [layer for layer in _batch_normalizations(model) if layer.trainable]
    if steps is not None and not 1 <= steps <= len(batches):
        raise InputError(f"steps is {steps}; give 1 to {len(batches)}, the number of batches, or None for all")
    if not layers:
        return 0
    averages = _kept_pass(model, layers).averages(batches, len(batches) if steps is None else steps)
    for layer, (mean, variance) in zip(layers, _pairs(averages, layers), strict=True):
        _set_statistics(layer, mean, variance)
    return len(layers)


class Recalibrate(keras.callbacks.Callback):
    """Recalibrates the moving statistics on the training images right before each validation of `fit`.

    So the validation loss is that of the weights with statistics that belong to them. These stay in the model: the best
    weights of early stopping, checkpoints and tests have them, and the next epoch's moving averages go on from them.
    The weights trained are those of a training without this callback, since no gradient depends on moving statistics;
    when it stops, and which epoch is the best, may change.

    The images are passed in one fixed order, all of them and in batches of the training's size: where the training is
    shuffled, in the order of its first epoch, since batches of mixed classes are what the network is trained on. The
    training's own order is left alone, and a resumed training repeats the same statistics.

    It does nothing in `evaluate` outside of `fit`, where a model is judged and must stay as it is, and in a `fit`
    without validation; call `recalibrate` there.

    Arguments:
        training: the Batches that the model is trained on.

    Example:
        >>> history = model.fit(training, validation_data=validation, callbacks=[Recalibrate(training)], verbose=0)
    """

    def __init__(self, training):
        super().__init__()
        self.batches = copy.copy(training)
        self.batches.drop_remainder = self.batches.cycle = False
        self.batches.start_epoch(0)
        self._fitting = False

    def on_train_begin(self, logs=None):
        """From here on, a test is the validation of an epoch."""
        self._fitting = True

    def on_test_begin(self, logs=None):
        """Recalibrate, before the first batch of validation."""
        if self._fitting:
            recalibrate(self.model, self.batches)

    def on_train_end(self, logs=None):
        """From here on, a test is no validation."""
        self._fitting = False


def _batch_normalizations(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            raise InputError(
                f"layer {layer.name!r} is a model within the model; build the network flat, so that none of its "
                "BatchNormalization layers is passed over"
            )
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


def _pairs(statistics, layers):
    """Mean and variance of each layer, from all of them in a row."""
    sizes = np.repeat([layer.moving_mean.shape[0] for layer in layers], 2)
    parts = np.split(statistics, np.cumsum(sizes)[:-1])
    return zip(parts[::2], parts[1::2], strict=True)


def _set_statistics(layer, mean, variance):
    layer.moving_mean.assign(ops.convert_to_tensor(mean, layer.moving_mean.dtype))
    layer.moving_variance.assign(ops.convert_to_tensor(variance, layer.moving_variance.dtype))
    if isinstance(layer, BatchNormalization2018) and layer.settings["moving_average"] == "zero-debiased":
        share = 1 - layer.momentum ** float(ops.convert_to_numpy(layer.local_step))
        layer.biased_mean.assign(ops.convert_to_tensor(mean * share, layer.biased_mean.dtype))
        layer.biased_variance.assign(ops.convert_to_tensor(variance * share, layer.biased_variance.dtype))


def _kept_pass(model, layers):
    """The pass that is kept with the model, made anew where layers were frozen or thawed since."""
    trainable = [layer.trainable for layer in model.layers]
    kept = getattr(model, _ATTRIBUTE, None)
    if kept is None or kept.trainable != trainable:
        kept = _Pass(model, layers, trainable)
        setattr(model, _ATTRIBUTE, kept)
    return kept


class _Pass:
    """Batch after batch through the network in training mode, to the statistics of each.

    At momentum 0 a layer's moving statistics, once updated, are the batch's own, by the layer's own rule. The call is
    stateless: what it would do to the model's variables is handed back instead, and the states of random numbers are
    handed on to the next batch, so that dropout does not drop alike in all.
    """

    def __init__(self, model, layers, trainable):
        for layer in layers:
            if getattr(layer, "renorm", False):  # older versions of Keras 3 have none
                raise InputError(f"layer {layer.name!r} renormalises batches, which recalibration does not know")
        self.model, self.layers, self.trainable = model, layers, trainable
        places = {id(variable): place for place, variable in enumerate(model.non_trainable_variables)}
        self.wanted = [places[id(each)] for layer in layers for each in (layer.moving_mean, layer.moving_variance)]
        self.own = {places[id(each)] for layer in layers for each in layer.non_trainable_variables}
        self.compiled = _compiled(self._call, model)

    def averages(self, batches, steps):
        """The average of the statistics over the images of the first batches: array of shape (statistics,)."""
        weights = [ops.convert_to_tensor(each) for each in self.model.trainable_variables]
        state = [
            ops.zeros(each.shape, each.dtype) if place in self.own else ops.convert_to_tensor(each)
            for place, each in enumerate(self.model.non_trainable_variables)
        ]
        total, images = 0.0, 0
        alone = statistics_synchronized(self.layers, False)  # no device waits for another in this pass
        with alone, _momentum_zero(self.layers), _random_numbers_kept():
            for index in range(steps):
                inputs = batches[index][0]
                tensor = ops.convert_to_tensor(inputs, self.model.inputs[0].dtype)
                statistics, state = self.compiled(tensor, weights, state)
                total = total + len(inputs) * ops.convert_to_numpy(statistics).astype("float64")
                images += len(inputs)
        return total / images

    def _call(self, inputs, weights, state):
        _, updated = self.model.stateless_call(weights, state, inputs, training=True)
        statistics = ops.concatenate([updated[place] for place in self.wanted])
        return statistics, [state[place] if place in self.own else each for place, each in enumerate(updated)]


@contextmanager
def _momentum_zero(layers):
    """Within this block the layers' momentum is 0, to be read wherever a pass is traced."""
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(layers, before, strict=True):
            layer.momentum = momentum


def _random_numbers_kept():
    """After this block PyTorch's random numbers, which dropout without a seed draws from, go on as before it."""
    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.random.fork_rng([torch.cuda.current_device()] if torch.cuda.is_available() else [])


def _compiled(function, model):
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        first = tf.TensorSpec((None, *model.inputs[0].shape[1:]), model.inputs[0].dtype)
        variables = (model.trainable_variables, model.non_trainable_variables)
        rest = ([tf.TensorSpec(each.shape, each.dtype) for each in some] for some in variables)
        return tf.function(function, input_signature=(first, *rest), autograph=False)
    if backend == "jax":
        import jax

        return jax.jit(function)
    if backend == "torch":
        import torch

        return torch.no_grad()(function)
    raise InputError(f"recalibration does not know Keras' backend {backend!r}; use tensorflow, jax or torch")
