"""Models within the model: the layers of all of them in order, and one flat model of the same layers."""

from __future__ import annotations

import inspect
from functools import partial

import keras

from arttl.base.errors import InputError
from arttl.models.walk import maker


def flatten(model):
    """The model without models within it: the same layers, called in the same way in one flat graph.

    Keras' guides put a backbone, or augmentation, as one layer into a model. Saliency maps, compaction and masks look
    at single layers and want them side by side.

    Arguments:
        model: a keras.Model with a graph, such as a functional one or a Sequential begun with keras.Input.

    Returns a keras.Model with the same inputs and outputs. It **shares** the layers, so that weights set or trained in
    one are those of the other, and is not compiled. A model that is flat already is returned as it is.

    Raises InputError, naming the model, for one without a graph (a subclass of keras.Model that has its own `call`),
    and for two layers of one name.

    Example:
        >>> maps = arttl.saliency.visual_backprop(arttl.models.flatten(model), images)
    """
    check_graph(model)
    if not any(isinstance(layer, keras.Model) for layer in model.layers):
        return model
    inputs = new_inputs(model)
    outputs = through(model, inputs)
    names = [layer.name for layer in leaves(model)]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise InputError(f"two layers of {model.name!r} are called {twice!r}; give one of them another name")
    return keras.Model(inputs, outputs, name=model.name)


def leaves(model):
    """The layers of a model and of the models within it, in order and each once; none is a model or an input."""
    found = {}
    for layer in model.layers:
        found |= dict.fromkeys(leaves(layer) if isinstance(layer, keras.Model) else [layer])
    return [layer for layer in found if not isinstance(layer, keras.layers.InputLayer)]


def check_graph(model):
    """Raise InputError for a model without a graph, one that is not built yet among them."""
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise InputError(
            f"model {model.name!r} has no graph; begin it with keras.Input, or build it as keras.Model(inputs, outputs)"
        )


def new_inputs(model):
    """Keras tensors to call a model's layers on, as it takes them, of the same names, shapes and dtypes."""
    return keras.tree.map_structure(
        lambda x: keras.Input(batch_shape=x.shape, dtype=x.dtype, name=maker(x).operation.name), _structure(model)
    )


def _structure(model):
    """The inputs as the model takes them: one tensor, a list or a dict."""
    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input


def through(model, inputs, training=None, put=lambda operation: operation):
    """What a model makes of Keras tensors, with the models within it entered.

    Arguments:
        model: a keras.Model.
        inputs: as the model takes them.
        training: what it is called with; None where nothing is said.
        put: a function of a layer or operation that gives what is called in its place.
    """
    check_graph(model)
    call = partial(_called, training=training, put=put)
    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            inputs = call(layer, inputs)
        return inputs
    # What keras.models.clone_model does to go through a graph; that one would make a graph of its own.
    return model._run_through_graph(inputs, call_fn=call)


def _called(operation, *args, training=None, put, **kwargs):
    """An operation's outputs; a model's are those of its layers."""
    said = kwargs.pop("training", None)
    training = training if said is None else said
    if isinstance(operation, keras.Model):
        check_graph(operation)
        inputs = args[0] if args else kwargs["inputs"]
        return through(operation, keras.tree.map_structure(_cast, inputs, _structure(operation)), training, put)
    if training is not None and "training" in inspect.signature(operation.call).parameters:
        kwargs["training"] = training
    return put(operation)(*args, **kwargs)


def _cast(tensor, wanted):
    """The tensor in the dtype that a model's input has, to which the model would have cast it."""
    return tensor if tensor.dtype == wanted.dtype else keras.ops.cast(tensor, wanted.dtype)
