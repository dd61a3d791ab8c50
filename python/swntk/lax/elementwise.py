"""Element-wise functions that NumPy lacks."""

from __future__ import annotations

import numpy as np

from .._eager import eager
from .._errors import ArgumentError, DTypeError, ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, I32, promote, supported
from .._tracing.location import place
from .._tracing.operands import common_values, kind_of, traced, value_of
from .._tracing.tracer import Tracer

_DOCUMENTATION = """{summary}

    Parameters
    ----------
    {parameters} : array
        {kinds}

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If element types do not fit.
    ShapeError
        If shapes differ; a scalar goes with every shape.

    Notes
    -----
    As `jax.lax.{name}`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.{name}({arguments}))
    {result}
    """


def _aligned(name, operands) -> list:
    """Bring operands of one element type to one shape; Python numbers take the others' type."""
    found = [traced(x) for x in operands]
    kinds = [kind_of(x) for x in found]
    strong = [kind for kind in kinds if not isinstance(kind, str)]
    if len(set(strong)) > 1:
        shown = " and ".join(str(kind) for kind in strong)
        raise DTypeError(f"{name} takes arrays of one element type, got {shown}{place()}")
    values = common_values(found, promote(kinds))
    shapes = {x.shape for x in values if x.shape}
    if len(shapes) > 1:
        shown = " and ".join(map(str, sorted(shapes)))
        raise ShapeError(f"{name} takes arrays of one shape, got {shown}{place()}")
    shape = shapes.pop() if shapes else ()
    return [emit.broadcast_to(x, shape) for x in values]


def _operation(name, operation, kinds, parameters, summary, arguments, result):
    count = len(parameters)

    @eager
    def function(*operands):
        if len(operands) != count:
            raise ArgumentError(f"{name} takes {count} arrays, got {len(operands)}{place()}")
        return Tracer.fresh(emit.emit(operation, _aligned(name, operands)))

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = _DOCUMENTATION.format(
        name=name,
        summary=summary,
        parameters=", ".join(parameters),
        kinds=kinds,
        arguments=arguments,
        result=result,
    )
    return function


_FLOATING = "Floating."
_NUMBERS = "Numbers."
_INTEGERS = "Integers."
_BITS = "Integers or bool."


def _unary(name, summary, argument, result, kinds=_FLOATING, operation=None):
    return _operation(name, operation or name, kinds, ("x",), summary, argument, result)


def _binary(name, summary, arguments, result, kinds=_NUMBERS, operation=None):
    return _operation(name, operation or name, kinds, ("x", "y"), summary, arguments, result)


abs = _unary("abs", "Take magnitudes.", "-2.0", "2.0", _NUMBERS)
neg = _unary("neg", "Change signs.", "2.0", "-2.0", _NUMBERS)
sign = _unary("sign", "Find signs: -1, 0 or 1.", "-2.0", "-1.0", _NUMBERS)
floor = _unary("floor", "Round down.", "1.5", "1.0")
ceil = _unary("ceil", "Round up.", "1.5", "2.0")
is_finite = _unary(
    "is_finite", "Find numbers that are neither infinite nor NaN.", "np.inf", "False"
)
exp = _unary("exp", "Compute e**x.", "0.0", "1.0")
exp2 = _unary("exp2", "Compute 2**x.", "3.0", "8.0")
expm1 = _unary("expm1", "Compute e**x - 1, precise near 0.", "0.0", "0.0")
log = _unary("log", "Compute natural logarithms.", "1.0", "0.0")
log1p = _unary("log1p", "Compute log(1 + x), precise near 0.", "0.0", "0.0")
logistic = _unary("logistic", "Compute 1 / (1 + e**-x).", "0.0", "0.5")
sin = _unary("sin", "Compute sines.", "0.0", "0.0")
cos = _unary("cos", "Compute cosines.", "0.0", "1.0")
tan = _unary("tan", "Compute tangents.", "0.0", "0.0")
asin = _unary("asin", "Compute inverse sines.", "0.0", "0.0")
acos = _unary("acos", "Compute inverse cosines.", "1.0", "0.0")
atan = _unary("atan", "Compute inverse tangents.", "0.0", "0.0")
sinh = _unary("sinh", "Compute hyperbolic sines.", "0.0", "0.0")
cosh = _unary("cosh", "Compute hyperbolic cosines.", "0.0", "1.0")
tanh = _unary("tanh", "Compute hyperbolic tangents.", "0.0", "0.0")
asinh = _unary("asinh", "Compute inverse hyperbolic sines.", "0.0", "0.0")
acosh = _unary("acosh", "Compute inverse hyperbolic cosines.", "1.0", "0.0")
atanh = _unary("atanh", "Compute inverse hyperbolic tangents.", "0.0", "0.0")
sqrt = _unary("sqrt", "Compute square roots.", "4.0", "2.0")
rsqrt = _unary("rsqrt", "Compute 1 / sqrt(x).", "4.0", "0.5")
cbrt = _unary("cbrt", "Compute cube roots.", "0.0", "0.0")
erf = _unary("erf", "Compute the error function.", "0.0", "0.0")
erfc = _unary("erfc", "Compute 1 - erf(x), precise where it is small.", "0.0", "1.0")
erf_inv = _unary("erf_inv", "Compute the inverse of the error function.", "0.0", "0.0")
lgamma = _unary("lgamma", "Compute log `|Γ(x)|`.", "1.0", "0.0")
digamma = _unary("digamma", "Compute ψ(x), the derivative of log Γ(x).", "0.0", "nan")
bessel_i0e = _unary("bessel_i0e", "Compute `exp(-|x|) I₀(x)`.", "0.0", "1.0")
bessel_i1e = _unary("bessel_i1e", "Compute `exp(-|x|) I₁(x)`.", "0.0", "0.0")
population_count = _unary("population_count", "Count the bits that are 1.", "5", "2", _INTEGERS)
clz = _unary("clz", "Count the zeros before the first bit that is 1.", "5", "61", _INTEGERS)
bitwise_not = _unary("bitwise_not", "Invert every bit.", "5", "-6", _BITS, operation="not")
add = _binary("add", "Add.", "1.0, 2.0", "3.0")
sub = _binary("sub", "Subtract.", "1.0, 2.0", "-1.0")
mul = _binary("mul", "Multiply.", "3.0, 2.0", "6.0")
div = _binary("div", "Divide; integers are truncated.", "7, 2", "3")
rem = _binary("rem", "Find what division leaves, with the sign of x.", "-7, 2", "-1")
max = _binary("max", "Take the greater.", "1.0, 2.0", "2.0")
min = _binary("min", "Take the lesser.", "1.0, 2.0", "1.0")
atan2 = _binary(
    "atan2", "Find the angle of the point (y, x), x first.", "0.0, 1.0", "0.0", _FLOATING
)
polygamma = _binary(
    "polygamma", "Compute the x-th derivative of ψ at y.", "0.0, np.inf", "inf", _FLOATING
)
nextafter = _binary("nextafter", "Find the next number towards y.", "0.0, 0.0", "0.0", _FLOATING)
eq = _binary("eq", "Compare for equality.", "1.0, 2.0", "False")
ne = _binary("ne", "Compare for inequality.", "1.0, 2.0", "True")
lt = _binary("lt", "Find where x is less.", "1.0, 2.0", "True")
le = _binary("le", "Find where x is less or equal.", "1.0, 2.0", "True")
gt = _binary("gt", "Find where x is greater.", "1.0, 2.0", "False")
ge = _binary("ge", "Find where x is greater or equal.", "1.0, 2.0", "False")
bitwise_and = _binary("bitwise_and", 'Combine bits by "and".', "5, 3", "1", _BITS, operation="and")
bitwise_or = _binary("bitwise_or", 'Combine bits by "or".', "5, 3", "7", _BITS, operation="or")
bitwise_xor = _binary(
    "bitwise_xor", 'Combine bits by "exclusive or".', "5, 3", "6", _BITS, operation="xor"
)
shift_left = _binary("shift_left", "Move bits up.", "5, 1", "10", _INTEGERS)
shift_right_logical = _binary(
    "shift_right_logical", "Move bits down, zeros following.", "5, 1", "2", _INTEGERS
)
shift_right_arithmetic = _binary(
    "shift_right_arithmetic", "Move bits down, the highest one following.", "-5, 1", "-3", _INTEGERS
)


def _function(name, parameters, summary, more, raises, arguments, result):
    """Give a function the documentation that all here have, and let it take plain arrays."""

    def decorate(function):
        function.__doc__ = f"""{summary}

    Parameters
    ----------
    {parameters} : array
    {more}

    Returns
    -------
    array

    Raises
    ------
    {raises}

    Notes
    -----
    As `jax.lax.{name}`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.{name}({arguments}))
    {result}
    """
        return eager(function)

    return decorate


@_function(
    "square", "x", "Multiply by itself.", "", "DTypeError\n        If x is bool.", "3.0", "9.0"
)
def square(x):
    return Tracer.fresh(emit.emit("integer_pow", _aligned("square", [x]), y=2))


@_function(
    "reciprocal",
    "x",
    "Compute 1 / x.",
    "",
    "DTypeError\n        If x is not floating.",
    "4.0",
    "0.25",
)
def reciprocal(x):
    (value,) = _aligned("reciprocal", [x])
    if value.dtype.kind != "f":
        raise DTypeError(f"reciprocal takes floating arrays, got {value.dtype}{place()}")
    return Tracer.fresh(emit.emit("integer_pow", [value], y=-1))


@_function(
    "integer_pow",
    "x",
    "Raise to a power that is known while tracing.",
    "y : int",
    "ArgumentError\n        If y is not an integer, or is negative where x is an integer.",
    "3.0, 2",
    "9.0",
)
def integer_pow(x, y):
    (value,) = _aligned("integer_pow", [x])
    if not hasattr(y, "__index__"):
        raise ArgumentError(f"integer_pow takes an integer exponent, got {y!r}{place()}")
    if y.__index__() < 0 and value.dtype.kind != "f":
        raise ArgumentError(f"integers cannot be raised to negative powers, got {y}{place()}")
    return Tracer.fresh(emit.emit("integer_pow", [value], y=y.__index__()))


@_function(
    "pow",
    "x, y",
    "Raise floating numbers to powers, floating or integer.",
    "",
    "DTypeError\n        If x is not floating, or y of another floating type.",
    "2.0, 3.0",
    "8.0",
)
def pow(x, y):
    x, y = traced(x), traced(y)
    if kind_of(y) == "i" or (not isinstance(kind_of(y), str) and y.dtype.kind in "iu"):
        base, exponent = x.here(), y.here()
        shape = exponent.shape if not base.shape else base.shape
        if exponent.shape not in ((), shape):
            raise ShapeError(
                f"pow takes arrays of one shape, got {base.shape} and {exponent.shape}{place()}"
            )
        values = [emit.broadcast_to(base, shape), emit.broadcast_to(exponent, shape)]
    else:
        values = _aligned("pow", [x, y])
    if values[0].dtype.kind != "f":
        raise DTypeError(f"pow takes a floating base, got {values[0].dtype}{place()}")
    return Tracer.fresh(emit.emit("pow", values))


@_function(
    "clamp",
    "min, x, max",
    "Keep numbers between two bounds.",
    "",
    "ShapeError, DTypeError\n        If the operands do not fit one another.",
    "0.0, 2.0, 1.0",
    "1.0",
)
def clamp(min, x, max):
    return Tracer.fresh(emit.emit("clamp", _aligned("clamp", [min, x, max])))


@_function(
    "round",
    "x",
    "Round to the nearest integer.",
    "rounding_method : {0, 1}\n        Of a number in the middle: 0 away from zero, 1 to even.",
    "ArgumentError\n        If there is no such method.",
    "2.5",
    "3.0",
)
def round(x, rounding_method=0):
    if rounding_method not in (0, 1):
        raise ArgumentError(f"rounding_method is 0 or 1, got {rounding_method!r}{place()}")
    method = int(rounding_method)
    return Tracer.fresh(emit.emit("round", _aligned("round", [x]), rounding_method=method))


@_function(
    "convert_element_type",
    "operand",
    "Convert the element type; floats to integers truncate and saturate.",
    "new_dtype : dtype",
    "DTypeError\n        If there is no such element type.",
    "2.5, np.int32",
    "2",
)
def convert_element_type(operand, new_dtype):
    (x,) = _aligned("convert_element_type", [operand])
    return Tracer.fresh(emit.convert(x, supported(new_dtype, "new_dtype")))


@_function(
    "bitcast_convert_type",
    "operand",
    "Take the same bits as another element type.",
    "new_dtype : dtype\n        Of the same width.",
    "ArgumentError\n        If the widths differ.",
    "np.float32(1.0), np.int32",
    "1065353216",
)
def bitcast_convert_type(operand, new_dtype):
    (x,) = _aligned("bitcast_convert_type", [operand])
    new = supported(new_dtype, "new_dtype")
    return Tracer.fresh(emit.emit("bitcast_convert_type", [x], new_dtype=new))


@eager
def select_n(which, *cases):
    """Choose among arrays, element by element.

    Parameters
    ----------
    which : array
        bool with two cases, or int32; of the cases' shape, or a scalar.
    *cases : array
        Of one shape and element type.

    Returns
    -------
    array
        `cases[which]`.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        If cases do not fit one another.

    Notes
    -----
    As `jax.lax.select_n`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.select_n(np.array([False, True]), np.zeros(2), np.ones(2)))
    [0. 1.]
    """
    if not cases:
        raise ArgumentError("select_n needs at least one case")
    values = common_values([traced(c) for c in cases])
    index = value_of(which)
    if index.dtype != BOOL:
        index = emit.convert(index, I32)
    if len(values) == 1:
        return Tracer.fresh(values[0], scalar=False)
    return Tracer.fresh(emit.emit("select_n", [index, *values]), scalar=False)


def select(pred, on_true, on_false):
    """Choose between two arrays of one shape, element by element.

    Parameters
    ----------
    pred : array of bool
        Of the cases' shape, or a scalar.
    on_true, on_false : array
        Of one shape and element type.

    Returns
    -------
    array

    Raises
    ------
    ShapeError, DTypeError
        If the cases do not fit each other.

    Notes
    -----
    As `jax.lax.select`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.select(np.array([True, False]), np.ones(2), np.zeros(2)))
    [1. 0.]
    """
    if np.shape(on_true) != np.shape(on_false):
        raise ShapeError(
            f"select: cases have shapes {np.shape(on_true)} and {np.shape(on_false)}{place()}"
        )
    return select_n(pred, on_false, on_true)
