"""Law: swntk.nn computes what jax.nn computes, with the same first and second derivatives.

What jax.nn lacks is compared with the formula of its docstring, written for JAX. Functions are
written once; `m` is swntk.nn or jax.nn.
"""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import swntk
from checkers import assert_close, assert_names_line, leaves

OURS, THEIRS = swntk.nn, jax.nn
DTYPES = ["float32", "float64"]
KINKS = np.array(
    [-1000, -30, -6, -3, -2.5, -2, -1, -0.5, -1e-8, -0.0, 0, 1e-8, 0.3, 1, 2, 3, 6, 7, 30, 1000.0]
)


def bundle(m, f, inputs, directions, weights):
    """Value, jvp, gradient, and jvp of the gradient, of f by all floating inputs."""

    def total(*xs):
        return sum(m.np.sum(w * y) for w, y in zip(weights, leaves(f(*xs)), strict=True))

    every = tuple(range(len(inputs)))
    gradient = m.grad(total, every)
    return (
        f(*inputs),
        m.jvp(f, inputs, directions)[1],
        *m.jvp(gradient, inputs, directions),
    )


OUR_SIDE = SimpleNamespace(np=np, grad=swntk.grad, jvp=swntk.jvp)
THEIR_SIDE = SimpleNamespace(np=jnp, grad=jax.grad, jvp=jax.jvp)


def check(ours, theirs, *arrays, dtype="float64", tolerance=None):
    """Values and derivatives of both, and ours called plainly, under jit, vmap and scan."""
    inputs = tuple(np.asarray(x, dtype) for x in arrays)
    rng = np.random.default_rng(3)
    directions = tuple(rng.standard_normal(x.shape).astype(dtype) for x in inputs)
    plain = ours(*inputs)
    weights = [rng.standard_normal(np.shape(y)).astype(dtype) for y in leaves(plain)]

    def oracle(*arrays):
        xs, ds, ws = (list(a) for a in arrays)
        return bundle(THEIR_SIDE, theirs, tuple(xs), tuple(ds), ws)

    # In float64: some of JAX's own second derivatives have lost digits in float32.
    wide = [[np.asarray(a, np.float64) for a in group] for group in (inputs, directions, weights)]
    expected = leaves(jax.jit(oracle)(*wide))
    types = leaves(jax.eval_shape(oracle, inputs, directions, weights))
    actual = leaves(bundle(OUR_SIDE, ours, inputs, directions, weights))
    for a, e, t in zip(actual, expected, types, strict=True):
        assert_close(a, np.asarray(e).astype(t.dtype), tolerance)
    for y in leaves(plain):
        assert isinstance(y, (np.ndarray, np.generic))

    def same(results, tolerance=1e-6 if dtype == "float32" else 1e-13):
        for a, e in zip(leaves(results), leaves(plain), strict=True):
            assert_close(a, e, tolerance)

    same(swntk.jit(ours)(*inputs))
    stacked = [np.stack([x / 2, x]) for x in inputs]
    same([y[1] for y in leaves(swntk.vmap(ours)(*stacked))])
    ys = swntk.lax.scan(lambda c, xs: (c, ours(*xs)), 0.0, tuple(stacked))[1]
    same([y[1] for y in leaves(ys)])


# ---- activations

ACTIVATIONS = [
    ("identity", {}),
    ("relu", {}),
    ("relu6", {}),
    ("elu", {}),
    ("elu", {"alpha": 0.7}),
    ("selu", {}),
    ("celu", {}),
    ("celu", {"alpha": 0.7}),
    ("gelu", {}),
    ("gelu", {"approximate": False}),
    ("silu", {}),
    ("swish", {}),
    ("softplus", {}),
    ("soft_sign", {}),
    ("sigmoid", {}),
    ("log_sigmoid", {}),
    ("hard_tanh", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("hard_swish", {}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
    ("squareplus", {}),
    ("squareplus", {"b": 1.5}),
    ("mish", {}),
]
SHAPES = [(), (0,), (1,), (2, 3)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name, options", ACTIVATIONS, ids=[f"{n}{list(o.values()) or ''}" for n, o in ACTIVATIONS]
)
def test_activations(name, options, dtype):
    ours, theirs = (lambda x, m=m: getattr(m, name)(x, **options) for m in (OURS, THEIRS))
    check(ours, theirs, KINKS, dtype=dtype)
    # Each kink by itself: beside 1000 an error at 0 would be lost.
    for k in (1, 2):
        derivative = [ours, theirs]
        for _ in range(k):
            derivative = [swntk.grad(derivative[0]), jax.grad(derivative[1])]
        x = KINKS.astype(dtype)
        actual = swntk.vmap(derivative[0])(x)
        expected = np.asarray(jax.jit(jax.vmap(derivative[1]))(x.astype(np.float64)))
        near = 1e-5 if dtype == "float32" else 1e-11
        np.testing.assert_allclose(actual, expected, rtol=near, atol=near)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", sorted({n for n, _ in ACTIVATIONS}))
def test_activations_of_shapes_and_integers(name, shape):
    x = np.random.default_rng(0).standard_normal(shape)
    check(getattr(OURS, name), getattr(THEIRS, name), x)
    if name in ("sigmoid", "silu", "swish", "mish"):
        return  # jax.nn does not take integers
    x = np.arange(-3, 9)
    assert_close(getattr(OURS, name)(x), np.asarray(getattr(THEIRS, name)(x)))


@pytest.mark.parametrize("name", sorted({n for n, _ in ACTIVATIONS} - {"identity"}))
def test_activations_at_infinity_and_nan(name):
    x = np.array([-np.inf, np.inf, np.nan])
    with np.errstate(all="ignore"):
        expected = np.asarray(getattr(THEIRS, name)(x))
    np.testing.assert_array_equal(getattr(OURS, name)(x), expected)


def test_slopes_are_arguments_like_others():
    x = np.array([-2.0, 0.5])
    for name in ("elu", "celu", "leaky_relu", "squareplus"):
        check(getattr(OURS, name), getattr(THEIRS, name), x, np.array([0.4, 1.5]))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_glu(axis):
    x = np.random.default_rng(0).standard_normal((2, 4))
    check(lambda x: OURS.glu(x, axis), lambda x: THEIRS.glu(x, axis), x)


def test_log1mexp():
    x = np.array([1e-20, 1e-3, 0.5, np.log(2.0), 0.7, 3.0, 30.0])
    check(OURS.log1mexp, THEIRS.log1mexp, x)
    assert OURS.log1mexp(np.float64(0)) == -np.inf


def test_large_arguments_do_not_overflow():
    x = np.array([1e4, -1e4])
    np.testing.assert_array_equal(OURS.softplus(x), [1e4, 0])
    np.testing.assert_array_equal(OURS.log_sigmoid(x), [0, -1e4])
    assert OURS.softplus(np.float64(-700)) == np.exp(-700)
    np.testing.assert_allclose(OURS.gelu(np.array([-20.0]), approximate=False), -5.5072482372e-88)


# ---- along axes

MASK = np.array([[True, False, True, True], [False, True, True, False], [False] * 4])
ROWS = np.random.default_rng(1).standard_normal((3, 4))
FACTORS = np.array([[1, 0, -2.0, 3], [0.5, 1, 1, 2], [1, 1, 1, 1]])

ALONG_AXES = {
    "softmax": lambda m, x: m.softmax(x),
    "softmax axis 0": lambda m, x: m.softmax(x, 0),
    "softmax of all": lambda m, x: m.softmax(x, axis=None),
    "softmax axes": lambda m, x: m.softmax(x, axis=(0, -1)),
    "softmax where": lambda m, x: m.softmax(x, where=MASK),
    "softmax where, of all": lambda m, x: m.softmax(x, axis=None, where=MASK),
    "log_softmax": lambda m, x: m.log_softmax(x),
    "log_softmax of all": lambda m, x: m.log_softmax(x, axis=None),
    "log_softmax axes": lambda m, x: m.log_softmax(x, axis=(1, 0)),
    "logsumexp": lambda m, x: m.logsumexp(x),
    "logsumexp axis": lambda m, x: m.logsumexp(x, axis=1),
    "logsumexp keepdims": lambda m, x: m.logsumexp(x, axis=(0, 1), keepdims=True),
    "logsumexp where": lambda m, x: m.logsumexp(x[:2], axis=1, where=MASK[:2]),
    "logsumexp b": lambda m, x: m.logsumexp(x, axis=0, b=np.abs(FACTORS)),
    "logsumexp b, where": lambda m, x: m.logsumexp(x[:2], 1, np.abs(FACTORS[:2]), where=MASK[:2]),
    "logsumexp b of integers": lambda m, x: m.logsumexp(x, axis=1, b=np.array([1, 0, 2, 3])),
    "logsumexp sign": lambda m, x: m.logsumexp(x, axis=1, b=FACTORS, return_sign=True),
    "logsumexp sign, keepdims": lambda m, x: m.logsumexp(x, 1, FACTORS, True, True),
    "logmeanexp": lambda m, x: m.logmeanexp(x, axis=1),
    "logmeanexp where": lambda m, x: m.logmeanexp(x[:2], axis=1, where=MASK[:2], keepdims=True),
    "standardize": lambda m, x: m.standardize(x),
    "standardize axis": lambda m, x: m.standardize(x, axis=0, epsilon=1e-3),
    "standardize of all": lambda m, x: m.standardize(x, axis=None),
    "standardize axes": lambda m, x: m.standardize(x, axis=(0, 1)),
    "standardize stable": lambda m, x: m.standardize(x, algorithm="stable"),
    "standardize where": lambda m, x: m.standardize(x[:2], where=MASK[:2]),
    "standardize mean": lambda m, x: m.standardize(x, mean=0.5, variance=2.0),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ALONG_AXES)
def test_along_axes(name, dtype):
    f = ALONG_AXES[name]
    if name == "logsumexp b of integers" and dtype == "float32":
        pytest.skip("float32 and int64 make float64 in NumPy, float32 in JAX")
    check(lambda x: f(OURS, x), lambda x: f(THEIRS, x), ROWS, dtype=dtype)


def test_softmax_where_nothing_takes_part_has_no_derivative():
    x = ROWS
    gradient = swntk.grad(lambda x: np.sum(OURS.softmax(x, where=MASK) * FACTORS))(x)
    assert np.isfinite(gradient).all() and not gradient[~MASK].any()
    log = OURS.log_softmax(x, where=MASK)
    assert_close(log, np.asarray(THEIRS.log_softmax(x, where=MASK)))
    assert (log[~MASK] == -np.inf).all()


def test_factors_of_logsumexp_have_derivatives():
    f = [lambda x, b, m=m: m.logsumexp(x, axis=1, b=b) for m in (OURS, THEIRS)]
    check(*f, ROWS, np.abs(FACTORS) + 0.1)
    assert np.isnan(OURS.logsumexp(np.zeros(2), b=np.array([1.0, -3.0])))
    assert OURS.logsumexp(np.full(3, -np.inf)) == -np.inf
    assert OURS.logsumexp(np.array([np.inf, 1.0]), b=np.array([1.0, 1.0])) == np.inf
    assert OURS.logsumexp(np.zeros(0)) == -np.inf


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (1,), (1, 1)])
def test_along_axes_of_small_sizes(shape):
    x = np.zeros(shape)
    for name in ("softmax", "log_softmax"):
        assert getattr(OURS, name)(x).shape == shape
        assert getattr(OURS, name)(x, axis=None).shape == shape
    assert OURS.softmax(np.float64(2), axis=None) == 1


# ---- normalization


def reference_norm(x, axes, eps):
    mean = jnp.mean(x, axis=axes, keepdims=True)
    return (x - mean) / jnp.sqrt(jnp.var(x, axis=axes, keepdims=True) + eps)


def reference_group_norm(x, groups, scale, offset, eps):
    n, *space, c = x.shape
    y = reference_norm(
        x.reshape(n, *space, groups, c // groups), (*range(1, len(space) + 1), -1), eps
    )
    return y.reshape(x.shape) * scale + offset


IMAGES = np.random.default_rng(2).standard_normal((2, 3, 3, 4)) + 0.3
SCALE, OFFSET = np.array([1.0, 2, -1, 0.5]), np.array([0.1, 0.2, 0.3, 0.4])

NORMS = {
    "layer_norm": (
        lambda x, s, o: OURS.layer_norm(x, s, o),
        lambda x, s, o: reference_norm(x, -1, 1e-5) * s + o,
    ),
    "layer_norm over axes": (
        lambda x, s, o: OURS.layer_norm(x, np.ones((3, 4), "f4") * s, None, axis=(2, 3), eps=1e-2),
        lambda x, s, o: reference_norm(x, (2, 3), 1e-2) * s + 0 * o,
    ),
    "layer_norm of all": (
        lambda x, s, o: OURS.layer_norm(x, axis=None) * s + o,
        lambda x, s, o: reference_norm(x, None, 1e-5) * s + o,
    ),
    "rms_norm": (
        lambda x, s, o: OURS.rms_norm(x, s) + o,
        lambda x, s, o: x / jnp.sqrt(jnp.mean(x**2, -1, keepdims=True) + 1e-5) * s + o,
    ),
    "batch_norm": (
        lambda x, s, o: OURS.batch_norm(x, scale=s, offset=o),
        lambda x, s, o: reference_norm(x, (0, 1, 2), 1e-5) * s + o,
    ),
    "batch_norm by statistics": (
        lambda x, s, o: OURS.batch_norm(x, o, s**2, eps=1e-3),
        lambda x, s, o: (x - o) / jnp.sqrt(s**2 + 1e-3),
    ),
    "batch_norm by the mean": (
        lambda x, s, o: OURS.batch_norm(x, mean=o, scale=s),
        lambda x, s, o: (x - o) / jnp.sqrt(jnp.mean((x - o) ** 2, (0, 1, 2)) + 1e-5) * s,
    ),
    "batch_norm, channels first": (
        lambda x, s, o: np.moveaxis(
            OURS.batch_norm(np.moveaxis(x, -1, 1), scale=s, offset=o, axis=1), 1, -1
        ),
        lambda x, s, o: reference_norm(x, (0, 1, 2), 1e-5) * s + o,
    ),
    "group_norm": (
        lambda x, s, o: OURS.group_norm(x, 2, s, o),
        lambda x, s, o: reference_group_norm(x, 2, s, o, 1e-5),
    ),
    "group_norm of one group": (
        lambda x, s, o: OURS.group_norm(x, 1, s, o),
        lambda x, s, o: reference_group_norm(x, 1, s, o, 1e-5),
    ),
    "group_norm of one channel each": (
        lambda x, s, o: OURS.group_norm(x, 4, s, o),
        lambda x, s, o: reference_group_norm(x, 4, s, o, 1e-5),
    ),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NORMS)
def test_norms(name, dtype):
    check(*NORMS[name], IMAGES, SCALE, OFFSET, dtype=dtype)


def test_norms_of_samples_are_independent():
    params = {"w": np.eye(4), "s": SCALE}

    def f(params, x):
        return OURS.group_norm(OURS.layer_norm(x @ params["w"], params["s"]), 2)

    x = np.random.default_rng(0).standard_normal((5, 4))
    whole = swntk.empirical_ntk_fn(f)(x, None, params)
    part = swntk.empirical_ntk_fn(f)(x[:2], x[3:], params)
    assert_close(part, whole[:2, 3:])


# ---- attention

B, T, S, H = 2, 3, 5, 4


def attention_arrays(heads, groups, t=T, s=S):
    rng = np.random.default_rng(heads)
    return [
        rng.standard_normal(shape)
        for shape in ((B, t, heads, H), (B, s, groups, H), (B, s, groups, H))
    ]


def reference_attention(q, k, v, bias=None, mask=None, scale=None, residual=False):
    """In the arrays' own type; jax.nn's softmax is float32."""
    share = q.shape[2] // k.shape[2]
    k, v = (jnp.repeat(x, share, axis=2) for x in (k, v))
    logits = jnp.einsum("btnh,bsnh->bnts", q, k) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if bias is not None:
        logits = logits + bias
    if mask is not None:
        logits = jnp.where(mask, logits, -0.7 * np.finfo(np.float32).max)
    result = jnp.einsum("bnts,bsnh->btnh", jax.nn.softmax(logits), v)
    return (result, jnp.swapaxes(jax.nn.logsumexp(logits, -1), 1, 2)) if residual else result


BIAS = np.random.default_rng(9).standard_normal((B, 4, T, S))
SEEN = np.random.default_rng(8).random((B, 4, T, S)) < 0.6
CAUSAL = np.tril(np.ones((T, S), bool))
AHEAD = np.arange(S) - np.arange(T)[:, None]
LENGTHS = np.array([2, 5], np.int32)
SHORT = np.array([1, 3], np.int32)
BEFORE = np.arange(S) < LENGTHS[:, None, None, None]

# options of ours and of jax.nn's; options of the reference
ATTENTION = {
    "plain": ({}, {}),
    "scale": ({"scale": 0.3}, {"scale": 0.3}),
    "bias": ({"bias": BIAS}, {"bias": BIAS}),
    "bias for all": ({"bias": BIAS[:1, :1]}, {"bias": BIAS[:1, :1]}),
    "mask": ({"mask": SEEN}, {"mask": SEEN}),
    "mask for all heads": ({"mask": SEEN[:, :1]}, {"mask": SEEN[:, :1]}),
    "nothing seen": (
        {"mask": np.zeros((1, 1, T, S), bool)},
        {"mask": np.zeros((1, 1, T, S), bool)},
    ),
    "causal": ({"is_causal": True}, {"mask": CAUSAL}),
    "window": ({"local_window_size": 1}, {"mask": abs(AHEAD) <= 1}),
    "window of two": ({"local_window_size": (1, 2)}, {"mask": (AHEAD >= -1) & (AHEAD <= 2)}),
    "causal window": (
        {"local_window_size": (1, 2), "is_causal": True},
        {"mask": (AHEAD >= -1) & (AHEAD <= 0)},
    ),
    "lengths": ({"key_value_seq_lengths": LENGTHS}, {"mask": BEFORE}),
    "everything": (
        {"bias": BIAS, "mask": SEEN, "is_causal": True, "key_value_seq_lengths": LENGTHS},
        {"bias": BIAS, "mask": SEEN & CAUSAL & BEFORE},
    ),
}


@pytest.mark.parametrize("groups", [4, 2, 1])
@pytest.mark.parametrize("name", ATTENTION)
def test_attention(name, groups):
    options, reference = ATTENTION[name]
    q, k, v = attention_arrays(4, groups)
    check(
        lambda q, k, v: OURS.dot_product_attention(q, k, v, **options),
        lambda q, k, v: reference_attention(q, k, v, **reference),
        q,
        k,
        v,
    )
    single = [x.astype("f4") for x in (q, k, v)]
    ours = OURS.dot_product_attention(*single, **options)
    theirs = THEIRS.dot_product_attention(*map(jnp.asarray, single), **options)
    assert_close(ours, np.asarray(theirs), 2e-6)


def test_attention_of_lengths_of_queries():
    q, k, v = (x.astype("f4") for x in attention_arrays(4, 2))
    options = {"query_seq_lengths": SHORT, "key_value_seq_lengths": LENGTHS}
    ours = OURS.dot_product_attention(q, k, v, **options)
    assert_close(ours, np.asarray(THEIRS.dot_product_attention(q, k, v, **options)), 2e-6)
    assert not ours[0, 1:].any()
    gradient = swntk.grad(lambda q: np.sum(OURS.dot_product_attention(q, k, v, **options)))(q)
    assert not gradient[0, 1:].any() and np.isfinite(gradient).all()


def test_attention_without_a_batch_and_with_the_residual():
    q, k, v = attention_arrays(4, 2)
    one = OURS.dot_product_attention(q[0], k[0], v[0], is_causal=True)
    assert_close(one, OURS.dot_product_attention(q, k, v, is_causal=True)[0])
    result, residual = OURS.dot_product_attention(q, k, v, return_residual=True)
    expected = reference_attention(q, k, v, residual=True)
    assert_close(result, np.asarray(expected[0]))
    assert_close(residual, np.asarray(expected[1]))
    assert OURS.dot_product_attention(q[0], k[0], v[0], return_residual=True)[1].shape == (T, 4)


def test_attention_is_differentiable_by_bias_and_takes_traced_lengths():
    q, k, v = attention_arrays(4, 2)
    check(
        lambda q, bias: OURS.dot_product_attention(q, k, v, bias),
        lambda q, bias: reference_attention(q, k, v, bias),
        q,
        BIAS,
    )
    traced = swntk.jit(lambda n: OURS.dot_product_attention(q, k, v, key_value_seq_lengths=n))(
        LENGTHS
    )
    assert_close(traced, OURS.dot_product_attention(q, k, v, key_value_seq_lengths=LENGTHS))


def test_attention_keeps_its_element_type():
    q, k, v = (x.astype("f4") for x in attention_arrays(4, 2))
    for scale in (np.float64(0.3), np.array(0.3)):
        result = OURS.dot_product_attention(q, k, v, BIAS, scale=scale)
        assert result.dtype == np.float32


@pytest.mark.parametrize("t, s", [(0, 3), (1, 1), (2, 0)])
def test_attention_of_small_sizes(t, s):
    q, k, v = attention_arrays(2, 1, t, s)
    result = OURS.dot_product_attention(q, k, v)
    assert result.shape == q.shape and (s or not result.any())


# ---- embedding, one_hot


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 2)])
def test_embedding(shape, dtype):
    ids = np.random.default_rng(0).integers(-5, 5, shape)
    table = np.random.default_rng(1).standard_normal((5, 3))
    check(lambda table: OURS.embedding(ids, table), lambda table: table[ids], table, dtype=dtype)
    traced = swntk.jit(lambda ids: OURS.embedding(ids, table))(ids)
    assert_close(traced, table[ids])
    assert_close(OURS.embedding(ids, table[:, 0]), np.asarray(table[ids, 0]))


def test_embedding_out_of_range():
    table = np.eye(3)
    for ids in (np.array([0, 3]), np.array([-4]), np.array([2**63], np.uint64)):
        for f in (OURS.embedding, swntk.jit(OURS.embedding)):
            with pytest.raises(IndexError):
                f(ids, table)
    with pytest.raises(swntk.DTypeError, match="float64"):
        OURS.embedding(np.array([1.0]), table)
    with pytest.raises(swntk.ShapeError, match="scalar"):
        OURS.embedding(np.array([1]), np.float64(1))


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("kind", ["int64", "int32", "uint8", "uint32", "uint64"])
def test_one_hot(kind, axis):
    x = np.array([[0, 2, 7], [3, 1, 0]], kind)
    for dtype in ("float32", "float64", "int32", "bool"):
        expected = THEIRS.one_hot(x, 4, dtype=dtype, axis=axis)
        assert_close(OURS.one_hot(x, 4, dtype=dtype, axis=axis), np.asarray(expected))
    assert OURS.one_hot(x, 0).shape == (2, 3, 0)
    assert OURS.one_hot(np.array([200], "uint8"), 300)[0, 200] == 1
    assert_close(OURS.one_hot(np.array(-1), 2), np.zeros(2))


# ---- dropout


@pytest.mark.parametrize("partitionable", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout(dtype, partitionable):
    x = np.random.default_rng(0).standard_normal((6, 5)).astype(dtype)
    key = swntk.random.key(7)
    with swntk.random.partitionable(partitionable), jax.threefry_partitionable(partitionable):
        kept = np.asarray(jax.random.bernoulli(jnp.asarray(key), 0.7, x.shape))
        rows = np.asarray(jax.random.bernoulli(jnp.asarray(key), 0.7, (6, 1)))
        keep = 1 - 0.3
        check(
            lambda x: OURS.dropout(key, 0.3, x),
            lambda x: jnp.where(kept, x / keep, 0),
            x,
            dtype=dtype,
        )
        same = OURS.dropout(key, 0.3, x, broadcast_dims=(1,))
        assert_close(same, np.where(rows, x / keep, 0).astype(dtype))
    assert_close(OURS.dropout(None, 0.3, x, deterministic=True), x)
    assert_close(OURS.dropout(key, 0.0, x), x)
    assert_close(OURS.dropout(key, 1.0, x), np.zeros_like(x))
    traced = swntk.jit(lambda k, r: OURS.dropout(k, r, x))(key, np.float64(0.3))
    assert_close(traced, OURS.dropout(key, 0.3, x), 1e-6)


def test_dropout_keeps_nan_out():
    x = np.array([np.nan, np.inf] * 8)
    dropped = OURS.dropout(swntk.random.key(0), 0.5, x)
    assert (dropped == 0).any()
    assert np.isfinite(
        swntk.grad(lambda x: np.sum(OURS.dropout(swntk.random.key(0), 0.5, x)))(x)
    ).all()


def test_kernel_of_a_function_with_dropout():
    params = {"w": np.random.default_rng(1).standard_normal((4, 3)), "v": np.ones((3, 2))}
    x1, x2 = np.random.default_rng(2).standard_normal((2, 5, 4))

    def f(m, random, params, x, rng):
        h = m.dropout(rng, 0.4, x @ params["w"])
        return m.relu(h) @ params["v"]

    def ours(params, x, rng):
        return f(OURS, swntk.random, params, x, rng)

    def theirs(params, x, rng):
        h = x @ params["w"]
        kept = jax.random.bernoulli(rng, 1 - 0.4, h.shape)
        return jax.nn.relu(jnp.where(kept, h / (1 - 0.4), 0)) @ params["v"]

    key = swntk.random.key(5)
    with jax.threefry_partitionable(False):
        folded = jax.random.fold_in(jnp.asarray(key), 1)
        j1, j2 = (
            jax.jacobian(theirs)(params, x, k) for x, k in ((x1, jnp.asarray(key)), (x2, folded))
        )
    expected = sum(
        np.einsum("nkij,mkij->nm", np.asarray(j1[name]), np.asarray(j2[name])) / 2
        for name in params
    )
    assert_close(swntk.empirical_ntk_fn(ours)(x1, x2, params, rng=key), expected)
    compiled = swntk.jit(lambda x, p, k: swntk.empirical_ntk_fn(ours)(x, None, p, rng=k))
    assert_close(compiled(x1, params, key), swntk.empirical_ntk_fn(ours)(x1, None, params, rng=key))


@pytest.mark.parametrize("implementation", [1, 2, 3])
def test_kernel_of_a_transformer_block(implementation):
    rng = np.random.default_rng(4)
    params = {
        "table": rng.standard_normal((7, 4)),
        "scale": rng.standard_normal(4),
        "q": rng.standard_normal((4, 4)),
        "kv": rng.standard_normal((2, 4, 2)),
        "head": rng.standard_normal((4, 3)),
    }
    ids = rng.integers(0, 7, (5, 6))

    def f(m, embedding, norm, attention, params, ids):
        h = embedding(ids, params["table"])
        x = norm(h, params["scale"])
        n, t, d = x.shape
        q = (x @ params["q"]).reshape(n, t, 2, 2)
        k, v = ((x @ params["kv"][i]).reshape(n, t, 1, 2) for i in (0, 1))
        h = h + attention(q, k, v).reshape(n, t, d)
        return m.gelu(h, approximate=False)[:, -1] @ params["head"]

    def ours(params, ids):
        def attention(q, k, v):
            return OURS.dot_product_attention(q, k, v, is_causal=True)

        return f(OURS, OURS.embedding, OURS.layer_norm, attention, params, ids)

    def theirs(params, ids):
        def attention(q, k, v):
            return reference_attention(q, k, v, mask=np.tril(np.ones((6, 6), bool)))

        def norm(x, scale):
            return reference_norm(x, -1, 1e-5) * scale

        return f(THEIRS, lambda ids, table: table[ids], norm, attention, params, ids)

    jacobian = jax.jit(jax.jacobian(theirs))(params, ids)
    flat = [np.asarray(j).reshape(5, 3, -1) for j in jax.tree_util.tree_leaves(jacobian)]
    expected = sum(np.einsum("nkp,mkp->nm", j, j) / 3 for j in flat)
    kernel = swntk.empirical_ntk_fn(ours, implementation=swntk.NtkImplementation(implementation))
    assert_close(kernel(ids, None, params), expected)


# ---- element types, errors


def test_half_precision_comes_back():
    x = np.array([-1, 0.5, 2], np.float16)
    for name in ("relu", "gelu", "softplus", "softmax", "logsumexp", "layer_norm", "hard_tanh"):
        y = getattr(OURS, name)(x)
        assert y.dtype == np.float16
        expected = getattr(OURS, name)(x.astype("f4")).astype("f2")
        np.testing.assert_array_equal(y, expected)


BAD = {
    "list": (lambda: OURS.relu([1.0, 2.0]), swntk.DTypeError, "x is a list"),
    "string": (lambda: OURS.gelu("a"), swntk.DTypeError, "<U1"),
    "complex": (lambda: OURS.silu(np.ones(1, complex)), swntk.UnsupportedError, "complex"),
    "none": (lambda: OURS.softmax(None), swntk.TracingError, "None"),
    "odd glu": (lambda: OURS.glu(np.ones(3)), swntk.ArgumentError, "size 3"),
    "axis": (lambda: OURS.softmax(np.ones(3), axis=1), swntk.ArgumentError, "axis 1"),
    "repeated axis": (
        lambda: OURS.softmax(np.ones((3, 3)), axis=(0, -2)),
        swntk.ArgumentError,
        "duplicate",
    ),
    "one_hot axis": (
        lambda: OURS.one_hot(np.array([0]), 2, axis=2),
        swntk.ArgumentError,
        "axis is 2",
    ),
    "one_hot of -1": (lambda: OURS.one_hot(np.array([0]), -1), swntk.ArgumentError, "-1"),
    "algorithm": (
        lambda: OURS.standardize(np.ones(3), algorithm="slow"),
        swntk.ArgumentError,
        "slow",
    ),
    "scale": (
        lambda: OURS.layer_norm(np.ones((2, 3)), np.ones(2)),
        swntk.ShapeError,
        "scale has shape (2,), expected (3,)",
    ),
    "variance": (
        lambda: OURS.batch_norm(np.ones((2, 3)), np.ones(3), np.ones((3, 1))),
        swntk.ShapeError,
        "var has shape (3, 1)",
    ),
    "groups": (
        lambda: OURS.group_norm(np.ones((2, 3)), 2),
        swntk.ArgumentError,
        "does not divide the 3 channels",
    ),
    "groups of samples": (
        lambda: OURS.group_norm(np.ones(4), 2),
        swntk.ArgumentError,
        "axis 0",
    ),
    "rate": (
        lambda: OURS.dropout(swntk.random.key(0), 1.5, np.ones(2)),
        swntk.ArgumentError,
        "rate is 1.5",
    ),
    "rate NaN": (
        lambda: OURS.dropout(swntk.random.key(0), np.nan, np.ones(2)),
        swntk.ArgumentError,
        "rate is nan",
    ),
    "no key": (lambda: OURS.dropout(None, 0.5, np.ones(2)), swntk.DTypeError, "key is None"),
    "heads": (
        lambda: OURS.dot_product_attention(*attention_arrays(3, 2)),
        swntk.ShapeError,
        "query has 3 heads",
    ),
    "head sizes": (
        lambda: OURS.dot_product_attention(
            np.ones((1, 2, 3)), np.ones((1, 2, 4)), np.ones((1, 2, 4))
        ),
        swntk.ShapeError,
        "(1, 1, 2, 3)",
    ),
    "ranks": (
        lambda: OURS.dot_product_attention(np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 2))),
        swntk.ShapeError,
        "3 or 4 axes",
    ),
    "types": (
        lambda: OURS.dot_product_attention(
            np.ones((1, 2, 3), "f4"), np.ones((1, 2, 3)), np.ones((1, 2, 3))
        ),
        swntk.DTypeError,
        "float32",
    ),
    "mask type": (
        lambda: OURS.dot_product_attention(*attention_arrays(2, 2), mask=np.ones((T, S))),
        swntk.DTypeError,
        "mask has dtype float64",
    ),
    "bias shape": (
        lambda: OURS.dot_product_attention(*attention_arrays(2, 2), bias=np.ones((T, 2))),
        swntk.ShapeError,
        "bias has shape (1, 1, 3, 2)",
    ),
    "lengths shape": (
        lambda: OURS.dot_product_attention(
            *attention_arrays(2, 2), key_value_seq_lengths=np.array([1])
        ),
        swntk.ShapeError,
        "expected (2,)",
    ),
    "lengths type": (
        lambda: OURS.dot_product_attention(
            *attention_arrays(2, 2), query_seq_lengths=np.array([1.0, 2.0])
        ),
        swntk.DTypeError,
        "float64",
    ),
    "window": (
        lambda: OURS.dot_product_attention(*attention_arrays(2, 2), local_window_size=1.5),
        swntk.ArgumentError,
        "1.5",
    ),
    "implementation": (
        lambda: OURS.dot_product_attention(*attention_arrays(2, 2), implementation="fast"),
        swntk.ArgumentError,
        "fast",
    ),
    "cudnn": (
        lambda: OURS.dot_product_attention(*attention_arrays(2, 2), implementation="cudnn"),
        swntk.UnsupportedError,
        "cudnn",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments(name):
    call, error, fact = BAD[name]
    with pytest.raises(error) as caught:
        call()
    assert fact in str(caught.value)
    if name not in ("string", "complex"):
        assert_names_line(caught.value, __file__, r"\d+")


def test_every_name_is_public():
    assert sorted(OURS.__all__) == list(OURS.__all__)
    for name in OURS.__all__:
        assert getattr(OURS, name).__doc__
