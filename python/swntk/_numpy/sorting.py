"""Sorting and what stands on it: orders, medians, quantiles, searches."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError, DTypeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, F64, I64, default_of, promote
from .._tracing.location import place, tracing_error, unsupported
from .._tracing.operands import kind_of, operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer, as_value
from .values import NO_VALUE, finish, flattened, given, normalize_axes, normalize_axis, refuse
from .vocabulary import is_nan


def _places(x, axis: int):
    return emit.emit("iota", [], dtype=I64, shape=list(x.shape), dimension=axis)


def order_of(keys, axis: int):
    """Return the places of elements in the order of keys, the first key before the second."""
    return emit.sort([*keys, _places(keys[0], axis)], axis, len(keys))[-1]


def _along(a, axis):
    """Return the array and the axis to sort along; None is of the flattened array."""
    x = traced(a)
    if axis is None:
        x, axis = flattened(x), 0
    return x, normalize_axis(axis, x.ndim)


def _check(kind, stable=None):
    if kind is not None and stable is not None:
        raise ArgumentError(f"`kind` and `stable` cannot be given together{place()}")
    if kind is None or kind in ("introselect", "s", "q", "h", "m"):
        return
    if kind not in ("quicksort", "heapsort", "mergesort", "stable"):
        raise ArgumentError(f"kind must be a sorting algorithm's name, got {kind!r}{place()}")


def _check_kth(kth, n):
    if isinstance(kth, Tracer):
        raise tracing_error("the places `kth` of a partition must be known while tracing")
    for k in np.atleast_1d(np.asarray(kth)):
        if not -n <= k < n:
            raise ArgumentError(f"kth(={k}) out of bounds ({n}){place()}")


@implements("sort")
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    refuse(order=order)
    _check(kind, stable)
    x, axis = _along(a, axis)
    return finish(emit.sort([x.here()], axis)[0], contiguous=True, scalar=False)


@implements("argsort")
def argsort(a, axis=-1, kind=None, order=None, *, stable=None):
    refuse(order=order)
    _check(kind, stable)
    x = traced(a)
    if x.ndim == 0 and axis in (-1, 0, None):
        return finish(emit.full((), 0, I64))
    x, axis = _along(x, axis)
    return finish(order_of([x.here()], axis), contiguous=True, scalar=False)


@implements("partition")
def partition(a, kth, axis=-1, kind="introselect", order=None):
    refuse(order=order)
    x, axis = _along(a, axis)
    _check_kth(kth, x.shape[axis])
    return finish(emit.sort([x.here()], axis)[0], contiguous=True, scalar=False)


@implements("argpartition")
def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    refuse(order=order)
    x, axis = _along(a, axis)
    _check_kth(kth, x.shape[axis])
    return finish(order_of([x.here()], axis), contiguous=True, scalar=False)


@implements("lexsort")
def lexsort(keys, axis=-1):
    rows = [traced(key).here() for key in keys]
    if not rows:
        raise ArgumentError(f"np.lexsort needs a sequence of keys with len > 0{place()}")
    if any(row.shape != rows[0].shape for row in rows):
        raise ArgumentError(f"np.lexsort: all keys need to be the same shape{place()}")
    if rows[0].ndim == 0:
        return finish(emit.full((), 0, I64))
    axis = normalize_axis(axis, rows[0].ndim)
    return finish(order_of(rows[::-1], axis), contiguous=True, scalar=False)


@implements("searchsorted")
def searchsorted(a, v, side="left", sorter=None):
    if side not in ("left", "right"):
        raise ArgumentError(f"side must be 'left' or 'right', got {side!r}{place()}")
    a, v = operand(a), operand(v)
    target = promote([kind_of(a), kind_of(v)])
    rising, wanted = as_value(a, target), as_value(v, target)
    if rising.ndim != 1:
        raise ArgumentError(f"np.searchsorted: a has {rising.ndim} axes, expected 1{place()}")
    if given(sorter):
        order = emit.wrap_index(traced(sorter).here(), rising.size)
        rising = emit.take_axis(rising, 0, order, "error")
    return finish(places_in(rising, wanted, side))


def places_in(rising, x, side="left"):
    """Return how many of a rising vector's numbers come before each of x, by bisection.

    On the right side, those equal to it too. NaN comes after all numbers.
    """
    n = rising.size
    low = emit.full(x.shape, 0, I64)
    high = emit.full(x.shape, n, I64)
    two, one = emit.full(x.shape, 2, I64), emit.full(x.shape, 1, I64)
    for _ in range(n.bit_length()):
        middle = emit.emit("div", [emit.emit("add", [low, high]), two])
        there = emit.take_axis(rising, 0, middle, "clip")
        before = _less(there, x) if side == "left" else emit.emit("not", [_less(x, there)])
        right = emit.emit("and", [before, emit.emit("lt", [low, high])])
        low, high = (
            emit.select(right, emit.emit("add", [middle, one]), low),
            emit.select(right, high, middle),
        )
    return low


def _less(x, y):
    less = emit.emit("lt", [x, y])
    if x.dtype.kind != "f":
        return less
    only = emit.emit("and", [emit.emit("eq", [x, x]), is_nan(y)])
    return emit.emit("or", [less, only])


def _columns(a, axis, keepdims, floating=True):
    """Return the axes to combine made one at the end, and the shape of a result without it."""
    a = operand(a)
    kind = default_of(kind_of(a))
    x = as_value(a, kind if kind.kind == "f" or not floating else F64)
    axes = normalize_axes(axis, x.ndim)
    kept = [i for i in range(x.ndim) if i not in axes]
    outer = tuple(x.shape[i] for i in kept)
    length = int(np.prod([x.shape[i] for i in axes], dtype=np.int64))
    rows = emit.reshape(emit.transpose(x, [*kept, *axes]), (*outer, length))
    if keepdims is not NO_VALUE and keepdims:
        outer = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    return rows, outer


def _at(rows, index: int):
    last = rows.ndim - 1
    return emit.reshape(emit.slice_axis(rows, last, index, index + 1), rows.shape[:-1])


def _nan_where(mask, value):
    return emit.where(mask, emit.full((), np.nan, value.dtype), value)


def _half(value):
    return emit.emit("np.multiply", [value, emit.full((), 0.5, value.dtype)])


@implements("median")
def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    rows, shape = _columns(a, axis, keepdims)
    n = rows.shape[-1]
    if n == 0:
        return finish(emit.full(shape, np.nan, rows.dtype), out)
    rows = emit.sort([rows], rows.ndim - 1)[0]
    middle = _at(rows, n // 2)
    if n % 2 == 0:
        middle = _half(emit.emit("add", [_at(rows, n // 2 - 1), middle]))
    # NaN is sorted to the end.
    middle = _nan_where(is_nan(_at(rows, n - 1)), middle)
    return finish(emit.reshape(middle, shape), out, contiguous=True)


@implements("nanmedian")
def nanmedian(a, axis=None, out=None, overwrite_input=False, keepdims=NO_VALUE):
    rows, shape = _columns(a, axis, keepdims)
    n, last = rows.shape[-1], rows.ndim - 1
    if n == 0:
        return finish(emit.full(shape, np.nan, rows.dtype), out)
    rows = emit.sort([rows], last)[0]
    numbers = emit.convert(emit.emit("eq", [rows, rows]), I64)
    count = emit.emit("reduce_sum", [numbers], axes=[last])
    two = emit.full(count.shape, 2, I64)
    high = emit.emit("div", [count, two])
    before = emit.emit("sub", [count, emit.full(count.shape, 1, I64)])
    none = emit.emit("lt", [before, emit.full(count.shape, 0, I64)])
    low = emit.emit("div", [before, two])
    middle = _half(emit.emit("add", [_pick(rows, low), _pick(rows, high)]))
    middle = _nan_where(none, middle)
    return finish(emit.reshape(middle, shape), out, contiguous=True)


def _pick(rows, index):
    """Take one element of each row, by places of the rows' shape without the last axis."""
    index = Tracer.fresh(emit.reshape(index, (*index.shape, 1)), True)
    taken = np.take_along_axis(Tracer.fresh(rows, True), index, axis=-1).here()
    return emit.reshape(taken, rows.shape[:-1])


# The parameters α, β of Hyndman and Fan (1996).
_PLOTTING = {
    "linear": (1.0, 1.0),
    "weibull": (0.0, 0.0),
    "hazen": (0.5, 0.5),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
    "interpolated_inverted_cdf": (0.0, 1.0),
}
_ROUNDED = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint, "midpoint": np.floor}
# Whose results are elements of the array.
_EXACT = ("lower", "higher", "nearest", "inverted_cdf", "closest_observation")
_STEPS = ("inverted_cdf", "averaged_inverted_cdf", "closest_observation")


def _virtual_places(q, n, method):
    """Return where quantiles stand among n sorted numbers, whole or between two."""
    if method == "midpoint":
        at = q * (n - 1)
        return 0.5 * (np.floor(at) + np.ceil(at))
    if method in _ROUNDED:
        return _ROUNDED[method](q * (n - 1))
    if method in _PLOTTING:
        alpha, beta = _PLOTTING[method]
        if method == "linear":
            return q * (n - 1)
        return n * q + (alpha + q * (1 - alpha - beta)) - 1
    if method not in _STEPS:
        raise ArgumentError(f"{method!r} is not a valid method of quantiles{place()}")
    if isinstance(q, Tracer):
        raise unsupported(f"the method {method!r} of traced quantiles is not supported")
    return np.quantile(np.arange(float(n)), q, method=method)


@implements("quantile")
def quantile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, **options
):
    """As NumPy's; q may be traced, too."""
    return _quantile(a, q, 1, axis, out, method, keepdims, options)


@implements("percentile")
def percentile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, **options
):
    """As NumPy's; q may be traced, too."""
    return _quantile(a, q, 100, axis, out, method, keepdims, options)


def _fractions(q, most, dtype):
    """Return quantiles as fractions; Python numbers are of the array's floating type."""
    q = operand(q)
    if isinstance(q, Tracer):
        return q / most
    if isinstance(q, (int, float)) and dtype.kind == "f":
        q = np.asarray(q, dtype=dtype)
    q = np.asarray(q)
    q = q if q.dtype.kind == "f" else q.astype(np.float64)
    if not np.all((q >= 0) & (q <= most)):
        name = "Quantiles" if most == 1 else "Percentiles"
        raise ArgumentError(f"{name} must be in the range [0, {most}]{place()}")
    return q if most == 1 else q / q.dtype.type(most)


def _quantile(a, q, most, axis, out, method, keepdims, options):
    method = options.pop("interpolation", None) or method
    refuse(**options)
    rows, shape = _columns(a, axis, keepdims, floating=False)
    if rows.dtype == BOOL:
        raise DTypeError(f"quantiles of booleans: there is no number between two{place()}")
    q = _fractions(q, most, rows.dtype)
    n, last = rows.shape[-1], rows.ndim - 1
    if n == 0:
        raise ArgumentError(f"quantiles of no elements{place()}")
    rows = emit.sort([rows], last)[0]
    at = _virtual_places(q, n, method)
    below = np.floor(at)
    low = as_value(operand(np.clip(below, 0, n - 1).astype(np.int64)), I64)
    high = as_value(operand(np.clip(below + 1, 0, n - 1).astype(np.int64)), I64)
    flat = (int(np.prod(low.shape, dtype=np.int64)),)
    rows = emit.transpose(rows, [last, *range(last)])
    missing = is_nan(emit.reshape(emit.slice_axis(rows, 0, n - 1, n), rows.shape[1:]))
    first = emit.take_axis(rows, 0, emit.reshape(low, flat), "clip")
    second = emit.take_axis(rows, 0, emit.reshape(high, flat), "clip")
    if method in _EXACT:
        value = _nan_where(missing, first) if rows.dtype.kind == "f" else first
        return finish(emit.reshape(value, (*low.shape, *shape)), out, contiguous=True)
    target = np.promote_types(rows.dtype if rows.dtype.kind == "f" else F64, q.dtype)
    # The difference in the array's own type, as NumPy takes it.
    step = emit.convert(emit.emit("sub", [second, first]), target)
    first, second = emit.convert(first, target), emit.convert(second, target)
    weight = as_value(operand(at - below), target)
    weight = emit.broadcast(emit.reshape(weight, flat), first.shape, [0])
    # From the nearer end, as NumPy interpolates.
    rest = emit.emit("sub", [emit.full(weight.shape, 1, weight.dtype), weight])
    near = emit.emit("lt", [weight, emit.full(weight.shape, 0.5, weight.dtype)])
    value = emit.select(
        near,
        emit.emit("add", [first, emit.emit("mul", [step, weight])]),
        emit.emit("sub", [second, emit.emit("mul", [step, rest])]),
    )
    value = _nan_where(missing, value)
    return finish(emit.reshape(value, (*low.shape, *shape)), out, contiguous=True)
