"""Cumulative reductions and places of extremes."""

from __future__ import annotations

import numpy as np

from .._eager import eager
from .._errors import ArgumentError, DTypeError
from .._numpy.values import normalize_axis
from .._tracing import emit
from .._tracing.location import place
from .._tracing.operands import traced
from .._tracing.tracer import Tracer

_DOCUMENTATION = """{summary}

    Parameters
    ----------
    operand : array
    axis : int
    reverse : bool
        From the last element to the first.

    Returns
    -------
    array
        Of operand's shape and element type.

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.
    DTypeError
        If the operation does not take the element type.

    Notes
    -----
    As `jax.lax.{name}`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.{name}(np.array([{numbers}])))
    {result}
    """


def _cumulative(name, summary, numbers, result):
    @eager
    def function(operand, axis=0, reverse=False):
        x = traced(operand)
        axis = normalize_axis(axis, x.ndim)
        return Tracer.fresh(
            emit.emit(name, [x.here()], axis=axis, reverse=bool(reverse)), scalar=False
        )

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = _DOCUMENTATION.format(
        summary=summary, name=name, numbers=numbers, result=result
    )
    return function


cumsum = _cumulative("cumsum", "Add up along an axis.", "1.0, 2.0, 4.0", "[1. 3. 7.]")
cumprod = _cumulative("cumprod", "Multiply along an axis.", "1.0, 2.0, 4.0", "[1. 2. 8.]")
cummax = _cumulative(
    "cummax", "Take the greatest so far along an axis.", "1.0, 3.0, 2.0", "[1. 3. 3.]"
)
cummin = _cumulative(
    "cummin", "Take the least so far along an axis.", "3.0, 1.0, 2.0", "[3. 1. 1.]"
)
cumlogsumexp = _cumulative(
    "cumlogsumexp",
    "Add up along an axis under the logarithm, without overflow.",
    "0.0, -np.inf, np.inf",
    "[ 0.  0. inf]",
)


def _position(name, summary, result):
    @eager
    def function(operand, axis, index_dtype):
        x = traced(operand)
        axis = normalize_axis(axis, x.ndim)
        dtype = np.dtype(index_dtype)
        if dtype.kind not in "iu":
            raise DTypeError(f"{name}: index_dtype must be an integer type, got {dtype}{place()}")
        if x.shape[axis] == 0:
            raise ArgumentError(f"{name} of an axis without elements, shape {x.shape}{place()}")
        return Tracer.fresh(
            emit.emit(name, [x.here()], axes=[axis], index_dtype=dtype), scalar=False
        )

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = f"""{summary}

    Parameters
    ----------
    operand : array
    axis : int
    index_dtype : dtype
        An integer type.

    Returns
    -------
    array
        The first place, that of the first NaN if there is one; without the axis.

    Raises
    ------
    ArgumentError
        If the axis has no elements.
    DTypeError
        If `index_dtype` is not an integer type.

    Notes
    -----
    As `jax.lax.{name}`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.{name}(np.array([2.0, 5.0, 1.0]), 0, np.int32))
    {result}
    """
    return function


argmax = _position("argmax", "Find the greatest element along an axis.", "1")
argmin = _position("argmin", "Find the least element along an axis.", "2")
