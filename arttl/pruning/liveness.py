"""Does a network's answer still depend on the image? Pruning can empty whole layers, and then it does not.

With He-uniform weights and magnitudes compared over all layers, ResNet-50's features become one constant vector some
twenty rounds before the weights run out (docs/chapter2.md): accuracies then are those of answering one class.
"""

from __future__ import annotations

import contextlib

import keras
import numpy as np

from arttl.models.walk import input_of

ALIVE, LAGGING, DEAD = "alive", "constant in inference", "dead"
"""What features() finds. LAGGING: with BatchNormalization's moving statistics alone, which may have yet to follow."""

IMAGES = 8  # whose features are compared
_DROPOUT = (
    keras.layers.Dropout,  # and SpatialDropout
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
)
_SAME = 1e-6  # of the largest feature: what rounding may make of one vector


class Liveness:
    """Looks at the features of a network, its last layer's inputs, of a few images.

    Arguments:
        model: a flat keras.Model of one input; its weights may change between the calls.
        images: of its input, shape (images, height, width, channels). Of images that do not differ nothing can be told,
            and the features count as alive.
    """

    def __init__(self, model, images):
        head = [layer for layer in model.layers if layer.weights][-1]
        inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs  # a Sequential model may have no `input`
        self.features, self.images = keras.Model(inputs, input_of(model, head)), images[:IMAGES]

    def __call__(self):
        """ALIVE, LAGGING or DEAD. No weight, moving average or random state of the model changes."""
        with _no_dropout(self.features):
            if not self._differ(training=True):
                return DEAD
        return ALIVE if self._differ(training=False) else LAGGING

    def _differ(self, training):
        model, images = self.features, self.images
        if (images == images[:1]).all():
            return True
        weights = [[each.value for each in part] for part in (model.trainable_variables, model.non_trainable_variables)]
        # The same images in another order: what is random falls on the same places, and so cancels out.
        one, other = (
            keras.ops.convert_to_numpy(
                keras.ops.cast(model.stateless_call(*weights, each, training=training)[0], "float32")
            )
            for each in (images, np.roll(images, 1, axis=0))
        )
        return bool((np.abs(one - other) > _SAME * np.abs(one).max()).any())


@contextlib.contextmanager
def _no_dropout(model):
    """Within this block dropout does nothing; on PyTorch its draw does not follow from the model's state."""
    rates = {layer: layer.rate for layer in model.layers if isinstance(layer, _DROPOUT)}
    try:
        for layer in rates:
            layer.rate = 0.0
        yield
    finally:
        for layer, rate in rates.items():
            layer.rate = rate
