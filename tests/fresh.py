"""Runs lines of Python in processes that have imported neither Keras nor the package, for what imports decide.

python tests/fresh.py LINE...     each in a fork of its own of this process, with TensorFlow imported (4 s of a core)
"""

import os
import subprocess
import sys


def run(lines):
    """A subprocess.CompletedProcess; its code is not 0 where one of the lines failed, whose traceback is its stderr."""
    return subprocess.run([sys.executable, __file__, *lines], capture_output=True, text=True, timeout=600, check=False)


def main(lines):
    sys.modules["keras"] = None  # so that TensorFlow does not import it before the lines do
    import tensorflow  # noqa: F401

    del sys.modules["keras"]
    failed = 0
    for line in lines:
        if not os.fork():
            return exec(line, {})
        failed |= os.wait()[1]
    sys.exit(bool(failed))


if __name__ == "__main__":
    main(sys.argv[1:])
