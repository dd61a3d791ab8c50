"""Ufuncs that compare, choose, and combine bits."""

from __future__ import annotations

import math

import numpy as np

from .._tracing import emit
from .._tracing.dtypes import BOOL, F64, I64, promote
from .._tracing.location import place, unsupported
from .._tracing.operands import kind_of
from .ufuncs import rule, values
from .vocabulary import (
    broadcast,
    common,
    floats,
    is_finite,
    is_nan,
    number,
    truth,
)


def _extremum(name):
    def compute(operands, dtype):
        x, y = common(operands, dtype)
        if x.dtype == BOOL:
            return emit.emit("np.logical_or" if name == "np.maximum" else "np.logical_and", [x, y])
        return emit.emit(name, [x, y])

    return compute


rule("maximum")(_extremum("np.maximum"))
rule("minimum")(_extremum("np.minimum"))


def _ignoring_nan(name):
    def compute(operands, dtype):
        x, y = common(operands, dtype)
        best = emit.emit(name, [x, y])
        if x.dtype.kind != "f":
            return best
        best = emit.where(is_nan(x), y, best)
        return emit.where(is_nan(y), emit.broadcast_to(x, best.shape), best)

    return compute


rule("fmax")(_ignoring_nan("np.maximum"))
rule("fmin")(_ignoring_nan("np.minimum"))


def _comparison(name):
    def compute(operands, dtype):
        kinds = [kind_of(x) for x in operands]
        wanted = promote(kinds)
        for x, kind in zip(operands, kinds):
            # A Python integer beyond the other's type still compares right in NumPy.
            if kind == "i" and isinstance(x, int) and wanted.kind in "iu":
                limits = np.iinfo(wanted)
                if not limits.min <= x <= limits.max:
                    wanted = I64 if wanted.itemsize < 8 and abs(x) < 2**62 else F64
        x, y = values(operands, wanted)
        return emit.emit(name, [x, y])

    return compute


for _name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
    rule(_name)(_comparison(f"np.{_name}"))


@rule("logical_and")
def logical_and(operands, dtype):
    return emit.emit("np.logical_and", [truth(x) for x in operands])


@rule("logical_or")
def logical_or(operands, dtype):
    return emit.emit("np.logical_or", [truth(x) for x in operands])


@rule("logical_xor")
def logical_xor(operands, dtype):
    return emit.emit("np.not_equal", [truth(x) for x in operands])


@rule("logical_not")
def logical_not(operands, dtype):
    return emit.emit("not", [truth(operands[0])])


def _bits(operands, dtype):
    found = common(operands, dtype)
    if found[0].dtype.kind == "f":
        raise TypeError(f"bitwise operations are not defined for {found[0].dtype}{place()}")
    if len(found) == 2:
        shape = np.broadcast_shapes(found[0].shape, found[1].shape)
        found = [emit.broadcast_to(x, shape) for x in found]
    return found


@rule("bitwise_and")
def bitwise_and(operands, dtype):
    return emit.emit("and", _bits(operands, dtype))


@rule("bitwise_or")
def bitwise_or(operands, dtype):
    return emit.emit("or", _bits(operands, dtype))


@rule("bitwise_xor")
def bitwise_xor(operands, dtype):
    return emit.emit("xor", _bits(operands, dtype))


def _shifted(name):
    def compute(operands, dtype):
        found = common(operands, dtype)
        if found[0].dtype == BOOL:
            # NumPy's result is int8, which there is not here.
            raise unsupported("shifts of booleans are not supported", "x.astype(int)")
        if found[0].dtype.kind not in "iu":
            raise TypeError(f"shifts are not defined for {found[0].dtype}{place()}")
        chosen = name
        if name == "right":
            signed = found[0].dtype.kind == "i"
            chosen = "shift_right_arithmetic" if signed else "shift_right_logical"
        return emit.emit(chosen, broadcast(*found))

    return compute


rule("left_shift", "bitwise_left_shift")(_shifted("shift_left"))
rule("right_shift", "bitwise_right_shift")(_shifted("right"))


@rule("invert", "bitwise_invert")
def invert(operands, dtype):
    return emit.emit("not", _bits(operands, dtype))


@rule("isnan")
def isnan(operands, dtype):
    (x,) = common(operands, None)
    return emit.full(x.shape, False, BOOL) if x.dtype.kind != "f" else is_nan(x)


@rule("isfinite")
def isfinite(operands, dtype):
    (x,) = common(operands, None)
    if x.dtype.kind != "f":
        return emit.full(x.shape, True, BOOL)
    return is_finite(x)


@rule("isinf")
def isinf(operands, dtype):
    (x,) = common(operands, None)
    if x.dtype.kind != "f":
        return emit.full(x.shape, False, BOOL)
    return emit.emit("np.equal", [emit.emit("np.abs", [x]), number(math.inf, x)])


@rule("heaviside")
def heaviside(operands, dtype):
    x, at_zero = floats(operands, dtype)
    shape = np.broadcast_shapes(x.shape, at_zero.shape)
    x, at_zero = emit.broadcast_to(x, shape), emit.broadcast_to(at_zero, shape)
    zero = number(0, x)
    step = emit.where(emit.emit("np.greater", [x, zero]), number(1, x), zero)
    step = emit.where(emit.emit("np.equal", [x, zero]), at_zero, step)
    return emit.where(is_nan(x), x, step)
