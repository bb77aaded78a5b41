"""In which precision layers compute, and how a GPU rounds the products of float32."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import keras

from arttl.base.workers import processors
from arttl.training.fast_float32 import FAST, in_bfloat16, products_in_bfloat16

_FORMER = {}  # what the backend did before the first faithful run of this process


@contextmanager
def layers_compute_in(precision):
    """Within this block new layers compute in a precision; after it, in the one there was before.

    Weights, the optimiser, the preprocessing of pixels and the head stay in float32 (Micikevicius et al. 2018, Mixed
    precision training, arXiv:1710.03740). In "mixed_float16" Keras scales the loss, and leaves out a step whose scaled
    gradients overflow.

    Arguments:
        precision: a Keras dtype policy, "float32", "mixed_bfloat16" or "mixed_float16"; or "fast-float32", float32
            whose products round their factors to bfloat16.

    Raises InputError for "fast-float32" where it changes nothing, and for another precision in a process that cannot
    leave it any more.

    Example:
        >>> with layers_compute_in("mixed_bfloat16"):
        ...     model = recipe.compile(arttl.models.lenet_300_100())
    """
    before = keras.config.dtype_policy()
    products_in_bfloat16(precision == FAST)
    keras.config.set_dtype_policy("float32" if precision == FAST else precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def forget_models():
    """Forget former models, whose memory and layer numbers Keras keeps; Keras' dtype policy stays as it is."""
    policy = keras.config.dtype_policy()
    keras.utils.clear_session()  # takes the policy with it
    keras.config.set_dtype_policy(policy)


def set_product_precision(faithful):
    """Compute products of float32 in float32 on a GPU too, as in 2018; or as the backend did before.

    Arguments:
        faithful: True forbids TF32, whose products have 10 bits of mantissa; False takes that back, where an earlier
            run of this process asked for it. On a CPU it changes nothing.
    """
    name = keras.backend.backend()
    read, write, exact = _PRODUCTS[name]
    if faithful:
        _FORMER.setdefault(name, read())
        write(exact)
    elif name in _FORMER:
        write(_FORMER.pop(name))


def device():
    """The kind of device that models compute on, as text: "CPU", or a GPU's name."""
    found = _DEVICES[keras.backend.backend()]()
    return "CPU" if found.lower() == "cpu" else found


def computing_lines(precision="float32"):
    """What models are computed by: lines for whoever starts a long work.

    Arguments:
        precision: of layers.

    Returns a list: device, backend and precision; and warnings, of a GPU that the backend does not see, with what to
    install, and of a half precision that the processor has no arithmetic for.
    """
    name = keras.backend.backend()
    found = device()
    where = f"CPU ({processors()} cores)" if found == "CPU" else found
    lines = [f"computing on {where}, {name} {version(_PACKAGES[name])}, {precision}"]
    if found == "CPU" and any(path.exists() for path in _GPU_FILES):
        lines.append(f"warning: this machine has a GPU that {name} does not see; {_REMEDIES[name]}")
    if found == "CPU" and _is_emulated(precision):
        lines.append(
            f"warning: this processor has no {precision.removeprefix('mixed_')} arithmetic, so that {precision} takes "
            "longer than float32; leave it out, unless rounding is what you look at"
        )
    return lines


def _is_emulated(precision):
    """Whether the processor is known to have no arithmetic for a half precision."""
    flags = _FLAGS.get(precision)
    text = _CPU_FILE.read_text() if flags and _CPU_FILE.exists() else ""
    said = next((line for line in text.splitlines() if line.startswith("flags")), None)  # of x86
    return said is not None and not flags & set(said.split())


_PACKAGES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
_CPU_FILE = Path("/proc/cpuinfo")
_FLAGS = {"mixed_bfloat16": {"avx512_bf16", "amx_bf16"}, "mixed_float16": {"avx512_fp16", "amx_fp16"}}
_GPU_FILES = (Path("/dev/nvidia0"), Path("/dev/kfd"))  # of NVIDIA's and of AMD's drivers
_REMEDIES = {
    "tensorflow": "pip install 'arttl[gpu]' brings TensorFlow's CUDA",
    "jax": "pip install 'jax[cuda12]' brings its CUDA",
    "torch": "install PyTorch's build for GPUs",
}


def computed_by():
    """What computes products of float32, and how precisely, as text: the same where results are rounded alike."""
    name = keras.backend.backend()
    read, _, _ = _PRODUCTS[name]
    return f"{name} {_DEVICES[name]()} {read()}{f' {FAST}' if in_bfloat16() else ''}"


def _tensorflow_device():
    import tensorflow

    found = tensorflow.config.list_physical_devices("GPU")
    return tensorflow.config.experimental.get_device_details(found[0]).get("device_name", "GPU") if found else "CPU"


def _jax_device():
    import jax

    return jax.devices()[0].device_kind


def _torch_device():
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


_DEVICES = {"tensorflow": _tensorflow_device, "jax": _jax_device, "torch": _torch_device}
"""Of each backend: the kind of device that models compute on."""


def _read_tensorflow():
    import tensorflow

    return tensorflow.config.experimental.tensor_float_32_execution_enabled()


def _write_tensorflow(value):
    import tensorflow

    tensorflow.config.experimental.enable_tensor_float_32_execution(value)


def _read_jax():
    import jax

    return jax.config.jax_default_matmul_precision


def _write_jax(value):
    import jax

    jax.config.update("jax_default_matmul_precision", value)


def _read_torch():
    import torch

    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


def _write_torch(value):
    import torch

    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = value


_PRODUCTS = {
    "tensorflow": (_read_tensorflow, _write_tensorflow, False),
    "jax": (_read_jax, _write_jax, "highest"),
    "torch": (_read_torch, _write_torch, (False, False)),
}
"""Of each backend: how to read and to set the precision of products, and what is float32."""
