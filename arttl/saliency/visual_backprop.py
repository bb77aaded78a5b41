"""VisualBackProp: which pixels the network's activations come from."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from arttl.base.errors import InputError
from arttl.saliency.inputs import check_images, graph_of, in_batches, made_once, unit_maps
from arttl.saliency.kinds import activation
from arttl.saliency.shadow import KERNELS, Shadow

NON_NEGATIVE = (keras.activations.relu, keras.activations.relu6, keras.activations.sigmoid)


def visual_backprop(model: keras.Model, images: np.ndarray, batch_size: int = 32, kernel: str = "ones") -> np.ndarray:
    """Where in each image the network's activations come from, whatever class it predicts.

    VisualBackProp is **class-agnostic**: it takes no class, reads no gradient and no weight of the head, and shows what
    the convolutional part responds to, which need not be what the decision rests on. Grad-CAM and SmoothGrad, beside
    it, ask about one class.

    From the last rectified map to the first: average over channels, multiply by what came from above, and scale up to
    the map below by a transposed convolution with an all-ones kernel and the kernel size, stride and padding of the
    layer it undoes. In networks with branches, multiplication takes place only where all paths meet (the stem's ReLUs,
    ResNet's block outputs, Inception's `mixed*`, Xception's ReLUs after additions); in between, the map goes through
    the transpose of a network with one channel and the same layers, and the branches' maps are added. Each product is
    divided by its maximum in the image, a positive constant: there is no min-max scaling. A 1 x 1 convolution with
    stride 2 is widened to 2 x 2. Activations that can be negative (ELU, swish, ...) are rectified before averaging. See
    docs/saliency.md.

    Arguments:
        model: a keras.Model with one input (batch, height, width, channels) and one output, such as those of
            arttl.build_classifier.
        images: what the model takes, uint8 or float pixels of shape (n, height, width, channels).
        batch_size: images in a forward pass.
        kernel: "ones" (default), the paper's and its authors' code's: a pixel takes the sum of the windows that cover
            it, which lays a chequerboard over the map where a kernel is no multiple of its stride (ResNet50's first
            one, of 7 with stride 2, covers pixels 3 and 4 times along each axis); "even": their mean, which does not.

    Returns a float32 array (n, height, width) in [0, 1]; each map's maximum is 1, or 0 where nothing was active.

    Raises InputError, naming the layer, for one that cannot be undone, a model without a graph, a model with several
    inputs or outputs, images that the model does not take, or another kernel.

    Source: Bojarski et al., VisualBackProp: efficient visualization of CNNs for autonomous driving, ICRA 2018
    (arXiv 1611.05418); for residual networks and Inception, docs/saliency.md.

    Example:
        >>> maps = visual_backprop(model, images)
    """
    if kernel not in KERNELS:
        raise InputError(f"kernel is {kernel!r}; give {' or '.join(KERNELS)}")
    graph_of(model)
    images = check_images(model, images)
    size = images.shape[1:3]
    mapper = made_once(model, ("visual_backprop", size, kernel), lambda graph: mapping_model(graph, size, kernel))
    if not len(images):
        return np.zeros(images.shape[:3], "float32")
    return unit_maps(in_batches(mapper.predict_on_batch, images, batch_size))


def mapping_model(graph, size, kernel="ones"):
    """A keras.Model from images to maps (batch, height, width), sharing the layers of the graph's model.

    Arguments:
        graph: a Graph.
        size: (height, width) of the images.
        kernel: one of KERNELS.
    """
    shadow = Shadow(graph, size, kernel)
    rectified = [graph.tensors[point.rectified] for point in shadow.points]
    functions = [activation(graph.layers[point.rectified]) for point in shadow.points]
    return keras.Model(graph.tensors[0], _Backprop(shadow, functions, size, name="visual_backprop")(rectified))


class _Backprop(keras.layers.Layer):
    """From the points' rectified maps (batch, height, width, channels) to the map of the pixels."""

    def __init__(self, shadow, functions, size, **options):
        super().__init__(dtype="float32", **options)
        self.shadow, self.functions, self.size = shadow, functions, size

    def call(self, rectified):
        """A list with one tensor a point."""
        return self.shadow.transpose([channel_mean(*each) for each in zip(rectified, self.functions, strict=True)])

    def compute_output_shape(self, input_shape):
        """The maps', whose size Keras cannot know for a model without a fixed one."""
        return (input_shape[0][0], *self.size)


def channel_mean(maps, function):
    """The mean over channels of the rectified maps (batch, height, width, channels), as float32.

    Arguments:
        maps: a tensor.
        function: the activation that made it, if any; unless that gives no negative value, the maps are rectified here.
    """
    if function not in NON_NEGATIVE:
        maps = ops.relu(maps)
    return ops.mean(ops.cast(maps, "float32"), axis=-1)
