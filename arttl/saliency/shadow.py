"""The one-channel shadow of a network, every kernel all ones, and its transpose, which scales maps up.

An all-ones kernel sums along rows and along columns independently, so each layer's transpose is a product with a 0/1
matrix on either side of the map: exact for every size, stride, padding and dilation.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from keras import layers, ops

from arttl.base.errors import InputError
from arttl.models.walk import described
from arttl.saliency.kinds import CONVOLUTIONS, ENDS, MERGES, POOLINGS, pointwise

KNOWN = "convolutions, max and average pooling, padding, merging, and layers that act on each pixel alone"

KERNELS = ("ones", "even")
"""How maps are scaled up: by the sum of the windows that cover a pixel, as the paper does, or by their mean."""

LARGEST = 1e12  # where maps under way are rescaled, far below float32's limit


def window(size, kernel, stride, padding, dilation=1):
    """What an all-ones kernel covers along one axis, as a 0/1 matrix (size, outputs).

    A product with it is the transposed all-ones convolution. A kernel smaller than its stride, such as that of a 1 x 1
    convolution with stride 2, is widened to the stride, or else it would leave pixels that nothing reaches.

    Arguments:
        size: pixels along the axis.
        kernel, stride, padding, dilation: as in Keras; padding is "valid" or "same".
    """
    reach = (kernel - 1) * dilation + 1
    if padding == "same":
        outputs = -(-size // stride)
        before = max((outputs - 1) * stride + reach - size, 0) // 2
    else:
        outputs, before = max((size - reach) // stride + 1, 0), 0
    offsets = np.arange(kernel) * dilation if kernel >= stride else np.arange(stride)
    pixels = np.arange(outputs) * stride - before + offsets[:, None]
    return np.any(pixels[:, None, :] == np.arange(size)[None, :, None], axis=0).astype("float32")


def padded(size, before, after):
    """As `window`, for zero padding."""
    return np.eye(size, size + before + after, before, dtype="float32")


def cropped(size, before, after):
    """As `window`, for cropping."""
    return np.eye(size, max(size - before - after, 0), -before, dtype="float32")


def repeated(size, factor):
    """As `window`, for nearest-neighbour upsampling."""
    return np.repeat(np.eye(size, dtype="float32"), factor, axis=1)


def evened(matrix):
    """A matrix as of `window` whose rows, where they are not zero, sum to 1.

    Windows of a stride that does not divide the kernel cover neighbouring pixels unequally often (one of 3 with stride
    2 once and twice): their sum lays a chequerboard over any map, their mean does not.
    """
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def axis_matrices(layer, size):
    """A layer's two matrices, for rows and for columns, from the size (height, width) of what enters it.

    Returns None for a layer that this module does not know.
    """
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return None
    if isinstance(layer, CONVOLUTIONS):
        settings = zip(size, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
        return [window(n, kernel, stride, layer.padding, dilation) for n, kernel, stride, dilation in settings]
    if isinstance(layer, POOLINGS):
        settings = zip(size, layer.pool_size, layer.strides, strict=True)
        return [window(n, side, stride, layer.padding) for n, side, stride in settings]
    if isinstance(layer, layers.ZeroPadding2D):
        return [padded(n, *margin) for n, margin in zip(size, layer.padding, strict=True)]
    if isinstance(layer, layers.Cropping2D):
        return [cropped(n, *margin) for n, margin in zip(size, layer.cropping, strict=True)]
    if isinstance(layer, layers.UpSampling2D) and layer.interpolation == "nearest":
        return [repeated(n, factor) for n, factor in zip(size, layer.size, strict=True)]
    if pointwise(layer) or (isinstance(layer, MERGES) and getattr(layer, "axis", -1) in (-1, 3)):
        return [np.eye(n, dtype="float32") for n in size]
    return None


class Shadow:
    """The transpose of a model's shadow network, for one image size.

    Each layer's transpose scales a map up to its input; a merge hands its map to every branch as it is, and where
    branches part, their maps are added.

    Arguments:
        graph: the model's Graph.
        size: (height, width) of the images.
        kernel: one of KERNELS.

    Attributes:
        points: where to multiply, from input to output.
        matrices: for each spatial tensor, the two matrices of the layer that made it; None where it is the identity.

    Raises InputError for a layer that is not known, naming it.
    """

    def __init__(self, graph, size, kernel="ones"):
        self.graph, self.matrices, sizes = graph, {}, {0: tuple(size)}
        for position in range(1, len(graph.tensors)):
            sources = graph.sources[position]
            if graph.spatial[position]:
                entering = {sizes.get(source) for source in sources}
                matrices = _known_matrices(graph.layers[position], entering)
                sizes[position] = tuple(matrix.shape[1] for matrix in matrices)
                matrices = [evened(matrix) for matrix in matrices] if kernel == "even" else matrices
                self.matrices[position] = [None if _is_identity(matrix) else matrix for matrix in matrices]
            elif any(graph.spatial[source] for source in sources) and not isinstance(graph.layers[position], ENDS):
                raise _unknown(graph.layers[position])
        self.points = graph.points()

    def transpose(self, maps):
        """From the points' averaged maps down to the pixels, by Keras operations.

        The map from above is multiplied by each point's own, and rescaled there by one positive number an image; so are
        all the maps under way together, where a stretch without points could make them too large.

        Arguments:
            maps: one tensor (batch, height, width) a point, non-negative.

        Returns a tensor (batch, height, width) with maximum 1, or 0 where nothing was active.
        """
        maps = {point.place: each for point, each in zip(self.points, maps, strict=True)}
        last = self.points[-1].place
        arrived, bounds = {last: ops.ones_like(maps[last])}, {last: 1.0}  # bounds: none of a map's values is above
        for position in range(last, 0, -1):
            if position not in arrived:
                continue
            current, bound = arrived.pop(position), bounds.pop(position)
            if position in maps:
                current, bound = unit_maximum(current * unit_maximum(maps[position])), 1.0
            current = scale_up(current, *self.matrices[position])
            bound *= math.prod(_gain(matrix) for matrix in self.matrices[position])
            for source in self.graph.sources[position]:
                arrived[source] = arrived[source] + current if source in arrived else current
                bounds[source] = bounds.get(source, 0.0) + bound
            if max(bounds.values()) > LARGEST:
                arrived = dict(zip(arrived, unit_maxima(*arrived.values()), strict=True))
                bounds = dict.fromkeys(arrived, 1.0)
        return unit_maximum(arrived[0])


def scale_up(maps, rows, columns):
    """The transposed all-ones convolution of each map of a batch: rows · map · columnsᵀ, where None is the identity."""
    if rows is not None:
        maps = ops.matmul(ops.convert_to_tensor(rows), maps)
    if columns is not None:
        maps = ops.matmul(maps, ops.convert_to_tensor(np.ascontiguousarray(columns.T)))
    return maps


def unit_maximum(maps):
    """Each non-negative map of a batch over its maximum; zero maps stay zero."""
    return unit_maxima(maps)[0]


def unit_maxima(*several):
    """As `unit_maximum`, for several maps of each image and the maximum of all of them; their sizes may differ."""
    top = functools.reduce(ops.maximum, [ops.max(maps, axis=(1, 2), keepdims=True) for maps in several])
    top = ops.where(top > 0, top, ops.ones_like(top))
    return [maps / top for maps in several]


def _known_matrices(layer, entering):
    size = entering.pop()
    matrices = None if entering or size is None else axis_matrices(layer, size)
    if matrices is None:
        raise _unknown(layer)
    if min(matrix.shape[1] for matrix in matrices) < 1:
        raise InputError(f"{described(layer)} leaves nothing of a map of {size[0]} x {size[1]}; give larger images")
    return matrices


def _unknown(layer):
    return InputError(
        f"saliency maps cannot be scaled up through {described(layer)}, only through {KNOWN}, all with channels last; "
        "put one of these in its place, or cut it off with keras.Model(input, output)"
    )


def _gain(matrix):
    """The largest factor by which a product with the matrix raises a value."""
    return 1.0 if matrix is None else float(matrix.sum(axis=1).max())


def _is_identity(matrix):
    return matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(len(matrix)))
