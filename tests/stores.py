"""What the tests of the image store share."""

from __future__ import annotations

from pathlib import Path

import h5py

from arttl.images import Decoding, ImageStore, once

REPOSITORY = Path(once.__file__).parents[2]
DECODING = Decoding((8, 8))


def build(images, tmp_path, decoding=DECODING, **options):
    return ImageStore.build(images, decoding, tmp_path / "stores", progress=False, **options)


def before_decoding(monkeypatch, do):
    """Have `do` called with the path of each picture before it is opened and decoded."""
    read = once.read_picture

    def read_picture(path, megapixels, wanted):
        do(path)
        return read(path, megapixels, wanted)

    monkeypatch.setattr(once, "read_picture", read_picture)


def forbid_decoding(monkeypatch):
    def refuse(path):
        raise AssertionError(f"{path} was decoded again")

    before_decoding(monkeypatch, refuse)


def done_rows(folder):
    partial = next(folder.glob("*.partial.h5"), None) if folder.exists() else None
    if partial is None:
        return 0
    with h5py.File(partial, "r", locking=False) as file:
        return int((file["state"][:] == 1).sum())
