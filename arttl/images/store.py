"""ImageStore: all images of a collection, decoded once into one file and read back as batches."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from arttl.base.bars import bar
from arttl.base.errors import InputError
from arttl.base.files import csv_writer, whole_file
from arttl.base.locks import locked
from arttl.base.wording import shown, shown_path
from arttl.base.workers import bounded_map, processors
from arttl.images.decoding import BadImage, Decoding, decode_image
from arttl.images.earlier import earlier_stores, lock_of, remove_superseded, take_over
from arttl.images.identity import Files, identify_files
from arttl.images.pixelfile import BAD, DONE, TODO, DamagedFile, PixelFile, lay_out
from arttl.images.reading import Reading

VERSION = 2  # of what decode_image makes of a file; nothing is reused of stores of another version
SYNC_SECONDS = 2.0  # how often finished rows are made safe: what a killed build has to do again


class ImageStore:
    """The readable images of a collection as uint8 RGB pixels of one size; make one with `ImageStore.build`.

    Attributes:
        image_ids: the readable images, in the order they were given.
        bad: image_id -> cause, for those that cannot be read, in the order they were given.
        fingerprint: SHA-256 (hexadecimal) of the decoding and of every image's id and content (`Files.fingerprint`).
        path: the HDF5 file.
        pixel_keys: for each of image_ids, what is the same for the same pixels alone: content and decoding, as text.

    Example:
        store = ImageStore.build({"a": "data/a.jpg", "b": "data/b.png"}, Decoding((224, 224)), "cache")
        pixels = store.read(store.rows(["b", "a"]))  # uint8 (2, 224, 224, 3)
    """

    def __init__(self, file: PixelFile, contents: Mapping[str, str | None], decoding: Decoding):
        self._file, self._reading = file, Reading(file.path)
        self.fingerprint, self.path = file.fingerprint, file.path
        image_ids = list(contents)
        in_file = {image_id: row for row, image_id in enumerate(sorted(image_ids))}
        bad_ids = [image_id for image_id in image_ids if file.state[in_file[image_id]] == BAD]
        self.bad = dict(zip(bad_ids, file.causes(in_file[image_id] for image_id in bad_ids), strict=True))
        self.image_ids = [image_id for image_id in image_ids if image_id not in self.bad]
        self.pixel_keys = [f"{VERSION} {decoding.label} {contents[image_id]}" for image_id in self.image_ids]
        self._positions = {image_id: position for position, image_id in enumerate(self.image_ids)}
        self._in_file = np.array([in_file[image_id] for image_id in self.image_ids], np.int64)

    @classmethod
    def build(
        cls,
        images: Mapping[str, Path | str],
        decoding: Decoding,
        folder: Path | str,
        *,
        files: Files | None = None,
        workers: int | None = None,
        skip_bad_images: bool = False,
        progress: bool = True,
    ) -> ImageStore:
        """Decode every image once, or reuse the file that an earlier build of the same images left in `folder`.

        A build that was interrupted, or even killed, is continued. Where several processes build the same store, one
        does and the others wait. Pixels that another store in `folder` holds of a file of the same content, decoded
        alike, are copied; a store that this one supersedes, since files were mended or added, is then removed, unless
        it is read. Images that cannot be read are listed in `bad-images-....csv` beside the store
        (image_id, path, cause). Builds that do not skip them try them again.

        Arguments:
            images: image_id -> path of the picture.
            decoding: size, resize method and reading.
            folder: where stores are kept; made if missing. Needs height * width * 3 bytes an image.
            files: `identify_files(images)`, where the caller knows it already.
            workers: threads that decode; default one for each processor this process may use.
            skip_bad_images: leave images that cannot be read out of the store instead of stopping. Default False.
            progress: tell on stderr how far it has come. Default True.

        Raises InputError if an image cannot be read and `skip_bad_images` is False, if none can, if there are none, or
        if `folder` cannot be written or is too full. What was decoded stays for the next build.
        """
        if not images:
            raise InputError("there are no images to decode: check the data folder and the collection's metadata")
        paths = {image_id: Path(images[image_id]) for image_id in sorted(images)}
        folder, files = Path(folder), files or identify_files(paths)
        fingerprint = fingerprint_of(decoding, files.fingerprint)
        leave_bad = skip_bad_images and decoding.megapixels is None  # another bound can let a large one in
        final = folder / f"images-{decoding.label}-{fingerprint[:12]}.h5"
        with _disk_errors_named(folder):
            file = _open(final, fingerprint)
            if file is None or _todo(file, leave_bad).size:
                folder.mkdir(parents=True, exist_ok=True)
                lock = lock_of(final)
                with locked(lock, waiting=partial(_say_waiting, lock, progress)):
                    file = _completed(final, paths, files, decoding, workers, leave_bad, progress)
            store = cls(file, {image_id: files.contents[image_id] for image_id in images}, decoding)
            report = folder / f"bad-images-{fingerprint[:12]}.csv"
            _write_report(report, {image_id: (paths[image_id], cause) for image_id, cause in store.bad.items()})
        if store.bad and (not skip_bad_images or not store.image_ids):
            raise InputError(_complaint(store, paths, report))
        return store

    def __len__(self) -> int:
        """How many images can be read."""
        return len(self.image_ids)

    def rows(self, image_ids: Iterable[str]) -> np.ndarray:
        """Positions in `image_ids`, int64 (n,), of these images, in their order.

        Raises ValueError if an image is unknown or bad.
        """
        image_ids = list(image_ids)
        missing = [image_id for image_id in image_ids if image_id not in self._positions]
        if missing:
            why = self.bad.get(missing[0], "unknown image_id")
            raise ValueError(
                f"{len(missing)} of {len(image_ids)} images are not in {self.path}, first {missing[0]!r} ({why})"
            )
        return np.fromiter((self._positions[image_id] for image_id in image_ids), np.int64, len(image_ids))

    def read(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """The pixels of these rows, in their order, which may repeat: uint8 (n, height, width, 3), a copy.

        Raises IndexError if a row is not a position in `image_ids`.
        """
        rows = np.asarray(rows)
        if not rows.size:
            rows = rows.astype(np.int64)
        if rows.dtype.kind not in "iu" or (rows.size and not 0 <= rows.min() <= rows.max() < len(self)):
            raise IndexError(f"rows must be positions below {len(self)} in the image_ids of {self.path}")
        return self._file.pixels[self._in_file[rows]]


def fingerprint_of(decoding: Decoding, files: str) -> str:
    """SHA-256 of the store's version, the decoding, and the fingerprint of the images' files."""
    facts = [VERSION, list(decoding.size), decoding.method, files]
    for value, usual in ((decoding.reading, "upright"), (decoding.fit, "stretch")):
        facts += [value] if value != usual else []  # stores from before there was a choice stay valid
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _open(path: Path, fingerprint: str) -> PixelFile | None:
    """The file, or None where there is none or it is damaged and so has to be made again."""
    if not path.exists():
        return None
    try:
        return PixelFile(path, fingerprint)
    except DamagedFile:
        return None


def _todo(file: PixelFile, skip_bad_images: bool) -> np.ndarray:
    """Rows to decode; bad ones again unless they are to be skipped, since permissions or a network may be mended."""
    return np.flatnonzero(file.state == TODO if skip_bad_images else file.state != DONE)


def _completed(
    final: Path,
    paths: Mapping[str, Path],
    files: Files,
    decoding: Decoding,
    workers: int | None,
    skip_bad_images: bool,
    progress: bool,
) -> PixelFile:
    """The store's file with nothing left to do, continued or started; `paths` is in the file's order, by id."""
    partial, fingerprint = final.with_suffix(".partial.h5"), fingerprint_of(decoding, files.fingerprint)
    contents = {image_id: files.contents[image_id] for image_id in paths}
    file = _open(final, fingerprint) or _open(partial, fingerprint)
    image_bytes = decoding.size[0] * decoding.size[1] * 3
    if file is None:
        _refuse_full_disk(final.parent, len(paths) * image_bytes)
        lay_out(partial, contents, decoding, fingerprint, VERSION)
        file = PixelFile(partial, fingerprint)
    todo = _todo(file, skip_bad_images)
    _refuse_full_disk(final.parent, len(todo) * image_bytes)
    former = fingerprint_of(decoding, files.fingerprint.former)
    earlier = earlier_stores(final, decoding.label, VERSION, contents, former)
    if todo.size:
        with file:
            take_over(file, todo.tolist(), list(contents.values()), earlier, SYNC_SECONDS)
            todo = _todo(file, skip_bad_images)
            _decode_rows(file, todo.tolist(), list(paths.values()), decoding, workers, progress)
    if file.path == partial:
        del file  # Windows renames no file that somebody has open
        os.replace(partial, final)
    remove_superseded(earlier, contents)
    return PixelFile(final, fingerprint)


def _decode_rows(
    file: PixelFile, rows: list[int], paths: list[Path], decoding: Decoding, workers: int | None, progress: bool
) -> None:
    """Decode these rows' images in parallel into the file, which is open for writing."""

    def decode(row: int) -> tuple[int, str | None]:
        try:
            file.write(row, decode_image(paths[row], decoding))
        except BadImage as error:
            return row, error.cause
        return row, None

    workers = workers or processors()
    outcomes: list[tuple[int, str | None]] = []
    synced = time.monotonic()
    told = bar(total=len(paths), initial=len(paths) - len(rows), desc="decoding images", shown=progress)
    try:
        with told, ThreadPoolExecutor(workers) as pool:
            for outcome in bounded_map(pool, decode, rows, 4 * workers):
                outcomes.append(outcome)
                told.update()
                if time.monotonic() - synced > SYNC_SECONDS:
                    file.settle(outcomes)
                    outcomes, synced = [], time.monotonic()
    finally:
        file.settle(outcomes)


def _say_waiting(lock: Path, progress: bool) -> None:
    if progress:
        print(f"waiting for another process that decodes the same images ({lock})", file=sys.stderr)


@contextmanager
def _disk_errors_named(folder: Path) -> Iterator[None]:
    """A full disk or an unwritable folder as InputError; pictures' own errors are BadImage by then."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"the image store in {folder} cannot be written: {error.strerror or error}; "
            "free space, mend its permissions or name another folder"
        ) from error


def _refuse_full_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"the image store in {folder} needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free: "
            "free space or name another folder"
        )


def _write_report(path: Path, bad: Mapping[str, tuple[Path, str]]) -> None:
    """List bad images by id at `path`, whole or not at all; no file where there are none."""
    if not bad:
        if path.exists():
            path.unlink()
        return
    text = io.StringIO()
    writer = csv_writer(text)
    writer.writerow(["image_id", "path", "cause"])
    writer.writerows([image_id, *bad[image_id]] for image_id in sorted(bad))
    content = text.getvalue().encode("utf-8", "surrogateescape")
    if path.exists() and path.read_bytes() == content:  # a store in a folder that is read-only by now can be reused
        return
    with whole_file(path, "wb") as file:
        file.write(content)


def _complaint(store: ImageStore, paths: Mapping[str, Path], report: Path) -> str:
    first, cause = next(iter(store.bad.items()))
    number = f"{len(store.bad)} of {len(paths)} images" if store.image_ids else f"none of the {len(paths)} images"
    verb = "cannot" if store.image_ids else "can"
    remedy = "skip_bad_images=True goes on without them" if store.image_ids else "check the data folder"
    return (
        f"{number} {verb} be read, first {shown_path(paths[first])} ({shown(cause)}), all listed in {report}: {remedy}"
    )
