"""Reading and overwriting at places that are not known while tracing."""

from __future__ import annotations

import numpy as np

from .._eager import eager
from .._errors import ArgumentError, ShapeError
from .._numpy.values import flattened, normalize_axis
from .._tracing import emit
from .._tracing.dtypes import I64
from .._tracing.location import place
from .._tracing.operands import traced, value_of
from .._tracing.tracer import Tracer, as_value


@eager
def take(a, indices, axis=None, mode=None):
    """Read entries of an array at traced places: what `a[t]` of a plain array cannot say.

    Parameters
    ----------
    a : array_like
    indices : array_like of int
        Negative ones count from the end.
    axis : int, optional
        None: of the flattened array.
    mode : {None, "fill", "clip"}
        "fill", the default: NaN where an index is out of range (for integers the type's least
        value, unsigned ones its greatest). "clip": the nearest entry.

    Returns
    -------
    array
        With the indices' axes in place of `axis`.

    Raises
    ------
    ArgumentError
        If the mode is unknown.

    Notes
    -----
    As `jax.numpy.take`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.take(np.array([1.0, 2.0, 3.0]), np.array([2, 5])))
    [ 3. nan]
    """
    x = traced(a)
    if axis is None:
        x, axis = flattened(x), 0
    axis = normalize_axis(axis, x.ndim)
    n = x.shape[axis]
    index = emit.convert(value_of(indices), I64)
    if mode == "clip":
        low = emit.emit("np.maximum", [index, emit.full((), 0, I64)])
        index = emit.emit("np.minimum", [low, emit.full((), n - 1, I64)])
        return Tracer.fresh(emit.take_axis(x.here(), axis, index, "clip"))
    if mode not in (None, "fill"):
        raise ArgumentError(f"take: mode must be None, 'fill' or 'clip', got {mode!r}{place()}")
    index = emit.wrap_index(index, n)
    result = emit.take_axis(x.here(), axis, index, "fill")
    inside = emit.emit(
        "and",
        [
            emit.emit("np.greater_equal", [index, emit.full((), 0, I64)]),
            emit.emit("np.less", [index, emit.full((), n, I64)]),
        ],
    )
    mask = emit.broadcast(inside, result.shape, range(axis, axis + index.ndim))
    return Tracer.fresh(emit.where(mask, result, emit.full((), _filling(x.dtype), x.dtype)))


def _filling(dtype):
    if dtype.kind == "f":
        return np.nan
    if dtype.kind == "b":
        return True
    limits = np.iinfo(dtype)
    return int(limits.max if dtype.kind == "u" else limits.min)


def _starts(operand, start_indices) -> list:
    """Return where a block starts on each axis; negative places count from the end."""
    if isinstance(start_indices, (tuple, list)):
        starts = [value_of(s) for s in start_indices]
    else:
        vector = traced(start_indices)
        starts = [vector[i].here() for i in range(len(vector))]
    if len(starts) != operand.ndim:
        raise ShapeError(
            f"{len(starts)} start indices for an array of {operand.ndim} axes{place()}"
        )
    return [emit.wrap_index(s, n) for s, n in zip(starts, operand.shape)]


@eager
def dynamic_slice(operand, start_indices, slice_sizes):
    """Take a block of known size at a traced place.

    Parameters
    ----------
    operand : array
    start_indices : sequence of int, or array of int
        One for each axis; moved so that the block lies inside.
    slice_sizes : sequence of int

    Returns
    -------
    array
        Of shape `slice_sizes`.

    Raises
    ------
    ShapeError
        If a size exceeds its axis, or counts differ.

    Notes
    -----
    As `jax.lax.dynamic_slice`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.dynamic_slice(np.arange(5.0), (3,), (3,)))
    [2. 3. 4.]
    """
    x = traced(operand)
    sizes = tuple(n.__index__() for n in slice_sizes)
    if len(sizes) != x.ndim or any(not 0 <= n <= m for n, m in zip(sizes, x.shape)):
        raise ShapeError(f"slice_sizes {sizes} do not fit an array of shape {x.shape}{place()}")
    operands = [x.here(), *_starts(x, start_indices)]
    return Tracer.fresh(emit.emit("dynamic_slice", operands, slice_sizes=sizes), scalar=False)


def dynamic_slice_in_dim(operand, start_index, slice_size, axis=0):
    """Take a block of known size at a traced place of one axis.

    Parameters
    ----------
    operand : array
    start_index : int
    slice_size : int
    axis : int

    Returns
    -------
    array

    Raises
    ------
    ShapeError
        If the size exceeds the axis.

    Notes
    -----
    As `jax.lax.dynamic_slice_in_dim`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.dynamic_slice_in_dim(np.arange(5.0), 1, 2))
    [1. 2.]
    """
    shape = np.shape(operand)
    axis = normalize_axis(axis, len(shape))
    starts, sizes = [0] * len(shape), list(shape)
    starts[axis], sizes[axis] = start_index, slice_size
    return dynamic_slice(operand, starts, sizes)


def dynamic_index_in_dim(operand, index, axis=0, keepdims=True):
    """Take one entry of an axis at a traced place.

    Parameters
    ----------
    operand : array
    index : int
        Moved inside where it is out of range.
    axis : int
    keepdims : bool

    Returns
    -------
    array

    Raises
    ------
    ShapeError
        If the axis is empty.

    Notes
    -----
    As `jax.lax.dynamic_index_in_dim`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.dynamic_index_in_dim(np.arange(5.0), 3, keepdims=False))
    3.0
    """
    result = dynamic_slice_in_dim(operand, index, 1, axis)
    return result if keepdims else np.squeeze(result, axis=axis)


@eager
def dynamic_update_slice(operand, update, start_indices):
    """Overwrite a block at a traced place.

    Parameters
    ----------
    operand : array
    update : array
        Of operand's element type, no larger than it.
    start_indices : sequence of int, or array of int
        One for each axis; moved so that the block lies inside.

    Returns
    -------
    array
        A new array of operand's shape.

    Raises
    ------
    ShapeError
        If the update exceeds the array, or counts differ.

    Notes
    -----
    As `jax.lax.dynamic_update_slice`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.dynamic_update_slice(np.zeros(4), np.ones(2), (1,)))
    [0. 1. 1. 0.]
    """
    x, new = traced(operand), traced(update)
    if new.ndim != x.ndim or any(m > n for m, n in zip(new.shape, x.shape)):
        raise ShapeError(
            f"an update of shape {new.shape} does not fit an array of shape {x.shape}{place()}"
        )
    operands = [x.here(), as_value(new, x.dtype), *_starts(x, start_indices)]
    return Tracer.fresh(emit.emit("dynamic_update_slice", operands), scalar=False)


def dynamic_update_index_in_dim(operand, update, index, axis=0):
    """Overwrite one entry of an axis at a traced place.

    Parameters
    ----------
    operand : array
    update : array
        With or without the axis.
    index : int
    axis : int

    Returns
    -------
    array

    Raises
    ------
    ShapeError
        If the update does not fit.

    Notes
    -----
    As `jax.lax.dynamic_update_index_in_dim`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.dynamic_update_index_in_dim(np.zeros(3), 5.0, 1))
    [0. 5. 0.]
    """
    shape = np.shape(operand)
    axis = normalize_axis(axis, len(shape))
    if np.ndim(update) != len(shape):
        update = np.expand_dims(update, axis)
    starts = [0] * len(shape)
    starts[axis] = index
    return dynamic_update_slice(operand, update, starts)
