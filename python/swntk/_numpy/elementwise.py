"""What each ufunc of NumPy computes, in the operations of docs/operations.md."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, F32, F64, I32, I64, default_of, floating, promote
from .._tracing.location import place, unsupported
from .._tracing.operands import kind_of
from .._tracing.tracer import Tracer, as_value
from .ufuncs import rule, values


def common(operands, dtype):
    """Bring operands to their common type, or to `dtype`."""
    return values(operands, dtype or promote([kind_of(x) for x in operands]))


def floats(operands, dtype):
    """Bring operands to their common type made floating, or to `dtype`."""
    return values(operands, dtype or floating(promote([kind_of(x) for x in operands])))


def number(x, like):
    """Fill a scalar of another value's type."""
    return emit.full((), x, like.dtype)


def broadcast(*operands) -> list:
    """Bring values to one shape."""
    try:
        shape = np.broadcast_shapes(*(x.shape for x in operands))
    except ValueError:
        shown = " ".join(map(str, (x.shape for x in operands)))
        raise ShapeError(
            f"operands could not be broadcast together with shapes {shown}{place()}"
        ) from None
    return [emit.broadcast_to(x, shape) for x in operands]


def compare(name, x, y):
    """Compare a value with a number."""
    return emit.emit(f"np.{name}", [x, number(y, x)])


def constant_of(x):
    """Return a value without its derivative."""
    return emit.emit("stop_gradient", [x]) if x.dtype.kind == "f" else x


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
    if x.dtype.kind != "f":
        raise unsupported("np.reciprocal of integers is not supported", "1.0 / x")
    return emit.emit("np.divide", [number(1, x), x])


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


# ---- comparisons and logic


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


def truth(x):
    """Return whether elements are not zero."""
    return emit.convert(as_value(x, default_of(kind_of(x))), BOOL)


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


def is_nan(x):
    """Whether floats are NaN."""
    return emit.emit("ne", [x, x])


def is_finite(x):
    """Whether floats are neither infinite nor NaN."""
    return emit.emit("is_finite", [x])


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


# ---- quotients and remainders


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
