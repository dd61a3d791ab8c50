"""Ufuncs that work on the bits of numbers, and those of whole numbers."""

from __future__ import annotations

import numpy as np

from .._tracing import emit
from .._tracing.dtypes import BOOL, F32, I32, I64, U8, U32, U64
from .._tracing.location import place
from .._tracing.operands import kind_of
from .._tracing.trace import Value
from .._tracing.tracer import Tracer, as_value
from .ufuncs import rule
from .vocabulary import broadcast, common, compare, constant_of, floats, is_finite, number


def _whole(name, x: Value) -> None:
    if x.dtype.kind not in "iu":
        raise TypeError(f"np.{name} is not defined for {x.dtype}{place()}")


@rule("bitwise_count")
def bitwise_count(operands, dtype):
    (x,) = common(operands, dtype)
    if x.dtype == BOOL:
        return emit.convert(x, U8)
    _whole("bitwise_count", x)
    if x.dtype.kind == "i":
        x = emit.emit("np.abs", [x])
    unsigned = U64 if x.dtype.itemsize == 8 else U32
    x = (
        emit.emit("bitcast_convert_type", [x], new_dtype=unsigned)
        if x.dtype.itemsize == unsigned.itemsize
        else emit.convert(x, unsigned)
    )

    def half(v, width, mask):
        """Add neighbouring fields of `width` bits."""
        mask = emit.full(v.shape, mask, unsigned)
        by = emit.full(v.shape, width, unsigned)
        high = emit.emit("and", [emit.emit("shift_right_logical", [v, by]), mask])
        return emit.emit("add", [emit.emit("and", [v, mask]), high])

    bits = unsigned.itemsize * 8
    width = 1
    while width < bits:
        # Fields of ones alternate with fields of zeros: 0101..., 00110011..., and so on.
        x = half(x, width, (2**bits - 1) // (2**width + 1))
        width *= 2
    return emit.convert(x, U8)


# ---- whole numbers


def _euclid(x: Value, y: Value) -> Value:
    """The greatest common divisor of numbers of one shape that are not negative."""
    from ..lax import while_loop

    def unfinished(pair):
        return np.any(pair[1] != 0)

    def step(pair):
        a, b = pair
        done = b == 0
        return np.where(done, a, b), np.where(done, b, np.remainder(a, np.where(done, 1, b)))

    start = tuple(Tracer.fresh(v, scalar=False) for v in (x, y))
    return while_loop(unfinished, step, start)[0].here()


_UNSIGNED = {I32: U32, I64: U64}


def _divided(name, operands, dtype, result):
    """Compute `result(x, y, greatest common divisor)` of magnitudes, as unsigned numbers.

    The magnitude of the least integer is no signed one.
    """
    x, y = broadcast(*common(operands, dtype))
    _whole(name, x)
    signed = x.dtype
    if signed in _UNSIGNED:
        x, y = (
            emit.emit(
                "bitcast_convert_type", [emit.emit("np.abs", [v])], new_dtype=_UNSIGNED[signed]
            )
            for v in (x, y)
        )
    found = result(x, y, _euclid(x, y))
    if signed in _UNSIGNED:
        found = emit.emit("bitcast_convert_type", [found], new_dtype=signed)
    return found


@rule("gcd")
def gcd(operands, dtype):
    return _divided("gcd", operands, dtype, lambda x, y, divisor: divisor)


@rule("lcm")
def lcm(operands, dtype):
    # Integer division by zero gives 0, and so the multiple of 0 and 0 is 0.
    def multiple(x, y, divisor):
        return emit.emit("mul", [emit.emit("div", [x, divisor]), y])

    return _divided("lcm", operands, dtype, multiple)


# ---- mantissa and exponent


def _layout(dtype):
    """Return (integer type, bits of the mantissa, exponent of 1.0) of a float type."""
    return (I32, 23, 127) if dtype == F32 else (I64, 52, 1023)


def _power_of_two(exponent: Value, dtype) -> Value:
    """2.0 to a power within the range of normal numbers."""
    integer, mantissa, bias = _layout(dtype)
    shifted = emit.emit("np.add", [exponent, number(bias, exponent)])
    bits = emit.emit(
        "shift_left", [shifted, emit.full(shifted.shape, mantissa, integer)]
    )
    return emit.emit("bitcast_convert_type", [bits], new_dtype=dtype)


def scaled(x: Value, exponent: Value) -> Value:
    """x · 2**exponent, rounded once, for an exponent of any size."""
    integer, mantissa, bias = _layout(x.dtype)
    low, high = -(bias - 1), bias
    # Three steps reach from the least to the greatest number. Down, all but the last keep the
    # mantissa clear of the denormal numbers, where it would be rounded twice.
    reach = 3 * bias
    exponent = emit.emit("np.maximum", [exponent, number(-reach, exponent)])
    exponent = emit.emit("np.minimum", [exponent, number(reach, exponent)])
    exponent = emit.convert(exponent, integer)
    shape = np.broadcast_shapes(x.shape, exponent.shape)
    x, exponent = emit.broadcast_to(x, shape), emit.broadcast_to(exponent, shape)
    for _ in range(2):
        over = compare("greater", exponent, high)
        under = compare("less", exponent, low)
        step = emit.where(over, number(high, exponent), number(0, exponent))
        step = emit.where(under, number(low + mantissa + 1, exponent), step)
        x = emit.emit("mul", [x, _power_of_two(step, x.dtype)])
        exponent = emit.emit("np.subtract", [exponent, step])
    exponent = emit.emit("np.maximum", [exponent, number(low, exponent)])
    exponent = emit.emit("np.minimum", [exponent, number(high, exponent)])
    return emit.emit("mul", [x, _power_of_two(exponent, x.dtype)])


@rule("ldexp")
def ldexp(operands, dtype):
    (x,) = floats(operands[:1], dtype)
    kind = kind_of(operands[1])
    if kind == "f" or kind == U64 or getattr(kind, "kind", "i") not in "iub":
        raise TypeError(f"np.ldexp needs exponents that fit int64{place()}")
    return scaled(x, as_value(operands[1], I64))


@rule("frexp")
def frexp(operands, dtype):
    (x,) = floats(operands, dtype)
    integer, mantissa, bias = _layout(x.dtype)
    fixed = constant_of(x)
    # A denormal number has no exponent of its own until it is made greater.
    lift = number(2.0 ** (mantissa + 2), fixed)
    tiny = compare("less", emit.emit("abs", [fixed]), 2.0 ** (1 - bias))
    normal = emit.where(tiny, emit.emit("np.multiply", [fixed, lift]), fixed)
    bits = emit.emit("bitcast_convert_type", [normal], new_dtype=integer)
    places = emit.emit("shift_right_logical", [bits, emit.full(bits.shape, mantissa, integer)])
    places = emit.emit("np.subtract", [_masked(places, 2 * bias + 1), number(bias - 1, places)])
    lowered = emit.emit("np.subtract", [places, number(mantissa + 2, places)])
    exponent = emit.where(tiny, lowered, places)
    plain = emit.emit("and", [is_finite(fixed), compare("not_equal", fixed, 0)])
    exponent = emit.where(plain, exponent, number(0, exponent))
    fraction = scaled(x, emit.emit("neg", [exponent]))
    return emit.select(plain, fraction, x), emit.convert(exponent, I32)


def _masked(x: Value, mask: int) -> Value:
    return emit.emit("and", [x, emit.full(x.shape, mask, x.dtype)])


# ---- questions of dates


@rule("isnat")
def isnat(operands, dtype):
    raise TypeError(f"ufunc 'isnat' is only defined for np.datetime64 and np.timedelta64.{place()}")
