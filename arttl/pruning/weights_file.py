"""A pruned model's weights alone, in a file that holds only the non-zero ones."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from arttl.base.errors import InputError
from arttl.base.files import partial_path
from arttl.models import sparse
from arttl.pruning.names import names_here
from arttl.pruning.weights import weight_variables


def save_sparse(model, path):
    """Write all weights of a model to a sparse HDF5 file, exactly (arttl.models.sparse, version 2).

    Arguments:
        model: a built keras.Model.
        path: the file; it appears whole or not at all.

    Raises InputError when the file cannot be written, or a weight has values that float32 does not hold.

    Example:
        >>> save_sparse(model, "ticket.h5")
        >>> ticket = load_sparse(keras.models.clone_model(model), "ticket.h5")
    """
    arrays = {}
    for name, variable in weight_variables(model).items():
        array = keras.ops.convert_to_numpy(variable)
        arrays[name] = array.astype("float32")
        if not np.array_equal(array, arrays[name].astype(array.dtype), equal_nan=array.dtype.kind == "f"):
            raise InputError(f"weight {name} is {array.dtype} and float32 does not hold it; save with model.save")
    with partial_path(path) as partial:
        sparse.save(partial, arrays, {}, exact=True)


def load_sparse(model, path):
    """Set all weights of a model from a file that `save_sparse` wrote.

    Arguments:
        model: a keras.Model built as the one that was saved, its layers of the same names, but for Keras' numbers.
        path: the file.

    Returns the model.

    Raises InputError, and changes nothing, when the file cannot be read, is damaged, or is another network's.
    """
    path, variables = Path(path), weight_variables(model)
    if not path.is_file():
        raise InputError(f"weights file {path} does not exist; write it with save_sparse")
    try:
        if not sparse.is_sparse(path):
            raise InputError(f"weights file {path} was not written by save_sparse; load it with model.load_weights")
        theirs = {here: name for name, here in names_here(sparse.names(path), model).items()}
        arrays = sparse.read(path, {theirs.get(name, name): tuple(each.shape) for name, each in variables.items()})
    except InputError:
        raise
    except ValueError as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"weights file {path} does not fit model {model.name!r} ({reason}); build that one") from error
    except (OSError, KeyError, IndexError, TypeError) as error:
        raise InputError(f"weights file {path} is damaged or not HDF5; write it again with save_sparse") from error
    for name, variable in variables.items():
        variable.assign(arrays[theirs[name]])
    return model
