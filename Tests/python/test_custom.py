"""Law: functions with rules of their own give JAX's values and derivatives, however nested.

Each row is written once for swntk over NumPy and once for JAX.
"""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import swntk
from checkers import assert_close, assert_trees_close
from swntk import NtkImplementation

jax = pytest.importorskip("jax")

NAMES = ["jvp", "vjp", "grad", "jacfwd", "jacrev", "hessian", "vmap", "jit"]
NAMES += ["custom_jvp", "custom_vjp", "checkpoint", "lax"]
OURS = SimpleNamespace(np=np, **{n: getattr(swntk, n) for n in NAMES})
THEIRS = SimpleNamespace(np=jax.numpy, **{n: getattr(jax, n) for n in NAMES})
X = np.array([0.7, -0.3, 1.2])


def softplus(m):
    """Its rule calls the function itself, and is right where the function overflows."""

    @m.custom_jvp
    def f(x):
        return m.np.log1p(m.np.exp(x))

    @f.defjvp
    def rule(primals, tangents):
        (x,), (dx,) = primals, tangents
        return f(x), dx * (1 - 1 / (1 + m.np.exp(x)))

    return f


def scaled(m):
    """Not the true derivative, so that no other way gives the same; two arguments, a tree."""

    @m.custom_jvp
    def f(x, tree):
        return {"y": m.np.sin(x) * tree["a"], "n": m.np.sum(tree["b"][0])}

    @f.defjvp
    def rule(primals, tangents):
        (x, tree), (dx, dtree) = primals, tangents
        out = f(x, tree)
        return out, {"y": 3 * dx * out["y"] + dtree["a"], "n": 5 * m.np.sum(dtree["b"][0])}

    return lambda x: f(x, {"a": m.np.cos(x), "b": (x * x,)})


def by_arguments(m):
    @m.custom_jvp
    def f(x, y):
        return m.np.sin(x) * y

    f.defjvps(lambda t, out, x, y: 2 * t * out * y, None)
    return lambda x: f(x, x + 1)


def with_function(m):
    def apply(g, x, k):
        return g(x) * k

    f = m.custom_jvp(apply, nondiff_argnums=(0, 2))

    def rule(g, k, primals, tangents):
        (x,), (dx,) = primals, tangents
        return f(g, x, k), k * dx * m.np.cos(x)

    f.defjvp(rule)
    return lambda x: f(m.np.tanh, x, 3.0)


def closing(m):
    def outer(x):
        table = np.arange(3.0)

        @m.custom_jvp
        def f(y):
            return m.np.sin(y) + table

        @f.defjvp
        def rule(primals, tangents):
            (y,), (dy,) = primals, tangents
            return f(y), dy * table * m.np.cos(y)

        return f(2 * x) * x

    return outer


def clipping(m):
    """A rule that is not linear."""

    @m.custom_vjp
    def f(x):
        return x

    f.defvjp(lambda x: (x, None), lambda _, g: (m.np.clip(g, -1, 1),))
    return lambda x: 5 * f(m.np.sin(x)) * x


def two_ways(m):
    @m.custom_vjp
    def f(x, y):
        return m.np.sin(x) * y

    def fwd(x, y):
        return f(x, y), (m.np.cos(x), m.np.sin(x), y)

    def bwd(residuals, g):
        cos, sin, y = residuals
        return 7 * cos * g * y, sin * g

    f.defvjp(fwd, bwd)
    return lambda x: f(x, m.np.exp(x)) + f(x[0], x[1])


def counting(m):
    """Integer arguments and results, a zero cotangent, a static argument."""

    def apply(x, n, power):
        return x**power * n, n + 1

    f = m.custom_vjp(apply, nondiff_argnums=(2,))

    def fwd(x, n, power):
        return apply(x, n, power), (x, n)

    def bwd(power, residuals, g):
        x, n = residuals
        return 2 * g[0] * n * x, None

    f.defvjp(fwd, bwd)
    return lambda x: f(x, 3, 2)[0] * x


def recomputed(m):
    @m.checkpoint
    def block(x, y):
        return m.np.sin(m.np.sin(x) * y), m.np.cumsum(x)

    def f(x):
        a, b = block(x, x * x)
        return block(a, b)[0] * x

    return f


def recomputed_closing(m):
    def f(x):
        scale = m.np.exp(x)
        return m.checkpoint(lambda y: m.np.tanh(y * scale) * y)(x * x)

    return f


BOTH_WAYS = [softplus, scaled, by_arguments, with_function, closing, recomputed, recomputed_closing]
REVERSE = [clipping, two_ways, counting]


def total(m, f):
    def summed(x):
        out = f(x)
        return sum(m.np.sum(y) for y in (out.values() if isinstance(out, dict) else [out]))

    return summed


def in_scan(m, f):
    def body(carry, x):
        out = f(carry * x)
        out = out["y"] if isinstance(out, dict) else out
        return out + carry, out

    return lambda x: m.lax.scan(body, x, m.np.stack([x, 2 * x, x + 1]))[0]


def in_cond(m, f):
    return lambda x: m.lax.cond(x[0] > 0, lambda v: total(m, f)(v), lambda v: v[0], x)


def in_while(m, f):
    def run(x):
        def step(s):
            return s[0] + 1, s[1] + total(m, f)(s[1])

        return m.lax.while_loop(lambda s: s[0] < 3, step, (0, x))[1]

    return run


WAYS = {
    "value": lambda m, f: f,
    "grad": lambda m, f: m.grad(total(m, f)),
    "jacrev": lambda m, f: m.jacrev(f),
    "second": lambda m, f: m.jacrev(m.grad(total(m, f))),
    "vmap": lambda m, f: lambda x: m.vmap(f)(m.np.stack([x, 2 * x])),
    "vmap of grad": lambda m, f: lambda x: m.vmap(m.grad(total(m, f)))(m.np.stack([x, 2 * x])),
    "grad of vmap": lambda m, f: m.grad(
        lambda x: total(m, lambda x: m.vmap(f)(m.np.stack([x, x * x])))(x)
    ),
    "grad of jit": lambda m, f: m.grad(m.jit(total(m, f))),
    "jit of grad": lambda m, f: m.jit(m.grad(total(m, f))),
    "scan": lambda m, f: m.grad(total(m, in_scan(m, f))),
    "cond": lambda m, f: m.grad(in_cond(m, f)),
}
FORWARD = {
    "jvp": lambda m, f: lambda x: m.jvp(f, (x,), (m.np.cos(x),)),
    "jacfwd": lambda m, f: m.jacfwd(f),
    "hessian": lambda m, f: m.hessian(total(m, f)),
    "third": lambda m, f: m.jacfwd(m.hessian(total(m, f))),
    "while": lambda m, f: lambda x: m.jvp(in_while(m, f), (x,), (m.np.ones(3),)),
}
ROWS = [(make, WAYS[way]) for make in BOTH_WAYS + REVERSE for way in WAYS]
ROWS += [(make, FORWARD[way]) for make in BOTH_WAYS for way in FORWARD]
IDS = [f"{make.__name__}-{way}" for make in BOTH_WAYS + REVERSE for way in WAYS]
IDS += [f"{make.__name__}-{way}" for make in BOTH_WAYS for way in FORWARD]


@pytest.mark.parametrize("make, way", ROWS, ids=IDS)
def test_as_jax(make, way):
    ours = way(OURS, make(OURS))(X)
    theirs = way(THEIRS, make(THEIRS))(X)
    if isinstance(theirs, tuple):
        ours, theirs = tuple(ours), jax.tree.map(np.asarray, theirs)
    assert_trees_close(ours, jax.tree.map(np.asarray, theirs))


def test_plain():
    assert softplus(OURS)(1.0) == np.log1p(np.exp(1.0))
    assert swntk.grad(softplus(OURS))(1000.0) == 1.0
    assert softplus(OURS)(np.float32(1)).dtype == np.float32


def test_orders():
    """A rule that calls its own function, differentiated often."""
    ours, theirs = softplus(OURS), softplus(THEIRS)
    for _ in range(6):
        ours, theirs = swntk.grad(ours), jax.grad(theirs)
        assert_close(ours(0.3), np.asarray(theirs(0.3)), 1e-9)  # cancellation, in both


@pytest.mark.parametrize("make", REVERSE)
def test_forward_mode_of_custom_vjp(make):
    f = make(OURS)
    for call in (
        lambda: swntk.jvp(f, (X,), (X,)),
        lambda: swntk.jacfwd(f)(X),
        lambda: swntk.jit(lambda x: swntk.jvp(f, (x,), (x,))[0])(X),
    ):
        with pytest.raises(swntk.UnsupportedError, match="custom_vjp"):
            call()
    with pytest.raises(TypeError):
        jax.jvp(make(THEIRS), (X,), (X,))


@pytest.mark.parametrize("kind", ["custom_jvp", "custom_vjp"])
def test_closed_over_tangent(kind):
    """A value that a rule cannot know is refused, in JAX too."""

    def run(m, x):
        f = getattr(m, kind)(lambda y: x * y)
        if kind == "custom_jvp":
            f.defjvp(lambda p, t: (f(*p), t[0]))
        else:
            f.defvjp(lambda y: (f(y), None), lambda _, g: (g,))
        return f(2.0)

    assert swntk.jit(lambda x: run(OURS, x))(3.0) == 6.0
    with pytest.raises(swntk.UnsupportedError, match="closes over"):
        swntk.grad(lambda x: run(OURS, x))(3.0)
    with pytest.raises(jax.errors.UnexpectedTracerError):
        jax.grad(lambda x: run(THEIRS, x))(3.0)


def test_wrong_rules():
    def with_jvp(rule):
        f = swntk.custom_jvp(lambda x: (np.sin(x), x))
        f.defjvp(rule)
        return lambda: swntk.jvp(f, (X,), (X,))

    def with_vjp(fwd, bwd):
        f = swntk.custom_vjp(lambda x, y: x * y)
        f.defvjp(fwd, bwd)
        return lambda: swntk.grad(lambda x: np.sum(f(x, x)))(X)

    def good(x, y):
        return x * y, x

    cases = [
        (lambda: swntk.custom_jvp(np.sin)(X), "defjvp"),
        (lambda: swntk.custom_vjp(np.sin)(X), "defvjp"),
        (with_jvp(lambda p, t: p[0]), "pair"),
        (with_jvp(lambda p, t: (p[0], t[0])), "returned"),
        (with_jvp(lambda p, t: ((p[0], p[0]), t[0])), "tangent of structure"),
        (with_jvp(lambda p, t: ((p[0], p[0]), (t[0][:2], t[0]))), r"shape \(2,\)"),
        (with_jvp(lambda p, t: ((p[0], p[0]), (t[0].astype("f4"), t[0]))), "float32"),
        (with_vjp(lambda x, y: x * y, lambda r, g: (g, g)), "pair"),
        (with_vjp(lambda x, y: ((x, y), x), lambda r, g: (g, g)), "returned"),
        (with_vjp(good, lambda r, g: g), "tuple of 2"),
        (with_vjp(good, lambda r, g: (g,)), "tuple of 2"),
        (with_vjp(good, lambda r, g: (g[:1], g)), r"shape \(1,\)"),
        (with_vjp(good, lambda r, g: ((g, g), g)), "fit"),
        (lambda: swntk.jit(swntk.custom_jvp(lambda f: f))(X), "defjvp"),
    ]
    for call, fact in cases:
        with pytest.raises(swntk.NTKError, match=fact) as caught:
            call()
        assert isinstance(caught.value, (TypeError, AttributeError)), caught.value
    with pytest.raises(swntk.UnsupportedError):
        swntk.custom_jvp(np.sin).defjvp(None, symbolic_zeros=True)
    with pytest.raises(swntk.UnsupportedError):
        swntk.checkpoint(np.sin, policy=lambda *a: True)


def test_programs_are_text():
    """What is traced parses back, is pickled, and is differentiated as it was."""
    for make in (*BOTH_WAYS, *REVERSE):
        program = swntk.trace(make(OURS), X)
        again = swntk.Program.parse(str(program), program.captured)
        assert again == program and pickle.loads(pickle.dumps(program)) == program
        assert str(again.vjp([0])[1]) == str(program.vjp([0])[1])
        assert_trees_close(again(X), program(X))
        # Simplified, a program keeps its rules.
        simple = program.simplify().vjp([0])
        forward, backward = program.vjp([0])
        known, simpler = forward(X), simple[0](X)
        count = len(program.outputs)
        seeds = [np.ones(t.shape) for t in program.outputs]
        assert_trees_close(simple[1](*simpler[count:], *seeds), backward(*known[count:], *seeds))


def network(kind):
    """A network with a rule of its own in the middle, of parameters and samples."""
    if kind == "jvp":
        act = softplus(OURS)
    elif kind == "checkpoint":
        act = swntk.checkpoint(lambda x: np.tanh(x) * np.sin(x))
    else:
        act = swntk.custom_vjp(np.tanh)
        act.defvjp(lambda x: (np.tanh(x), x), lambda x, g: (2 * g * np.cos(x),))
    if kind == "vjp of parameters":
        product = swntk.custom_vjp(lambda x, w: x @ w)
        product.defvjp(lambda x, w: (x @ w, (x, w)), lambda r, g: (g @ r[1].T, 3 * r[0].T @ g))
        return lambda p, x: act(product(x, p["w"]) + p["b"]) @ p["v"]
    return lambda p, x: act(x @ p["w"] + p["b"]) @ p["v"]


@pytest.mark.parametrize("kind", ["jvp", "vjp", "checkpoint", "vjp of parameters"])
@pytest.mark.parametrize("implementation", list(NtkImplementation))
def test_kernel(kind, implementation):
    rng = np.random.default_rng(0)
    f = network(kind)
    params = {"w": rng.normal(size=(3, 5)), "b": rng.normal(size=5), "v": rng.normal(size=(5, 2))}
    x1, x2 = rng.normal(size=(4, 3)), rng.normal(size=(2, 3))
    theta = swntk.empirical_ntk_fn(f, trace_axes=(), implementation=implementation)(x1, x2, params)

    def rows(x):
        jacobian = swntk.jacrev(f)(params, x)
        return np.concatenate([jacobian[k].reshape(len(x), 2, -1) for k in params], axis=-1)

    assert_close(theta, np.einsum("iap,jbp->ijab", rows(x1), rows(x2)))


def test_checkpoint_keeps_less():
    """Residuals of a chain: only its blocks' arguments, and a lower peak of the whole gradient."""
    x = np.linspace(0, 1, 20_000)

    def chain(x):
        for _ in range(12):
            x = np.sin(x) * np.cos(x)
        return x

    def blocks(wrap):
        def f(x):
            for _ in range(6):
                x = wrap(chain)(x)
            return np.sum(x)

        return f

    def residuals(f):
        program = swntk.trace(f, x)
        forward, _ = program.vjp([0])
        return len(forward.outputs) - len(program.outputs)

    plain, kept = blocks(lambda f: f), blocks(swntk.checkpoint)
    assert residuals(plain) > 100 and residuals(kept) <= 7

    def peak(f):
        return swntk.trace(swntk.grad(f), x).peak_memory()

    assert peak(kept) < 0.5 * peak(plain)
    assert_close(swntk.grad(kept)(x), swntk.grad(plain)(x))


def test_debug_nans():
    def f(x):
        y = np.sqrt(x)  # here
        return np.where(x > 0, y, 0.0).sum()

    x = np.array([-1.0, 4.0])
    assert f(x) == 2 and swntk.jit(f)(x) == 2
    with swntk.debug_nans(), pytest.raises(FloatingPointError, match="'sqrt'") as caught:
        swntk.jit(f)(x)
    line = f.__code__.co_firstlineno + 1
    assert f"{__file__}:{line}" in str(caught.value)
    # Inside a loop; a NaN that was there is nobody's; no NaN, no error.
    with swntk.debug_nans():
        with pytest.raises(swntk.NTKError, match="'log'"):
            swntk.lax.scan(lambda c, x: (c + np.log(x), None), 0.0, x)
        assert np.isnan(swntk.jit(lambda x: x * 2)(np.nan))
        assert_close(swntk.grad(lambda x: np.sum(np.sin(x)))(x), np.cos(x))
    assert np.isnan(swntk.jit(np.sqrt)(-1.0))


def test_rules_are_traced_seldom():
    """A rule that calls its function several times is traced once for each order."""
    count = 0

    @swntk.custom_jvp
    def f(x):
        return np.sin(x)

    @f.defjvp
    def rule(primals, tangents):
        nonlocal count
        count += 1
        (x,), (dx,) = primals, tangents
        return f(x), dx * (f(x + np.pi / 2) + f(x) - f(x))

    assert_close(swntk.grad(swntk.grad(f))(0.3), -np.sin(0.3), 1e-11)
    assert count <= 8


def test_body_that_differentiates():
    """A derivative that a function takes inside is by the rules of what it calls."""

    @swntk.custom_jvp
    def inner(x):
        return x * x

    inner.defjvps(lambda t, out, x: 7 * t)

    @swntk.custom_jvp
    def outer(x):
        return swntk.grad(inner)(x) + inner(x)

    outer.defjvps(lambda t, out, x: 2 * t)
    assert swntk.jit(outer)(3.0) == 16 and swntk.grad(outer)(3.0) == 2
    assert swntk.jit(lambda x: swntk.grad(inner)(x) + inner(x))(3.0) == 16
