"""A file in memory that takes room only where something was written, to be put on a disk in one go."""

from __future__ import annotations

import io
import os

PAGE = 4096


class SparseFile(io.RawIOBase):
    """A file as h5py takes it for one. Writing to it cannot fail half-way, as it can on a disk.

    The HDF5 library must not meet a full disk: it leaves objects that it cannot close, and may end the process with a
    segmentation fault (seen with HDF5 1.14 and h5py 3).
    """

    def __init__(self):
        super().__init__()
        self._pages: dict[int, bytearray] = {}
        self._position = self._size = 0

    def readable(self):
        """Always."""
        return True

    def writable(self):
        """Always."""
        return True

    def seekable(self):
        """Always."""
        return True

    def seek(self, offset, whence=os.SEEK_SET):
        """Go to a position, which is returned."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def truncate(self, size=None):
        """Make the file so many bytes long; returns them."""
        self._size = self._position if size is None else size
        return self._size

    def readinto(self, buffer):
        """Fill the buffer from the position on, as far as the file goes; returns the number of bytes."""
        count = max(0, min(len(buffer), self._size - self._position))
        for number, part, done in self._parts(count):
            page = self._pages.get(number)
            buffer[done : done + part.stop - part.start] = bytes(part.stop - part.start) if page is None else page[part]
        self._position += count
        return count

    def write(self, content):
        """Write all of the bytes at the position; returns their number."""
        content = memoryview(content).cast("B")
        for number, part, done in self._parts(len(content)):
            page = self._pages.setdefault(number, bytearray(PAGE))
            page[part] = content[done : done + part.stop - part.start]
        self._position += len(content)
        if content:  # nothing, written past the end, makes no file longer
            self._size = max(self._size, self._position)
        return len(content)

    def save(self, path):
        """Put it on a disk, sparse as it is; OSError, and no file, when it does not go there."""
        try:
            with open(path, "wb") as file:
                for number, page in sorted(self._pages.items()):
                    file.seek(number * PAGE)
                    file.write(page)
                file.truncate(self._size)
        except OSError:
            path.unlink(missing_ok=True)
            raise

    def _parts(self, count):
        """(page, slice of it, bytes before) of each page that `count` bytes from the position on are in."""
        done = 0
        while done < count:
            number, start = divmod(self._position + done, PAGE)
            stop = min(PAGE, start + count - done)
            yield number, slice(start, stop), done
            done += stop - start
