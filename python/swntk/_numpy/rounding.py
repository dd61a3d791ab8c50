"""Functions of NumPy, not ufuncs, that work element by element."""

from __future__ import annotations

import math

from .._tracing import emit
from .._tracing.dtypes import F64, floating
from .._tracing.location import unsupported
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .elementwise import truncated
from .values import finish
from .vocabulary import compare, number


@implements("round", "around", "round_")
def round_(a, decimals=0, out=None):
    x = traced(a)
    decimals = decimals.__index__()
    if x.dtype.kind == "b":
        raise unsupported("np.round of booleans is not supported", "x.astype(int)")
    if x.dtype.kind != "f":
        value = x.here()
        if decimals < 0:
            # NumPy divides by a power of ten, rounds, and multiplies, as floats.
            ten = number(10.0**-decimals, emit.full((), 0, F64))
            value = emit.emit("np.divide", [emit.convert(value, F64), ten])
            value = emit.emit("round", [value], rounding_method=1)
            value = emit.convert(emit.emit("np.multiply", [value, ten]), x.dtype)
        return finish(value, out, contiguous=x.contiguous)
    value = x.here()
    # As NumPy: times, or divided by, a power of ten that is exact.
    scale = number(10.0 ** abs(decimals), value)
    into, back = ("np.multiply", "np.divide") if decimals > 0 else ("np.divide", "np.multiply")
    if decimals:
        value = emit.emit(into, [value, scale])
    value = emit.emit("round", [value], rounding_method=1)
    if decimals:
        value = emit.emit(back, [value, scale])
    return finish(value, out, contiguous=x.contiguous)


@implements("fix")
def fix(x, out=None):
    x = traced(x)
    value = x.here() if x.dtype.kind != "f" else truncated(x.here())
    return finish(value, out, contiguous=x.contiguous)


# sin(z) / z = 1 - z²/6 + z⁴/120 - ..., by powers of z².
_SERIES = [(-1) ** k / math.factorial(2 * k + 1) for k in range(7)]


@implements("sinc")
def sinc(x):
    x = traced(x)
    value = emit.convert(x.here(), floating(x.dtype))
    angle = emit.emit("np.multiply", [value, number(math.pi, value)])
    # At 0 the quotient has no derivatives; the series has the right ones.
    is_zero = compare("equal", value, 0)
    safe = emit.where(is_zero, number(1, value), angle)
    quotient = emit.emit("div", [emit.emit("sin", [safe]), safe])
    near = emit.where(is_zero, angle, number(0, value))
    square = emit.emit("mul", [near, near])
    series = emit.full(value.shape, _SERIES[-1], value.dtype)
    for coefficient in reversed(_SERIES[:-1]):
        product = emit.emit("mul", [series, square])
        series = emit.emit("np.add", [product, number(coefficient, value)])
    return finish(emit.select(is_zero, series, quotient), contiguous=x.contiguous)
