"""Sorting and searching, on Values of the innermost trace."""

from __future__ import annotations

import numpy as np

from .._tracing import emit
from .._tracing.dtypes import BOOL, F32, F64, I64, U32, U64
from .._tracing.trace import Value
from .._tracing.tracer import Tracer
from ..lax import scan


def order_of(words: Value) -> Value:
    """Return the places along the last axis, int64, in the order of unsigned integers there.

    Equal ones keep their order: the bits are sorted by one after the other, each by a stable
    partition into zeros and ones.
    """
    shape, n = words.shape, words.shape[-1]
    if words.size == 0 or n == 1:
        return emit.full(shape, 0, I64)
    rows = (words.size // n, n)
    places = emit.emit("iota", [], dtype=U64, shape=list(rows), dimension=1)
    words = emit.reshape(words, rows)
    bits = emit.iota(8 * words.dtype.itemsize, U64)
    carry = [emit.convert(words, U64), places]
    if words.dtype == U32:
        # One number holds both: half the memory moves.
        by = emit.full(rows, 32, U64)
        carry = [emit.emit("or", [emit.emit("shift_left", [carry[0], by]), places])]
        bits = emit.emit("add", [bits, emit.full(bits.shape, 32, U64)])

    def step(carry, bit):
        carry = [x.here() for x in carry]
        to = _partition(carry[0], bit.here())
        return [Tracer.fresh(_moved(x, to), True) for x in carry], None

    carry = [Tracer.fresh(x, True) for x in carry]
    last = scan(step, carry, Tracer.fresh(bits, True))[0][-1].here()
    if words.dtype == U32:
        last = emit.emit("and", [last, emit.full(rows, 2**32 - 1, U64)])
    return emit.reshape(emit.convert(last, I64), shape)


def _partition(words: Value, bit: Value) -> Value:
    """Return where each goes, counted over all rows: those whose bit is 0 first, in their rows."""
    shape = words.shape
    ones = emit.emit("shift_right_logical", [words, emit.broadcast(bit, shape, ())])
    ones = emit.convert(emit.emit("and", [ones, emit.full(shape, 1, U64)]), I64)
    sums = np.cumsum(Tracer.fresh(ones, True), axis=1).here()
    total = emit.slice_axis(sums, 1, shape[1] - 1, shape[1])
    row, place = (
        emit.emit("iota", [], dtype=I64, shape=list(shape), dimension=axis) for axis in range(2)
    )
    # A zero goes behind the zeros before it, a one behind all zeros and the ones before it.
    zero = emit.emit("sub", [place, sums])
    one = emit.emit("np.subtract", [sums, total])
    one = emit.emit("add", [one, emit.full(shape, shape[1] - 1, I64)])
    to = emit.select(emit.convert(ones, BOOL), one, zero)
    return emit.emit("add", [to, emit.emit("mul", [row, emit.full(shape, shape[1], I64)])])


def _moved(x: Value, to: Value) -> Value:
    flat = emit.scatter_add(
        emit.full((x.size,), 0, x.dtype),
        emit.reshape(to, (x.size, 1)),
        emit.reshape(x, (x.size,)),
        window=[],
        inserted=[0],
        to_operand=[0],
        mode="fill",
    )
    return emit.reshape(flat, x.shape)


def sorted_by(words: Value, x: Value, axis: int) -> Value:
    """Return x in the order of unsigned integers along an axis; equal ones keep their order."""
    words = np.moveaxis(Tracer.fresh(words, True), axis, -1).here()
    order = np.moveaxis(Tracer.fresh(order_of(words), True), -1, axis)
    return np.take_along_axis(Tracer.fresh(x, True), order, axis=axis).here()


def greatest_first(scores: Value, count: int) -> Value:
    """Return the places of the greatest scores along the last axis, int64, in falling order."""
    kind = {F32: U32, F64: U64}[scores.dtype]
    bits = emit.emit("bitcast_convert_type", [scores], new_dtype=kind)
    top = emit.full(bits.shape, 2 ** (8 * kind.itemsize - 1), kind)
    negative = emit.emit("ge", [bits, top])
    # Unsigned integers in the order of the numbers, inverted: the sign's bit of those from 0 on,
    # no bit of the others, whose magnitude runs the other way.
    falling = emit.select(negative, bits, emit.emit("not", [emit.emit("or", [bits, top])]))
    return emit.slice_axis(order_of(falling), scores.ndim - 1, 0, count)


def places_in(rising: Value, x: Value) -> Value:
    """Return how many of a rising vector's numbers are less than each of x, by bisection."""
    n = rising.size
    low = emit.full(x.shape, 0, I64)
    high = emit.full(x.shape, n, I64)
    half = emit.full(x.shape, 2, I64)
    for _ in range(n.bit_length()):
        middle = emit.emit("div", [emit.emit("add", [low, high]), half])
        less = emit.emit("lt", [emit.take_axis(rising, 0, middle, "clip"), x])
        right = emit.emit("and", [less, emit.emit("lt", [low, high])])
        low = emit.select(right, emit.emit("add", [middle, emit.full(x.shape, 1, I64)]), low)
        high = emit.select(right, high, middle)
    return low
