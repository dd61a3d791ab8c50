"""The array API standard: functions that make arrays."""

from __future__ import annotations

import builtins

import numpy as np

from .._errors import ArgumentError
from .._tracing.dtypes import supported
from .._tracing.location import place, tracing_error
from .._tracing.operands import check_trace, operand, traced
from .._tracing.tracer import Tracer
from ._calling import call


def _made(array, dtype=None, device=None) -> Tracer:
    if device not in (None, "cpu"):
        raise ArgumentError(f"unsupported device {device!r}: arrays are on the cpu{place()}")
    check_trace()
    x = traced(array)
    x = x if dtype is None else x.astype(dtype)
    x._scalar = False
    x._weak = False
    return x


def _plain_dtype(dtype, default):
    return default if dtype is None else supported(dtype, "dtype")


def asarray(obj, /, *, dtype=None, device=None, copy=None):
    """As the array API standard's `asarray`; of a traced array itself, or a copy."""
    if device not in (None, "cpu"):
        raise ArgumentError(f"unsupported device {device!r}: arrays are on the cpu{place()}")
    x = operand(obj)
    if isinstance(x, Tracer):
        wanted = x.dtype if dtype is None else supported(dtype, "dtype")
        if copy is False and wanted != x.dtype:
            raise ValueError(f"Unable to avoid copy while creating an array{place()}")
        return x.astype(wanted, copy=builtins.bool(copy))
    return _made(np.asarray(x), dtype)


def arange(start, /, stop=None, step=1, *, dtype=None, device=None):
    """As the array API standard's `arange`."""
    if any(isinstance(v, Tracer) for v in (start, stop, step)):
        raise tracing_error(
            "arange with a traced bound: the number of elements is not known",
            "start + step * arange(n) with n known",
        )
    values = np.arange(start, step=step) if stop is None else np.arange(start, stop, step)
    return _made(values, dtype, device)


def empty(shape, *, dtype=None, device=None):
    """As the array API standard's `empty`."""
    return _made(np.zeros(shape, _plain_dtype(dtype, np.dtype(np.float64))), None, device)


def zeros(shape, *, dtype=None, device=None):
    """As the array API standard's `zeros`."""
    return _made(np.zeros(shape, _plain_dtype(dtype, np.dtype(np.float64))), None, device)


def ones(shape, *, dtype=None, device=None):
    """As the array API standard's `ones`."""
    return _made(np.ones(shape, _plain_dtype(dtype, np.dtype(np.float64))), None, device)


def full(shape, fill_value, *, dtype=None, device=None):
    """As the array API standard's `full`; the value may be traced."""
    value = asarray(fill_value, dtype=dtype, device=device)
    shape = (shape,) if hasattr(shape, "__index__") else tuple(shape)
    return call(np.copy, call(np.broadcast_to, value, shape))


def eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None):
    """As the array API standard's `eye`."""
    return _made(np.eye(n_rows, n_cols, k, _plain_dtype(dtype, np.dtype(np.float64))), None, device)


def linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True):
    """As the array API standard's `linspace`."""
    return call(np.linspace, start, stop, num, endpoint, dtype=dtype)


def _like(function):
    def _inner(x, /, *, dtype=None, device=None):
        return call(function, x, dtype=dtype)

    return _inner


empty_like, ones_like, zeros_like = map(_like, (np.empty_like, np.ones_like, np.zeros_like))


def full_like(x, /, fill_value, *, dtype=None, device=None):
    """As the array API standard's `full_like`."""
    return call(np.full_like, traced(x), fill_value, dtype=dtype)


def from_dlpack(x, /, *, device=None, copy=None):
    """As the array API standard's `from_dlpack`."""
    if isinstance(x, Tracer):
        return asarray(x, copy=copy)
    return _made(np.from_dlpack(x), None, device)


def meshgrid(*arrays, indexing="xy"):
    """As the array API standard's `meshgrid`."""
    return list(call(np.meshgrid, *arrays, indexing=indexing))


def tril(x, /, *, k=0):
    """As the array API standard's `tril`."""
    return call(np.tril, x, k)


def triu(x, /, *, k=0):
    """As the array API standard's `triu`."""
    return call(np.triu, x, k)
