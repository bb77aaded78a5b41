"""Files, gzip, tar and zip read into memory, never unpacked, and never further than the real file goes."""

from __future__ import annotations

import gzip
import os
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from arttl.base.files import open_regular
from arttl.base.wording import shown

# What the standard library raises on damaged archives. RuntimeError: encrypted zips, and headers nested too deeply.
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    tarfile.TarError,
    zipfile.BadZipFile,
)
MOST_TAR_BYTES = 200_000_000  # the larger official tar, of cifar-10-python, has 186 million
MOST_ZIP_BYTES = 64_000_000
MOST_HEADERS = 1_000  # the official archives have under ten members
MOST_HEADER_BYTES = 4_096  # of an extended (PAX or long-name) tar header
CHUNK = 1 << 20


class BadData(Exception):
    """A file that is not what it should be; `load_source` adds the remedy.

    Attributes:
        path: the file.
        cause: what is wrong, as the end of a sentence that starts with the file's name.
    """

    def __init__(self, path, cause):
        super().__init__(path, cause)
        self.path, self.cause = Path(path), cause


class _Bounded:
    """A reader that refuses to give more than `most` bytes, so that an archive cannot expand without end."""

    def __init__(self, file, path, most):
        self.file, self.path, self.left = file, path, most

    def read(self, size):
        content = self.file.read(max(0, min(size, self.left + 1)))
        self.left -= len(content)
        if self.left < 0:
            raise BadData(self.path, "holds more than the real one has, packed or not (a decompression bomb?)")
        return content


class _Header(tarfile.TarInfo):
    """A tar header, few and short: parsing extended ones takes time that grows with their square."""

    def _proc_member(self, archive):
        archive.headers = getattr(archive, "headers", 0) + 1
        extended = self.type not in tarfile.SUPPORTED_TYPES or self.type in (
            tarfile.GNUTYPE_LONGNAME,
            tarfile.GNUTYPE_LONGLINK,
        )
        if archive.headers > MOST_HEADERS or (extended and self.size > MOST_HEADER_BYTES):
            raise BadData(archive.name, "has more tar headers than the real one has")
        return super()._proc_member(archive)


def read_file(path, most):
    """A file's bytes, decompressed if it is gzip.

    Arguments:
        path: the file.
        most: bytes that the real file has, decompressed.

    Raises BadData when it is no regular file, empty, damaged or larger.
    """
    with _opened(path, most + CHUNK) as file:
        try:
            content = _unzipped(file, path, most).read(most + 1)
        except DAMAGE as error:
            raise BadData(path, f"is truncated or damaged ({cause_of(error)})") from error
    if not content:
        raise BadData(path, "is empty")
    return content


def tar_members(path, wanted):
    """The wanted members of a tar file (gzipped or not), in its order: yields (name, bytes).

    The archive is read as a stream, from front to end, and each member in memory: nothing is written anywhere.

    Arguments:
        path: the archive.
        wanted: exact member name to the most bytes it may have.

    Raises BadData when the archive is damaged, larger than the real one, holds a wanted member twice, or any that
    is a link, has an absolute name, or climbs with "..".
    """
    seen = set()
    with _opened(path, MOST_TAR_BYTES) as file:
        try:
            stream = _unzipped(file, path, MOST_TAR_BYTES)
            with tarfile.open(str(path), "r|", fileobj=stream, tarinfo=_Header) as archive:
                for member in archive:
                    name = safe_name(path, member.name)
                    if member.islnk() or member.issym():
                        raise BadData(path, f"holds a link ({shown(name)}), which the real one does not")
                    if name in wanted:
                        yield name, _member(path, archive, member, name, seen, wanted[name])
            while stream.read(CHUNK):  # to the end, where gzip keeps its checksum
                pass
        except DAMAGE as error:
            raise BadData(path, f"is no sound tar archive, or truncated ({cause_of(error)})") from error


def zip_members(path, wanted):
    """The wanted members of a zip file: a dict of name to bytes. Arguments and errors as `tar_members`."""
    found = {}
    with _opened(path, MOST_ZIP_BYTES) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    name = safe_name(path, member.filename)
                    if name not in wanted:
                        continue
                    _check_member(path, name, found, member.file_size, wanted[name])
                    with archive.open(member) as content:
                        found[name] = content.read(wanted[name] + 1)
        except (*DAMAGE, NotImplementedError) as error:
            raise BadData(path, f"is no sound zip archive, or truncated ({cause_of(error)})") from error
    return found


def starts_with(path, magic):
    """Whether a regular file starts with some bytes; BadData when it cannot be read."""
    with _opened(path, None) as file:
        return file.read(len(magic)) == magic


def cause_of(error):
    """What an exception says, on one short line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shown(" ".join(text.split()) or type(error).__name__)


def _opened(path, most):
    """Open a regular file of at most so many bytes."""
    try:
        file = open_regular(path)
    except (OSError, ValueError) as error:
        raise BadData(path, f"cannot be read ({cause_of(error)})") from error
    size = os.fstat(file.fileno()).st_size
    if most is not None and size > most:
        file.close()
        raise BadData(path, f"has {size:,} bytes, more than the real one")
    return file


def _unzipped(file, path, most):
    is_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return _Bounded(gzip.GzipFile(fileobj=file) if is_gzip else file, path, most)


def safe_name(path, name):
    """A member's name without a leading "./"; BadData for one that would leave the folder it is unpacked in."""
    windows = PureWindowsPath(name)  # which knows both slashes
    if windows.anchor or ".." in windows.parts:
        raise BadData(path, f"holds a member that climbs out of its folder ({shown(name)})")
    return str(PurePosixPath(name))


def _member(path, archive, member, name, seen, most):
    if not member.isreg():
        raise BadData(path, f"holds {shown(name)} as something else than a file")
    _check_member(path, name, seen, member.size, most)
    seen.add(name)
    return archive.extractfile(member).read()


def _check_member(path, name, seen, size, most):
    if name in seen:
        raise BadData(path, f"holds {shown(name)} twice")
    if not 0 < size <= most:
        raise BadData(path, f"holds {shown(name)} of {size:,} bytes, where the real one has 1 to {most:,}")
