"""The calls of a flat Keras model in topological order, for whatever looks at its graph."""

from __future__ import annotations

from graphlib import TopologicalSorter

import keras

from arttl.base.errors import InputError


def calls_in_order(first, last):
    """The tensors of a flat model from `first` to `last` in topological order.

    Arguments:
        first, last: a model's input and its output, Keras tensors.

    Returns two lists: the tensors, and for each the positions of the tensors that the call which made it took.

    Raises InputError, naming the layer, for a model within the model and for a call with several outputs.
    """
    sources, waiting, tensors = {}, [last], {id(last): last}
    while waiting:
        tensor = waiting.pop()
        entering = [] if tensor is first else maker(tensor).input_tensors
        if tensor is not first:
            _check_call(maker(tensor))
        sources[id(tensor)] = [id(each) for each in entering]
        for each in entering:
            if id(each) not in tensors:
                tensors[id(each)] = each
                waiting.append(each)
    order = list(TopologicalSorter(sources).static_order())
    position = {key: number for number, key in enumerate(order)}
    return [tensors[key] for key in order], [[position[each] for each in sources[key]] for key in order]


def maker(tensor):
    """The node of Keras' graph that made a tensor: its `operation` is the layer."""
    history = tensor._keras_history  # Keras has no public name for who made a tensor
    return history.operation._inbound_nodes[history.node_index]


def input_of(model, layer):
    """What a layer takes in a model's graph, a Keras tensor; its own `input` may be that of another graph.

    Arguments:
        model: a flat keras.Model.
        layer: one of its layers, called once in it.
    """
    waiting, seen = list(model.outputs), set()
    while waiting:
        node = maker(waiting.pop())
        if node.operation is layer:
            return node.input_tensors[0]
        if id(node) not in seen:
            seen.add(id(node))
            waiting += node.input_tensors
    raise InputError(f"{described(layer)} has no part in what {model.name} puts out; build the model without it")


def described(layer):
    """A layer's name and kind, for messages."""
    return f"layer {layer.name!r} ({type(layer).__name__})"


def _check_call(node):
    layer = node.operation
    if isinstance(layer, keras.Model):
        raise InputError(
            f"layer {layer.name!r} is a model within the model; give arttl.models.flatten(model), or build it flat, as "
            "in keras.Model(base.input, head(base.output))"
        )
    if len(node.output_tensors) > 1 or not node.input_tensors:
        raise InputError(
            f"{described(layer)} has several outputs or none but constant inputs; put another in its place"
        )
