"""Records by key in a file that only grows, so that no end of a process can damage what is there.

Each record is a key, its fields and their checksum. What a killed process left half-written is overwritten.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path

import numpy as np

from arttl.base.errors import InputError

_CHECKSUM = 4  # bytes


class RecordFile:
    """The file; it need not be there.

    Arguments:
        path: the file.
        fields: of a record, as numpy.dtype takes them, such as ("row", "<f4", (2048,)).
    """

    def __init__(self, path, *fields):
        self.path = Path(path)
        self.record = np.dtype([("key", "V32"), *fields, ("checksum", "<u4")])

    def records(self):
        """All that are there: a read-only array of `record`, left on the disk until somebody looks at it."""
        count = self._count()
        return np.memmap(self.path, self.record, "r", shape=(count,)) if count else np.empty(0, self.record)

    def places(self, keys):
        """Positions of whole records among `records`, by their keys.

        Arguments:
            keys: texts.

        Returns an int64 array; -1 where there is none.
        """
        records = self.records()
        held = np.ascontiguousarray(records["key"]).tobytes()
        known = {held[32 * place : 32 * (place + 1)]: place for place in range(len(records))}  # of equal keys the last
        places = np.fromiter((known.get(_digest(key), -1) for key in keys), np.int64, len(keys))
        for number in np.flatnonzero(places >= 0):
            record = records[places[number]]
            if zlib.crc32(record.tobytes()[:-_CHECKSUM]) != record["checksum"]:
                places[number] = -1
        return places

    def append(self, keys, **fields):
        """Add records and see that they are on the disk; InputError when they do not go there.

        Only for who holds a lock: two that write at once would mix their records.

        Arguments:
            keys: texts.
            **fields: each an array of a value a key.
        """
        records = np.zeros(len(keys), self.record)
        records["key"] = [np.void(_digest(key)) for key in keys]
        for name, values in fields.items():
            records[name] = values
        for record in records:
            record["checksum"] = zlib.crc32(record.tobytes()[:-_CHECKSUM])
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "ab") as file:
                file.truncate(self._count() * self.record.itemsize)
                file.write(records.tobytes())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be written ({error.strerror}); make room or choose another folder"
            ) from error

    def _count(self):
        """Number of records, without one that is half-written."""
        return self.path.stat().st_size // self.record.itemsize if self.path.exists() else 0


def _digest(key):
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
