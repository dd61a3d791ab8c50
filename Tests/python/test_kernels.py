"""Law: every implementation of every kernel gives J Jᵀ, for every choice of axes.

J comes from jax.jacrev in float64, and the axis rules are written out here in einsum.
"""

import collections
import itertools
import string

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import swntk
from both import OURS, THEIRS
from checkers import assert_close, leaves, structure
from swntk import NtkImplementation

IMPLEMENTATIONS = list(NtkImplementation)

tree_map = jax.tree_util.tree_map


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def contract(j1, j2, trace_axes, diagonal_axes):
    """Θ of two Jacobians [out..., parameters], by the rules of api.md section 3."""
    rank = j1.ndim - 1
    trace_axes = {axis % rank for axis in trace_axes}
    diagonal_axes = {axis % rank for axis in diagonal_axes}
    letters = iter(string.ascii_letters)
    parameter = next(letters)
    left, right, result = "", "", ""
    for axis in range(rank):
        a = next(letters)
        b = a if axis in trace_axes or axis in diagonal_axes else next(letters)
        left, right = left + a, right + b
        if axis not in trace_axes:
            result += a if axis in diagonal_axes else a + b
    theta = np.einsum(f"{left}{parameter},{right}{parameter}->{result}", j1, j2)
    return theta / np.prod([j1.shape[axis] for axis in trace_axes], initial=1.0)


JACOBIANS = {}


def dense(f, params, x, kwargs=None):
    """Jacobians of each output of f: a tree of arrays [out..., all parameters]."""

    def key(tree):
        arrays = [np.asarray(leaf) for leaf in jax.tree_util.tree_leaves(tree)]
        return str(jax.tree_util.tree_structure(tree)), *((a.shape, a.tobytes()) for a in arrays)

    def double(leaf):
        leaf = jnp.asarray(leaf)
        return leaf.astype(jnp.float64) if leaf.dtype.kind == "f" else leaf

    params, x, kwargs = tree_map(double, params), tree_map(double, x), kwargs or {}
    known = (f, key(params), key(x), repr(kwargs))
    if known not in JACOBIANS:
        at = jax.jit(lambda p: f(THEIRS, p, x, **kwargs))
        outputs, treedef = jax.tree_util.tree_flatten(jax.eval_shape(at, params))
        sizes = [leaf.size for leaf in jax.tree_util.tree_leaves(params)]
        blocks = (
            treedef.flatten_up_to(jax.jit(jax.jacrev(at))(params)) if sizes else [{}] * len(outputs)
        )
        JACOBIANS[known] = treedef.unflatten(
            np.concatenate(
                [np.zeros((*output.shape, 0))]
                + [
                    np.asarray(part).reshape(*output.shape, size)
                    for part, size in zip(jax.tree_util.tree_leaves(block), sizes, strict=True)
                ],
                axis=-1,
            )
            for output, block in zip(outputs, blocks, strict=True)
        )
    return JACOBIANS[known]


def compute(f, x1, x2, params, implementation=NtkImplementation.AUTO, kwargs=None, **options):
    """The kernel; a skip if structured derivatives are not there yet, and say so."""
    ntk_fn = swntk.empirical_ntk_fn(
        lambda p, x, **k: f(OURS, p, x, **k), implementation=implementation, **options
    )
    try:
        return ntk_fn(x1, x2, params, **(kwargs or {}))
    except swntk.UnsupportedError as error:
        if implementation is not NtkImplementation.STRUCTURED_DERIVATIVES:
            raise
        assert len(str(error)) > 10
        pytest.skip(str(error))


def check(f, params, x1, x2, dtype="f8", trace_axes=(-1,), diagonal_axes=(), **options):
    """Every output's kernel is J1 J2ᵀ; with x2 = None exactly symmetric."""

    def cast(leaf):
        leaf = np.asarray(leaf)
        return leaf.astype(dtype) if leaf.dtype.kind == "f" else leaf

    params, x1 = tree_map(cast, params), tree_map(cast, x1)
    x2 = None if x2 is None else tree_map(cast, x2)
    j1 = dense(f, params, x1)
    j2 = j1 if x2 is None else dense(f, params, x2)
    actual = compute(
        f, x1, x2, params, trace_axes=trace_axes, diagonal_axes=diagonal_axes, **options
    )
    assert structure(actual) == structure(j1)
    for theta, a, b in zip(leaves(actual), leaves(j1), leaves(j2), strict=True):
        assert_close(theta, contract(a, b, trace_axes, diagonal_axes).astype(dtype))
        if x2 is None:
            check_symmetric(theta, a.ndim - 1, trace_axes, diagonal_axes)
    return actual


def check_symmetric(theta, rank, trace_axes, diagonal_axes):
    """Exchanging the two of every pair of axes changes no bit."""
    trace_axes = {axis % rank for axis in trace_axes}
    diagonal_axes = {axis % rank for axis in diagonal_axes}
    order, place = [], 0
    for axis in range(rank):
        if axis in diagonal_axes:
            order.append(place)
            place += 1
        elif axis not in trace_axes:
            order += [place + 1, place]
            place += 2
    np.testing.assert_array_equal(theta, np.transpose(theta, order))


implementations = pytest.mark.parametrize("implementation", IMPLEMENTATIONS, ids=lambda i: i.name)

# ---- Functions ------------------------------

PARAMS = {"w1": normal(1, 3, 5), "b1": normal(2, 5), "w2": normal(3, 5, 2)}
X1, X2 = normal(4, 4, 3), normal(5, 3, 3)


def mlp(m, params, x):
    return m.np.tanh(x @ params["w1"] + params["b1"]) @ params["w2"]


def images(m, params, x):
    """[n, 2, 3]"""
    h = m.np.tanh(x @ params["w1"])
    return m.np.einsum("nk,koj->noj", h, params["v"])


def volumes(m, params, x):
    """[n, 2, 2, 2]"""
    h = m.np.tanh(x @ params["w1"])
    return m.np.einsum("nk,kabc->nabc", h, params["v"]) * params["s"]


def scalars(m, params, x):
    """[n]"""
    return m.np.tanh(x @ params["w"]) * params["s"]


def mixing(m, params, x):
    """Each output depends on every sample."""
    h = mlp(m, params, x)
    return h - m.np.mean(h, axis=0)


def transposed_weight(m, params, x):
    return m.np.tanh(x @ params["w"].T) @ params["w"]


def shared_twice(m, params, x):
    return m.np.tanh(m.np.tanh(x @ params["w"]) @ params["w"])


def low_rank(m, params, x):
    return m.np.tanh(x @ (params["w0"] + params["a"] @ params["b"]))


def scaled(m, params, x):
    w = params["w"] * m.np.exp(params["g"]) / m.np.sqrt(m.np.sum(params["w"] ** 2, axis=0))
    return m.np.tanh(x @ w)


def fused(m, params, x):
    qkv = x @ params["w"]
    return m.np.tanh(qkv[:, :2]) * qkv[:, 2:4] + qkv[:, 4:]


def embedding(m, params, ids):
    h = m.np.tanh(params["table"][ids].mean(axis=1) @ params["w"])
    return h @ params["table"].T


def recurrent(m, params, x):
    def step(h, x_t):
        h = m.np.tanh(h @ params["u"] + x_t @ params["w"])
        return h, None

    h, _ = m.scan(step, m.np.zeros((x.shape[0], 4), x.dtype), m.np.moveaxis(x, 1, 0))
    return h @ params["v"]


def scanned_layers(m, params, x):
    return m.scan(lambda h, w: (m.np.tanh(h @ w), None), x, params["layers"])[0]


def attention(m, params, x):
    q, k, v = x @ params["q"], x @ params["k"], x @ params["v"]
    s = m.np.einsum("nqd,nkd->nqk", q, k)
    a = m.np.exp(s - m.np.max(s, axis=-1, keepdims=True))
    return m.np.mean(
        m.np.einsum("nqk,nkd->nqd", a / m.np.sum(a, axis=-1, keepdims=True), v), axis=1
    )


def unused(m, params, x):
    return m.np.tanh(x @ params["w"]) * params["s"]


def many_outputs(m, params, x):
    h = m.np.tanh(x @ params["w1"])
    return {"a": h @ params["w2"], "b": [h[:, :1] * params["b1"][:1], (h,)]}


def of_trees(m, params, x):
    return m.np.tanh(x["a"] @ params[0]["w"] + x["b"][0] @ params[1][0])


def constant(m, params, x):
    return x[:, :2] * 3 + m.np.sum(params["w1"]) * 0


def piecewise(m, params, x):
    return m.np.maximum(x @ params["w1"] + params["b1"], 0) @ params["w2"]


FUNCTIONS = {
    "mlp": (mlp, PARAMS, X1, X2),
    "relu": (piecewise, PARAMS, X1, X2),
    "mixing": (mixing, PARAMS, X1, X2),
    "x @ W.T": (transposed_weight, {"w": normal(1, 4, 3)}, X1, X2),
    "a weight twice": (shared_twice, {"w": normal(1, 3, 3)}, X1, X2),
    "W0 + AB": (
        low_rank,
        {"w0": normal(1, 3, 4), "a": normal(2, 3, 2), "b": normal(3, 2, 4)},
        X1,
        X2,
    ),
    "normalised weight": (scaled, {"w": normal(1, 3, 4), "g": normal(2, 4)}, X1, X2),
    "fused weight": (fused, {"w": normal(1, 3, 6)}, X1, X2),
    "tied embedding": (
        embedding,
        {"table": normal(1, 6, 3), "w": normal(2, 3, 3)},
        np.array([[0, 5, 5], [1, 2, 3]]),
        np.array([[4, 4, 0], [5, 1, 1], [0, 2, 3]]),
    ),
    "recurrent": (
        recurrent,
        {"u": normal(1, 4, 4), "w": normal(2, 2, 4), "v": normal(3, 4, 2)},
        normal(4, 3, 5, 2),
        normal(5, 2, 5, 2),
    ),
    "scanned layers": (scanned_layers, {"layers": normal(1, 3, 3, 3)}, X1, X2),
    "attention": (
        attention,
        {k: normal(i, 3, 2) for i, k in enumerate("qkv")},
        normal(4, 3, 4, 3),
        normal(5, 2, 4, 3),
    ),
    "unused, empty and scalar": (
        unused,
        {
            "w": normal(1, 3, 2),
            "s": np.float64(1.5),
            "never": normal(2, 7),
            "empty": np.zeros((0, 3)),
            "n": None,
        },
        X1,
        X2,
    ),
    "no parameters": (lambda m, params, x: m.np.tanh(x), {}, X1, X2),
    "only empty ones": (
        lambda m, params, x: m.np.tanh(x) + params["e"].sum(),
        {"e": np.zeros((0,))},
        X1,
        X2,
    ),
    "constant": (constant, PARAMS, X1, X2),
    "a bare array": (lambda m, w, x: m.np.tanh(x @ w), normal(1, 3, 2), X1, X2),
    "a list": (
        lambda m, p, x: m.np.tanh(x @ p[0]) @ p[1],
        [normal(1, 3, 4), normal(2, 4, 2)],
        X1,
        X2,
    ),
    "trees": (
        of_trees,
        ({"w": normal(1, 3, 2)}, [normal(2, 2, 2)]),
        {"a": X1, "b": (normal(3, 4, 2),)},
        {"a": X2, "b": (normal(4, 3, 2),)},
    ),
    "many outputs": (many_outputs, PARAMS, X1, X2),
    "one output": (lambda m, p, x: mlp(m, p, x)[:, :1], PARAMS, X1, X2),
    "no samples": (mlp, PARAMS, X1[:0], X2),
    "one sample": (mlp, PARAMS, X1[:1], X2[:1]),
}


@implementations
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, implementation):
    f, params, x1, x2 = FUNCTIONS[name]
    for a, b in [(x1, None), (x1, x2), (x1, x1)]:
        for trace_axes in [(-1,), ()]:
            check(f, params, a, b, trace_axes=trace_axes, implementation=implementation)


@implementations
@pytest.mark.parametrize(
    "name", ["mlp", "recurrent", "tied embedding", "attention", "unused, empty and scalar"]
)
def test_single_precision(name, implementation):
    f, params, x1, x2 = FUNCTIONS[name]
    for a, b in [(x1, None), (x1, x2)]:
        check(f, params, a, b, "f4", implementation=implementation)


# ---- Axes ------------------------------

RANKS = {
    1: (scalars, {"w": normal(1, 3), "s": np.float64(0.7)}),
    2: (mlp, PARAMS),
    3: (images, {"w1": normal(1, 3, 4), "v": normal(2, 4, 2, 3)}),
    4: (volumes, {"w1": normal(1, 3, 4), "v": normal(2, 4, 2, 1, 2), "s": normal(3, 1, 2, 1)}),
}


def axis_choices(rank):
    """Every assignment of keep, trace, diagonal to the axes; then signs and orders vary."""
    for i, choice in enumerate(itertools.product("ktd", repeat=rank)):
        trace = [axis for axis in range(rank) if choice[axis] == "t"]
        diagonal = [axis for axis in range(rank) if choice[axis] == "d"]
        if i % 2:
            trace, diagonal = trace[::-1], [axis - rank for axis in diagonal]
        if i % 3 == 1:
            trace, diagonal = [axis - rank for axis in trace], diagonal[::-1]
        yield tuple(trace), tuple(diagonal)


@implementations
@pytest.mark.parametrize("rank", RANKS)
def test_axes(rank, implementation):
    f, params = RANKS[rank]
    for i, (trace_axes, diagonal_axes) in enumerate(axis_choices(rank)):
        if rank == 4 and i % 3:
            continue
        batch = {axis % rank for axis in trace_axes + diagonal_axes}
        x2 = X1[::-1] * 2 if 0 in batch else X2
        for other in [None, x2]:
            check(
                f,
                params,
                X1,
                other,
                trace_axes=trace_axes,
                diagonal_axes=diagonal_axes,
                implementation=implementation,
            )


@implementations
def test_axes_where_samples_mix(implementation):
    for trace_axes, diagonal_axes in axis_choices(2):
        for other in [None, X1 * 2]:
            check(
                mixing,
                PARAMS,
                X1,
                other,
                trace_axes=trace_axes,
                diagonal_axes=diagonal_axes,
                implementation=implementation,
            )


@pytest.mark.parametrize("axes", [-1, 1, [1], (1,), (np.int64(-1),)], ids=repr)
def test_axes_of_any_form(axes):
    expected = compute(mlp, X1, X2, PARAMS, trace_axes=(1,))
    assert_close(compute(mlp, X1, X2, PARAMS, trace_axes=axes), expected)
    expected = compute(mlp, X1, X2, PARAMS, trace_axes=(), diagonal_axes=(1,))
    assert_close(compute(mlp, X1, X2, PARAMS, trace_axes=(), diagonal_axes=axes), expected)


@pytest.mark.parametrize(
    "options",
    [
        {"trace_axes": (2,)},
        {"trace_axes": (-3,)},
        {"trace_axes": (), "diagonal_axes": (5,)},
        {"trace_axes": (1,), "diagonal_axes": (1,)},
        {"trace_axes": (1,), "diagonal_axes": (-1,)},
        {"trace_axes": (1, -1)},
        {"trace_axes": (0,)},
        {"trace_axes": (), "diagonal_axes": (0,)},
        {"trace_axes": "a"},
        {"trace_axes": (0.5,)},
        {"implementation": 7},
        {"implementation": "AUTO"},
        {"vmap_axes": 2},
        {"vmap_axes": "x"},
    ],
    ids=repr,
)
def test_options_refused(options):
    """n1 = 4 is not n2 = 3: the batch axis cannot be traced or diagonal."""
    with pytest.raises((swntk.ArgumentError, swntk.ShapeError, TypeError)) as caught:
        swntk.empirical_ntk_fn(lambda p, x: mlp(OURS, p, x), **options)(X1, X2, PARAMS)
    (name,) = list(options)[-1:]
    assert name in str(caught.value) or "axis" in str(caught.value)


def test_arguments_refused():
    ntk_fn = swntk.empirical_ntk_fn(lambda p, x: mlp(OURS, p, x))
    for x1, x2, params, error in [
        (X1, X2[:, :2], PARAMS, (swntk.ShapeError, swntk.ArgumentError)),
        (X1, normal(1, 3, 3, 3), PARAMS, (swntk.ShapeError, swntk.ArgumentError)),
        (X1, {"x": X2}, PARAMS, (TypeError, swntk.ArgumentError)),
        (X1, None, {**PARAMS, "n": np.arange(3)}, swntk.DTypeError),
        (
            X1,
            None,
            {**PARAMS, "c": np.ones(3, complex)},
            (swntk.UnsupportedError, swntk.DTypeError),
        ),
        (X1.astype(complex), None, PARAMS, (swntk.UnsupportedError, swntk.DTypeError)),
        (
            X1,
            None,
            {**PARAMS, "o": np.array(["a"])},
            (swntk.DTypeError, swntk.UnsupportedError, TypeError),
        ),
        (None, None, PARAMS, (TypeError, ValueError)),
    ]:
        with pytest.raises(error) as caught:
            ntk_fn(x1, x2, params)
        if error is swntk.DTypeError:
            assert "'n'" in str(caught.value)


def test_implementation_numbers():
    assert [int(i) for i in IMPLEMENTATIONS] == [0, 1, 2, 3]
    assert NtkImplementation(1) is NtkImplementation.JACOBIAN_CONTRACTION
    assert NtkImplementation.NTK_VECTOR_PRODUCTS == 2
    for number in range(3):
        assert_close(
            compute(mlp, X1, X2, PARAMS, implementation=number), compute(mlp, X1, X2, PARAMS)
        )


# ---- Independence of samples ------------------------------


@implementations
@pytest.mark.parametrize("f", [mlp, piecewise, transposed_weight], ids=lambda f: f.__name__)
def test_nan_stays_in_its_row_and_column(f, implementation):
    params = PARAMS if f is not transposed_weight else {"w": normal(1, 4, 3)}
    x = X1.copy()
    x[2, 1] = np.nan
    clean = compute(f, X1, None, params, implementation=implementation, trace_axes=())
    theta = compute(f, x, None, params, implementation=implementation, trace_axes=())
    others = np.ix_([0, 1, 3], [0, 1, 3])
    assert_close(theta[others], clean[others])
    assert np.isnan(theta[2]).any() and np.isnan(theta[:, 2]).any()
    theta = compute(f, X2, x, params, implementation=implementation)
    clean = compute(f, X2, X1, params, implementation=implementation)
    assert np.isnan(theta[:, 2]).all()
    assert_close(theta[:, [0, 1, 3]], clean[:, [0, 1, 3]])


@implementations
@pytest.mark.parametrize("claim", [0, (0, 0, {}), (0, 0, None), None], ids=repr)
def test_true_claims(claim, implementation):
    check(mlp, PARAMS, X1, X2, vmap_axes=claim, implementation=implementation)
    check(mlp, PARAMS, X1, None, vmap_axes=claim, implementation=implementation)


def test_claims_of_other_axes():
    """x holds its samples in axis 1."""

    def f(m, params, x):
        return mlp(m, params, x.T)

    check(f, PARAMS, X1.T, X2.T, vmap_axes=(1, 0, {}))
    check(f, PARAMS, X1.T, X2.T, vmap_axes=(-1, 0, {}))
    check(of_trees, *FUNCTIONS["trees"][1:], vmap_axes=({"a": 0, "b": (0,)}, 0, {}))


@pytest.mark.parametrize(
    "f, x, claim",
    [
        (mixing, X1, 0),
        (mlp, X1, 1),
        (lambda m, p, x: mlp(m, p, x.T), X1.T, 0),
        (mlp, X1, (0, 1, {})),
        (lambda m, p, x: mlp(m, p, x)[::-1], X1, 0),
    ],
    ids=["mixing", "axis 1", "transposed", "wrong output axis", "reversed"],
)
def test_claims_that_the_program_contradicts(f, x, claim):
    with pytest.raises(swntk.ArgumentError) as caught:
        compute(f, x, None, PARAMS, vmap_axes=claim)
    assert "vmap_axes" in str(caught.value) or "batch" in str(caught.value)


# ---- Keyword arguments ------------------------------


def test_keyword_arguments_are_split():
    """A pair is one each; anything else goes to both."""

    def f(m, params, x, scale=1.0, power=1, name=None):
        assert name in (None, "both")
        return mlp(m, params, x) ** power * scale

    def expected(kwargs1, kwargs2):
        return contract(dense(f, PARAMS, X1, kwargs1), dense(f, PARAMS, X2, kwargs2), (-1,), ())

    s1, s2 = normal(6, 4, 1), normal(7, 3, 1)
    for kwargs, each in [
        ({}, [{}, {}]),
        ({"power": 2, "name": "both"}, [{"power": 2}, {"power": 2}]),
        ({"scale": np.float64(3)}, [{"scale": 3.0}, {"scale": 3.0}]),
        ({"scale": (s1, s2)}, [{"scale": s1}, {"scale": s2}]),
        (
            {"scale": (s1, s2), "power": (2, 3)},
            [{"scale": s1, "power": 2}, {"scale": s2, "power": 3}],
        ),
    ]:
        assert_close(compute(f, X1, X2, PARAMS, kwargs=kwargs), expected(*each))


def test_closures_are_captured():
    scale = normal(6, 2)
    theta = swntk.empirical_ntk_fn(lambda p, x: mlp(OURS, p, x) * scale)
    before = theta(X1, X2, PARAMS)
    expected = contract(
        *(dense(lambda m, p, x: mlp(m, p, x) * scale, PARAMS, x) for x in (X1, X2)), (-1,), ()
    )
    assert_close(before, expected)
    scale *= 2
    assert_close(theta(X1, X2, PARAMS), 4 * before)


# ---- The earlier forms ------------------------------


def unnormalised(f, params, x1, x2):
    j1, j2 = dense(f, params, x1), dense(f, params, x1 if x2 is None else x2)
    return np.einsum("nap,mbp->nmab", j1, j2)


@pytest.mark.parametrize("make", [swntk.empirical_direct_ntk_fn, swntk.empirical_implicit_ntk_fn])
def test_direct_and_implicit(make):
    ntk_fn = make(lambda p, x, rng=None: mlp(OURS, p, x))
    for x2 in [X2, None]:
        theta = ntk_fn(X1, x2, PARAMS)
        expected = unnormalised(mlp, PARAMS, X1, x2)
        assert_close(theta, expected)
        assert_close(ntk_fn(X1, x2, PARAMS, keys=None), expected)
        n1, n2, o, _ = theta.shape
        flat = swntk.flatten_kernel(theta)
        assert_close(flat, np.transpose(expected, (0, 2, 1, 3)).reshape(n1 * o, n2 * o))
        assert flat[1 * o + 1, 2 * o + 0] == theta[1, 2, 1, 0]


@pytest.mark.parametrize("make", [swntk.empirical_direct_ntk_fn, swntk.empirical_implicit_ntk_fn])
def test_keys(make):
    """One key for both sides, or one each, as a pair or a (2, 2) array."""

    def f(params, x, rng=None):
        return mlp(OURS, params, x) * (1.0 + (0 if rng is None else rng[1]))

    base = unnormalised(mlp, PARAMS, X1, X2)
    one, two = np.array([0, 1], np.uint32), np.array([0, 4], np.uint32)
    ntk_fn = make(f)
    assert_close(ntk_fn(X1, X2, PARAMS, keys=None), base)
    assert_close(ntk_fn(X1, X2, PARAMS, keys=one), base * 4)
    assert_close(ntk_fn(X1, X2, PARAMS, keys=(one, two)), base * 10)
    assert_close(ntk_fn(X1, X2, PARAMS, keys=np.stack([one, two])), base * 10)


def test_flatten_kernel():
    theta = normal(1, 4, 3, 2, 2)
    flat = swntk.flatten_kernel(theta)
    assert flat.shape == (8, 6)
    for n, m, a, b in itertools.product(range(4), range(3), range(2), range(2)):
        assert flat[n * 2 + a, m * 2 + b] == theta[n, m, a, b]
    for bad in [normal(1, 2), normal(1, 4, 3, 2), normal(1, 4, 3, 2, 3), normal(1, 4, 3, 2, 2, 2)]:
        with pytest.raises((swntk.ShapeError, swntk.ArgumentError)):
            swntk.flatten_kernel(bad)


# ---- Composition ------------------------------


def test_kernel_under_jit():
    ntk_fn = swntk.empirical_ntk_fn(lambda p, x: mlp(OURS, p, x))
    expected = ntk_fn(X1, X2, PARAMS)
    jitted = swntk.jit(ntk_fn)
    for _ in range(2):
        assert_close(jitted(X1, X2, PARAMS), expected)
    assert_close(jitted(X1, None, PARAMS), ntk_fn(X1, None, PARAMS))
    inside = swntk.jit(lambda x, p: np.tanh(ntk_fn(x * 1.0, None, p)) + 1)
    assert_close(inside(X1, PARAMS), np.tanh(ntk_fn(X1, None, PARAMS)) + 1)


@implementations
def test_gradient_of_a_kernel(implementation):
    """By parameters and by inputs, against central differences."""

    def trace(params, x):
        theta = compute(mlp, x, None, params, implementation=implementation)
        return np.einsum("ii->", theta) + theta[0, 1]

    by_params, by_x = swntk.grad(trace, argnums=(0, 1))(PARAMS, X1)
    step = 1e-5
    for name in PARAMS:
        direction = {k: normal(9, *v.shape) * (k == name) for k, v in PARAMS.items()}
        plus, minus = ({k: v + s * direction[k] for k, v in PARAMS.items()} for s in (step, -step))
        slope = (trace(plus, X1) - trace(minus, X1)) / (2 * step)
        assert_close(np.sum(by_params[name] * direction[name]), slope, 1e-7)
    direction = normal(10, *X1.shape)
    slope = (trace(PARAMS, X1 + step * direction) - trace(PARAMS, X1 - step * direction)) / (
        2 * step
    )
    assert_close(np.sum(by_x * direction), slope, 1e-7)


def test_kernel_under_vmap():
    ntk_fn = swntk.empirical_ntk_fn(lambda p, x: mlp(OURS, p, x))
    xs = np.stack([X1, 2 * X1, X1 - 1])
    expected = np.stack([ntk_fn(x, X2, PARAMS) for x in xs])
    assert_close(swntk.vmap(lambda x: ntk_fn(x, X2, PARAMS))(xs), expected)
    many = tree_map(lambda leaf: np.stack([leaf, leaf / 2]), PARAMS)
    expected = np.stack(
        [ntk_fn(X1, X2, tree_map(lambda leaf, i=i: leaf[i], many)) for i in range(2)]
    )
    assert_close(swntk.vmap(lambda p: ntk_fn(X1, X2, p))(many), expected)


def test_jvp_of_a_kernel():
    """Against JAX: the derivative of J Jᵀ."""

    def theta(m, w, x):
        j = jax.jacrev(lambda w: jnp.tanh(x @ w))(w)
        return jnp.einsum("nij,mij->nm", j, j)

    w, dw = normal(1, 3, 1), normal(2, 3, 1)

    def theirs(w):
        j = jax.jacrev(lambda w: jnp.tanh(X1 @ w)[:, 0])(w)
        return jnp.einsum("nij,mij->nm", j, j)

    expected = jax.jvp(theirs, (jnp.asarray(w),), (jnp.asarray(dw),))
    ntk_fn = swntk.empirical_ntk_fn(lambda w, x: np.tanh(x @ w))
    actual = swntk.jvp(lambda w: ntk_fn(X1, None, w), (w,), (dw,))
    assert_close(actual[0], np.asarray(expected[0]))
    assert_close(actual[1], np.asarray(expected[1]))


def test_kernel_of_a_derivative():
    """f may differentiate inside: a physics-informed residual."""

    def residual(m, params, t):
        grad, vmap = (jax.grad, jax.vmap) if m is THEIRS else (swntk.grad, swntk.vmap)

        def u(t):
            return m.np.sum(m.np.tanh(t * params["w"]) * params["v"])

        return vmap(lambda t: grad(grad(u))(t) + u(t))(t)

    params = {"w": normal(1, 4), "v": normal(2, 4)}
    check(residual, params, normal(3, 5), None, trace_axes=())
    check(residual, params, normal(3, 5), normal(4, 2), trace_axes=())


# ---- Trees ------------------------------

Layer = collections.namedtuple("Layer", ["w", "b"])


@pytest.mark.parametrize(
    "params, unpack",
    [
        (Layer(PARAMS["w1"], PARAMS["b1"]), lambda p: (p.w, p.b)),
        (
            collections.OrderedDict([("w", PARAMS["w1"]), ("b", PARAMS["b1"])]),
            lambda p: (p["w"], p["b"]),
        ),
        ([PARAMS["w1"], (None, PARAMS["b1"])], lambda p: (p[0], p[1][1])),
        (
            {"z": {"w": PARAMS["w1"]}, "a": [Layer(PARAMS["b1"], None)]},
            lambda p: (p["z"]["w"], p["a"][0].w),
        ),
    ],
    ids=["namedtuple", "OrderedDict", "list and None", "nested"],
)
def test_parameter_trees(params, unpack):
    def f(m, params, x):
        w, b = unpack(params)
        return m.np.tanh(x @ w + b)

    check(f, params, X1, X2)
    check(f, params, X1, None, trace_axes=())


def test_inputs_of_any_kind():
    """JAX's arrays, read-only and strided ones; nothing is changed."""
    ntk_fn = swntk.empirical_ntk_fn(lambda p, x: mlp(OURS, p, x))
    expected = ntk_fn(X1, X2, PARAMS)
    assert_close(ntk_fn(jnp.asarray(X1), jnp.asarray(X2), tree_map(jnp.asarray, PARAMS)), expected)
    frozen = tree_map(np.array, PARAMS)
    for leaf in leaves(frozen):
        leaf.flags.writeable = False
    strided = np.repeat(X1, 2, axis=0)[::2]
    assert_close(ntk_fn(strided, np.asfortranarray(X2), frozen), expected)
    assert isinstance(expected, np.ndarray) and expected.flags.writeable


def test_repeated_calls_give_the_same_bits():
    ntk_fn = swntk.empirical_ntk_fn(lambda p, x: mlp(OURS, p, x))
    first = ntk_fn(X1, X2, PARAMS)
    for _ in range(3):
        np.testing.assert_array_equal(ntk_fn(X1, X2, PARAMS), first)
