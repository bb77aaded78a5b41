"""What the tests of the image store share."""

from __future__ import annotations

from pathlib import Path

import h5py

from arttl.images import Decoding, ImageStore, store

REPOSITORY = Path(store.__file__).parents[2]
DECODING = Decoding((8, 8))


def build(images, tmp_path, decoding=DECODING, **options):
    return ImageStore.build(images, decoding, tmp_path / "stores", progress=False, **options)


def forbid_decoding(monkeypatch):
    def refuse(path, decoding):
        raise AssertionError(f"{path} was decoded again")

    monkeypatch.setattr(store, "decode_image", refuse)


def done_rows(folder):
    partial = next(folder.glob("*.partial.h5"), None) if folder.exists() else None
    if partial is None:
        return 0
    with h5py.File(partial, "r", locking=False) as file:
        return int((file["state"][:] == 1).sum())
