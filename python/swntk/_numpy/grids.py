"""Ranges between traced ends, grids, and indices that shapes alone decide."""

from __future__ import annotations

import operator

import numpy as np

from .._tracing import emit
from .._tracing.dtypes import promote, supported
from .._tracing.location import place, tracing_error
from .._tracing.operands import kind_of, operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer
from .values import given


def _between(start, stop, num, endpoint, axis):
    """Return (points with their axis in front moved to `axis`, step)."""
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.{place()}")
    kind = promote([kind_of(operand(start)), kind_of(operand(stop)), "f"])
    start, stop = traced(start).astype(kind), traced(stop).astype(kind)
    parts = num - 1 if endpoint else num
    width = stop - start
    counts = np.arange(num, dtype=kind).reshape((-1,) + (1,) * width.ndim)
    step = width / parts if parts > 0 else width * np.nan
    points = counts * (step if parts > 0 else width) + start
    if endpoint and num > 1:
        points = np.concatenate([points[:-1], np.broadcast_to(stop, points.shape[1:])[None]])
    return (np.moveaxis(points, 0, axis) if axis else points), step


@implements("linspace")
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    points, step = _between(start, stop, num, endpoint, axis)
    if given(dtype):
        target = supported(dtype, "dtype")
        points = (np.floor(points) if target.kind in "iu" else points).astype(target)
    return (points, step) if retstep else points


@implements("logspace")
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    if np.ndim(base):
        base = np.expand_dims(traced(base), axis)
    powers = np.power(base, _between(start, stop, num, endpoint, axis)[0])
    return powers.astype(dtype) if given(dtype) else powers


@implements("geomspace")
def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    kind = np.dtype(np.float64)
    start, stop = np.broadcast_arrays(traced(start).astype(kind), traced(stop).astype(kind))
    sign = np.sign(start)
    low, high = np.log10(start * sign), np.log10(stop * sign)
    points = np.power(10.0, _between(low, high, num, endpoint, 0)[0])
    # The ends exactly, as NumPy has them.
    if num > 1 and endpoint:
        points = np.concatenate([(start * sign)[None], points[1:-1], (stop * sign)[None]])
    elif num:
        points = np.concatenate([(start * sign)[None], points[1:]])
    points = points * sign
    points = np.moveaxis(points, 0, axis) if axis else points
    return points.astype(dtype) if given(dtype) else points


@implements("meshgrid")
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Valid values for `indexing` are 'xy' and 'ij'.{place()}")
    rank = len(xi)
    axes = list(range(rank))
    if indexing == "xy" and rank > 1:
        axes[0], axes[1] = 1, 0
    grids = []
    for x, axis in zip(xi, axes):
        grids.append(np.reshape(traced(x), [-1 if i == axis else 1 for i in range(rank)]))
    if not sparse:
        grids = list(np.broadcast_arrays(*grids)) if grids else []
    if copy:
        grids = [np.copy(g) for g in grids]
    return tuple(grids) if int(np.__version__.split(".")[0]) >= 2 else grids


@implements("ix_")
def ix_(*args):
    found = []
    for axis, index in enumerate(args):
        shape = [-1 if i == axis else 1 for i in range(len(args))]
        if not isinstance(index, Tracer):
            index = np.asarray(index)
            index = index.astype(np.intp) if index.size == 0 else index
            index = np.flatnonzero(index) if index.dtype == bool else index
        elif index.dtype == bool:
            raise tracing_error("np.ix_ with a traced mask: how many are true is not known")
        if index.ndim != 1:
            raise ValueError(f"Cross index must be 1 dimensional{place()}")
        found.append(index.reshape(shape))
    return tuple(found)


@implements("diag_indices_from")
def diag_indices_from(arr):
    return np.diag_indices_from(np.empty(arr.shape, bool))


@implements("tril_indices_from")
def tril_indices_from(arr, k=0):
    return np.tril_indices_from(np.empty(arr.shape, bool), k)


@implements("triu_indices_from")
def triu_indices_from(arr, k=0):
    return np.triu_indices_from(np.empty(arr.shape, bool), k)


@implements("min_scalar_type")
def min_scalar_type(a):
    x = traced(a)
    if not x.ndim:
        raise tracing_error(
            "np.min_scalar_type of a traced number, which may have any size", "x.dtype"
        )
    return x.dtype


@implements("angle")
def angle(z, deg=False):
    x = traced(z)
    half = 180.0 if deg else np.pi
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    turned = np.where(np.signbit(x), half, 0.0).astype(x.dtype)
    return np.where(np.isnan(x), x, turned)[()]


@implements("lib.stride_tricks.sliding_window_view")
def sliding_window_view(x, window_shape, axis=None, *, subok=False, writeable=False):
    x = traced(x)
    window = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    if axis is None:
        axes = list(range(x.ndim))
    else:
        axes = [a % x.ndim for a in np.atleast_1d(axis).tolist()]
    if len(window) != len(axes):
        raise ValueError(f"Must provide matching length window_shape and axis{place()}")
    if writeable:
        raise tracing_error("a sliding window of a traced array that is writable", "a copy of it")
    value = x.here()
    for axis, k in zip(axes, window):
        n = value.shape[axis] - k + 1
        if k < 0 or n < 1:
            raise ValueError(f"window shape cannot be larger than input array shape{place()}")
        places = np.arange(n)[:, None] + np.arange(k)
        value = emit.take_axis(value, axis, emit.constant(places), "clip")
        last = [i for i in range(value.ndim) if i != axis + 1] + [axis + 1]
        value = emit.transpose(value, last)
    windows = Tracer.fresh(value, contiguous=False, scalar=False)
    # NumPy's is a view, this is a copy: so neither may be written to from here on.
    windows._writable = False
    windows._cell.doubt_with(x._cell, "sliding_window_view")
    return windows
