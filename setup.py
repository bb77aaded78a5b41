"""Shim for tools that still call setup.py; the settings are in setup.cfg."""

from setuptools import setup

setup()
