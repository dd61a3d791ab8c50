"""Law: code for any array library traces: `x.__array_namespace__()` follows the array API standard.

array_api_strict is the oracle: of names, of signatures, of values and element types. The standard's
own test suite (array-api-tests) is no package that pip has, so its place is taken by one call of
each function here. The standard leaves more open than NumPy does; what NumPy does is tested in
test_numpy_coverage.py.
"""

import inspect
import types

import array_api_strict as strict
import numpy as np
import pytest
import swntk
from checkers import assert_close

X = np.array([[0.7, -1.2, 2.4], [1.9, 0.3, -0.8]])
Y = np.array([[1.5, 0.4, 2.2], [0.9, 3.1, 1.1]])
U = np.array([[-0.4, 0.35, 0.8], [0.15, -0.9, 0.6]])
N = np.array([[3, 1, 2], [5, 4, 7]])
B = np.array([[True, False, True], [False, True, True]])
H = np.array([[2.0, 0.5, 0.3], [0.5, 1.5, -0.2], [0.3, -0.2, 1.8]])

ELEMENTWISE = {
    "x": "abs ceil cos cosh exp expm1 floor isfinite isinf isnan negative positive real round sign "
    "signbit sin sinh square tan tanh trunc asinh atan",
    "u": "acos asin atanh",
    "y": "log log1p log2 log10 reciprocal sqrt",
    "1 + y": "acosh",
    "n": "bitwise_invert",
    "b": "logical_not",
    "x, y": "add atan2 copysign divide equal floor_divide greater greater_equal hypot less "
    "less_equal logaddexp maximum minimum multiply nextafter not_equal remainder subtract",
    "y, x": "pow",
    "n, n": "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift",
    "b, ~b": "logical_and logical_or logical_xor",
}
CALLS = [
    f"xp.{name}({operands})" for operands, names in ELEMENTWISE.items() for name in names.split()
]
CALLS += """
xp.add(x, 1)
xp.multiply(2.0, x)
xp.clip(x, -1, 1)
xp.clip(x, max=0.5)
xp.asarray([1.0, 2.0])
xp.asarray(x)
xp.asarray(n, dtype=xp.float32)
xp.arange(5)
xp.arange(1, 7, 2, dtype=xp.float64)
xp.zeros((2, 3)) + x
xp.ones(3, dtype=xp.int32)
xp.full((2, 3), 2.5)
xp.full((2, 2), 7, dtype=xp.int64)
xp.eye(3, k=1)
xp.linspace(0.0, 1.0, 5)
xp.linspace(0.0, 1.0, num=4, endpoint=False)
xp.zeros_like(x)
xp.ones_like(x, dtype=xp.float32)
xp.full_like(x, 3)
xp.empty_like(x) * 0
xp.empty((2, 2)) * 0
xp.meshgrid(x[0, :], y[1, :])[1]
xp.meshgrid(x[0, :], y[1, :], indexing="ij")[0]
xp.tril(h, k=-1)
xp.triu(h)
xp.broadcast_arrays(x, x[0, :])[1]
xp.broadcast_to(x, (2, 2, 3))
xp.concat([x, y], axis=1)
xp.concat((x, y), axis=None)
xp.expand_dims(x, axis=1)
xp.flip(x)
xp.flip(x, axis=1)
xp.moveaxis(x, 0, 1)
xp.permute_dims(x, (1, 0))
xp.repeat(x, 2, axis=1)
xp.reshape(x, (3, 2))
xp.roll(x, 1, axis=0)
xp.squeeze(x[None, ...], axis=0)
xp.stack([x, y], axis=2)
xp.tile(x, (2, 1))
xp.unstack(x, axis=1)[2]
xp.matrix_transpose(x)
xp.all(b, axis=0)
xp.any(b, keepdims=True)
xp.max(x, axis=1)
xp.min(x)
xp.mean(x, axis=0, keepdims=True)
xp.sum(n, axis=1)
xp.sum(x, dtype=xp.float32)
xp.prod(y, axis=0)
xp.std(x, correction=1.0)
xp.var(x, axis=1)
xp.count_nonzero(b, axis=1)
xp.cumulative_sum(x, axis=1, include_initial=True)
xp.cumulative_prod(x, axis=0)
xp.diff(x, axis=1)
xp.argmax(x, axis=1)
xp.argmin(x)
xp.where(b, x, y)
xp.take(x, xp.asarray([2, 0]), axis=1)
xp.take_along_axis(x, n % 3, axis=1)
xp.searchsorted(xp.asarray([0.0, 1.0]), x)
xp.argsort(x, axis=1)
xp.argsort(x, axis=1, descending=True)
xp.sort(x)
xp.sort(x, axis=0, descending=True)
xp.isin(n, xp.asarray([1, 5]))
xp.matmul(h, h)
xp.tensordot(x, y, axes=2)
xp.vecdot(x, y)
xp.astype(x, xp.int32)
xp.linalg.cross(h, h + 1)
xp.linalg.diagonal(h)
xp.linalg.matmul(h, h)
xp.linalg.matrix_norm(h)
xp.linalg.matrix_power(h, 3)
xp.linalg.matrix_transpose(x)
xp.linalg.outer(x[0, :], y[1, :])
xp.linalg.tensordot(x, y, axes=2)
xp.linalg.trace(h)
xp.linalg.vecdot(x, y)
xp.linalg.vector_norm(x, axis=1)
xp.linalg.cholesky(h)
xp.linalg.det(h)
xp.linalg.eigvalsh(h)
xp.linalg.inv(h)
xp.linalg.solve(h, h + 1)
xp.linalg.svdvals(h)
xp.linalg.pinv(h)
xp.linalg.slogdet(h)[1]
x + y; x - 1; x / y; x // y; x % y; y ** 2; h @ h; n & 3; n | 1; n ^ n; ~n; n << 1; n >> 1
-x; abs(x); x < y; x == y; x.T; x[0, :]; x[:, ::2]; x[..., None]; h.mT; x[1, 2]
""".replace("\n", "; ").split("; ")
CALLS = [call for call in CALLS if call]

PLAIN = [
    "xp.can_cast(xp.float32, xp.float64)",
    "xp.isdtype(xp.float32, 'real floating')",
    "xp.isdtype(xp.int64, ('bool', xp.int64))",
    "xp.finfo(xp.float32).eps",
    "xp.iinfo(xp.int32).max",
    "xp.pi", "xp.e", "xp.inf", "xp.newaxis",
]  # fmt: skip

SKIPPED = {
    "nonzero unique_all unique_counts unique_inverse unique_values": "shapes depend on numbers",
    "conj imag": "complex numbers",
    "from_dlpack": "test_dlpack.py",
    "result_type": "test_result_type",
    "nan bool complex64 complex128 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 "
    "uint64": "names of types and numbers",
    "linalg fft": "namespaces",
    "broadcast_shapes": "of the 2025.12 version",
    "Device ModuleType ArrayAPIStrictFlags get_array_api_strict_flags set_array_api_strict_flags "
    "reset_array_api_strict_flags": "array_api_strict's own",
    "linalg.qr linalg.svd linalg.eigh linalg.matrix_rank": "signs are free; test_numpy_coverage.py",
}
HERE = types.SimpleNamespace()
swntk.trace(lambda x: setattr(HERE, "xp", x.__array_namespace__()) or x, X)
XP = HERE.xp


def evaluate(call, xp, arrays):
    names = dict(zip("xyunbh", arrays, strict=True))
    return eval(call, {"xp": xp, **names})


@pytest.mark.parametrize("call", CALLS)
def test_values(call):
    expected = evaluate(call, strict, map(strict.asarray, (X, Y, U, N, B, H)))
    try:
        actual = swntk.jit(lambda *a: evaluate(call, XP, a))(X, Y, U, N, B, H)
    except swntk.UnsupportedError as error:
        pytest.skip(str(error).splitlines()[0])
    assert_close(actual, np.asarray(expected))


@pytest.mark.parametrize("call", PLAIN)
def test_plain_answers(call):
    assert eval(call, {"xp": XP}) == eval(call, {"xp": strict})


def test_result_type():
    def f(x, n):
        xp = x.__array_namespace__(api_version="2023.12")
        assert xp.result_type(x, xp.float32) == np.float64
        assert xp.result_type(n, xp.uint8) == np.int64
        assert x.device == "cpu" and x.to_device("cpu") is x
        return x

    swntk.trace(f, X, N)
    info = XP.__array_namespace_info__()
    assert info.default_device() == "cpu" and not info.capabilities()["data-dependent shapes"]
    assert info.dtypes(kind="real floating") == {"float32": np.float32, "float64": np.float64}
    with pytest.raises(swntk.ArgumentError, match="2020.01"):
        XP.namespace("2020.01")


def public(module):
    return [name for name in dir(module) if not name.startswith("_")]


def test_every_name_is_tried_or_skipped():
    tried = {c.split("xp.")[1].split("(")[0] for c in CALLS + PLAIN if "xp." in c}
    skipped = set(" ".join(SKIPPED).split())
    missing = set(public(strict)) - tried - skipped
    missing |= {f"linalg.{n}" for n in strict.linalg.__all__} - tried - skipped
    assert not missing
    for name in set(public(strict)) - skipped:
        assert hasattr(XP, name), name


@pytest.mark.parametrize(
    "name", [n for n in public(strict) if isinstance(getattr(strict, n), types.FunctionType)]
)
def test_signatures(name):
    if name not in public(XP):
        pytest.skip("not of the 2024.12 version")

    def parameters(function):
        found = inspect.signature(function).parameters.values()
        return [(p.name, p.kind) for p in found]

    assert parameters(getattr(XP, name)) == parameters(getattr(strict, name))


@pytest.mark.parametrize("name", ["nonzero", "unique_all", "unique_values"])
def test_shapes_that_depend_on_numbers_are_refused(name):
    with pytest.raises(swntk.TracingError, match="test_array_api.py"):
        swntk.trace(lambda x: getattr(x.__array_namespace__(), name)(x), X)


def test_a_library_function_traces():
    """A function written for any array library: values and gradient."""

    def log_likelihood(x, mean, scale):
        xp = x.__array_namespace__()
        z = (x - mean) / scale
        half = xp.asarray(0.5, dtype=x.dtype)
        table = xp.zeros((2, 3))
        table[0, :] = xp.sum(z * z, axis=0)
        table[1, :] = xp.mean(x, axis=0)
        return -half * xp.sum(table) - xp.log(scale) - half * xp.log(xp.asarray(2 * xp.pi))

    value = swntk.jit(log_likelihood)(X, np.float64(0.3), np.float64(1.7))
    z = (X - 0.3) / 1.7
    expected = -0.5 * (np.sum(z * z) + X.mean(0).sum()) - np.log(1.7) - 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    swntk.check_grads(log_likelihood, (X, np.float64(0.3), np.float64(1.7)), order=1)
