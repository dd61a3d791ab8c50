"""Arrays with elements put in, taken out or replaced, at places known while tracing."""

from __future__ import annotations

import math

import numpy as np

from .._errors import IndexOutOfRangeError, ShapeError
from .._tracing import emit
from .._tracing.dtypes import promote
from .._tracing.location import place, tracing_error
from .._tracing.operands import kind_of, operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer, as_value
from .indexing import get_item
from .values import finish, flattened, normalize_axis, plain_destination, shape_argument


def _line(arr, axis):
    """Return (array, axis), flattened where there is no axis."""
    x = traced(arr)
    return (flattened(x), 0) if axis is None else (x, normalize_axis(axis, x.ndim))


def _static(indices, what):
    if isinstance(indices, Tracer):
        raise tracing_error(
            f"{what} at a traced place: which elements stay where is not known",
            "np.where over np.arange(n) and the place, or do it outside of the traced function",
        )
    return indices


@implements("delete")
def delete(arr, obj, axis=None):
    x, axis = _line(arr, axis)
    left = np.delete(np.arange(x.shape[axis]), _static(obj, "np.delete"))
    return finish(emit.take_axis(x.here(), axis, emit.constant(left), "clip"), contiguous=True)


@implements("insert")
def insert(arr, obj, values, axis=None):
    single = np.ndim(_static(obj, "np.insert")) == 0 and not isinstance(obj, slice)
    x, axis = _line(arr, axis)
    n = x.shape[axis]
    # Where NumPy puts numbers into 0, 1, ..., n-1 says where it puts anything.
    count = 1 if single else len(np.insert(np.arange(n), obj, -1)) - n
    new = traced(values).astype(x.dtype)
    if single:
        # NumPy moves the axis of several values at one place to the front.
        new = np.moveaxis(new[(None,) * (x.ndim - new.ndim)], 0, axis) if new.ndim else new
        count = new.shape[axis] if new.ndim else 1
    shape = [count if i == axis else m for i, m in enumerate(x.shape)]
    new = np.broadcast_to(new, shape)
    where = np.insert(np.arange(n), obj, np.arange(n, n + count))
    both = emit.concatenate([x.here(), new.here()], axis)
    return finish(emit.take_axis(both, axis, emit.constant(where), "clip"), contiguous=True)


@implements("resize")
def resize(a, new_shape):
    x = flattened(traced(a))
    shape = shape_argument(new_shape)
    if any(n < 0 for n in shape):
        raise ValueError(f"all elements of `new_shape` must be non-negative{place()}")
    count = math.prod(shape)
    if not x.size or not count:
        return finish(emit.full(shape, 0, x.dtype), contiguous=True, scalar=False)
    places = emit.constant(np.arange(count) % x.size)
    taken = emit.take_axis(x.here(), 0, places, "clip")
    return finish(emit.reshape(taken, shape), contiguous=True, scalar=False)


def _depth(arrays) -> int:
    return 1 + max(map(_depth, arrays)) if isinstance(arrays, list) and arrays else 0


@implements("block")
def block(arrays):
    depth = _depth(arrays)
    flat = []

    def collect(part, level):
        if isinstance(part, list):
            if not part:
                raise ValueError(f"np.block: a list is empty{place()}")
            for child in part:
                collect(child, level + 1)
        elif level != depth:
            raise ValueError(f"np.block: list depths are mismatched{place()}")
        else:
            flat.append(traced(part).ndim)

    collect(arrays, 0)
    rank = max([depth, *flat])

    def join(part, level):
        if isinstance(part, list):
            return np.concatenate([join(child, level + 1) for child in part], axis=level - depth)
        x = traced(part)
        return x[(None,) * (rank - x.ndim)]

    return join(arrays, 0) if depth else np.copy(traced(arrays))


# ---- selection by a mask that is known


@implements("compress")
def compress(condition, a, axis=None, out=None):
    if isinstance(condition, Tracer):
        raise tracing_error(
            "np.compress by a traced condition: how many elements are left is not known",
            "np.where(condition, a, 0) and sums over it",
        )
    condition = np.asarray(condition, bool)
    if condition.ndim != 1:
        raise ValueError(f"condition must be a 1-d array{place()}")
    x, axis = _line(a, axis)
    return np.take(x, np.flatnonzero(condition), axis=axis, out=out)


@implements("extract")
def extract(condition, arr):
    if isinstance(condition, Tracer):
        raise tracing_error(
            "np.extract by a traced condition: how many elements are left is not known",
            "np.where(condition, arr, 0) and sums over it",
        )
    return np.take(flattened(traced(arr)), np.flatnonzero(np.asarray(condition)))


# ---- replacing in place


def _destination(a, name) -> Tracer:
    if not isinstance(a, Tracer):
        raise plain_destination(f"np.{name}")
    return a


def _write_flat(a: Tracer, places, values) -> None:
    """Overwrite elements by their numbers in C order; values repeat as often as needed."""
    values = traced(values)
    if not values.size or not np.size(places):
        return
    flat = Tracer.fresh(emit.reshape(a.here(), (a.size,)), scalar=False)
    count = int(np.size(places))
    repeated = np.resize(values, (count,))
    flat[np.reshape(places, (count,))] = repeated
    a[...] = flat.reshape(a.shape)


@implements("put")
def put(a, ind, v, mode="raise"):
    a = _destination(a, "put")
    ind = ind if isinstance(ind, Tracer) else np.asarray(ind)
    if mode == "clip":
        ind = np.clip(ind, 0, a.size - 1)
    elif mode == "wrap":
        ind = ind % a.size
    _write_flat(a, ind, v)


def _by_mask(a: Tracer, mask, values, *, count_true: bool) -> None:
    """Overwrite where a mask holds; the k-th value goes to the k-th place, or k-th true one."""
    kind = kind_of(operand(values))
    if not isinstance(values, (list, tuple)) and isinstance(kind, np.dtype):
        if not np.can_cast(kind, a.dtype, "safe"):
            raise TypeError(
                f"Cannot cast array data from {kind} to {a.dtype} according to the rule "
                f"'safe'{place()}"
            )
    values = flattened(traced(values))
    if isinstance(mask, Tracer):
        mask = mask.astype(bool)
        number = np.arange(a.size).reshape(a.shape)
        if count_true:
            number = (np.cumsum(mask) - 1).reshape(a.shape)
        chosen = np.take(values, number % max(values.size, 1), mode="clip")
        a[...] = np.where(mask.reshape(a.shape), chosen.astype(a.dtype), a)
        return
    places = np.flatnonzero(np.asarray(mask).astype(bool))
    order = np.arange(len(places)) if count_true else places
    if len(places):
        _write_flat(a, places, np.take(values, order % max(values.size, 1)))


@implements("place")
def place_(arr, mask, vals):
    arr = _destination(arr, "place")
    if np.size(mask) != arr.size:
        raise ValueError(f"place: mask and data must be the same size{place()}")
    if not traced(vals).size:
        raise ValueError(f"Cannot insert from an empty array!{place()}")
    _by_mask(arr, mask, vals, count_true=True)


@implements("putmask")
def putmask(a, /, mask, values):
    a = _destination(a, "putmask")
    if np.size(mask) != a.size:
        raise ValueError(f"putmask: mask and data must be the same size{place()}")
    if traced(values).size:
        _by_mask(a, mask, values, count_true=False)


@implements("put_along_axis")
def put_along_axis(arr, indices, values, axis=-1):
    a = _destination(arr, "put_along_axis")
    picked = indices if isinstance(indices, Tracer) else np.asarray(indices)
    if axis is None:
        _write_flat(a, picked, np.broadcast_to(traced(values), picked.shape))
        return
    axis = normalize_axis(axis, a.ndim)
    if picked.ndim != a.ndim:
        raise ValueError(
            f"`indices` and `arr` must have the same number of dimensions{place()}"
        )
    index = []
    for i, n in enumerate(a.shape):
        rows = np.arange(n).reshape([-1 if j == i else 1 for j in range(a.ndim)])
        index.append(picked if i == axis else rows)
    a[tuple(index)] = values


@implements("fill_diagonal")
def fill_diagonal(a, val, wrap=False):
    a = _destination(a, "fill_diagonal")
    if a.ndim < 2:
        raise ValueError(f"array must be at least 2-d{place()}")
    if a.ndim > 2 and len(set(a.shape)) != 1:
        raise ValueError(f"All dimensions of input must be of equal length{place()}")
    numbers = np.zeros(a.shape, bool)
    np.fill_diagonal(numbers, True, wrap=wrap)
    _write_flat(a, np.flatnonzero(numbers), val)


# ---- choice by number


@implements("choose")
def choose(a, choices, out=None, mode="raise"):
    which = traced(a)
    n = len(choices)
    choices = [operand(choice) for choice in choices]
    if mode == "wrap":
        which = which % n
    elif mode == "clip":
        which = np.clip(which, 0, n - 1)
    elif not isinstance(a, Tracer):
        if np.any((np.asarray(a) < 0) | (np.asarray(a) >= n)):
            raise IndexOutOfRangeError(f"invalid entry in choice array{place()}")
    target = promote([kind_of(choice) for choice in choices])
    values = [as_value(choice, target) for choice in choices]
    try:
        shape = np.broadcast_shapes(which.shape, *(value.shape for value in values))
    except ValueError as error:
        raise ShapeError(f"{error}{place()}") from None
    table = emit.concatenate(
        [emit.reshape(emit.broadcast_to(value, shape), (1, *shape)) for value in values], 0
    )
    rows = np.broadcast_to(which, shape)[None]
    picked = get_item(
        Tracer.fresh(table, scalar=False), _grid(rows, shape)
    )
    return finish(emit.reshape(picked.here(), shape), out, contiguous=True)


def _grid(rows, shape):
    """Index the first axis by traced numbers, every other by its own."""
    rest = [np.arange(n).reshape([-1 if j == i else 1 for j in range(len(shape))])
            for i, n in enumerate(shape)]  # fmt: skip
    return (rows, *(r[None] for r in rest))
