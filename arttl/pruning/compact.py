"""Remove the channels that pruning has emptied, exactly: a smaller ordinary model with the same outputs.

Ours: the thesis (Chapter 2) promises faster inference with tickets, and prunes single weights, which by itself makes no
dense layer smaller. docs/compaction.md says what is removed, what is kept, and why the outputs stay.
"""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from arttl.base.errors import InputError
from arttl.models.flat import flatten
from arttl.models.walk import calls_in_order, maker
from arttl.pruning.channels import Cut, constant_effect, cut_config, cut_weights, link
from arttl.pruning.sizes import Report, compare_sizes

_UNIFORM = 1e-6  # spread of a map, relative to its values, that rounding alone explains
_CARRIES = 1e-3  # a channel carries others if its value is at least this part of theirs


class CompactModel(NamedTuple):
    """The result of `compact`.

    Attributes:
        model: an ordinary keras.Model, not compiled.
        report: a Report.
    """

    model: keras.Model
    report: Report


def compact(model):
    """A model without the channels that zero weights have made idle, with the same outputs at inference.

    A channel goes when nothing reads it, or when it is the same for every image and what it adds can be put into the
    biases, or into another constant channel, of the layers that read it. Channels that an Add or another merge ties
    together go together or not at all. The outputs are those of the model up to float32 rounding (1e-5, relative); in
    training they differ where a BatchNormalization takes the batch's statistics of a channel that was constant.

    Arguments:
        model: a keras.Model with one input, of a fixed size, and one output; it is not changed. Models within it are
            entered. Layers of a kind that is not known, and operations of keras.ops, keep all channels they take and
            make.

    Returns a CompactModel. Its model has the same layers by name, shares no weights with the original, saves and loads
    as any Keras model, and is compiled anew before training.

    Raises InputError for a model without a graph, several inputs or outputs, a call with several outputs, or an input
    whose size is not fixed.

    Example:
        >>> smaller, report = compact(model)
    """
    model = flatten(model)
    graph = _Channels(model)
    graph.remove()
    cuts = graph.cuts()
    layer_of = {}

    def clone(layer):
        cut = cuts.get(layer)
        try:
            layer_of[layer] = type(layer).from_config(cut_config(layer, cut) if cut else layer.get_config())
        except (TypeError, ValueError, NotImplementedError) as error:
            raise InputError(
                f"layer {layer.name!r} cannot be made anew from its settings; give a function in it a name by "
                "keras.saving.register_keras_serializable(), in the place of a lambda"
            ) from error
        return layer_of[layer]

    smaller = keras.models.clone_model(model, clone_function=clone)
    for layer, new in layer_of.items():
        cut = cuts.get(layer)
        if getattr(layer, "weights", ()):  # operations of keras.ops have none
            new.set_weights(cut_weights(layer, cut) if cut else layer.get_weights())
    return CompactModel(smaller, compare_sizes(model, smaller))


class _Channels:
    """The channels of all tensors of a model, in groups that only go together.

    Attributes:
        tensors, sources: as arttl.models.walk.calls_in_order has them.
        layers: the layer that made each tensor.
        links: for each tensor, the Link of the call that made it; None where all channels must stay.
        group: for each tensor, the number of each channel's group.
        held: for each group, whether it must stay.
        kept: for each group, whether it does stay; `remove` finds it.
        independent: for each tensor, which channels are the same for every image.
        constants: for each tensor that a kernel reads, each channel's value; NaN where it differs from image to image
            or from place to place.
    """

    def __init__(self, model):
        first, last = _ends(model)
        self.tensors, self.sources = calls_in_order(first, last)
        self.layers = [maker(tensor).operation for tensor in self.tensors]
        self.links = self._find_links()
        self.group = self._find_groups()
        self.independent = self._find_independent()
        self.held = np.zeros(max(int(each.max()) for each in self.group) + 1, bool)
        for position, sources in enumerate(self.sources):
            if self.links[position] is None:
                for whole in (position, *sources):
                    self.held[self.group[whole]] = True
        self.held[self.group[-1]] = True
        self.constants = self._find_constants(first)
        self.readers = [number for number, each in enumerate(self.links) if each is not None and each.reads is not None]

    def _find_links(self):
        calls = {layer: self.layers.count(layer) for layer in self.layers}
        links = [None]  # the input's
        for position in range(1, len(self.tensors)):
            layer, inputs = self.layers[position], [self.tensors[each] for each in self.sources[position]]
            with_channels = all(len(tensor.shape) > 1 for tensor in (*inputs, self.tensors[position]))
            shared = calls[layer] > 1 and bool(getattr(layer, "weights", ()))
            links.append(None if shared or not with_channels else link(layer, inputs, self.tensors[position]))
        return links

    def _find_groups(self):
        sizes = [tensor.shape[-1] if len(tensor.shape) > 1 else 1 for tensor in self.tensors]
        starts = np.cumsum([0, *sizes])
        ends = [(np.zeros(0, int), np.zeros(0, int))]
        for position, each in enumerate(self.links):
            for source, ins, outs in each.ties if each else ():
                ends.append((starts[self.sources[position][source]] + ins, starts[position] + outs))
        one, other = (np.concatenate(side) for side in zip(*ends, strict=True))
        size = starts[-1]
        labels = connected_components(coo_matrix((np.ones(len(one)), (one, other)), (size, size)), directed=False)[1]
        return np.split(labels, starts[1:-1])

    def _find_independent(self):
        found = []
        for position, each in enumerate(self.links):
            entering = [found[source] for source in self.sources[position]]
            found.append(each.independent(entering) if each else np.zeros(len(self.group[position]), bool))
        return found

    def _find_constants(self, first):
        """Read off from a pass of one image: what is the same for every image is known from any."""
        wanted = sorted(
            {
                self.sources[position][0]
                for position, each in enumerate(self.links)
                if each is not None and each.reads is not None and self.independent[self.sources[position][0]].any()
            }
        )
        constants = [np.full(len(each), np.nan) for each in self.independent]
        if wanted:
            probe = keras.Model(first, [self.tensors[position] for position in wanted])
            outputs = probe(np.zeros((1, *first.shape[1:]), first.dtype), training=False)
            for position, output in zip(wanted, outputs, strict=True):
                maps = keras.ops.convert_to_numpy(output).astype("float64").reshape(-1, output.shape[-1])
                means, spread = maps.mean(axis=0), np.ptp(maps, axis=0)
                uniform = self.independent[position] & (spread <= _UNIFORM * np.abs(means))
                constants[position][uniform] = means[uniform]
        return constants

    def remove(self):
        """Find what stays: what is held, and what that needs."""
        while True:
            self.kept = self._needed()
            held = self._emptied() or [group for position in self.readers for group in self._carriers_wanted(position)]
            if not held:
                return
            self.held[held] = True

    def _needed(self):
        kept = self.held.copy()
        while True:
            before = kept.copy()
            for position in self.readers:
                source = self.sources[position][0]
                needed = self._read(position, kept) & ~self._foldable(position)
                kept[self.group[source][needed]] = True
            if (kept == before).all():
                return kept

    def _read(self, position, kept):
        """Which input channels of a call have a weight towards an output that stays."""
        return self.links[position].reads[:, kept[self.group[position]]].any(axis=1)

    def _foldable(self, position):
        """Which input channels of a call can be put into its bias or into another channel's weights."""
        constants = self.constants[self.sources[position][0]]
        if self._carries(position):
            return ~np.isnan(constants)
        return constants == 0

    def _carries(self, position):
        """A separable convolution over a border has no one kernel that stands for several channels."""
        return self.links[position].borderless or not hasattr(self.layers[position], "depthwise_kernel")

    def _folded(self, position):
        """The values of a call's input channels that go although they are read; 0 for the others."""
        source = self.sources[position][0]
        gone = ~self.kept[self.group[source]] & self._read(position, self.kept)
        return np.where(gone, self.constants[source], 0.0)

    def _carrier(self, position):
        """A channel that stays and can stand for those that go, in a convolution over a border; None without one."""
        source, largest = self.sources[position][0], np.abs(self._folded(position)).max()
        constants = np.nan_to_num(np.abs(self.constants[source])) * self.kept[self.group[source]]
        best = int(constants.argmax())
        return best if constants[best] >= _CARRIES * largest else None

    def _carriers_wanted(self, position):
        folded = np.abs(self._folded(position))
        if self.links[position].borderless or not folded.any() or self._carrier(position) is not None:
            return []
        return [self.group[self.sources[position][0]][folded.argmax()]]

    def _emptied(self):
        """One group of each tensor that would have no channel left, which Keras cannot make."""
        return [group[0] for group in self.group if not self.kept[group].any()]

    def cuts(self):
        """A dict of layer to Cut, for the layers of which something goes."""
        cuts = {}
        for position, each in enumerate(self.links):
            if each is None:
                continue
            source = self.sources[position][0]
            kept = [self.kept[self.group[place]] for place in (source, position)]
            if not all(side.all() for side in kept):
                cut = Cut(*(np.flatnonzero(side) for side in kept))
                if each.reads is not None:
                    self._fold(position, cut)
                cuts[self.layers[position]] = cut
        return cuts

    def _fold(self, position, cut):
        folded, layer = self._folded(position), self.layers[position]
        if not folded.any():
            return
        if self.links[position].borderless:
            cut.bias = constant_effect(layer, folded)
        else:
            carrier = self._carrier(position)
            kernel = keras.ops.convert_to_numpy(layer.kernel).astype("float64")
            value = self.constants[self.sources[position][0]][carrier]
            cut.carrier = carrier, np.einsum("...io,i->...o", kernel, folded / value)


def _ends(model):
    """A model's one input and one output tensor."""
    ends = [getattr(model, f"{side}s", None) for side in ("input", "output")]
    if not all(ends):
        raise InputError(
            f"model {model.name!r} has no graph yet; begin it with keras.Input, or build it as keras.Model"
        )
    if any(len(tensors) > 1 for tensors in ends):
        raise InputError(
            f"model {model.name!r} has {len(ends[0])} inputs and {len(ends[1])} outputs; compaction needs one of each: "
            "cut them out with keras.Model(input, output)"
        )
    first, last = ends[0][0], ends[1][0]
    if None in first.shape[1:]:
        raise InputError(
            f"model {model.name!r} takes inputs of any size, {first.shape[1:]}; which channels are constant depends on "
            "it: build the model with a fixed input shape"
        )
    return first, last
