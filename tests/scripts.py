"""What the tests of the experiment scripts share."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from arttl.runs import RunFolder

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
SMALL = ["--challenge", "type", "--architecture", "vgg19", "--weights", "none", "--image-size", "32", "--epochs", "2"]


def run_script(name, *line):
    """Run an experiment script in this process; returns its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [name, *map(str, line)])
        try:
            runpy.run_path(str(EXPERIMENTS / name), run_name="__main__")
        except SystemExit as end:
            return end.code or 0
    return 0


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


def run_folders(root):
    """Every started run below a folder, sorted."""
    return sorted(path.parent for path in root.rglob("config.json"))


def comparable(folder):
    """History and metrics of a run without its times."""
    history = RunFolder(folder).history().drop(columns="seconds")
    metrics = {key: value for key, value in RunFolder(folder).metrics().items() if "seconds" not in key}
    return history, metrics
