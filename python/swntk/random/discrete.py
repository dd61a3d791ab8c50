"""Samples of booleans and integers, and of the elements of an array."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError, DTypeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, F32, F64, I32, I64, U8, U32, U64, supported
from .._tracing.location import place
from .._tracing.operands import operand
from .._tracing.tracer import Tracer, as_value
from ._sampling import (
    between,
    broadcast_shape,
    dtype_of,
    integer_type,
    key_value,
    random_bits,
    sampler,
    shape_of,
    split_keys,
)


def _compare(name, x, y):
    return emit.emit(f"np.{name}", [x, y])


def check_probability(p, name: str) -> None:
    """Raise for a probability that is known and is none."""
    if isinstance(p, Tracer):
        return
    known = np.asarray(p)
    if known.dtype not in (F32, F64):
        raise DTypeError(
            f"random.{name}: p has dtype {known.dtype}, expected float32 or float64{place()}"
        )
    wrong = ~((known >= 0) & (known <= 1))
    if wrong.any():
        raise ArgumentError(
            f"random.{name}: p is {known[wrong].ravel()[0]}, expected numbers from 0 to 1{place()}"
        )


def bernoulli(key, p=0.5, shape=None, mode="low"):
    """Draw booleans that are true with a probability.

    Parameters
    ----------
    key : array
        uint32[2].
    p : float or array
        Broadcast to the shape; its element type is that of the uniform numbers behind.
    shape : tuple of int, optional
        p's if not given.
    mode : {"low", "high"}
        "high": of twice as many bits, for probabilities near 0.

    Returns
    -------
    array of bool

    Raises
    ------
    ArgumentError
        If `key` is no key, p is known and not from 0 to 1, a size is negative, or the mode is
        another.
    DTypeError
        If p is not floating.
    ShapeError
        If p does not broadcast to the shape.

    Notes
    -----
    As `jax.random.bernoulli`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.bernoulli(swntk.random.key(0), 0.3, (4,)))
    [False False False False]
    """
    check_probability(p, "bernoulli")
    if mode not in ("low", "high"):
        raise ArgumentError(
            f"random.bernoulli: mode is {mode!r}, expected 'low' or 'high'{place()}"
        )
    return _bernoulli(key, p, shape, mode)


@sampler
def _bernoulli(key, p, shape, mode):
    p = as_value(operand(p))
    if p.dtype.kind != "f":
        raise DTypeError(f"random.bernoulli: p has dtype {p.dtype}, expected a float{place()}")
    shape = broadcast_shape("bernoulli", shape, p=p)
    key = key_value(key)
    if mode == "low":
        return Tracer.fresh(_compare("less", between(key, p.dtype, shape, 0.0, 1.0), p), True)
    pair = between(key, p.dtype, (2, *shape), 0.0, 1.0)
    coarse, fine = (emit.reshape(emit.slice_axis(pair, 0, i, i + 1), shape) for i in range(2))
    digits = emit.full((), 2.0 ** -np.finfo(p.dtype).nmant, p.dtype)
    fine = emit.emit("np.multiply", [fine, digits])
    return Tracer.fresh(_compare("less", fine, emit.emit("np.subtract", [p, coarse])), True)


@sampler
def rademacher(key, shape=(), dtype=None):
    """Draw 1 and -1 with equal probability.

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    dtype : dtype
        int64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, a size is negative, or the element type is not one of numbers.

    Notes
    -----
    As `jax.random.rademacher`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.rademacher(swntk.random.key(0), (4,)))
    [-1  1  1 -1]
    """
    dtype = supported(dtype_of(dtype, np.int64, "rademacher"), "dtype")
    if dtype == BOOL:
        raise DTypeError(f"random.rademacher: dtype is bool, expected numbers{place()}")
    shape = shape_of(shape, "rademacher")
    u = between(key_value(key), F64, shape, 0.0, 1.0)
    true = _compare("less", u, emit.full((), 0.5, F64))
    one, minus = (
        emit.full((), 1, dtype),
        emit.emit("sub", [emit.full((), n, dtype) for n in (0, 1)]),
    )
    return Tracer.fresh(emit.where(true, one, minus), True)


def _limits(dtype):
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def _bound(x, name, dtype):
    """Return a bound clipped into the type, and whether it exceeded the greatest number."""
    least, most = _limits(dtype)
    x = operand(x)
    if type(x) in (bool, int, float):
        number = int(x)
        if not -(2**63) <= number <= 2**64:
            raise ArgumentError(f"random.randint: {name} is {number}, beyond 64 bits{place()}")
        return emit.full((), min(max(number, least), most), dtype), number > most
    value = as_value(x)
    if value.dtype.kind not in "iu":
        value = emit.convert(value, I64)
    own_least, own_most = _limits(value.dtype)
    low, high = (
        emit.full((), n, value.dtype) for n in (max(least, own_least), min(most, own_most))
    )
    above = _compare("greater", value, high)
    value = emit.emit("np.minimum", [emit.emit("np.maximum", [value, low]), high])
    return emit.convert(value, dtype), above


@sampler
def randint(key, shape, minval, maxval, dtype=None):
    """Draw integers that are uniform in [minval, maxval).

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    minval, maxval : int or array
        Broadcast to the shape. `minval` comes out where `maxval` is not above it.
    dtype : {int64, int32, uint64, uint32, uint8}
        int64 if not given.

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
    As `jax.random.randint`, with its slight bias where `maxval - minval` is no power of 2.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.randint(swntk.random.key(0), (4,), 0, 10))
    [4 6 1 2]
    """
    dtype = integer_type(dtype, "randint")
    shape = broadcast_shape("randint", shape, minval=minval, maxval=maxval)
    narrow = dtype == U8
    kind = I32 if narrow else dtype
    low, _ = _bound(minval, "minval", kind)
    high, beyond = _bound(maxval, "maxval", kind)
    if narrow:
        low, high = (
            emit.emit(
                "np.minimum",
                [
                    emit.emit("np.maximum", [x, emit.full((), 0, I32)]),
                    emit.full((), most, I32),
                ],
            )
            for x, most in ((low, 255), (high, 256))
        )
    wide = U64 if kind.itemsize == 8 else U32
    keys = split_keys(key_value(key))
    higher, lower = (random_bits(k, wide, shape) for k in keys)
    one = emit.full((), 1, wide)
    span = emit.convert(emit.emit("np.subtract", [high, low]), wide)
    empty = _compare("less_equal", high, low)
    span = emit.where(empty, one, span)
    if beyond is not False:
        # The greatest number is among the results; a span that wraps to 0 leaves all bits as they
        # are.
        larger = emit.emit("np.add", [span, one])
        some = emit.emit("not", [empty])
        mask = some if beyond is True else emit.emit("np.logical_and", [some, beyond])
        span = emit.where(mask, larger, span)
    half = emit.full((), 2 ** (4 * wide.itemsize), wide)
    factor = _rest(half, span)
    factor = _rest(emit.emit("np.multiply", [factor, factor]), span)
    offset = emit.emit("np.multiply", [_rest(higher, span), factor])
    offset = _rest(emit.emit("np.add", [offset, _rest(lower, span)]), span)
    result = emit.emit("np.add", [low, emit.convert(offset, kind)])
    return Tracer.fresh(emit.convert(emit.broadcast_to(result, shape), dtype), True)


def _rest(x, y):
    """Return the remainder of unsigned integers; x where y is 0, as XLA."""
    shape = np.broadcast_shapes(x.shape, y.shape)
    x, y = emit.broadcast_to(x, shape), emit.broadcast_to(y, shape)
    quotient = emit.emit("div", [x, y])
    return emit.emit("sub", [x, emit.emit("mul", [quotient, y])])
