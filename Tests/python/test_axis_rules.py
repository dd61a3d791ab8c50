"""Law: a kernel is J D Jᵀ by the axis rules of api.md, whatever axes, claims, keyword arguments,
leaves, weights and cotangents; what does not fit is refused with its name.

J comes from jax.jacrev in float64, and the rules are written out in einsum (test_kernels.py).
"""

import collections
import itertools

import jax
import numpy as np
import pytest
import swntk
from both import OURS
from checkers import assert_close, leaves, structure
from swntk import NtkImplementation
from test_kernels import (
    PARAMS,
    X1,
    X2,
    axis_choices,
    check,
    compute,
    contract,
    dense,
    implementations,
    mlp,
    normal,
)

tree_map = jax.tree_util.tree_map

# ---- Functions: where the samples stand, and the claims that are true of them --------------


def in_columns(m, params, x):
    """[3, n] to [2, n]"""
    return params["w2"].T @ m.np.tanh(params["w1"].T @ x)


def from_columns(m, params, x):
    """[3, n] to [n, 2]"""
    return mlp(m, params, x.T)


def in_the_middle(m, params, x):
    """[n, 3] to [2, n, 5]"""
    return m.np.einsum("nk,ko->onk", m.np.tanh(x @ params["w1"]), params["w2"])


def of_state(m, params, x):
    """A recurrent step from a state of zeros, one for each sample."""
    h = m.np.zeros((x.shape[0], 5), x.dtype)
    return m.np.tanh(h @ params["w1"].T @ params["w1"] + x @ params["w1"]) @ params["w2"]


def of_trees(m, params, x):
    """{a: [n, 3], b: ([2, n], [2])} to {y: [n, 2], z: ([2, n],)}; z does not use a."""
    h = m.np.tanh(x["a"] @ params["w1"]) @ params["w2"]
    b, shared = x["b"]
    z = m.np.tanh(params["w2"].T @ params["w2"] @ b * shared[:, None] / 10)
    return {"y": h * b.T, "z": (z,)}


def mixing(m, params, x):
    h = mlp(m, params, x)
    return h - m.np.mean(h, axis=0)


def pooled(m, params, x):
    """[n, 3] to [2]"""
    return m.np.mean(mlp(m, params, x), axis=0)


def to_number(m, params, x):
    return m.np.sum(mlp(m, params, x))


def apart(m, params, x):
    """Two outputs, each of one input; one input is not used."""
    return mlp(m, params, x[0]), mlp(m, params, x[1])[:, 0]


def tree_x(seed, n):
    return {"a": normal(seed, n, 3), "b": (normal(seed + 1, 2, n), normal(9, 2))}


Row = collections.namedtuple("Row", ["f", "x", "claims"])
ROWS = {
    "batch axis 0": Row(
        mlp, lambda seed, n: normal(seed, n, 3), [0, -2, (0, 0, {}), (0, -2, None), (0, 0, 0)]
    ),
    "batch axis last": Row(
        in_columns, lambda seed, n: normal(seed, 3, n), [1, -1, np.int64(1), (1, 1, {}), (-1, 1, 0)]
    ),
    "another axis of the result": Row(
        from_columns, lambda seed, n: normal(seed, 3, n), [(1, 0, {}), (-1, -2, {})]
    ),
    "batch axis in the middle": Row(
        in_the_middle, lambda seed, n: normal(seed, n, 3), [(0, 1, {}), (0, -2, {})]
    ),
    "a state": Row(of_state, lambda seed, n: normal(seed, n, 3), [0]),
    "trees": Row(
        of_trees,
        tree_x,
        [
            ({"a": 0, "b": (1, None)}, {"y": 0, "z": (1,)}, {}),
            ({"a": -2, "b": (-1, None)}, {"y": 0, "z": 1}, {}),
        ],
    ),
    "inputs apart": Row(
        apart,
        lambda seed, n: tuple(normal(seed + i, n, 3) for i in range(3)),
        [0, (0, 0, {}), ((0, 0, 0), (0, 0), {}), ((0, 0, 0), 0, None), ([0, 0, 0], [0, 0], {})],
    ),
    "a pair": Row(
        apart, lambda seed, n: (normal(seed, n, 3), normal(seed + 1, n, 3)), [(0, 0), [0, 0]]
    ),
    "samples mix": Row(mixing, lambda seed, n: normal(seed, n, 3), [(None, None, {})]),
    "no batch axis": Row(pooled, lambda seed, n: normal(seed, n, 3), [(None, None, None)]),
    "no axis": Row(to_number, lambda seed, n: normal(seed, n, 3), [(None, None, {})]),
}


# Means of no samples are NaN.
REDUCING = [mixing, pooled, to_number]


def second_sides(row):
    """x2: None, as many samples, another number of them, one."""
    return [None, row.x(20, 4), row.x(30, 3), row.x(40, 1)]


def fits(f, x1, x2, trace_axes, diagonal_axes):
    """Whether traced and diagonal axes have one size on both sides and exist."""
    for a, b in zip(
        leaves(dense(f, PARAMS, x1)),
        leaves(dense(f, PARAMS, x1 if x2 is None else x2)),
        strict=True,
    ):
        rank = a.ndim - 1
        axes = trace_axes + diagonal_axes
        if any(not -rank <= axis < rank for axis in axes):
            return False
        if len({axis % rank for axis in axes}) < len(axes):
            return False
        if any(a.shape[axis % rank] != b.shape[axis % rank] for axis in axes):
            return False
    return True


def rank_of(row):
    return max(a.ndim - 1 for a in leaves(dense(row.f, PARAMS, row.x(10, 4))))


@implementations
@pytest.mark.parametrize("name", ROWS)
def test_axes_of_every_function(name, implementation):
    row = ROWS[name]
    x1 = row.x(10, 4)
    count = 0
    for i, (trace_axes, diagonal_axes) in enumerate(axis_choices(rank_of(row))):
        for j, x2 in enumerate(second_sides(row)):
            if not fits(row.f, x1, x2, trace_axes, diagonal_axes):
                continue
            if rank_of(row) == 3 and (i + j) % 3:
                continue
            dtype = "f4" if (i + j) % 4 == 3 else "f8"
            axes = {"trace_axes": trace_axes, "diagonal_axes": diagonal_axes}
            check(row.f, PARAMS, x1, x2, dtype, implementation=implementation, **axes)
            count += 1
    assert count


@implementations
@pytest.mark.parametrize("name", ROWS)
def test_true_claims(name, implementation):
    row = ROWS[name]
    x1 = row.x(10, 4)
    choices = list(axis_choices(rank_of(row)))
    for i, claim in enumerate(row.claims):
        for j, x2 in enumerate(second_sides(row)):
            possible = [axes for axes in choices if fits(row.f, x1, x2, *axes)]
            trace_axes, diagonal_axes = possible[(i + j) % len(possible)]
            check(
                row.f,
                PARAMS,
                x1,
                x2,
                vmap_axes=claim,
                implementation=implementation,
                trace_axes=trace_axes,
                diagonal_axes=diagonal_axes,
            )


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("name", ROWS)
def test_claims_of_few_samples(name, n):
    """One sample alone is independent of the others, whatever f does."""
    row = ROWS[name]
    x1 = row.x(10, n)
    for claim in [*row.claims, *([0] if name == "samples mix" else [])]:
        if n == 0 and row.f in REDUCING:
            continue
        for x2 in [None, row.x(20, n)]:
            check(row.f, PARAMS, x1, x2, trace_axes=(), vmap_axes=claim)


@implementations
@pytest.mark.parametrize("name", [n for n in ROWS if ROWS[n].f not in REDUCING])
def test_no_samples_beside_many(name, implementation):
    row = ROWS[name]
    for x1, x2 in [(row.x(10, 4), row.x(50, 0)), (row.x(10, 0), row.x(50, 4))]:
        for claim in [None, row.claims[0]]:
            for axes in [(-1,), ()]:
                if fits(row.f, x1, x2, axes, ()):
                    options = {"trace_axes": axes, "vmap_axes": claim}
                    check(row.f, PARAMS, x1, x2, implementation=implementation, **options)


def test_a_row_for_all_samples_beside_one_sample():
    """[1, 2] is a row that all samples share, even where there is one sample."""

    def f(m, params, x, s):
        return mlp(m, params, x) * s

    s = normal(6, 1, 2)
    for n in [1, 4]:
        for claim in [0, (0, 0, {"s": None})]:
            j = dense(f, PARAMS, X1[:n], {"s": s})
            theta = compute(f, X1[:n], None, PARAMS, kwargs={"s": s}, vmap_axes=claim)
            assert_close(theta, contract(j, j, (-1,), ()))


# ---- Keyword arguments -----------------------------------------------


def masked(m, params, x, mask=None, gain=None, tree=None, power=1):
    """mask [n, 1], gain [5], tree {"u": [2, n], "v": ()}."""
    h = m.np.tanh(x @ params["w1"])
    h = h if gain is None else h * gain
    h = h if mask is None else m.np.where(mask > 0, h, 0.0)
    y = (h @ params["w2"]) ** power
    return y if tree is None else y * tree["u"].T * tree["v"]


MASKS = normal(6, 4, 1), normal(7, 3, 1)
TREES = {"u": normal(1, 2, 4), "v": np.array(2.0)}, {"u": normal(2, 2, 3), "v": np.array(3.0)}
GAIN = normal(8, 5)


@implementations
@pytest.mark.parametrize(
    "kwargs, each, claims",
    [
        ({"power": 2}, [{"power": 2}] * 2, [None, 0, (0, 0, 0), (0, 0, {"power": None})]),
        ({"power": (2, 1)}, [{"power": 2}, {"power": 1}], [None, 0]),
        ({"gain": GAIN}, [{"gain": GAIN}] * 2, [None, 0, (0, 0, {}), (0, 0, {"gain": None})]),
        (
            {"mask": MASKS},
            [{"mask": MASKS[0]}, {"mask": MASKS[1]}],
            [None, (0, 0, 0), (0, 0, {"mask": 0}), (0, -2, {"mask": -2})],
        ),
        (
            {"mask": (MASKS[0], None), "gain": GAIN},
            [{"mask": MASKS[0], "gain": GAIN}, {"gain": GAIN}],
            [None, (0, 0, {"mask": 0})],
        ),
        (
            {"mask": (None, MASKS[1])},
            [{}, {"mask": MASKS[1]}],
            [None, (0, 0, {"mask": 0})],
        ),
        (
            {"tree": TREES, "mask": MASKS, "power": 2},
            [{"tree": t, "mask": k, "power": 2} for t, k in zip(TREES, MASKS, strict=True)],
            [None, (0, 0, {"mask": 0, "tree": {"u": 1, "v": None}})],
        ),
    ],
    ids=["number", "numbers", "shared", "pair", "pair with None", "None first", "trees"],
)
def test_keyword_arguments(kwargs, each, claims, implementation):
    j1, j2 = (dense(masked, PARAMS, x, k) for x, k in zip((X1, X2), each, strict=True))
    for claim in claims:
        options = {"vmap_axes": claim, "implementation": implementation, "kwargs": kwargs}
        for axes in [(-1,), ()]:
            theta = compute(masked, X1, X2, PARAMS, trace_axes=axes, **options)
            assert_close(theta, contract(j1, j2, axes, ()))
            theta = compute(masked, X1, None, PARAMS, trace_axes=axes, **options)
            assert_close(theta, contract(j1, j1, axes, ()))
            if not axes:
                np.testing.assert_array_equal(theta, np.transpose(theta, (1, 0, 3, 2)))


def test_keyword_arguments_that_f_does_not_take():
    with pytest.raises(TypeError, match="'gian'"):
        swntk.empirical_ntk_fn(lambda p, x, gain=1: x @ p * gain)(X1, None, X2.T, gian=2)
    with pytest.raises(TypeError, match="'x'"):
        swntk.empirical_ntk_fn(lambda p, x: x @ p)(X1, None, X2.T, x=2)
    with pytest.raises(TypeError, match="s has dtype object"):
        swntk.empirical_ntk_fn(lambda p, x, s: x @ p * s)(X1, None, X2.T, s=np.ones(3, "O"))


def test_no_second_side():
    """A tree of nothing for x2 means x1, as in neural-tangents."""

    def f(m, params, x):
        return mlp(m, params, x[0]) + x[1][:, :2]

    x = (X1, X1)
    expected = compute(f, x, None, PARAMS)
    np.testing.assert_array_equal(compute(f, x, (None, None), PARAMS), expected)


def dropout(params, x, rng=None):
    h = np.tanh(x @ params["w1"])
    if rng is not None:
        kept = swntk.random.bernoulli(rng, 0.6, h.shape)
        h = np.where(kept, h / 0.6, 0.0)
    return h @ params["w2"]


def with_mask(m, params, x, kept):
    return m.np.where(kept, m.np.tanh(x @ params["w1"]) / 0.6, 0.0) @ params["w2"]


KEY = np.array([0, 3], np.uint32)
OTHER = np.array([7, 3], np.uint32)
FOLDED = np.array([1946498123, 2217676430], np.uint32)


def expected_dropout(x1, x2, key1, key2, axes):
    kept = [
        np.asarray(swntk.random.bernoulli(key, 0.6, (len(x), 5)))
        for x, key in [(x1, key1), (x2, key2)]
    ]
    j = [dense(with_mask, PARAMS, x, {"kept": k}) for x, k in zip((x1, x2), kept, strict=True)]
    return contract(*j, axes, ())


def test_fold_in():
    """The key of the second side: neural-tangents', which is JAX's."""
    np.testing.assert_array_equal(np.asarray(jax.random.fold_in(KEY, 1)), FOLDED)
    seen = []
    f = lambda w, x, rng: seen.append(rng) or x @ w  # noqa: E731
    swntk.empirical_ntk_fn(f).plan(X1, X2, normal(1, 3, 2), rng=KEY)
    assert len(seen) == 2
    first, second = swntk._kernels.splitting.split_kwargs({"rng": KEY}, X1, X2)
    np.testing.assert_array_equal(first["rng"], KEY)
    np.testing.assert_array_equal(np.asarray(second["rng"]), FOLDED)


@implementations
def test_dropout(implementation):
    ntk_fn = swntk.empirical_ntk_fn(dropout, trace_axes=(), implementation=implementation)
    for x2, rng, keys in [
        (None, KEY, (KEY, KEY)),
        (X1, KEY, (KEY, KEY)),
        (X1.copy(), KEY, (KEY, KEY)),
        (X1.astype("f4").astype("f8"), KEY, (KEY, FOLDED)),
        (X1 + 1, KEY, (KEY, FOLDED)),
        (X2, KEY, (KEY, FOLDED)),
        (X2, jax.numpy.asarray(KEY), (KEY, FOLDED)),
        (X2, (KEY, OTHER), (KEY, OTHER)),
        (X2, (KEY, KEY), (KEY, KEY)),
        (X1.copy(), (KEY, OTHER), (KEY, OTHER)),
        (None, (KEY, OTHER), (KEY, KEY)),
    ]:
        theta = ntk_fn(X1, x2, PARAMS, rng=rng)
        assert_close(theta, expected_dropout(X1, X1 if x2 is None else x2, *keys, ()))
    assert_close(ntk_fn(X1, X2, PARAMS, rng=None), ntk_fn(X1, X2, PARAMS))
    assert_close(ntk_fn(X1, X2, PARAMS), compute(mlp_without_bias, X1, X2, PARAMS, trace_axes=()))


def mlp_without_bias(m, params, x):
    return m.np.tanh(x @ params["w1"]) @ params["w2"]


@pytest.mark.parametrize(
    "rng", [[0, 3], 3, "key", np.zeros(2), np.zeros(3, np.uint32), np.stack([KEY, KEY])], ids=repr
)
def test_wrong_rng(rng):
    """What is no key cannot be folded for the second side."""
    with pytest.raises((swntk.ArgumentError, swntk.DTypeError), match="rng|key"):
        swntk.empirical_ntk_fn(lambda p, x, rng: x @ p)(X1, X2, normal(1, 3, 2), rng=rng)


def test_traced_keys():
    """While tracing, both sides are the same if they are one object."""
    ntk_fn = swntk.empirical_ntk_fn(dropout)
    apart = ntk_fn(X1, X2, PARAMS, rng=KEY)
    alike = ntk_fn(X1, None, PARAMS, rng=KEY)
    jit = swntk.jit
    assert_close(jit(lambda k: ntk_fn(X1, X2, PARAMS, rng=k))(KEY), apart)
    assert_close(jit(lambda k: ntk_fn(X1, X1.copy(), PARAMS, rng=k))(KEY), alike)
    assert_close(jit(lambda x, y, k: ntk_fn(x, y, PARAMS, rng=k))(X1, X2, KEY), apart)
    assert_close(jit(lambda x, y: ntk_fn(x, y, PARAMS, rng=KEY))(X1, X2), apart)
    assert_close(jit(lambda x, k: ntk_fn(x, x, PARAMS, rng=k))(X1, KEY), alike)
    assert_close(jit(lambda x, k: ntk_fn(x, None, PARAMS, rng=k))(X1, KEY), alike)
    folded = jit(lambda x, k: ntk_fn(x, x * 1.0, PARAMS, rng=k))(X1, KEY)
    assert_close(folded, expected_dropout(X1, X1, KEY, FOLDED, (-1,)))
    pair = jit(lambda k: ntk_fn(X1, X2, PARAMS, rng=(k, k + 1)))(KEY)
    assert_close(pair, ntk_fn(X1, X2, PARAMS, rng=(KEY, KEY + np.uint32(1))))
    keys = np.stack([KEY, OTHER])
    each = swntk.vmap(lambda k: ntk_fn(X1, X2, PARAMS, rng=k))(keys)
    assert_close(each, np.stack([ntk_fn(X1, X2, PARAMS, rng=k) for k in keys]))


@pytest.mark.parametrize("make", [swntk.empirical_direct_ntk_fn, swntk.empirical_implicit_ntk_fn])
def test_keys_of_the_earlier_forms(make):
    ntk_fn = make(dropout)

    def expected(x2, *keys):
        theta = expected_dropout(X1, X1 if x2 is None else x2, *keys, ())
        return theta

    for x2 in [X2, None]:
        for keys, each in [
            (KEY, (KEY, KEY)),
            ((KEY, OTHER), (KEY, OTHER)),
            ([KEY, OTHER], (KEY, OTHER)),
            (np.stack([KEY, OTHER]), (KEY, OTHER)),
            (jax.numpy.stack([KEY, OTHER]), (KEY, OTHER)),
        ]:
            each = each if x2 is not None else (each[0], each[0])
            theta = ntk_fn(X1, x2, PARAMS, keys=keys)
            assert_close(theta, expected(x2, *each))
            assert_close(ntk_fn(X1, x2, PARAMS, keys), theta)
    traced = swntk.jit(lambda k: ntk_fn(X1, X2, PARAMS, keys=k))
    assert_close(traced(np.stack([KEY, OTHER])), expected(X2, KEY, OTHER))
    assert_close(traced(KEY), expected(X2, KEY, KEY))
    two = make(lambda p, x, rng=None: (dropout(p, x, rng), x @ p["w1"]))
    theta = two(X1, X2, PARAMS, keys=KEY)
    assert structure(theta) == ("tuple", ["*", "*"])
    assert_close(theta[0], expected(X2, KEY, KEY))
    assert theta[1].shape == (4, 3, 5, 5)


@pytest.mark.parametrize("make", [swntk.empirical_direct_ntk_fn, swntk.empirical_implicit_ntk_fn])
def test_outputs_of_the_earlier_forms(make):
    """[n1, n2] + out + out, and as a matrix [n1 * O, n2 * O]."""
    ntk_fn = make(lambda p, x: images(OURS, p, x))
    for x2 in [X2, None]:
        j1, j2 = dense(images, PARAMS, X1), dense(images, PARAMS, X1 if x2 is None else x2)
        theta = ntk_fn(X1, x2, PARAMS)
        assert_close(theta, np.einsum("nabp,mcdp->nmabcd", j1, j2))
        flat = swntk.flatten_kernel(theta)
        assert_close(flat, j1.reshape(40, -1) @ j2.reshape(10 * len(j2), -1).T)


@pytest.mark.parametrize(
    "keys",
    [
        np.zeros(3, np.uint32),
        np.zeros((3, 2), np.uint32),
        np.zeros((2, 2), np.int64),
        np.zeros(2),
        np.uint32(0),
        (KEY,),
        (KEY, KEY, KEY),
        (KEY, None),
        (0, 1),
        0,
        "key",
        {"a": KEY},
    ],
    ids=repr,
)
def test_wrong_keys(keys):
    with pytest.raises(swntk.ArgumentError, match=r"keys must be None, one key \(uint32\[2\]\)"):
        swntk.empirical_direct_ntk_fn(dropout)(X1, X2, PARAMS, keys=keys)


def test_keys_and_rng():
    with pytest.raises(swntk.ArgumentError, match="keys and rng"):
        swntk.empirical_direct_ntk_fn(dropout)(X1, X2, PARAMS, keys=KEY, rng=KEY)


# ---- Claims that are refused -----------------------------------------------

OF_TREES = tree_x(10, 4)


@pytest.mark.parametrize(
    "f, x, claim, facts",
    [
        (mixing, X1, 0, ["axis 0 of x", "axis 0 of the result", "mixed at 'reduce_sum'"]),
        (lambda m, p, x: mlp(m, p, x)[::-1], X1, 0, ["axis 0 of x", "mixed at"]),
        (lambda m, p, x: mlp(m, p, x) + mlp(m, p, x)[:1], X1, 0, ["mixed at"]),
        (lambda m, p, x: x @ p["w1"] @ p["w1"].T @ x.T, X1, 0, ["mixed at"]),
        (mlp, X1, 1, ["axis 1 of x", "axis 1 of the result", "3 and 2"]),
        (mlp, X1, (0, 1, {}), ["axis 1 of the result", "4 and 2"]),
        (mlp, X1, (0, None, {}), ["axis 0 of x", "none of the result", "depends on x"]),
        (mlp, X1, (None, 0, {}), ["axis 0 of the result", "none of any input"]),
        (pooled, X1, 0, ["4 and 2"]),
        (to_number, X1, 0, ["axis 0 of the result, which has 0 axes"]),
        (mlp, X1, 2, ["axis 2 of x, which has 2 axes"]),
        (mlp, X1, -3, ["axis -3 of x"]),
        (mlp, X1, (0, 2, {}), ["axis 2 of the result, which has 2 axes"]),
        (mlp, X1, "x", ["vmap_axes must hold integers", "'x'"]),
        (mlp, X1, 0.5, ["vmap_axes must hold integers", "0.5"]),
        (mlp, X1, (0, 0), ["vmap_axes of x", "tuple"]),
        (mlp, X1, (0, 0, 0, 0), ["vmap_axes of x", "tuple"]),
        (mlp, X1, {"a": 0}, ["vmap_axes of x", "dict"]),
        (mlp, X1, (0, [0], {}), ["vmap_axes of the result", "list"]),
        (mlp, X1, (0, 0, [0]), ["third entry of vmap_axes", "[0]"]),
        (mlp, X1, (0, 0, {"s": 0}), ["not given: s"]),
        (of_trees, OF_TREES, ({"a": 0}, 0, {}), ["vmap_axes of x", "structure"]),
        (
            of_trees,
            OF_TREES,
            ({"a": 0, "b": (0, None)}, {"y": 0, "z": 1}, {}),
            ["different sizes", "4 of x['a']", "2 of x['b'][0]"],
        ),
        (
            of_trees,
            OF_TREES,
            ({"a": None, "b": (1, None)}, {"y": 0, "z": 1}, {}),
            ["the result['y']", "axis 0 for x['a']", "got none"],
        ),
        (
            of_trees,
            OF_TREES,
            ({"a": 0, "b": (1, None)}, {"y": 0, "z": 0}, {}),
            ["axis 0 of the result['z'][0]", "4 and 2"],
        ),
        (
            lambda m, p, x: mlp(m, p, x) * m.np.arange(4.0)[:, None],
            X1,
            0,
            ["an array of shape (4, 1) that the function closes over"],
        ),
        (
            lambda m, p, x: p["w2"][:4] + mlp(m, p, x),
            X1,
            0,
            ["vmap_axes claims axis 0 of x"],
        ),
    ],
)
def test_claims_refused(f, x, claim, facts):
    with pytest.raises(swntk.ArgumentError) as caught:
        compute(f, x, None, PARAMS, trace_axes=(), vmap_axes=claim)
    for fact in ["vmap_axes", *facts]:
        assert fact in str(caught.value), f"{fact!r} is not in: {caught.value}"


def test_claims_of_the_second_side_are_checked():
    """f2 mixes samples; a keyword argument of the second side has another batch axis."""
    with pytest.raises(swntk.ArgumentError, match="mixed at"):
        swntk.empirical_ntk_fn(
            lambda p, x: mlp(OURS, p, x), f2=lambda p, x: mixing(OURS, p, x), vmap_axes=0
        )(X1, X2, PARAMS)
    with pytest.raises(swntk.ArgumentError, match="different sizes: 3 of x, 4 of s"):
        f = lambda m, p, x, s: mlp(m, p, x) * (1 if s is None else m.np.sum(s))  # noqa: E731
        kwargs = {"s": (None, MASKS[0])}
        compute(f, X1, X2, PARAMS, vmap_axes=(0, 0, {"s": 0}), kwargs=kwargs)


@pytest.mark.parametrize(
    "kwargs, kw_axes, facts",
    [
        ({"mask": MASKS[0]}, {}, ["axis 0 for mask", "got none"]),
        ({"mask": MASKS[0]}, {"mask": None}, ["axis 0 for mask", "got none"]),
        ({"mask": MASKS[0]}, {"mask": 1}, ["different sizes", "1 of mask"]),
        ({"mask": MASKS[0]}, {"mask": 2}, ["axis 2 of mask, which has 2 axes"]),
        ({"gain": GAIN}, 0, ["different sizes", "5 of gain"]),
        ({"power": 2}, {"power": 0}, ["power", "no array"]),
        ({"tree": TREES[0]}, {"tree": {"u": 1}}, ["vmap_axes of tree", "structure"]),
        ({"tree": TREES[0]}, {"tree": 0}, ["tree['v']", "0 axes"]),
    ],
)
def test_claims_of_keyword_arguments_refused(kwargs, kw_axes, facts):
    with pytest.raises(swntk.ArgumentError) as caught:
        compute(masked, X1, None, PARAMS, kwargs=kwargs, vmap_axes=(0, 0, kw_axes))
    for fact in ["vmap_axes", *facts]:
        assert fact in str(caught.value), f"{fact!r} is not in: {caught.value}"


# ---- Axes that are refused -----------------------------------------------


@pytest.mark.parametrize(
    "options, facts",
    [
        ({"trace_axes": (2,)}, ["trace_axes has 2", "the result has 2 axes"]),
        ({"trace_axes": (-3,)}, ["trace_axes has -3"]),
        ({"trace_axes": (), "diagonal_axes": 5}, ["diagonal_axes has 5"]),
        ({"diagonal_axes": (1,)}, ["axis 1 of the result is both traced and diagonal"]),
        ({"trace_axes": (1, -1)}, ["twice in trace_axes"]),
        ({"trace_axes": (), "diagonal_axes": (0, -2)}, ["twice in diagonal_axes"]),
        ({"trace_axes": None}, ["trace_axes must be"]),
        ({"diagonal_axes": 1.5}, ["diagonal_axes must be"]),
        ({"trace_axes": "a"}, ["trace_axes must hold integers"]),
        ({"trace_axes": [None]}, ["trace_axes must hold integers"]),
    ],
)
def test_axes_refused(options, facts):
    with pytest.raises(swntk.ArgumentError) as caught:
        compute(mlp, X1, None, PARAMS, **options)
    for fact in facts:
        assert fact in str(caught.value), f"{fact!r} is not in: {caught.value}"


@implementations
@pytest.mark.parametrize("where", ["trace_axes", "diagonal_axes"])
def test_a_shared_batch_axis_needs_as_many_samples(where, implementation):
    options = {"trace_axes": (), where: (0,)}
    with pytest.raises(swntk.ShapeError, match=r"axis 0.*4.*3"):
        compute(mlp, X1, X2, PARAMS, implementation, **options)


def test_axes_of_a_tree_fit_every_output():
    def f(m, params, x):
        h = mlp(m, params, x)
        return {"matrix": h, "vector": h[:, 0]}

    theta = compute(f, X1, None, PARAMS)
    assert theta["matrix"].shape == (4, 4) and theta["vector"].shape == ()
    with pytest.raises(swntk.ArgumentError, match=r"the result\['vector'\] has 1 axis"):
        compute(f, X1, X2, PARAMS, trace_axes=(1,))


# ---- Leaves, weights -----------------------------------------------

NESTED = {"dense": [PARAMS["w1"], PARAMS["b1"]], "head": {"w2": PARAMS["w2"]}}


def nested(m, params, x):
    w1, b1 = params["dense"]
    return m.np.tanh(x @ w1 + b1) @ params["head"]["w2"]


def diagonal(per_leaf):
    """The diagonal of D, in the order of leaves, from numbers or arrays for each leaf."""
    flat = leaves(NESTED)
    return np.concatenate(
        [
            np.broadcast_to(np.asarray(w, float), leaf.shape).ravel()
            for w, leaf in zip(per_leaf, flat, strict=True)
        ]
    )


def check_weighted(per_leaf, **options):
    j1, j2 = dense(nested, NESTED, X1), dense(nested, NESTED, X2)
    d = diagonal(per_leaf)
    for implementation, axes in itertools.product(NtkImplementation, [(-1,), ()]):
        for x2, j in [(None, j1), (X2, j2)]:
            theta = compute(nested, X1, x2, NESTED, implementation, trace_axes=axes, **options)
            assert_close(theta, contract(j1 * d, j, axes, ()))
            if x2 is None:
                back = (1, 0) if axes else (1, 0, 3, 2)
                np.testing.assert_array_equal(theta, np.transpose(theta, back))


@pytest.mark.parametrize(
    "chosen, per_leaf",
    [
        (lambda path: "dense" in path, [1, 1, 0]),
        (lambda path: path == "params['head']['w2']", [0, 0, 1]),
        (lambda path: path == "params['dense'][1]", [0, 1, 0]),
        (lambda path: np.bool_(True), [1, 1, 1]),
        (True, [1, 1, 1]),
        (False, [0, 0, 0]),
        ({"dense": True, "head": False}, [1, 1, 0]),
        ({"dense": [True, False], "head": {"w2": True}}, [1, 0, 1]),
    ],
)
def test_leaves(chosen, per_leaf):
    check_weighted(per_leaf, leaves=chosen)
    theta = compute(nested, X1, X2, NESTED, leaves=chosen, vmap_axes=0)
    assert_close(theta, compute(nested, X1, X2, NESTED, leaves=chosen))


def test_leaves_that_do_not_count_may_be_of_any_type():
    params = {"w": PARAMS["w1"], "ids": np.array([2, 0, 1])}
    f = lambda p, x: x[:, p["ids"]] @ p["w"]  # noqa: E731
    expected = swntk.empirical_ntk_fn(lambda w, x: x[:, [2, 0, 1]] @ w)(X1, X2, PARAMS["w1"])
    theta = swntk.empirical_ntk_fn(f, leaves={"w": True, "ids": False})(X1, X2, params)
    assert_close(theta, expected)
    with pytest.raises(swntk.DTypeError, match=r"'ids'.*close"):
        swntk.empirical_ntk_fn(f)(X1, X2, params)


POSITIVE = [np.abs(normal(i, *leaf.shape)) for i, leaf in enumerate(leaves(NESTED))]


@pytest.mark.parametrize(
    "weights, per_leaf",
    [
        (2.0, [2, 2, 2]),
        (0, [0, 0, 0]),
        ({"dense": 3, "head": {"w2": 0.5}}, [3, 3, 0.5]),
        ({"dense": [1, np.float32(0.25)], "head": 0}, [1, 0.25, 0]),
        ({"dense": POSITIVE[:2], "head": {"w2": POSITIVE[2]}}, POSITIVE),
        ({"dense": [POSITIVE[0][:1], POSITIVE[1]], "head": 1}, [POSITIVE[0][:1], POSITIVE[1], 1]),
        ({"dense": [POSITIVE[0] > 0.5, True], "head": np.arange(2)}, None),
    ],
)
def test_weights(weights, per_leaf):
    if per_leaf is None:
        per_leaf = [*weights["dense"], weights["head"]]
    check_weighted(per_leaf, weights=weights)


def test_weights_of_leaves():
    check_weighted([2, 2, 0], weights=2.0, leaves=lambda path: "dense" in path)
    options = {"weights": {"dense": [3, -1], "head": 1}, "leaves": {"dense": [True, False]}}
    options["leaves"]["head"] = False
    check_weighted([3, 0, 0], **options)


def test_weights_in_single_precision():
    params = tree_map(lambda leaf: leaf.astype("f4"), NESTED)
    theta = compute(nested, X1.astype("f4"), None, params, weights=2.0)
    assert theta.dtype == np.float32
    assert_close(theta, 2 * compute(nested, X1.astype("f4"), None, params))


def test_traced_weights():
    def total(w):
        return np.sum(compute(nested, X1, X2, NESTED, weights={"dense": w, "head": 0.0}))

    j1, j2 = dense(nested, NESTED, X1), dense(nested, NESTED, X2)
    slope = contract(j1 * diagonal([1, 1, 0]), j2, (-1,), ()).sum()
    assert_close(swntk.grad(total)(3.0), np.asarray(slope))
    assert_close(swntk.jit(total)(3.0), np.asarray(3 * slope))


def test_derivatives_of_weighted_kernels():
    """By the parameters: the weights and what is contracted stay as they are."""
    rows = normal(1, 2, 2)
    chosen = {"dense": True, "head": False}

    def total(params):
        options = {"weights": {"dense": POSITIVE[:2], "head": 1}, "leaves": chosen}
        theta = compute(nested, X1, None, params, cotangents=rows, vmap_axes=0, **options)
        return np.sum(theta * normal(2, 4, 4))

    slope = swntk.grad(total)(NESTED)
    step = 1e-5
    direction = tree_map(lambda leaf: normal(leaf.size, *leaf.shape), NESTED)
    plus, minus = (
        total(tree_map(lambda p, d, t=t: p + t * d, NESTED, direction)) for t in (step, -step)
    )
    along = sum(np.sum(a * b) for a, b in zip(leaves(slope), leaves(direction), strict=True))
    assert_close(along, (plus - minus) / (2 * step), 1e-7)
    assert_close(swntk.jit(total)(NESTED), total(NESTED))


@pytest.mark.parametrize(
    "options, error, facts",
    [
        ({"weights": -1.0}, swntk.ArgumentError, ["params['dense'][0]", "negative"]),
        (
            {"weights": {"dense": [1, 1], "head": {"w2": -POSITIVE[2]}}},
            swntk.ArgumentError,
            ["params['head']['w2']", "negative"],
        ),
        ({"weights": np.nan}, swntk.ArgumentError, ["NaN"]),
        ({"weights": np.inf}, swntk.ArgumentError, ["infinite"]),
        ({"weights": "1"}, swntk.DTypeError, ["the weight of params['dense'][0]"]),
        ({"weights": {"dense": 1}}, swntk.ArgumentError, ["weights", "structure"]),
        ({"weights": [1, 2]}, swntk.ArgumentError, ["weights", "list"]),
        ({"weights": None, "leaves": "w"}, swntk.ArgumentError, ["leaves", "'w'"]),
        ({"weights": normal(1, 7) ** 2}, swntk.ShapeError, ["(7,)", "params['dense'][0]"]),
        ({"weights": 1j}, (swntk.DTypeError, swntk.UnsupportedError), ["weight"]),
        (
            {"leaves": lambda path: "none" in path},
            swntk.ArgumentError,
            ["chooses none", "params['dense'][0]"],
        ),
        ({"leaves": lambda path: 1}, swntk.ArgumentError, ["leaves must give a bool", "got 1"]),
        ({"leaves": {"dense": True}}, swntk.ArgumentError, ["leaves", "structure"]),
        ({"leaves": 1}, swntk.ArgumentError, ["leaves must give a bool"]),
    ],
)
def test_leaves_and_weights_refused(options, error, facts):
    def f(params, x):
        return nested(OURS, params, x)

    with pytest.raises(error) as caught:
        swntk.empirical_ntk_fn(f, **options)(X1, X2, NESTED)
    for fact in facts:
        assert fact in str(caught.value), f"{fact!r} is not in: {caught.value}"


# ---- A second function -----------------------------------------------


@implementations
def test_second_function(implementation):
    def g(m, params, x):
        return m.np.sin(x @ params["w1"] @ params["w2"]) + params["b1"][:2]

    for x1, x2 in [(X1, X2), (X1, None)]:
        for axes in [(-1,), ()]:
            theta = swntk.empirical_ntk_fn(
                lambda p, x: mlp(OURS, p, x),
                f2=lambda p, x: g(OURS, p, x),
                trace_axes=axes,
                implementation=implementation,
                weights=2.0,
                vmap_axes=0,
            )(x1, x2, PARAMS)
            j1, j2 = dense(mlp, PARAMS, x1), dense(g, PARAMS, x1 if x2 is None else x2)
            assert_close(theta, 2 * contract(j1, j2, axes, ()))


@pytest.mark.parametrize(
    "f2, error, facts",
    [
        (lambda p, x: (x @ p["w1"],), swntk.ArgumentError, ["different trees"]),
        (lambda p, x: (x @ p["w1"])[:, 0], swntk.ShapeError, ["2 axes for x1 and 1 for x2"]),
    ],
)
def test_second_functions_refused(f2, error, facts):
    with pytest.raises(error) as caught:
        swntk.empirical_ntk_fn(lambda p, x: mlp(OURS, p, x), f2=f2)(X1, X2, PARAMS)
    for fact in facts:
        assert fact in str(caught.value)


# ---- Cotangents -----------------------------------------------


def images(m, params, x):
    """[n, 2, 5]"""
    return m.np.einsum("nk,ko->nok", m.np.tanh(x @ params["w1"]), params["w2"])


def contracted(j, c, own, axis=0):
    """[n, k, parameters] of a Jacobian [..., parameters] whose batch axis is given."""
    j = np.moveaxis(j, axis, 0)
    n, size = j.shape[0], j.shape[-1]
    j = j.reshape(n, int(np.prod(j.shape[1:-1])), size)
    if own:
        return np.einsum("nko,nop->nkp", c.reshape(n, c.shape[1], j.shape[1]), j)
    return np.einsum("ko,nop->nkp", c.reshape(c.shape[0], j.shape[1]), j)


@implementations
@pytest.mark.parametrize(
    "f, out, axis, turn",
    [
        (mlp, (2,), 0, lambda x: x),
        (images, (2, 5), 0, lambda x: x),
        (lambda m, p, x: mlp(m, p, x)[:, 0], (), 0, lambda x: x),
        (in_columns, (2,), 1, lambda x: x.T),
    ],
    ids=["mlp", "images", "numbers", "in columns"],
)
def test_cotangents(f, out, axis, turn, implementation):
    x1, x2 = turn(X1), turn(X2)
    j1, j2 = dense(f, PARAMS, x1), dense(f, PARAMS, x2)
    shared, own1, own2 = normal(1, 3, *out), normal(2, 4, 3, *out), normal(3, 3, 3, *out)
    claims = [axis] if axis else [None, 0]
    for cotangents, c1, c2, own in [
        (shared, shared, shared, False),
        (shared[:1] * 0 + 1, shared[:1] * 0 + 1, shared[:1] * 0 + 1, False),
        (shared[:0], shared[:0], shared[:0], False),
        ((own1, own2), own1, own2, True),
        (own1, own1, None, True),
    ]:
        a = contracted(j1, c1, own, axis)
        for claim, trace_axes in itertools.product(claims, [(-1,), ()]):
            options = {"vmap_axes": claim, "trace_axes": trace_axes, "cotangents": cotangents}
            theta = compute(f, x1, None, PARAMS, implementation, **options)
            if not (trace_axes and not len(c1[0] if own else c1)):
                assert_close(theta, contract(a, a, trace_axes, ()))
            if c2 is not None:
                b = contracted(j2, c2, own, axis)
                theta = compute(f, x1, x2, PARAMS, implementation, **options)
                if not (trace_axes and not len(c1[0] if own else c1)):
                    assert_close(theta, contract(a, b, trace_axes, ()))


def test_cotangents_of_trees():
    def f(m, params, x):
        h = m.np.tanh(x @ params["w1"])
        return h @ params["w2"], [h]

    j1, j2 = dense(f, PARAMS, X1), dense(f, PARAMS, X2)
    c = normal(1, 3, 2), [normal(2, 2, 5)]
    theta = compute(f, X1, X2, PARAMS, cotangents=c, trace_axes=(), vmap_axes=0)
    assert structure(theta) == structure(j1)
    for t, a, b, rows in zip(leaves(theta), leaves(j1), leaves(j2), leaves(c), strict=True):
        a, b = contracted(a, rows, False), contracted(b, rows, False)
        assert_close(t, contract(a, b, (), ()))
    own = [(normal(3 + n, n, 3, 2), [normal(4 + n, n, 1, 5)]) for n in (4, 3)]
    theta = compute(f, X1, X2, PARAMS, cotangents=tuple(own), trace_axes=())
    for i, t in enumerate(leaves(theta)):
        a, b = (contracted(leaves(j)[i], leaves(c)[i], True) for j, c in zip((j1, j2), own))
        assert_close(t, contract(a, b, (), ()))


def test_cotangents_of_a_loss():
    """The gradient of a loss for each sample; element types follow the outputs'."""
    y = mlp(OURS, PARAMS, X1)
    c = (y - normal(1, 4, 2))[:, None, :]
    a = contracted(dense(mlp, PARAMS, X1), c, True)
    theta = compute(mlp, X1, None, PARAMS, cotangents=c)
    assert_close(theta, contract(a, a, (-1,), ()))
    single = tree_map(lambda leaf: leaf.astype("f4"), PARAMS)
    for rows in [np.eye(2), np.eye(2, dtype=int), np.eye(2, dtype="f4")]:
        theta = compute(mlp, X1.astype("f4"), None, single, cotangents=rows)
        assert_close(theta, compute(mlp, X1.astype("f4"), None, single))


def test_traced_cotangents():
    c = normal(1, 3, 2)
    ntk = lambda c: compute(mlp, X1, X2, PARAMS, cotangents=c)  # noqa: E731
    assert_close(swntk.jit(ntk)(c), ntk(c))
    assert_close(swntk.vmap(ntk)(np.stack([c, c + 1])), np.stack([ntk(c), ntk(c + 1)]))


@pytest.mark.parametrize(
    "f, cotangents, error, facts",
    [
        (mlp, normal(1, 3, 5), swntk.ShapeError, ["(3, 5)", "(k, 2) or (4, k, 2)"]),
        (mlp, normal(1, 2), swntk.ShapeError, ["(2,)"]),
        (mlp, np.float64(1), swntk.ShapeError, ["()"]),
        (mlp, normal(1, 3, 3, 2), swntk.ShapeError, ["(3, 3, 2)", "(4, 2)"]),
        (mlp, [normal(1, 3, 2)], (swntk.ArgumentError, swntk.DTypeError), ["cotangents"]),
        (mlp, "rows", swntk.DTypeError, ["cotangents"]),
        (mlp, np.ones((1, 2), bool), swntk.DTypeError, ["bool"]),
        (apart, normal(1, 3, 2), swntk.ArgumentError, ["cotangents", "tuple"]),
        (to_number, normal(1, 3), swntk.ShapeError, ["no axes"]),
    ],
)
def test_cotangents_refused(f, cotangents, error, facts):
    x = (X1, X1) if f is apart else X1
    with pytest.raises(error) as caught:
        compute(f, x, None, PARAMS, cotangents=cotangents)
    for fact in facts:
        assert fact in str(caught.value), f"{fact!r} is not in: {caught.value}"


# ---- Parameters -----------------------------------------------


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_integer_parameters_are_refused(dtype):
    params = {**PARAMS, "steps": np.zeros(2, dtype)}
    with pytest.raises(swntk.DTypeError, match=r"params\['steps'\].*close.*keyword"):
        swntk.empirical_ntk_fn(lambda params, x: mlp(OURS, params, x))(X1, None, params)


def test_half_precision():
    half = tree_map(lambda leaf: leaf.astype("f2"), PARAMS)
    seen = []

    def f(params, x):
        seen.append(params["w1"].dtype)
        return mlp(OURS, params, x)

    for options in [{}, {"weights": np.float16(1)}, {"cotangents": np.eye(2, dtype="f2")}]:
        theta = swntk.empirical_ntk_fn(f, **options)(X1.astype("f2"), None, half)
        assert theta.dtype == np.float16
        single = tree_map(lambda leaf: leaf.astype("f4"), half)
        expected = compute(mlp, X1.astype("f2").astype("f4"), None, single)
        np.testing.assert_allclose(theta, expected.astype("f2"), rtol=2e-3)
    assert set(seen) == {np.dtype("f4")}


@implementations
@pytest.mark.parametrize("params", [{}, [], None, {"e": np.zeros((0, 3))}], ids=repr)
def test_no_parameters(params, implementation):
    for options in [{}, {"weights": 2.0}, {"leaves": True}, {"vmap_axes": 0}]:
        theta = swntk.empirical_ntk_fn(
            lambda p, x: np.tanh(x), implementation=implementation, **options
        )(X1, X2, params)
        np.testing.assert_array_equal(theta, np.zeros((4, 3)))


@implementations
def test_nan_of_one_sample(implementation):
    x = X1.copy()
    x[1, 0] = np.nan
    for options in [
        {"vmap_axes": 0},
        {"weights": 2.0},
        {"cotangents": normal(1, 3, 2)},
        {"leaves": lambda path: "w" in path},
    ]:
        theta = compute(mlp, x, None, PARAMS, implementation, **options)
        clean = compute(mlp, X1, None, PARAMS, implementation, **options)
        others = np.ix_([0, 2, 3], [0, 2, 3])
        assert_close(theta[others], clean[others])
        assert np.isnan(theta[1]).all() and np.isnan(theta[:, 1]).all()
