"""Sparse weights on disk: the non-zero weights of a pruned network, in a small HDF5 file.

Layout: attribute `format`; `names` and `shapes` (padded with zeros) of the variables in order; `stored`, the
number of each one's non-zero weights, or -1 where it is kept dense. The weights of all variables lie end to
end: `values` (float16) and `gaps` (distance of each non-zero weight's flat index from the one before) of the
sparse ones, `dense` (float32) of the others. A load gives a dense model: what is not stored is zero.

Version 1 rounds `values` to float16. Version 2, which is read and no longer written, keeps them in float32 with a
checksum on each dataset: exact weights are a ticket's (arttl.pruning.ticket_file).
"""

from __future__ import annotations

import math

import h5py
import numpy as np

FORMAT = "arttl sparse weights 1"
EXACT = "arttl sparse weights 2"
_PACKED = {"compression": "gzip", "compression_opts": 9, "shuffle": True}


def is_sparse(path):
    """True for a file written by `save`; OSError if it is not HDF5 at all."""
    with h5py.File(path, "r") as file:
        return file.attrs.get("format") in (FORMAT, EXACT)


def names(path):
    """The variables of a file written by `save`, as a list of text."""
    with h5py.File(path, "r") as file:
        return file["names"].asstr()[()].tolist()


def save(path, arrays, metadata):
    """Write arrays to a sparse file.

    Arguments:
        path: the file.
        arrays: dict of variable path to array; one with at least a tenth of its weights zero is stored sparse,
            its values rounded to float16.
        metadata: dict of text, kept as attributes.
    """
    values, gaps, dense, stored = [], [], [], []
    for array in arrays.values():
        flat = np.ravel(array)
        index = np.flatnonzero(flat)
        sparse = len(index) <= 0.9 * flat.size  # two bytes and a gap are fewer than four
        stored.append(len(index) if sparse else -1)
        values.append(flat[index] if sparse else [])
        gaps.append(np.diff(index, prepend=0) if sparse else [])
        dense.append([] if sparse else flat)
    gaps = np.concatenate(gaps).astype("int64")
    longest = max([4, *(array.ndim for array in arrays.values())])
    shapes = [tuple(array.shape) + (0,) * (longest - array.ndim) for array in arrays.values()]
    values = np.concatenate(values).astype("float16")
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": FORMAT, **metadata})
        file["names"] = list(arrays)
        file["shapes"] = np.array(shapes, "int32")
        file["stored"] = np.array(stored, "int32")
        file.create_dataset("values", data=values, **_PACKED)
        file.create_dataset("gaps", data=gaps.astype(np.min_scalar_type(gaps.max(initial=0))), **_PACKED)
        file.create_dataset("dense", data=np.concatenate(dense).astype("float32"), **_PACKED)


def read(path, shapes=None):
    """Return a dict of variable path to dense float32 array.

    Arguments:
        path: a file written by `save`.
        shapes: dict of variable path to the shape expected; ValueError names the first variable that is
            missing, left over or of another shape, before anything of that size is allocated.
    """
    with h5py.File(path, "r") as file:
        names = file["names"].asstr()[()]
        found = {n: tuple(side for side in s if side) for n, s in zip(names, file["shapes"][()].tolist(), strict=True)}
        for name in sorted(found.keys() | (shapes or found).keys()):
            if shapes is not None and found.get(name) != shapes.get(name):
                raise ValueError(f"{name}: {found.get(name, 'missing')} in the file, {shapes.get(name, 'none')} here")
        stored = file["stored"][()]
        values, gaps, dense = file["values"][()], file["gaps"][()], file["dense"][()]
    arrays, sparse_at, dense_at = {}, 0, 0
    for (name, shape), count in zip(found.items(), stored.tolist(), strict=True):
        size = math.prod(shape)
        if count < 0:
            array, dense_at = dense[dense_at : dense_at + size], dense_at + size
        else:
            array, part = np.zeros(size, "float32"), slice(sparse_at, sparse_at + count)
            array[np.cumsum(gaps[part], dtype="int64")] = values[part]
            sparse_at += count
        arrays[name] = array.reshape(shape)
    return arrays
