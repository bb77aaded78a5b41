"""Keras without the start-up chatter of its backend."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from importlib.util import find_spec

from arttl.base.errors import InputError

BACKENDS = ("tensorflow", "jax", "torch")


def check_backend():
    """Raise InputError where the variable KERAS_BACKEND names what is no backend of Keras, or not installed."""
    name = os.environ.get("KERAS_BACKEND")
    if not name:
        return  # keras.json decides, and importing Keras tells
    if name not in BACKENDS:
        raise InputError(f"KERAS_BACKEND is {name!r}; set it to one of {', '.join(BACKENDS)}, or unset it")
    if find_spec(name) is None:
        raise missing_backend(name)


def missing_backend(name):
    """The InputError about a backend that is not installed."""
    extra = "arttl" if name == BACKENDS[0] else f"arttl[{name}]"
    others = ", ".join(each for each in BACKENDS if find_spec(each) is not None)
    remedy = f", or set KERAS_BACKEND to what is ({others})" if others else ""
    return InputError(f"Keras' backend {name} is not installed; pip install '{extra}'{remedy}")


def import_keras_quietly():
    """Import Keras without TensorFlow's start-up chatter, which no log level silences; errors are still shown.

    Raises InputError as `check_backend`.
    """
    check_backend()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            chatter.seek(0)
            os.write(terminal, chatter.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
