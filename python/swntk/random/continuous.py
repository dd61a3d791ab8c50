"""Floating samples."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ArgumentError
from .._tracing import emit
from .._tracing.location import place, unsupported
from .._tracing.operands import operand
from .._tracing.tracer import Tracer, as_value
from ._sampling import between, broadcast_shape, float_type, key_value, sampler, shape_of


def _unary(name: str, x):
    return emit.emit(name, [x])


def _times(x, number: float):
    return emit.emit("np.multiply", [x, emit.full((), number, x.dtype)])


@sampler
def uniform(key, shape=(), dtype=None, minval=0.0, maxval=1.0):
    """Draw numbers that are uniform in [minval, maxval).

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    dtype : {float64, float32}
        float64 if not given.
    minval, maxval : float or array
        Broadcast to the shape. The result is differentiable by them.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, a size is negative, or the element type is another.
    ShapeError
        If a bound does not broadcast to the shape.

    Notes
    -----
    As `jax.random.uniform`. Between 0 and 1 every bit is JAX's; the product with
    `maxval - minval` and the sum with `minval` are rounded each, where XLA may round once.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.uniform(swntk.random.key(0), (2,)))
    [0.96532146 0.22515904]
    """
    dtype = float_type(dtype, "uniform")
    shape = broadcast_shape("uniform", shape, minval=minval, maxval=maxval)
    low, high = (
        float(x) if isinstance(x, (int, float)) else as_value(operand(x), dtype)
        for x in (minval, maxval)
    )
    return Tracer.fresh(between(key_value(key), dtype, shape, low, high), True)


def normal_value(key, dtype, shape):
    """Return standard normal samples as a Value."""
    least = float(np.nextafter(dtype.type(-1), dtype.type(0)))
    return _times(_unary("erf_inv", between(key, dtype, shape, least, 1.0)), math.sqrt(2))


@sampler
def normal(key, shape=(), dtype=None):
    """Draw standard normal numbers.

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    dtype : {float64, float32}
        float64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, a size is negative, or the element type is another.

    Notes
    -----
    As `jax.random.normal`: the inverse error function of uniform numbers.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.normal(swntk.random.key(0), (2,)).round(6))
    [ 1.816087 -0.754885]
    """
    dtype, shape = float_type(dtype, "normal"), shape_of(shape, "normal")
    return Tracer.fresh(normal_value(key_value(key), dtype, shape), True)


@sampler
def truncated_normal(key, lower, upper, shape=None, dtype=None):
    """Draw standard normal numbers given that they are in (lower, upper).

    Parameters
    ----------
    key : array
        uint32[2].
    lower, upper : float or array
        Broadcast to the shape. The result is differentiable by them.
    shape : tuple of int, optional
        The common shape of the bounds if not given.
    dtype : {float64, float32}
        float64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, a size is negative, or the element type is another.
    ShapeError
        If a bound does not broadcast to the shape.

    Notes
    -----
    As `jax.random.truncated_normal`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.truncated_normal(swntk.random.key(0), -1.0, 1.0, (2,)).round(6))
    [ 0.906522 -0.489147]
    """
    dtype = float_type(dtype, "truncated_normal")
    shape = broadcast_shape("truncated_normal", shape, lower=lower, upper=upper)
    lower, upper = as_value(operand(lower), dtype), as_value(operand(upper), dtype)
    root = emit.full((), math.sqrt(2), dtype)
    low, high = (_unary("erf", emit.emit("np.divide", [x, root])) for x in (lower, upper))
    result = _times(
        _unary("erf_inv", between(key_value(key), dtype, shape, low, high)), math.sqrt(2)
    )
    # Rounding may have led outside of the open interval.
    above, below = (
        emit.emit(
            "nextafter",
            [_unary("stop_gradient", x), emit.broadcast(emit.full((), to, dtype), x.shape, ())],
        )
        for x, to in ((lower, math.inf), (upper, -math.inf))
    )
    result = emit.emit("np.minimum", [emit.emit("np.maximum", [result, above]), below])
    return Tracer.fresh(result, True)


@sampler
def exponential(key, shape=(), dtype=None):
    """Draw exponentially distributed numbers of mean 1.

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    dtype : {float64, float32}
        float64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, a size is negative, or the element type is another.

    Notes
    -----
    As `jax.random.exponential`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.exponential(swntk.random.key(0), (2,)).round(6))
    [3.361634 0.255097]
    """
    dtype, shape = float_type(dtype, "exponential"), shape_of(shape, "exponential")
    u = between(key_value(key), dtype, shape, 0.0, 1.0)
    return Tracer.fresh(_unary("neg", _unary("log1p", _unary("neg", u))), True)


def gumbel_value(key, dtype, shape, mode, name):
    """Return Gumbel samples as a Value."""
    if mode not in (None, "low", "high"):
        if mode == "highest":
            raise unsupported(f"random.{name} with mode='highest' is not supported", "mode='high'")
        raise ArgumentError(f"random.{name}: mode is {mode!r}, expected 'low' or 'high'{place()}")
    info = np.finfo(dtype)
    if mode != "high":
        u = between(key, dtype, shape, float(info.tiny), 1.0)
        return _unary("neg", _unary("log", _unary("neg", _unary("log", u))))
    pair = between(key, dtype, (2, *shape), 0.0, 1.0)
    high, low = (emit.reshape(emit.slice_axis(pair, 0, i, i + 1), shape) for i in range(2))
    finer = emit.emit("np.add", [high, _times(low, 2.0**-info.nmant)])
    finer = emit.emit("np.add", [finer, emit.full((), float(info.tiny), dtype)])
    near = emit.emit("np.greater_equal", [high, emit.full((), 0.5, dtype)])
    x = emit.where(near, high, finer)
    inner = _unary("neg", _unary("log1p", _unary("neg", x)))
    return _unary("neg", _unary("log", inner))


@sampler
def gumbel(key, shape=(), dtype=None, mode=None):
    """Draw numbers of the standard Gumbel distribution.

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    dtype : {float64, float32}
        float64 if not given.
    mode : {None, "low", "high"}
        "high": of twice as many bits, for the far tail. None is "low".

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, a size is negative, or the element type or mode is another.

    Notes
    -----
    As `jax.random.gumbel`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.gumbel(swntk.random.key(0), (2,)).round(6))
    [ 3.344039 -0.399412]
    """
    dtype, shape = float_type(dtype, "gumbel"), shape_of(shape, "gumbel")
    return Tracer.fresh(gumbel_value(key_value(key), dtype, shape, mode, "gumbel"), True)


@sampler
def laplace(key, shape=(), dtype=None):
    """Draw numbers of the standard Laplace distribution.

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    dtype : {float64, float32}
        float64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, a size is negative, or the element type is another.

    Notes
    -----
    As `jax.random.laplace`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.laplace(swntk.random.key(0), (2,)).round(6))
    [-2.668487  0.797801]
    """
    dtype, shape = float_type(dtype, "laplace"), shape_of(shape, "laplace")
    least = -1.0 + float(np.finfo(dtype).epsneg)
    u = between(key_value(key), dtype, shape, least, 1.0)
    size = _unary("log1p", _unary("neg", _unary("np.abs", u)))
    return Tracer.fresh(emit.emit("mul", [_unary("np.sign", u), size]), True)


@sampler
def logistic(key, shape=(), dtype=None):
    """Draw numbers of the standard logistic distribution.

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    dtype : {float64, float32}
        float64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, a size is negative, or the element type is another.

    Notes
    -----
    As `jax.random.logistic`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.logistic(swntk.random.key(0), (2,)).round(6))
    [ 3.32634  -1.235851]
    """
    dtype, shape = float_type(dtype, "logistic"), shape_of(shape, "logistic")
    u = between(key_value(key), dtype, shape, float(np.finfo(dtype).tiny), 1.0)
    return Tracer.fresh(
        emit.emit("sub", [_unary("log", u), _unary("log1p", _unary("neg", u))]), True
    )


@sampler
def cauchy(key, shape=(), dtype=None):
    """Draw numbers of the standard Cauchy distribution.

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    dtype : {float64, float32}
        float64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, a size is negative, or the element type is another.

    Notes
    -----
    As `jax.random.cauchy`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.cauchy(swntk.random.key(0), (2,)).round(6))
    [ 9.142528 -1.169666]
    """
    dtype, shape = float_type(dtype, "cauchy"), shape_of(shape, "cauchy")
    u = between(key_value(key), dtype, shape, float(np.finfo(dtype).eps), 1.0)
    centered = emit.emit("np.subtract", [u, emit.full((), 0.5, dtype)])
    return Tracer.fresh(_unary("tan", _times(centered, math.pi)), True)
