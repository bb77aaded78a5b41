"""Read one struct of a MATLAB file (v5) in a process of its own, since scipy can crash on a damaged file.

Run as a script it is the other process, and then imports nothing of arttl: `matlab_process.py FILE STRUCT DENSE...`
writes the struct's fields to stdout as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

MEMORY = 8 << 30  # bytes; a damaged length must not take the machine's
SECONDS = 600
FAILED = 3


class UnreadableError(Exception):
    """scipy could not read the file; the message says why."""


def read_struct(path, name, dense=()):
    """The fields of a struct.

    Arguments:
        path: the file.
        name: the struct's.
        dense: matrices wanted whole.

    Returns a dict of field name to: a list of numbers or of str; for a matrix in `dense` a list of rows; for any
    other a dict of its shape and the rows and columns, counted from 0, of its elements above 0, sorted by row.
    Fields that are anything else are left out. None if the file has no such struct.

    Raises UnreadableError if the file is damaged, no MATLAB file, or too large.
    """
    command = [sys.executable, "-P", __file__, os.fspath(path), name, *dense]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, capture_output=True, env=environment, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise UnreadableError(f"not read after {SECONDS} seconds") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise UnreadableError(lines[-1] if done.returncode > 0 else "its lengths lead out of the file")
    return json.loads(done.stdout)


def _main(path, name, *dense):
    from scipy.io import loadmat

    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):  # not every system has this limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        found = loadmat(path, variable_names=[name], squeeze_me=True, simplify_cells=True).get(name)
        fields = found if isinstance(found, dict) else None
        fields = fields and {key: _plain(value, key in dense) for key, value in fields.items()}
        text = json.dumps(fields and {key: value for key, value in fields.items() if value is not None})
    except Exception as error:  # a damaged file makes scipy raise nearly anything
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    sys.stdout.buffer.write(text.encode())
    return 0


def _plain(value, dense):
    import numpy as np

    is_sparse = hasattr(value, "tocoo")
    if is_sparse and dense:
        value = value.toarray()
    elif not is_sparse:
        value = np.atleast_1d(np.asarray(value))
    if value.dtype.kind not in "biuf":
        texts = np.ravel(value).tolist() if isinstance(value, np.ndarray) else [None]
        return texts if all(isinstance(text, str) for text in texts) else None
    if isinstance(value, np.ndarray) and (dense or value.ndim == 1):
        return value.tolist()
    if len(value.shape) != 2:
        return None
    places = (value > 0).nonzero()
    rows, columns = (place[np.lexsort(places[::-1])].tolist() for place in places)
    return {"shape": list(value.shape), "rows": rows, "columns": columns}


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
