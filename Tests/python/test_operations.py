"""Law: every operation gives NumPy's values and JAX's derivatives, at ordinary and at odd points.

Rows of UFUNCS run under plain NumPy, which is the oracle of values and element types; rows of
DERIVATIVES and LAX have JAX's function beside ours, the oracle of first and second derivatives.
"""

import warnings

import numpy as np
import pytest
import swntk
from checkers import assert_close

jax = pytest.importorskip("jax")
jnp = jax.numpy

UFUNCS = sorted({f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc)}.items())
# What a program has no operation for.
MISSING = {"isnat"}
PRODUCTS = {"matmul", "matvec", "vecmat", "vecdot"}
DTYPES = ["f4", "f8", "i4", "i8", "u1", "u4", "u8", "?"]
SUPPORTED = {np.dtype(t) for t in DTYPES}


def specials(dtype):
    """Numbers at which functions have edges."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        some = [0, 1, 2, 3, 7, 40, limits.max, limits.min, limits.max - 1]
        return np.array(some + ([-1, -2, -7] if limits.min < 0 else []), dtype)
    limits = np.finfo(dtype)
    some = [0, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 7.3, 40, 1e-7, 1e10, limits.max, limits.tiny]
    some += [limits.smallest_subnormal, np.inf]
    return np.array(some + [-x for x in some] + [np.nan], dtype)


def assert_near(actual, expected, ulps=8):
    """Equal type, NaN and infinities at the same places, zeros of the same sign, few ulps apart."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.dtype == expected.dtype and actual.shape == expected.shape
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected)
        return
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    number = ~np.isnan(expected)
    zero = number & (expected == 0) & (actual == 0)
    np.testing.assert_array_equal(np.signbit(actual[zero]), np.signbit(expected[zero]))
    infinite = np.isinf(expected)
    finite = number & ~infinite
    with np.errstate(all="ignore"):
        error = np.abs(actual[finite].astype("f8") - expected[finite].astype("f8"))
        unit = np.spacing(np.abs(expected[finite])).astype("f8")
    assert (error <= ulps * unit).all(), (
        actual[finite][error > ulps * unit],
        expected[finite][error > ulps * unit],
    )
    np.testing.assert_array_equal(actual[infinite], expected[infinite])


def run_both(f, *arguments, ulps=8):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = f(*arguments)
        except (TypeError, ValueError) as error:
            refused = TypeError if isinstance(error, TypeError) else ValueError
            with pytest.raises((refused, swntk.NTKError)):
                swntk.jit(f)(*arguments)
            return
        several = isinstance(expected, tuple)
        dtypes = {np.asarray(e).dtype for e in (expected if several else [expected])}
        if dtypes - SUPPORTED:
            # float16 is float32 here; int8 and int16 there are none.
            if dtypes - SUPPORTED != {np.dtype(np.float16)}:
                with pytest.raises(swntk.NTKError):
                    swntk.jit(f)(*arguments)
            return
        actual = swntk.jit(f)(*arguments)
    if several:
        for a, e in zip(actual, expected, strict=True):
            assert_near(a, e, ulps)
    else:
        assert_near(actual, expected, ulps)


# sin and cos of huge arguments, which libmvec reduces less far; logarithms by a quotient, whose
# error is relative to the logarithm's largest term; NumPy's own f32 loops are good to 4 ulps.
# The two terms of logaddexp cancel where the result is near 0.
WIDE = {"logaddexp": 4096, "logaddexp2": 4096, "log2": 16, "log10": 16, "tan": 16}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name, ufunc", UFUNCS)
def test_ufunc_is_numpys(name, ufunc, dtype):
    if name in PRODUCTS:
        pytest.skip("a product: test_values.py")
    x = specials(dtype)
    arguments = [x] if ufunc.nin == 1 else [np.repeat(x, len(x)), np.tile(x, len(x))]
    if name in MISSING:
        with pytest.raises((swntk.UnsupportedError, TypeError)):
            swntk.jit(lambda *a: ufunc(*a))(*arguments)
        return
    if name in ("power", "float_power") and np.dtype(dtype).kind == "i":
        # NumPy refuses negative exponents while it runs, which is too late here.
        arguments = [a[arguments[1] >= 0] for a in arguments]
    if np.dtype(dtype).kind == "f" and name in ("sin", "cos", "tan"):
        arguments = [x[~(np.abs(x) > 1e9)]]
    run_both(lambda *a: ufunc(*a), *arguments, ulps=WIDE.get(name, 8))


@pytest.mark.parametrize("name, ufunc", UFUNCS)
def test_ufunc_of_scalars_and_shapes(name, ufunc):
    if name in MISSING | PRODUCTS or ufunc.nin != 2:
        pytest.skip("of one operand, or none")
    kind = "i4" if "shift" in name or "bitwise" in name else "f8"
    column, row = np.arange(1, 4, dtype=kind)[:, None], np.arange(1, 3, dtype=kind)
    run_both(lambda a, b: ufunc(a, b), column, row)
    run_both(lambda a: ufunc(a, 2), column)
    run_both(lambda a: ufunc(3, a), row[0])
    run_both(lambda a, b: ufunc(a, b), column[:0], row)


DIVISIONS = ["floor_divide", "remainder", "fmod", "divmod", "true_divide"]


@pytest.mark.parametrize("dtype", ["i4", "i8", "u1", "u4", "u8", "f4", "f8"])
@pytest.mark.parametrize("name", DIVISIONS)
def test_divisions_over_a_grid(name, dtype):
    numbers = np.arange(0 if np.dtype(dtype).kind == "u" else -9, 10).astype(dtype)
    if np.dtype(dtype).kind == "f":
        numbers = numbers / 2
    x, y = np.repeat(numbers, len(numbers)), np.tile(numbers, len(numbers))
    run_both(lambda a, b: getattr(np, name)(a, b), x, y, ulps=0)
    run_both(lambda a, b: (a // b, a % b), x, y, ulps=0)


def test_powers_of_integers():
    x, n = np.repeat(np.arange(-4, 5), 40), np.tile(np.arange(40), 9)
    run_both(lambda x, n: x**n, x, n)
    run_both(lambda x, n: x**n, x.astype("i4"), n.astype("i4"))
    run_both(lambda x, n: x**n, np.abs(x).astype("u8"), n.astype("u8"))
    run_both(lambda x, n: x**n, x.astype("f8"), n)
    run_both(lambda n: 3**n, n)
    run_both(lambda x: x ** np.array([0, 1, 2]), x[:3])


def test_refusals():
    """What NumPy refuses is refused."""
    for f, x in [
        (lambda x: np.positive(x), np.array([True])),
        (lambda x: x**300, np.array([2], "u1")),
        (lambda x: x**-1, np.array([2])),
        (lambda x: x ** np.array([1, -1]), np.array([2, 2])),
        (lambda x: x << 1, np.array([1.0])),
        (lambda x: x + np.ones(4), np.ones(3)),
        (lambda x: np.arctan2(x, np.ones(4)), np.ones(3)),
    ]:
        with pytest.raises((TypeError, ValueError, OverflowError)) as theirs:
            f(x)
        kinds = [k for k in (TypeError, ValueError, OverflowError) if isinstance(theirs.value, k)]
        with pytest.raises((kinds[0], swntk.NTKError)):
            swntk.jit(f)(x)


# ---- NumPy's functions -------------------------------------------------------------------------

A = np.array([[1.0, -2.0, 2.0, 0.0], [3.0, 3.0, -1.0, 0.5], [0.0, 1.0, 1.0, -2.0]])
NANS = np.where(A == 3.0, np.nan, A)
FUNCTIONS = {
    "round": lambda x: (np.round(x * 1.37, 1), np.around(x * 40, -1), x.round()),
    "nan": lambda x: (np.nansum(x), np.nanprod(x, axis=0), np.nancumsum(x), np.nancumprod(x, 1)),
    "fix": lambda x: np.fix(x * 1.5),
    "sinc": lambda x: np.sinc(x),
    "clip": lambda x: (np.clip(x, -1, 1), x.clip(min=0), np.clip(x, None, x[0])),
    "cumsum": lambda x: (np.cumsum(x), np.cumsum(x, axis=1), x.cumsum(0)),
    "cumprod": lambda x: (np.cumprod(x), np.cumprod(x, axis=-1), x.cumprod(0)),
    "prod": lambda x: (np.prod(x), np.prod(x, axis=0), x.prod(1, keepdims=True)),
    "prod of a part": lambda x: np.prod(x, axis=0, where=A > 0, initial=2.0),
    "argmax": lambda x: (np.argmax(x), np.argmax(x, axis=0), x.argmax(1, keepdims=True)),
    "argmin": lambda x: (np.argmin(x), np.argmin(x, axis=0), x.argmin(1)),
    "any and all": lambda x: (np.any(x > 2, axis=0), np.all(x > -3, axis=1), (x > 9).any()),
    "accumulate": lambda x: (
        np.add.accumulate(x),
        np.multiply.accumulate(x, axis=1),
        np.maximum.accumulate(x),
        np.minimum.accumulate(x, axis=1),
        np.logaddexp.accumulate(x, axis=1),
    ),
    "reduce": lambda x: (
        np.add.reduce(x),
        np.multiply.reduce(x, axis=1),
        np.maximum.reduce(x, axis=None),
        np.minimum.reduce(x, axis=(0, 1)),
        np.logaddexp.reduce(x, axis=1),
        np.logical_and.reduce(x > -3),
        np.logical_or.reduce(x > 2, axis=1),
        np.logical_xor.reduce(x > 0, axis=1),
    ),
    "reduce of a part": lambda x: (
        np.add.reduce(x, where=A > 0),
        np.maximum.reduce(x, axis=1, where=A > 0, initial=-5.0),
        np.logaddexp.reduce(x, axis=1, where=A > 0),
    ),
    "outer": lambda x: (
        np.add.outer(x, x[0]),
        np.multiply.outer(x[0], x[1]),
        np.maximum.outer(x[0], x),
        np.minimum.outer(x[0], 1.0),
    ),
    "ptp": lambda x: (np.ptp(x), np.ptp(x, axis=0)),
    "count_nonzero": lambda x: (np.count_nonzero(x), np.count_nonzero(x, axis=1)),
    "modf": lambda x: np.modf(x * 1.3),
    "divmod": lambda x: (divmod(x, 1.5)[0], divmod(x, 1.5)[1], 7.0 // (x + 9), 7.0 % (x + 9)),
    "shifts": lambda x: ((x.astype(int) << 2) ^ 3, x.astype(int) >> 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("x", [A, NANS, A[:, :1], A.astype("f4")], ids=["a", "nan", "one", "f4"])
def test_functions_are_numpys(name, x):
    f = FUNCTIONS[name]
    where = "part" in name and x.shape != A.shape
    if where or (name == "shifts" and np.isnan(x).any()):
        pytest.skip("of another shape, or without integers")
    with np.errstate(all="ignore"):
        expected, actual = f(x), swntk.jit(f)(x)
    for a, e in zip(
        *((actual, expected) if isinstance(expected, tuple) else ([actual], [expected]))
    ):
        assert_close(a, np.asarray(e))


BITS = np.array([[5, 3, 12], [7, 1, 8]], "i4")


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor"])
@pytest.mark.parametrize("dtype", ["i4", "u1", "u8", "?"])
def test_reductions_of_bits(name, dtype):
    ufunc, x = getattr(np, name), BITS.astype(dtype)
    run_both(lambda x: (ufunc.reduce(x), ufunc.reduce(x, axis=1, keepdims=True)), x)
    run_both(lambda x: ufunc.reduce(x, axis=None, where=BITS > 4), x)
    run_both(lambda x: ufunc.reduce(x[:0]), x)


AT = [np.add, np.subtract, np.multiply, np.maximum, np.minimum]


@pytest.mark.parametrize("ufunc", AT, ids=lambda f: f.__name__)
def test_at(ufunc):
    def f(x, index, values):
        x = x.copy()
        ufunc.at(x, index, values)
        ufunc.at(x, np.array([0, 2, 0]), 3.0)
        ufunc.at(x, 1, values[0])
        ufunc.at(x[::2], (slice(0, 1),), 0.5)
        ufunc.at(x, (np.array([1, 1]), np.array([0, 0])), np.array([1.5, -2.0]))
        return x

    values = np.array([[1.0, 2, 3, 4], [5, -6, 7, 8], [-9, 1, 1, 1], [2, 2, 2, 2]])
    run_both(f, A, np.array([2, 0, 2, -1]), values)


@pytest.mark.parametrize("ufunc", AT, ids=lambda f: f.__name__)
def test_at_of_integers_keeps_whole_parts(ufunc):
    def f(x, index):
        x = x.copy()
        ufunc.at(x, index, np.array([1.5, -0.5, 2.5]))
        ufunc.at(x, np.array([0, 2, 0]), 1.5)
        ufunc.at(x, 1, 0.75)
        return x

    run_both(f, np.array([1, 2, 3]), np.array([0, 1, 0]))


def test_ufunc_keywords():
    def f(x, y):
        out = np.zeros_like(x)
        rest = np.ones_like(x)
        np.divide(x, y, out=out, where=y != 0)
        np.add(x[0], 1.0, out=out[1])
        whole = np.empty_like(x)
        np.divmod(x, 2.0, out=(whole, rest))
        np.divmod(x, 3.0, out=(whole, rest), where=x > 0)
        third = np.ones_like(x)
        np.modf(x, out=(None, third[:]))
        np.multiply(x, y[0], out=out, where=np.array([True, False, True, True]))
        return out, rest, whole, third, np.add(x, y, dtype="f4"), np.sqrt(np.arange(3), dtype="f4")

    run_both(f, A, np.roll(A, 1, axis=1))


SPECIAL = ["erf", "erfc", "erfinv", "expit", "logit", "log_expit", "ndtr", "log_ndtr"]
SPECIAL += ["entr", "exp2", "expm1", "log1p", "cbrt", "xlogy", "xlog1py", "rel_entr"]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_functions_are_scipys(name, dtype):
    special = pytest.importorskip("scipy.special")
    ufunc = getattr(special, name)
    points = np.array([0, 0.25, 0.5, 0.75, 1, 1.5, 3, 7.3, 25, 40, np.inf, 1e-9], "f8")
    points = np.concatenate([points, -points, [np.nan]]).astype(dtype)
    if ufunc.nin == 1:
        expected, actual = ufunc(points), swntk.jit(lambda x: ufunc(x))(points)
    else:
        x, y = np.repeat(points, len(points)), np.tile(points, len(points))
        expected, actual = ufunc(x, y), swntk.jit(lambda x, y: ufunc(x, y))(x, y)
    number = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~number], expected[~number])
    tolerance = 2e-6 if dtype == "f4" else 1e-14
    if "ndtr" in name:
        # A unit of x / √2 in the last place is x² of them in the tail.
        tolerance *= 100
    np.testing.assert_allclose(actual[number], expected[number], rtol=tolerance, atol=1e-300)


# ---- derivatives -------------------------------------------------------------------------------

INSIDE = np.array([-0.9, -0.3, 0.0, 0.2, 0.7])
ANY = np.array([-2.5, -1.0, -0.3, 0.0, 0.4, 1.0, 3.0])
POSITIVE = np.array([0.2, 0.5, 1.0, 2.0, 7.0])

DERIVATIVES = {
    name: (getattr(np, name), getattr(jnp, name), ANY)
    for name in [
        "exp2",
        "expm1",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "arcsinh",
        "arctan",
        "cbrt",
        "abs",
        "fabs",
        "sign",
        "floor",
        "ceil",
        "trunc",
        "rint",
        "sinc",
        "square",
    ]
}
DERIVATIVES |= {
    name: (getattr(np, name), getattr(jnp, name), INSIDE)
    for name in ["arcsin", "arccos", "arctanh", "log1p"]
}
DERIVATIVES |= {
    name: (getattr(np, name), getattr(jnp, name), POSITIVE)
    for name in ["log2", "log10", "reciprocal", "sqrt"]
}
DERIVATIVES |= {
    "arccosh": (np.arccosh, jnp.arccosh, POSITIVE + 1.5),
    "power 2.5": (lambda x: x**2.5, lambda x: x**2.5, POSITIVE),
    "power -1.5": (lambda x: x**-1.5, lambda x: x**-1.5, POSITIVE),
    "power to itself": (lambda x: x**x, lambda x: x**x, POSITIVE),
    "power to integers": (
        lambda x: x ** np.array([0, 1, 2, 3, -1, 2, 0]),
        lambda x: x ** jnp.array([0, 1, 2, 3, -1, 2, 0]),
        ANY,
    ),
    "base 2": (lambda x: 2.0**x, lambda x: 2.0**x, ANY),
    "arctan2": (
        lambda x: np.arctan2(x, x[::-1] + 0.5),
        lambda x: jnp.arctan2(x, x[::-1] + 0.5),
        ANY,
    ),
    "hypot": (lambda x: np.hypot(x, x[::-1]), lambda x: jnp.hypot(x, x[::-1]), POSITIVE),
    "logaddexp": (lambda x: np.logaddexp(x, x[::-1]), lambda x: jnp.logaddexp(x, x[::-1]), ANY),
    "logaddexp2": (lambda x: np.logaddexp2(x, x[::-1]), lambda x: jnp.logaddexp2(x, x[::-1]), ANY),
    "logaddexp of ties": (
        lambda x: np.logaddexp(x, x * x),
        lambda x: jnp.logaddexp(x, x * x),
        np.array([0.0, 1.0]),
    ),
    "maximum": (lambda x: np.maximum(x, 0.4), lambda x: jnp.maximum(x, 0.4), ANY),
    "minimum": (lambda x: np.minimum(x, 0.4), lambda x: jnp.minimum(x, 0.4), ANY),
    "clip": (lambda x: np.clip(x, -1.0, 1.0), lambda x: jnp.clip(x, -1.0, 1.0), ANY),
    "remainder": (
        lambda x: np.remainder(x, 0.75) + np.remainder(2.0, x + 3.1),
        lambda x: jnp.remainder(x, 0.75) + jnp.remainder(2.0, x + 3.1),
        ANY,
    ),
    "fmod": (lambda x: np.fmod(x, 0.7), lambda x: jnp.fmod(x, 0.7), ANY),
    "floor_divide": (lambda x: x // 0.7 + x, lambda x: x // 0.7 + x, ANY),
    "copysign": (
        lambda x: np.copysign(x, -1.0) * x,
        lambda x: jnp.copysign(x, -1.0) * x,
        ANY[ANY != 0],
    ),
    "prod": (lambda x: np.prod(x) + x, lambda x: jnp.prod(x) + x, ANY),
    "prod of zeros": (lambda x: np.prod(x) + x, lambda x: jnp.prod(x) + x, ANY * (ANY > 0.5)),
    "cumsum": (np.cumsum, jnp.cumsum, ANY),
    "cumprod": (np.cumprod, jnp.cumprod, ANY),
    "cumprod of zeros": (np.cumprod, jnp.cumprod, np.array([2.0, 0.0, 3.0, 0.0, 5.0])),
    "min": (lambda x: np.min(x) * x, lambda x: jnp.min(x) * x, ANY),
    "min of ties": (lambda x: np.min(x) * x, lambda x: jnp.min(x) * x, np.array([1.0, -1, -1, 3])),
    "ptp": (lambda x: np.ptp(x) * x, lambda x: jnp.ptp(x) * x, ANY),
}
for _name, _points in {
    "erf": ANY,
    "erfc": ANY,
    "erfinv": INSIDE,
    "expit": ANY,
    "logit": POSITIVE / 10,
    "ndtr": ANY,
    "log_ndtr": np.array([-40.0, -15.0, -3.0, 0.0, 0.9, 1.1, 5.0]),
    "entr": POSITIVE,
}.items():
    DERIVATIVES[f"scipy.special.{_name}"] = (_name, _name, _points)
DERIVATIVES["xlogy"] = ("xlogy", "xlogy", POSITIVE)


def pair(name):
    ours, theirs, x = DERIVATIVES[name]
    if isinstance(ours, str):
        special = pytest.importorskip("scipy.special")
        ours, theirs = getattr(special, ours), getattr(jax.scipy.special, theirs)
        if ours.nin == 2:
            f, g = ours, theirs
            return lambda x: f(x, x[::-1]), lambda x: g(x, x[::-1]), x
    return ours, theirs, x


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives_are_jaxs(name, dtype):
    ours, theirs, x = pair(name)
    if name == "power to integers" and dtype == "f4":
        pytest.skip("float64 in NumPy")
    x = x.astype(dtype)
    direction = np.cos(np.arange(x.size) + 1.0).astype(dtype)
    expected = jax.jvp(theirs, (x,), (direction,))
    actual = swntk.jvp(lambda x: ours(x), (x,), (direction,))
    tolerance = None
    if name == "scipy.special.log_ndtr":
        # f4: as in the values, 15² units of the last place. f8: JAX's series in the tail ends after
        # three terms.
        tolerance = {"f4": 225 * 1.2e-7, "f8": 2e-11}[dtype]
    for a, e in zip(actual, expected):
        assert_close(a, e, tolerance)
    weights = np.sin(np.arange(expected[0].size) + 2.0).reshape(expected[0].shape).astype(dtype)
    (theirs_back,) = jax.vjp(theirs, x)[1](weights)
    (back,) = swntk.vjp(lambda x: ours(x), x)[1](weights)
    assert_close(back, theirs_back, tolerance)
    if dtype == "f8":

        def twice(f, jvp, vjp):
            return jvp(lambda x: vjp(f, x)[1](weights)[0], (x,), (direction,))[1]

        expected = twice(theirs, jax.jvp, jax.vjp)
        actual = twice(lambda x: ours(x), swntk.jvp, swntk.vjp)
        if name == "scipy.special.log_ndtr":
            # JAX's second derivative comes from its custom first one.
            np.testing.assert_allclose(actual, expected, rtol=1e-7)
        else:
            assert_close(actual, expected, 1e-10)


# ---- jax.lax -----------------------------------------------------------------------------------

M = np.array([[0.3, -0.8, 0.8], [0.5, 0.5, -0.2]])
LAX = {
    name: (M,)
    for name in [
        "abs",
        "neg",
        "sign",
        "floor",
        "ceil",
        "is_finite",
        "exp",
        "exp2",
        "expm1",
        "log1p",
        "logistic",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "atanh",
        "cbrt",
        "erf",
        "erfc",
        "erf_inv",
        "round",
        "square",
        "reciprocal",
    ]
}
LAX |= {name: (M**2 + 1,) for name in ["log", "sqrt", "rsqrt", "acosh"]}
LAX |= {
    name: (M, M[::-1] + 0.1)
    for name in [
        "add",
        "sub",
        "mul",
        "div",
        "rem",
        "max",
        "min",
        "atan2",
        "nextafter",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
    ]
}
LAX |= {
    name: (np.array([5, 3, 250], "u4"), np.array([1, 2, 31], "u4"))
    for name in ["bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right_logical"]
}
LAX["shift_right_arithmetic"] = (np.array([-5, 3, 250]), np.array([1, 2, 3]))
LAX["bitwise_not"] = (np.array([5, -3]),)
LAX["pow"] = (M**2 + 0.1, M)
LAX["clamp"] = (np.full(M.shape, -0.5), M, np.full(M.shape, 0.5))
# They differentiate by nothing.
FLAT = {"nextafter"}


@pytest.mark.parametrize("name", LAX)
def test_lax_is_jaxs(name):
    ours, theirs, arguments = getattr(swntk.lax, name), getattr(jax.lax, name), LAX[name]
    expected = theirs(*map(jnp.asarray, arguments))
    assert_close(ours(*arguments), expected)
    assert_close(swntk.jit(lambda *a: ours(*a))(*arguments), expected)
    if expected.dtype.kind == "f" and name not in FLAT:
        tangents = tuple(np.cos(x + 1) for x in arguments)
        assert_close(
            swntk.jvp(lambda *a: ours(*a), arguments, tangents)[1],
            jax.jvp(theirs, arguments, tangents)[1],
        )


ROWS = [M, M[:, :1], np.tile(M, (1, 3)), np.array([[1.0, 1, 2, 2, 2, 0, 0]]), M[:, :0]]


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"])
def test_cumulative_functions_are_jaxs(name, reverse, axis):
    def derivatives(m, x):
        function = getattr(m.lax, name)
        direction = np.sin(np.arange(x.size) + 1.0).reshape(x.shape)

        def f(x):
            return function(x, axis=axis, reverse=reverse)

        def back(x):
            return m.vjp(f, x)[1](direction)[0]

        return [*m.jvp(f, (x,), (direction,)), *m.jvp(back, (x,), (direction,))]

    for x in ROWS:
        for a, e in zip(derivatives(swntk, x), derivatives(jax, x)):
            assert_close(a, e)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_are_jaxs(name):
    for x in [M, np.array([[1.0, np.nan, 3.0, np.nan]]), np.array([[2, 2, 1]])]:
        for axis in (0, 1):
            for dtype in (np.int32, np.int64):
                assert_close(
                    getattr(swntk.lax, name)(x, axis, dtype), getattr(jax.lax, name)(x, axis, dtype)
                )


STARTS = [(0, 0), (1, 2), (5, 5), (-1, -2), (-9, 1)]


def _blocks(m):
    def f(x, update, starts):
        block = m.lax.dynamic_slice(x, starts, (2, 2))
        row = m.lax.dynamic_index_in_dim(x, starts[1], axis=1, keepdims=False)
        return block, row, m.lax.dynamic_update_slice(x * x, update * block, starts)

    return f


@pytest.mark.parametrize("starts", STARTS)
def test_dynamic_slices_are_jaxs(starts):
    x, update = np.arange(12.0).reshape(3, 4), -np.ones((2, 2))
    ours, theirs = _blocks(swntk), _blocks(jax)
    index = tuple(np.int64(s) for s in starts)
    for a, e in zip(ours(x, update, index), theirs(x, update, index)):
        assert_close(a, e)

    def jacobians(m, f):
        return m.jacrev(lambda x, update: f(x, update, index), (0, 1))(x, update)

    for a, e in zip(jacobians(swntk, ours), jacobians(jax, theirs)):
        for actual, expected in zip(a, e):
            assert_close(actual, expected)
    many = np.array([[0, 0], [2, 1], [-1, 3], [7, -7]])
    batch = np.stack([x, x + 1, 2 * x, -x])
    for axes in [(None, None, 0), (0, None, 0), (0, None, None), (None, None, None)]:
        if axes == (None, None, None):
            continue
        given = (batch if axes[0] == 0 else x, update, many if axes[2] == 0 else many[1])
        for a, e in zip(
            swntk.vmap(ours, in_axes=axes)(*given), jax.vmap(theirs, in_axes=axes)(*given)
        ):
            assert_close(a, e)


def test_bad_operands_of_lax():
    for call, error in [
        (lambda: swntk.lax.add(np.ones(2), np.ones(3)), swntk.ShapeError),
        (lambda: swntk.lax.add(np.ones(2), np.ones(2, "f4")), swntk.DTypeError),
        (lambda: swntk.lax.erf(np.ones(2, int)), swntk.DTypeError),
        (lambda: swntk.lax.shift_left(np.ones(2), np.ones(2)), swntk.DTypeError),
        (lambda: swntk.lax.integer_pow(np.ones(2), 0.5), swntk.ArgumentError),
        (lambda: swntk.lax.round(np.ones(2), 3), swntk.ArgumentError),
        (lambda: swntk.lax.cumsum(np.ones(2), axis=1), ValueError),
        (lambda: swntk.lax.argmax(np.ones((2, 0)), 1, np.int32), swntk.ArgumentError),
        (lambda: swntk.lax.argmax(np.ones(2), 0, np.float32), swntk.DTypeError),
        (lambda: swntk.lax.cumlogsumexp(np.ones(2, int)), swntk.DTypeError),
        (lambda: swntk.lax.dynamic_slice(np.ones(2), (0,), (3,)), swntk.ShapeError),
        (lambda: swntk.lax.bitcast_convert_type(np.ones(2), np.int32), swntk.ArgumentError),
    ]:
        with pytest.raises(error):
            call()
