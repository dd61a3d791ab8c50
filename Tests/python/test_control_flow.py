"""Law: branches and loops on traced numbers give JAX's values and derivatives, however nested.

Each row is written once for swntk over NumPy and once for JAX through `both`.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import swntk
from checkers import assert_close, assert_trees_close

jax = pytest.importorskip("jax")

NAMES = ["jvp", "vjp", "grad", "jacfwd", "jacrev", "hessian", "vmap", "jit"]
OURS = SimpleNamespace(np=np, lax=swntk.lax, **{n: getattr(swntk, n) for n in NAMES})
THEIRS = SimpleNamespace(np=jax.numpy, lax=jax.lax, **{n: getattr(jax, n) for n in NAMES})
X = np.array([0.7, -0.3, 1.2])


def closing_over(m, x):
    scale = 2 * x
    table = np.arange(3.0)

    def first(v):
        return m.np.sin(v) * scale, v.sum()

    def second(v):
        return v * v + table, m.np.prod(v)

    return m.lax.cond(x[0] > 0.5, first, second, x + 1)


def constant_branch(m, x):
    return m.lax.cond(x[1] > 0, lambda v: v, lambda v: m.np.zeros_like(v) + 1.0, x) * x


def three_ways(m, x):
    index = (m.np.abs(x[0]) * 2).astype(int)
    tree = {"a": x, "b": (x[0], 2)}

    def square(t):
        return {"y": t["a"] ** 2, "n": t["b"][1] + 1}

    def first(t):
        return {"y": t["a"] * t["b"][0], "n": t["b"][1]}

    def last(t):
        return {"y": m.np.exp(t["a"]), "n": t["b"][1] * 3}

    return m.lax.switch(index, [first, square, last], tree)["y"]


def nested(m, x):
    def inner(v):
        return m.lax.cond(v[2] > 1, lambda w: w * x, lambda w: w - x, m.np.cos(v))

    return m.lax.cond(x.sum() > 0, inner, lambda v: v * v, x)


def in_a_scan(m, x):
    def step(carry, t):
        new = m.lax.cond(t > 0, lambda c: c * t, lambda c: m.np.sin(c) + t, carry)
        return new, new

    return m.lax.scan(step, x[0] + 1, x)


def scan_in_a_branch(m, x):
    def loop(v):
        return m.lax.scan(lambda c, t: (c * t + v[0], c), v[1], v)[1]

    return m.lax.cond(x[2] > 1, loop, lambda v: v + 1, x)


def weak_results(m, x):
    return x * m.lax.cond(x[0] > 0, lambda: 2.0, lambda: 3.0) + m.lax.cond(
        x[0] > 9, lambda: x[0], lambda: 1.0
    )


def zero_tangents(m, x):
    return m.lax.cond(x[0] > 0, lambda v, n: (v, n), lambda v, n: (2 * v, n + 1), x, 3)[0]


BRANCHES = [
    closing_over, constant_branch, three_ways, nested, in_a_scan, scan_in_a_branch, weak_results,
    zero_tangents,
]  # fmt: skip
POINTS = [X, -X, X * 0.1, np.array([1.6, 0.2, 0.5])]


def flat(m, f):
    """One array of all floating results."""

    def g(x):
        leaves = f(m, x)
        leaves = list(leaves) if isinstance(leaves, (tuple, list)) else [leaves]
        return m.np.concatenate([m.np.ravel(leaf) for leaf in leaves])

    return g


@pytest.mark.parametrize("point", range(len(POINTS)))
@pytest.mark.parametrize("f", BRANCHES)
def test_branches_are_jaxs(f, point):
    x = POINTS[point]
    ours, theirs = flat(OURS, f), flat(THEIRS, f)
    assert_close(swntk.jit(ours)(x), theirs(x))
    direction = np.array([0.3, -1.0, 0.5])
    assert_trees_close(
        list(swntk.jvp(ours, (x,), (direction,))), [*jax.jvp(theirs, (x,), (direction,))]
    )
    assert_close(swntk.jacrev(ours)(x), jax.jacrev(theirs)(x))
    assert_close(swntk.jacfwd(ours)(x), jax.jacfwd(theirs)(x))
    assert_close(swntk.jacfwd(swntk.jacrev(ours))(x), jax.jacfwd(jax.jacrev(theirs))(x))


@pytest.mark.parametrize("f", BRANCHES)
def test_branches_map(f):
    """Where each sample has its own branch."""
    ours, theirs = flat(OURS, f), flat(THEIRS, f)
    x = np.stack(POINTS)
    assert_close(swntk.vmap(ours)(x), jax.vmap(theirs)(x))
    assert_close(swntk.vmap(swntk.jacrev(ours))(x), jax.vmap(jax.jacrev(theirs))(x))


def test_branches_map_under_one_condition():
    def f(m):
        def g(pred, x):
            return m.lax.cond(pred, lambda v: (v * 2, 1.0), lambda v: (v, 0.0), x)

        return g

    for pred in (True, False):
        for a, e in zip(
            swntk.vmap(f(OURS), in_axes=(None, 0))(pred, X),
            jax.vmap(f(THEIRS), in_axes=(None, 0))(pred, X),
        ):
            assert_close(a, e)


def test_only_one_branch_runs():
    def f(i, x):
        return swntk.lax.cond(i < 3, lambda: x[i], lambda: -1.0)

    run = swntk.jit(f)
    assert run(np.int64(1), X) == X[1]
    # x[7] is out of range, which is an error where it runs.
    assert run(np.int64(7), X) == -1.0


@pytest.mark.parametrize("index", [-5, 0, 1, 2, 9, 2**40])
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
def test_indices_are_clamped(index, dtype):
    if not np.iinfo(dtype).min <= index <= np.iinfo(dtype).max:
        pytest.skip("out of the type's range")
    run = swntk.jit(lambda i: swntk.lax.switch(i, [lambda: 0, lambda: 1, lambda: 2]))
    assert run(dtype(index)) == min(max(index, 0), 2)


# ---- while -------------------------------------------------------------------------------------


def powers(m, x):
    def holds(state):
        return m.np.abs(state[1]).max() < 50

    def step(state):
        n, v = state
        return n + 1, v * (1.5 + x * x) + m.np.sin(v)

    return m.lax.while_loop(holds, step, (0, x))


def newton(m, x):
    target = m.np.abs(x[0]) + 1

    def holds(s):
        return m.np.abs(s * s - target) > 1e-12

    return m.lax.while_loop(holds, lambda s: 0.5 * (s + target / s), 1.0 * target)


def counted(m, x):
    n = (m.np.abs(x[0]) * 4).astype(int)
    return m.lax.fori_loop(0, n, lambda i, v: v * x + i, m.np.cos(x))


def grows_a_tangent(m, x):
    def step(s):
        i, a, b = s
        return i + 1, b, b * x[0]

    return m.lax.while_loop(lambda s: s[0] < 3, step, (0, 1.0, x[1] * 0 + 2.0))[1:]


def nothing_to_do(m, x):
    return m.lax.while_loop(lambda s: s[0] > 100, lambda s: s * 2, x)


def in_a_branch(m, x):
    return m.lax.cond(x[0] > 0, lambda: counted(m, x), lambda: x)


LOOPS = [powers, newton, counted, grows_a_tangent, nothing_to_do, in_a_branch]


@pytest.mark.parametrize("point", range(len(POINTS)))
@pytest.mark.parametrize("f", LOOPS)
def test_loops_are_jaxs(f, point):
    x = POINTS[point]
    ours, theirs = flat(OURS, f), flat(THEIRS, f)
    assert_close(swntk.jit(ours)(x), theirs(x))
    assert_close(swntk.jacfwd(ours)(x), jax.jacfwd(theirs)(x))
    assert_close(swntk.jacfwd(swntk.jacfwd(ours))(x), jax.jacfwd(jax.jacfwd(theirs))(x))


@pytest.mark.parametrize("f", LOOPS)
def test_loops_map(f):
    """Each sample ends when it ends."""
    ours, theirs = flat(OURS, f), flat(THEIRS, f)
    x = np.stack(POINTS)
    assert_close(swntk.vmap(ours)(x), jax.vmap(theirs)(x))
    assert_close(swntk.vmap(swntk.jacfwd(ours))(x), jax.vmap(jax.jacfwd(theirs))(x))


def test_reverse_mode_through_a_loop_says_why():
    with pytest.raises(swntk.UnsupportedError, match="how many steps"):
        swntk.grad(lambda x: powers(OURS, x)[1].sum())(X)
    with pytest.raises(swntk.UnsupportedError, match="forward mode"):
        swntk.vjp(lambda x: newton(OURS, x), X)
    # Where no derivative passes through it, a loop does not matter.
    gradient = swntk.grad(lambda x: (x * powers(OURS, X)[0]).sum())(X)
    assert_close(gradient, np.full(3, float(powers(OURS, X)[0])))


def test_bounds_that_are_known_stay_a_scan():
    def f(x):
        return swntk.lax.fori_loop(0, 3, lambda i, v: v * x, x).sum()

    assert_close(swntk.grad(f)(X), 4 * X**3)


def test_text_goes_round():
    program = swntk.trace(lambda x: (powers(OURS, x), closing_over(OURS, x)), X)
    again = swntk.Program.parse(str(program)) if hasattr(swntk.Program, "parse") else program
    assert str(again) == str(program)
    assert "while[" in str(program) and "cond[" in str(program)


# ---- errors ------------------------------------------------------------------------------------


def writes_outside(x):
    y = x.copy()

    def branch():
        y[0] = 1.0
        return x

    return swntk.lax.cond(x[0] > 0, branch, lambda: x)


def writes_in_a_loop(x):
    y = x.copy()

    def step(s):
        y[0] = 1.0
        return s * 2

    return swntk.lax.while_loop(lambda s: s[0] < 3, step, x)


lax = swntk.lax
ERRORS = {
    "structures": (
        lambda x: lax.cond(x[0] > 0, lambda: (x, x), lambda: x), swntk.ArgumentError, "structure"),
    "shapes": (
        lambda x: lax.cond(x[0] > 0, lambda: x, lambda: x[:2]), swntk.ShapeError, "(2,)"),
    "types": (
        lambda x: lax.cond(x[0] > 0, lambda: x, lambda: x.astype("f4")), swntk.DTypeError, "f"),
    "a vector for a condition": (
        lambda x: lax.cond(x > 0, lambda: x, lambda: x), swntk.ShapeError, "(3,)"),
    "a float for an index": (
        lambda x: lax.switch(x[0], [lambda: x, lambda: x]), swntk.DTypeError, "float64"),
    "no branches": (lambda x: lax.switch(1, []), swntk.ArgumentError, "at least one"),
    "no function": (lambda x: lax.cond(x[0] > 0, x, x), swntk.ArgumentError, "true_fun"),
    "a write from a branch": (writes_outside, swntk.TracingError, "assign"),
    "a write from a loop": (writes_in_a_loop, swntk.TracingError, "assign"),
    "a carry that grows": (
        lambda x: lax.while_loop(lambda s: True, lambda s: np.concatenate([s, s]), x),
        swntk.ShapeError, "(6,)"),
    "a carry of another type": (
        lambda x: lax.while_loop(lambda s: True, lambda s: s > 0, x), swntk.DTypeError, "bool"),
    "a carry of another structure": (
        lambda x: lax.while_loop(lambda s: True, lambda s: (s, s), x), swntk.ArgumentError, "val"),
    "a condition that is no bool": (
        lambda x: lax.while_loop(lambda s: s[0], lambda s: s, x), swntk.DTypeError, "bool"),
    "a condition with axes": (
        lambda x: lax.while_loop(lambda s: s > 0, lambda s: s, x), swntk.DTypeError, "bool"),
    "bounds that are floats": (
        lambda x: lax.fori_loop(0, x[0], lambda i, s: s, x), swntk.ArgumentError, "integers"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("how", ["traced", "eager"])
def test_errors(name, how):
    f, error, fact = ERRORS[name]
    with pytest.raises(error) as caught:
        swntk.jit(f)(X) if how == "traced" else swntk.eval_shape(f, X)
    assert fact in str(caught.value)
    assert "test_control_flow.py" in str(caught.value)


def test_a_leaked_value_is_named():
    kept = []
    swntk.jit(lambda x: swntk.lax.cond(x[0] > 0, lambda: (kept.append(x * 2), x)[1], lambda: x))(X)
    with pytest.raises(swntk.TracingError):
        kept[0] + 1


def test_endless_loops_can_be_cancelled():
    calls = []

    def progress(done, total):
        calls.append(done)
        raise KeyError("stop")

    f = swntk.jit(lambda x: swntk.lax.while_loop(lambda s: s[0] < np.inf, lambda s: s * 1.0, x))
    with pytest.raises(KeyError), swntk.options(progress=progress):
        f(X)
    assert calls
