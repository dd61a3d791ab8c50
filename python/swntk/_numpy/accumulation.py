"""Cumulative sums and products, differences, integrals."""

from __future__ import annotations

import numpy as np

from .._tracing import emit
from .._tracing.location import place, unsupported
from .._tracing.operands import all_contiguous, operand, traced
from .._tracing.protocol import implements
from .reductions import accumulator
from .values import finish, flattened, given, normalize_axis, refuse

OPERATION = {
    "add": "cumsum",
    "multiply": "cumprod",
    "maximum": "cummax",
    "minimum": "cummin",
    "logaddexp": "cumlogsumexp",
}


def accumulate(name, a, axis=0, dtype=None, out=None):
    """Answer `ufunc.accumulate`."""
    if name not in OPERATION:
        raise unsupported(f"np.{name}.accumulate of a traced array is not supported")
    x = traced(operand(a))
    contiguous = all_contiguous([x])
    if name in ("add", "multiply"):
        target = accumulator(x.dtype)
        if given(out):
            target = (out[0] if isinstance(out, tuple) else out).dtype
        x = x.astype(dtype if given(dtype) else target)
    else:
        refuse(dtype=dtype)
        if name == "logaddexp" and x.dtype.kind != "f":
            x = x.astype(np.float64)
    axis = normalize_axis(axis, x.ndim)
    return finish(emit.emit(OPERATION[name], [x.here()], axis=axis), out, contiguous=contiguous)


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


@implements("diff")
def diff(a, n=1, axis=-1, prepend=None, append=None):
    x = traced(a)
    axis = normalize_axis(axis, x.ndim)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}{place()}")
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
