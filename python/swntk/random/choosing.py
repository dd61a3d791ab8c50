"""Choices among categories and entries of arrays."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ArgumentError, DTypeError, ShapeError
from .._numpy.sorting import places_in
from .._numpy.values import normalize_axis
from .._tracing import emit
from .._tracing.dtypes import F64, I64, U32
from .._tracing.location import place
from .._tracing.operands import traced
from .._tracing.tracer import Tracer
from ._sampling import (
    key_value,
    random_bits,
    sampler,
    shape_of,
    size_of,
    split_keys,
    unit,
)
from ._sorting import greatest_first, sorted_by
from .continuous import gumbel_value
from .discrete import randint


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
