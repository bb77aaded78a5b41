"""A model's layer calls in order, its trunk, and where along it VisualBackProp multiplies."""

from __future__ import annotations

from dataclasses import dataclass

from arttl.base.errors import InputError
from arttl.models.flat import flatten
from arttl.models.walk import calls_in_order, described, maker
from arttl.saliency.kinds import ACTIVATIONS, ENDS, KEEP_SIGN, MERGES, activation, pointwise
from arttl.saliency.operators import OneChannel, known_layer


@dataclass(frozen=True)
class Point:
    """A place where the map from above is multiplied by the network's own.

    Attributes:
        place: position in the graph of the tensor whose map it is.
        rectified: position of the rectified tensor whose channels are averaged: the same, or that of the activation
            that begins one of the branches leaving `place`.
    """

    place: int
    rectified: int


class Graph:
    """The calls between a model's input and output; each call is known by the position of the tensor it makes.

    Attributes:
        tensors: Keras tensors in topological order; the first is the input.
        layers: the layer that made each tensor, or one that does what the operation of keras.ops did that made it.
        sources: for each tensor, the positions of its layer's inputs.
        spatial: for each tensor, whether it is a map (batch, height, width, channels) of the convolutional part,
            which ends in a global pooling or a Flatten layer.
        trunk: positions, in order, of the spatial tensors that every path from input to output passes through.
        rectified: for each tensor, whether activations made it, with nothing after them that could lower a value.

    Models within the model are entered.

    Raises InputError for a model that has not one image input and one output, or that holds a model without a graph.
    """

    def __init__(self, model):
        first, last = _end_of("input", model), _end_of("output", model)
        flat = flatten(model)
        if flat is not model:
            first, last = flat.inputs[0], flat.outputs[0]
        self.tensors, self.sources = calls_in_order(first, last)
        self.layers = [known_layer(maker(tensor)) for tensor in self.tensors]
        self.spatial = self._find_spatial()
        self.trunk = self._find_trunk()
        self.rectified = self._find_rectified()

    def _find_spatial(self):
        spatial = []
        for position, (layer, tensor) in enumerate(zip(self.layers, self.tensors, strict=True)):
            has_source = position == 0 or any(spatial[source] for source in self.sources[position])
            is_map = len(tensor.shape) == 4 or isinstance(layer, OneChannel)
            spatial.append(has_source and is_map and not isinstance(layer, ENDS))
        return spatial

    def _find_trunk(self):
        to, onwards = [1] + [0] * (len(self.tensors) - 1), [0] * (len(self.tensors) - 1) + [1]  # numbers of paths
        for position, sources in enumerate(self.sources):
            to[position] += sum(to[source] for source in sources)
        for position in reversed(range(len(self.tensors))):
            for source in self.sources[position]:
                onwards[source] += onwards[position]
        every = range(len(self.tensors))
        return [each for each in every if self.spatial[each] and to[each] * onwards[each] == to[-1]]

    def _find_rectified(self):
        rectified = []
        for position, layer in enumerate(self.layers):
            sources = self.sources[position]
            inherits = isinstance(layer, KEEP_SIGN) and all(rectified[source] for source in sources)
            rectified.append(bool(activation(layer)) or (inherits and bool(sources)))
        return rectified

    def points(self):
        """Where VisualBackProp multiplies, from input to output.

        That is on the trunk alone, at rectified maps: after each activation, and after each merge of rectified maps
        (Inception). Where branches leave an unrectified tensor of the trunk and one of them begins with an activation
        (Xception), that activation's map is the tensor's.

        Raises InputError when there is no such place, or when there are activations of the convolutional part after
        the last.
        """
        trunk, found = set(self.trunk), {}
        for position in self._activations():
            if position in trunk:
                found[position] = position
            elif isinstance(self.layers[position], ACTIVATIONS):
                place = self.sources[position][0]
                while place not in trunk and pointwise(self.layers[place]):
                    place = self.sources[place][0]
                if place and place in trunk:
                    found.setdefault(place, position)
        merges = [each for each in self.trunk if self.rectified[each] and isinstance(self.layers[each], MERGES)]
        found |= {each: each for each in merges}
        self._check_points(found)
        return [Point(place, found[place]) for place in sorted(found)]

    def last_map(self):
        """Position of the trunk's last map that an activation or a merge of rectified maps made; else its last map."""
        kinds = [activation(self.layers[each]) or isinstance(self.layers[each], MERGES) for each in self.trunk]
        rectified = [each for each, kind in zip(self.trunk, kinds, strict=True) if kind and self.rectified[each]]
        return (rectified or self.trunk)[-1]

    def _activations(self):
        """Positions of the activations in the convolutional part; a second one in a row does not count."""
        for position, layer in enumerate(self.layers):
            again = isinstance(layer, ACTIVATIONS) and self.rectified[self.sources[position][0]]
            if self.spatial[position] and activation(layer) and not again:
                yield position

    def _check_points(self, found):
        if not found:
            raise InputError(
                "the model has no rectified map that all its paths pass through; add a ReLU after a convolution"
            )
        last = max(found)
        for position in self._activations():
            if position > last and position != found[last]:
                raise InputError(
                    f"{described(self.layers[position])} is on a branch that no ReLU brings together again before the "
                    "head; let the branches meet in an Add or Concatenate layer and a ReLU"
                )


def _end_of(side, model):
    """A model's one input or output tensor."""
    tensors = getattr(model, f"{side}s", None)
    if not tensors:
        raise InputError(
            f"model {model.name!r} has no {side} yet; begin it with keras.Input, or build it as keras.Model"
        )
    if len(tensors) > 1 or (side == "input" and len(tensors[0].shape) != 4):
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        raise InputError(
            f"model {model.name!r} has {side} {shapes}; saliency maps need one input (batch, height, width, channels) "
            "and one output: cut them out with keras.Model(input, output)"
        )
    return tensors[0]
