"""Covariances; moments and places without NaN; sums with a first element."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.dtypes import F64, supported
from .._tracing.location import place, tracing_error
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer
from .accumulation import cumprod, cumsum
from .reductions import argmax, argmin, std, var
from .values import NO_VALUE, finish, given, normalize_axis


def _observations(m, y, rowvar, dtype):
    """Return variables as rows, observations as columns."""
    x = traced(m)
    if x.ndim > 2:
        raise ValueError(f"m has more than 2 dimensions{place()}")
    kind = supported(dtype, "dtype") if given(dtype) else np.promote_types(x.dtype, F64)
    if y is not None and not given(dtype):
        kind = np.promote_types(kind, traced(y).dtype)
    x = np.atleast_2d(x.astype(kind))
    if not rowvar and traced(m).ndim != 1:
        x = x.T
    if y is None:
        return x
    y = np.atleast_2d(traced(y).astype(kind))
    if not rowvar and y.shape[0] != 1:
        y = y.T
    return np.concatenate([x, y], axis=0)


def _weights(weights, n, name, integral):
    if isinstance(weights, Tracer):
        if integral:
            raise tracing_error(f"np.cov with traced {name}", "aweights= for weights that vary")
    else:
        weights = np.asarray(weights, float)
        if integral and not (weights == np.around(weights)).all():
            raise TypeError(f"fweights must be integer{place()}")
        if (weights < 0).any():
            raise ValueError(f"{name} cannot be negative{place()}")
    if weights.ndim != 1 or weights.shape[0] != n:
        raise ShapeError(f"incompatible numbers of samples and {name}{place()}")
    return weights


@implements("cov")
def cov(
    m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None
):
    x = _observations(m, y, rowvar, dtype)
    n = x.shape[1]
    ddof = (0 if bias else 1) if ddof is None else ddof
    w = None
    if fweights is not None:
        w = _weights(fweights, n, "fweights", True)
    if aweights is not None:
        aweights = _weights(aweights, n, "aweights", False)
        w = aweights if w is None else w * aweights
    if w is None:
        total, divisor = n, n - ddof
        centred = x - np.sum(x, axis=1, keepdims=True) / total
        scaled = centred
    else:
        w = w.astype(x.dtype)
        total = np.sum(w)
        used = 1 if aweights is None else np.sum(w * aweights) / total
        divisor = total - ddof * used
        centred = x - np.sum(x * w, axis=1, keepdims=True) / total
        scaled = centred * w
    if not isinstance(divisor, Tracer):
        divisor = x.dtype.type(max(float(divisor), 0.0))  # NumPy warns, and gives infinities
    result = np.dot(scaled, centred.T) / divisor
    return np.squeeze(result)


@implements("corrcoef")
def corrcoef(x, y=None, rowvar=True, bias=NO_VALUE, ddof=NO_VALUE, *, dtype=None):
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    spread = np.sqrt(np.diagonal(c))
    return np.clip(c / spread[:, None] / spread[None, :], -1, 1)


# ---- leaving NaN out


def _without_nan(a, where):
    x = traced(a)
    if x.dtype.kind != "f":
        return x, where
    number = np.logical_not(np.isnan(x))
    return x, number if where is NO_VALUE or where is True else np.logical_and(number, where)


@implements("nanvar")
def nanvar(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=NO_VALUE,
    *, where=NO_VALUE, mean=NO_VALUE, correction=NO_VALUE,
):  # fmt: skip
    return _nan_moment(var, a, axis, dtype, out, ddof, keepdims, where, mean, correction)


@implements("nanstd")
def nanstd(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=NO_VALUE,
    *, where=NO_VALUE, mean=NO_VALUE, correction=NO_VALUE,
):  # fmt: skip
    return _nan_moment(std, a, axis, dtype, out, ddof, keepdims, where, mean, correction)


def _nan_moment(moment, a, axis, dtype, out, ddof, keepdims, where, mean, correction):
    x, where = _without_nan(a, where)
    result = moment(
        x, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction
    )
    if x.dtype.kind == "f":
        # As NumPy: NaN where there are no degrees of freedom, not an infinity.
        count = np.sum(np.broadcast_to(where, x.shape), axis=axis, keepdims=keepdims)
        ddof = correction if given(correction) else ddof
        result = np.where(count - ddof <= 0, np.nan, result)
        result = result[()] if result.ndim == 0 else result
    return finish(result.here(), out)


def _nan_position(position, filler, a, axis, out, keepdims):
    x = traced(a)
    if x.dtype.kind == "f":
        x = finish(np.where(np.isnan(x), filler, x).here(), contiguous=True, scalar=False)
    return position(x, axis, out, keepdims=keepdims)


@implements("nanargmax")
def nanargmax(a, axis=None, out=None, *, keepdims=NO_VALUE):
    return _nan_position(argmax, -np.inf, a, axis, out, keepdims)


@implements("nanargmin")
def nanargmin(a, axis=None, out=None, *, keepdims=NO_VALUE):
    return _nan_position(argmin, np.inf, a, axis, out, keepdims)


# ---- sums so far


def _with_first(cumulative, first, x, axis, dtype, out, include_initial):
    x = traced(x)
    if axis is None:
        if x.ndim > 1:
            raise ValueError(
                f"For arrays which have more than one dimension ``axis`` argument is "
                f"required.{place()}"
            )
        axis = 0
    axis = normalize_axis(axis, x.ndim)
    result = cumulative(x, axis, dtype)
    if include_initial:
        shape = [1 if i == axis else n for i, n in enumerate(x.shape)]
        lead = Tracer.fresh(emit.full(shape, first, result.dtype))
        result = np.concatenate([lead, result], axis=axis)
    return finish(result.here(), out, contiguous=result.contiguous) if given(out) else result


@implements("cumulative_sum")
def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    return _with_first(cumsum, 0, x, axis, dtype, out, include_initial)


@implements("cumulative_prod")
def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    return _with_first(cumprod, 1, x, axis, dtype, out, include_initial)
