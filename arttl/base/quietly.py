"""Keras without the start-up chatter of its backend, and as fast as it can be on this processor."""

from __future__ import annotations

import logging
import os
import platform
import sys
import tempfile
from importlib.util import find_spec

from arttl.base.errors import InputError

BACKENDS = ("tensorflow", "jax", "torch")

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""TensorFlow has it on where the processor multiplies small integers (AVX-512 VNNI, AMX) and off on all others of
x86-64, whose steps take 1.7 to 2.9 times as long without (docs/performance.md)."""

X86_64 = ("x86_64", "amd64")  # as Linux, macOS and Windows name it

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # what glibc's malloc.h calls M_TRIM_THRESHOLD and M_MMAP_MAX


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

    TensorFlow computes by oneDNN, unless the variable TF_ENABLE_ONEDNN_OPTS says otherwise; with PyTorch the memory of
    tensors that are done with is kept for the next ones. Neither changes a number but by rounding.

    Raises InputError as `check_backend`.
    """
    check_backend()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    compute_by_onednn()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            import keras
        except BaseException:
            chatter.seek(0)
            os.write(terminal, chatter.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
    if keras.backend.backend() == "torch":
        keep_freed_memory()


def compute_by_onednn():
    """Have TensorFlow, when it is imported, compute by oneDNN where it has it; a variable that is set already stays."""
    if platform.machine().lower() in X86_64:
        os.environ.setdefault(ONEDNN, "1")


def keep_freed_memory():
    """Have glibc keep the memory that is freed, where no variable of its own says otherwise.

    It would hand the memory of large tensors back to the kernel, and ask for it again a moment later, page by page:
    a step of PyTorch's takes half as long again. TensorFlow's gains a tenth on small images and loses as much on large.

    Returns whether it does so now: not on systems without glibc.
    """
    if platform.libc_ver()[0] != "glibc" or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    import ctypes  # here and not above: --help must not cost the time that it takes

    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, 2**31 - 1))
