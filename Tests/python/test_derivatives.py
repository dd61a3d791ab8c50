"""Law: a function of (library, arrays) gives the same with swntk over NumPy as with JAX.

Every row is written once, as `f(m, ...)`; `m` is OURS or THEIRS of both.py. The oracle computes in
float64.
"""

import collections
import functools
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import swntk
from both import OURS, THEIRS
from checkers import TOLERANCES, assert_close, assert_trees_close, leaves

FLOAT0 = np.dtype([("float0", np.void, 0)])


tree_map = jax.tree_util.tree_map


def cast(tree, dtype):
    """The tree with its floating leaves of this type."""

    def one(leaf):
        leaf = np.asarray(leaf)
        return leaf.astype(dtype) if leaf.dtype.kind == "f" else leaf

    return tree_map(one, tree)


def check(function, *arguments, dtype="f8", tolerance=None):
    """function(OURS, ...) = function(THEIRS, ...), in values, types and structure."""
    given = cast(arguments, dtype)
    expected = cast(jax.jit(lambda *a: function(THEIRS, *a))(*cast(given, "f8")), dtype)
    actual = function(OURS, *given)
    assert_trees_close(actual, expected, tolerance)
    assert_trees_close(given, cast(arguments, dtype))


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


# ---- The functions ------------------------------

X = normal(0, 4, 3)
MLP = {
    "w1": normal(1, 3, 5),
    "b1": normal(2, 5),
    "layers": [
        {"w": normal(3, 5, 5) / 2, "b": normal(4, 5)},
        {"w": normal(5, 5, 2), "b": normal(6, 2)},
    ],
}


def mlp(m, params, x):
    h = m.np.tanh(x @ params["w1"] + params["b1"])
    for layer in params["layers"]:
        h = m.np.tanh(h @ layer["w"] + layer["b"])
    return h


def mlp_loss(m, params, x):
    return m.np.mean((mlp(m, params, x) - 0.5) ** 2)


def relu_network(m, w, v, x):
    return m.np.maximum(x @ w, 0) @ v


def cross_entropy(m, w, x, labels):
    logits = x @ w
    shifted = logits - m.np.max(logits, axis=-1, keepdims=True)
    log_probabilities = shifted - m.np.log(m.np.sum(m.np.exp(shifted), axis=-1, keepdims=True))
    hot = labels[:, None] == m.np.arange(w.shape[1])
    return -m.np.mean(m.np.sum(m.np.where(hot, log_probabilities, 0.0), axis=-1))


def layer_norm(m, x, scale, shift):
    mean = m.np.mean(x, axis=-1, keepdims=True)
    variance = m.np.var(x, axis=-1, keepdims=True)
    return (x - mean) / m.np.sqrt(variance + 1e-5) * scale + shift


def attention(m, w, x):
    n, t, d = x.shape
    q, k, v = (m.np.reshape(x @ w[i], (n, t, 2, d // 2)) for i in range(3))
    scores = m.np.einsum("nqhd,nkhd->nhqk", q, k) / (d // 2) ** 0.5
    causal = np.tril(np.ones((t, t), bool))
    scores = m.np.where(causal, scores, -1e9)
    weights = m.np.exp(scores - m.np.max(scores, axis=-1, keepdims=True))
    weights = weights / m.np.sum(weights, axis=-1, keepdims=True)
    return m.np.reshape(m.np.einsum("nhqk,nkhd->nqhd", weights, v), (n, t, d)) @ w[3]


def rnn(m, w, h, xs):
    def step(h, x):
        h = m.np.tanh(h @ w["h"] + x @ w["x"])
        return h, h.sum()

    h, sums = m.scan(step, h, xs)
    return h, sums


def rnn_reversed_trees(m, w, h, xs):
    def step(carry, x):
        h, total = carry
        h = m.np.tanh(h @ w["h"] + x["a"] @ w["x"]) * x["b"]
        return (h, total + h.sum()), {"h": h}

    return m.scan(step, (h, m.np.zeros_like(h[0])), {"a": xs, "b": xs[:, 0]}, reverse=True)


def embedding(m, table, w, ids):
    return m.np.tanh(table[ids] @ w).mean(axis=1)


def take_rows(m, table, ids):
    return m.np.take(table, ids, axis=0) ** 2


def index_pairs(m, x, i, j):
    return x[i, j] * x[i, 0] + x[:, j].sum(axis=0)


def in_place(m, x, v):
    y = m.np.zeros_like(x)
    for i in range(x.shape[0]):
        y = m.write(y, i, x[i] * v)
    y = m.write(y, (slice(None), 0), m.np.exp(y[:, 1]))
    y = m.add_to(y, slice(1, None), y[:-1] ** 2)
    return m.write(y, (np.array([0, 1]), np.array([1, 2])), v[:2])


def in_place_traced(m, x, v, i):
    y = m.np.tanh(x)
    y = m.write(y, i, v * y[0])
    return y * x


def polynomials(m, x):
    return x**3 - 2 * x**2 + x / 2 - x**-2 + (-x) ** 5 + x**0 + m.np.square(x) * 3


def quotients(m, x, y):
    return x / (1 + y * y) - y / m.np.exp(x) + 1 / m.np.sqrt(1 + x * x) - m.np.log(2 + m.np.tanh(y))


def reductions(m, x):
    return [
        x.sum(),
        x.mean(axis=0),
        m.np.max(x, axis=1),
        m.np.min(x),
        m.np.var(x, axis=0, ddof=1),
        x.std(),
    ]


def shapes(m, x):
    y = m.np.concatenate([x.T, x.T[:, ::-1] ** 2], axis=1)
    y = m.np.stack([y, m.np.roll(y, 1, axis=1)], axis=1)
    y = m.np.pad(y, ((0, 0), (1, 0), (2, 1)))
    y = m.np.moveaxis(m.np.tile(y, (1, 1, 2)), 0, -1)
    return m.np.squeeze(y[None, ::2])[..., 0] * m.np.broadcast_to(m.np.flip(x)[0, 0], (1,))


def products(m, x, y):
    return {
        "a": x @ y,
        "b": m.np.dot(y, x),
        "c": m.np.einsum("ij,ji->i", x, y),
        "d": m.np.tensordot(x, y, axes=[[0], [1]]),
        "e": m.np.outer(x[0], y[:, 0]),
        "f": x[0] @ y,
        "g": m.np.stack([x, 2 * x]) @ y,
        "h": m.np.einsum("ii->", x @ y),
    }


def stopped(m, x):
    return x * m.stop_gradient(m.np.exp(x)) + m.stop_gradient(x)


def low_rank(m, w, a, b, x):
    return m.np.tanh(x @ (w + a @ b).T)


def mixed_types(m, x, y):
    """float32 meets float64."""
    return (x.astype(np.float32) * y.astype(np.float64)).sum(axis=0)


def constant(m, x):
    return m.np.ones_like(x), 0 * x.sum(), m.np.sign(x)


W = normal(7, 3, 2)
RNN = {"h": normal(8, 3, 3), "x": normal(9, 2, 3)}
IDS = np.array([[0, 3, 3], [5, 0, 1]])
ROWS = {
    "mlp": (mlp, MLP, X),
    "mlp loss": (mlp_loss, MLP, X),
    "relu": (relu_network, normal(1, 3, 8), normal(2, 8, 2), X),
    "cross entropy": (cross_entropy, W, X, np.array([0, 1, 1, 0])),
    "layer norm": (layer_norm, X, normal(1, 3), normal(2, 3)),
    "attention": (attention, normal(1, 4, 4, 4) / 2, normal(2, 2, 3, 4)),
    "rnn": (rnn, RNN, normal(1, 3), normal(2, 4, 2)),
    "rnn of no steps": (rnn, RNN, normal(1, 3), normal(2, 0, 2)),
    "rnn reversed": (rnn_reversed_trees, RNN, normal(1, 3), normal(2, 4, 2)),
    "embedding": (embedding, normal(1, 6, 4), normal(2, 4, 2), IDS),
    "take": (take_rows, normal(1, 6, 2), IDS),
    "indices": (index_pairs, normal(1, 4, 3), np.array([0, 1, 1]), np.array([2, 2, 0])),
    "in place": (in_place, X, normal(1, 3)),
    "in place by index": (in_place_traced, X, normal(1, 3), np.array([2, 0])),
    "polynomials": (polynomials, X),
    "quotients": (quotients, X, normal(1, 3)),
    "reductions": (reductions, X),
    "shapes": (shapes, X),
    "products": (products, normal(1, 2, 3), normal(2, 3, 2)),
    "stop_gradient": (stopped, X),
    "low rank": (low_rank, normal(1, 2, 3), normal(2, 2, 1), normal(3, 1, 3), X),
    "constant": (constant, X),
    "of size 0": (mlp, MLP, normal(1, 0, 3)),
    "of rank 0": (lambda m, x, y: m.np.tanh(x * y) / (1 + x), np.float64(0.3), np.float64(-2)),
    "exp log": (lambda m, x: m.np.log(m.np.sum(m.np.exp(x), axis=0)), X),
    "sin cos": (lambda m, x: m.np.sin(3 * x) * m.np.cos(x), X),
    "sigmoid": (lambda m, x: 1 / (1 + m.np.exp(-x)), X),
    "where": (lambda m, x, y: m.np.where(x > y, x * y, m.np.exp(y)), X, normal(1, 3)),
    "maximum": (lambda m, x, y: m.np.maximum(x, y) * m.np.minimum(x, 0.1), X, normal(1, 3)),
    "abs": (lambda m, x: m.np.abs(x) * m.np.sign(x - 0.1), X),
    "clip": (lambda m, x: m.np.clip(x, -0.5, 0.5) ** 2, X),
    "none and lists": (lambda m, t: [t["a"][0] * 2, None, (t["b"],)], {"a": [X, None], "b": X[0]}),
}

rows = pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))


def is_floating(leaf):
    return np.asarray(leaf).dtype.kind == "f"


def floating_arguments(row):
    """Positions of arguments whose leaves are all floating."""
    return tuple(
        i
        for i, argument in enumerate(row[1:])
        if all(is_floating(leaf) for leaf in leaves(argument))
    )


def tangents_like(seed, tree):
    """Random tangents; float0 for what is not floating."""
    rng = np.random.default_rng(seed)

    def one(leaf):
        leaf = np.asarray(leaf)
        if leaf.dtype.kind != "f":
            return np.zeros(leaf.shape, FLOAT0)
        return np.asarray(rng.standard_normal(leaf.shape), leaf.dtype)

    return tree_map(one, tree)


@functools.cache
def oracle(function, kind):
    """JAX's, compiled once for a row."""

    def theirs(*a):
        return function(THEIRS, *a)

    return {
        "value": jax.jit(theirs),
        "jvp": lambda a, t: jax.jit(lambda a: jax.jvp(theirs, a, t))(a),
        "vjp": lambda a, t: jax.jit(lambda a: jax.vjp(theirs, *a)[1](t))(a),
    }[kind]


# ---- First derivatives ------------------------------


@rows
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_jvp(row, dtype):
    function, *arguments = row
    arguments = cast(tuple(arguments), dtype)
    tangents = cast(tangents_like(1, arguments), dtype)
    expected = oracle(function, "jvp")(cast(arguments, "f8"), cast(tangents, "f8"))
    for transformed in (
        swntk.jvp,
        lambda f, p, t: swntk.jit(lambda p, t: swntk.jvp(f, p, t))(p, t),
    ):
        if transformed is not swntk.jvp and any(
            not is_floating(leaf) for leaf in leaves(arguments)
        ):
            continue  # float0 is no type of an array that jit takes
        actual = transformed(lambda *a: function(OURS, *a), arguments, tangents)
        assert_trees_close(actual, cast(expected, dtype))


@rows
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_vjp(row, dtype):
    function, *arguments = row
    arguments = cast(tuple(arguments), dtype)
    value = oracle(function, "value")(*cast(arguments, "f8"))
    cotangents = tangents_like(2, cast(value, "f8"))
    expected = oracle(function, "vjp")(cast(arguments, "f8"), cotangents)
    actual_value, pullback = swntk.vjp(lambda *a: function(OURS, *a), *arguments)
    assert_trees_close(actual_value, cast(value, dtype))
    actual = pullback(cast(cotangents, dtype))
    assert isinstance(actual, tuple)
    for a, e in zip(leaves(actual), leaves(expected), strict=True):
        if np.asarray(e).dtype == FLOAT0:
            assert np.asarray(a).dtype == FLOAT0 and np.shape(a) == np.shape(e)
        else:
            assert_close(a, cast(e, dtype))


@rows
def test_jacobians(row):
    function, *arguments = row
    by = floating_arguments(row)
    expected = jax.jit(jax.jacrev(lambda *a: function(THEIRS, *a), by))(*arguments)
    for transform in (swntk.jacobian, swntk.jacfwd, swntk.jacrev):
        actual = transform(lambda *a: function(OURS, *a), argnums=by)(*arguments)
        assert_trees_close(actual, cast(expected, "f8"))


def scalar(function):
    """The sum of the squares of all results: a loss."""
    return lambda m, *a: sum((m.np.sum(y * y) for y in leaves(function(m, *a))), 0.0)


@rows
def test_gradients(row):
    function, *arguments = row
    by = floating_arguments(row)
    loss = scalar(function)
    check(lambda m, *a: m.value_and_grad(lambda *a: loss(m, *a), argnums=by)(*a), *arguments)
    check(lambda m, *a: m.jit(m.grad(lambda *a: loss(m, *a), argnums=by))(*a), *arguments)


SMALL = [
    "relu",
    "cross entropy",
    "layer norm",
    "rnn",
    "rnn reversed",
    "embedding",
    "in place",
    "polynomials",
    "quotients",
    "shapes",
    "products",
    "of rank 0",
    "exp log",
    "where",
    "maximum",
    "stop_gradient",
]


@pytest.mark.parametrize("name", SMALL)
def test_hessian(name):
    function, *arguments = ROWS[name]
    by = floating_arguments(ROWS[name])
    loss = scalar(function)
    check(lambda m, *a: m.hessian(lambda *a: loss(m, *a), argnums=by)(*a), *arguments)


@rows
def test_vmap(row):
    """Over every argument at once, and over the first alone."""
    function, *arguments = row
    stacked = tree_map(
        lambda leaf: np.stack([leaf, leaf / 2 if is_floating(leaf) else leaf, leaf]),
        tuple(arguments),
    )
    check(lambda m, *a: m.vmap(lambda *a: function(m, *a))(*a), *stacked)
    axes = (0,) + (None,) * (len(arguments) - 1)
    check(
        lambda m, *a: m.vmap(lambda *a: function(m, *a), in_axes=axes)(*a),
        stacked[0],
        *arguments[1:],
    )


@pytest.mark.parametrize(
    "name", ["mlp", "relu", "layer norm", "rnn", "in place", "products", "quotients"]
)
def test_derivatives_of_derivatives(name):
    """jvp of vjp, vjp of jvp, jacfwd of jacrev, vmap of grad."""
    function, *arguments = ROWS[name]
    tangents = tangents_like(3, tuple(arguments))
    loss = scalar(function)

    def jvp_of_vjp(m, *a):
        return m.jvp(lambda *a: m.vjp(lambda *a: loss(m, *a), *a)[1](m.np.ones(())), a, tangents)

    def vjp_of_jvp(m, *a):
        value, pull = m.vjp(lambda *a: m.jvp(lambda *a: loss(m, *a), a, tangents)[1], *a)
        return value, pull(m.np.ones(()))

    def vmap_of_grad(m, *a):
        return m.vmap(m.grad(lambda *a: loss(m, *a)))(*a)

    check(jvp_of_vjp, *arguments)
    check(vjp_of_jvp, *arguments)
    check(vmap_of_grad, *tree_map(lambda leaf: np.stack([leaf, leaf + 1]), tuple(arguments)))


# ---- Kinks ------------------------------

TIES = np.array([1.0, 1.0, -2.0, 0.0, -0.0, 3.0, 3.0, 3.0])
KINKS = [
    ("maximum of itself", lambda m, x: m.np.maximum(x, x[::-1])),
    ("maximum with a tie", lambda m, x: m.np.maximum(x, 1.0)),
    ("relu at 0", lambda m, x: m.np.maximum(x, 0)),
    ("relu by where", lambda m, x: m.np.where(x > 0, x, 0)),
    ("minimum", lambda m, x: m.np.minimum(x, 3)),
    ("abs at 0", lambda m, x: m.np.abs(x)),
    ("sign", lambda m, x: m.np.sign(x) * x),
    ("max with ties", lambda m, x: m.np.max(x)),
    ("max of rows", lambda m, x: m.np.max(m.np.reshape(x, (2, 4)), axis=1)),
    ("min with ties", lambda m, x: m.np.min(m.np.reshape(x, (4, 2)), axis=0)),
    ("clip at its bounds", lambda m, x: m.np.clip(x, -2, 1)),
    ("power 0 at 0", lambda m, x: x**0 + x**1),
    ("power 2 at 0", lambda m, x: x**2),
    ("where untaken log", lambda m, x: m.np.where(x > 0, m.np.log(m.np.where(x > 0, x, 1)), 0)),
    ("where untaken log of a negative", lambda m, x: m.np.where(x > -3, x, m.np.log(x - 9))),
    ("comparison", lambda m, x: m.np.where(x == 3, 2 * x, x)),
    ("a condition that is cast", lambda m, x: (x > 0).astype(float) * x),
    ("through an integer", lambda m, x: x.astype(int) * x),
]


@pytest.mark.parametrize("function", [row[1] for row in KINKS], ids=[row[0] for row in KINKS])
def test_kinks(function):
    check(lambda m, x: m.jacrev(lambda x: function(m, x))(x), TIES)
    check(lambda m, x: m.jacfwd(lambda x: function(m, x))(x), TIES)


def test_masks_stop_nan():
    """A mask is a selection and no factor: NaN under it stays there."""
    x = np.array([np.nan, 2.0, np.inf])
    mask = np.array([False, True, False])

    def f(x):
        return np.sum(np.where(mask, x * x, 0.0))

    assert_close(swntk.grad(f)(np.array([3.0, 2.0, 1.0])), np.array([0.0, 4.0, 0.0]))
    value, tangent = swntk.jvp(lambda x: np.where(mask, x, 0.0), (np.ones(3),), (x,))
    assert_close(tangent, np.array([0.0, 2.0, 0.0]))
    (by_x,) = swntk.vjp(lambda x: np.where(mask, x, 0.0), np.ones(3))[1](x)
    assert_close(by_x, np.array([0.0, 2.0, 0.0]))
    (by_x,) = swntk.vjp(lambda x: np.pad(x, 1)[1:-1], np.ones(3))[1](x)
    assert_close(by_x, x)


# ---- Signatures ------------------------------


def weighted(a, b, c):
    return np.sum(a * a * b) + c.sum()


ABC = (normal(1, 3), normal(2, 3), normal(3, 2))


@pytest.mark.parametrize("argnums", [0, 1, 2, -1, (0,), (0, 2), (2, 0), (-2, 0), [1, 2]], ids=repr)
@pytest.mark.parametrize(
    "name", ["grad", "value_and_grad", "jacfwd", "jacrev", "jacobian", "hessian"]
)
def test_argnums(name, argnums):
    theirs = {"jacobian": jax.jacrev}.get(name) or getattr(jax, name)
    expected = theirs(lambda a, b, c: jnp.sum(a * a * b) + c.sum(), argnums=argnums)(*ABC)
    actual = getattr(swntk, name)(weighted, argnums=argnums)(*ABC)
    assert_trees_close(actual, cast(expected, "f8"))


@pytest.mark.parametrize("argnums", [3, -4, (0, 3), (0, 0), (0, -3), "a", 1.5, None], ids=repr)
@pytest.mark.parametrize(
    "name", ["grad", "value_and_grad", "jacfwd", "jacrev", "jacobian", "hessian"]
)
def test_argnums_refused(name, argnums):
    """Twice the same argument is JAX's business: what it takes, so do we."""
    if argnums in [(0, 0), (0, -3)]:
        pytest.skip("JAX takes it")
    with pytest.raises((ValueError, TypeError, swntk.ArgumentError)) as caught:
        getattr(swntk, name)(weighted, argnums=argnums)(*ABC)
    assert "argnums" in str(caught.value)


def test_has_aux():
    def f(x, y):
        return np.sum(x * y), {"y": y * 2, "count": 3, "text": None}

    def vector(x, y):
        return x * y, (y.sum(), [x])

    x, y = normal(1, 3), normal(2, 3)
    gradient, aux = swntk.grad(f, has_aux=True)(x, y)
    assert_close(gradient, y)
    assert_close(aux["y"], 2 * y)
    assert aux["count"] == 3 and aux["text"] is None
    (value, aux), gradient = swntk.value_and_grad(f, argnums=1, has_aux=True)(x, y)
    assert_close(value, np.sum(x * y))
    assert_close(gradient, x)
    assert_close(aux["y"], 2 * y)
    for transform in (swntk.jacfwd, swntk.jacrev, swntk.jacobian):
        jacobian, aux = transform(vector, has_aux=True)(x, y)
        assert_close(jacobian, np.diag(y))
        assert_close(aux[0], y.sum())
        assert_close(aux[1][0], x)
    value, pullback, aux = swntk.vjp(vector, x, y, has_aux=True)
    assert_close(value, x * y)
    assert_close(aux[1][0], x)
    assert_trees_close(pullback(np.ones(3)), (y, x))
    value, tangent, aux = swntk.jvp(vector, (x, y), (y, x), has_aux=True)
    assert_close(tangent, y * y + x * x)
    assert_close(aux[0], y.sum())
    outer = swntk.jit(lambda x, y: swntk.grad(f, has_aux=True)(x, y)[1]["y"])
    assert_close(outer(x, y), 2 * y)


Point = collections.namedtuple("Point", ["x", "y"])

TREES = [
    X,
    [X, X[0]],
    (X,),
    {"b": X, "a": X[0]},
    Point(X, {"z": X[0]}),
    collections.OrderedDict([("b", X), ("a", X[0])]),
    {"a": [(X, None), {"k": X[0]}], "n": None},
    [],
    {"a": ()},
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_trees(tree):
    """Gradients have the tree's structure, results keep the function's."""
    doubled = tree_map(lambda leaf: 2 * leaf, tree)

    def loss(tree):
        return sum((np.sum(leaf * leaf) for leaf in jax.tree_util.tree_leaves(tree)), np.float64(0))

    assert_trees_close(swntk.grad(loss)(tree), doubled)
    assert type(swntk.grad(loss)(tree)) is type(tree)
    assert_trees_close(swntk.jit(lambda t: t)(tree), tree)
    assert_trees_close(swntk.jit(lambda t: tree_map(lambda leaf: leaf + leaf, t))(tree), doubled)
    value, pullback = swntk.vjp(lambda t: (t, {"x": t}), tree)
    assert_trees_close(value, (tree, {"x": tree}))
    assert_trees_close(pullback((tree, {"x": tree})), (doubled,))
    assert_trees_close(swntk.jvp(lambda t: t, (tree,), (doubled,)), (tree, doubled))


def test_jacobian_of_trees():
    """Output's tree of argument's tree, as JAX."""

    def f(m, t):
        return {"p": t["a"] * t["b"][0], "q": [m.np.sum(t["a"])]}

    tree = {"a": normal(1, 3), "b": [normal(2, 3)]}
    for name in ["jacfwd", "jacrev", "jacobian"]:
        check(lambda m, t, name=name: getattr(m, name)(lambda t: f(m, t))(t), tree)
    check(lambda m, t: m.hessian(lambda t: f(m, t)["q"][0] ** 2 + t["b"][0].sum() ** 3)(t), tree)


def test_integer_inputs():
    def f(x, i):
        return x[i] * 2, i + 1

    x, i = normal(1, 4), np.array([2, 0])
    (y, j), pullback = swntk.vjp(f, x, i)
    assert_close(j, i + 1)
    by_x, by_i = pullback((np.ones(2), np.zeros(2, FLOAT0)))
    assert_close(by_x, np.array([2.0, 0, 2, 0]))
    assert np.asarray(by_i).dtype == FLOAT0 and by_i.shape == (2,)
    (y, j), (dy, dj) = swntk.jvp(f, (x, i), (np.ones(4), np.zeros(2, FLOAT0)))
    assert_close(dy, np.array([2.0, 2.0]))
    assert np.asarray(dj).dtype == FLOAT0 and dj.shape == (2,)
    with pytest.raises(swntk.DTypeError):
        swntk.grad(lambda x, i: x[i].sum(), argnums=1)(x, i)
    with pytest.raises(swntk.DTypeError):
        swntk.grad(lambda t: t["x"].sum())({"x": x, "n": i})
    with pytest.raises(swntk.DTypeError):
        swntk.jvp(f, (x, i), (np.ones(4), np.ones(2)))
    assert_close(swntk.grad(lambda x, i: x[i].sum())(x, i), np.array([1.0, 0, 1, 0]))


def test_gradients_refused():
    x = normal(1, 3)
    for function, error in [
        (lambda x: x * 2, (swntk.ShapeError, TypeError)),  # not a scalar
        (lambda x: [x.sum(), x.sum()], TypeError),  # not one result
        (lambda x: np.sum(x > 0), (swntk.DTypeError,)),  # an integer
        (lambda x: None, TypeError),
        (lambda x: "text", TypeError),
    ]:
        with pytest.raises(error):
            swntk.grad(function)(x)
    _, pullback = swntk.vjp(lambda x: {"a": x, "b": x[0]}, x)
    for cotangent in [x, {"a": x}, {"a": x[:2], "b": x[0]}, {"a": x, "b": x[0], "c": x}, None]:
        with pytest.raises((ValueError, TypeError)):
            pullback(cotangent)
    for tangents in [(x, x), x, (x[:2],), ({"a": x},), ()]:
        with pytest.raises((ValueError, TypeError)):
            swntk.jvp(np.tanh, (x,), tangents)
    with pytest.raises(swntk.DTypeError):
        swntk.jvp(np.tanh, (x,), (x.astype("f4"),))


def test_keyword_arguments():
    def f(x, scale=1.0, *, shift=0.0, name="no"):
        assert name in ("no", "yes")
        return np.sum(x * scale + shift)

    x = normal(1, 3)
    assert_close(swntk.grad(f)(x, scale=2.0, name="yes"), np.full(3, 2.0))
    value, gradient = swntk.value_and_grad(f)(x, shift=normal(2, 3), name="yes")
    assert_close(gradient, np.ones(3))
    assert_close(value, np.sum(x + normal(2, 3)))
    assert_close(swntk.jacrev(lambda x, k=1: x * k)(x, k=3), 3 * np.eye(3))


# ---- vmap ------------------------------

VMAPS = [
    ("axis 1", lambda m, x, y: m.vmap(m.np.tanh, in_axes=1)(x)),
    ("axis -1", lambda m, x, y: m.vmap(lambda r: r * r.sum(), in_axes=-1, out_axes=-1)(x)),
    ("two axes", lambda m, x, y: m.vmap(lambda a, b: a * b, in_axes=(1, 0))(x, y)),
    ("out_axes 1", lambda m, x, y: m.vmap(lambda a: m.np.outer(a, y), out_axes=1)(x)),
    (
        "out_axes tree",
        lambda m, x, y: m.vmap(lambda a: (a, {"s": a.sum()}), out_axes=(1, {"s": 0}))(x),
    ),
    (
        "in_axes tree",
        lambda m, x, y: m.vmap(
            lambda t, b: t["a"] @ b + t["c"].sum(), in_axes=({"a": 0, "c": None}, 1)
        )({"a": x, "c": y}, x.T),
    ),
    ("out None", lambda m, x, y: m.vmap(lambda a: (a, y * 2), out_axes=(0, None))(x)),
    ("of vmap", lambda m, x, y: m.vmap(m.vmap(lambda a, b: a * b, (0, None)), (None, 0))(x, y)),
    ("matrix products", lambda m, x, y: m.vmap(lambda a: a @ x.T)(x)),
    (
        "closure",
        lambda m, x, y: (
            m.vmap(lambda a: a + y)(x)
            * m.vmap(lambda x, i: x[:, i].sum(), (None, 0))(x, np.arange(3))
        ),
    ),
    ("index traced", lambda m, x, y: m.vmap(lambda x, i: x[i], (None, 0))(x, np.array([2, 0, 1]))),
    (
        "index both",
        lambda m, x, y: m.vmap(lambda a, i: a[i], (1, 0))(x, np.array([[0, 1], [2, 2], [1, 0]])),
    ),
    ("in place", lambda m, x, y: m.vmap(lambda a, b: m.write(a * 1, 1, b))(x, x[:, 0])),
    (
        "in place by index",
        lambda m, x, y: m.vmap(lambda a, i: m.write(a * 1, i, 7.0))(x, np.array([0, 2, 1, 1])),
    ),
    (
        "scan",
        lambda m, x, y: m.vmap(
            lambda a: m.scan(lambda c, t: (c * t + y.sum(), c), 1.0 + a[0] * 0, a)
        )(x),
    ),
    (
        "scan, carry unmapped",
        lambda m, x, y: m.vmap(lambda a: m.scan(lambda c, t: (c + a * t, c), m.np.zeros(3), y))(x),
    ),
    ("reductions", lambda m, x, y: m.vmap(lambda a: (a.sum(), a.max(), a.mean(), m.np.var(a)))(x)),
    ("where", lambda m, x, y: m.vmap(lambda a, c: m.np.where(c > 0, a, y))(x, x[:, 0])),
    ("of jacrev", lambda m, x, y: m.vmap(m.jacrev(lambda a: m.np.tanh(a * y)))(x)),
    ("einsum", lambda m, x, y: m.vmap(lambda a, b: m.np.einsum("i,j->ij", a, b), (0, None))(x, y)),
    ("size 1", lambda m, x, y: m.vmap(lambda a: a @ y)(x[:1])),
    ("size 0", lambda m, x, y: m.vmap(lambda a: a @ y)(x[:0])),
    ("inside jit", lambda m, x, y: m.jit(lambda x, y: m.vmap(lambda a: m.np.tanh(a) @ y)(x))(x, y)),
    ("of jit", lambda m, x, y: m.vmap(m.jit(lambda a: m.np.tanh(a) @ y))(x)),
    (
        "concatenate",
        lambda m, x, y: m.vmap(lambda a, b: m.np.concatenate([a, b, y]), (0, None))(x, y),
    ),
    ("grad of", lambda m, x, y: m.grad(lambda y: m.vmap(lambda a: m.np.tanh(a) @ y)(x).sum())(y)),
]


@pytest.mark.parametrize("function", [row[1] for row in VMAPS], ids=[row[0] for row in VMAPS])
def test_vmap_axes(function):
    check(function, X, normal(1, 3))


def test_vmap_refused():
    x, y = X, normal(1, 3)
    for call in [
        lambda: swntk.vmap(lambda a, b: a + b)(x, y),  # sizes 4 and 3
        lambda: swntk.vmap(np.tanh, in_axes=2)(x),
        lambda: swntk.vmap(np.tanh, in_axes=-3)(x),
        lambda: swntk.vmap(np.tanh)(1.0),
        lambda: swntk.vmap(np.tanh, in_axes=None)(x),
        lambda: swntk.vmap(np.tanh, in_axes=(0, 0))(x),
        lambda: swntk.vmap(np.tanh, out_axes=2)(x),
        lambda: swntk.vmap(np.tanh, out_axes=None)(x),
        lambda: swntk.vmap(np.tanh, in_axes="a")(x),
        lambda: swntk.vmap(lambda t: t["a"], in_axes=({"b": 0},))({"a": x}),
    ]:
        with pytest.raises((ValueError, TypeError)):
            call()


# ---- Nesting ------------------------------


def wavy(m, x):
    return m.np.sum(m.np.tanh(x) * m.np.exp(-x * x) + x**3)


NESTINGS = [
    ("grad grad", lambda m, x: m.grad(lambda x: m.np.sum(m.grad(lambda x: wavy(m, x))(x)))(x)),
    (
        "grad grad grad",
        lambda m, x: m.grad(
            lambda x: m.np.sum(m.grad(lambda x: m.np.sum(m.grad(lambda x: wavy(m, x))(x) ** 2))(x))
        )(x),
    ),
    ("jacfwd jacrev", lambda m, x: m.jacfwd(m.jacrev(lambda x: wavy(m, x)))(x)),
    ("jacrev jacfwd", lambda m, x: m.jacrev(m.jacfwd(lambda x: wavy(m, x)))(x)),
    ("jacrev jacrev", lambda m, x: m.jacrev(m.jacrev(lambda x: wavy(m, x)))(x)),
    ("jacfwd jacfwd jacrev", lambda m, x: m.jacfwd(m.jacfwd(m.jacrev(lambda x: wavy(m, x))))(x)),
    (
        "jvp vjp",
        lambda m, x: m.jvp(
            lambda x: m.vjp(lambda x: m.np.tanh(x) * x.sum(), x)[1](x)[0], (x,), (x * 2,)
        ),
    ),
    (
        "vjp jvp",
        lambda m, x: m.vjp(lambda x: m.jvp(lambda x: m.np.tanh(x) * x.sum(), (x,), (x,))[1], x)[1](
            x
        ),
    ),
    (
        "jvp jvp jvp",
        lambda m, x: m.jvp(
            lambda x: m.jvp(lambda x: m.jvp(m.np.tanh, (x,), (x,))[1], (x,), (x,))[1],
            (x,),
            (m.np.ones(3),),
        ),
    ),
    ("vmap hessian", lambda m, x: m.vmap(m.hessian(lambda x: wavy(m, x)))(m.np.stack([x, 2 * x]))),
    ("hessian vector product", lambda m, x: m.jvp(m.grad(lambda x: wavy(m, x)), (x,), (x,))[1]),
    ("jit grad jit", lambda m, x: m.jit(m.grad(m.jit(lambda x: wavy(m, x))))(x)),
    (
        "grad jit grad",
        lambda m, x: m.grad(lambda x: m.jit(m.grad(lambda x: wavy(m, x)))(x).sum())(x),
    ),
    (
        "jit vmap jit",
        lambda m, x: m.jit(m.vmap(m.jit(m.grad(lambda x: wavy(m, x)))))(m.np.stack([x, x + 1])),
    ),
    (
        "vmap grad jit vmap",
        lambda m, x: m.vmap(
            m.grad(lambda y: m.jit(m.vmap(lambda a: m.np.tanh(a) * y.sum()))(x).sum())
        )(m.np.stack([x, 2 * x])),
    ),
    (
        "grad in scan",
        lambda m, x: m.scan(
            lambda c, _: (c - 0.1 * m.grad(lambda x: wavy(m, x))(c), wavy(m, c)), x, None, length=4
        ),
    ),
    (
        "grad of grad in scan",
        lambda m, x: m.grad(
            lambda x: m.scan(
                lambda c, _: (c - 0.1 * m.grad(lambda x: wavy(m, x))(c), None), x, None, length=3
            )[0].sum()
        )(x),
    ),
    (
        "scan in scan",
        lambda m, x: m.grad(
            lambda x: m.scan(
                lambda c, t: m.scan(lambda d, u: (m.np.tanh(d * u + t), d), c, x), x[0], x
            )[1].sum()
        )(x),
    ),
    (
        "vmap in scan",
        lambda m, x: m.jacrev(
            lambda x: m.scan(lambda c, t: (m.vmap(lambda a: m.np.tanh(a * t))(c), c.sum()), x, x)[1]
        )(x),
    ),
    (
        "hessian of scan",
        lambda m, x: m.hessian(
            lambda x: m.scan(lambda c, t: (m.np.tanh(c + t) * x, None), x, x)[0].sum()
        )(x),
    ),
    (
        "outer tracer in grad",
        lambda m, x: m.grad(lambda x: m.grad(lambda y: m.np.sum(x * y**2))(x).sum())(x),
    ),
    (
        "outer tracer in vmap",
        lambda m, x: m.grad(lambda x: m.vmap(lambda i: x[i] ** 2 * x.sum())(np.arange(3)).sum())(x),
    ),
    (
        "outer tracer in jit",
        lambda m, x: m.grad(lambda x: m.jit(lambda y: m.np.sum(x * y))(x * x))(x),
    ),
    (
        "outer tracer in scan",
        lambda m, x: m.jacfwd(lambda x: m.scan(lambda c, t: (c * x[0] + t * x, c.sum()), x, x)[1])(
            x
        ),
    ),
    (
        "perturbation confusion",
        lambda m, x: m.grad(lambda a: a * m.grad(lambda b: a + b)(m.np.ones(())))(x[0]),
    ),
    (
        "perturbation confusion, forward",
        lambda m, x: m.jvp(
            lambda a: a * m.jvp(lambda b: a * b, (m.np.ones(()),), (m.np.ones(()),))[1],
            (x[0],),
            (m.np.ones(()),),
        ),
    ),
    (
        "pullback of an inner trace",
        lambda m, x: m.grad(lambda x: m.vjp(m.np.tanh, x)[1](x * x)[0].sum())(x),
    ),
    (
        "pullback under vmap",
        lambda m, x: m.vmap(lambda v: m.vjp(lambda y: m.np.tanh(y) * x, x)[1](v)[0])(np.eye(3)),
    ),
    (
        "jvp under vmap",
        lambda m, x: m.vmap(lambda v: m.jvp(lambda y: m.np.tanh(y) * x, (x,), (v,))[1])(np.eye(3)),
    ),
    ("Laplacian", lambda m, x: m.np.einsum("ii->", m.hessian(lambda x: wavy(m, x))(x))),
    (
        "value_and_grad nested",
        lambda m, x: m.value_and_grad(
            lambda x: (
                m.value_and_grad(lambda x: wavy(m, x))(x)[0]
                + m.np.sum(m.grad(lambda x: wavy(m, x))(x) ** 2)
            )
        )(x),
    ),
    (
        "stop_gradient nested",
        lambda m, x: m.grad(
            lambda x: m.np.sum(
                m.stop_gradient(x) * m.grad(lambda y: m.np.sum(m.stop_gradient(y) * y**2))(x)
            )
        )(x),
    ),
    (
        "in place nested",
        lambda m, x: m.grad(
            lambda x: m.grad(lambda y: m.np.sum(m.write(y * x, 0, x[1] * y[2]) ** 2))(x).sum()
        )(x),
    ),
]


@pytest.mark.parametrize("function", [row[1] for row in NESTINGS], ids=[row[0] for row in NESTINGS])
def test_nesting(function):
    x = np.array([0.3, -0.7, 1.1])
    check(function, x)
    actual = swntk.jit(lambda x: function(OURS, x))(x)
    assert_trees_close(actual, cast(function(THEIRS, jnp.asarray(x)), "f8"))


def test_physics_informed():
    """Second derivatives by inputs, first by parameters: the residual of u'' = -u."""

    def residual(m, params, t):
        def u(t):
            return m.np.tanh(t * params["w"]) @ params["v"]

        return m.vmap(lambda t: m.grad(m.grad(u))(t) + u(t))(t)

    params = {"w": normal(1, 5), "v": normal(2, 5)}
    check(lambda m, p, t: m.jacrev(lambda p: residual(m, p, t))(p), params, normal(3, 4))


# ---- Differences ------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_central_differences(name):
    """Independent of JAX: (f(x + hv) - f(x - hv)) / 2h."""
    function, *arguments = ROWS[name]
    arguments = tuple(arguments)
    if name in ("maximum", "where", "relu"):
        arguments = tree_map(lambda leaf: leaf + 1e-3 if is_floating(leaf) else leaf, arguments)
    if name == "stop_gradient":
        pytest.skip("differences see through it")
    tangents, step = tangents_like(5, arguments), 1e-6

    def at(t):
        moved = tree_map(lambda a, v: a if v.dtype == FLOAT0 else a + t * v, arguments, tangents)
        return leaves(function(OURS, *tree_map(np.array, moved)))

    _, actual = swntk.jvp(lambda *a: function(OURS, *a), arguments, tangents)
    for plus, minus, tangent in zip(at(step), at(-step), leaves(actual), strict=True):
        slope = np.asarray((plus - minus) / (2 * step))
        assert_close(tangent, slope, 1e-7)


@pytest.mark.skipif(not hasattr(swntk, "check_grads"), reason="check_grads comes later")
def test_check_grads():
    swntk.check_grads(lambda p: mlp_loss(OURS, p, X), (MLP,), order=2)
    with pytest.raises(AssertionError):
        swntk.check_grads(lambda x: np.sum(x * swntk.stop_gradient(x)), (X,), order=1)


# ---- jit ------------------------------


def test_jit_traces_once_per_signature():
    traced = []

    @swntk.jit
    def f(x, y=None):
        traced.append(x.shape)
        return np.tanh(x).sum()

    for _ in range(3):
        f(np.ones(3))
    assert traced == [(3,)]
    f(np.ones(4))
    f(np.ones(4, np.float32))
    f(np.ones(4), np.ones(2))
    f(np.ones(4, int))
    f(np.zeros(3))
    assert traced == [(3,), (4,), (4,), (4,), (4,)]


def test_jit_static_arguments():
    seen = []

    def f(x, n, name="a", *, flag=True):
        seen.append((n, name, flag))
        return x * n if flag else x[:n]

    x = normal(1, 4)
    by_number = swntk.jit(f, static_argnums=1)
    assert_close(by_number(x, 3), 3 * x)
    assert_close(by_number(x, 3), 3 * x)
    assert_close(by_number(x, 2), 2 * x)
    assert seen == [(3, "a", True), (2, "a", True)]
    by_name = swntk.jit(f, static_argnums=(1,), static_argnames=("flag",))
    assert_close(by_name(x, 2, flag=False), x[:2])
    # What is not an array is part of the key by itself.
    seen.clear()
    plain = swntk.jit(f, static_argnums=1)
    assert_close(plain(x, 2, name="b"), 2 * x)
    assert_close(plain(x, 2, name="c"), 2 * x)
    assert [row[1] for row in seen] == ["b", "c"]
    gradient = swntk.jit(swntk.grad(lambda x, n: (x**n).sum()), static_argnums=1)
    assert_close(gradient(x, 3), 3 * x**2)
    with pytest.raises((TypeError, ValueError)):
        swntk.jit(f, static_argnums=1)(x, [1, 2])  # not hashable


def test_jit_captures():
    """Arrays that it closes over keep the values they had when it was traced."""
    scale = np.array([1.0, 2.0, 3.0])
    f = swntk.jit(lambda x: x * scale)
    x = np.ones(3)
    assert_close(f(x), scale)
    scale[0] = 100
    assert_close(f(x), np.array([1.0, 2.0, 3.0]))
    # Elsewhere a changed closure is seen.
    assert_close(swntk.grad(lambda x: (x * scale).sum())(x), scale)
    scale[0] = 7
    assert_close(swntk.grad(lambda x: (x * scale).sum())(x), scale)


def test_captured_array_modified_while_tracing():
    buffer = np.ones(3)

    def f(x):
        y = x + buffer
        buffer[:] += 5
        z = x + buffer
        buffer[:] -= 5
        return y, z

    for run in (
        lambda x: swntk.jit(f)(x),
        lambda x: swntk.jvp(f, (x,), (x,))[0],
        lambda x: swntk.vjp(f, x)[0],
    ):
        assert_trees_close(run(np.zeros(3)), (np.ones(3), np.full(3, 6.0)))
    assert (buffer == 1).all()


def test_jit_is_a_function():
    @swntk.jit
    def documented(x, k=2):
        """Words."""
        return x * k

    assert documented.__name__ == "documented" and documented.__doc__ == "Words."
    result = documented(np.ones(3))
    assert isinstance(result, np.ndarray) and result.flags.writeable
    result[0] = 7  # the caller's own
    assert_close(documented(np.ones(3)), np.full(3, 2.0))
    same = swntk.jit(lambda x: x)
    x = np.ones(3)
    assert same(x) is not x and not np.shares_memory(same(x), x)
    twice = swntk.jit(lambda x: (x, x))(x)
    assert not np.shares_memory(*twice)


# ---- Pullbacks ------------------------------


def test_pullback_many_times():
    """Law: the same cotangent gives the same bits, whatever happened between."""
    params, x = MLP, X.copy()
    value, pullback = swntk.vjp(lambda p, x: mlp(OURS, p, x), params, x)
    bars = [normal(i, *value.shape) for i in range(4)]
    expected = [pullback(bar) for bar in bars]
    x[:] = 0  # its residuals are its own
    for bar, e in zip(bars, expected, strict=True):
        for a, b in zip(leaves(pullback(bar)), leaves(e), strict=True):
            assert (a == b).all()
    double = pullback(2 * bars[0])
    for a, b in zip(leaves(double), leaves(expected[0]), strict=True):
        assert_close(a, 2 * b)
    value[:] = 0
    for a, b in zip(leaves(pullback(bars[1])), leaves(expected[1]), strict=True):
        assert (a == b).all()


def test_pullback_from_threads():
    value, pullback = swntk.vjp(lambda p, x: mlp(OURS, p, x), MLP, normal(1, 200, 3))
    bars = [normal(i, *value.shape) for i in range(4)]
    expected = [leaves(pullback(bar)) for bar in bars]
    failures = []

    def work(i):
        try:
            for _ in range(20):
                for a, b in zip(leaves(pullback(bars[i])), expected[i], strict=True):
                    assert (a == b).all()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def test_tolerances_are_the_design_s():
    assert TOLERANCES == {"float32": 1e-5, "float64": 1e-11}
