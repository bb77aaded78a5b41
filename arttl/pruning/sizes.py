"""How large a network is before and after compaction: channels, weights and multiply-adds of each layer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from arttl.models.walk import calls_in_order, maker


@dataclass(frozen=True)
class LayerSize:
    """A layer before and after compaction: pairs (before, after).

    Attributes:
        name: the layer's name.
        channels: of its output.
        parameters: all its weights, zeros among them.
        multiply_adds: of its kernels for one input, zeros among them; 0 for layers without kernels.
    """

    name: str
    channels: tuple[int, int]
    parameters: tuple[int, int]
    multiply_adds: tuple[int, int]


@dataclass(frozen=True)
class Report:
    """What compaction removed; `str(report)` is a table.

    Attributes:
        layers: a LayerSize for each layer with weights, in the model's order.
    """

    layers: tuple[LayerSize, ...]

    @property
    def parameters(self):
        """Numbers of weights (before, after)."""
        return tuple(sum(each.parameters[side] for each in self.layers) for side in (0, 1))

    @property
    def multiply_adds(self):
        """Multiply-adds of all kernels for one input (before, after)."""
        return tuple(sum(each.multiply_adds[side] for each in self.layers) for side in (0, 1))

    def __str__(self):
        rows = [(each.name, each.channels, each.parameters, each.multiply_adds) for each in self.layers]
        rows.append(("in all", ("", ""), self.parameters, self.multiply_adds))
        lines = [f"{'layer':28} {'channels':>13} {'parameters':>23} {'multiply-adds':>29}"]
        for name, channels, *counts in rows:
            pairs = [" -> ".join(f"{count:,}" if count != "" else "" for count in pair) for pair in counts]
            outs = " -> ".join(map(str, channels)) if channels[0] != "" else ""
            lines.append(f"{name:28} {outs:>13} {pairs[0]:>23} {pairs[1]:>29}")
        return "\n".join(lines)


def compare_sizes(model, smaller):
    """The Report of a model and what compaction made of it, both with one input and one output."""
    before, after = _sizes(model), _sizes(smaller)
    return Report(tuple(LayerSize(name, *zip(before[name], after[name], strict=True)) for name in before))


def multiply_adds(model):
    """Multiply-adds of all kernels of a flat model for one input; additions of biases and the like do not count."""
    return sum(count for _, _, count in _sizes(model).values())


def _sizes(model):
    """Name of each layer with weights to its numbers of channels, parameters and multiply-adds."""
    tensors, _ = calls_in_order(model.inputs[0], model.outputs[0])
    places = {}
    for tensor in tensors:
        layer = maker(tensor).operation
        if getattr(layer, "weights", ()):
            places[layer] = places.get(layer, 0) + math.prod(tensor.shape[1:-1])
    channels = {maker(tensor).operation: tensor.shape[-1] for tensor in tensors}
    sizes = {}
    for layer, count in places.items():
        weights = {weight.path: math.prod(weight.shape) for weight in layer.weights}
        kernels = sum(size for path, size in weights.items() if path.endswith("kernel"))
        sizes[layer.name] = channels[layer], sum(weights.values()), count * kernels
    return sizes
