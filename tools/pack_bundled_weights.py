"""Pack the weights of train_bundled_weights.py as the sparse file that the package ships.

python tools/pack_bundled_weights.py trained.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from arttl.models import sparse

NOTE = "ResNet50 (keras.applications, without top), trained on public-domain drawings of Debian's openclipart 0.18"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("trained", type=Path)
    parser.add_argument("--output", type=Path, default=Path("arttl/data/weights/resnet50-clipart.h5"))
    options = parser.parse_args()
    with np.load(options.trained) as file:
        arrays = {name: file[name] for name in file.files}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    sparse.save(options.output, arrays, {"architecture": "resnet50", "note": NOTE})
    kernels = [array for array in arrays.values() if array.ndim == 4]
    kept = sum(np.count_nonzero(kernel) for kernel in kernels)
    total = sum(kernel.size for kernel in kernels)
    print(f"{options.output}: {options.output.stat().st_size:,} bytes, {kept:,} of {total:,} kernel weights kept")


if __name__ == "__main__":
    main()
