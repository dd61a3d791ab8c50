"""The array API standard: shape, statistics, search, products."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError
from .._tracing.location import place
from .._tracing.operands import traced
from ._calling import call

# ---- shape


def broadcast_arrays(*arrays):
    """As the array API standard's `broadcast_arrays`."""
    return list(call(np.broadcast_arrays, *arrays))


def broadcast_to(x, /, shape):
    """As the array API standard's `broadcast_to`."""
    return call(np.broadcast_to, x, shape)


def concat(arrays, /, *, axis=0):
    """As the array API standard's `concat`."""
    return call(np.concatenate, arrays, axis=axis)


def expand_dims(x, /, axis=0):
    """As the array API standard's `expand_dims`."""
    return call(np.expand_dims, x, axis)


def flip(x, /, *, axis=None):
    """As the array API standard's `flip`."""
    return call(np.flip, x, axis)


def moveaxis(x, source, destination, /):
    """As the array API standard's `moveaxis`."""
    return call(np.moveaxis, x, source, destination)


def permute_dims(x, /, axes):
    """As the array API standard's `permute_dims`."""
    return call(np.transpose, x, axes)


def repeat(x, repeats, /, *, axis=None):
    """As the array API standard's `repeat`."""
    return call(np.repeat, x, repeats, axis)


def reshape(x, /, shape, *, copy=None):
    """As the array API standard's `reshape`."""
    return call(np.reshape, x, shape, copy=copy)


def roll(x, /, shift, *, axis=None):
    """As the array API standard's `roll`."""
    return call(np.roll, x, shift, axis)


def squeeze(x, /, axis):
    """As the array API standard's `squeeze`."""
    return call(np.squeeze, x, axis)


def stack(arrays, /, *, axis=0):
    """As the array API standard's `stack`."""
    return call(np.stack, arrays, axis=axis)


def tile(x, repetitions, /):
    """As the array API standard's `tile`."""
    return call(np.tile, x, repetitions)


def unstack(x, /, *, axis=0):
    """As the array API standard's `unstack`."""
    moved = call(np.moveaxis, x, axis, 0)
    return tuple(moved[i] for i in range(moved.shape[0]))


def matrix_transpose(x, /):
    """As the array API standard's `matrix_transpose`."""
    return traced(x).mT


# ---- statistics


def _reduction(name):
    function = getattr(np, name)

    def _inner(x, /, *, axis=None, keepdims=False):
        return call(function, x, axis=axis, keepdims=keepdims)

    return _inner


all, any, max, mean, min = map(_reduction, ("all", "any", "max", "mean", "min"))
count_nonzero = _reduction("count_nonzero")


def _argument(name):
    function = getattr(np, name)

    def _inner(x, /, *, axis=None, keepdims=False):
        return call(function, x, axis, keepdims=keepdims)

    return _inner


argmax, argmin = map(_argument, ("argmax", "argmin"))


def sum(x, /, *, axis=None, dtype=None, keepdims=False):
    """As the array API standard's `sum`."""
    return call(np.sum, x, axis=axis, dtype=dtype, keepdims=keepdims)


def prod(x, /, *, axis=None, dtype=None, keepdims=False):
    """As the array API standard's `prod`."""
    return call(np.prod, x, axis=axis, dtype=dtype, keepdims=keepdims)


def std(x, /, *, axis=None, correction=0.0, keepdims=False):
    """As the array API standard's `std`."""
    return call(np.std, x, axis=axis, ddof=correction, keepdims=keepdims)


def var(x, /, *, axis=None, correction=0.0, keepdims=False):
    """As the array API standard's `var`."""
    return call(np.var, x, axis=axis, ddof=correction, keepdims=keepdims)


def cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False):
    """As the array API standard's `cumulative_sum`."""
    from .._numpy.statistics import cumulative_sum as handler

    return handler(x, axis=axis, dtype=dtype, include_initial=include_initial)


def cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False):
    """As the array API standard's `cumulative_prod`."""
    from .._numpy.statistics import cumulative_prod as handler

    return handler(x, axis=axis, dtype=dtype, include_initial=include_initial)


def diff(x, /, *, axis=-1, n=1, prepend=None, append=None):
    """As the array API standard's `diff`."""
    return call(np.diff, x, n, axis, prepend, append)


# ---- search, sorting, sets


def where(condition, x1, x2, /):
    """As the array API standard's `where`."""
    return call(np.where, condition, x1, x2)


def isin(x1, x2, /, *, invert=False):
    """As the array API standard's `isin`."""
    return call(np.isin, x1, x2, invert=invert)


def nonzero(x, /):
    """As the array API standard's `nonzero`: raises, for the shape depends on numbers."""
    return call(np.nonzero, x)


def searchsorted(x1, x2, /, *, side="left", sorter=None):
    """As the array API standard's `searchsorted`."""
    return call(np.searchsorted, x1, x2, side, sorter)


def argsort(x, /, *, axis=-1, descending=False, stable=True):
    """As the array API standard's `argsort`."""
    x = traced(x)
    if not descending:
        return call(np.argsort, x, axis=axis, kind="stable")
    # Backwards twice, so that equal elements stay in their order.
    n = x.shape[axis]
    order = call(np.argsort, call(np.flip, x, axis), axis=axis, kind="stable")
    return n - 1 - call(np.flip, order, axis)


def sort(x, /, *, axis=-1, descending=False, stable=True):
    """As the array API standard's `sort`."""
    ordered = call(np.sort, traced(x), axis=axis)
    return call(np.copy, call(np.flip, ordered, axis)) if descending else ordered


def take(x, indices, /, *, axis=None):
    """As the array API standard's `take`."""
    x = traced(x)
    if axis is None and x.ndim != 1:
        raise ArgumentError(f"take needs axis= where x has {x.ndim} axes{place()}")
    return call(np.take, x, indices, 0 if axis is None else axis)


def take_along_axis(x, indices, /, *, axis=-1):
    """As the array API standard's `take_along_axis`."""
    return call(np.take_along_axis, x, indices, axis)


def _refused(name):
    def _inner(x, /):
        return call(np.unique, x)

    _inner.__name__ = name
    return _inner


unique_all, unique_counts, unique_inverse, unique_values = map(
    _refused, ("unique_all", "unique_counts", "unique_inverse", "unique_values")
)


# ---- products


def matmul(x1, x2, /):
    """As the array API standard's `matmul`."""
    return call(np.matmul, x1, x2)


def tensordot(x1, x2, /, *, axes=2):
    """As the array API standard's `tensordot`."""
    return call(np.tensordot, x1, x2, axes)


def vecdot(x1, x2, /, *, axis=-1):
    """As the array API standard's `vecdot`."""
    x1, x2 = traced(x1), traced(x2)
    moved = [call(np.moveaxis, x, axis, -1) for x in (x1, x2)]
    return call(np.einsum, "...i,...i->...", *moved)
