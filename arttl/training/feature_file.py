"""Rows of numbers by key in a file that only grows, so that no end of a process can damage what is there.

Each record is a key, float32 numbers and their checksum. What a killed process left half-written is overwritten.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path

import numpy as np

from arttl.base.errors import InputError

_CHECKSUM = 4  # bytes


class FeatureFile:
    """The file; it need not be there.

    Arguments:
        path: the file.
        length: numbers in a row.
    """

    def __init__(self, path, length):
        self.path = Path(path)
        self.record = np.dtype([("key", "V32"), ("row", "<f4", (length,)), ("checksum", "<u4")])

    def read(self, keys):
        """Rows by their keys.

        Arguments:
            keys: texts.

        Returns (float32 array (len(keys), length), boolean array of those that are there); other rows are undefined.
        """
        rows = np.empty((len(keys), *self.record["row"].shape), "float32")
        there = np.zeros(len(keys), bool)
        count = self._count()
        if not count:
            return rows, there
        records = np.memmap(self.path, self.record, "r", shape=(count,))
        held = np.ascontiguousarray(records["key"]).tobytes()
        places = {held[32 * place : 32 * (place + 1)]: place for place in range(count)}  # of equal keys the last
        for number, key in enumerate(keys):
            place = places.get(_digest(key))
            if place is not None and self._is_whole(records[place]):
                rows[number], there[number] = records[place]["row"], True
        return rows, there

    def append(self, keys, rows):
        """Add rows and see that they are on the disk; InputError when they do not go there.

        Only for who holds a lock: two that write at once would mix their records.
        """
        records = np.zeros(len(keys), self.record)
        for record, key, row in zip(records, keys, rows, strict=True):
            record["key"], record["row"] = np.void(_digest(key)), row
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

    def _is_whole(self, record):
        return zlib.crc32(record.tobytes()[:-_CHECKSUM]) == record["checksum"]


def _digest(key):
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
