"""Law: a traced function computes what NumPy computes, in value, shape and element type.

Each row is a function that runs under plain NumPy; the oracle is that run. Rows marked `later` may
still say that they are not supported (and are then skipped), never give another result.
"""

import copy
import warnings

import numpy as np
import pytest
import swntk
from checkers import assert_close, assert_trees_close

FLOATS = ["f4", "f8"]
INTEGERS = ["i4", "i8", "u1", "u4", "u8"]
NUMBERS = FLOATS + INTEGERS
ALL = NUMBERS + ["?"]
SIGNED = FLOATS + ["i4", "i8"]
SHAPES = [(), (0,), (1,), (3,), (2, 3), (0, 3), (2, 1, 3)]


def array(shape, dtype, seed=0):
    """Small numbers: ties, zeros, signs where there are any; sums of fractions do not cancel."""
    rng = np.random.default_rng([seed, *shape])
    integers = rng.integers(-4, 5, size=shape)
    kind = np.dtype(dtype).kind
    if kind == "f":
        return np.asarray(integers / 4 + np.where(integers > 0, 0.2, 0), dtype)
    if kind == "b":
        return np.asarray(integers > 0)
    return np.asarray(np.abs(integers) if kind == "u" else integers, dtype)


def positive(shape, dtype, seed=0):
    return np.asarray(np.abs(array(shape, dtype, seed)) + 1, dtype)


def supported(tree):
    """Whether every leaf has one of the element types of a program."""
    leaves = tree if isinstance(tree, (list, tuple)) else [tree]
    return all(
        np.asarray(leaf).dtype.str[1:] in ("f4", "f8", "i4", "i8", "u1", "u4", "u8", "b1")
        for leaf in leaves
    )


def check(function, *arguments, later=False, tolerance=None):
    """jit(function) = function, and no argument is changed."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = function(*copy.deepcopy(arguments))
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            # What NumPy refuses, tracing refuses as well; shapes and types are known then.
            with pytest.raises((type(error), swntk.NTKError)):
                swntk.jit(function)(*copy.deepcopy(arguments))
            return
        if not supported(expected):
            with pytest.raises((swntk.UnsupportedError, swntk.DTypeError)):
                swntk.jit(function)(*copy.deepcopy(arguments))
            return
        given = copy.deepcopy(arguments)
        try:
            actual = swntk.jit(function)(*given)
        except (swntk.UnsupportedError, swntk.TracingError) as error:
            if later and "not supported" in str(error):
                pytest.skip(str(error))
            raise
    assert_trees_close(actual, expected, tolerance)
    assert_trees_close(list(given), list(arguments))


def named(rows):
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


# ---- One array, element by element ------------------------------

UNARY = [
    ("negative", np.negative, ALL, array),
    ("positive", np.positive, NUMBERS, array),
    ("minus", lambda x: -x, ALL, array),
    ("plus", lambda x: +x, NUMBERS, array),
    ("exp", np.exp, FLOATS + ["i4", "i8"], array),
    ("log", np.log, FLOATS + ["i4", "i8"], positive),
    ("log of anything", np.log, FLOATS, array),
    ("sqrt", np.sqrt, FLOATS + ["i4", "i8"], positive),
    ("sqrt of anything", np.sqrt, FLOATS, array),
    ("sin", np.sin, FLOATS + ["i4", "i8"], array),
    ("cos", np.cos, FLOATS + ["i4", "i8"], array),
    ("tanh", np.tanh, FLOATS + ["i4", "i8"], array),
    ("square", np.square, NUMBERS, array),
    ("abs", np.abs, ALL, array),
    ("builtin abs", abs, SIGNED, array),
    ("sign", np.sign, SIGNED, array),
    ("reciprocal", np.reciprocal, FLOATS, array),
    ("power 0", lambda x: x**0, NUMBERS, array),
    ("power 1", lambda x: x**1, NUMBERS, array),
    ("power 2", lambda x: x**2, NUMBERS, array),
    ("power 3", lambda x: np.power(x, 3), NUMBERS, array),
    ("power -1", lambda x: x**-1, FLOATS, array),
    ("power -2", lambda x: x**-2, FLOATS, array),
    ("power 2.0", lambda x: x**2.0, FLOATS, array),
    ("power 0.5", lambda x: x**0.5, FLOATS, positive),
    ("not", np.logical_not, ALL, array),
    ("invert", lambda x: ~x, INTEGERS + ["?"], array),
    ("isnan", np.isnan, FLOATS, array),
    ("isfinite", np.isfinite, FLOATS, array),
    ("to f4", lambda x: x.astype(np.float32), ALL, array),
    ("to f8", lambda x: x.astype("float64"), ALL, array),
    ("to i4", lambda x: x.astype(np.int32), SIGNED + ["?"], array),
    ("to i8", lambda x: x.astype(int), SIGNED + ["u1", "?"], array),
    ("to bool", lambda x: x.astype(bool), ALL, array),
    ("relu", lambda x: np.maximum(x, 0), NUMBERS, array),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), FLOATS, array),
    ("copy", lambda x: x.copy(), ALL, array),
    ("np.copy", np.copy, ALL, array),
    ("zeros_like", lambda x: np.zeros_like(x) + x, NUMBERS, array),
    ("ones_like", np.ones_like, ALL, array),
    ("full_like", lambda x: np.full_like(x, 3), ALL, array),
    ("full_like of another type", lambda x: np.full_like(x, 2.5, dtype=np.float32), NUMBERS, array),
    (
        "attributes",
        lambda x: np.float64([x.ndim, x.size, len(x.shape), x.dtype.itemsize]) + 0 * x.sum(),
        FLOATS,
        array,
    ),
    ("identity", lambda x: x, ALL, array),
    ("a constant", lambda x: np.arange(3.0), FLOATS, array),
    ("a list of results", lambda x: [x, -x, (x + x,)], FLOATS, array),
]


@pytest.mark.parametrize("function, dtypes, make", named(UNARY))
def test_unary(function, dtypes, make):
    for dtype in dtypes:
        for shape in SHAPES:
            check(function, make(shape, dtype))


SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-320, -1e308, 1e308, 1.0, -1.0])


@pytest.mark.parametrize(
    "function",
    [
        np.exp,
        np.log,
        np.sqrt,
        np.sin,
        np.cos,
        np.tanh,
        np.negative,
        np.abs,
        np.sign,
        np.square,
        np.isnan,
        np.isfinite,
        lambda x: x**3,
        lambda x: x**-1,
        lambda x: np.maximum(x, 0),
        lambda x: np.minimum(x, 0),
        lambda x: np.maximum(x, x[::-1]),
        lambda x: x / x[::-1],
        lambda x: x < x[::-1],
        lambda x: x == x,
        lambda x: np.max(x),
        lambda x: np.min(x[3:]),
        lambda x: x.astype(bool),
        lambda x: np.where(x > 0, x, 0),
        lambda x: np.clip(x, -1, 1),
    ],
)
def test_special_values(function):
    for dtype in FLOATS:
        with np.errstate(all="ignore"):
            check(function, SPECIAL.astype(dtype))


# ---- Two arrays ------------------------------

BINARY = [
    ("add", np.add, ALL),
    ("subtract", np.subtract, ALL),
    ("multiply", np.multiply, ALL),
    ("divide", np.divide, ALL),
    ("true_divide", np.true_divide, FLOATS),
    ("maximum", np.maximum, ALL),
    ("minimum", np.minimum, ALL),
    ("equal", np.equal, ALL),
    ("not_equal", np.not_equal, ALL),
    ("less", np.less, ALL),
    ("less_equal", np.less_equal, ALL),
    ("greater", np.greater, ALL),
    ("greater_equal", np.greater_equal, ALL),
    ("logical_and", np.logical_and, ALL),
    ("logical_or", np.logical_or, ALL),
    ("logical_xor", np.logical_xor, ["?"]),
    ("bitwise_and", np.bitwise_and, INTEGERS + ["?"]),
    ("bitwise_or", np.bitwise_or, INTEGERS + ["?"]),
    ("+", lambda x, y: x + y, ALL),
    ("-", lambda x, y: x - y, NUMBERS),
    ("*", lambda x, y: x * y, ALL),
    ("/", lambda x, y: x / y, NUMBERS),
    ("<", lambda x, y: x < y, ALL),
    (">=", lambda x, y: x >= y, ALL),
    ("==", lambda x, y: x == y, ALL),
    ("!=", lambda x, y: x != y, ALL),
    ("&", lambda x, y: x & y, ["?", "i4"]),
    ("|", lambda x, y: x | y, ["?", "i4"]),
    ("where", lambda x, y: np.where(x > y, x, y), NUMBERS),
]

PAIRS = [
    ((), ()),
    ((3,), ()),
    ((), (2, 3)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((0,), (1,)),
    ((0, 3), (3,)),
    ((2, 1, 3), (4, 1)),
    ((1,), (0,)),
    ((3,), (4,)),
]


@pytest.mark.parametrize("function, dtypes", named(BINARY))
def test_binary(function, dtypes):
    for dtype in dtypes:
        for a, b in PAIRS:
            check(function, array(a, dtype, 1), array(b, dtype, 2))


@pytest.mark.parametrize(
    "function",
    [np.add, np.multiply, np.divide, np.maximum, np.less, np.where],
    ids=lambda f: f.__name__,
)
def test_promotion_of_arrays(function):
    """NEP 50: every pair of element types, ranks 0 and 1 (a rank-0 array is as strong as any)."""
    for a in ALL:
        for b in ALL:
            for shapes in [((3,), (3,)), ((), (3,)), ((3,), ())]:
                x, y = array(shapes[0], a, 1), array(shapes[1], b, 2)
                if function is np.where:
                    check(lambda x, y: np.where(np.array([True, False, True]), x, y), x, y)
                else:
                    check(function, x, y)


SCALARS = [
    True,
    2,
    2.5,
    -1,
    300,
    np.float32(2.5),
    np.float64(2.5),
    np.int64(2),
    np.uint8(3),
    np.bool_(True),
    1e300,
    float("nan"),
]


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: f"{type(s).__name__} {s}")
def test_promotion_of_scalars(scalar):
    """NEP 50: Python's scalars are weak, NumPy's are not; on either side."""
    for dtype in ALL:
        x = array((3,), dtype)
        for function in [
            lambda x: x + scalar,
            lambda x: scalar * x,
            lambda x: x / scalar,
            lambda x: np.maximum(x, scalar),
            lambda x: x < scalar,
            lambda x: scalar == x,
            lambda x: np.where(x > 1, x, scalar),
        ]:
            check(function, x)


def test_python_scalars_as_arguments():
    """A number given to a traced function is an array of rank 0, as np.asarray makes it."""
    for value in [2, 2.5, True, np.float32(2), [1.0, 2.0]]:
        if isinstance(value, list):
            assert_trees_close(swntk.jit(lambda a: [a[0] + a[1]])(value), [np.float64(3)])
        else:
            result = swntk.jit(lambda x: x * np.float32(3))(value)
            assert np.asarray(result) == np.asarray(value) * 3


# ---- Reductions ------------------------------

REDUCTIONS = [
    ("sum", np.sum, ALL),
    ("sum method", lambda x, **k: x.sum(**k), FLOATS),
    ("mean", np.mean, ALL),
    ("mean method", lambda x, **k: x.mean(**k), FLOATS),
    ("max", np.max, ALL),
    ("max method", lambda x, **k: x.max(**k), FLOATS),
    ("amax", np.amax, FLOATS),
    ("min", np.min, ALL),
    ("min method", lambda x, **k: x.min(**k), FLOATS),
    ("var", np.var, FLOATS + ["i4"]),
    ("var method", lambda x, **k: x.var(**k), FLOATS),
    ("var with ddof", lambda x, **k: np.var(x, ddof=1, **k), FLOATS),
    ("std", np.std, FLOATS),
    ("any", np.any, ["?", "f4", "i4"]),
    ("all", np.all, ["?", "f4", "i4"]),
    ("add.reduce", lambda x, axis=0, **k: np.add.reduce(x, axis=axis, **k), FLOATS + ["i4"]),
    ("maximum.reduce", lambda x, axis=0, **k: np.maximum.reduce(x, axis=axis, **k), FLOATS),
    ("sum of another type", lambda x, **k: np.sum(x, dtype=np.float64, **k), ["f4", "i4", "?"]),
    ("norm", lambda x, axis=None, **k: np.sqrt(np.sum(x**2, axis=axis, **k)), FLOATS),
]

AXES = [
    {},
    {"axis": 0},
    {"axis": -1},
    {"axis": 1, "keepdims": True},
    {"axis": (0, 2)},
    {"axis": (-1, 0)},
    {"axis": None, "keepdims": True},
    {"axis": ()},
    {"axis": 3},
    {"axis": (0, 0)},
]


@pytest.mark.parametrize("function, dtypes", named(REDUCTIONS))
def test_reductions(function, dtypes):
    for dtype in dtypes:
        for shape in [(), (0,), (1,), (3,), (2, 3), (2, 3, 4), (0, 3, 2), (2, 0, 1)]:
            for options in AXES:
                check(lambda x, options=options: function(x, **options), array(shape, dtype))


MORE_REDUCTIONS = [
    ("ptp", lambda x: np.ptp(x, axis=0), True),
    ("count_nonzero", lambda x: np.count_nonzero(x, axis=1), True),
    ("average", lambda x: np.average(x, axis=0), True),
    ("average with weights", lambda x: np.average(x, axis=1, weights=np.array([1.0, 2, 1])), True),
    ("linalg.norm", np.linalg.norm, True),
    ("linalg.norm by rows", lambda x: np.linalg.norm(x, axis=1, keepdims=True), True),
    ("trace", np.trace, True),
    ("max with initial", lambda x: np.max(x, initial=0.0), True),
    ("sum with where", lambda x: np.sum(x, where=np.array([True, False, True])), True),
    ("logsumexp", lambda x: np.log(np.sum(np.exp(x - np.max(x)))) + np.max(x), False),
    ("softmax", lambda x: np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True), False),
    (
        "layer norm",
        lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5),
        False,
    ),
]


@pytest.mark.parametrize("function, later", named(MORE_REDUCTIONS))
def test_more_reductions(function, later):
    for dtype in FLOATS:
        check(function, array((2, 3), dtype), later=later)


# ---- Products ------------------------------

MATMULS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 1, 2, 3), (6, 3, 4)),
    ((0, 3), (3, 4)),
    ((2, 0), (0, 4)),
    ((2, 3), (3, 0)),
    ((1, 1), (1, 1)),
    ((2, 3), (4, 3)),
    ((), (3,)),
    ((5, 2, 3), (4, 3, 2)),
]


@pytest.mark.parametrize(
    "function",
    [
        np.matmul,
        lambda x, y: x @ y,
        np.dot,
        lambda x, y: x.dot(y),
        np.inner,
        np.outer,
        np.multiply.outer,
        lambda x, y: np.tensordot(x, y, axes=1),
        lambda x, y: np.tensordot(x, y, axes=0),
    ],
    ids=[
        "matmul",
        "@",
        "dot",
        "dot method",
        "inner",
        "outer",
        "multiply.outer",
        "tensordot 1",
        "tensordot 0",
    ],
)
def test_products(function):
    for dtype in ["f4", "f8", "i4", "i8", "u1"]:
        for a, b in MATMULS:
            check(function, array(a, dtype, 1), array(b, dtype, 2))


@pytest.mark.parametrize(
    "subscripts, shapes",
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ij,kj", [(2, 3), (4, 3)]),
        ("ii", [(3, 3)]),
        ("ii->i", [(3, 3)]),
        ("iij->j", [(3, 3, 2)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("ji", [(2, 3)]),
        ("i,i->i", [(3,), (3,)]),
        ("i,j->ij", [(3,), (0,)]),
        ("bij,bjk->bik", [(2, 3, 4), (2, 4, 2)]),
        ("nhqd,nhkd->nhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]),
        ("...ij,...jk->...ik", [(5, 2, 3), (3, 4)]),
        ("...i,...i", [(2, 3), (2, 3)]),
        ("i...->...i", [(2, 3, 4)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
        ("ij,j,i->", [(2, 3), (3,), (2,)]),
        ("ij,ij,ij->ij", [(2, 3), (2, 3), (1, 3)]),
        (",ij->ij", [(), (2, 3)]),
        ("i,i", [(3,), (1,)]),
        ("ij,jk->ik", [(2, 3), (4, 3)]),
        (" i j , j -> i ", [(2, 3), (3,)]),
    ],
)
def test_einsum(subscripts, shapes):
    for dtype in FLOATS + ["i8"]:
        operands = [array(shape, dtype, i) for i, shape in enumerate(shapes)]
        check(lambda *operands: np.einsum(subscripts, *operands), *operands)
    check(lambda *operands: np.einsum(subscripts, *operands, optimize=True), *operands)


TENSORDOTS = [
    (((2, 3, 4), (3, 4, 5)), ([1, 2], [0, 1])),
    (((2, 3, 4), (4, 3, 5)), ([1, 2], [1, 0])),
    (((2, 3), (2, 3)), 2),
    (((2, 3), (3, 2)), (1, 0)),
    (((2, 3), (2, 3)), (-1, -1)),
    (((2, 3), (4, 5)), 1),
]


@pytest.mark.parametrize("shapes, axes", TENSORDOTS)
def test_tensordot(shapes, axes):
    check(
        lambda x, y: np.tensordot(x, y, axes=axes),
        array(shapes[0], "f8", 1),
        array(shapes[1], "f8", 2),
    )


MORE_PRODUCTS = [
    ("vdot", np.vdot, (2, 3), (2, 3)),
    ("kron", np.kron, (2, 3), (3, 2)),
    ("vecdot", lambda x, y: np.vecdot(x, y), (2, 3), (2, 3)),
    ("matvec", lambda x, y: np.matvec(x, y), (2, 3), (3,)),
    ("of booleans", lambda x, y: (x > 0) @ (y > 0), (2, 3), (3, 2)),
    ("linalg.multi_dot", lambda x, y: np.linalg.multi_dot([x, y, x]), (2, 3), (3, 2)),
]


@pytest.mark.parametrize("function, a, b", named(MORE_PRODUCTS))
def test_more_products(function, a, b):
    check(function, array(a, "f8", 1), array(b, "f8", 2), later=True)


# ---- Shape and joining ------------------------------

SHAPING = [
    ("reshape", lambda x: np.reshape(x, (3, 8)), False),
    ("reshape -1", lambda x: x.reshape(4, -1), False),
    ("reshape tuple", lambda x: x.reshape((-1,)), False),
    ("reshape wrong", lambda x: x.reshape(5, 5), False),
    ("reshape two unknown", lambda x: x.reshape(-1, -1), False),
    ("ravel", np.ravel, False),
    ("ravel method", lambda x: x.ravel(), False),
    ("flatten", lambda x: x.flatten(), False),
    ("transpose", np.transpose, False),
    ("transpose axes", lambda x: np.transpose(x, (2, 0, 1)), False),
    ("transpose method", lambda x: x.transpose(1, 0, 2), False),
    ("transpose negative", lambda x: x.transpose(0, -1, 1), False),
    ("T", lambda x: x.T, False),
    ("mT", lambda x: x.mT, False),
    ("swapaxes", lambda x: np.swapaxes(x, 0, -1), False),
    ("moveaxis", lambda x: np.moveaxis(x, 0, -1), False),
    ("moveaxis many", lambda x: np.moveaxis(x, [0, 1], [-1, 0]), False),
    ("expand_dims", lambda x: np.expand_dims(x, 1), False),
    ("expand_dims many", lambda x: np.expand_dims(x, (0, -1)), False),
    ("squeeze", lambda x: np.squeeze(x[:, :1]), False),
    ("squeeze axis", lambda x: np.squeeze(x[:, :1], axis=1), False),
    ("squeeze wrong", lambda x: np.squeeze(x, axis=0), False),
    ("broadcast_to", lambda x: np.broadcast_to(x, (5, 2, 3, 4)), False),
    ("broadcast_to wrong", lambda x: np.broadcast_to(x, (5, 2, 3, 5)), False),
    ("broadcast_arrays", lambda x: list(np.broadcast_arrays(x, x[0], x[:, :1])), False),
    ("concatenate", lambda x: np.concatenate([x, x[:, :1], x], axis=1), False),
    ("concatenate flat", lambda x: np.concatenate([x, x[0]], axis=None), False),
    ("concatenate types", lambda x: np.concatenate([x, np.arange(24).reshape(2, 3, 4)]), False),
    ("concatenate wrong", lambda x: np.concatenate([x, x[:1]], axis=1), False),
    ("concatenate one", lambda x: np.concatenate([x]), False),
    ("concatenate none", lambda x: np.concatenate([]), False),
    ("stack", lambda x: np.stack([x, 2 * x], axis=-1), False),
    ("hstack", lambda x: np.hstack([x, x]), False),
    ("vstack", lambda x: np.vstack([x[0], x[1]]), False),
    ("dstack", lambda x: np.dstack([x, x]), False),
    ("column_stack", lambda x: np.column_stack([x[0, 0], x[0, 1]]), False),
    ("split", lambda x: np.split(x, 2, axis=2), False),
    ("split places", lambda x: np.split(x, [1, 2], axis=1), False),
    ("array_split", lambda x: np.array_split(x, 3, axis=2), False),
    ("tile", lambda x: np.tile(x, (2, 1, 3)), False),
    ("tile more axes", lambda x: np.tile(x, (2, 1, 1, 1)), False),
    ("repeat", lambda x: np.repeat(x, 3, axis=1), False),
    ("repeat flat", lambda x: np.repeat(x, 2), False),
    ("repeat each", lambda x: np.repeat(x, [1, 0, 2], axis=1), True),
    ("flip", lambda x: np.flip(x, 1), False),
    ("flip all", np.flip, False),
    ("fliplr", np.fliplr, True),
    ("roll", lambda x: np.roll(x, 1, axis=2), False),
    ("roll flat", lambda x: np.roll(x, -5), True),
    ("pad", lambda x: np.pad(x, ((0, 1), (2, 0), (1, 1))), False),
    ("pad with a value", lambda x: np.pad(x, 1, constant_values=7), False),
    ("atleast_1d", lambda x: np.atleast_1d(x[0, 0, 0]), False),
    ("atleast_2d", lambda x: np.atleast_2d(x[0, 0]), False),
    ("atleast_3d", lambda x: np.atleast_3d(x[0]), False),
    ("rot90", lambda x: np.rot90(x[0]), True),
    ("tril", np.tril, False),
    ("triu", lambda x: np.triu(x, 1), False),
    ("diag of a matrix", lambda x: np.diag(x[0]), True),
    ("diag of a vector", lambda x: np.diag(x[0, 0]), True),
    ("diagonal", lambda x: np.diagonal(x, axis1=1, axis2=2), True),
    ("len", lambda x: x * len(x), False),
    ("iteration", lambda x: [2 * row for row in x], False),
    ("unpacking", lambda x: (lambda a, b: a - b)(*x), False),
    ("shape arithmetic", lambda x: x.reshape(x.shape[0] * x.shape[1], x.shape[-1]), False),
]


@pytest.mark.parametrize("function, later", named(SHAPING))
def test_shaping(function, later):
    for dtype in ["f4", "f8", "i8", "?"]:
        check(function, array((2, 3, 4), dtype), later=later)


def test_shaping_of_empty_and_scalar():
    for function in [
        lambda x: x.reshape(-1),
        lambda x: np.concatenate([x.ravel(), x.ravel()]),
        lambda x: np.stack([x, x]),
        lambda x: x.T,
        lambda x: x[None],
        lambda x: np.broadcast_to(x, (2, *x.shape)),
        lambda x: np.pad(x.ravel(), 1),
        lambda x: np.tile(x.ravel(), 2),
        lambda x: np.flip(x.ravel()),
        lambda x: np.squeeze(x),
    ]:
        for shape in [(), (0,), (1,), (0, 3), (1, 1), (2, 0, 3)]:
            check(function, array(shape, "f8"))


# ---- Selection ------------------------------

SELECTION = [
    ("where scalars", lambda x: np.where(x > 0, 1.0, x), False),
    ("where mask known", lambda x: np.where(np.array([True, False, True]), x, -x), False),
    ("where condition not bool", lambda x: np.where(x, x, 5), False),
    ("select", lambda x: np.select([x > 0.5, x > 0], [x, 2 * x], default=-1), False),
    ("choose", lambda x: np.choose(np.array([0, 1, 0]), [x, -x]), True),
    ("clip", lambda x: np.clip(x, -0.5, 0.5), False),
    ("clip method", lambda x: x.clip(0, 1), False),
    ("clip below", lambda x: np.clip(x, 0, None), False),
    ("clip arrays", lambda x: np.clip(x, np.array([-1.0, 0, 0]), x[0] ** 2), False),
    ("take", lambda x: np.take(x, [0, 2, 2], axis=1), False),
    ("take flat", lambda x: np.take(x, [[5, 0], [3, -1]]), False),
    ("take method", lambda x: x.take([1], axis=0), False),
    ("take scalar", lambda x: np.take(x, 1, axis=1), False),
    ("take clip", lambda x: np.take(x, [7, -9], axis=1, mode="clip"), True),
    ("take wrap", lambda x: np.take(x, [4, -9], axis=1, mode="wrap"), True),
    ("take_along_axis", lambda x: np.take_along_axis(x, np.array([[0, 2], [1, 1]]), axis=1), True),
    ("nan_to_num", np.nan_to_num, True),
    ("maximum of three", lambda x: np.maximum(np.maximum(x, 0), x[0]), False),
    ("one hot", lambda x: x[:, :, None] == np.arange(3.0), False),
]


@pytest.mark.parametrize("function, later", named(SELECTION))
def test_selection(function, later):
    for dtype in FLOATS:
        check(function, array((2, 3), dtype), later=later)


# ---- Indexing ------------------------------

MASK = np.array([True, False, True, True])
MASK2 = np.array([[True, False, True, False, False]] * 2 + [[False, True, True, True, False]] * 2)
SLICE = slice(None)

INDICES = [
    1,
    -1,
    np.int64(2),
    np.uint8(3),
    4,
    -5,
    slice(1, 3),
    slice(None, None, -1),
    slice(None, None, 2),
    slice(3, None, -2),
    slice(-5, 10),
    slice(3, 1),
    slice(None, 0),
    slice(-1, None),
    (),
    ...,
    None,
    (0, 1, 2),
    (0, -1),
    (slice(None, None, 2), slice(1, None)),
    (..., 0),
    (0, ...),
    (..., slice(1)),
    (None, 1, None),
    (SLICE, None, 2),
    (SLICE, SLICE, SLICE),
    (1, 2, 3),
    (0, 0, 0, 0),
    (..., ...),
    [0, 2],
    [[0, 1], [3, 2]],
    [-1, -4],
    [],
    [0, 4],
    [0, -5],
    np.array([], int),
    np.array(2),
    np.array([3, 3], "u1"),
    ([0, 1], [1, 2]),
    ([0, 1], [1, 2], [0, 2]),
    ([[0], [1]], [1, 2]),
    ([0, 1], [0, 1, 2]),
    (SLICE, [0, 2]),
    (SLICE, SLICE, [2, 0]),
    ([0, 1], SLICE, [0, 1]),
    (0, SLICE, [0, 1]),
    ([0, 1], 1),
    (1, [0, 1]),
    ([0, 1], None, [0, 1]),
    (None, [0, 1]),
    (..., [0, 1]),
    ([0, 1], ..., [1, 1]),
    (slice(1, 3), [0, 1], 0),
    MASK,
    ~MASK,
    MASK2,
    (SLICE, MASK2[0]),
    (MASK, 1),
    (MASK, SLICE, 0),
    (MASK, [0, 1, 2]),
    (0, MASK2[0]),
    MASK[:3],
    np.zeros(4, bool),
    True,
    False,
    np.array(True),
    (MASK, None, [0, 1, 2]),
    (slice(None, None, -1), slice(None, None, -2), slice(None, None, -1)),
    1.5,
    "a",
    [0.5],
]


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indexing(index):
    for dtype in ["f8", "f4", "i4", "?"]:
        check(lambda x: x[index], array((4, 5, 3), dtype))
    check(lambda x: x[index][..., None], array((4, 5, 3), "f8"))


TRACED_INDICES = [
    ("rows", lambda x, i, j: x[i]),
    ("columns", lambda x, i, j: x[:, i]),
    ("pairs", lambda x, i, j: x[i, j]),
    ("with a slice", lambda x, i, j: x[i, 1:3]),
    ("with a number", lambda x, i, j: x[i, 2]),
    ("with None", lambda x, i, j: x[i, None]),
    ("outer", lambda x, i, j: x[i[:, None], j]),
    ("apart", lambda x, i, j: x[i, :, j]),
    ("with known ones", lambda x, i, j: x[i, np.array([0, 1, 2])]),
    ("one of them", lambda x, i, j: x[i[0]]),
    ("computed", lambda x, i, j: x[(i + j) * 0 + 1]),
    ("take", lambda x, i, j: np.take(x, i, axis=1)),
    ("twice", lambda x, i, j: x[i][j]),
    ("matrix of them", lambda x, i, j: x[np.stack([i, j])]),
]


@pytest.mark.parametrize(
    "function", [row[1] for row in TRACED_INDICES], ids=[row[0] for row in TRACED_INDICES]
)
def test_traced_indices(function):
    x = array((3, 3, 3), "f8")
    for dtype in ["i8", "i4", "u1", "u4"]:
        i, j = np.array([0, 2, 1], dtype), np.array([1, 1, 0], dtype)
        check(function, x, i, j)
    check(function, x, np.array([0, -1, -3]), np.array([-2, 1, 0]))
    check(function, x, np.zeros(0, int), np.zeros(0, int))


# ---- Assignment, views and aliasing ------------------------------


def assign_rows(y, x):
    y[1:] = x[:-1]
    return y


def assign_scalar(y, x):
    y[0] = 5
    y[1, 2] = -1.5
    y[..., 0] = x[1, 1]
    return y


def assign_broadcast(y, x):
    y[...] = x[0]
    y[:, 1:3] = 7
    y[:, :2] = x[:, :1]
    return y


def assign_steps(y, x):
    y[::2] = x[::-2][:2]
    y[:, ::-1] = x
    return y


def assign_lists(y, x):
    y[[0, 2]] = x[[2, 0]]
    y[[0, 1], [3, 1]] = 9
    y[:, [0, 2]] *= 2
    return y


def assign_mask(y, x):
    y[np.array([True, False, True])] = 0
    y[:, np.array([True, False, False, True])] += x[:, :2]
    return y


def assign_traced_where(y, x):
    y = np.where(y > 0, y, 0)
    y[0] = x[0]
    return y


def assign_overlapping(y, x):
    y[1:] = y[:-1]
    y[:, :-1] += y[:, 1:]
    y[::-1] = y
    return y


def assign_repeated_index(y, x):
    y[[0, 0]] = x[1:]
    y[[1, 1]] += 1
    return y


def assign_swap(y, x):
    y[[0, 1]] = y[[1, 0]]
    y[:, 0], y[:, 1] = y[:, 1].copy(), y[:, 0].copy()
    return y


def assign_empty(y, x):
    y[:0] = 3
    y[[]] = 5
    y[:, 2:2] = x[:, :0]
    return y


def assign_through_view(y, x):
    v = y[1:]
    v[0] = 7
    w = v[:, 1:3]
    w += x[1:, :2]
    w[1, 1] = -3
    return y, v, w


def write_under_view(y, x):
    v = y[1:, ::-1]
    y[2] = x[0]
    y *= 2
    return v


def view_transposed(y, x):
    v = y.T
    v[0, 1] = 9
    y[2, 3] = x[0, 0]
    v[1] += 1
    return y, v


def view_reshaped(y, x):
    v = y.reshape(-1)
    v[5] = 100
    y[0, 0] = -100
    w = v.reshape(2, 6)
    w[1] = 0
    return y, v, w


def view_raveled(y, x):
    v = y.ravel()
    v[::3] = 1
    w = np.ravel(y)
    w[0] = 2
    return y


def flatten_copies(y, x):
    v = y.flatten()
    v[0] = 100
    c = y.copy()
    c[0] = 50
    d = y[[0, 1]]
    d[0] = 25
    return y, v, c, d


def view_axes(y, x):
    a = y[None]
    a[0, 0] = 1
    b = np.expand_dims(y, 1)
    b[1, 0] = 2
    c = np.squeeze(b)
    c[2, 2] = 3
    d = np.swapaxes(y, 0, 1)
    d[3] = 4
    e = np.moveaxis(y, 0, 1)
    e[0, 0] = 5
    return y


def view_rows(y, x):
    for row in y:
        row[0] = 1
        row += x[0]
    return y


def chained(y, x):
    y[1][2] = 3
    y[:2][0][1:] = x[0, 1:]
    y.T[3][0] = 8
    return y


def names_alias(y, x):
    a = b = y
    a += 1
    b *= x
    a -= x[0]
    a /= 2
    return y, a, b


def row_self(y, x):
    y[0] = y[0] * y[1]
    y[1] = y[0]
    y[0] = 0
    return y


def old_value_stays(y, x):
    before = y + 0
    double = 2 * y
    y[0] = 0
    return before, double, y


def loop_carried(y, x):
    for i in range(1, 3):
        y[i] = y[i - 1] * x[i] + y[i]
    return y


def filled_from_zeros(y, x):
    out = np.zeros_like(x)
    for i in range(3):
        out[i] = x[i] * i
    out[:, 0] = out[:, 1:].sum(axis=1)
    return out


def power_in_place(y, x):
    y **= 2
    return y


def argument_changed(y, x):
    x[0] = 0
    y[0] = x[1]
    return x, y


def aliased_arguments(y, x):
    z = x
    z[0] = 1
    return x + y


ASSIGNMENTS = [
    assign_rows,
    assign_scalar,
    assign_broadcast,
    assign_steps,
    assign_lists,
    assign_mask,
    assign_traced_where,
    assign_overlapping,
    assign_repeated_index,
    assign_swap,
    assign_empty,
    assign_through_view,
    write_under_view,
    view_transposed,
    view_reshaped,
    view_raveled,
    flatten_copies,
    view_axes,
    view_rows,
    chained,
    names_alias,
    row_self,
    old_value_stays,
    loop_carried,
    filled_from_zeros,
    power_in_place,
    argument_changed,
    aliased_arguments,
]


@pytest.mark.parametrize("function", ASSIGNMENTS, ids=lambda f: f.__name__)
def test_assignment(function):
    for dtype in ["f8", "f4"]:
        check(function, array((3, 4), dtype, 1), array((3, 4), dtype, 2))


def test_assignment_refused_as_numpy_does():
    x = array((3, 4), "f8")
    for body in [
        "y[0] = y",
        "y[5] = 0",
        "y[0, 0, 0] = 0",
        "y[:2] = x[:, :2]",
        "y[[0, 9]] = 1",
        "y += x[:, :3]",
        "np.broadcast_to(y, (2, 3, 4))[0] = 0",
        "y.astype(int)[:] += 0.5",
        "i = np.zeros_like(y, dtype=int); i += y",
        "y[0.5] = 1",
        "y[True, False] = [1, 2, 3]",
    ]:
        scope = {"np": np}
        exec(f"def f(y, x):\n  {body}\n  return y", scope)
        with pytest.raises((TypeError, ValueError, IndexError)):
            scope["f"](x.copy(), x)
        with pytest.raises((TypeError, ValueError, IndexError)):
            swntk.jit(scope["f"])(x, x)


def test_assignment_converts():
    """The array's own element type stays."""

    def into_integers(i, x):
        i[0] = 2.7
        i[1:] = x
        return i

    def into_single(s, x):
        s[0] = x[0]
        s += x
        s *= 2.5
        return s

    def into_bool(b, x):
        b[0] = 3
        b[1:] = x[1:]
        return b

    x = np.array([1.9, -1.9, 0.0])
    check(into_integers, np.zeros(4, "i4"), x)
    check(into_integers, np.zeros(4, "i8"), x)
    check(into_single, np.zeros(3, "f4"), x)
    check(into_bool, np.zeros(3, "?"), x)


def test_traced_index_assignment():
    def assign(y, i, v):
        y[i] = v
        return y

    def assign_column(y, i, v):
        y[:, i] = v.T
        return y

    def assign_pairs(y, i, v):
        y[i, i] = v[:, 0]
        return y

    def add(y, i, v):
        y[i] += v
        return y

    y, v = array((4, 4), "f8", 1), array((2, 4), "f8", 2)
    for i in [np.array([3, 0]), np.array([-1, 1], "i4")]:
        for function in [assign, assign_column, assign_pairs, add]:
            check(function, y, i, v)
    check(assign, y, np.int64(2), v[0])


OUT = [
    ("add", lambda y, x: np.add(x, 1, out=y)),
    ("keyword tuple", lambda y, x: np.multiply(x, x, out=(y,))),
    ("positional", lambda y, x: np.exp(x, y)),
    ("into a view", lambda y, x: (np.tanh(x[0], out=y[1]), y)),
    ("itself", lambda y, x: np.add(y, y, out=y)),
    ("overlapping", lambda y, x: (np.add(y[1:], y[:-1], out=y[1:]), y)),
    ("maximum", lambda y, x: np.maximum(x, 0, out=y)),
    ("matmul", lambda y, x: np.matmul(x, x, out=y)),
    ("sum", lambda y, x: (np.sum(x, axis=0, out=y[0]), y)),
    ("clip", lambda y, x: np.clip(x, -1, 0, out=y)),
    ("where=", lambda y, x: np.add(x, 10, out=y, where=np.array([True, False, True]))),
    ("broadcast", lambda y, x: np.negative(x[0], out=y)),
    ("converts", lambda y, x: np.add(x.astype(np.float32), 1, out=y)),
    ("returned is out", lambda y, x: (np.add(x, 1, out=y) is y) * 1.0 + y),
]


@pytest.mark.parametrize("function", [row[1] for row in OUT], ids=[row[0] for row in OUT])
def test_out(function):
    check(function, array((3, 3), "f8", 1), array((3, 3), "f8", 2), later=True)


UFUNC_OPTIONS = [
    ("dtype", lambda x: np.add(x, 1, dtype=np.float64), False),
    ("dtype narrower", lambda x: np.multiply(x, x, dtype=np.float32, casting="same_kind"), False),
    ("add.outer", lambda x: np.add.outer(x, x[0]), True),
    ("maximum.accumulate", lambda x: np.maximum.accumulate(x), True),
    ("subtract.reduce", lambda x: np.subtract.reduce(x), True),
]


@pytest.mark.parametrize("function, later", named(UFUNC_OPTIONS))
def test_ufunc_options(function, later):
    for dtype in FLOATS:
        check(function, array((2, 3), dtype), later=later)


# ---- swntk's own ------------------------------


def test_eval_shape():
    def f(x, y):
        return {"a": x @ y, "b": [(x > 0).sum(axis=0)]}

    x, y = np.ones((2, 3), np.float32), np.ones((3, 4))
    shapes = swntk.eval_shape(f, x, y)
    assert shapes["a"].shape == (2, 4) and shapes["a"].dtype == np.float64
    assert shapes["b"][0].shape == (3,) and shapes["b"][0].dtype == np.int64


def running(carry, x):
    carry = np.tanh(carry + x)
    return carry, carry * 2


def test_scan():
    def expected(init, xs, reverse):
        carry, ys = init, []
        for x in xs[::-1] if reverse else xs:
            carry, y = running(carry, x)
            ys.append(y)
        ys = np.stack(ys[::-1] if reverse else ys) if ys else np.zeros((0, *init.shape))
        return carry, ys

    for length in [0, 1, 5]:
        for reverse in [False, True]:
            init, xs = array((3,), "f8", 1), array((length, 3), "f8", 2)
            plain = swntk.lax.scan(running, init, xs, reverse=reverse)
            jitted = swntk.jit(lambda c, xs, r=reverse: swntk.lax.scan(running, c, xs, reverse=r))(
                init, xs
            )
            for result in plain, jitted:
                assert_close(result[0], expected(init, xs, reverse)[0])
                assert_close(result[1], expected(init, xs, reverse)[1])


def test_scan_trees():
    """Carries and slices are trees; xs may be None with a length; closures are seen."""
    scale = np.array([1.0, 2.0])

    def body(carry, x):
        count, state = carry
        state = {"h": state["h"] * scale + x["u"] - x["v"][0]}
        return (count + 1, state), None

    def f(u, v):
        return swntk.lax.scan(body, (0, {"h": np.zeros(2)}), {"u": u, "v": (v,)})

    u, v = array((4, 2), "f8", 1), array((4,), "f8", 2)
    (count, state), ys = swntk.jit(f)(u, v)
    h = np.zeros(2)
    for t in range(4):
        h = h * scale + u[t] - v[t]
    assert ys is None and int(count) == 4
    assert_close(state["h"], h)
    powers = swntk.lax.scan(lambda c, _: (2 * c, c), np.float64(1), None, length=5)
    assert_close(powers[1], 2.0 ** np.arange(5))
    assert_close(powers[0], np.float64(32))


def test_stop_gradient_value():
    check(lambda x: x + 0, array((3,), "f8"))
    assert_close(swntk.stop_gradient(array((3,), "f8")), array((3,), "f8"))
    assert_close(swntk.jit(swntk.stop_gradient)(array((3,), "f4")), array((3,), "f4"))


def test_nested_jit():
    inner = swntk.jit(lambda x, y: np.tanh(x) @ y)
    x, y = array((2, 3), "f8", 1), array((3, 2), "f8", 2)
    outer = swntk.jit(lambda x, y: inner(x, y) + inner(y.T, x.T))
    assert_close(outer(x, y), np.tanh(x) @ y + np.tanh(y.T) @ x.T)


def test_inputs_of_any_layout():
    x = array((4, 6), "f8")
    for view in [
        x.T,
        x[::2],
        x[:, ::-1],
        x[1:3, 2:4],
        np.broadcast_to(x[0], (3, 6)),
        np.asfortranarray(x),
    ]:
        assert_close(swntk.jit(lambda x: np.tanh(x) @ x.T)(view), np.tanh(view) @ view.T)
    frozen = x.copy()
    frozen.flags.writeable = False
    assert_close(swntk.jit(lambda x: 2 * x)(frozen), 2 * x)
    swapped = x.astype(">f8")
    assert_close(swntk.jit(lambda x: 2 * x)(swapped), 2 * x)


def test_jax_arrays_are_inputs():
    jnp = pytest.importorskip("jax.numpy")
    x = array((2, 3), "f4")
    assert_close(swntk.jit(np.tanh)(jnp.asarray(x)), np.tanh(x))
    assert_close(swntk.jit(lambda p: p["a"] @ p["b"])({"a": jnp.asarray(x), "b": x.T}), x @ x.T)


def test_half_precision_inputs():
    """Inside f the type is float32; results come back in the input's own."""
    seen = []

    def f(x):
        seen.append(x.dtype)
        return np.tanh(x) * 2

    x = array((2, 3), "f2")
    result = swntk.jit(f)(x)
    assert seen[0] == np.float32
    assert_close(result, (np.tanh(x.astype("f4")) * 2).astype("f2"), 1e-3)
