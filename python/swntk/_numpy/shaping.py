"""Other shapes of the same elements: views where NumPy makes views."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.layout import reshape_strides
from .._tracing.location import place, unsupported
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer
from .._tracing.views import Broadcast, Diagonal, Reshape, Reverse, Transpose, diagonal_length
from .values import finish, flattened, normalize_axes, normalize_axis, shape_argument


def complete_shape(shape, size: int) -> tuple:
    """Fill in a single -1."""
    shape = shape_argument(shape)
    known = math.prod(n for n in shape if n != -1)
    free = sum(n == -1 for n in shape)
    fits = known == size if not free else free == 1 and known and size % known == 0
    if not fits or any(n < -1 for n in shape):
        raise ShapeError(f"cannot reshape array of size {size} into shape {shape}{place()}")
    return tuple(size // known if n == -1 else n for n in shape)


def reshaped(x: Tracer, shape: tuple, what: str) -> Tracer:
    """Make a view where NumPy provably does, a copy where it provably copies, else a doubt."""
    if x._strides is not None:
        strides = reshape_strides(x.shape, x._strides, shape)
        if strides is not None:
            return x.viewed(Reshape(shape), shape, strides)
    elif [n for n in shape if n != 1] == [n for n in x.shape if n != 1]:
        return x.viewed(Reshape(shape), shape, None)
    copy = Tracer.fresh(emit.reshape(x.here(), shape), scalar=False)
    if x._strides is None:
        copy._cell.doubt_with(x._cell, what)
    return copy


@implements("reshape")
def reshape(a, /, shape=None, order="C", *, newshape=None, copy=None):
    x = traced(a)
    if shape is None:
        shape = newshape
    if order not in ("C", None) and not (order == "A" and x.contiguous):
        if order == "F":
            if copy:
                x = finish(x.here(), scalar=False)
            whole = complete_shape(shape, x.size)
            return transpose(reshaped(transpose(x), whole[::-1], "reshape"))
        raise unsupported(f"reshape with order={order!r} is not supported")
    shape = complete_shape(shape, x.size)
    if copy:
        return finish(emit.reshape(x.here(), shape), contiguous=True, scalar=False)
    return reshaped(x, shape, "reshape")


@implements("ravel")
def ravel(a, order="C"):
    x = traced(a)
    if order == "F":
        return ravel(transpose(x))
    if order == "K" and not x.contiguous:
        raise unsupported(
            "ravel with order='K' of an array whose memory layout is not known", "order='C'"
        )
    # Unlike a reshape it is never a view with strides.
    if x.contiguous:
        return reshaped(x, (x.size,), "ravel")
    copy = finish(emit.reshape(x.here(), (x.size,)), contiguous=True, scalar=False)
    if x._strides is None:
        copy._cell.doubt_with(x._cell, "ravel")
    return copy


@implements("transpose", "permute_dims")
def transpose(a, axes=None):
    x = traced(a)
    if axes is None:
        order = tuple(range(x.ndim))[::-1]
    else:
        order = tuple(normalize_axis(axis, x.ndim) for axis in axes)
        if sorted(order) != list(range(x.ndim)):
            raise ValueError(f"axes don't match array{place()}")
    strides = None if x._strides is None else tuple(x._strides[i] for i in order)
    return x.viewed(Transpose(order), [x.shape[i] for i in order], strides)


@implements("matrix_transpose", "linalg.matrix_transpose")
def matrix_transpose(x, /):
    return swapaxes(x, -1, -2)


@implements("swapaxes")
def swapaxes(a, axis1, axis2):
    x = traced(a)
    order = list(range(x.ndim))
    i, j = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
    order[i], order[j] = order[j], order[i]
    return transpose(x, order)


@implements("moveaxis")
def moveaxis(a, source, destination):
    x = traced(a)
    source = [source] if hasattr(source, "__index__") else list(source)
    destination = [destination] if hasattr(destination, "__index__") else list(destination)
    if len(source) != len(destination):
        raise ValueError(
            f"`source` and `destination` must have the same number of elements{place()}"
        )
    source = [normalize_axis(axis, x.ndim) for axis in source]
    destination = [normalize_axis(axis, x.ndim) for axis in destination]
    order = [axis for axis in range(x.ndim) if axis not in source]
    for to, axis in sorted(zip(destination, source)):
        order.insert(to, axis)
    return transpose(x, order)


@implements("rollaxis")
def rollaxis(a, axis, start=0):
    x = traced(a)
    axis = normalize_axis(axis, x.ndim)
    start = start + x.ndim if start < 0 else start
    order = [i for i in range(x.ndim) if i != axis]
    order.insert(start - 1 if axis < start else start, axis)
    return transpose(x, order)


def _view_of(x: Tracer, shape, strides) -> Tracer:
    return x.viewed(Reshape(shape), shape, None if x._strides is None else tuple(strides))


@implements("squeeze")
def squeeze(a, axis=None):
    x = traced(a)
    if axis is None:
        gone = [i for i, n in enumerate(x.shape) if n == 1]
    else:
        gone = normalize_axes(axis, x.ndim)
        if any(x.shape[i] != 1 for i in gone):
            raise ShapeError(
                f"cannot select an axis to squeeze out which has size not equal to one{place()}"
            )
    left = [i for i in range(x.ndim) if i not in gone]
    known = x._strides or (0,) * x.ndim
    return _view_of(x, [x.shape[i] for i in left], [known[i] for i in left])


@implements("expand_dims")
def expand_dims(a, axis):
    x = traced(a)
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    rank = x.ndim + len(axes)
    new = sorted(normalize_axis(i, rank) for i in axes)
    if len(set(new)) != len(new):
        raise ValueError(f"repeated axis{place()}")
    shape, strides = list(x.shape), list(x._strides or (0,) * x.ndim)
    for i in new:
        shape.insert(i, 1)
        strides.insert(i, 0)
    return _view_of(x, shape, strides)


def _at_least(x, rank, pad):
    x = traced(x)
    if x.ndim >= rank:
        return x
    shape, strides = pad(list(x.shape), list(x._strides or (0,) * x.ndim))
    return _view_of(x, shape, strides)


def _every(arrays, one):
    results = [one(a) for a in arrays]
    return results[0] if len(results) == 1 else tuple(results)


@implements("atleast_1d")
def atleast_1d(*arys):
    return _every(arys, lambda a: _at_least(a, 1, lambda n, s: ([1], [1])))


@implements("atleast_2d")
def atleast_2d(*arys):
    return _every(
        arys,
        lambda a: _at_least(a, 2, lambda n, s: ([1] * (2 - len(n)) + n, [0] * (2 - len(s)) + s)),
    )


@implements("atleast_3d")
def atleast_3d(*arys):
    def padded(n, s):
        return {
            0: lambda: ([1, 1, 1], [1, 1, 1]),
            1: lambda: ([1, *n, 1], [0, *s, 0]),
            2: lambda: ([*n, 1], [*s, 0]),
        }[len(n)]()

    return _every(arys, lambda a: _at_least(a, 3, padded))


# ---- repeating without memory


def broadcast_strides(x: Tracer, shape):
    """Return the strides of a broadcast view."""
    if x._strides is None:
        return None
    lead = len(shape) - x.ndim
    return (0,) * lead + tuple(
        s if n == m else 0 for s, n, m in zip(x._strides, x.shape, shape[lead:])
    )


@implements("broadcast_to")
def broadcast_to(array, shape, subok=False):
    x = traced(array)
    shape = shape_argument(shape)
    try:
        fits = np.broadcast_shapes(x.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"cannot broadcast an array of shape {x.shape} to shape {shape}{place()}")
    return x.viewed(Broadcast(shape), shape, broadcast_strides(x, shape), writable=False)


@implements("broadcast_arrays")
def broadcast_arrays(*args, subok=False):
    arrays = [traced(a) for a in args]
    try:
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError as error:
        raise ShapeError(f"{error}{place()}") from None
    results = [a if a.shape == shape else broadcast_to(a, shape) for a in arrays]
    return tuple(results) if int(np.__version__.split(".")[0]) >= 2 else results


# ---- order of elements


@implements("flip")
def flip(m, axis=None):
    x = traced(m)
    axes = normalize_axes(axis, x.ndim)
    strides = (
        None
        if x._strides is None
        else tuple(-s if i in axes else s for i, s in enumerate(x._strides))
    )
    return x.viewed(Reverse(axes), x.shape, strides)


@implements("flipud")
def flipud(m):
    return flip(m, 0)


@implements("fliplr")
def fliplr(m):
    return flip(m, 1)


@implements("rot90")
def rot90(m, k=1, axes=(0, 1)):
    x = traced(m)
    i, j = (normalize_axis(axis, x.ndim) for axis in axes)
    if i == j:
        raise ValueError(f"Axes must be different.{place()}")
    k %= 4
    if k == 0:
        return x[...]
    if k == 2:
        return flip(flip(x, i), j)
    return swapaxes(flip(x, j), i, j) if k == 1 else flip(swapaxes(x, i, j), j)


@implements("roll")
def roll(a, shift, axis=None):
    x = traced(a)
    if axis is None:
        return roll(flattened(x), shift, 0).reshape(x.shape)
    shifts = list(shift) if isinstance(shift, (tuple, list)) else [shift]
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    if len(shifts) != len(axes):
        count = max(len(shifts), len(axes))
        shifts, axes = (list(v) * count if len(v) == 1 else list(v) for v in (shifts, axes))
    value = x.here()
    for by, along in zip(shifts, axes):
        along = normalize_axis(along, x.ndim)
        n = x.shape[along]
        by = by % n if n else 0
        if by:
            value = emit.concatenate(
                [
                    emit.slice_axis(value, along, n - by, n),
                    emit.slice_axis(value, along, 0, n - by),
                ],
                along,
            )
    return finish(value, contiguous=x.contiguous, scalar=False)


# ---- diagonals


@implements("diagonal")
def diagonal(a, offset=0, axis1=0, axis2=1):
    x = traced(a)
    if x.ndim < 2:
        raise ValueError(f"diag requires an array of at least two dimensions{place()}")
    i, j = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
    turned = moveaxis(x, (i, j), (-2, -1))
    count = diagonal_length(*turned.shape[-2:], offset)
    return turned.viewed(Diagonal(offset), (*turned.shape[:-2], count), None, writable=False)


@implements("trace")
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out)
