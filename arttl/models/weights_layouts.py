"""The layouts of weights files: which layers with which arrays a file holds. Nothing of a file is run."""

from __future__ import annotations

import re

import h5py
import keras

from arttl.models import sparse
from arttl.models.flat import leaves
from arttl.models.keras2018 import today_name
from arttl.models.keras2018.batch_normalization import SHADOWS

_OWN = "batch_normalization2018"


def read_layers(path, base):
    """The layers with weights of a file, in order, as pairs of name and arrays; a head of any size may come last.

    Arguments:
        path: a whole model (.keras or .h5, nested ones among them), or weights (.h5, .weights.h5, sparse .h5).
        base: the keras.Model that they are for.

    Raises ValueError, KeyError or OSError for a file that is none of these or does not fit.
    """
    if path.suffix == ".keras":
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        pairs = layers_with_weights(model)
        return [(layer.name, [keras.ops.convert_to_numpy(each) for each in stored]) for layer, stored in pairs]
    if sparse.is_sparse(path):
        return _read_sparse(path, base)
    with h5py.File(path, "r") as file:
        if "layer_names" in file.attrs:
            return _read_legacy(file)
        if "model_weights" in file:
            return _read_legacy(file["model_weights"])
        if "layers" in file:
            return _read_keras3(file["layers"], base)
        raise ValueError(f"it holds {', '.join(list(file)[:5]) or 'nothing'}, in no layout that Keras writes")


def layers_with_weights(model):
    """Pairs of a layer and those of its variables that files hold, in order; statistics of pixels are left out."""
    layers = (each for each in leaves(model) if not isinstance(each, keras.layers.Normalization))
    pairs = ((layer, [each for each in layer.weights if each.name not in SHADOWS]) for layer in layers)
    return [(layer, stored) for layer, stored in pairs if stored]


def _read_legacy(group):
    """The layout of Keras 1 and 2, in which a model within the model has one entry with all of its weights."""
    layers = {}
    for entry in map(_text, group.attrs["layer_names"]):
        names = [_text(name) for name in group[entry].attrs["weight_names"]]
        owners = [name.split("/")[-2] if "/" in name else entry for name in names]
        whole = len(set(owners)) < 2
        for name, owner in zip(names, owners, strict=True):
            if name.split("/")[-1].partition(":")[0] not in SHADOWS:
                layers.setdefault(entry if whole else owner, []).append(group[entry][name][()])
    return list(layers.items())


def _text(name):
    return name.decode() if isinstance(name, bytes) else str(name)


def _read_keras3(group, base):
    """The layout of Keras 3, which numbers the layers of each class and keeps their names beside."""
    found = {}

    def visit(path, entry):
        if isinstance(entry, h5py.Group) and path.endswith("vars") and len(entry):
            place, _, kind = path.removesuffix("/vars").rpartition("/")
            kind, number = re.fullmatch(r"(.+?)(?:_(\d+))?", kind).groups(default="0")
            arrays = [entry[key][()] for key in sorted(entry, key=int)]
            if kind == _OWN and len(arrays) > 4:
                arrays = arrays[: -len(SHADOWS)]
            name = _text(entry.attrs.get("name", entry.parent.attrs.get("name", path)))
            found.setdefault(kind.removesuffix("2018"), []).append((place, int(number), name, arrays))

    group.visititems(visit)
    ours = [_snake_case(type(layer).__name__).removesuffix("2018") for layer, _ in layers_with_weights(base)]
    for kind in dict.fromkeys(ours):
        if len(found.get(kind, ())) != ours.count(kind):
            held = ", ".join(f"{len(each)} {name}" for name, each in found.items()) or "no layers"
            raise ValueError(f"it holds {held}, and {ours.count(kind)} {kind} are wanted")
    queues = {kind: iter(sorted(found[kind], key=lambda each: each[:2])) for kind in set(ours)}
    return [next(queues[kind])[2:] for kind in ours]


def _snake_case(name):
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _read_sparse(path, base):
    layers = [(today_name(layer.name), stored) for layer, stored in layers_with_weights(base)]
    names = {name: [f"{name}/{variable.name}" for variable in stored] for name, stored in layers}
    shapes = {f"{name}/{variable.name}": tuple(variable.shape) for name, stored in layers for variable in stored}
    arrays = sparse.read(path, shapes)
    return [(name, [arrays[each] for each in paths]) for name, paths in names.items()]
