"""Small things that several tests use. Real layers, small sizes, no network."""

import logging
import os

import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").setLevel(logging.ERROR)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """An empty Keras cache, with no network to fill it."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


def write_class_folders(folder, classes, images, size=40, seed=0):
    """Class folders of JPEGs whose colour tells the class; returns the folder."""
    rng = np.random.default_rng(seed)
    for index, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(images):
            pixels = rng.integers(0, 120, (size, size, 3), dtype="uint8")
            pixels[..., index % 3] += 120
            Image.fromarray(pixels).save(folder / name / f"{number:03d}.jpg")
    return folder
