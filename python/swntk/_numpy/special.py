"""The ufuncs of scipy.special, by name: importing SciPy would cost every user 0.25 s."""

from __future__ import annotations

import math

from .._tracing import emit
from .._tracing.dtypes import F32
from .._tracing.operands import operand
from .._tracing.protocol import NAMED_UFUNCS, implements
from .elementwise import _sum_of_powers
from .values import finish
from .vocabulary import broadcast, compare, floats, is_nan, number


def _special(name):
    """Register a rule of values of one floating type and shape."""

    def register(function):
        NAMED_UFUNCS[name] = lambda operands, dtype: function(*broadcast(*floats(operands, dtype)))
        return function

    return register


def _operation(name):
    return lambda x: emit.emit(name, [x])


for _name, _primitive in {
    "expit": "logistic",
    "erf": "erf",
    "erfc": "erfc",
    "erfinv": "erf_inv",
    "exp2": "exp2",
    "expm1": "expm1",
    "gammaln": "lgamma",
    "i0e": "bessel_i0e",
    "i1e": "bessel_i1e",
    "log1p": "log1p",
    "cbrt": "cbrt",
}.items():
    _special(_name)(_operation(_primitive))


@_special("psi")
def psi(x):
    # SciPy's value at zeros of both signs, the limit from their side.
    zero = compare("equal", x, 0)
    limit = emit.emit("neg", [emit.emit("np.divide", [number(1, x), x])])
    return emit.select(zero, limit, emit.emit("digamma", [x]))


NAMED_UFUNCS["digamma"] = NAMED_UFUNCS["psi"]


@_special("gammasgn")
def gammasgn(x):
    """The sign of Γ: by turns left of 0, where the poles have none."""
    floor = emit.emit("floor", [x])
    half = emit.emit("mul", [floor, emit.full(x.shape, 0.5, x.dtype)])
    odd = emit.emit("ne", [emit.emit("floor", [half]), half])
    sign = emit.where(odd, number(-1, x), number(1, x))
    sign = emit.where(emit.emit("eq", [floor, x]), number(math.nan, x), sign)
    positive = emit.where(compare("greater", x, 0), number(1, x), sign)
    one = emit.full(x.shape, 1, x.dtype)
    signed = emit.emit("sign", [emit.emit("div", [one, x])])
    value = emit.where(compare("equal", x, 0), signed, positive)
    return emit.where(is_nan(x), x, value)


@_special("gamma")
def gamma(x):
    return emit.emit("mul", [gammasgn(x), emit.emit("exp", [emit.emit("lgamma", [x])])])


def _grown(name):
    def function(x):
        growth = emit.emit("exp", [emit.emit("abs", [x])])
        return emit.emit("mul", [growth, emit.emit(name, [x])])

    return function


for _name, _primitive in {"i0": "bessel_i0e", "i1": "bessel_i1e"}.items():
    _special(_name)(_grown(_primitive))


@implements("i0")
def np_i0(x):
    (value,) = floats([operand(x)], None)
    return finish(_grown("bessel_i0e")(value))


def _scaled(x, factor):
    return emit.emit("np.multiply", [x, number(factor, x)])


@_special("logit")
def logit(x):
    rest = emit.emit("log1p", [emit.emit("neg", [x])])
    return emit.emit("sub", [emit.emit("log", [x]), rest])


@_special("log_expit")
def log_expit(x):
    zero = emit.full(x.shape, 0, x.dtype)
    minus = emit.emit("neg", [x])
    return emit.emit("neg", [_sum_of_powers("exp", 1)([minus, zero], None)])


@_special("ndtr")
def ndtr(x):
    return _scaled(emit.emit("erfc", [_scaled(x, -math.sqrt(0.5))]), 0.5)


@_special("log_ndtr")
def log_ndtr(x):
    # Far below 0 the tail's asymptotic series; far above, log1p of the other tail.
    far = compare("less", x, -10.0 if x.dtype == F32 else -20.0)
    high = compare("greater", x, 1.0)
    one = number(1, x)
    low = emit.where(far, number(-1, x), x)
    usual = emit.emit("log", [ndtr(emit.where(high, number(0, x), low))])
    upper = ndtr(emit.emit("neg", [emit.where(high, x, one)]))
    usual = emit.select(high, emit.emit("log1p", [emit.emit("neg", [upper])]), usual)
    tail = emit.where(far, x, number(-20, x))
    square = emit.emit("mul", [tail, tail])
    inverse = emit.emit("np.divide", [one, square])
    series = one
    for k in range(10, 0, -1):
        # 1 - 1/x² + 3/x⁴ - 15/x⁶ + ...
        term = emit.emit("np.multiply", [_scaled(inverse, 2 * k - 1), series])
        series = emit.emit("np.subtract", [one, term])
    exponent = emit.emit("np.add", [_scaled(square, -0.5), number(-0.5 * math.log(2 * math.pi), x)])
    logarithm = emit.emit("log", [emit.emit("neg", [tail])])
    asymptotic = emit.emit("sub", [exponent, logarithm])
    asymptotic = emit.emit("add", [asymptotic, emit.emit("log", [series])])
    infinite = compare("equal", x, -math.inf)
    asymptotic = emit.where(infinite, x, asymptotic)
    return emit.select(far, asymptotic, usual)


def _times_logarithm(x, y, name, domain):
    """x · log(y), 0 where x is 0 and y is not NaN."""
    inside = emit.emit("and", [compare("greater", y, domain), compare("less", y, math.inf)])
    keeps = emit.emit("or", [compare("not_equal", x, 0), emit.emit("or", [inside, is_nan(y)])])
    safe = emit.where(keeps, y, number(domain + 1, y))
    return emit.emit("mul", [x, emit.emit(name, [safe])])


@_special("xlogy")
def xlogy(x, y):
    return _times_logarithm(x, y, "log", 0.0)


@_special("xlog1py")
def xlog1py(x, y):
    return _times_logarithm(x, y, "log1p", -1.0)


@_special("entr")
def entr(x):
    value = emit.emit("neg", [xlogy(x, emit.where(compare("less", x, 0), number(1, x), x))])
    return emit.where(compare("less", x, 0), number(-math.inf, x), value)


@_special("rel_entr")
def rel_entr(x, y):
    positive = emit.emit("and", [compare("greater", x, 0), compare("greater", y, 0)])
    ratio = emit.emit(
        "div", [emit.where(positive, x, number(1, x)), emit.where(positive, y, number(1, y))]
    )
    value = emit.emit("mul", [x, emit.emit("log", [ratio])])
    zero = emit.emit("and", [compare("equal", x, 0), compare("greater_equal", y, 0)])
    unknown = emit.emit("or", [is_nan(x), is_nan(y)])
    other = emit.where(zero, number(0, x), number(math.inf, x))
    other = emit.where(unknown, number(math.nan, x), other)
    return emit.where(positive, value, other)
