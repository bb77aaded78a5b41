"""What readers of README and docs/ have, in small, under the names that the pages give it: for the pages' commands."""

import gzip
import shutil

import keras
import numpy as np
from report_runs import write_run
from scripts import write_class_folders
from shared_classifiers import hand_made_run
from source_files import cifar10_python, cifar100_python, mnist_arrays, some_batches, write_folder, write_idx, write_tar

SIDE, CLASSES, KINDS = 8, 3, ("etching", "painting", "print")
CLASS_FOLDERS = ("my-photographs", "my-collection", "DATA", "DIR", "FOLDER", "SOURCE", "TARGET")
TABLES = {  # of a folder to its CSV's first line, and the label of a picture in it
    "museum": "file,painter",
    "drawings": "file;kind",
    "rijks2014": ",ImageId,dc_creator,dc_materiaal,dc_type",
    "antwerp": ",ImageId,dc_creator,dc_materiaal,dc_type",
}
CUT = ("artist-classification-1", "artist-classification-2", "type-classification")
TARGETS = ("human-lba", "lung-tissues", "mouse-lba", "bone-marrow", *CUT)
IMAGES = 20
"""Of each class, so that each part of a split has some of it."""
SHARED_RUN = "runs/ch1/rijks/type/resnet50/{}/seed-42"


def network():
    """One convolution, one BatchNormalization and a head."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Conv2D(8, 3, name="conv"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(CLASSES, "softmax", name="head"),
        ]
    )


def write_all(folder):
    """Everything that the pages take for granted; returns the folder."""
    for number, name in enumerate((*CLASS_FOLDERS, *TABLES)):
        write_class_folders(folder / name, KINDS, IMAGES, size=16, seed=number)
    for name, header in TABLES.items():
        _write_table(folder / name, header)
    for number, name in enumerate(TARGETS):
        for part in ("train", "val", "test"):
            write_class_folders(folder / name / part, KINDS, 4, size=16, seed=20 + 3 * number + len(part))
    batches = some_batches(rows=40)
    write_tar(folder / "cifar-10-python.tar.gz", cifar10_python(batches))
    write_keras_cache(folder / "keras" / "datasets", batches)
    for challenge, name in (("artist", "museum"), ("material", "rijks2014"), ("artist", "antwerp")):
        options = {"experiment": "antwerp", "source": "imagenet"} if name == "antwerp" else {}
        write_run(folder / "runs", challenge, collection=name, **options)
    for approach in ("off-the-shelf", "fine-tuning"):
        hand_made_run(folder / SHARED_RUN.format(approach), small_network(), labels=KINDS)
    return folder


def small_network():
    """A convolution and a head: it has a map for VisualBackProp."""
    pixels = keras.Input((32, 32, 3))
    maps = keras.layers.Conv2D(4, 3, activation="relu")(pixels)
    return keras.Model(pixels, keras.layers.Dense(len(KINDS), "softmax")(keras.layers.GlobalAveragePooling2D()(maps)))


def write_keras_cache(folder, batches):
    """The natural sources where Keras keeps them, with as few images as there can be in a stratified split."""
    write_folder(folder / "cifar-10-batches-py-target", cifar10_python(batches))
    write_tar(folder / "cifar-100-python.tar.gz", cifar100_python(some_batches(2, rows=400)))
    write_idx(folder / "fashion-mnist", mnist_arrays(200, 50), ".gz", gzip.compress)
    np.savez(folder / "mnist.npz", **mnist_arrays(200, 50))


def _write_table(folder, header):
    """Make class folders a table beside a folder of images, whose labels are what the folders were called."""
    pictures = sorted(folder.glob("*/*.jpg"))
    (folder / "images").mkdir()
    rows = []
    for number, picture in enumerate(pictures):
        name, label = f"{number:05d}.jpg", picture.parent.name
        picture.rename(folder / "images" / name)
        dublin = f"{number},{name}, {label} (maker), papier{number % 3}, {label}"
        rows.append(dublin if header.startswith(",") else header[4].join((name, label)))
    for kind in KINDS:
        shutil.rmtree(folder / kind)
    (folder / "metadata.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
