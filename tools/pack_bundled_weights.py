"""Pack the weights of train_bundled_weights.py as the sparse file that the package ships.

python tools/pack_bundled_weights.py trained.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from arttl.models import sparse

EPSILON = 1.001e-5  # of ResNet50's BatchNormalization in keras.applications
NOTE = "ResNet50 (keras.applications, without top), trained on public-domain drawings of Debian's openclipart 0.18"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("trained", type=Path)
    parser.add_argument("--output", type=Path, default=Path("arttl/data/weights/resnet50-clipart.h5"))
    parser.add_argument("--note", default=NOTE, help="what they were trained on, kept in the file")
    options = parser.parse_args()
    with np.load(options.trained) as file:
        arrays = {name: file[name] for name in file.files}
    rescale_channels(arrays)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    sparse.save(options.output, arrays, {"architecture": "resnet50", "note": options.note})
    kernels = [array for array in arrays.values() if array.ndim == 4]
    kept = sum(np.count_nonzero(kernel) for kernel in kernels)
    total = sum(kernel.size for kernel in kernels)
    print(f"{options.output}: {options.output.stat().st_size:,} bytes, {kept:,} of {total:,} kernel weights kept")


def rescale_channels(arrays):
    """Give every channel unit variance before its BatchNormalization, without changing what the network computes.

    BatchNormalization undoes any scale of the kernel before it, so the scale is free; but it decides how fast
    fine-tuning moves. A pruned kernel is small, its gradient is divided by a small standard deviation, and one
    epoch of SGD 0.001 carried activations so far from the moving statistics that the validation loss stood at
    123,233. Kernel, bias, mean and deviation are divided by the deviation, and gamma makes up for epsilon.
    A channel with no weight left is constant: gamma is set to zero, so that it stays so.
    """
    for name in [name for name in arrays if name.endswith("_conv/kernel")]:
        bias, bn = name.replace("kernel", "bias"), name.replace("_conv/kernel", "_bn")
        gamma, mean, variance = (arrays[f"{bn}/{part}"] for part in ("gamma", "moving_mean", "moving_variance"))
        dead = ~arrays[name].any(axis=(0, 1, 2))
        gamma[dead], mean[dead], variance[dead] = 0, arrays[bias][dead], 1
        deviation = np.sqrt(variance + EPSILON)
        gamma *= np.sqrt(variance / deviation**2 + EPSILON)
        for array in (arrays[name], arrays[bias], mean):
            array /= deviation
        variance /= deviation**2


if __name__ == "__main__":
    main()
