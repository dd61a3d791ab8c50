"""Convolutions, reductions over windows and pooling, against JAX."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import swntk
from checkers import TOLERANCES, assert_close, assert_trees_close, raises_at_mark

LAYOUTS = {
    0: [("NC", "OI", "NC"), ("CN", "IO", "NC")],
    1: [("NCH", "OIH", "NCH"), ("NHC", "HIO", "NHC"), ("HNC", "IHO", "NCH")],
    2: [("NCHW", "OIHW", "NCHW"), ("NHWC", "HWIO", "NHWC"), ("CHWN", "WIHO", "NWHC")],
    3: [("NDHWC", "DHWIO", "NDHWC"), ("NCDHW", "OIDHW", "NCDHW")],
}


def normal(rng, shape, dtype=np.float64):
    return rng.normal(size=shape).astype(dtype)


def conv_case(seed):
    """Operands and parameters of a convolution."""
    rng = np.random.default_rng(seed)
    rank = seed % 4
    lhs, rhs, out = LAYOUTS[rank][rng.integers(len(LAYOUTS[rank]))]
    features, batches = int(rng.choice([1, 1, 2, 3])), 1
    if rng.random() < 0.3:
        features, batches = 1, features
    channels = int(rng.integers(1, 4))
    sizes = dict(zip(lhs.translate({ord("N"): None, ord("C"): None}), rng.integers(1, 7, rank)))
    windows = dict(zip(sizes, rng.integers(1, 4, rank)))
    sizes.update(N=int(rng.integers(1, 4)) * batches, C=channels * features)
    windows.update(O=int(rng.integers(1, 4)) * features * batches, I=channels)

    def each(*choices):
        return [int(v) for v in rng.choice(choices, rank)]

    parameters = dict(
        window_strides=each(1, 1, 2, 3),
        padding=[tuple(int(v) for v in rng.integers(-1, 4, 2)) for _ in range(rank)],
        lhs_dilation=each(1, 1, 2, 3),
        rhs_dilation=each(1, 1, 2),
        dimension_numbers=(lhs, rhs, out),
        feature_group_count=features,
        batch_group_count=batches,
    )
    dtype = [np.float64, np.float32][seed % 3 == 2]
    x = normal(rng, [sizes[c] for c in lhs], dtype)
    r = normal(rng, [windows[c] for c in rhs], dtype)
    return rng, x, r, parameters


def conv_pair(parameters):
    """The convolution in both libraries."""
    return (
        lambda x, r: swntk.lax.conv_general_dilated(x, r, **parameters),
        lambda x, r: jax.lax.conv_general_dilated(x, r, precision="highest", **parameters),
    )


@pytest.mark.parametrize("seed", range(48))
def test_convolutions_and_their_transposes(seed):
    rng, x, r, parameters = conv_case(seed)
    ours, theirs = conv_pair(parameters)
    try:
        expected, theirs_back = jax.vjp(theirs, x, r)
    except (ValueError, TypeError):  # A padded size below 0.
        with pytest.raises((swntk.ShapeError, swntk.ArgumentError)):
            ours(x, r)
        return
    y, back = swntk.vjp(ours, x, r)
    assert_close(y, expected)
    g = normal(rng, y.shape, x.dtype)
    assert_trees_close(list(back(g)), list(theirs_back(jnp.asarray(g))))
    tangents = normal(rng, x.shape, x.dtype), normal(rng, r.shape, x.dtype)
    assert_trees_close(
        list(swntk.jvp(ours, (x, r), tangents)), list(jax.jvp(theirs, (x, r), tangents))
    )


@pytest.mark.parametrize("axes", [(0, None), (None, 1), (1, 0), (-1, 2)])
@pytest.mark.parametrize("groups", [(1, 1), (2, 1), (1, 2)])
def test_maps_of_convolutions(axes, groups):
    rng = np.random.default_rng(5)
    x, r = normal(rng, (4, 5, 4)), normal(rng, (3, 4 // groups[0], 6))
    parameters = dict(
        window_strides=[2],
        padding=[(1, 2)],
        dimension_numbers=("NHC", "HIO", "NHC"),
        feature_group_count=groups[0],
        batch_group_count=groups[1],
    )
    ours, theirs = conv_pair(parameters)
    xs, rs = (
        a if axis is None else np.stack([a, 2 - a, a * a], axis) for a, axis in zip((x, r), axes)
    )
    assert_close(swntk.vmap(ours, axes)(xs, rs), jax.vmap(theirs, axes)(xs, rs))

    def loss(m, f):
        return lambda x, r: m.sum(m.sin(f(x, r)))

    got = swntk.vmap(swntk.grad(loss(np, ours), (0, 1)), axes)(xs, rs)
    expected = jax.vmap(jax.grad(loss(jnp, theirs), (0, 1)), axes)(xs, rs)
    assert_trees_close(list(got), list(expected))


@pytest.mark.parametrize("groups", [(1, 1), (2, 1), (1, 2)])
def test_second_derivatives_of_convolutions(groups):
    rng = np.random.default_rng(8)
    x, r = normal(rng, (2, 5, 2)), normal(rng, (2, 2 // groups[0], 2))
    parameters = dict(
        window_strides=[2],
        padding="SAME",
        rhs_dilation=[2],
        dimension_numbers=("NHC", "HIO", "NHC"),
        feature_group_count=groups[0],
        batch_group_count=groups[1],
    )
    ours, theirs = conv_pair(parameters)
    got = swntk.hessian(lambda x, r: np.sum(np.tanh(ours(x, r))), (0, 1))(x, r)
    expected = jax.hessian(lambda x, r: jnp.sum(jnp.tanh(theirs(x, r))), (0, 1))(x, r)
    assert_trees_close([list(row) for row in got], [list(row) for row in expected])


# What each method of computing is for: a plain product, tiles with a deep sum, columns cut,
# features first, groups of one channel in both layouts, few groups.
LARGE = [
    ((3, 9, 10, 20), (1, 1, 20, 33), [1, 1], "VALID", "NHWC", 1),
    ((3, 20, 9, 10), (33, 20, 1, 1), [1, 1], "VALID", "NCHW", 1),
    ((2, 12, 11, 130), (3, 3, 130, 70), [1, 1], "SAME", "NHWC", 1),
    ((2, 130, 12, 11), (70, 130, 3, 3), [2, 1], "SAME", "NCHW", 1),
    ((1, 4, 4, 600), (3, 3, 600, 300), [1, 1], "SAME", "NHWC", 1),
    ((4, 9, 9, 100), (3, 3, 1, 100), [1, 1], "SAME", "NHWC", 100),
    ((4, 9, 9, 70), (3, 3, 1, 140), [2, 2], "SAME", "NHWC", 70),
    ((4, 30, 9, 13), (30, 1, 3, 3), [1, 2], "SAME", "NCHW", 30),
    ((2, 8, 8, 64), (3, 3, 16, 64), [1, 1], "SAME", "NHWC", 4),
    ((40, 20, 20, 3), (3, 3, 3, 16), [1, 1], "SAME", "NHWC", 1),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", LARGE, ids=str)
def test_large_convolutions(case, dtype):
    x_shape, r_shape, strides, padding, layout, groups = case
    rng = np.random.default_rng(3)
    numbers = (layout, "HWIO" if layout == "NHWC" else "OIHW", layout)
    x, r = normal(rng, x_shape, dtype), normal(rng, r_shape, dtype)
    ours, theirs = conv_pair(
        dict(
            window_strides=strides,
            padding=padding,
            dimension_numbers=numbers,
            feature_group_count=groups,
        )
    )
    y, back = swntk.vjp(ours, x, r)
    wide = [a.astype(np.float64) for a in (x, r)]
    expected, theirs_back = jax.vjp(theirs, *wide)
    g = normal(rng, y.shape, dtype)
    expected = [expected, *theirs_back(jnp.asarray(g, jnp.float64))]
    tolerance = TOLERANCES[np.dtype(dtype).name]
    for got, want in zip([y, *back(g)], expected):
        assert got.dtype == dtype
        assert_close(got.astype(np.float64), want, tolerance)


def test_results_do_not_depend_on_threads():
    rng = np.random.default_rng(4)
    before = swntk.get_threads()
    try:
        for x_shape, r_shape, strides, padding, layout, groups in LARGE:
            numbers = (layout, "HWIO" if layout == "NHWC" else "OIHW", layout)
            x, r = normal(rng, x_shape, np.float32), normal(rng, r_shape, np.float32)

            def f(x, r):
                return swntk.lax.conv_general_dilated(
                    x,
                    r,
                    strides,  # noqa: B023
                    padding,  # noqa: B023
                    dimension_numbers=numbers,  # noqa: B023
                    feature_group_count=groups,  # noqa: B023
                )

            results = []
            for threads in (1, 3):
                swntk.set_threads(threads)
                y, back = swntk.vjp(f, x, r)
                results.append([y, *back(y)])
            for one, three in zip(*results):
                np.testing.assert_array_equal(one, three)
    finally:
        swntk.set_threads(before)


def test_operands_of_any_strides():
    rng = np.random.default_rng(6)
    x, r = normal(rng, (5, 9, 8, 2)), normal(rng, (3, 2, 3, 4))

    def f(m, x, r):
        x = m.flip(m.swapaxes(x, 0, 2), 0)[:, :, ::2]
        r = m.transpose(r, (2, 0, 1, 3))[::-1]
        conv = swntk.lax.conv_general_dilated if m is np else jax.lax.conv_general_dilated
        return conv(x, r, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    assert_close(swntk.jit(lambda x, r: f(np, x, r))(x, r), f(jnp, jnp.asarray(x), jnp.asarray(r)))


@pytest.mark.parametrize("padding", ["SAME", "VALID", [(1, 2)], [(0, 3)]])
@pytest.mark.parametrize("transpose_kernel", [False, True])
@pytest.mark.parametrize("consistent", [False, True])
def test_conv_transpose(padding, transpose_kernel, consistent):
    rng = np.random.default_rng(1)
    x = normal(rng, (2, 5, 3))
    r = normal(rng, (4, 2, 3) if transpose_kernel else (4, 3, 2))
    for stride, dilation in itertools.product([1, 2, 5], [None, (2,)]):
        arguments = dict(
            rhs_dilation=dilation,
            transpose_kernel=transpose_kernel,
            use_consistent_padding=consistent,
        )
        got = swntk.lax.conv_transpose(x, r, (stride,), padding, **arguments)
        assert_close(got, jax.lax.conv_transpose(x, r, (stride,), padding, **arguments))


def test_other_names_of_convolutions():
    rng = np.random.default_rng(2)
    x, r = normal(rng, (2, 3, 6, 5)), normal(rng, (4, 3, 2, 3))
    for padding in ("SAME", "VALID", "SAME_LOWER", [(1, 0), (2, -1)]):
        for theirs, ours, more in [
            (jax.lax.conv, swntk.lax.conv, ()),
            (
                jax.lax.conv_with_general_padding,
                swntk.lax.conv_with_general_padding,
                ((1, 1), (2, 1)),
            ),
            (
                lambda x, r, *rest: jax.lax.conv_general_dilated_patches(x, r.shape[2:], *rest),
                lambda x, r, *rest: swntk.lax.conv_general_dilated_patches(x, r.shape[2:], *rest),
                (),
            ),
        ]:
            assert_close(ours(x, r, (2, 1), padding, *more), theirs(x, r, (2, 1), padding, *more))
    numbers = jax.lax.conv_dimension_numbers(x.shape, r.shape, ("NCHW", "OIHW", "NHWC"))
    assert swntk.lax.conv_dimension_numbers(x.shape, r.shape, ("NCHW", "OIHW", "NHWC")) == numbers
    got = swntk.lax.conv_general_dilated(x, r, (1, 1), "SAME", dimension_numbers=numbers)
    expected = jax.lax.conv_general_dilated(x, r, (1, 1), "SAME", dimension_numbers=numbers)
    assert_close(got, expected)
    for arguments in itertools.product([(7,), (6,), (1,)], [(3,), (2,)], [(1,), (2,), (4,)]):
        for name in ("SAME", "VALID", "same_lower"):
            pads = swntk.lax.padtype_to_pads(*arguments, name)
            assert pads == jax.lax.padtype_to_pads(*map(np.array, arguments), name)
    single = x.astype(np.float32), r.astype(np.float32)
    wide = swntk.lax.conv(*single, (1, 1), "SAME", preferred_element_type=np.float64)
    assert_close(wide, swntk.lax.conv(*(a.astype(np.float64) for a in single), (1, 1), "SAME"))


def window_case(seed):
    rng = np.random.default_rng(seed)
    rank = seed % 4
    shape = tuple(int(n) for n in rng.integers(1, 7, rank))

    def each(*choices):
        return tuple(int(v) for v in rng.choice(choices, rank))

    parameters = dict(
        window_dimensions=each(1, 2, 3),
        window_strides=each(1, 1, 2, 3),
        padding=[(int(rng.integers(-1, 3)), int(rng.integers(0, 3))) for _ in range(rank)],
        base_dilation=each(1, 1, 1, 2),
        window_dilation=each(1, 1, 2),
    )
    return rng, shape, parameters


REDUCTIONS = {
    "sum": (0.0, np.add, jax.lax.add),
    "max": (-np.inf, np.maximum, jax.lax.max),
    "min": (np.inf, np.minimum, jax.lax.min),
}


def window_pair(name, parameters):
    init, ours, theirs = REDUCTIONS[name]
    return (
        lambda x: swntk.lax.reduce_window(x, init, ours, **parameters),
        lambda x: jax.lax.reduce_window(x, init, theirs, **parameters),
    )


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("seed", range(24))
def test_reductions_over_windows(seed, name):
    rng, shape, parameters = window_case(seed)
    x = normal(rng, shape, [np.float64, np.float32][seed % 3 == 2])
    ours, theirs = window_pair(name, parameters)
    expected = theirs(x)
    assert_close(ours(x), expected)
    t = normal(rng, shape, x.dtype)
    assert_trees_close(list(swntk.jvp(ours, (x,), (t,))), list(jax.jvp(theirs, (x,), (t,))))
    y, back = swntk.vjp(ours, x)
    g = normal(rng, y.shape, x.dtype)
    # <g, J t> = <Jᵀ g, t>
    pushed = np.asarray(swntk.jvp(ours, (x,), (t,))[1], np.float64)
    (pulled,) = back(g)
    left, right = np.vdot(g, pushed), np.vdot(np.asarray(pulled, np.float64), t)
    assert abs(left - right) <= TOLERANCES[x.dtype.name] * np.sum(np.abs(g * pushed))
    # JAX has no transpose where windows are dilated; XLA aborts where a padding is negative and at
    # rank 0.
    is_plain = (
        shape != ()
        and all(low >= 0 for low, _ in parameters["padding"])
        and not any(
            d > 1 for kind in ("base_dilation", "window_dilation") for d in parameters[kind]
        )
    )
    if name == "sum" or is_plain:
        assert_close(pulled, jax.vjp(theirs, x)[1](jnp.asarray(g))[0])


@pytest.mark.parametrize("name", REDUCTIONS)
def test_maps_and_second_derivatives_of_windows(name):
    rng = np.random.default_rng(0)
    x = normal(rng, (3, 5, 4))
    ours, theirs = window_pair(
        name, dict(window_dimensions=(2, 3), window_strides=(1, 2), padding=[(1, 0), (0, 1)])
    )
    for axis in (0, 1, -1):
        assert_close(swntk.vmap(ours, axis)(x), jax.vmap(theirs, axis)(x))

    def loss(m, f):
        return lambda x: m.sum(m.tanh(m.where(m.isfinite(f(x)), f(x), 0) ** 2))

    got = swntk.vmap(swntk.hessian(loss(np, ours)))(x)
    assert_close(got, jax.vmap(jax.hessian(loss(jnp, theirs)))(x))
    assert_close(swntk.jacrev(ours)(x[0]), swntk.jacfwd(ours)(x[0]))


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("window", [2, 3])
def test_ties_and_nan_in_windows(name, window):
    x = np.array([1, 1, 2, 2, np.nan, 3, 3, 1, np.nan, np.nan, 2, 1, 1.0])
    t = np.arange(1.0, 14.0)
    ours, theirs = window_pair(name, dict(window_dimensions=(window,)))
    assert_trees_close(list(swntk.jvp(ours, (x,), (t,))), list(jax.jvp(theirs, (x,), (t,))))
    y, back = swntk.vjp(ours, x)
    g = 10.0 ** np.arange(len(y))
    assert_trees_close(list(back(g)), list(jax.vjp(theirs, x)[1](jnp.asarray(g))))


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "uint32", "uint64", "bool"])
def test_windows_of_integers(dtype):
    x = np.random.default_rng(0).integers(0, 2 if dtype == "bool" else 9, (4, 5)).astype(dtype)
    parameters = dict(window_dimensions=(2, 3), window_strides=(2, 1), padding="SAME")
    least, greatest = (
        (False, True) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    )
    cases = [(np.maximum, jax.lax.max, least), (np.minimum, jax.lax.min, greatest)]
    if dtype != "bool":
        cases.append((np.add, jax.lax.add, 0))
    for ours, theirs, init in cases:
        init = np.dtype(dtype).type(init)
        got = swntk.lax.reduce_window(x, init, ours, **parameters)
        assert_close(got, jax.lax.reduce_window(x, init, theirs, **parameters))


@pytest.mark.parametrize("seed", range(6))
def test_other_functions_over_windows(seed):
    rng, shape, parameters = window_case(seed)
    x = normal(rng, shape)
    for ours, theirs, init in [
        (np.multiply, jax.lax.mul, 1.0),
        (np.multiply, jax.lax.mul, 2.0),
        (np.add, lambda a, b: a + b, 0.5),
        (np.maximum, lambda a, b: jnp.maximum(a, b), 0.25),
        (lambda a, b: np.logaddexp(a, b), lambda a, b: jnp.logaddexp(a, b), -1.0),
    ]:
        got = swntk.lax.reduce_window(x, init, ours, **parameters)
        # XLA leaves init out at rank 0.
        expected = theirs(init, x) if shape == () else None
        if expected is None:
            expected = jax.lax.reduce_window(x, init, theirs, **parameters)
        assert_close(got, expected)
    product = dict(window_dimensions=(2,) * len(shape), window_strides=(1,) * len(shape))

    def f(x):
        return np.sum(swntk.lax.reduce_window(x, 1.0, np.multiply, **product))

    swntk.check_grads(f, (x,), order=2)


def pooled(x, kind, window, strides, padding, count_include_pad=True):
    """Pooling as flax.linen defines it, in JAX."""
    before = x.ndim - len(window) - 1
    strides = (1,) * before + tuple(strides or (1,) * len(window)) + (1,)
    dims = (1,) * before + tuple(window) + (1,)
    if not isinstance(padding, str):
        padding = ((0, 0),) * before + tuple(padding) + ((0, 0),)
    if kind != "avg":
        init, _, f = REDUCTIONS[kind]
        return jax.lax.reduce_window(x, jnp.asarray(init, x.dtype), f, dims, strides, padding)

    def total(x):
        return jax.lax.reduce_window(x, jnp.zeros((), x.dtype), jax.lax.add, dims, strides, padding)

    if count_include_pad:
        return total(x) / np.prod(window)
    return total(x) / total(jnp.ones_like(x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pooling(dtype):
    rng = np.random.default_rng(0)
    for shape, window, strides, padding in [
        ((2, 7, 6, 3), (2, 3), (2, 2), "VALID"),
        ((2, 7, 6, 3), (2, 3), None, "SAME"),
        ((2, 7, 6, 3), (3, 2), (1, 3), [(1, 1), (0, 1)]),
        ((5, 2), (2,), (2,), "SAME"),
        ((2, 2, 4, 5, 3, 2), (2, 2, 2), (2, 1, 1), "VALID"),
        ((1, 3, 3, 1), (3, 3), (1, 1), "VALID"),
    ]:
        x = normal(rng, shape, dtype)
        for kind, ours in [
            ("max", swntk.nn.max_pool),
            ("min", swntk.nn.min_pool),
            ("avg", swntk.nn.avg_pool),
        ]:
            expected, back = jax.vjp(lambda x: pooled(x, kind, window, strides, padding), x)  # noqa: B023
            y, pull = swntk.vjp(lambda x: ours(x, window, strides, padding), x)  # noqa: B023
            assert_close(y, expected)
            assert_close(pull(y)[0], back(expected)[0])
            assert_close(ours(x, window, strides, padding), expected)
        got = swntk.nn.avg_pool(x, window, strides, padding, count_include_pad=False)
        assert_close(got, pooled(x, "avg", window, strides, padding, False))
    assert swntk.nn.max_pool(np.ones((1, 4, 1), np.float16), (2,)).dtype == np.float16
    assert_close(
        swntk.nn.max_pool(np.arange(6).reshape(1, 6, 1), (2,), (2,)),
        np.array([1, 3, 5]).reshape(1, 3, 1),
    )


def network(params, x):
    """Two convolutions, pooling and a linear layer."""

    def conv(x, layer, **more):
        return swntk.lax.conv_general_dilated(
            x, layer["w"], dimension_numbers=("NHWC", "HWIO", "NHWC"), **more
        )

    h = conv(x, params["first"], window_strides=(1, 1), padding="SAME") + params["first"]["b"]
    h = swntk.nn.max_pool(np.tanh(h), (2, 2), (2, 2))
    h = conv(h, params["second"], window_strides=(2, 1), padding="SAME", feature_group_count=2)
    h = swntk.nn.avg_pool(np.tanh(h), (2, 2))
    return np.reshape(h, (len(x), -1)) @ params["last"]


@pytest.mark.parametrize("trace_axes", [(), (-1,)])
@pytest.mark.parametrize("kernels", ["gradients", "weights"])
def test_kernels_of_convolutions(trace_axes, kernels):
    rng = np.random.default_rng(0)
    params = {
        "first": {"w": normal(rng, (3, 3, 2, 4)), "b": normal(rng, (4,))},
        "second": {"w": normal(rng, (2, 2, 2, 6))},
        "last": normal(rng, (12, 3)),
    }
    x1, x2 = normal(rng, (3, 6, 6, 2)), normal(rng, (2, 6, 6, 2))
    weights = None
    if kernels == "weights":
        weights = swntk.tree.map(lambda p: rng.uniform(0.5, 2.0, p.shape), params)

    def flat(jacobian):
        leaves = swntk.tree.leaves(jacobian)
        scales = swntk.tree.leaves(weights) if weights else [np.ones(())] * len(leaves)
        return [
            (j.reshape(*j.shape[:2], -1), np.ravel(np.broadcast_to(s, j.shape[2:])))
            for j, s in zip(leaves, scales)
        ]

    jacobians = [flat(swntk.jacrev(network)(params, x)) for x in (x1, x2)]
    expected = sum(np.einsum("nap,p,mbp->nmab", j, s, k) for (j, s), (k, _) in zip(*jacobians))
    if trace_axes:
        expected = np.trace(expected, axis1=2, axis2=3) / 3
    for implementation in swntk.NtkImplementation:
        kernel = swntk.empirical_ntk_fn(
            network, trace_axes, implementation=implementation, weights=weights
        )
        assert_close(kernel(x1, x2, params), expected)


# ---- Errors


def test_errors_name_the_fact():
    x, r = np.zeros((2, 3, 5)), np.zeros((4, 3, 2))
    conv = swntk.lax.conv_general_dilated
    for kind, fact, arguments, more in [
        (swntk.ShapeError, "(4, 2, 2)", (x, np.zeros((4, 2, 2)), (1,), "VALID"), {}),
        (swntk.ShapeError, "one rank", (x, np.zeros((4, 3)), (1,), "VALID"), {}),
        (swntk.ShapeError, "a batch and a feature axis", (x[0, 0], r, (), "VALID"), {}),
        (swntk.DTypeError, "float64 and float32", (x, r.astype(np.float32), (1,), "VALID"), {}),
        (swntk.DTypeError, "bool", (x > 0, r > 0, (1,), "VALID"), {}),
        (swntk.ArgumentError, "window_strides", (x, r, (1, 1), "VALID"), {}),
        (swntk.ArgumentError, "window_strides", (x, r, (0,), "VALID"), {}),
        (swntk.ArgumentError, "window_strides", (x, r, 1, "VALID"), {}),
        (swntk.ArgumentError, "'FULL'", (x, r, (1,), "FULL"), {}),
        (swntk.ArgumentError, "pairs", (x, r, (1,), [1]), {}),
        (swntk.ArgumentError, "[-3, -3] for 5", (x, r, (1,), [(-3, -3)]), {}),
        (swntk.ArgumentError, "[0, 9223372036854775807]", (x, r, (1,), [(0, 2**63 - 1)]), {}),
        (swntk.ArgumentError, "conv_transpose", (x, r, (1,), "SAME"), {"lhs_dilation": (2,)}),
        (swntk.ArgumentError, "rhs_dilation", (x, r, (1,), "VALID"), {"rhs_dilation": (2**62,)}),
        (swntk.ShapeError, "2 groups", (x, r, (1,), "VALID"), {"feature_group_count": 2}),
        (
            swntk.ShapeError,
            "batch_group_count = 3",
            (x, r, (1,), "VALID"),
            {"batch_group_count": 3},
        ),
        (
            swntk.ArgumentError,
            "feature_group_count",
            (x, r, (1,), "VALID"),
            {"feature_group_count": 0},
        ),
        (
            swntk.ArgumentError,
            "'NCW'",
            (x, r, (1,), "VALID"),
            {"dimension_numbers": ("NCW", "OIH", "NCH")},
        ),
        (
            swntk.ArgumentError,
            "permutation",
            (x, r, (1,), "VALID"),
            {"dimension_numbers": swntk.lax.ConvDimensionNumbers((0, 1, 1), (0, 1, 2), (0, 1, 2))},
        ),
        (
            swntk.DTypeError,
            "no narrower",
            (x, r, (1,), "VALID"),
            {"preferred_element_type": np.float32},
        ),
    ]:
        with pytest.raises(kind) as caught:
            conv(*arguments, **more)
        assert fact in str(caught.value), f"{fact!r} is not in: {caught.value}"


def test_errors_of_windows_name_the_fact():
    x = np.zeros((4, 3))
    for kind, fact, arguments in [
        (swntk.ArgumentError, "window_dimensions", (x, 0.0, np.add, (2,))),
        (swntk.ArgumentError, "window_dimensions", (x, 0.0, np.add, (0, 2))),
        (swntk.ArgumentError, "callable", (x, 0.0, "add", (2, 2))),
        (swntk.ArgumentError, "padding", (x, 0.0, np.add, (2, 2), None, [(-5, 0), (0, 0)])),
        (swntk.ArgumentError, "padding", (x, 1.0, np.multiply, (2, 2), None, [(-5, 0), (0, 0)])),
        (swntk.ArgumentError, "2³¹", (x, 0.0, np.add, (2**20, 2**20))),
        (swntk.ShapeError, "init_value", (x, np.zeros(2), np.add, (2, 2))),
        (swntk.DTypeError, "init_value", (x, np.float32(1), np.multiply, (2, 2))),
        (swntk.UnsupportedError, "one array", ((x, x), 0.0, np.add, (2, 2))),
        (swntk.DTypeError, "must return", (x, 1.0, np.less, (2, 2))),
    ]:
        with pytest.raises(kind) as caught:
            swntk.lax.reduce_window(*arguments)
        assert fact in str(caught.value), f"{fact!r} is not in: {caught.value}"
    with pytest.raises(swntk.ShapeError, match="max_pool"):
        swntk.nn.max_pool(np.zeros((3, 2)), (2, 2))
    with pytest.raises(swntk.ArgumentError, match="strides"):
        swntk.nn.avg_pool(np.zeros((1, 3, 2)), (2,), (1, 1))


def test_errors_name_the_line():
    def f():
        swntk.trace(
            lambda x: swntk.lax.conv(x, np.ones((1, 2, 2)), (1,), "SAME"),  # here
            np.ones((1, 1, 4)),
        )

    raises_at_mark(swntk.ShapeError, f, "(1, 2, 2)")
