"""Record the references of the real Keras of 2018: `python tools/keras2018/record.py`; see README.md."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cases import ERAS
from make_images import make_images

HERE = Path(__file__).resolve().parent
REFERENCES = HERE.parents[1] / "tests" / "references" / "keras2018"
ENVIRONMENTS = Path.home() / ".cache" / "keras2018"
# The last ones for Python 3.6; the pip that comes with it cannot read today's wheels.
PACKERS = ("pip==21.3.1", "setuptools==59.6.0", "wheel==0.37.1")


class BadInput(Exception):
    """Something the user has to change; the message says what."""


def run(command, **arguments):
    """Run `command` and return what it printed; raise CalledProcessError, with its output, if it fails."""
    command = [str(part) for part in command]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **arguments
    ).stdout


def is_python36(python):
    try:
        return run([python, "-c", "import sys; print(*sys.version_info[:2])"]).strip() == "3 6"
    except (OSError, subprocess.CalledProcessError):  # absent, or a pyenv shim without the version behind it
        return False


def find_python36(asked):
    """Return a Python 3.6: `asked` if given, or the first found on PATH and in pyenv."""
    if asked is not None:
        if is_python36(asked):
            return asked
        raise BadInput(f"--python {asked} is not a working Python 3.6")
    on_path = [path for path in [shutil.which("python3.6")] if path]
    pyenv = sorted(Path.home().glob(".pyenv/versions/3.6*/bin/python"))
    for python in [*on_path, *pyenv]:
        if is_python36(python):
            return python
    raise BadInput("no Python 3.6 on PATH or in ~/.pyenv/versions; install one and name it with --python")


def is_ready(python, requirements):
    """Return whether the environment of `python` holds every version that `requirements` pins."""
    if not python.exists():
        return False
    pins = {line for line in requirements.read_text().split("\n") if "==" in line}
    return pins <= set(run([python, "-m", "pip", "freeze"]).split("\n"))


def environment(era, folder, asked):
    """Return the Python of the era's environment in `folder`, making it if need be with the Python 3.6 `asked`."""
    requirements = HERE / "requirements" / f"{era}.txt"
    python = folder / era / "bin" / "python"
    if not is_ready(python, requirements):
        run([find_python36(asked), "-m", "venv", "--clear", folder / era])
        run([python, "-m", "pip", "install", *PACKERS])
        run([python, "-m", "pip", "install", "-r", requirements])
    return python


def record(era, python):
    """Write the references of `era`, recorded with `python`, and return their path."""
    target = REFERENCES / f"{era}.npz"
    with tempfile.TemporaryDirectory(dir=REFERENCES, prefix=".recording-") as folder:
        # A home of its own: ~/.keras/keras.json would change the backend and epsilon.
        settings = {"HOME": folder, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "", "PYTHONHASHSEED": "0"}
        part = Path(folder) / target.name
        run([python, HERE / "record_era.py", REFERENCES / "images", part], env={**os.environ, **settings})
        os.replace(part, target)
    return target


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", help="a Python 3.6 (default: looked for on PATH and in ~/.pyenv/versions)")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, help="folder of the eras' environments")
    parser.add_argument("--eras", nargs="+", choices=ERAS, default=ERAS)
    return parser.parse_args()


def main():
    asked = arguments()
    try:
        make_images(REFERENCES / "images")
        if asked.python is not None:
            find_python36(asked.python)
        for era in asked.eras:
            start = time.time()
            path = record(era, environment(era, asked.environments, asked.python))
            print(f"{era}: {path}, {path.stat().st_size / 1000:.0f} kB, {time.time() - start:.0f} s", flush=True)
    except BadInput as error:
        print(f"record.py: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(error.stdout[-3000:], f"record.py: failed: {' '.join(error.cmd)}", sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
