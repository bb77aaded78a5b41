"""Sources as Keras keeps and downloads them. Keras itself is imported for a download only.

The addresses, checksums and places are those of keras.datasets, so that neither downloads what the other has. Its
`load_data` is not called, since before Keras had a restricted unpickler it ran whatever a cached pickle asked for.
"""

from __future__ import annotations

import os
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.wording import shown_path
from arttl.sources.catalogue import IDX_FILES


def find_in_keras(entry):
    """Where Keras keeps a source, after a download if need be.

    Arguments:
        entry: of SOURCES.

    Returns (path, origin): what to read, and for people where it came from.

    Raises InputError when it cannot be downloaded; the message says which file to get from where.
    """
    home = Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))
    for place in entry.cached:
        path = home / "datasets" / place
        if os.path.isfile(path) or (os.path.isdir(path) and (entry.name != "fashion_mnist" or _is_whole(path))):
            return path, f"Keras' cache, {shown_path(path)}"
    path = _download(entry, home)
    return path, f"downloaded by Keras from {entry.downloads[0].url} to {shown_path(path)}"


def _is_whole(folder):
    return all(os.path.isfile(folder / f"{name}.gz") for names in IDX_FILES.values() for name in names)


def _download(entry, home):
    try:
        import keras

        home.mkdir(parents=True, exist_ok=True)  # else Keras would use a folder in /tmp
        paths = [
            Path(
                keras.utils.get_file(
                    download.name,
                    download.url,
                    cache_subdir=download.folder,
                    file_hash=download.sha256,
                    extract=download.extract,
                    cache_dir=str(home),
                )
            )
            for download in entry.downloads
        ]
    # Keras raises a plain Exception when a download fails and ValueError when the checksum does not fit.
    except Exception as error:
        raise InputError(
            f"{entry.title} is not in Keras' cache ({shown_path(home)}) and cannot be downloaded "
            f"({shown_path(' '.join(str(error).split()))}); {advice(entry)}"
        ) from error
    return paths[0] if len(paths) == 1 else paths[0].parent


def advice(entry):
    """What to get, from where, and how to name it."""
    given = "their folder" if "," in entry.files else "it, or its folder"
    text = f"get {entry.files} from {entry.homepage} and give {given}"
    if entry.name == "fashion_mnist":
        text += (
            "; or install Debian's dataset-fashion-mnist and give /usr/share/datasets/fashion-mnist; or give "
            "'bundled' for the subset of 6,000 images"
        )
    return text
