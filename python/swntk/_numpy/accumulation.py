"""Cumulative sums and products, and products: a scan along the axis."""

from __future__ import annotations

import numpy as np

from .._tracing import emit
from .._tracing.operands import operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer
from .reductions import accumulator, kept
from .values import finish, flattened, given, normalize_axis, refuse

_STEP = {"add": np.add, "multiply": np.multiply, "maximum": np.maximum, "minimum": np.minimum}


def _scanned(name, x: Tracer, axis: int) -> Tracer:
    """Accumulate along an axis, in order, as NumPy does."""
    from ..lax import scan

    if x.shape[axis] == 0:
        return x.copy()
    step = _STEP[name]
    rows = np.moveaxis(x, axis, 0)

    def body(carry, row):
        total = step(carry, row)
        return total, total

    _, rest = scan(body, rows[0].copy(), rows[1:])
    return np.moveaxis(np.concatenate([rows[:1], rest]), 0, axis)


def accumulate(name, a, axis=0, dtype=None, out=None):
    """Answer `ufunc.accumulate`."""
    x = traced(operand(a))
    if name in ("add", "multiply"):
        x = x.astype(dtype if given(dtype) else accumulator(x.dtype))
    else:
        refuse(dtype=dtype)
    result = _scanned(name, x, normalize_axis(axis, x.ndim))
    return finish(result.here(), out)


def _cumulative(name, a, axis, dtype, out):
    x = traced(operand(a))
    if axis is None:
        x, axis = flattened(x), 0
    return accumulate(name, x, axis, dtype, out)


@implements("cumsum")
def cumsum(a, axis=None, dtype=None, out=None):
    return _cumulative("add", a, axis, dtype, out)


@implements("cumprod")
def cumprod(a, axis=None, dtype=None, out=None):
    return _cumulative("multiply", a, axis, dtype, out)


def product(x, axes, keepdims):
    """Multiply along axes."""
    from ..lax import scan

    rest = [i for i in range(x.ndim) if i not in axes]
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    rows = emit.reshape(emit.transpose(x, [*axes, *rest]), (count, *(x.shape[i] for i in rest)))
    start = Tracer.fresh(emit.full(rows.shape[1:], 1, x.dtype), scalar=False)
    result = scan(lambda carry, row: (carry * row, None), start, Tracer.fresh(rows))[0].here()
    return kept(result, x.shape, axes) if keepdims else result


@implements("diff")
def diff(a, n=1, axis=-1, prepend=None, append=None):
    x = traced(a)
    axis = normalize_axis(axis, x.ndim)
    parts = []
    for extra, before in ((prepend, True), (append, False)):
        if given(extra):
            extra = traced(extra)
            if extra.ndim == 0:
                extra = np.broadcast_to(
                    extra, [1 if i == axis else m for i, m in enumerate(x.shape)]
                )
            parts.append((extra, before))
    for extra, before in parts:
        x = np.concatenate([extra, x] if before else [x, extra], axis)
    for _ in range(n):
        ahead = (slice(None),) * axis + (slice(1, None),)
        behind = (slice(None),) * axis + (slice(None, -1),)
        x = np.not_equal(x[ahead], x[behind]) if x.dtype.kind == "b" else x[ahead] - x[behind]
    return x


@implements("trapezoid", "trapz")
def trapezoid(y, x=None, dx=1.0, axis=-1):
    y = traced(y)
    axis = normalize_axis(axis, y.ndim)
    if x is not None:
        x = traced(x)
        dx = diff(x, axis=0 if x.ndim == 1 else axis)
        if x.ndim == 1:
            dx = dx.reshape([-1 if i == axis else 1 for i in range(y.ndim)])
    ahead = (slice(None),) * axis + (slice(1, None),)
    behind = (slice(None),) * axis + (slice(None, -1),)
    return np.sum(dx * (y[ahead] + y[behind]) / 2.0, axis=axis)
