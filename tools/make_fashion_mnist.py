"""Cut the bundled Fashion-MNIST subset from Debian's dataset-fashion-mnist (MIT licence, Zalando SE).

    apt-get install dataset-fashion-mnist
    python tools/make_fashion_mnist.py

The first 500 training and 100 test images of each of the ten classes, in their order, as the same four
IDX .gz files as the full dataset, so that the same reader serves both.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import numpy as np

PER_CLASS = {"train": 500, "t10k": 100}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--output", type=Path, default=Path("arttl/data/fashion-mnist"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for part, most in PER_CLASS.items():
        labels_header, labels = read_idx(options.source / f"{part}-labels-idx1-ubyte.gz", 8)
        images_header, images = read_idx(options.source / f"{part}-images-idx3-ubyte.gz", 16)
        images = images.reshape(len(labels), 28, 28)
        chosen = np.sort(np.concatenate([np.flatnonzero(labels == label)[:most] for label in range(10)]))
        write_idx(options.output / f"{part}-labels-idx1-ubyte.gz", labels_header, labels[chosen])
        write_idx(options.output / f"{part}-images-idx3-ubyte.gz", images_header, images[chosen])
        print(f"{part}: {len(chosen)} of {len(labels)} images")


def read_idx(path, header):
    content = gzip.decompress(path.read_bytes())
    return content[:header], np.frombuffer(content, "uint8", offset=header)


def write_idx(path, header, array):
    """The header's count is the big-endian integer at bytes 4 to 8; mtime 0 keeps the file reproducible."""
    header = header[:4] + len(array).to_bytes(4, "big") + header[8:]
    path.write_bytes(gzip.compress(header + array.tobytes(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
