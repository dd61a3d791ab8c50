"""Element-wise functions that NumPy lacks."""

from __future__ import annotations

import numpy as np

from .._eager import eager
from .._errors import ArgumentError, DTypeError, ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, I32
from .._tracing.location import place
from .._tracing.operands import common_values, traced, value_of
from .._tracing.tracer import Tracer


def rsqrt(x):
    """Compute 1 / sqrt(x).

    Parameters
    ----------
    x : array_like
        Floating.

    Returns
    -------
    array
        Of x's shape and element type.

    Raises
    ------
    DTypeError
        If x is not floating.

    Notes
    -----
    As `jax.lax.rsqrt`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.rsqrt(np.array([4.0])))
    [0.5]
    """
    if np.result_type(x).kind != "f":
        raise DTypeError(f"rsqrt takes floating arrays, got {np.result_type(x)}{place()}")
    return 1 / np.sqrt(x)


@eager
def select_n(which, *cases):
    """Choose among arrays, element by element.

    Parameters
    ----------
    which : array
        bool with two cases, or int32; of the cases' shape, or a scalar.
    *cases : array
        Of one shape and element type.

    Returns
    -------
    array
        `cases[which]`.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        If cases do not fit one another.

    Notes
    -----
    As `jax.lax.select_n`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.select_n(np.array([False, True]), np.zeros(2), np.ones(2)))
    [0. 1.]
    """
    if not cases:
        raise ArgumentError("select_n needs at least one case")
    values = common_values([traced(c) for c in cases])
    index = value_of(which)
    if index.dtype != BOOL:
        index = emit.convert(index, I32)
    if len(values) == 1:
        return Tracer.fresh(values[0], scalar=False)
    return Tracer.fresh(emit.emit("select_n", [index, *values]), scalar=False)


def select(pred, on_true, on_false):
    """Choose between two arrays of one shape, element by element.

    Parameters
    ----------
    pred : array of bool
        Of the cases' shape, or a scalar.
    on_true, on_false : array
        Of one shape and element type.

    Returns
    -------
    array

    Raises
    ------
    ShapeError, DTypeError
        If the cases do not fit each other.

    Notes
    -----
    As `jax.lax.select`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.select(np.array([True, False]), np.ones(2), np.zeros(2)))
    [1. 0.]
    """
    if np.shape(on_true) != np.shape(on_false):
        raise ShapeError(
            f"select: cases have shapes {np.shape(on_true)} and {np.shape(on_false)}{place()}"
        )
    return select_n(pred, on_false, on_true)
