"""What setup.cfg cannot say: experiments/ is a part of the package too, where `arttl train` finds its scripts."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["arttl", "arttl.*"]), "arttl.experiments"],
    package_dir={"arttl.experiments": "experiments"},
)
