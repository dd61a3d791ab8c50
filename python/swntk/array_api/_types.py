"""The array API standard: element types and what may be asked of the namespace."""

from __future__ import annotations

import builtins

import numpy as np

from .._errors import ArgumentError
from .._tracing.location import place
from .._tracing.operands import kind_of, operand, traced
from .._tracing.tracer import Tracer

bool, float32, float64 = np.dtype(np.bool_), np.dtype(np.float32), np.dtype(np.float64)
int32, int64 = np.dtype(np.int32), np.dtype(np.int64)
uint8, uint32, uint64 = np.dtype(np.uint8), np.dtype(np.uint32), np.dtype(np.uint64)
int8, int16, uint16 = np.dtype(np.int8), np.dtype(np.int16), np.dtype(np.uint16)
complex64, complex128 = np.dtype(np.complex64), np.dtype(np.complex128)

_DTYPES = {
    "bool": ("bool", [bool]),
    "signed integer": ("int32 int64", [int32, int64]),
    "unsigned integer": ("uint8 uint32 uint64", [uint8, uint32, uint64]),
    "real floating": ("float32 float64", [float32, float64]),
    "complex floating": ("", []),
}


def astype(x, dtype, /, *, copy=True, device=None):
    """As the array API standard's `astype`."""
    return traced(x).astype(dtype, copy=copy)


def can_cast(from_, to, /):
    """As the array API standard's `can_cast`."""
    return np.can_cast(from_.dtype if isinstance(from_, Tracer) else from_, to)


def finfo(type, /):
    """As the array API standard's `finfo`."""
    return np.finfo(type.dtype if hasattr(type, "dtype") else type)


def iinfo(type, /):
    """As the array API standard's `iinfo`."""
    return np.iinfo(type.dtype if hasattr(type, "dtype") else type)


_KINDS = {
    "bool": "b", "signed integer": "i", "unsigned integer": "u", "integral": "iu",
    "real floating": "f", "complex floating": "c", "numeric": "iufc",
}  # fmt: skip


def isdtype(dtype, kind):
    """As the array API standard's `isdtype`."""
    if isinstance(kind, tuple):
        return builtins.any(isdtype(dtype, one) for one in kind)
    dtype = np.dtype(dtype)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ArgumentError(f"kind {kind!r} is none of {', '.join(_KINDS)}{place()}")
        return dtype.kind in _KINDS[kind]
    return dtype == np.dtype(kind)


def result_type(*arrays_and_dtypes):
    """As the array API standard's `result_type`."""
    from .._tracing.dtypes import promote

    return promote(
        [
            np.dtype(a) if isinstance(a, (np.dtype, type)) else kind_of(operand(a))
            for a in arrays_and_dtypes
        ]
    )


class _Info:
    """As the array API standard's namespace inspection."""

    def capabilities(self):
        return {"boolean indexing": False, "data-dependent shapes": False, "max dimensions": 32}

    def default_device(self):
        return "cpu"

    def devices(self):
        return ["cpu"]

    def default_dtypes(self, *, device=None):
        return {
            "real floating": float64,
            "complex floating": complex128,
            "integral": int64,
            "indexing": int64,
        }

    def dtypes(self, *, device=None, kind=None):
        kinds = _KINDS if kind is None else kind if isinstance(kind, tuple) else (kind,)
        found = {}
        for one in kinds:
            parts = {
                "integral": ("signed integer", "unsigned integer"),
                "numeric": ("signed integer", "unsigned integer", "real floating"),
            }.get(one, (one,))
            for part in parts:
                names, types = _DTYPES[part]
                found.update(zip(names.split(), types))
        return found


def __array_namespace_info__():
    """As the array API standard's `__array_namespace_info__`."""
    return _Info()
