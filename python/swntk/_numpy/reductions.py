"""Reductions: sum, mean, var, max and their relatives."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, F64, I64, U64, default_of, floating, promote, supported
from .._tracing.location import place
from .._tracing.operands import all_contiguous, kind_of, operand, traced, value_of
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer, as_value
from .values import NO_VALUE, finish, given, normalize_axes, normalize_axis, refuse
from .vocabulary import is_nan, truth


def accumulator(dtype: np.dtype) -> np.dtype:
    """Return the type in which NumPy sums: integers at least as wide as a pointer."""
    if dtype.kind in "bi":
        return I64
    return U64 if dtype.kind == "u" else dtype


def _mask(where, x, neutral):
    """Replace the elements that `where` leaves out."""
    if where is True or where is NO_VALUE or where is None:
        return x
    return emit.where(truth(operand(where)), x, emit.full((), neutral, x.dtype))


def least(dtype):
    """Return a type's least value."""
    return -math.inf if dtype.kind == "f" else False if dtype == BOOL else int(np.iinfo(dtype).min)


def greatest(dtype):
    """Return a type's greatest value."""
    return math.inf if dtype.kind == "f" else True if dtype == BOOL else int(np.iinfo(dtype).max)


def _empty(x, axes) -> bool:
    return any(x.shape[axis] == 0 for axis in axes)


def _with_initial(result, initial, name):
    if not given(initial):
        return result
    return emit.emit(name, [result, as_value(operand(initial), result.dtype)])


def reduce(kind, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """Reduce by name: one of sum, prod, max, min, all, any."""
    a = operand(a)
    x = as_value(a, default_of(kind_of(a)))
    axes = normalize_axes(axis, x.ndim, lenient=True)
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    contiguous = all_contiguous([a])
    if kind in ("all", "any"):
        return finish(_logical(kind, truth(x), axes, keepdims, where), out, contiguous=contiguous)
    if kind in ("sum", "prod"):
        target = supported(dtype, "dtype") if given(dtype) else accumulator(x.dtype)
        if given(out) and not given(dtype):
            target = (out[0] if isinstance(out, tuple) else out).dtype
        x = emit.convert(x, target)
        if kind == "prod":
            result = _reduced("reduce_prod", _mask(where, x, 1), axes, keepdims)
            return finish(_with_initial(result, initial, "np.multiply"), out, contiguous=contiguous)
        if target == BOOL:
            return finish(_logical("any", x, axes, keepdims, where), out, contiguous=contiguous)
        result = emit.emit("np.sum", [_mask(where, x, 0)], axis=axes, keepdims=keepdims)
        return finish(_with_initial(result, initial, "np.add"), out, contiguous=contiguous)
    refuse(dtype=dtype)
    result = _extreme(kind, x, axes, keepdims, initial, where)
    return finish(result, out, contiguous=contiguous)


def _logical(kind, x, axes, keepdims, where):
    name = "reduce_or" if kind == "any" else "reduce_and"
    return _reduced(name, _mask(where, x, kind == "all"), axes, keepdims)


def _reduced(name, x, axes, keepdims):
    """Apply a reduction of the library; nothing where there are no axes."""
    result = emit.emit(name, [x], axes=axes) if axes else x
    return kept(result, x.shape, axes) if keepdims else result


def reduce_bits(name, a, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """Answer `reduce` of the bitwise ufuncs and of `logical_xor`."""
    refuse(dtype=dtype, initial=initial)
    a = operand(a)
    x = truth(a) if name == "logical_xor" else as_value(a, default_of(kind_of(a)))
    if x.dtype.kind == "f":
        raise TypeError(f"bitwise operations are not defined for {x.dtype}{place()}")
    axes = normalize_axes(axis, x.ndim, lenient=True)
    neutral = 0
    if name == "bitwise_and":
        neutral = greatest(x.dtype) if x.dtype.kind in "bu" else -1
    operation = {"bitwise_and": "reduce_and", "bitwise_or": "reduce_or"}.get(name, "reduce_xor")
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    result = _reduced(operation, _mask(where, x, neutral), axes, keepdims)
    return finish(result, out, contiguous=all_contiguous([a]))


def reduce_logaddexp(a, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """Answer `np.logaddexp.reduce`."""
    a = operand(a)
    x = as_value(a, default_of(kind_of(a)))
    x = emit.convert(x, supported(dtype, "dtype") if given(dtype) else floating(x.dtype))
    axes = normalize_axes(axis, x.ndim, lenient=True)
    x = _mask(where, x, -math.inf)
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    result = emit.emit("nn.logsumexp", [x], axis=axes, keepdims=keepdims) if axes else x
    if given(initial):
        return np.logaddexp(Tracer.fresh(result), initial, out=out)
    return finish(result, out, contiguous=all_contiguous([a]))


def kept(result, shape, axes):
    """Give reduced axes back with size 1."""
    return emit.reshape(result, [1 if i in axes else n for i, n in enumerate(shape)])


def _extreme(kind, x, axes, keepdims, initial, where):
    neutral = least(x.dtype) if kind == "max" else greatest(x.dtype)
    masked = where is not True and where is not NO_VALUE
    if not given(initial) and (masked or _empty(x, axes)):
        if masked:
            raise ValueError(f"reduction with where= needs initial={place()}")
        raise ValueError(
            f"zero-size array to reduction operation {kind}imum which has no identity{place()}"
        )
    x = _mask(where, x, neutral)
    if _empty(x, axes):
        left = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes]
        result = emit.full(left, neutral, x.dtype)
    elif x.dtype == BOOL:
        result = _logical("any" if kind == "max" else "all", x, axes, keepdims, True)
    else:
        result = emit.emit(f"np.{kind}", [x], axis=axes, keepdims=keepdims)
    return _with_initial(result, initial, "np.maximum" if kind == "max" else "np.minimum")


@implements("sum")
def sum_(a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=True):
    return reduce("sum", a, axis, dtype, out, keepdims, initial, where)


@implements("prod")
def prod(a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=True):
    return reduce("prod", a, axis, dtype, out, keepdims, initial, where)


@implements("max", "amax")
def max_(a, axis=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=True):
    return reduce("max", a, axis, None, out, keepdims, initial, where)


@implements("min", "amin")
def min_(a, axis=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=True):
    return reduce("min", a, axis, None, out, keepdims, initial, where)


@implements("any")
def any_(a, axis=None, out=None, keepdims=NO_VALUE, where=True):
    return reduce("any", a, axis, None, out, keepdims, None, where)


@implements("all")
def all_(a, axis=None, out=None, keepdims=NO_VALUE, where=True):
    return reduce("all", a, axis, None, out, keepdims, None, where)


@implements("ptp")
def ptp(a, axis=None, out=None, keepdims=NO_VALUE):
    return finish((max_(a, axis, None, keepdims) - min_(a, axis, None, keepdims)).here(), out)


@implements("count_nonzero")
def count_nonzero(a, axis=None, *, keepdims=False):
    return reduce("sum", traced(a).astype(bool), axis, None, None, keepdims)


# ---- moments


def _moment_type(x, dtype):
    if given(dtype):
        return supported(dtype, "dtype")
    return x.dtype if x.dtype.kind == "f" else F64


def _count(where, x, axes, keepdims, dtype):
    """Return how many elements `where` selects, along the axes."""
    ones = emit.broadcast_to(emit.convert(truth(operand(where)), dtype), x.shape)
    return emit.emit("np.sum", [ones], axis=axes, keepdims=keepdims)


@implements("mean")
def mean(a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, *, where=True):
    a = operand(a)
    x = as_value(a, default_of(kind_of(a)))
    axes = normalize_axes(axis, x.ndim)
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    x = emit.convert(x, _moment_type(x, dtype))
    if where is True or where is NO_VALUE:
        result = emit.emit("np.mean", [x], axis=axes, keepdims=keepdims)
    else:
        total = emit.emit("np.sum", [_mask(where, x, 0)], axis=axes, keepdims=keepdims)
        result = emit.emit("np.divide", [total, _count(where, x, axes, keepdims, x.dtype)])
    return finish(result, out, contiguous=all_contiguous([a]))


def _variance(a, axis, dtype, ddof, keepdims, where, mean_given, correction):
    a = operand(a)
    x = as_value(a, default_of(kind_of(a)))
    axes = normalize_axes(axis, x.ndim)
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    x = emit.convert(x, _moment_type(x, dtype))
    if given(correction):
        ddof = correction
    if (
        isinstance(ddof, (int, np.integer))
        and ddof <= math.prod(x.shape[axis] for axis in axes)
        and not given(mean_given)
        and (where is True or where is NO_VALUE)
    ):
        return emit.emit("np.var", [x], axis=axes, keepdims=keepdims, ddof=int(ddof))
    # What is left out may be NaN, of which the square's derivative would be too.
    x = _mask(where, x, 0)
    count = math.prod(x.shape[axis] for axis in axes)
    count = (
        emit.full((), count, x.dtype)
        if where is True or where is NO_VALUE
        else _count(where, x, axes, True, x.dtype)
    )
    if given(mean_given):
        center = as_value(operand(mean_given), x.dtype)
    else:
        total = emit.emit("np.sum", [_mask(where, x, 0)], axis=axes, keepdims=True)
        center = emit.emit("np.divide", [total, count])
    squares = emit.emit("np.square", [emit.emit("np.subtract", [x, center])])
    total = emit.emit("np.sum", [_mask(where, squares, 0)], axis=axes, keepdims=True)
    # Fewer than no degrees of freedom are none.
    free = emit.emit("np.subtract", [count, emit.full((), ddof, x.dtype)])
    free = emit.emit("np.maximum", [free, emit.full((), 0, x.dtype)])
    result = emit.emit("np.divide", [total, free])
    if keepdims:
        return result
    return emit.reshape(result, [n for i, n in enumerate(x.shape) if i not in axes])


@implements("var")
def var(
    a,
    axis=None,
    dtype=None,
    out=None,
    ddof=0,
    keepdims=NO_VALUE,
    *,
    where=True,
    mean=NO_VALUE,
    correction=NO_VALUE,
):
    return finish(_variance(a, axis, dtype, ddof, keepdims, where, mean, correction), out)


@implements("std")
def std(
    a,
    axis=None,
    dtype=None,
    out=None,
    ddof=0,
    keepdims=NO_VALUE,
    *,
    where=True,
    mean=NO_VALUE,
    correction=NO_VALUE,
):
    variance = _variance(a, axis, dtype, ddof, keepdims, where, mean, correction)
    return finish(emit.emit("sqrt", [variance]), out)


@implements("average")
def average(a, axis=None, weights=None, returned=False, *, keepdims=NO_VALUE):
    a = traced(a)
    if weights is None:
        result = mean(a, axis, keepdims=keepdims)
        total = np.full_like(np.empty(result.shape), a.size / max(result.size, 1))
        return (result, total) if returned else result
    w = traced(weights)
    kind = promote([a.dtype, w.dtype] + ([F64] if a.dtype.kind in "biu" else []))
    if w.shape != a.shape:
        if axis is None:
            raise TypeError(f"Axis must be specified when shapes of a and weights differ.{place()}")
        along = [normalize_axis(i, a.ndim) for i in (axis if isinstance(axis, tuple) else (axis,))]
        if w.shape != tuple(a.shape[i] for i in along):
            raise ShapeError(
                f"Shape of weights must be consistent with shape of a along specified axis: "
                f"{w.shape} and {a.shape} along {axis}{place()}"
            )
        w = np.transpose(w, np.argsort(along))
        w = w.reshape([n if i in along else 1 for i, n in enumerate(a.shape)])
    w = w.astype(kind) * np.ones((), kind)
    total = sum_(np.broadcast_to(w, a.shape), axis, None, None, keepdims)
    result = sum_(a.astype(kind) * w, axis, None, None, keepdims) / total
    return (result, total) if returned else result


# ---- leaving NaN out


def _nan_mask(a):
    a = traced(a)
    return a, None if a.dtype.kind != "f" else emit.emit("not", [is_nan(a.here())])


@implements("nansum")
def nansum(a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=True):
    return reduce("sum", _without_nan(a, 0), axis, dtype, out, keepdims, initial, where)


def _without_nan(a, neutral):
    a, mask = _nan_mask(a)
    if mask is None:
        return a
    filled = emit.where(mask, a.here(), emit.full((), neutral, a.dtype))
    return Tracer.fresh(filled, a.contiguous, scalar=a._scalar)


@implements("nanprod")
def nanprod(a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=True):
    return reduce("prod", _without_nan(a, 1), axis, dtype, out, keepdims, initial, where)


@implements("nancumsum")
def nancumsum(a, axis=None, dtype=None, out=None):
    return np.cumsum(_without_nan(a, 0), axis, dtype, out)


@implements("nancumprod")
def nancumprod(a, axis=None, dtype=None, out=None):
    return np.cumprod(_without_nan(a, 1), axis, dtype, out)


@implements("nanmean")
def nanmean(a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, *, where=True):
    a, mask = _nan_mask(a)
    if mask is None:
        return mean(a, axis, dtype, out, keepdims, where=where)
    if where is not True and where is not NO_VALUE:
        mask = emit.emit("np.logical_and", [mask, truth(operand(where))])
    return mean(a, axis, dtype, out, keepdims, where=mask)


def _nan_extreme(kind, a, axis, out, keepdims, initial, where):
    a, mask = _nan_mask(a)
    if mask is None:
        return reduce(kind, a, axis, None, out, keepdims, initial, where)
    if where is not True and where is not NO_VALUE:
        if not given(initial):
            raise ValueError(f"reduction with where= needs initial={place()}")
        mask = emit.emit("np.logical_and", [mask, truth(operand(where))])
    x = a.here()
    axes = normalize_axes(axis, x.ndim)
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    neutral = least(x.dtype) if kind == "max" else greatest(x.dtype)
    filled = emit.where(mask, x, emit.full((), neutral, x.dtype))
    first = neutral if given(initial) else None
    result = _extreme(kind, filled, axes, keepdims, first, True)
    # Where every element is NaN, so is the result.
    seen = _logical("any", mask, axes, keepdims, True)
    result = emit.where(seen, result, emit.full((), math.nan, x.dtype))
    if given(initial):
        start = as_value(operand(initial), x.dtype)
        better = emit.emit(f"np.{kind}imum", [result, start])
        result = emit.where(seen, better, start)
    return finish(result, out)


@implements("nanmax")
def nanmax(a, axis=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=True):
    return _nan_extreme("max", a, axis, out, keepdims, initial, where)


@implements("nanmin")
def nanmin(a, axis=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, where=True):
    return _nan_extreme("min", a, axis, out, keepdims, initial, where)


# ---- positions


def _position(a, axis, out, keepdims, reverse_sign):
    x = value_of(a)
    keepdims = keepdims is not NO_VALUE and bool(keepdims)
    rank = x.ndim
    if axis is None:
        x = emit.reshape(x, (x.size,))
        axes = [0]
    else:
        axes = normalize_axes(axis, x.ndim)
    n = x.shape[axes[0]]
    if n == 0:
        name = "argmin" if reverse_sign else "argmax"
        raise ValueError(f"attempt to get {name} of an empty sequence{place()}")
    name = "argmin" if reverse_sign else "argmax"
    result = emit.emit(name, [x], axes=axes, index_dtype=I64)
    if keepdims and axis is not None:
        result = kept(result, x.shape, axes)
    if keepdims and axis is None:
        result = emit.reshape(result, (1,) * rank)
    return finish(result, out)


@implements("argmax")
def argmax(a, axis=None, out=None, *, keepdims=NO_VALUE):
    return _position(a, axis, out, keepdims, False)


@implements("argmin")
def argmin(a, axis=None, out=None, *, keepdims=NO_VALUE):
    return _position(a, axis, out, keepdims, True)
