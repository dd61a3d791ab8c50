"""Taylor expansions of a function in its parameters."""

from __future__ import annotations

import math

from .. import tree
from .._errors import ArgumentError
from .forward import jvp


def linearize(f, params):
    """Make the first-order Taylor expansion of a function in its parameters.

    Parameters
    ----------
    f : callable
        `f(params, *args, **kwargs)`.
    params : tree of numpy.ndarray
        Where to expand.

    Returns
    -------
    callable
        `f_lin(p, *args, **kwargs) = f(params, ...) + J(params, ...) (p - params)`; outputs that
        are not floating are those of `params`.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        Later, if `p` does not fit `params`.

    Notes
    -----
    As `neural_tangents.linearize`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> f_lin = swntk.linearize(lambda w, x: w ** 2 * x, np.array(3.0))
    >>> print(f_lin(np.array(4.0), 1.0))
    15.0
    """
    return taylor_expand(f, params, 1)


def taylor_expand(f, params, degree):
    """Make the Taylor expansion of a function in its parameters.

    Parameters
    ----------
    f : callable
        `f(params, *args, **kwargs)`.
    params : tree of numpy.ndarray
        Where to expand.
    degree : int
        The highest derivative, 0 or more.

    Returns
    -------
    callable
        `f_taylor(p, *args, **kwargs)`, the sum over k up to `degree` of the k-th derivative of
        f at `params` along `p - params`, by k!; outputs that are not floating are those of
        `params`.

    Raises
    ------
    ArgumentError
        If `degree` is no integer, or negative; later, if `p` does not fit `params`.
    ShapeError, DTypeError
        Later, if `p` does not fit `params`.

    Notes
    -----
    As `neural_tangents.taylor_expand`. The derivatives are nested directional ones, whose common
    parts are computed once.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> f_taylor = swntk.taylor_expand(lambda w, x: w ** 3 * x, np.array(1.0), 2)
    >>> print(f_taylor(np.array(2.0), 1.0))
    7.0
    """
    if not hasattr(degree, "__index__") or degree.__index__() < 0:
        raise ArgumentError(f"degree must be an integer that is not negative, got {degree!r}")
    degree = degree.__index__()

    def f_taylor(p, *args, **kwargs):
        step = tree.map(lambda old, new: new - old, params, p)
        terms = _derivatives(lambda q: f(q, *args, **kwargs), params, step, degree)
        return tree.map(_sum, *terms)

    return f_taylor


def _derivatives(f, params, step, degree: int) -> list:
    """Return f and its derivatives along a direction, up to an order."""

    def up_to(order):
        if order == 0:
            return lambda q: [f(q)]

        def derivatives(q):
            values, moved = jvp(up_to(order - 1), (q,), (step,))
            return [*values, moved[-1]]

        return derivatives

    if degree == 0:
        return [jvp(f, (params,), (step,))[0]]
    return up_to(degree)(params)


def _sum(y, *derivatives):
    if getattr(y, "dtype", None) is None or y.dtype.kind != "f":
        return y
    for order, derivative in enumerate(derivatives, 1):
        y = y + derivative / math.factorial(order)
    return y
