"""Saliency maps as PNG files: over the picture at its own size, and alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from arttl.base.files import whole_file
from arttl.base.names import distinct_names, safe_name
from arttl.images import decode_image
from arttl.images.overlay import overlay
from arttl.images.own_size import own_decoding

LARGEST = 2048  # pixels of an overlay's longer side


def save_maps(classifier, paths, folder, batch_size=32, progress=False):
    """Save the VisualBackProp map of each picture, NAME-overlay.png and NAME-map.png (grey, 255 where the map is 1).

    The overlay has the picture's own size, the longer side up to LARGEST; the map has that of what the network sees.
    Kernels are "even", so that no chequerboard lies over the picture.

    Arguments:
        classifier: a Classifier.
        paths: the pictures; those that cannot be read are passed over.
        folder: the folder, which exists. Files of the same name are replaced.
        batch_size: pictures in a forward pass.
        progress: tell on stderr how far it has come.

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
        maps = visual_backprop(classifier.model, pixels, kernel="even")
        for path, each in zip(readable, maps, strict=True):
            name = names[path]
            saved[path] = f"{name}-overlay.png"
            picture = decode_image(path, own_decoding(path, LARGEST, classifier.decoding))
            _save(Path(folder) / saved[path], overlay(picture, each))
            _save(Path(folder) / f"{name}-map.png", np.rint(each * 255.0).astype("uint8"))
    return saved


def file_names(paths):
    """A file name for each path, without suffix: safe on every system, in no folder, no two the same but for case."""
    return distinct_names({path: (safe_name(Path(path).stem), "") for path in paths})


def _save(path, pixels):
    with whole_file(path, "wb") as file:
        Image.fromarray(pixels).save(file, "PNG")
