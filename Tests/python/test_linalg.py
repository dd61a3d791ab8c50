"""numpy.linalg: NumPy is the oracle of values and types, JAX of derivatives."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import swntk
from both import OURS, THEIRS
from checkers import assert_close, assert_trees_close, leaves
from swntk import NtkImplementation

NEWER = int(np.__version__.split(".")[0]) >= 2


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


A = normal(0, 4, 4) + np.diag([3.0, -4.0, 5.0, 6.0])
S = A @ A.T + np.diag([1.0, 5.0, 9.0, 20.0])
WIDE, TALL = normal(1, 2, 4), normal(2, 5, 3)
STACK = normal(3, 2, 3, 3) + 3 * np.eye(3)
SYMMETRIC = STACK @ STACK.swapaxes(-1, -2) + np.diag([1.0, 4.0, 9.0])
B, V = normal(4, 4, 2), normal(5, 4)

# Of each: the function of (linalg, arrays), and arrays.
BOTH = {
    "solve": (lambda la, a, b: la.solve(a, b), A, B),
    "solve with exchanges": (lambda la, a, b: la.solve(a, b), A[[3, 0, 1, 2]], B),
    "solve of a vector": (lambda la, a, b: la.solve(a, b), A, V),
    "solve of stacks": (lambda la, a, b: la.solve(a, b), STACK, normal(6, 2, 3, 2)),
    "solve of one matrix": (lambda la, a, b: la.solve(a, b), STACK[0], normal(6, 2, 3, 2)),
    "solve of one side": (lambda la, a, b: la.solve(a, b), STACK, normal(6, 3, 2)),
    "inv": (lambda la, a: la.inv(a), A),
    "inv of stacks": (lambda la, a: la.inv(a), STACK),
    "det": (lambda la, a: la.det(a), A),
    "det of 3": (lambda la, a: la.det(a), STACK),
    "slogdet": (lambda la, a: la.slogdet(a), A),
    "slogdet of stacks": (lambda la, a: la.slogdet(a), STACK),
    "cholesky": (lambda la, a: la.cholesky(a), S),
    "cholesky of stacks": (lambda la, a: la.cholesky(a), SYMMETRIC),
    "qr": (lambda la, a: la.qr(a), TALL),
    "qr of square": (lambda la, a: la.qr(a), STACK),
    "qr of wide": (lambda la, a: la.qr(a), WIDE),
    "qr r": (lambda la, a: la.qr(a, mode="r"), TALL),
    "eigh": (lambda la, a: la.eigh(a), S),
    "eigh of stacks": (lambda la, a: la.eigh(a), SYMMETRIC),
    "eigh upper": (lambda la, a: la.eigh(a, UPLO="U"), S),
    "eigvalsh": (lambda la, a: la.eigvalsh(a), S),
    "svd tall": (lambda la, a: la.svd(a, full_matrices=False), TALL),
    "svd wide": (lambda la, a: la.svd(a, full_matrices=False), WIDE),
    "svd of stacks": (lambda la, a: la.svd(a), STACK),
    "svd values": (lambda la, a: la.svd(a, compute_uv=False), TALL),
    "svd hermitian": (lambda la, a: la.svd(a, hermitian=True), S - 20 * np.eye(4)),
    "pinv": (lambda la, a: la.pinv(a), TALL),
    "pinv wide": (lambda la, a: la.pinv(a), WIDE),
    "pinv hermitian": (lambda la, a: la.pinv(a, hermitian=True), S),
    "lstsq": (lambda la, a, b: la.lstsq(a, b)[0], TALL, normal(7, 5, 2)),
    "lstsq of a vector": (lambda la, a, b: la.lstsq(a, b)[0], TALL, normal(7, 5)),
    "norm": (lambda la, a: la.norm(a), A),
    "norm 2": (lambda la, a: la.norm(a, 2), TALL),
    "norm -2": (lambda la, a: la.norm(a, -2), TALL),
    "norm nuc": (lambda la, a: la.norm(a, "nuc"), TALL),
    "norm of stacks": (lambda la, a: la.norm(a, 2, axis=(2, 0), keepdims=True), STACK),
    "norm 3": (lambda la, a: la.norm(a, 3, axis=1), A),
    "norm -1.5": (lambda la, a: la.norm(a, -1.5), V),
    "matrix_power": (lambda la, a: la.matrix_power(a, 3), A),
    "matrix_power -2": (lambda la, a: la.matrix_power(a, -2), A),
    "cond": (lambda la, a: la.cond(a), A),
    "cond 1": (lambda la, a: la.cond(a, 1), A),
    "multi_dot": (lambda la, a, b: la.multi_dot([a, a, b]), A, B),
    "tensorsolve": (lambda la, a, b: la.tensorsolve(a, b), A.reshape(2, 2, 4), V.reshape(2, 2)),
    "tensorinv": (lambda la, a: la.tensorinv(a, 1), A.reshape(4, 2, 2)),
}
if NEWER:
    BOTH |= {
        "cholesky upper": (lambda la, a: la.cholesky(a, upper=True), S),
        "svdvals": (lambda la, a: la.svdvals(a), TALL),
        "matrix_norm": (lambda la, a: la.matrix_norm(a, ord="nuc"), STACK),
        "vector_norm": (lambda la, a: la.vector_norm(a, ord=3), STACK),
        "trace": (lambda la, a: la.trace(a), STACK),
        "diagonal": (lambda la, a: la.diagonal(a, offset=1), STACK),
        "outer": (lambda la, a: la.outer(a, a), V),
        "cross": (lambda la, a: la.cross(a[0], a[1]), STACK),
        "matmul": (lambda la, a, b: la.matmul(a, b), A, B),
        "matrix_transpose": (lambda la, a: la.matrix_transpose(a), STACK),
        "vecdot": (lambda la, a: la.vecdot(a[0], a[1]), STACK),
    }

VALUES = BOTH | {
    "qr complete": (lambda la, a: la.qr(a, "complete"), TALL),
    "qr of nothing": (lambda la, a: la.qr(a, "complete"), np.zeros((3, 0))),
    "qr of integers": (lambda la, a: la.qr(a), np.arange(6).reshape(3, 2)),
    "svd full": (lambda la, a: la.svd(a), TALL),
    "svd full wide": (lambda la, a: la.svd(a), WIDE),
    "svd of nothing": (lambda la, a: la.svd(a), np.zeros((0, 3))),
    "eigh of one triangle": (lambda la, a: la.eigh(a), np.tril(S)),
    "eigh of the other": (lambda la, a: la.eigh(a, "U"), np.triu(S)),
    "cholesky of one triangle": (lambda la, a: la.cholesky(a), np.tril(S)),
    "det of none": (lambda la, a: la.det(a), np.zeros((2, 0, 0))),
    "slogdet of none": (lambda la, a: la.slogdet(a), np.zeros((0, 0))),
    "slogdet of a singular": (lambda la, a: la.slogdet(a), np.zeros((2, 2))),
    "det of a singular": (lambda la, a: la.det(a), np.ones((4, 4))),
    "inv of none": (lambda la, a: la.inv(a), np.zeros((0, 0))),
    "inv of one": (lambda la, a: la.inv(a), np.array([[4.0]])),
    "solve of integers": (lambda la, a, b: la.solve(a, b), np.eye(2, dtype=int) * 2, np.ones(2)),
    "lstsq whole": (lambda la, a, b: la.lstsq(a, b, rcond=None), TALL, normal(7, 5, 2)),
    "lstsq wide": (lambda la, a, b: la.lstsq(a, b, rcond=None), WIDE, normal(7, 2)),
    "lstsq rcond": (
        lambda la, a, b: la.lstsq(a, b, rcond=0.5)[0],
        np.diag([4.0, 3.0, 1.0]),
        normal(7, 3),
    ),
    "pinv of low rank": (lambda la, a: la.pinv(a, 1e-10), normal(8, 5, 2) @ normal(9, 2, 4)),
    "pinv of rconds": (lambda la, a: la.pinv(a, np.array([0.1, 0.9])), STACK),
    "matrix_rank": (lambda la, a: la.matrix_rank(a), normal(8, 5, 2) @ normal(9, 2, 4)),
    "matrix_rank of stacks": (lambda la, a: la.matrix_rank(a, tol=3.0), STACK),
    "matrix_rank of a vector": (lambda la, a: la.matrix_rank(a), V),
    "cond of a singular": (lambda la, a: la.cond(a), np.zeros((2, 2))),
    "cond -2": (lambda la, a: la.cond(a, -2), A),
    "cond fro": (lambda la, a: la.cond(a, "fro"), A),
    "norm fro": (lambda la, a: la.norm(a, "fro"), A),
    "norm 0": (lambda la, a: la.norm(a, 0), V),
    "norm inf": (lambda la, a: la.norm(a, np.inf), A),
    "tensorsolve axes": (
        lambda la, a, b: la.tensorsolve(a, b, axes=(0,)),
        A.reshape(2, 4, 2).transpose(0, 1, 2),
        normal(4, 4),
    ),
    "float32": (lambda la, a, b: la.solve(a, b), A.astype("f4"), V.astype("f4")),
    "float32 and integers": (
        lambda la, a, b: la.solve(a, b),
        A.astype("f4"),
        np.arange(4),
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    f, *arrays = VALUES[name]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = f(np.linalg, *arrays)
    actual = swntk.jit(lambda *a: f(np.linalg, *a))(*arrays)
    assert type(actual) is type(expected) or not isinstance(expected, tuple)
    for ours, theirs in zip(leaves(actual), leaves(expected), strict=True):
        assert_close(ours, np.asarray(theirs), 1e-5 if "float32" in name else 1e-12)


def scalar(m, f):
    """A number that depends on every result."""

    def function(*arrays):
        results = leaves(f(m.np.linalg, *arrays))
        return sum(m.np.sum(m.np.sin(r + 0.3) * (i + 1)) for i, r in enumerate(results))

    return function


@pytest.mark.parametrize("name", BOTH)
def test_derivatives(name):
    f, *arrays = BOTH[name]
    which = tuple(range(len(arrays)))
    directions = [normal(20 + i, *a.shape) for i, a in enumerate(arrays)]

    def derivatives(m):
        def whole(*arguments):
            given = arguments[: len(which)]
            gradient = m.grad(scalar(m, f), argnums=which)
            # Forward over reverse: the first derivative backwards, the second forwards.
            values, tangents = m.jvp(gradient, given, arguments[len(which) :])
            forward = m.jvp(scalar(m, f), given, arguments[len(which) :])
            return list(values), list(tangents), list(forward)

        return whole

    expected = jax.jit(derivatives(THEIRS))(*arrays, *directions)
    assert_trees_close(derivatives(OURS)(*arrays, *directions), expected)


@pytest.mark.parametrize(
    "name", ["solve", "slogdet", "cholesky", "qr", "eigh", "svd tall", "det", "pinv"]
)
def test_derivatives_of_f32(name):
    f, *arrays = BOTH[name]
    which = tuple(range(len(arrays)))
    expected = jax.jit(jax.grad(scalar(THEIRS, f), argnums=which))(*arrays)
    actual = swntk.grad(scalar(OURS, f), argnums=which)(*(a.astype("f4") for a in arrays))
    for ours, theirs in zip(actual, expected, strict=True):
        assert_close(ours, np.asarray(theirs).astype("f4"), 1e-4)  # conditions of about 10


@pytest.mark.parametrize(
    "name", [f"{name} of stacks" for name in ("solve", "inv", "cholesky", "eigh", "svd")]
)
def test_vmap_and_scan(name):
    f, *arrays = BOTH[name]
    whole = swntk.jit(lambda *a: f(np.linalg, *a))(*arrays)
    mapped = swntk.vmap(lambda *a: f(np.linalg, *a))(*arrays)
    _, scanned = swntk.lax.scan(lambda c, a: (c, f(np.linalg, *a)), 0.0, tuple(arrays))
    for a, b, c in zip(leaves(whole), leaves(mapped), leaves(scanned), strict=True):
        assert_close(b, a, 1e-13)
        assert_close(c, a, 1e-13)

    def total(m):
        def step(carry, a):
            return carry + scalar(m, f)(*a), None

        return lambda *a: m.scan(step, 0.0, tuple(a))[0]

    which = tuple(range(len(arrays)))
    expected = jax.jit(jax.grad(total(THEIRS), argnums=which))(*arrays)
    assert_trees_close(
        list(swntk.jit(swntk.grad(total(OURS), argnums=which))(*arrays)), list(expected)
    )


def test_a_solve_maps_columns():
    """One matrix with many sides is one factorization: the sides become columns."""
    program = swntk.trace(swntk.vmap(np.linalg.solve, in_axes=(None, 0)), A, normal(1, 9, 4))
    (line,) = [text for text in str(program).splitlines() if "linear_solve" in text]
    assert "f64[4,9]" in line


def test_singular_matrices_give_what_jax_gives():
    singular = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, 1.0]])
    big = np.zeros((5, 5))
    big[:4, :4] = normal(3, 4, 4)
    for a in (singular, big):
        ours = swntk.grad(np.linalg.det)(a)
        theirs = jax.grad(jnp.linalg.det)(a)
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    nothing = np.zeros((4, 4))
    assert np.all(swntk.grad(np.linalg.det)(nothing) == 0)
    assert not np.isfinite(swntk.jit(np.linalg.inv)(nothing)).any()
    assert np.isnan(swntk.jit(np.linalg.cholesky)(-np.eye(3))).all()
    assert np.isnan(swntk.jit(np.linalg.eigvalsh)(np.full((3, 3), np.nan))).all()
    assert np.isnan(swntk.jit(np.linalg.svd)(np.full((3, 3), np.inf))[1]).all()


def test_low_rank_pseudo_inverses_have_derivatives():
    a, b = normal(8, 5, 2), normal(9, 2, 4)

    def ours(a):
        return np.sum(np.sin(np.linalg.pinv(a @ b, 1e-10)))

    def theirs(a):
        return jnp.sum(jnp.sin(jnp.linalg.pinv(a @ b, 1e-10)))

    assert_close(swntk.grad(ours)(a), np.asarray(jax.grad(theirs)(a)))


def test_one_triangle_has_the_derivative_of_one_triangle():
    def f(low):
        return np.sum(np.cos(np.linalg.cholesky(low)))

    swntk.check_grads(f, (np.tril(S),), 2)


# ---- Programs ------------------------------

POINTS, TARGETS = normal(30, 6, 2), normal(31, 6)
THETA = np.array([0.1, -0.3, -1.0])


def covariance(m, theta, x):
    squares = m.np.sum((x[:, None] - x) ** 2, axis=-1)
    kernel = m.np.exp(theta[0] - 0.5 * squares * m.np.exp(-2 * theta[1]))
    return kernel + m.np.exp(2 * theta[2]) * m.np.eye(len(x))


def by_slogdet(m, theta, x, y):
    k = covariance(m, theta, x)
    return 0.5 * y @ m.np.linalg.solve(k, y) + 0.5 * m.np.linalg.slogdet(k)[1]


def by_cholesky(m, theta, x, y):
    factor = m.np.linalg.cholesky(covariance(m, theta, x))
    z = m.np.linalg.solve(factor, y)
    return 0.5 * z @ z + m.np.sum(m.np.log(m.np.diagonal(factor)))


def by_eigenvalues(m, theta, x, y):
    w, v = m.np.linalg.eigh(covariance(m, theta, x))
    z = v.T @ y
    return 0.5 * m.np.sum(z * z / w + m.np.log(w))


def kalman(m, theta, observations):
    """The negative log-likelihood of a linear Gaussian state space model."""
    np_ = m.np
    move = np.array([[0.9, 0.2], [-0.2, 0.9]]) * np_.exp(-theta[0] ** 2)
    noise = np_.exp(theta[1]) * np_.eye(2)
    seen = np_.exp(theta[2]) * np_.eye(2)

    def step(carry, y):
        mean, spread = carry
        mean, spread = move @ mean, move @ spread @ move.T + noise
        innovation = y - mean
        total = spread + seen
        gain = np_.linalg.solve(total, spread).T
        loss = innovation @ np_.linalg.solve(total, innovation) + np_.linalg.slogdet(total)[1]
        return (mean + gain @ innovation, spread - gain @ spread), loss

    start = np_.zeros(2), np_.eye(2)
    return m.np.sum(m.scan(step, start, observations)[1]) / 2


MODELS = {
    "slogdet": (by_slogdet, POINTS, TARGETS),
    "cholesky": (by_cholesky, POINTS, TARGETS),
    "eigh": (by_eigenvalues, POINTS, TARGETS),
    "kalman": (kalman, normal(32, 7, 2)),
}


@pytest.mark.parametrize("name", MODELS)
def test_models(name):
    f, *data = MODELS[name]

    def all_of(m):
        def function(theta, *data):
            return (
                m.value_and_grad(lambda t: f(m, t, *data))(theta),
                m.hessian(lambda t: f(m, t, *data))(theta),
            )

        return function

    expected = jax.jit(all_of(THEIRS))(THETA, *data)
    assert_trees_close(all_of(OURS)(THETA, *data), expected)
    assert_trees_close(swntk.jit(all_of(OURS))(THETA, *data), expected)


def whitened(np_, params, x):
    """A network with a Cholesky factor and a solve between its layers."""
    h = np_.tanh(x @ params["w"])
    spread = params["c"] @ params["c"].T + np_.eye(3)
    h = np_.linalg.solve(np_.linalg.cholesky(spread), h.T).T
    return np_.linalg.solve(params["a"] + 4 * np_.eye(3), h[..., None])[..., 0] @ params["v"]


@pytest.mark.parametrize("implementation", NtkImplementation)
def test_tangent_kernels(implementation):
    shapes = {"w": (2, 3), "c": (3, 3), "a": (3, 3), "v": (3, 2)}
    params = {name: normal(40 + i, *shape) for i, (name, shape) in enumerate(shapes.items())}
    x1, x2 = normal(44, 4, 2), normal(45, 3, 2)
    jacobians = [
        jax.jacobian(lambda p, x=x: whitened(jnp, p, x))(params) for x in (x1, x2)
    ]
    flat = [
        np.concatenate([np.reshape(j[k], (len(x), 2, -1)) for k in sorted(params)], axis=-1)
        for j, x in zip(jacobians, (x1, x2), strict=True)
    ]
    expected = np.einsum("nop,mop->nm", *flat) / 2
    kernel = swntk.empirical_ntk_fn(
        lambda p, x: whitened(np, p, x), implementation=implementation
    )
    assert_close(kernel(x1, x2, params), expected)


# ---- swntk.lax.linalg ------------------------------


def test_lax_linalg():
    ours, theirs = swntk.lax.linalg, jax.lax.linalg
    calls = [
        (lambda la, a: la.cholesky(a), S),
        (lambda la, a: la.cholesky(a, symmetrize_input=False), np.tril(S)),
        (lambda la, a: la.eigh(a), S),
        (lambda la, a: la.lu(a), A),
        (lambda la, a: la.lu(a), WIDE),
        (lambda la, a: la.lu(a), TALL),
        (lambda la, a: la.lu(a), STACK),
        (lambda la, a: la.qr(a), TALL),
        (lambda la, a: la.qr(a, full_matrices=False), TALL),
        (lambda la, a: la.svd(a), WIDE),
        (lambda la, a: la.svd(a, full_matrices=False, compute_uv=False), WIDE),
        (lambda la, a: la.householder_product(a, a[0, :2]), TALL),
    ]
    for left in (False, True):
        for lower in (False, True):
            for transposed in (False, True):
                for unit in (False, True):
                    options = {
                        "left_side": left,
                        "lower": lower,
                        "transpose_a": transposed,
                        "unit_diagonal": unit,
                    }
                    calls.append(
                        (lambda la, a, o=options: la.triangular_solve(a, a.T / 10, **o), A)
                    )
    for f, a in calls:
        expected = f(theirs, jnp.asarray(a))
        actual = f(ours, a)
        for x, y in zip(leaves(actual), leaves(expected), strict=True):
            assert_close(x, np.asarray(y))
    for a in (A, WIDE, TALL):
        expected = jax.jit(jax.hessian(lambda x: jnp.sum(jnp.sin(theirs.lu(x)[0]))))(a)
        actual = swntk.hessian(lambda x: np.sum(np.sin(ours.lu(x)[0])))(a)
        assert_close(actual, np.asarray(expected))


# ---- Errors ------------------------------

ERRORS = [
    (lambda la, x: la.inv(x[:2]), np.linalg.LinAlgError),
    (lambda la, x: la.inv(x[0]), np.linalg.LinAlgError),
    (lambda la, x: la.cholesky(x[:, :2]), np.linalg.LinAlgError),
    (lambda la, x: la.eigh(x[0]), np.linalg.LinAlgError),
    (lambda la, x: la.eigh(x, "Q"), ValueError),
    (lambda la, x: la.svd(x[0]), np.linalg.LinAlgError),
    (lambda la, x: la.qr(x, "nonsense"), ValueError),
    (lambda la, x: la.solve(x, x[:2]), ValueError),
    (lambda la, x: la.solve(x[:2], x), np.linalg.LinAlgError),
    (lambda la, x: la.lstsq(x, x[:2], rcond=None), np.linalg.LinAlgError),
    (lambda la, x: la.lstsq(x[None], x, rcond=None), np.linalg.LinAlgError),
    (lambda la, x: la.matrix_power(x[:2], 2), np.linalg.LinAlgError),
    (lambda la, x: la.matrix_power(x, 1.5), TypeError),
    (lambda la, x: la.norm(x, "nonsense"), ValueError),
    (lambda la, x: la.norm(x[0], "fro"), ValueError),
    (lambda la, x: la.norm(x, 3), ValueError),
    (lambda la, x: la.cond(x[0]), np.linalg.LinAlgError),
    (lambda la, x: la.tensorinv(x, 0), ValueError),
    (lambda la, x: la.tensorsolve(x, x[:2]), np.linalg.LinAlgError),
]


@pytest.mark.parametrize("row", range(len(ERRORS)))
def test_errors_are_numpys(row):
    f, kind = ERRORS[row]
    with pytest.raises(kind):
        f(np.linalg, A)
    with pytest.raises(kind) as caught:
        swntk.trace(lambda x: f(np.linalg, x), A)
    assert isinstance(caught.value, (swntk.NTKError, TypeError))
    assert "test_linalg.py:" in str(caught.value)


def test_what_has_no_derivative_or_is_complex_says_so():
    with pytest.raises(swntk.UnsupportedError, match="full_matrices"):
        swntk.grad(lambda x: np.sum(np.linalg.svd(x)[0]))(TALL)
    with pytest.raises(swntk.UnsupportedError, match="mode='reduced'"):
        swntk.grad(lambda x: np.sum(np.linalg.qr(x, "complete")[0]))(TALL)
    for f in (np.linalg.eig, np.linalg.eigvals):
        with pytest.raises(swntk.UnsupportedError, match="symmetric"):
            swntk.trace(f, A)
    with pytest.raises(swntk.UnsupportedError, match="reduced"):
        swntk.trace(lambda x: np.linalg.qr(x, "raw"), A)
