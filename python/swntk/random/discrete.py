"""Samples of booleans and integers, and of the elements of an array."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ArgumentError, DTypeError, ShapeError
from .._numpy.values import normalize_axis
from .._tracing import emit
from .._tracing.dtypes import BOOL, F32, F64, I32, I64, U8, U32, U64, supported
from .._tracing.location import place
from .._tracing.operands import operand, traced
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
    size_of,
    split_keys,
    unit,
)
from ._sorting import greatest_first, places_in, sorted_by
from .continuous import gumbel_value


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


@sampler
def categorical(key, logits, axis=-1, shape=None, replace=True, mode=None):
    """Draw categories by the logarithms of their probabilities.

    Parameters
    ----------
    key : array
        uint32[2].
    logits : array
        Of floats, up to a constant along the axis.
    axis : int
        Along which the categories stand.
    shape : tuple of int, optional
        Ends in what broadcasts with the shape of the logits without the axis, which it is if not
        given.
    replace : bool
        Whether a category can come again along the leading axes of the shape.
    mode : {None, "low", "high"}
        As of `gumbel`.

    Returns
    -------
    array of int64

    Raises
    ------
    ArgumentError
        If `key` is no key, a size is negative, or there are fewer categories than draws without
        replacement.
    DTypeError
        If logits are not floating.
    ShapeError
        If the shape does not fit.

    Notes
    -----
    As `jax.random.categorical`: the greatest of logits plus Gumbel noise.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.random.categorical(swntk.random.key(0), np.log([0.1, 0.9]), shape=(4,)))
    [1 1 1 1]
    """
    logits = traced(logits)
    if logits.dtype.kind != "f":
        raise DTypeError(
            f"random.categorical: logits have dtype {logits.dtype}, expected a float{place()}"
        )
    axis = normalize_axis(axis, logits.ndim)
    batch = (*logits.shape[:axis], *logits.shape[axis + 1 :])
    if shape is None:
        shape = batch
    shape = shape_of(shape, "categorical")
    fits = len(shape) >= len(batch) and all(
        m in (1, n) for m, n in zip(batch, shape[len(shape) - len(batch) :])
    )
    if not fits:
        raise ShapeError(
            f"random.categorical: the shape {shape} does not end in what {batch}, the shape of "
            f"logits without axis {axis}, broadcasts to{place()}"
        )
    prefix, last = shape[: len(shape) - len(batch)], list(shape[len(shape) - len(batch) :])
    key = key_value(key)
    if replace:
        last.insert(axis, logits.shape[axis])
        noise = gumbel_value(key, logits.dtype, (*prefix, *last), mode, "categorical")
        return np.argmax(Tracer.fresh(noise, True) + logits, axis=len(prefix) + axis)
    count, most = size_of(prefix), logits.shape[axis]
    if count > most:
        raise ArgumentError(
            f"random.categorical: {count} draws without replacement of {most} categories{place()}"
        )
    if tuple(last) != batch:
        raise ShapeError(
            f"random.categorical: without replacement the shape {shape} must end in "
            f"{batch}{place()}"
        )
    noise = gumbel_value(key, logits.dtype, logits.shape, mode, "categorical")
    scores = np.moveaxis(Tracer.fresh(noise, True) + logits, axis, -1)
    order = np.moveaxis(Tracer.fresh(greatest_first(scores.here(), count)), -1, 0)
    return order.reshape((*prefix, *batch))


def _shuffled(key, x, axis):
    """Sort by random words, as often as makes equal ones improbable."""
    rounds = math.ceil(3 * math.log(max(1, x.size)) / math.log(2**32 - 1))
    for _ in range(rounds):
        key, subkey = split_keys(key)
        x = sorted_by(random_bits(subkey, U32, x.shape), x, axis)
    return x


@sampler
def permutation(key, x, axis=0, independent=False):
    """Permute an array along an axis, or the integers below a number.

    Parameters
    ----------
    key : array
        uint32[2].
    x : int or array
        An integer n stands for `np.arange(n)`.
    axis : int
    independent : bool
        Permute each vector along the axis by itself; else all in one order.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError
        If `key` is no key, or x is a negative number.
    DTypeError
        If x is a scalar but no integer.
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.random.permutation`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.permutation(swntk.random.key(0), 5))
    [1 0 4 3 2]
    """
    key = key_value(key)
    if np.ndim(x) == 0:
        axis = normalize_axis(axis, 1)
        return Tracer.fresh(_shuffled(key, emit.iota(_count(x, "permutation: x")), 0), True)
    array = traced(x)
    axis = normalize_axis(axis, array.ndim)
    if independent or array.ndim == 1:
        return Tracer.fresh(_shuffled(key, array.here(), axis), True)
    order = _shuffled(key, emit.iota(array.shape[axis]), 0)
    return Tracer.fresh(emit.take_axis(array.here(), axis, order, "clip"), True)


def _count(x, what: str) -> int:
    """Return a number of things that is known while tracing."""
    if isinstance(x, (bool, np.bool_, float, np.floating)):
        raise DTypeError(f"random.{what} is {x!r}, expected an integer or an array{place()}")
    n = x.__index__()
    if n < 0:
        raise ArgumentError(f"random.{what} is {n}, expected at least 0{place()}")
    shape_of((n,), what.partition(":")[0])
    return n


@sampler
def choice(key, a, shape=(), replace=True, p=None, axis=0, mode=None):
    """Draw entries of an array along an axis, or integers below a number.

    Parameters
    ----------
    key : array
        uint32[2].
    a : int or array
        An integer n stands for `np.arange(n)`.
    shape : tuple of int
    replace : bool
        Whether an entry can come again.
    p : array, optional
        A probability for each entry; the same for all if not given.
    axis : int
    mode : {None, "low", "high"}
        As of `gumbel`, without replacement and with probabilities.

    Returns
    -------
    array
        The shape's axes stand in place of the axis.

    Raises
    ------
    ArgumentError
        If `key` is no key, a size is negative, or there are fewer entries than draws without
        replacement.
    DTypeError
        If `a` is a scalar but no integer.
    ShapeError
        If p does not have one number for each entry.

    Notes
    -----
    As `jax.random.choice`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.choice(swntk.random.key(0), 5, (4,)))
    [4 1 1 2]
    """
    shape = shape_of(shape, "choice")
    draws = size_of(shape)
    array = None if np.ndim(a) == 0 else traced(a)
    if array is None:
        axis, n = 0, _count(a, "choice: a")
    else:
        axis = normalize_axis(axis, array.ndim)
        n = array.shape[axis]
    if not n and draws:
        raise ArgumentError(f"random.choice: no entries to draw from{place()}")
    if not replace and draws > n:
        raise ArgumentError(
            f"random.choice: {draws} draws without replacement of {n} entries{place()}"
        )
    if not draws:
        places = emit.full(shape, 0, I64)
    elif p is not None:
        places = _weighted_places(key, p, n, draws, replace, mode)
    elif replace:
        places = randint(key, shape, 0, n).here()
    else:
        # Of places: the same permutation as of the entries themselves.
        order = _shuffled(key_value(key), emit.iota(n), 0)
        places = emit.slice_axis(order, 0, 0, draws)
    places = emit.reshape(places, shape)
    if array is None:
        return Tracer.fresh(places, True)
    return Tracer.fresh(emit.take_axis(array.here(), axis, places, "clip"), True)


def _weighted_places(key, p, n, draws, replace, mode):
    p = traced(p)
    if p.shape != (n,):
        raise ShapeError(f"random.choice: p has shape {p.shape}, expected {(n,)}{place()}")
    if p.dtype.kind != "f":
        p = p.astype(F64)
    if not replace:
        noise = gumbel_value(key_value(key), p.dtype, (n,), mode, "choice")
        scores = emit.emit("add", [noise, emit.emit("log", [p.here()])])
        return greatest_first(scores, draws)
    sums = np.cumsum(p).here()
    total = emit.slice_axis(sums, 0, n - 1, n)
    u = unit(key_value(key), p.dtype, (draws,))
    rest = emit.emit("np.subtract", [emit.full((), 1, p.dtype), u])
    return places_in(sums, emit.emit("np.multiply", [total, rest]))
