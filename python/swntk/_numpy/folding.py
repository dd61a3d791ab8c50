"""`reduce`, `accumulate` and `reduceat` of ufuncs for which the library has no reduction."""

from __future__ import annotations

import numpy as np

from .._errors import IndexOutOfRangeError
from .._tracing import emit
from .._tracing.dtypes import supported
from .._tracing.location import place, tracing_error
from .._tracing.operands import operand, traced
from .._tracing.tracer import Tracer, as_value
from .values import NO_VALUE, finish, given, normalize_axes, normalize_axis, refuse

_UNROLLED = 16
"""Up to so many steps stand in the program one by one; more are a scan."""


def _check(ufunc) -> None:
    if ufunc.nin != 2 or ufunc.nout != 1:
        raise ValueError(
            f"reduce and accumulate are only supported for binary functions{place()}"
        )


def _rows(x: Tracer, axis: int, dtype, ufunc) -> Tracer:
    """Bring an axis to the front, and the elements to the type in which the ufunc is computed."""
    rows = np.moveaxis(x, axis, 0)
    if given(dtype):
        return rows.astype(supported(dtype, "dtype"))
    one = rows[:1]
    return rows.astype(ufunc(one, one).dtype, copy=False)


def accumulate(ufunc, a, axis=0, dtype=None, out=None) -> Tracer:
    """Answer `ufunc.accumulate`."""
    _check(ufunc)
    x = traced(a)
    axis = normalize_axis(axis, x.ndim)
    rows = _rows(x, axis, dtype, ufunc)
    n = rows.shape[0]
    if n > _UNROLLED:
        from ..lax import scan

        def step(so_far, row):
            so_far = ufunc(so_far, row)
            return so_far, so_far

        rest = scan(step, np.copy(rows[0]), rows[1:])[1]
        result = np.concatenate([rows[:1], rest])
    elif n > 1:
        found = [rows[0]]
        for k in range(1, n):
            found.append(ufunc(found[-1], rows[k]))
        result = np.stack(found)
    else:
        result = np.copy(rows)
    result = np.moveaxis(result, 0, axis)
    return finish(result.here(), out, contiguous=x.contiguous)


def reduce(ufunc, a, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """Answer `ufunc.reduce`."""
    _check(ufunc)
    x = traced(a)
    axes = normalize_axes(axis, x.ndim, lenient=True)
    if len(axes) > 1 and ufunc.identity is None:
        raise ValueError(
            f"reduction operation '{ufunc.__name__}' is not reorderable, so at most one axis may "
            f"be specified{place()}"
        )
    if where is not True:
        refuse(where=where)
    first = None if not given(initial) else initial
    result = x
    for axis in reversed(axes):
        rows = _rows(result, axis, dtype, ufunc)
        if first is None and not rows.shape[0]:
            if ufunc.identity is None:
                raise ValueError(
                    f"zero-size array to reduction operation {ufunc.__name__} which has no "
                    f"identity{place()}"
                )
            first = ufunc.identity
        if first is not None and axis == axes[0]:
            start = as_value(operand(first), rows.dtype)
            start = emit.broadcast_to(start, (1, *rows.shape[1:]))
            rows = np.concatenate([Tracer.fresh(start, scalar=False), rows])
        result = _folded(ufunc, rows)
    if keepdims is not NO_VALUE and keepdims:
        shape = [1 if i in axes else n for i, n in enumerate(x.shape)]
        result = np.reshape(result, shape)
    return finish(result.here(), out, contiguous=x.contiguous)


def _folded(ufunc, rows: Tracer):
    n = rows.shape[0]
    if not n:
        return np.full_like(rows, ufunc.identity, shape=rows.shape[1:])
    if n > _UNROLLED:
        from ..lax import scan

        return scan(lambda a, row: (ufunc(a, row), None), np.copy(rows[0]), rows[1:])[0]
    result = rows[0]
    for k in range(1, n):
        result = ufunc(result, rows[k])
    return result


def reduceat(ufunc, a, indices, axis=0, dtype=None, out=None) -> Tracer:
    """Answer `ufunc.reduceat` for places that are known."""
    _check(ufunc)
    if isinstance(indices, Tracer):
        raise tracing_error(
            f"np.{ufunc.__name__}.reduceat at traced places: how long each part is is not known",
            "np.add.at(sums, number_of_part, x) for sums",
        )
    x = traced(a)
    axis = normalize_axis(axis, x.ndim)
    n = x.shape[axis]
    indices = np.asarray(indices)
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        raise TypeError(f"np.{ufunc.__name__}.reduceat needs a vector of integers{place()}")
    wrong = indices[(indices < 0) | (indices >= n)]
    if wrong.size:
        raise IndexOutOfRangeError(
            f"index {wrong[0]} out-of-bounds in {ufunc.__name__}.reduceat [0, {n}){place()}"
        )
    starts = indices.tolist()
    lead = (slice(None),) * axis
    parts = []
    for start, stop in zip(starts, [*starts[1:], n]):
        part = x[(*lead, slice(start, stop if start < stop else start + 1))]
        options = {} if not given(dtype) else {"dtype": dtype}
        parts.append(ufunc.reduce(part, axis=axis, keepdims=True, **options))
    if not parts:
        return finish(x[(*lead, slice(0, 0))].here(), out)
    return finish(np.concatenate(parts, axis=axis).here(), out, contiguous=x.contiguous)
