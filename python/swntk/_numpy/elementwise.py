"""What each ufunc of NumPy computes, in the operations of docs/operations.md.

Only what is exact: a function that these operations cannot express to the last bits raises.
"""

from __future__ import annotations

import math

import numpy as np

from .._tracing import emit
from .._tracing.dtypes import BOOL, F64, I64, default_of, floating, promote
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


@rule("positive", "conjugate")
def positive(operands, dtype):
    (x,) = common(operands, dtype)
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
    if kind_of(base) == BOOL:
        # NumPy's result is int8, which there is not here.
        raise unsupported("powers of booleans are not supported", "x.astype(int) ** n")
    y = _known_number(exponent)
    kinds = [kind_of(x) for x in operands]
    wanted = dtype or promote(kinds)
    if y is None:
        raise unsupported(
            "a traced or array exponent is not supported in this version",
            "np.exp(y * np.log(x)) where x is known to be positive",
        )
    x = as_value(base, wanted)
    if wanted == BOOL:
        raise unsupported("powers of booleans are not supported", "x.astype(int) ** n")
    if wanted.kind in "iu":
        if y < 0:
            raise ValueError(f"Integers to negative integer powers are not allowed{place()}")
        return emit.emit("integer_pow", [x], y=int(y))
    if math.isfinite(y) and y == int(y) and abs(y) <= 1024:
        return emit.emit("integer_pow", [x], y=int(y))
    if y == 0.5 and x.shape:
        return emit.emit("sqrt", [x])  # as NumPy: for scalars it takes pow
    if abs(y) == 0.5:
        # pow(-inf, 0.5) is inf and pow(-0.0, 0.5) is 0.0, where sqrt gives NaN and -0.0.
        least = emit.emit("np.equal", [x, number(-math.inf, x)])
        root = emit.emit("np.add", [emit.emit("sqrt", [x]), number(0, x)])
        root = emit.where(least, number(math.inf, x), root)
        return root if y > 0 else emit.emit("np.divide", [number(1, x), root])
    raise unsupported(
        f"the exponent {y!r} is not supported in this version: only integers, 0.5 and -0.5 are "
        "exact",
        "np.exp(y * np.log(x)) where x is known to be positive",
    )


# ---- functions of one floating operand


def _unary(name):
    def compute(operands, dtype):
        (x,) = floats(operands, dtype)
        return emit.emit(name, [x])

    return compute


for _name in ("exp", "log", "sin", "cos", "tanh", "sqrt"):
    rule(_name)(_unary(_name))


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
    x, y = _bits(operands, dtype)
    both = emit.emit("and", [x, y])
    return emit.emit("and", [emit.emit("or", [x, y]), emit.emit("not", [both])])


@rule("invert", "bitwise_invert")
def invert(operands, dtype):
    return emit.emit("not", _bits(operands, dtype))


def is_nan(x):
    return emit.emit("ne", [x, x])


@rule("isnan")
def isnan(operands, dtype):
    (x,) = common(operands, None)
    return emit.full(x.shape, False, BOOL) if x.dtype.kind != "f" else is_nan(x)


@rule("isfinite")
def isfinite(operands, dtype):
    (x,) = common(operands, None)
    if x.dtype.kind != "f":
        return emit.full(x.shape, True, BOOL)
    return emit.emit("np.less", [emit.emit("np.abs", [x]), number(math.inf, x)])


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


# ---- integer quotients


def _integers(name, operands, dtype):
    x, y = common(operands, dtype)
    if x.dtype.kind not in "iu":
        raise unsupported(f"np.{name} of floating arrays is not supported in this version")
    shape = np.broadcast_shapes(x.shape, y.shape)
    return emit.broadcast_to(x, shape), emit.broadcast_to(y, shape)


def _quotient_and_rest(x, y):
    """Floor division; 0 and 0 where y is 0, as NumPy."""
    zero = number(0, x)
    quotient = emit.emit("div", [x, y])
    rest = emit.emit("sub", [x, emit.emit("mul", [quotient, y])])
    rest = emit.where(emit.emit("np.equal", [y, zero]), zero, rest)
    if x.dtype.kind == "u":
        return quotient, rest
    opposite = emit.emit(
        "ne", [emit.emit("np.less", [rest, zero]), emit.emit("np.less", [y, zero])]
    )
    inexact = emit.emit("np.not_equal", [rest, zero])
    step = emit.convert(emit.emit("and", [opposite, inexact]), x.dtype)
    return emit.emit("sub", [quotient, step]), emit.emit("add", [rest, emit.emit("mul", [step, y])])


@rule("floor_divide")
def floor_divide(operands, dtype):
    return _quotient_and_rest(*_integers("floor_divide", operands, dtype))[0]


@rule("remainder")
def remainder(operands, dtype):
    return _quotient_and_rest(*_integers("remainder", operands, dtype))[1]


@rule("divmod")
def divmod_(operands, dtype):
    return _quotient_and_rest(*_integers("divmod", operands, dtype))


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
