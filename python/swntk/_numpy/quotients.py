"""Ufuncs of quotients and remainders."""

from __future__ import annotations

from .._tracing import emit
from .._tracing.dtypes import BOOL
from .._tracing.location import unsupported
from .elementwise import copy_sign
from .ufuncs import rule
from .vocabulary import (
    broadcast,
    common,
    constant_of,
    number,
)


def _quotient_and_rest(operands, dtype):
    x, y = broadcast(*common(operands, dtype))
    if x.dtype == BOOL:
        # NumPy's result is int8, which there is not here.
        raise unsupported("quotients of booleans are not supported", "x.astype(int) // y")
    return _float_quotient(x, y) if x.dtype.kind == "f" else _integer_quotient(x, y)


def _integer_quotient(x, y):
    """Floor division; 0 and 0 where y is 0, as NumPy."""
    zero = number(0, x)
    quotient = emit.emit("div", [x, y])
    rest = emit.emit("rem", [x, y])
    if x.dtype.kind == "u":
        return quotient, rest
    opposite = emit.emit(
        "ne", [emit.emit("np.less", [rest, zero]), emit.emit("np.less", [y, zero])]
    )
    inexact = emit.emit("np.not_equal", [rest, zero])
    step = emit.convert(emit.emit("and", [opposite, inexact]), x.dtype)
    return emit.emit("sub", [quotient, step]), emit.emit("add", [rest, emit.emit("mul", [step, y])])


def _float_quotient(x, y):
    """Floor division and what it leaves, of the divisor's sign; a quotient has no derivative."""
    zero = emit.full(x.shape, 0, x.dtype)
    first = emit.emit("rem", [x, y])
    opposite = emit.emit("ne", [emit.emit("lt", [first, zero]), emit.emit("lt", [y, zero])])
    inexact = emit.emit("ne", [first, zero])
    step = emit.emit("and", [opposite, inexact])
    rest = emit.select(step, emit.emit("add", [first, y]), first)
    # 0 of the divisor's sign; what is subtracted is +0, with the derivative of the rest.
    still = emit.emit("sub", [constant_of(rest), rest])
    signed = emit.emit("sub", [copy_sign(zero, y), still])
    rest = emit.select(emit.emit("eq", [first, zero]), signed, rest)
    x, y, first = constant_of(x), constant_of(y), constant_of(first)
    ratio = emit.emit("div", [x, y])
    quotient = emit.emit("div", [emit.emit("sub", [x, first]), y])
    quotient = emit.emit("sub", [quotient, emit.convert(step, x.dtype)])
    whole = emit.emit("floor", [quotient])
    above = emit.emit("np.greater", [emit.emit("sub", [quotient, whole]), number(0.5, x)])
    whole = emit.emit("add", [whole, emit.convert(above, x.dtype)])
    whole = emit.select(emit.emit("eq", [quotient, zero]), copy_sign(zero, ratio), whole)
    by_zero = emit.emit("eq", [y, zero])
    return emit.select(by_zero, ratio, whole), emit.select(by_zero, first, rest)


@rule("floor_divide")
def floor_divide(operands, dtype):
    return _quotient_and_rest(operands, dtype)[0]


@rule("remainder")
def remainder(operands, dtype):
    return _quotient_and_rest(operands, dtype)[1]


@rule("divmod")
def divmod_(operands, dtype):
    return _quotient_and_rest(operands, dtype)


@rule("fmod")
def fmod(operands, dtype):
    x, y = broadcast(*common(operands, dtype))
    if x.dtype == BOOL:
        raise unsupported("remainders of booleans are not supported", "np.fmod(x.astype(int), y)")
    return emit.emit("rem", [x, y])
