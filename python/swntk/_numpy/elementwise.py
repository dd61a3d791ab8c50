"""What each ufunc of NumPy computes, in the operations of docs/operations.md."""

from __future__ import annotations

import math

import numpy as np

from .._tracing import emit
from .._tracing.dtypes import BOOL, F32, F64, I32, I64, promote
from .._tracing.location import place, unsupported
from .._tracing.operands import kind_of
from .._tracing.tracer import Tracer, as_value
from .ufuncs import rule, values
from .vocabulary import (
    broadcast,
    common,
    compare,
    constant_of,
    floats,
    is_finite,
    number,
)


def _refuse_bool(name, value, instead):
    if value.dtype == BOOL:
        raise TypeError(f"np.{name} of booleans is not defined: {instead}{place()}")


# ---- arithmetic


@rule("add")
def add(operands, dtype):
    x, y = common(operands, dtype)
    return emit.emit("np.logical_or" if x.dtype == BOOL else "np.add", [x, y])


@rule("subtract")
def subtract(operands, dtype):
    x, y = common(operands, dtype)
    _refuse_bool("subtract", x, "use np.logical_xor")
    return emit.emit("np.subtract", [x, y])


@rule("multiply")
def multiply(operands, dtype):
    x, y = common(operands, dtype)
    return emit.emit("np.logical_and" if x.dtype == BOOL else "np.multiply", [x, y])


@rule("divide", "true_divide")
def divide(operands, dtype):
    wanted = dtype or promote([kind_of(x) for x in operands])
    # Quotients of integers and booleans of any size are float64.
    return emit.emit("np.divide", values(operands, wanted if wanted.kind == "f" else F64))


@rule("negative")
def negative(operands, dtype):
    (x,) = common(operands, dtype)
    _refuse_bool("negative", x, "use np.logical_not")
    return emit.emit("neg", [x])


@rule("positive")
def positive(operands, dtype):
    (x,) = common(operands, dtype)
    _refuse_bool("positive", x, "use the array itself")
    return x


@rule("conjugate")
def conjugate(operands, dtype):
    (x,) = common(operands, dtype)
    if x.dtype == BOOL:
        # NumPy's result is int8, which there is not here.
        raise unsupported("np.conjugate of booleans is not supported", "x.astype(int)")
    return x


@rule("absolute")
def absolute(operands, dtype):
    (x,) = common(operands, dtype)
    return x if x.dtype.kind in "bu" else emit.emit("np.abs", [x])


@rule("fabs")
def fabs(operands, dtype):
    (x,) = floats(operands, dtype)
    return emit.emit("np.abs", [x])


@rule("sign")
def sign(operands, dtype):
    (x,) = common(operands, dtype)
    _refuse_bool("sign", x, "use the array itself")
    return emit.emit("np.sign", [x])


@rule("square")
def square(operands, dtype):
    (x,) = common(operands, dtype)
    if x.dtype == BOOL:
        # NumPy's result is int8, which there is not here.
        raise unsupported("powers of booleans are not supported", "x.astype(int) ** 2")
    return emit.emit("np.square", [x])


@rule("reciprocal")
def reciprocal(operands, dtype):
    (x,) = common(operands, dtype)
    if x.dtype == BOOL:
        raise unsupported("np.reciprocal of booleans is not supported", "x.astype(int)")
    one = emit.full(x.shape, 1, x.dtype)
    inverse = emit.emit("np.divide" if x.dtype.kind == "f" else "div", [one, x])
    if x.dtype.kind == "i":
        # What C makes of a division by zero on the processors that NumPy is built for.
        least = number(np.iinfo(x.dtype).min, x)
        inverse = emit.where(compare("equal", x, 0), least, inverse)
    return inverse


# ---- powers


def _known_number(x):
    """Return an exponent that is known while tracing as a Python number, or None."""
    if isinstance(x, Tracer):
        return None
    if isinstance(x, (np.ndarray, np.generic)):
        return x.item() if x.ndim == 0 else None
    return x


@rule("float_power")
def float_power(operands, dtype):
    base, exponent = operands
    return power([as_value(base, np.dtype(np.float64)), exponent], np.dtype(np.float64))


@rule("power")
def power(operands, dtype):
    base, exponent = operands
    if kind_of(base) == BOOL and kind_of(exponent) in (BOOL, "i"):
        # NumPy's result is int8, which there is not here.
        raise unsupported("powers of booleans are not supported", "x.astype(int) ** n")
    wanted = dtype or promote([kind_of(x) for x in operands])
    y = _known_number(exponent)
    x = as_value(base, wanted)
    if wanted == BOOL:
        raise unsupported("powers of booleans are not supported", "x.astype(int) ** n")
    if wanted.kind in "iu":
        if isinstance(exponent, (np.ndarray, np.generic)) and (exponent < 0).any():
            y = -1
        if y is None:
            return emit.emit("pow", broadcast(x, as_value(exponent, wanted)))
        if y < 0:
            raise ValueError(f"Integers to negative integer powers are not allowed{place()}")
        limits = np.iinfo(wanted)
        if not limits.min <= y <= limits.max:
            raise OverflowError(f"Python integer {y} out of bounds for {wanted}{place()}")
        return emit.emit("integer_pow", [x], y=int(y))
    if y is None:
        return emit.emit("pow", broadcast(x, _exponent(exponent, wanted)))
    if math.isfinite(y) and y == int(y) and abs(y) <= 1024:
        return emit.emit("integer_pow", [x], y=int(y))
    if y == 0.5 and x.shape:
        return emit.emit("sqrt", [x])  # as NumPy: for scalars it takes pow
    if abs(y) == 0.5:
        # pow(-inf, 0.5) is inf and pow(-0.0, 0.5) is 0.0, where sqrt gives NaN and -0.0.
        least = compare("equal", x, -math.inf)
        root = emit.emit("np.add", [emit.emit("sqrt", [x]), number(0, x)])
        root = emit.where(least, number(math.inf, x), root)
        return root if y > 0 else emit.emit("np.divide", [number(1, x), root])
    return emit.emit("pow", [x, emit.full(x.shape, y, wanted)])


def _exponent(exponent, wanted):
    """Keep an integer exponent as it is, so that to the power 0 the derivative is 0 everywhere."""
    kind = kind_of(exponent)
    if isinstance(kind, str) or kind.kind == "f":
        return as_value(exponent, wanted)
    return as_value(exponent, I64 if kind == BOOL else kind)


# ---- functions of one floating operand


def _unary(name):
    def compute(operands, dtype):
        (x,) = floats(operands, dtype)
        return emit.emit(name, [x])

    return compute


_SAME_NAME = (
    "exp exp2 expm1 log log1p sin cos tan sinh cosh tanh sqrt cbrt asin acos atan asinh acosh atanh"
)
for _name in _SAME_NAME.split():
    rule(_name)(_unary(_name))
for _name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
    # NumPy 1 has only the long names of the inverse functions.
    rule(f"arc{_name}")(_unary(f"a{_name}"))


def _logarithm(base):
    def compute(operands, dtype):
        (x,) = floats(operands, dtype)
        return emit.emit("np.divide", [emit.emit("log", [x]), number(math.log(base), x)])

    return compute


rule("log2")(_logarithm(2.0))
rule("log10")(_logarithm(10.0))


def _binary(name):
    def compute(operands, dtype):
        return emit.emit(name, broadcast(*floats(operands, dtype)))

    return compute


rule("arctan2", "atan2")(_binary("atan2"))
rule("nextafter")(_binary("nextafter"))


@rule("spacing")
def spacing(operands, dtype):
    (x,) = floats(operands, dtype)
    infinity = copy_sign(emit.full(x.shape, math.inf, x.dtype), x)
    return emit.emit("sub", [emit.emit("nextafter", [x, infinity]), constant_of(x)])


@rule("hypot")
def hypot(operands, dtype):
    x, y = (emit.emit("abs", [v]) for v in broadcast(*floats(operands, dtype)))
    greater, lesser = emit.emit("max", [x, y]), emit.emit("min", [x, y])
    infinite = emit.emit("or", [compare("equal", v, math.inf) for v in (x, y)])
    usable = emit.emit("and", [compare("greater", greater, 0), emit.emit("not", [infinite])])
    ratio = emit.emit("div", [lesser, emit.where(usable, greater, number(1, x))])
    squares = emit.emit("np.add", [emit.emit("mul", [ratio, ratio]), number(1, x)])
    length = emit.emit("mul", [greater, emit.emit("sqrt", [squares])])
    return emit.where(infinite, number(math.inf, x), length)


def _sum_of_powers(name, unit):
    """log(base**x + base**y) / log(base): the greater, and what the lesser adds to it."""

    def compute(operands, dtype):
        x, y = broadcast(*floats(operands, dtype))
        same = emit.emit("and", [emit.emit("eq", [x, y]), emit.emit("not", [is_finite(x)])])
        first = emit.emit("gt", [x, y])
        greater, lesser = emit.select(first, x, y), emit.select(first, y, x)
        gap = emit.select(same, emit.full(x.shape, 0, x.dtype), emit.emit("sub", [lesser, greater]))
        added = emit.emit("log1p", [emit.emit(name, [gap])])
        if unit != 1:
            added = emit.emit("np.divide", [added, number(unit, x)])
        return emit.emit("add", [greater, added])

    return compute


rule("logaddexp")(_sum_of_powers("exp", 1))
rule("logaddexp2")(_sum_of_powers("exp2", math.log(2.0)))


# ---- signs


def sign_bit(x):
    """Whether a float's sign is set, of 0 and NaN too."""
    bits = emit.emit("bitcast_convert_type", [x], new_dtype=I32 if x.dtype == F32 else I64)
    return compare("less", bits, 0)


def copy_sign(x, y):
    """The magnitude of one with the sign of the other, of one shape."""
    magnitude = emit.emit("abs", [x])
    return emit.select(sign_bit(y), emit.emit("neg", [magnitude]), magnitude)


@rule("signbit")
def signbit(operands, dtype):
    return sign_bit(floats(operands, None)[0])


@rule("copysign")
def copysign(operands, dtype):
    return copy_sign(*broadcast(*floats(operands, dtype)))


# ---- rounding


def _rounded(name, **parameters):
    def compute(operands, dtype):
        (x,) = common(operands, dtype)
        # NumPy 2 leaves integers as they are.
        return x if x.dtype.kind != "f" else emit.emit(name, [x], **parameters)

    return compute


rule("floor")(_rounded("floor"))
rule("ceil")(_rounded("ceil"))


@rule("rint")
def rint(operands, dtype):
    return emit.emit("round", floats(operands, dtype), rounding_method=1)


def truncated(x):
    """Round a float towards 0."""
    down, up = emit.emit("floor", [x]), emit.emit("ceil", [x])
    return emit.select(sign_bit(x), up, down)


@rule("trunc")
def trunc(operands, dtype):
    (x,) = common(operands, dtype)
    return x if x.dtype.kind != "f" else truncated(x)


@rule("modf")
def modf(operands, dtype):
    (x,) = floats(operands, dtype)
    whole = truncated(x)
    infinite = emit.emit("eq", [emit.emit("abs", [x]), emit.full(x.shape, math.inf, x.dtype)])
    rest = emit.emit("sub", [x, whole])
    rest = emit.select(infinite, emit.full(x.shape, 0, x.dtype), rest)
    return copy_sign(rest, x), whole


def _scaled(factor):
    def compute(operands, dtype):
        (x,) = floats(operands, dtype)
        return emit.emit("np.multiply", [x, number(factor, x)])

    return compute


rule("deg2rad", "radians")(_scaled(math.pi / 180.0))
rule("rad2deg", "degrees")(_scaled(180.0 / math.pi))


# ---- products that are ufuncs


@rule("matmul")
def matmul(operands, dtype):
    x, y = common(operands, dtype)
    if x.dtype == BOOL:
        raise unsupported(
            "np.matmul of booleans is not supported", "x.astype(int) @ y.astype(int) > 0"
        )
    return emit.emit("np.matmul", [x, y])


@rule("vecdot")
def vecdot(operands, dtype):
    return emit.emit("np.einsum", common(operands, dtype), subscripts="...i,...i->...")


@rule("matvec")
def matvec(operands, dtype):
    return emit.emit("np.einsum", common(operands, dtype), subscripts="...ij,...j->...i")


@rule("vecmat")
def vecmat(operands, dtype):
    return emit.emit("np.einsum", common(operands, dtype), subscripts="...i,...ij->...j")
