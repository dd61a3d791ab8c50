"""Sorting, and the greatest elements."""

from __future__ import annotations

from .._eager import eager
from .._errors import ArgumentError, ShapeError
from .._numpy.values import normalize_axis
from .._tracing import emit
from .._tracing.location import place
from .._tracing.operands import traced
from .._tracing.tracer import Tracer


def _fresh(values):
    return tuple(Tracer.fresh(value, True, scalar=False) for value in values)


@eager
def sort(operand, dimension=-1, is_stable=True, num_keys=1):
    """Sort an array along a dimension, or several in the order of the first ones.

    Parameters
    ----------
    operand : array, or sequence of arrays
        Of one shape.
    dimension : int
    is_stable : bool
        Equal elements keep their order in either case.
    num_keys : int
        How many of the arrays decide, the first before the second.

    Returns
    -------
    array, or tuple of arrays

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.
    ArgumentError
        If there are no arrays, or not as many as keys.
    ShapeError
        If shapes differ.

    Notes
    -----
    As `jax.lax.sort`: -0 equals 0, and NaN comes last.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.sort(np.array([3.0, 1.0, 2.0])))
    [1. 2. 3.]
    """
    several = isinstance(operand, (tuple, list))
    arrays = [traced(x) for x in (operand if several else [operand])]
    if not arrays:
        raise ArgumentError(f"sort requires at least one operand{place()}")
    if any(x.shape != arrays[0].shape for x in arrays):
        shown = " and ".join(str(x.shape) for x in arrays)
        raise ShapeError(f"sort takes arrays of one shape, got {shown}{place()}")
    if not 1 <= num_keys <= len(arrays):
        raise ArgumentError(
            f"num_keys must be between 1 and the number of operands, {len(arrays)}, "
            f"got {num_keys}{place()}"
        )
    axis = normalize_axis(dimension, arrays[0].ndim)
    results = _fresh(emit.sort([x.here() for x in arrays], axis, num_keys))
    return results if several else results[0]


@eager
def sort_key_val(keys, values, dimension=-1, is_stable=True):
    """Sort keys along a dimension, and values in the same order.

    Parameters
    ----------
    keys, values : array
        Of one shape.
    dimension : int
    is_stable : bool
        Equal elements keep their order in either case.

    Returns
    -------
    keys, values : array

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.
    ShapeError
        If shapes differ.

    Notes
    -----
    As `jax.lax.sort_key_val`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> keys, values = swntk.lax.sort_key_val(np.array([3, 1, 2]), np.array([0.0, 1.0, 2.0]))
    >>> print(keys, values)
    [1 2 3] [1. 2. 0.]
    """
    return sort((keys, values), dimension, is_stable)


@eager
def top_k(operand, k, *, axis=-1):
    """Return the greatest elements along an axis, and their places.

    Parameters
    ----------
    operand : array
    k : int
        How many.
    axis : int

    Returns
    -------
    values : array
        In falling order.
    indices : array of int32
        Of equal elements the first.

    Raises
    ------
    ArgumentError
        If k is negative or greater than the axis.
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.lax.top_k`, whose order is IEEE 754's totalOrder: NaN before all numbers, 0 before -0.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> values, indices = swntk.lax.top_k(np.array([3.0, 1.0, 2.0]), 2)
    >>> print(values, indices)
    [3. 2.] [0 2]
    """
    x = traced(operand)
    axis = normalize_axis(axis, x.ndim)
    k = k.__index__()
    if not 0 <= k <= x.shape[axis]:
        raise ArgumentError(
            f"top_k: k must be between 0 and {x.shape[axis]}, the size of axis {axis}, "
            f"got {k}{place()}"
        )
    return list(_fresh(emit.top_k(x.here(), k, axis)))
