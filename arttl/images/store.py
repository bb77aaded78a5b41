"""ImageStore: all images of a collection, decoded once into one file and read back as batches."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from arttl.base.errors import InputError
from arttl.base.files import csv_writer, whole_file
from arttl.base.locks import locked
from arttl.base.wording import shown, shown_path
from arttl.images.decoding import Decoding
from arttl.images.filling import VERSION, Filling
from arttl.images.identity import Files, identify_files
from arttl.images.once import Consumer, decode_once
from arttl.images.pixelfile import BAD, PixelFile
from arttl.images.reading import Reading


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

        `build_stores` of one decoding, with its arguments and errors.
        """
        options = {"files": files, "workers": workers, "skip_bad_images": skip_bad_images, "progress": progress}
        return build_stores(images, [decoding], folder, **options)[0]

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


def build_stores(
    images: Mapping[str, Path | str],
    decodings: Sequence[Decoding],
    folder: Path | str,
    *,
    files: Files | None = None,
    workers: int | None = None,
    skip_bad_images: bool = False,
    progress: bool = True,
    also: Sequence[Consumer] = (),
) -> list[ImageStore]:
    """The ImageStores of several decodings, for which every picture is opened once and decoded once.

    What an earlier build of the same images left in `folder` is reused. A build that was interrupted, or even killed,
    is continued. Where several processes build the same store, one does and the others wait. Pixels that another store
    in `folder` holds of a file of the same content, decoded alike, are copied; a store that this one supersedes, since
    files were mended or added, is then removed, unless it is read. Images that cannot be read are listed in
    `bad-images-....csv` beside the store (image_id, path, cause). Builds that do not skip them try them again.

    Arguments:
        images: image_id -> path of the picture.
        decodings: size, resize method and reading of each store; their `megapixels` are one.
        folder: where stores are kept; made if missing. Needs height * width * 3 bytes an image for each.
        files: `identify_files(images)`, where the caller knows it already.
        workers: threads that decode; default one for each processor this process may use.
        skip_bad_images: leave images that cannot be read out of the store instead of stopping. Default False.
        progress: tell on stderr how far it has come. Default True.
        also: other consumers of the decoded pictures.

    Returns them in the order of `decodings`. JPEGs for "antialiased" are decoded once for each scale that is wanted.

    Raises InputError if an image cannot be read and `skip_bad_images` is False, if none can, if there are none, or
    if `folder` cannot be written or is too full. What was decoded stays for the next build.
    """
    if not images:
        raise InputError("there are no images to decode: check the data folder and the collection's metadata")
    paths = {image_id: Path(images[image_id]) for image_id in sorted(images)}
    folder, files = Path(folder), files or identify_files(paths)
    fillings = {each: Filling(folder, list(paths), files, each, skip_bad_images) for each in decodings}
    with _disk_errors_named(folder):
        unfinished = [each for each in fillings.values() if not each.is_whole()]
        if unfinished or any(each.todo for each in also):
            folder.mkdir(parents=True, exist_ok=True)
            with ExitStack() as held:
                # In one order, so that no two processes wait for each other.
                for each in sorted(unfinished, key=lambda each: each.lock):
                    held.enter_context(locked(each.lock, waiting=partial(_say_waiting, each.lock, progress)))
                _fill(unfinished, also, paths, folder, decodings[0].megapixels, workers, progress)
        contents = {image_id: files.contents[image_id] for image_id in images}
        stores = {each: ImageStore(filling.file, contents, each) for each, filling in fillings.items()}
        reports = {each: _write_report(folder, store, paths) for each, store in stores.items()}
    for each, store in stores.items():
        if store.bad and (not skip_bad_images or not store.image_ids):
            raise InputError(_complaint(store, paths, reports[each]))
    return [stores[each] for each in decodings]


def _fill(
    fillings: Sequence[Filling],
    also: Sequence[Consumer],
    paths: Mapping[str, Path],
    folder: Path,
    megapixels: float | None,
    workers: int | None,
    progress: bool,
) -> None:
    """Continue or start these stores' files until nothing is left to do; `paths` is in their order, by id."""
    _refuse_full_disk(folder, sum(each.look() for each in fillings))
    with ExitStack() as writing:
        for each in fillings:
            file = each.begin()
            if each.todo:
                writing.enter_context(file)
                each.take_over()
        decode_once(paths, [*also, *fillings], megapixels=megapixels, workers=workers, progress=progress)
    for each in fillings:
        each.end()


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


def _write_report(folder: Path, store: ImageStore, paths: Mapping[str, Path]) -> Path:
    """List bad images by id, whole or not at all; no file where there are none. Returns its path."""
    path = folder / f"bad-images-{store.fingerprint[:12]}.csv"
    if not store.bad:
        if path.exists():
            path.unlink()
        return path
    text = io.StringIO()
    writer = csv_writer(text)
    writer.writerow(["image_id", "path", "cause"])
    writer.writerows([image_id, paths[image_id], store.bad[image_id]] for image_id in sorted(store.bad))
    content = text.getvalue().encode("utf-8", "surrogateescape")
    if path.exists() and path.read_bytes() == content:  # a store in a folder that is read-only by now can be reused
        return path
    with whole_file(path, "wb") as file:
        file.write(content)
    return path


def _complaint(store: ImageStore, paths: Mapping[str, Path], report: Path) -> str:
    first, cause = next(iter(store.bad.items()))
    number = f"{len(store.bad)} of {len(paths)} images" if store.image_ids else f"none of the {len(paths)} images"
    verb = "cannot" if store.image_ids else "can"
    remedy = "skip_bad_images=True goes on without them" if store.image_ids else "check the data folder"
    return (
        f"{number} {verb} be read, first {shown_path(paths[first])} ({shown(cause)}), all listed in {report}: {remedy}"
    )
