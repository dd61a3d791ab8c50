"""Samples of the gamma distribution, by rejection."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError
from .._numpy.vocabulary import floats
from .._tracing import emit
from .._tracing.location import place, unsupported
from .._tracing.operands import operand
from .._tracing.tracer import Tracer, as_value
from .._transforms.inert import stop_gradient
from .._transforms.mapping import vmap
from ..lax import while_loop
from ._sampling import (
    broadcast_shape,
    checked_key,
    float_type,
    key_value,
    sampler,
    size_of,
    split_key,
    split_keys,
    unit,
)
from .continuous import normal_value


def gamma(key, a, shape=None, dtype=None):
    """Draw numbers of the gamma distribution of scale 1.

    Parameters
    ----------
    key : array
        uint32[2].
    a : float or array
        Positive; broadcast to the shape.
    shape : tuple of int, optional
        That of `a` if not given.
    dtype : {float64, float32}
        float64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError
        If `key` is no key, a size is negative, or `a` is negative.
    DTypeError
        If the element type is another.
    ShapeError
        If `a` does not broadcast to the shape.

    Notes
    -----
    As `jax.random.gamma` (Marsaglia and Tsang, 2000), with its derivative by `a`, which keeps the
    quantiles of samples (Figurnov, Mohamed and Mnih, 2018). There is no second one.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.gamma(swntk.random.key(0), 2.0, (2,)).round(6))
    [3.136296 2.022352]
    """
    return _drawn("gamma", key, a, shape, dtype, False)


def loggamma(key, a, shape=None, dtype=None):
    """Draw logarithms of numbers of the gamma distribution: they do not underflow for small a.

    Parameters
    ----------
    key : array
        uint32[2].
    a : float or array
        Positive; broadcast to the shape. Known while tracing.
    shape : tuple of int, optional
        That of `a` if not given.
    dtype : {float64, float32}
        float64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError
        If `key` is no key, a size is negative, or `a` is negative.
    DTypeError
        If the element type is another.
    ShapeError
        If `a` does not broadcast to the shape.
    UnsupportedError
        If `a` is traced: this version does not have the derivative by it.

    Notes
    -----
    As `jax.random.loggamma`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.loggamma(swntk.random.key(0), 1e-3, (2,)).round(6))
    [ -699.576797 -1887.964923]
    """
    return _drawn("loggamma", key, a, shape, dtype, True)


def _drawn(name, key, a, shape, dtype, log_space):
    dtype = float_type(dtype, name)
    a = operand(a)
    if isinstance(a, Tracer):
        if log_space:
            raise unsupported(
                "random.loggamma of a traced `a` is not supported in this version",
                "np.log of random.gamma, or a plain array or number for a",
            )
        shape = broadcast_shape(name, shape, a=a)
        return _following(checked_key(key, name), a.astype(dtype), shape)
    known = np.asarray(a)
    if not (known >= 0).all():
        wrong = known[~(known >= 0)].ravel()[0]
        raise ArgumentError(f"random.{name}: a is {wrong}, expected positive numbers{place()}")
    shape = broadcast_shape(name, shape, a=known)
    return (_loggamma if log_space else _gamma)(key, known.astype(dtype), shape)


@sampler
def _gamma(key, a, shape):
    return _samples(key, a, shape, False)


@sampler
def _loggamma(key, a, shape):
    return _samples(key, a, shape, True)


def _samples(key, a, shape, log_space):
    n = size_of(shape)
    (value,) = floats([operand(a)], None)
    alphas = emit.reshape(emit.broadcast_to(value, shape), (n,))
    if not n:
        return Tracer.fresh(emit.reshape(alphas, shape), True)
    keys = Tracer.fresh(split_key(key_value(key), (n,)), True)
    drawn = vmap(lambda k, alpha: _one(k, alpha, log_space))(keys, Tracer.fresh(alphas, True))
    return Tracer.fresh(emit.reshape(drawn.here(), shape), True)


def _following(key, a, shape):
    """Draw samples whose derivative by `a` keeps their quantiles."""
    drawn = _samples(key, stop_gradient(a), shape, False)
    shapes = emit.broadcast_to(a.here(), shape)
    return Tracer.fresh(emit.emit("random_gamma_sample", [shapes, drawn.here()]), True)


def _split(key, n=2):
    return [Tracer.fresh(k, True) for k in split_keys(key.here(), n)]


def _uniform(key, dtype):
    return Tracer.fresh(unit(key.here(), dtype, ()))


def _one(key, alpha, log_space):
    """Draw one; below 1 from that of alpha + 1, times a power of a uniform number."""
    dtype = alpha.dtype
    large = alpha >= 1
    d = np.where(large, alpha, alpha + 1) - 1 / 3
    c = (1 / 3) / np.sqrt(d)

    def rejected(state):
        _, x, v, u = state
        far = np.log(u) >= x * 0.5 + d * (1 - v + np.log(v))
        return np.logical_and(u >= 1 - 0.0331 * (x * x), far)

    def draw(state):
        key, x_key, u_key = _split(state[0], 3)

        def again(state):
            key, subkey = _split(state[0])
            x = Tracer.fresh(normal_value(subkey.here(), dtype, ()))
            return key, x, 1 + x * c

        zero = Tracer.fresh(emit.full((), 0, dtype))
        _, x, v = while_loop(lambda state: state[2] <= 0, again, (x_key, zero, zero - 1))
        return key, x * x, v * v * v, _uniform(u_key, dtype)

    key, boost_key = _split(key)
    # Chosen so that the first state is rejected.
    start = [Tracer.fresh(as_value(n, dtype)) for n in (0.0, 1.0, 2.0)]
    _, _, v, _ = while_loop(rejected, draw, (key, *start))
    u = _uniform(boost_key, dtype)
    if not log_space:
        power = Tracer.fresh(emit.emit("pow", [(1 - u).here(), (1 / alpha).here()]))
        return d * v * np.where(large, 1, power)
    log_u = np.log1p(-u)
    boost = np.where(np.logical_or(large, log_u == 0), 0, log_u * (1 / alpha))
    return np.log(d) + np.log(v) + boost
