"""Kernels between outputs, and between functions whose outputs have other shapes."""

import numpy as np
import pytest
import swntk
from swntk import NtkImplementation, tree

rng = np.random.default_rng(4)
PARAMS = {"w": rng.standard_normal((3, 6)), "v": rng.standard_normal((6, 2))}
X, Y = rng.standard_normal((5, 3)), rng.standard_normal((4, 3))


def f(params, x):
    h = np.tanh(x @ params["w"])
    return {"u": h @ params["v"], "r": (np.sum(h * h, axis=1), h[:, :3])}


def one(params, x):
    return [f(params, x)["u"]]


def dense(function, x):
    """The Jacobian of each output by all parameters, [..., P]."""
    jacobians = swntk.jacobian(function)(PARAMS, x)
    values = tree.leaves(function(PARAMS, x))
    of_each = zip(*[iter(tree.leaves(jacobians))] * 2)
    return [
        np.concatenate([j.reshape(*y.shape, -1) for j in pair], axis=-1)
        for y, pair in zip(values, of_each, strict=True)
    ]


def product(a, b):
    """Outputs' axes in pairs; the lower rank has axes of size 1 at its end."""
    rank = max(a.ndim, b.ndim)
    a, b = (j.reshape(*j.shape[:-1], *[1] * (rank - j.ndim), j.shape[-1]) for j in (a, b))
    theta = np.tensordot(a, b, (-1, -1))
    order = [axis for k in range(rank - 1) for axis in (k, k + rank - 1)]
    return theta.transpose(order)


def assert_close(theta, expected):
    assert theta.shape == expected.shape
    np.testing.assert_allclose(theta, expected, rtol=0, atol=1e-11 * np.linalg.norm(expected))


@pytest.mark.parametrize("implementation", NtkImplementation, ids=lambda i: i.name)
@pytest.mark.parametrize("x2", [None, Y], ids=["symmetric", "pair"])
@pytest.mark.parametrize("second", [None, one], ids=["same", "f2"])
def test_kernels_between_outputs(x2, second, implementation):
    ntk_fn = swntk.empirical_ntk_fn(
        f, trace_axes=(), f2=second, cross=True, implementation=implementation)
    theta = ntk_fn(X, x2, PARAMS)
    plans = ntk_fn.plan(X, x2, PARAMS)
    left = dense(f, X)
    right = dense(second or f, X if x2 is None else x2)
    inner = tree.structure((second or f)(PARAMS, X))
    rows = tree.flatten_up_to(tree.structure(f(PARAMS, X)), theta)
    found = [tree.flatten_up_to(inner, row) for row in rows]
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            assert_close(found[i][j], product(a, b))
    for plan, block in zip(tree.leaves(plans), tree.leaves(theta), strict=True):
        assert plan.shape == block.shape
        assert_close(plan.compute(), block)
    if x2 is None and second is None:
        for i in range(3):
            for j in range(3):
                other = found[j][i]
                order = [axis ^ 1 for axis in range(other.ndim)]
                np.testing.assert_array_equal(found[i][j], other.transpose(order))


def test_one_output_is_one_kernel():
    plain = swntk.empirical_ntk_fn(one)(X, Y, PARAMS)
    ((theta,),) = swntk.empirical_ntk_fn(one, cross=True)(X, Y, PARAMS)
    np.testing.assert_array_equal(theta, plain[0])
    array = swntk.empirical_ntk_fn(lambda p, x: one(p, x)[0], cross=True)(X, None, PARAMS)
    assert_close(array, swntk.empirical_ntk_fn(one)(X, None, PARAMS)[0])


def test_options_go_to_each_kernel():
    options = {"weights": {"w": 2.0, "v": 0.0}, "vmap_axes": 0, "memory_limit": 1 << 20}
    theta = swntk.empirical_ntk_fn(f, trace_axes=(), cross=True, **options)(X, Y, PARAMS)
    scale = np.concatenate([np.zeros(12), np.full(18, 2.0)])  # v comes before w
    left, right = dense(f, X), dense(f, Y)
    assert_close(theta["u"]["r"][1], product(left[2] * scale, right[1]))  # keys are sorted


def test_derivatives_and_jit_of_kernels_between_outputs():
    def total(params):
        theta = swntk.empirical_ntk_fn(f, trace_axes=(), cross=True)(X, None, params)
        return sum(np.sum(np.sin(block)) for block in tree.leaves(theta))

    np.testing.assert_allclose(swntk.jit(total)(PARAMS), total(PARAMS), rtol=1e-11)
    swntk.check_grads(total, (PARAMS,), order=1)


@pytest.mark.parametrize("implementation", NtkImplementation, ids=lambda i: i.name)
@pytest.mark.parametrize("x2", [None, Y], ids=["symmetric", "pair"])
def test_second_functions_of_other_shapes(x2, implementation):
    other = X if x2 is None else x2
    functions = {
        "wide": lambda p, x: np.concatenate([f(p, x)["u"]] * 3, axis=1),
        "number": lambda p, x: f(p, x)["r"][0],
        "image": lambda p, x: np.reshape(f(p, x)["u"], (len(x), 1, 2)) * np.ones((4, 1)),
        "scalar": lambda p, x: np.sum(f(p, x)["u"]),
    }
    for g in functions.values():
        for first, second in [(lambda p, x: f(p, x)["u"], g), (g, lambda p, x: f(p, x)["u"])]:
            ntk_fn = swntk.empirical_ntk_fn(
                first, trace_axes=(), f2=second, implementation=implementation)
            plan = ntk_fn.plan(X, x2, PARAMS)
            expected = product(dense(first, X)[0], dense(second, other)[0])
            assert_close(plan.compute(), expected)
            columns = expected.shape[1::2]
            v = rng.standard_normal(columns)
            rank = len(columns)
            labels = list(range(2 * rank))
            along = np.einsum(expected, labels, v, labels[1::2], labels[::2])
            assert_close(plan @ v, along)


def test_traced_axes_of_different_sizes_refused():
    with pytest.raises(swntk.ShapeError, match="2 axes for x1 and 1 for x2"):
        swntk.empirical_ntk_fn(
            lambda p, x: f(p, x)["u"], f2=lambda p, x: f(p, x)["r"][0])(X, None, PARAMS)


def test_cross_refused():
    with pytest.raises(swntk.ArgumentError, match="cross"):
        swntk.empirical_ntk_fn(f, cross=1)
    with pytest.raises(swntk.ArgumentError, match="different trees"):
        swntk.empirical_ntk_fn(f, f2=one)(X, None, PARAMS)
