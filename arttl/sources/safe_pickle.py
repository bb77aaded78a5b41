"""CIFAR's pickles read without running what they ask for.

The batches are Python 2 pickles of a dict of lists and one NumPy array. A pickle is a program: it may name any
function of any module and call it. Here the names that a batch needs stand for small objects of this file, which
take the arguments, check them, and keep the bytes; every other name, and every operation that a batch does not use,
ends the reading before anything is run.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools

import numpy as np

from arttl.base.wording import shown

MOST_OPERATIONS = 1_000_000  # the largest real pickle, CIFAR-100's train, has about 200,000
MOST_TUPLES = 1_000  # hashing deeply nested ones overflows the C stack
MEMO = {"PUT", "BINPUT", "LONG_BINPUT"}  # the C unpickler allocates as many places as their argument says
TUPLES = {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
# What dicts, lists, numbers, texts and arrays take in protocols 0 to 4.
DATA = """
PROTO FRAME STOP MARK EMPTY_DICT EMPTY_LIST EMPTY_TUPLE DICT LIST SETITEM SETITEMS APPEND APPENDS NONE NEWTRUE NEWFALSE
INT BININT BININT1 BININT2 LONG LONG1 STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8
BINBYTES SHORT_BINBYTES BINBYTES8 GLOBAL STACK_GLOBAL REDUCE BUILD MEMOIZE GET BINGET LONG_BINGET
"""
OPERATIONS = MEMO | TUPLES | set(DATA.split())
FAILURES = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)


class BadPickle(Exception):
    """A pickle that is damaged or asks for what no CIFAR batch needs; the message completes "holds a pickle that"."""


def load_pickle(content):
    """Read a pickle of dicts, lists, tuples, integers, texts and uint8 arrays.

    Arguments:
        content: the pickle's bytes, of any protocol from 0 to 4.

    Returns what it holds; texts of Python 2 are bytes, arrays are read-only uint8 arrays within dicts only.

    Raises BadPickle for anything else, without having run any of it.
    """
    try:
        _check_operations(content)
        loaded = _Unpickler(io.BytesIO(content), encoding="bytes").load()
        if not isinstance(loaded, dict):
            raise BadPickle(f"is a {type(loaded).__name__}, not a dict")
        return {key: value.array if isinstance(value, _Array) else value for key, value in loaded.items()}
    except FAILURES as error:
        raise BadPickle(f"is damaged ({shown(' '.join(str(error).split()) or type(error).__name__)})") from error


def _check_operations(content):
    tuples = 0
    for number, (operation, argument, _) in enumerate(pickletools.genops(content)):
        if operation.name not in OPERATIONS:
            raise BadPickle(f"uses the operation {operation.name}, which no CIFAR batch needs; it was not run")
        if operation.name == "GLOBAL":
            _stand_in(*argument.split(" ", 1))
        tuples += operation.name in TUPLES
        memo = argument if operation.name in MEMO else 0
        if number > MOST_OPERATIONS or tuples > MOST_TUPLES or memo > MOST_OPERATIONS:
            raise BadPickle("is larger inside than any CIFAR batch; it was not run")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        return _stand_in(module, name)


def _stand_in(module, name):
    try:
        return STAND_INS[module, name]
    except KeyError:
        raise BadPickle(f"asks for {shown(f'{module}.{name}')}, which no CIFAR batch needs; it was not run") from None


class _StandIn:
    """What a pickle gets in place of a name. It has no state, so that a pickle cannot change it."""

    __slots__ = ()

    def __setstate__(self, state):
        raise BadPickle("changes a function; it was not run")


class _NdarrayType(_StandIn):
    __slots__ = ()


class _Reconstruct(_StandIn):
    """In place of numpy.core.multiarray._reconstruct(type, shape, code), which makes an empty array."""

    __slots__ = ()

    def __call__(self, kind, shape, code):
        if not isinstance(kind, _NdarrayType):
            raise BadPickle("makes an array of another type than numpy.ndarray")
        return _Array()


class _DtypeType(_StandIn):
    """In place of numpy.dtype(code, align, copy)."""

    __slots__ = ()

    def __call__(self, code, *flags):
        if code not in ("u1", b"u1"):
            raise BadPickle(f"holds an array of type {shown(code)}, where CIFAR's are bytes (u1)")
        return _UInt8()


class _Encode(_StandIn):
    """In place of _codecs.encode(text, "latin1"), by which Python 3 writes bytes in protocol 2."""

    __slots__ = ()

    def __call__(self, text, encoding):
        if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
            raise BadPickle(f"encodes a text as {shown(encoding)}, not latin1")
        return text.encode("latin1")


class _UInt8:
    __slots__ = ()

    def __setstate__(self, state):
        """Byte order, fields and alignment, none of which bytes have."""


class _Array:
    __slots__ = ("array",)

    def __setstate__(self, state):
        _, shape, dtype, is_fortran, raw = state
        if not isinstance(dtype, _UInt8) or not isinstance(raw, bytes):
            raise BadPickle("holds an array of something else than bytes (u1)")
        if not isinstance(shape, tuple) or not all(isinstance(size, int) and size >= 0 for size in shape):
            raise BadPickle(f"holds an array of the shape {shown(shape)}")
        if math.prod(shape) != len(raw):
            raise BadPickle(f"holds {len(raw):,} bytes for an array of the shape {shown(shape)}")
        self.array = np.frombuffer(raw, np.uint8).reshape(shape, order="F" if is_fortran else "C")


STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _Reconstruct(),
    ("numpy._core.multiarray", "_reconstruct"): _Reconstruct(),
    ("numpy", "ndarray"): _NdarrayType(),
    ("numpy", "dtype"): _DtypeType(),
    ("_codecs", "encode"): _Encode(),
}
