"""Traced NumPy is NumPy: values, shapes, element types, row by row."""

import numpy as np
import pytest
import swntk
from swntk import tree

NUMPY_2 = int(np.__version__.split(".")[0]) >= 2
R = np.random.default_rng(11)
A = R.standard_normal((3, 4))
B = R.standard_normal((3, 4))
V = R.standard_normal(4)
M = R.standard_normal((4, 5))
T3 = R.standard_normal((2, 3, 4))
F = A.astype(np.float32)
I = R.integers(-5, 6, (3, 4))  # noqa: E741
U = R.integers(0, 9, (3, 4)).astype(np.uint8)
P = np.array([True, False, True, True])
MASK = A > 0
NAN = np.where(MASK, A, np.nan)
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 2.5])


def close(got, expected):
    """Equal to rounding; NaN where NaN is; the same shape and element type."""
    expected = np.asarray(expected)
    assert got.shape == expected.shape
    if NUMPY_2:
        assert got.dtype == expected.dtype
    rtol = 2e-5 if np.float32 in (got.dtype, expected.dtype) else 1e-11
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol)


def check(f, *args):
    """One row: f of traced arrays against f of plain ones."""
    with np.errstate(all="ignore"):
        expected = f(*(a.copy() for a in args))
    program = swntk.trace(f, *args)
    got = program(*args)
    leaves = tree.leaves(expected)
    assert len(got) == len(leaves)
    for g, e in zip(got, leaves):
        close(g, e)
    assert swntk.Program.parse(str(program)) == program


ELEMENTWISE = {
    "add": (lambda a, b: a + b, A, B),
    "add scalar": (lambda a: a + 1, F),
    "add float": (lambda a: a + 1.5, F),
    "add int float": (lambda a: a + 1.5, I),
    "add mixed": (lambda a, b: a + b, F, A),
    "add i32 f32": (lambda a, b: a + b, I.astype(np.int32), F),
    "add u8 i64": (lambda a, b: a * b - b, U, I),
    "add numpy scalar": (lambda a: a + np.float64(2), F),
    "numpy scalar first": (lambda a: np.float64(2) * a, F),
    "array first": (lambda a: B - a, A),
    "bools": (lambda a, b: (a + b, a * b, a & b, a | b, a ^ b, ~a), MASK, MASK[::-1]),
    "broadcast": (lambda a, v: a * v + a[:, :1] - v[None], A, V),
    "radd": (lambda a: 1 - a, A),
    "divide": (lambda a, b: a / b, A, B),
    "divide ints": (lambda a, b: a / (b + 20), I, U),
    "divide by zero": (lambda a: 1 / a, SPECIAL),
    "rdivide": (lambda a: 2 / a, I + 7),
    "floor_divide": (lambda a: (a // 3, a % 3, a // -3, a % -3, a // 0, a % 0, divmod(a, 4)), I),
    "floor_divide u8": (lambda a: (a // np.uint8(3), a % np.uint8(3)), U),
    "negative": (lambda a: (-a, +a, abs(a)), I),
    "exp": (lambda a: np.exp(a), SPECIAL),
    "log": (lambda a: np.log(a), SPECIAL),
    "sqrt": (lambda a: np.sqrt(a), SPECIAL),
    "tanh": (lambda a: np.tanh(a), SPECIAL),
    "exp int": (lambda a: np.exp(a), I),
    "sign": (lambda a: np.sign(a), SPECIAL),
    "abs": (lambda a: np.abs(a), SPECIAL),
    "fabs int": (lambda a: np.fabs(a), I),
    "square": (lambda a: np.square(a), I),
    "reciprocal": (lambda a: np.reciprocal(a), SPECIAL),
    "power": (lambda a: (a**2, a**3, a**-1, a**0, a**2.0), SPECIAL),
    "power half": (lambda a: (a**0.5, a**-0.5, a[5] ** 0.5), SPECIAL),
    "power int": (lambda a: (a**2, a**3, a**0), I),
    "power int float": (lambda a: a**2.0, I),
    "maximum": (lambda a: (np.maximum(a, 0.5), np.minimum(a, 0.5)), SPECIAL),
    "maximum nan": (lambda a, b: (np.maximum(a, b), np.minimum(a, b)), NAN, A),
    "fmax": (lambda a, b: (np.fmax(a, b), np.fmin(a, b)), NAN, A),
    "comparisons": (lambda a, b: (a < b, a <= b, a > b, a >= b, a == b, a != b), I, I[::-1]),
    "comparisons nan": (lambda a: (a < 0, a == a, a != a, a >= 0), SPECIAL),
    "comparison big": (lambda a: (a < 300, a == -1), U),
    "logical": (
        lambda a, b: (
            np.logical_and(a, b),
            np.logical_or(a, b),
            np.logical_xor(a, b),
            np.logical_not(a),
        ),
        I,
        U,
    ),
    "bits": (lambda a: (a & 6, a | 6, a ^ 6, ~a), I),
    "isnan": (lambda a: (np.isnan(a), np.isfinite(a), np.isinf(a)), SPECIAL),
    "isnan int": (lambda a: (np.isnan(a), np.isfinite(a)), I),
    "heaviside": (lambda a: np.heaviside(a, 0.5), SPECIAL),
    "deg2rad": (lambda a: (np.deg2rad(a), np.rad2deg(a)), A),
    "clip": (lambda a: (np.clip(a, -0.5, 0.5), a.clip(0), a.clip(None, 0)), A),
    "nan_to_num": (lambda a: (np.nan_to_num(a), np.nan_to_num(a, nan=3.0, posinf=1.0)), SPECIAL),
    "where": (lambda a: np.where(a > 0, a, 0), F),
    "where mixed": (lambda a, i: np.where(a > 0, a, i), A, I),
    "select": (lambda a: np.select([a > 1, a > 0], [a * 2, a], -1), A),
    "isclose": (lambda a: np.isclose(a, a + 1e-9), SPECIAL),
    "dtype=": (lambda a: np.add(a, 1, dtype=np.float64), F),
    "where= out=": (lambda a, b: np.exp(a, out=b.copy(), where=a > 0), A, B),
    "outer": (lambda a, v: np.multiply.outer(a, v), A, V),
    "real": (lambda a: (a.real, a.imag, a.conj()), A),
    "scalars": (lambda a: np.float32(3) * a[0, 0] + 2, F),
}

REDUCTIONS = {
    "sum": (lambda a: (a.sum(), a.sum(0), a.sum(-1, keepdims=True), np.sum(a, axis=(0, 1))), A),
    "sum int": (lambda a: (a.sum(), a.sum(0)), I.astype(np.int32)),
    "sum u8": (lambda a: (a.sum(), np.sum(a, 1)), U),
    "sum bool": (lambda a: (a.sum(), a.mean()), MASK),
    "sum dtype": (lambda a: np.sum(a, dtype=np.float64), F),
    "sum where": (lambda a: np.sum(a, axis=0, where=a > 0, initial=2.0), A),
    "mean": (lambda a: (a.mean(), a.mean(0), np.mean(a, axis=1, keepdims=True)), F),
    "mean int": (lambda a: a.mean(0), I),
    "mean where": (lambda a: np.mean(a, axis=0, where=I > -6), A),
    "var": (
        lambda a: (a.var(), a.var(0), np.var(a, axis=1, ddof=1), a.std(), np.std(a, 0, ddof=1)),
        A,
    ),
    "max": (
        lambda a: (a.max(), a.max(0), np.amax(a, axis=1, keepdims=True), np.min(a), a.min(1)),
        A,
    ),
    "max int": (lambda a: (a.max(), a.min(0)), I),
    "max u8": (lambda a: (a.max(), a.min(0)), U),
    "max bool": (lambda a: (a.max(), a.min(0)), MASK),
    "max nan": (lambda a: (a.max(0), a.min(0)), NAN),
    "max initial": (lambda a: np.max(a, axis=0, initial=0.25, where=a > 0), A),
    "any": (lambda a: (np.any(a > 2), np.all(a > -9, axis=0), (a > 0).any(1), (a > 0).all()), A),
    "ptp": (lambda a: np.ptp(a, axis=0), A),
    "count_nonzero": (lambda a: (np.count_nonzero(a), np.count_nonzero(a, axis=1)), I),
    "average": (lambda a, v: (np.average(a), np.average(a, axis=1, weights=abs(v))), A, V),
    "nansum": (lambda a: (np.nansum(a), np.nansum(a, axis=0), np.nanmean(a, axis=1)), NAN),
    "nanmax": (lambda a: (np.nanmax(a), np.nanmin(a, axis=1)), NAN),
    "argmax": (lambda a: (a.argmax(), a.argmax(0), np.argmin(a, axis=1)), A),
    "argmax ties": (lambda a: (a.argmax(1), a.argmin(0)), I),
    "argmax nan": (lambda a: (a.argmax(1), a.argmin(0)), NAN),
    "reduce": (
        lambda a: (np.add.reduce(a), np.maximum.reduce(a, axis=1), np.add.reduce(a, axis=None)),
        A,
    ),
    "cumsum": (lambda a: (a.cumsum(), np.cumsum(a, axis=0), np.cumsum(a, 1)), A),
    "cumprod": (lambda a: (np.cumprod(a, axis=0), np.multiply.accumulate(a, 1)), A),
    "maximum.accumulate": (lambda a: np.maximum.accumulate(a, axis=1), A),
    "prod": (lambda a: (a.prod(), np.prod(a, axis=1), np.prod(a, axis=0, keepdims=True)), A),
    "diff": (lambda a: (np.diff(a), np.diff(a, n=2), np.diff(a, axis=0, prepend=0.0)), A),
    "trapezoid": (lambda a, v: (np.trapz if not NUMPY_2 else np.trapezoid)(a, v), A, V),
    "empty": (lambda a: (a.sum(0), a.sum(), a.prod()), np.zeros((0, 3))),
}

SHAPES = {
    "reshape": (
        lambda a: (a.reshape(4, 3), a.reshape((2, -1)), np.reshape(a, -1), a.ravel(), a.flatten()),
        A,
    ),
    "reshape F": (lambda a: (a.reshape((4, 3), order="F"), a.ravel(order="F")), A),
    "transpose": (
        lambda a: (
            a.T,
            a.transpose(2, 0, 1),
            np.transpose(a),
            a.swapaxes(0, 2),
            np.moveaxis(a, 0, -1),
            np.rollaxis(a, 2),
            a.transpose((1, 0, 2)),
        ),
        T3,
    ),
    "mT": (lambda a: np.matmul(a, np.swapaxes(a, -1, -2)), T3),
    "squeeze": (
        lambda a: (a[:, None].squeeze(), np.squeeze(a[None], 0), np.expand_dims(a, (0, 2))),
        A,
    ),
    "atleast": (
        lambda a: (
            np.atleast_1d(a.sum()),
            np.atleast_2d(a[0]),
            np.atleast_3d(a),
            np.atleast_3d(a[0]),
        ),
        A,
    ),
    "broadcast_to": (lambda v: np.broadcast_to(v, (3, 4)), V),
    "broadcast_arrays": (lambda a, v: tuple(np.broadcast_arrays(a, v)), A, V),
    "concatenate": (
        lambda a, b: (
            np.concatenate([a, b]),
            np.concatenate([a, b], axis=1),
            np.concatenate([a, b], axis=None),
        ),
        A,
        B,
    ),
    "concatenate plain": (lambda a: np.concatenate([a, np.ones((1, 4))]), F),
    "stack": (
        lambda a, b: (
            np.stack([a, b]),
            np.stack([a, b], axis=-1),
            np.hstack([a, b]),
            np.vstack([a, b]),
            np.dstack([a, b]),
        ),
        A,
        B,
    ),
    "stack scalars": (lambda v: np.stack([v[0], v[1] * 2, v.sum()]), V),
    "column_stack": (lambda a, b: np.column_stack([a[:, 0], b]), A, B),
    "hstack vectors": (lambda v: np.hstack([v, v[:2], 3.0]), V),
    "append": (lambda v: (np.append(v, 1.0), np.append(v[None], v[None], axis=0)), V),
    "split": (
        lambda a: (
            np.split(a, 2, axis=1),
            np.array_split(a, 2),
            np.split(a, [1, 3], axis=1),
            np.hsplit(a, 4),
            np.vsplit(a, 3),
        ),
        A,
    ),
    "tile": (lambda a: (np.tile(a, 2), np.tile(a, (2, 1, 3)), np.tile(a[0], (2, 2))), A),
    "repeat": (
        lambda a: (np.repeat(a, 2), np.repeat(a, 3, axis=1), np.repeat(a, [1, 0, 2], axis=0)),
        A,
    ),
    "flip": (
        lambda a: (np.flip(a), np.flip(a, 0), np.fliplr(a), np.flipud(a), a[::-1], a[:, ::-2]),
        A,
    ),
    "rot90": (lambda a: tuple(np.rot90(a, k) for k in range(4)), A),
    "roll": (lambda a: (np.roll(a, 1), np.roll(a, -1, axis=1), np.roll(a, (1, 2), axis=(0, 1))), A),
    "pad": (
        lambda a: (
            np.pad(a, 1),
            np.pad(a, ((1, 0), (0, 2)), constant_values=3.0),
            np.pad(a, ((1, 2), (0, 0)), constant_values=((1, 2), (3, 4))),
        ),
        A,
    ),
    "pad modes": (
        lambda a: tuple(
            np.pad(a, ((1, 2), (2, 1)), mode=m) for m in ("edge", "reflect", "symmetric", "wrap")
        ),
        A,
    ),
    "tril": (lambda a: (np.tril(a), np.triu(a, 1), np.tril(a, -1), np.triu(a[0])), A),
    "diag": (
        lambda a: (
            np.diag(a),
            np.diag(a, 1),
            np.diagonal(a, -1),
            np.trace(a),
            a.trace(1),
            a.diagonal(),
        ),
        A,
    ),
    "diag of vector": (lambda v: (np.diag(v), np.diag(v, 2), np.diag(v, -1), np.diagflat(v)), V),
    "diagonal 3d": (lambda a: (np.diagonal(a, 0, 1, 2), np.trace(a, axis1=0, axis2=2)), T3),
    "like": (
        lambda a: (
            np.zeros_like(a),
            np.ones_like(a, dtype=int),
            np.full_like(a, 2.5),
            np.empty_like(a) * 0,
        ),
        F,
    ),
    "astype": (lambda a: (a.astype(np.float32), a.astype(int), a.astype(bool)), A),
    "copy": (lambda a: (a.copy(), np.copy(a)), A),
    "meta": (
        lambda a: (
            a * a.ndim + a.size + len(a) + np.shape(a)[0] + np.size(a, 1) + a.nbytes + a.itemsize
        ),
        A,
    ),
    "iterate": (lambda a: sum(row * i for i, row in enumerate(a)), A),
}

PRODUCTS = {
    "matmul": (lambda a, m: (a @ m, np.matmul(a, m), a @ m[:, 0], m[:, 0] @ m), A, M),
    "matmul stack": (lambda t, m: (t @ m, t @ m[:, 0], np.matmul(t, t.swapaxes(1, 2))), T3, M),
    "matmul mixed": (lambda f, m: f @ m, F, M),
    "matmul int": (lambda i: i @ i.T, I),
    "dot": (lambda a, m: (np.dot(a, m), a.dot(m), np.dot(a, 2.0), np.dot(a[0], a[1])), A, M),
    "dot 3d": (lambda t, m: np.dot(t, m), T3, M),
    "vdot": (lambda a, b: (np.vdot(a, b), np.inner(a, b), np.outer(a, b)), A, B),
    "tensordot": (
        lambda t, a: (
            np.tensordot(t, a, axes=([1, 2], [0, 1])),
            np.tensordot(t, a.T, 1),
            np.tensordot(t, a, 2),
        ),
        T3,
        A,
    ),
    "einsum": (
        lambda t, a: (
            np.einsum("nij,ij->n", t, a),
            np.einsum("nij,kj", t, a),
            np.einsum("...j->...", t),
            np.einsum(t, [0, 1, 2], a, [3, 2], [0, 3]),
            np.einsum("ij->ji", a),
        ),
        T3,
        A,
    ),
    "einsum trace": (lambda m: (np.einsum("ii", m), np.einsum("ii->i", m)), M[:, :4]),
    "kron": (lambda a, v: (np.kron(a, v), np.kron(a, a)), A, V),
    "cross": (lambda a, b: np.cross(a[:, :3], b[:, :3]), A, B),
    "multi_dot": (lambda a, m: np.linalg.multi_dot([a, m, m.T, a.T]), A, M),
    "matrix_power": (
        lambda m: (np.linalg.matrix_power(m, 3), np.linalg.matrix_power(m, 0)),
        M[:, :4],
    ),
    "norm": (
        lambda a: (
            np.linalg.norm(a),
            np.linalg.norm(a, axis=1),
            np.linalg.norm(a, axis=0, keepdims=True),
            np.linalg.norm(a, 1),
            np.linalg.norm(a, np.inf),
            np.linalg.norm(a, 1, axis=1),
            np.linalg.norm(a[0], np.inf),
        ),
        A,
    ),
    "convolve": (
        lambda v, a: tuple(np.convolve(v, a[0, :3], mode=m) for m in ("full", "same", "valid")),
        V,
        A,
    ),
}

ROWS = {**ELEMENTWISE, **REDUCTIONS, **SHAPES, **PRODUCTS}


@pytest.mark.parametrize("name", ROWS)
def test_traced_is_numpy(name):
    f, *args = ROWS[name]
    check(f, *args)


IDX = np.array([2, 0, -1])
INDEXING = {
    "ints": lambda t: (t[1], t[-1, 0], t[0, 1, 2], t[..., 0], t[0, ..., -1]),
    "slices": lambda t: (
        t[:, 1:],
        t[:, ::2, 1:3],
        t[::-1],
        t[:, :, ::-2],
        t[5:],
        t[:, 2:1],
        t[0, -3:],
    ),
    "none": lambda t: (t[None], t[:, None, 0], t[..., None], t[None, 0, None, 1:]),
    "array": lambda t: (t[:, IDX], t[[1, 0]], t[..., [0, 3]], t[np.array([[0, 1], [1, 1]])]),
    "two arrays": lambda t: (t[[0, 1], [2, 0]], t[:, [0, 1], [2, 0]], t[[0, 1], :, [2, 0]]),
    "array and int": lambda t: (t[0, IDX], t[0, :, [1, 2]], t[:, 0, [1, 2]], t[IDX[1:] * 0, 1]),
    "array, slice, none": lambda t: (
        t[:, None, IDX],
        t[IDX[1:] * 0, None, 1:],
        t[0, None, IDX],
        t[1:, IDX, ::2],
    ),
    "outer": lambda t: (
        t[np.ix_([0, 1], [2, 0], [1, 3])],
        t[:, np.array([[0], [1]]), np.array([2, 3])],
    ),
    "mask": lambda t: (t[:, np.array([True, False, True])], t[np.array([True, False])], t[T3 > 0]),
    "mask and array": lambda t: t[:, np.array([True, False, True]), [0, 1]],
    "empty": lambda t: (t[:, []], t[np.zeros((0,), int)], t[:, np.zeros(3, bool)]),
    "take": lambda t: (
        np.take(t, [0, 5]),
        np.take(t, IDX, axis=1),
        t.take([1], axis=2),
        np.take(t, [7, -9], axis=1, mode="clip"),
        np.take(t, [7, -9], axis=1, mode="wrap"),
    ),
    "take_along_axis": lambda t: np.take_along_axis(t, np.array([[[1, 0]], [[2, 3]]]), axis=2),
    "numpy ints": lambda t: (t[np.int64(1)], t[np.int32(0), np.uint8(1)], t[np.array(1)]),
    "bool scalar": lambda t: (t[True], t[False]),
}


@pytest.mark.parametrize("name", INDEXING)
def test_indexing(name):
    check(INDEXING[name], T3)


TRACED_INDEX = {
    "rows": (lambda t, i: (t[i], t[:, i % 3], t[0, i % 3], t[..., i]), np.array([1, 0, -1, 1])),
    "matrix": (lambda t, i: t[:, i], np.array([[1, 0], [-1, 2]])),
    "with arange": (lambda t, i: t[np.arange(2), i[:2]], np.array([1, 2, 0])),
    "two": (lambda t, i: t[i % 2, i], np.array([1, 2, 0])),
    "with slice": (lambda t, i: (t[1:, i, ::2], t[:, None, i]), np.array([1, 2, 0])),
    "take": (
        lambda t, i: (np.take(t, i, axis=1), t.take(i), np.take(t, i, axis=1, mode="clip")),
        np.array([1, 2]),
    ),
    "take_along_axis": (
        lambda t, i: np.take_along_axis(t, i, axis=2),
        np.array([[[1, 0]], [[2, 3]]]),
    ),
    "u8": (lambda t, i: t[:, i], np.array([1, 2], np.uint8)),
    "scalar": (
        lambda t, i: (t[i[0]], t[:, i[1]], t[i[0], i[1]], t[i[0], :, i[1]]),
        np.array([1, 2]),
    ),
}


@pytest.mark.parametrize("name", TRACED_INDEX)
def test_traced_index(name):
    f, index = TRACED_INDEX[name]
    check(f, T3, index)


@pytest.mark.parametrize("index", [3, -4])
def test_traced_index_out_of_range(index):
    with pytest.raises(IndexError) as caught:
        swntk.trace(lambda t, i: t[:, i], T3, np.array([0]))(T3, np.array([index]))
    assert isinstance(caught.value, swntk.ArgumentError)
    with pytest.raises(IndexError):
        swntk.trace(lambda t: t[:, index], T3)
