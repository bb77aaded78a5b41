"""The bytes of a file of tickets: an HDF5 file that is written whole and whose every part is checked on reading.

docs/tickets.md describes the layout field by field.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import zlib
from contextlib import contextmanager, suppress

import h5py
import numpy as np

from arttl.base.errors import InputError
from arttl.base.files import open_regular, partial_path

FORMAT = "arttl tickets 1"
DENSE, PACKED = "dense", "packed"
# From this version of HDF5 on, every structure of the file carries a checksum of its own.
_LIBRARY = ("v110", "v110")
_CHUNK = 2**20  # bytes; a chunk is also the unit in which the library decodes
_DAMAGE = (OSError, KeyError, TypeError, ValueError, AttributeError, RuntimeError, RecursionError, OverflowError)


def is_held(dtype):
    """Whether a file, in float32, holds numbers of a dtype exactly."""
    return np.can_cast(dtype, np.float32, "safe")


class _Sink(io.FileIO):
    """A file that takes what it cannot write as written, and remembers why it could not.

    The HDF5 library must not meet a full disk (see arttl.images.sparse_file): it is told afterwards.
    """

    failure = None

    def write(self, content):
        """Write all of the bytes, or seem to; returns their number."""
        view = memoryview(content).cast("B")
        end = self.tell() + len(view)
        try:
            while view:
                view = view[super().write(view) :]
        except OSError as error:
            self.failure = self.failure or error
            self.seek(end)
        return len(memoryview(content).cast("B"))

    def truncate(self, size=None):
        """Make the file so many bytes long, or seem to."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return size


def write(path, settings, blocks, kept=(), source=None):
    """Write a file of tickets, on the disk when this returns; whatever happens before, `path` is as it was.

    Arguments:
        path: the file.
        settings: dict that JSON can hold; NumPy's numbers and arrays count as Python's.
        blocks: dict of dataset name to (flat array, DENSE or PACKED).
        kept: names of the datasets that are copied as they are from `source`.
        source: a file of tickets; may be `path` itself.

    Raises InputError when it cannot be written.
    """
    with partial_path(path) as partial, _Sink(partial, "w+") as sink:
        try:
            _fill(sink, settings, blocks, kept, source)
        except (OSError, RuntimeError, ValueError):
            if not sink.failure:
                raise
        if sink.failure:
            raise sink.failure
        os.fsync(sink.fileno())
    with suppress(OSError):  # not every system lets one flush a folder; the file is whole in any case
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _fill(sink, settings, blocks, kept, source):
    text = json.dumps(settings, default=_plain).encode()
    with h5py.File(sink, "w", libver=_LIBRARY) as file:
        file.attrs.update(format=FORMAT, settings_crc32=zlib.crc32(text))
        file["settings"] = np.bytes_(text)
        for name, (array, how) in blocks.items():
            file.create_dataset(name, data=array, **(_packing(array) if how == PACKED else {}))
        if kept:
            with reading(source) as old:
                for name in kept:
                    old.copy(name, file)


def _packing(array):
    if not array.size:
        return {}
    chunk = min(array.size, _CHUNK // array.itemsize)
    # Higher levels of compression gain 5% on masks and nothing on weights, at several times the cost.
    return {"chunks": (chunk,), "compression": "gzip", "compression_opts": 1, "shuffle": True}


def _plain(value):
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be kept in a file of tickets, only what JSON can hold")


@contextmanager
def reading(path):
    """Open a file of tickets: yields a Reader.

    Raises InputError, one line, when the file is missing, foreign, of a later version, or damaged, also where that
    shows only inside the block.
    """
    try:
        open_regular(path).close()
        with h5py.File(path, "r", driver="sec2", locking=False) as file:
            # Of the file that is open: a writer may just have given its name to another.
            yield Reader(path, file, os.fstat(file.id.get_vfd_handle()).st_size)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; a search writes it (find_tickets)") from error
    except PermissionError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); change its permissions") from error
    except _DAMAGE as error:
        reason = " ".join(str(error.args[0] if error.args else error).split())
        raise InputError(
            f"{path} is damaged or not a file of tickets ({reason}); take it from a backup or search again"
        ) from error


class Reader:
    """An open file of tickets.

    Attributes:
        settings: the dict it was written with.
    """

    def __init__(self, path, file, size):
        self._file, self._size = file, size
        _check_format(path, file.attrs.get("format"))
        settings = self._dataset("settings")
        if settings.shape != () or settings.dtype.kind != "S":
            raise ValueError("its settings are not a text")
        text = settings[()]
        _check_sum("settings", text, file.attrs["settings_crc32"])
        self.settings = json.loads(text)
        shapes = [weight["shape"] for weight in self.settings["weights"]]
        if any(type(side) is not int or side < 0 for shape in shapes for side in shape):
            raise ValueError("the shape of a weight is not of whole numbers")
        self._most = sum(math.prod(shape) for shape in shapes)

    def read(self, name, count, dtype, checksum):
        """A flat array of the file.

        Arguments:
            name: of the dataset.
            count: numbers in it.
            dtype: theirs.
            checksum: CRC-32 of them.

        Raises ValueError, before anything is allocated where a size is not as it should be.
        """
        dense = self._dataset("theta_k")
        if dense.chunks is not None or dense.shape != (self._most,) or dense.dtype != np.float32:
            raise ValueError("theta_k does not hold the weights that the settings name")
        # What is packed expands to no more numbers than theta_k has, and those are really in the file.
        dataset = self._dataset(name)
        if dataset.shape != (count,) or dataset.dtype != dtype or count > self._most:
            raise ValueError(f"{name} does not hold {count} numbers of {np.dtype(dtype)}")
        array = np.empty(count, dtype)
        if count:
            dataset.read_direct(array)
        _check_sum(name, array, checksum)
        return array

    def copy(self, name, file):
        """Copy a dataset into another h5py.File, packed as it is."""
        self._dataset(name)
        self._file.copy(name, file)

    def _dataset(self, name):
        """A dataset whose bytes lie in this file and nowhere else."""
        link, dataset = self._file.get(name, getlink=True), self._file.get(name)
        if not isinstance(link, h5py.HardLink) or not isinstance(dataset, h5py.Dataset):
            raise ValueError(f"{name} is missing")
        if dataset.is_virtual or dataset.external or dataset.dtype.kind not in "Suf":
            raise ValueError(f"{name} lies elsewhere")
        if dataset.chunks is None:
            inside = dataset.nbytes == 0 or (dataset.id.get_offset() or self._size) + dataset.nbytes <= self._size
        else:
            inside = dataset.ndim == 1 and dataset.chunks[0] <= dataset.size
        if not inside:
            raise ValueError(f"{name} is larger than the file")
        return dataset


def _check_format(path, found):
    if found == FORMAT:
        return
    if isinstance(found, str) and re.fullmatch(r"arttl tickets \d{1,9}", found):
        raise InputError(f'{path} is of a later version ("{found}", this arttl reads "{FORMAT}"); update arttl')
    raise ValueError(f'its format is {str(found)[:60]!r}, not "{FORMAT}"')


def checksum(array):
    """CRC-32 of an array's bytes."""
    return zlib.crc32(memoryview(np.ascontiguousarray(array)).cast("B")) if np.size(array) else 0


def _check_sum(name, content, expected):
    found = zlib.crc32(content) if isinstance(content, bytes) else checksum(content)
    if found != expected:
        raise ValueError(f"{name} fails its checksum")
