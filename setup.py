"""What setup.cfg cannot say: experiments/ is a part of the package too, where `arttl train` finds its scripts; and the
backend that KERAS_BACKEND names, by which Keras chooses one, is installed in the place of TensorFlow.
"""

import os
from configparser import ConfigParser

from setuptools import find_packages, setup

BACKENDS = ("tensorflow", "jax", "torch")


def requirements():
    """Those of setup.cfg, with the backend in the place of TensorFlow."""
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend not in BACKENDS:
        raise SystemExit(f"error: KERAS_BACKEND is {backend!r}; set it to one of {', '.join(BACKENDS)}, or to nothing")
    config = ConfigParser()
    config.read("setup.cfg")
    listed = config["options"]["install_requires"].split("\n")
    return [backend if each.startswith("tensorflow") and backend != "tensorflow" else each for each in listed if each]


setup(
    packages=[*find_packages(include=["arttl", "arttl.*"]), "arttl.experiments"],
    package_dir={"arttl.experiments": "experiments"},
    install_requires=requirements(),
)
