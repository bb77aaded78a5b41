"""Saliency maps as PNG files: over the picture as the network sees it, and alone."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from arttl.files import whole_file
from arttl.splits import safe_name

COLOURS = "turbo"
STRENGTH = 0.7  # of the colour where the map is 1; where it is 0 the picture is as it was


def save_maps(classifier, paths, folder, batch_size=32, progress=False):
    """Save the VisualBackProp map of each picture, NAME-overlay.png and NAME-map.png (grey, 255 where the map is 1).

    Arguments:
        classifier: a Classifier.
        paths: the pictures; those that cannot be read are passed over.
        folder: the folder, which exists. Files of the same name are replaced.
        batch_size: pictures in a forward pass.
        progress: show a bar on stderr if that is a terminal.

    Returns a dict of path to the name of its overlay, relative to the folder.

    Raises InputError for a network that has no such maps, and when a file cannot be written.

    Source: Bojarski et al., VisualBackProp, ICRA 2018 (arXiv 1611.05418).
    """
    from arttl.saliency import visual_backprop

    names, saved = file_names(paths), {}
    for batch, pixels in classifier.batches(paths, batch_size, True, progress, "saliency maps"):
        if not len(pixels):
            continue
        readable = [path for path, cause in batch if not cause]
        maps = visual_backprop(classifier.model, pixels)
        for path, image, each in zip(readable, pixels, maps, strict=True):
            name = names[path]
            saved[path] = f"{name}-overlay.png"
            _save(Path(folder) / saved[path], overlay(image, each))
            _save(Path(folder) / f"{name}-map.png", _to_bytes(each * 255.0))
    return saved


def overlay(image, saliency):
    """A picture with its map in colours over it, the more opaque the higher the map.

    Arguments:
        image: uint8 (height, width, 3).
        saliency: float (height, width) in [0, 1].

    Returns uint8 (height, width, 3).
    """
    colours = matplotlib.colormaps[COLOURS](saliency)[..., :3] * 255.0
    opacity = STRENGTH * np.asarray(saliency, "float64")[..., None]
    return _to_bytes((1 - opacity) * image + opacity * colours)


def file_names(paths):
    """A file name for each path, without suffix: safe on every system, in no folder, no two the same but for case."""
    used, names = set(), {}
    for path in paths:
        stem = safe_name(Path(path).stem)
        name, number = stem, 1
        while name.casefold() in used:
            number += 1
            name = f"{stem}-{number}"
        used.add(name.casefold())
        names[path] = name
    return names


def _to_bytes(values):
    return np.rint(values).astype("uint8")


def _save(path, pixels):
    with whole_file(path, "wb") as file:
        Image.fromarray(pixels).save(file, "PNG")
