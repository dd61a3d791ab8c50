"""Law: roots and linear solves give JAX's values and derivatives; so do associative scans and the
modes of loops. The solvers themselves call `jacobian` and `np.linalg.solve`."""

from types import SimpleNamespace

import numpy as np
import pytest
import swntk
from checkers import assert_close, assert_trees_close

jax = pytest.importorskip("jax")

NAMES = ["jvp", "vjp", "grad", "jacfwd", "jacrev", "hessian", "vmap", "jit", "lax"]
OURS = SimpleNamespace(np=np, jacobian=swntk.jacobian, **{n: getattr(swntk, n) for n in NAMES})
THEIRS = SimpleNamespace(np=jax.numpy, jacobian=jax.jacrev, **{n: getattr(jax, n) for n in NAMES})
A = np.array([4.0, 9.0, 2.5])


def _has_linalg_solve() -> bool:
    try:
        swntk.trace(np.linalg.solve, np.eye(2), np.ones(2))
    except swntk.NTKError:
        return False
    return True


HAS_SOLVE = _has_linalg_solve()


def linalg_solve(m, a, b):
    return m.np.linalg.solve(a, b[:, None])[:, 0]


def eliminated(m, a, b):
    """Gaussian elimination without pivoting, of a small matrix; linear in b as it stands."""
    n = len(b)
    rows, right = [a[i] for i in range(n)], [b[i] for i in range(n)]
    for i in range(n):
        right[i] = right[i] / rows[i][i]
        rows[i] = rows[i] / rows[i][i]
        for k in range(n):
            if k != i:
                right[k] = right[k] - rows[k][i] * right[i]
                rows[k] = rows[k] - rows[k][i] * rows[i]
    return m.np.stack(right)


def newton(m, solve, steps=8):
    """Newton's method by the explicit Jacobian."""

    def run(f, x):
        if m.np.ndim(x) == 0:
            return m.lax.fori_loop(0, steps, lambda _, x: x - f(x) / m.jacobian(f)(x), x)
        return m.lax.fori_loop(0, steps, lambda _, x: x - solve(m, m.jacobian(f)(x), f(x)), x)

    return run


def by_jacobian(m, solve):
    def run(g, y):
        if m.np.ndim(y) == 0:
            return y / m.jacobian(g)(m.np.ones_like(y))
        return solve(m, m.jacobian(g)(y), y)

    return run


def scalar_root(m, solve):
    """x³ + x = a, its derivative by the equation's own."""

    def f(a):
        def root(a):
            return m.lax.custom_root(
                lambda x: x**3 + x - a, m.np.ones_like(a), newton(m, solve), lambda g, y: y / g(1.0)
            )

        return m.np.stack([root(a[0]), root(a[1] * a[2])])

    return f


def vector_root(m, solve):
    def f(a):
        def residual(x):
            return x**3 + m.np.sum(a) * x + m.np.roll(x, 1) * a - 2

        return m.lax.custom_root(residual, 0.3 * a, newton(m, solve), by_jacobian(m, solve))

    return f


def tree_root(m, solve):
    """Unknowns in a tree, solved by a fixed point; something beside the root."""

    def f(a):
        def residual(u):
            return {"x": u["x"] - m.np.cos(a[0] * u["y"]) / 4, "y": u["y"] - a[1] / 20 * u["x"] - 1}

        def iterate(f, u):
            def step(_, u):
                r = f(u)
                return {k: u[k] - r[k] for k in u}

            return m.lax.fori_loop(0, 60, step, u), u["x"]

        def tangent(g, r):
            # Two unknowns: the matrix by columns.
            one, zero = m.np.ones(()), m.np.zeros(())
            c, d = g({"x": one, "y": zero}), g({"x": zero, "y": one})
            det = c["x"] * d["y"] - d["x"] * c["y"]
            return {
                "x": (r["x"] * d["y"] - d["x"] * r["y"]) / det,
                "y": (c["x"] * r["y"] - r["x"] * c["y"]) / det,
            }

        guess = {"x": m.np.ones(()), "y": m.np.ones(())}
        root, aux = m.lax.custom_root(residual, guess, iterate, tangent, has_aux=True)
        return m.np.stack([root["x"], root["y"], aux])

    return f


def matrix(m, a):
    return m.np.stack([m.np.roll(a, i) for i in range(3)]) * m.np.sin(a) + 6 * np.eye(3)


def explicit_solve(m, solve):
    """The matrix is the explicit Jacobian of matvec."""

    def f(a):
        big = matrix(m, a)

        def run(mv, b):
            return solve(m, m.jacobian(mv)(b), b)

        return m.lax.custom_linear_solve(lambda x: big @ x, a * a, run, transpose_solve=run)

    return f


def symmetric_solve(m, solve):
    def f(a):
        big = matrix(m, a) @ matrix(m, a).T

        def run(mv, b):
            return solve(m, m.jacobian(mv)(b), b)

        return m.lax.custom_linear_solve(lambda x: big @ x, m.np.cos(a), run, symmetric=True)

    return f


def tree_solve(m, solve):
    """Diagonal, of two arrays."""

    def f(a):
        def run(mv, b):
            one = {"u": m.np.ones(3), "v": m.np.ones(())}
            d = mv(one)
            return {k: b[k] / d[k] for k in b}

        x = m.lax.custom_linear_solve(
            lambda x: {"u": a * x["u"], "v": a[0] * a[1] * x["v"]},
            {"u": m.np.sin(a), "v": a[2]},
            run,
            transpose_solve=run,
        )
        return x["u"] * x["v"]

    return f


ROWS = [scalar_root, vector_root, tree_root, explicit_solve, symmetric_solve, tree_solve]


def total(m, f):
    return lambda a: m.np.sum(m.np.sin(f(a)))


def in_scan(m, f):
    def body(c, x):
        y = f(c + x)
        return c + 0.1 * m.np.sum(y), y

    return lambda a: m.lax.scan(body, a, m.np.stack([a, 0.5 * a]))


WAYS = {
    "value": lambda m, f: f,
    "jvp": lambda m, f: lambda a: m.jvp(f, (a,), (m.np.cos(a),)),
    "jacfwd": lambda m, f: m.jacfwd(f),
    "jacrev": lambda m, f: m.jacrev(f),
    "hessian": lambda m, f: m.hessian(total(m, f)),
    "twice in reverse": lambda m, f: m.jacrev(m.grad(total(m, f))),
    "vmap": lambda m, f: lambda a: m.vmap(f)(m.np.stack([a, 0.5 * a])),
    "vmap of grad": lambda m, f: lambda a: m.vmap(m.grad(total(m, f)))(m.np.stack([a, a / 2])),
    "scan": lambda m, f: m.jacfwd(lambda a: in_scan(m, f)(a)[1]),
    "grad of scan": lambda m, f: m.jit(m.grad(lambda a: m.np.sum(in_scan(m, f)(a)[0]))),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", ROWS, ids=lambda f: f.__name__)
def test_as_jax(make, way):
    ours = WAYS[way](OURS, make(OURS, eliminated))(A)
    theirs = WAYS[way](THEIRS, make(THEIRS, eliminated))(A)
    # Solvers stop at another last bit of the root, which second derivatives magnify.
    assert_trees_close(ours, jax.tree.map(np.asarray, theirs))


@pytest.mark.skipif(not HAS_SOLVE, reason="np.linalg.solve is not traced yet")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", [vector_root, explicit_solve, symmetric_solve])
def test_numpy_solve(make, way):
    ours = WAYS[way](OURS, make(OURS, linalg_solve))(A)
    theirs = WAYS[way](THEIRS, make(THEIRS, linalg_solve))(A)
    assert_trees_close(ours, jax.tree.map(np.asarray, theirs))


def test_kernel_of_a_root():
    """All implementations agree on an implicit layer's kernel."""

    def f(p, x):
        def layer(row):
            return swntk.lax.custom_root(
                lambda z: z - np.tanh(p["w"] * z + row),
                np.zeros_like(row),
                lambda f, z: swntk.lax.fori_loop(0, 60, lambda _, z: z - f(z), z),
                lambda g, y: y / g(np.ones_like(y)),
            )

        return swntk.vmap(layer)(x) @ p["v"]

    rng = np.random.default_rng(0)
    p = {"w": 0.5 * rng.normal(size=3), "v": rng.normal(size=(3, 2))}
    x = rng.normal(size=(4, 3))
    thetas = [
        swntk.empirical_ntk_fn(f, trace_axes=(), implementation=i)(x, None, p)
        for i in swntk.NtkImplementation
    ]
    jacobian = swntk.jacrev(f)(p, x)
    rows = np.concatenate([jacobian[k].reshape(4, 2, -1) for k in p], axis=-1)
    for theta in thetas:
        assert_close(theta, np.einsum("iap,jbp->ijab", rows, rows))


def test_solver_aux():
    """What stands beside the solution has no derivative."""

    def f(m, a):
        return m.lax.custom_linear_solve(
            lambda x: a * x,
            m.np.cos(a),
            lambda mv, b: (b / a, {"n": 2 * b}),
            has_aux=True,
            symmetric=True,
        )

    assert_trees_close(f(OURS, A), jax.tree.map(np.asarray, f(THEIRS, A)))

    def loss(m):
        def run(a):
            x, aux = f(m, a)
            return m.np.sum(x * aux["n"])

        return run

    assert_close(swntk.grad(loss(OURS))(A), np.asarray(jax.grad(loss(THEIRS))(A)))
    rows = np.stack([A, 2 * A])
    mapped = swntk.vmap(lambda a: f(OURS, a))(rows)
    assert_close(mapped[1]["n"], 2 * np.cos(rows))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_solver_types(dtype):
    """A Python number as a guess takes the type of what it meets."""
    four = dtype(4)
    root = swntk.lax.custom_root(
        lambda x: x * x - four, 1.0, newton(OURS, None), lambda g, y: y / g(1.0)
    )
    assert root == 2 and root.dtype == dtype


def test_solver_refuses():
    solve = swntk.lax.custom_linear_solve
    cases = [
        (lambda: swntk.lax.custom_root(lambda x: x, np.arange(3), None, None), swntk.DTypeError),
        (lambda: swntk.lax.custom_root(lambda x: x[:2], A, None, None), swntk.ShapeError),
        (lambda: swntk.lax.custom_root(lambda x: (x, x), A, None, None), TypeError),
        (
            lambda: swntk.lax.custom_root(lambda x: x, A, lambda f, x: x[:1], lambda g, y: y),
            swntk.ShapeError,
        ),
        (lambda: solve(lambda x: x, A, lambda mv, b: (b, b)), TypeError),
        (lambda: solve(lambda x: x, A, lambda mv, b: b, has_aux=True), TypeError),
        (
            lambda: swntk.grad(lambda a: np.sum(solve(lambda x: a * x, A, lambda mv, b: b / a)))(A),
            swntk.UnsupportedError,
        ),
    ]
    for call, error in cases:
        with pytest.raises(error):
            call()


SCANS = [
    (lambda m: m.np.add, lambda x: x, {}),
    (lambda m: m.np.multiply, lambda x: x, {"axis": 1}),
    (lambda m: m.np.maximum, lambda x: x, {"axis": 1, "reverse": True}),
    (lambda m: m.np.matmul, lambda x: x[:, :4].reshape(-1, 2, 2), {"reverse": True}),
    (
        lambda m: lambda a, b: {"w": a["w"] * b["w"], "c": a["c"] * b["w"] + b["c"]},
        lambda x: {"w": x, "c": x * 2},
        {},
    ),
]


@pytest.mark.parametrize("row", range(len(SCANS)))
@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 8])
def test_associative_scan(row, length):
    function, elems, options = SCANS[row]
    x = np.random.default_rng(length).normal(size=(length, 5)) + 1

    def run(m, x):
        return m.lax.associative_scan(function(m), elems(x), **options)

    expected = run(THEIRS, jax.numpy.asarray(x))
    assert_trees_close(run(OURS, x), jax.tree.map(np.asarray, expected), 1e-15)
    if length not in (3, 7):
        return

    def loss(m):
        return lambda x: sum(m.np.sum(m.np.sin(y)) for y in jax.tree.leaves(run(m, x)))

    assert_close(swntk.grad(loss(OURS))(x), np.asarray(jax.grad(loss(THEIRS))(x)))
    assert_close(
        swntk.vmap(lambda r: swntk.lax.associative_scan(np.add, r))(x), np.cumsum(x, 1), 1e-14
    )


def test_associative_scan_refuses():
    for call, error in [
        (lambda: swntk.lax.associative_scan(3, A), swntk.ArgumentError),
        (lambda: swntk.lax.associative_scan(np.add, (A, A[:2])), swntk.ShapeError),
        (lambda: swntk.lax.associative_scan(np.add, 1.0), swntk.ShapeError),
        (lambda: swntk.lax.associative_scan(lambda a, b: (a, b), A), swntk.ArgumentError),
    ]:
        with pytest.raises(error):
            call()


def modes(m):
    x = np.arange(7.0)
    return {
        "unroll": lambda a: m.lax.scan(lambda c, x: (c + x, c * a), 0.0, a, unroll=2),
        "unroll all": lambda a: m.lax.scan(
            lambda c, x: (c + x, None), 0.0, a, unroll=True, _split_transpose=True
        ),
        "no xs": lambda a: m.lax.scan(lambda c, _: (c * a, c), a, None, length=3),
        "length beside xs": lambda a: m.lax.scan(lambda c, x: (c + x, x), 0.0, a, length=3),
        "map in batches": lambda a: m.lax.map(lambda v: v * a, x, batch_size=3),
        "map in one batch": lambda a: m.lax.map(lambda v: (v, v * a), x, batch_size=7),
        "map of more": lambda a: m.lax.map(lambda v: v * a, x, batch_size=10),
        "fori": lambda a: m.lax.fori_loop(1, 4, lambda i, v: v * a + i, a, unroll=2),
        "fori none": lambda a: m.lax.fori_loop(4, 1, lambda i, v: v * a, a),
        "cond of trees": lambda a: m.lax.cond(
            a[0] > 1, lambda t, k: t["x"] * k[0], lambda t, k: t["x"] + k[0], {"x": a}, (2.0,)
        ),
        "switch below": lambda a: m.lax.switch(-5, [lambda t: t[0], lambda t: t[1]], (a, 2 * a)),
        "switch above": lambda a: m.lax.switch(7, [lambda v: v, m.np.sin, m.np.cos], a),
        "nested": lambda a: m.lax.scan(
            lambda c, x: (m.lax.fori_loop(0, 2, lambda i, v: m.np.sin(v) * x, c), c), a, a
        ),
    }


@pytest.mark.parametrize("name", modes(OURS))
def test_modes(name):
    ours, theirs = modes(OURS)[name], modes(THEIRS)[name]

    def loss(m, f):
        return lambda a: sum(m.np.sum(m.np.sin(y)) for y in jax.tree.leaves(f(a)))

    assert_trees_close(swntk.jit(ours)(A), jax.tree.map(np.asarray, theirs(A)))
    assert_close(swntk.grad(loss(OURS, ours))(A), np.asarray(jax.grad(loss(THEIRS, theirs))(A)))
