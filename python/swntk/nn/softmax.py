"""Functions along axes: softmax and the sums of exponentials."""

from __future__ import annotations

import numpy as np

from .._numpy.values import normalize_axes
from .._numpy.vocabulary import floats, truth
from .._tracing import emit
from .._tracing.operands import operand
from .._tracing.tracer import Tracer
from ._arrays import array, floating, on_arrays


def _along(name, x, axis, where, left_out):
    """Apply a function along axes to what `where` selects; the rest becomes `left_out`."""
    value = floating(x, "x").here()
    axes = normalize_axes(axis, value.ndim)
    if where is None:
        return Tracer.fresh(emit.emit(name, [value], axis=axes))
    mask = truth(operand(where))
    # What the mask leaves out is in no sum, and gets no derivative: it is selected away twice.
    kept = emit.where(mask, value, emit.full((), -np.inf, value.dtype))
    result = emit.emit(name, [kept], axis=axes)
    return Tracer.fresh(emit.where(mask, result, emit.full((), left_out, value.dtype)))


@on_arrays
def softmax(x, axis=-1, where=None):
    """Compute exp(x) / sum(exp(x)) along axes, without overflow.

    Parameters
    ----------
    x : array
    axis : int, sequence of int, or None
        None: all axes.
    where : array of bool, optional
        Which elements take part, broadcast to x; the others' result is 0.

    Returns
    -------
    array

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.nn.softmax`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.softmax(np.array([1000.0, 1000.0])))
    [0.5 0.5]
    """
    return _along("nn.softmax", x, axis, where, 0.0)


@on_arrays
def log_softmax(x, axis=-1, where=None):
    """Compute the logarithm of softmax along axes.

    Parameters
    ----------
    x : array
    axis : int, sequence of int, or None
        None: all axes.
    where : array of bool, optional
        Which elements take part, broadcast to x; the others' result is -inf.

    Returns
    -------
    array

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.nn.log_softmax`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.log_softmax(np.array([0.0, 0.0])).round(4))
    [-0.6931 -0.6931]
    """
    return _along("nn.log_softmax", x, axis, where, -np.inf)


@on_arrays
def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False, where=None):
    """Compute log(sum(b * exp(a))) along axes, without overflow.

    Parameters
    ----------
    a : array
    axis : None, int or sequence of int
    b : array, optional
        Factors of the exponentials, broadcast with a. Where one is 0, a does not matter.
    keepdims : bool
    return_sign : bool
        Return the logarithm of the sum's magnitude and the sum's sign.
    where : array of bool, optional
        Which elements take part, broadcast to a.

    Returns
    -------
    array
        NaN where the sum is negative; or with `return_sign` a pair of arrays.

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.nn.logsumexp`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.logsumexp(np.array([1000.0, 1000.0])).round(4))
    1000.6931
    >>> print(swntk.nn.logsumexp(np.zeros(2), b=np.array([1.0, -3.0]), return_sign=True)[1])
    -1.0
    """
    if b is None and where is None and not return_sign:
        value = floating(a, "a").here()
        axes = normalize_axes(axis, value.ndim)
        return Tracer.fresh(emit.emit("nn.logsumexp", [value], axis=axes, keepdims=bool(keepdims)))
    if b is None:
        a = floating(a, "a")
    else:
        a, b = (Tracer.fresh(v) for v in floats([array(a, "a"), array(b, "b")], None))
        a = np.where(b != 0, a, -np.inf)
    if where is not None:
        where = Tracer.fresh(truth(operand(where)))
        a = np.where(where, a, -np.inf)
    axes = tuple(normalize_axes(axis, a.ndim))
    value = np.max(a, axis=axes, keepdims=True, initial=-np.inf).here()
    greatest = Tracer.fresh(emit.emit("stop_gradient", [value]))
    # An infinite or NaN greatest is no shift: inf - inf would hide what the sum gives.
    greatest = np.where(np.isfinite(greatest), greatest, 0.0)
    terms = np.exp(a - greatest)
    if b is not None:
        terms = terms * b
    if where is not None:
        terms = np.where(where, terms, 0.0)
    total = np.sum(terms, axis=axes, keepdims=bool(keepdims))
    sign = np.sign(total)
    if not keepdims:
        greatest = np.squeeze(greatest, axis=axes)
    result = np.log(np.abs(total)) + greatest
    if return_sign:
        return result, sign
    return result if b is None else np.where(sign < 0, np.nan, result)


@on_arrays
def logmeanexp(x, axis=None, where=None, keepdims=False):
    """Compute log(mean(exp(x))) along axes, without overflow.

    Parameters
    ----------
    x : array
    axis : None, int or sequence of int
    where : array of bool, optional
        Which elements take part, broadcast to x.
    keepdims : bool

    Returns
    -------
    array

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.nn.logmeanexp`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.logmeanexp(np.array([1000.0, 1000.0])))
    1000.0
    """
    x = floating(x, "x")
    total = logsumexp(x, axis=axis, keepdims=keepdims, where=where)
    axes = tuple(normalize_axes(axis, x.ndim))
    if where is None:
        count = np.prod([x.shape[i] for i in axes], dtype=np.int64)
        with np.errstate(divide="ignore"):
            return total - float(np.log(count))
    selected = np.broadcast_to(
        np.asarray(where) if not isinstance(where, Tracer) else where, x.shape
    )
    count = np.sum(
        np.logical_and(selected, np.ones_like(x, dtype=bool)), axis=axes, keepdims=keepdims
    )
    return total - np.log(count.astype(x.dtype))
