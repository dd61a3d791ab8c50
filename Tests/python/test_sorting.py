"""Law: what sorts gives NumPy's values and JAX's, with JAX's derivatives, at ties and NaN too."""

import numpy as np
import pytest
import swntk
from checkers import assert_close

jax = pytest.importorskip("jax")
jnp = jax.numpy
lax, jlax = swntk.lax, jax.lax


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def odd(dtype="f8"):
    """Ties, zeros of both signs, infinities and NaN."""
    x = np.array([[3, -0.0, np.nan, 1, 1, np.inf], [0.0, -0.0, 2, -np.inf, 2, 5.0]], dtype)
    return x


ARRAYS = {
    "f64": normal(0, 4, 5, 3),
    "f32": normal(1, 4, 5, 3).astype("f4"),
    "odd": odd(),
    "odd f32": odd("f4"),
    "i32": np.random.default_rng(2).integers(-3, 4, (3, 7)).astype("i4"),
    "u8": np.random.default_rng(2).integers(0, 255, (3, 7)).astype("u1"),
    "bool": np.random.default_rng(2).integers(0, 2, (3, 7)).astype(bool),
    "none": np.zeros((2, 0)),
    "one": np.array([[2.5]]),
    "long": np.random.default_rng(3).integers(-40, 40, (2, 700)).astype("f8"),
}

NUMPY = {
    "sort": lambda x: np.sort(x),
    "sort 0": lambda x: np.sort(x, axis=0, kind="stable"),
    "sort none": lambda x: np.sort(x, axis=None),
    "argsort": lambda x: np.argsort(x, kind="stable"),
    "argsort 0": lambda x: np.argsort(x, axis=0, kind="stable"),
    "argsort none": lambda x: np.argsort(x, axis=None, kind="stable"),
    "method argsort": lambda x: x.argsort(axis=0, kind="stable"),
    "lexsort": lambda x: np.lexsort((x, x < 2), axis=0),
    "searchsorted": lambda x: np.searchsorted(np.array([-1.0, 0, 0, 1, 2, 2, np.nan]), x),
    "searchsorted right": lambda x: np.searchsorted(
        np.array([-1.0, 0, 0, 1, 2, 2, np.nan]), x, side="right"
    ),
}
NEEDS_ELEMENTS = {
    "median": lambda x: np.median(x, axis=-1),
    "median 0": lambda x: np.median(x, axis=0, keepdims=True),
    "median all": lambda x: np.median(x),
    "median axes": lambda x: np.median(x, axis=(0, 1)),
    "nanmedian": lambda x: np.nanmedian(x, axis=-1),
    "nanmedian 0": lambda x: np.nanmedian(x, axis=0),
    "percentile": lambda x: np.percentile(x, [10, 50, 99.5], axis=-1),
    "ptp": lambda x: np.ptp(x, axis=0),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("name", [*NUMPY, *NEEDS_ELEMENTS])
def test_values_are_numpy_s(name, array):
    x = ARRAYS[array]
    if name in NEEDS_ELEMENTS and (array == "none" or (array == "bool" and name == "ptp")):
        pytest.skip("NumPy refuses it")
    if name == "percentile" and array == "bool":
        pytest.skip("NumPy refuses it")
    f = {**NUMPY, **NEEDS_ELEMENTS}[name]
    expected = np.asarray(f(x))
    for actual in (swntk.jit(f)(x), swntk.vmap(f)(x[None])[0]):
        assert_close(actual, expected)
    if name.startswith("sort"):
        np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected))


METHODS = [
    *("linear lower higher midpoint nearest weibull hazen median_unbiased normal_unbiased".split()),
    *("interpolated_inverted_cdf inverted_cdf averaged_inverted_cdf closest_observation".split()),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", METHODS)
def test_quantiles(method):
    q = np.array([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1])

    def check(x, **options):
        def f(x):
            return np.quantile(x, q, method=method, **options)

        expected = np.asarray(f(x))
        assert_close(swntk.jit(f)(x), expected)

    assert_close(
        swntk.jit(lambda x: np.quantile(x, 0.3, method=method))(ARRAYS["f32"]),
        np.quantile(ARRAYS["f32"], 0.3, method=method),
    )
    with_odd = odd()
    if method == "averaged_inverted_cdf":
        # Beside an infinite number, NumPy's weights decide between it and NaN by their rounding.
        with_odd[np.isinf(with_odd)] = 7
    for x in (ARRAYS["f64"], ARRAYS["f32"], ARRAYS["i32"], with_odd):
        for axis, keepdims in ((None, False), (0, True), (-1, False), ((0, 1), True)):
            check(x, axis=axis, keepdims=keepdims)


def test_traced_quantiles():
    x = ARRAYS["f64"]

    def ours(x, q):
        return np.sum(np.quantile(x, q, axis=0) ** 2)

    def theirs(x, q):
        return jnp.sum(jnp.quantile(x, q, axis=0) ** 2)

    q = np.array([0.13, 0.4, 0.77])
    assert_close(ours(x, q), swntk.jit(ours)(x, q))
    for argnum in (0, 1):
        expected = jax.grad(theirs, argnum)(x, q)
        assert_close(swntk.grad(ours, argnum)(x, q), np.asarray(expected))


def test_in_place():
    def f(x):
        y = x + 0
        view = y[1:]
        view.sort(axis=0)
        y[:, 0].partition(1)
        return y

    x = normal(4, 5, 3)
    assert_close(swntk.jit(f)(x), f(x))
    assert_close(
        swntk.jit(lambda x: np.sort(np.partition(x, 2)[:3]))(x[:, 0]), np.sort(x[:, 0])[:3]
    )
    order = swntk.jit(lambda x: x.argpartition(2))(x[:, 0])
    assert sorted(order) == list(range(5))


JAXED = {
    "sort": lambda m, x: m.sort(x, axis=0),
    "sort flat": lambda m, x: m.sort(x, axis=None),
    "median": lambda m, x: m.median(x, axis=0),
    "median even": lambda m, x: m.median(x[:, :2], axis=1),
    "percentile": lambda m, x: m.percentile(x, 30.0, axis=1),
    "nanmedian": lambda m, x: m.nanmedian(x, axis=1),
    "take": lambda m, x: m.take_along_axis(x, m.argsort(x, axis=1), axis=1),
}


@pytest.mark.parametrize("name", JAXED)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_derivatives_are_jax_s(name, dtype):
    f = JAXED[name]
    x = normal(5, 4, 5).astype(dtype)

    def loss(m):
        return lambda x: m.sum(f(m, x) ** 3)

    for transform, other in ((swntk.grad, jax.grad), (swntk.hessian, jax.hessian)):
        assert_close(transform(loss(np))(x), np.asarray(jax.jit(other(loss(jnp)))(x)))
    assert_close(
        swntk.jacfwd(lambda x: f(np, x))(x), np.asarray(jax.jacfwd(lambda x: f(jnp, x))(x))
    )


LAX = {
    "sort": lambda m, x: m.sort(x, dimension=0),
    "sort two": lambda m, x: m.sort((x, x[::-1]), num_keys=1)[1],
    "sort two keys": lambda m, x: m.sort((x // 1, x), dimension=0, num_keys=2)[1],
    "sort_key_val": lambda m, x: m.sort_key_val(x, x * 2, dimension=0)[1],
    "top_k": lambda m, x: m.top_k(x, 2)[0],
    "top_k 0": lambda m, x: m.top_k(x, 3, axis=0)[0],
}


@pytest.mark.parametrize("name", LAX)
def test_lax(name):
    f = LAX[name]
    x = normal(6, 5, 4)
    assert_close(f(lax, x), np.asarray(f(jlax, jnp.asarray(x))))
    assert_close(
        swntk.jacrev(lambda x: f(lax, x))(x), np.asarray(jax.jacrev(lambda x: f(jlax, x))(x))
    )
    ours = swntk.hessian(lambda x: np.sum(f(lax, x) ** 3))(x)
    assert_close(ours, np.asarray(jax.jit(jax.hessian(lambda x: jnp.sum(f(jlax, x) ** 3)))(x)))


def test_lax_at_odd_numbers():
    for x in (odd(), odd("f4"), ARRAYS["i32"], ARRAYS["u8"], ARRAYS["long"]):
        places = np.arange(x.size).reshape(x.shape)
        for ours, theirs in (
            (lax.sort((x, places)), jlax.sort((x, places))),
            (lax.top_k(x, 5), jlax.top_k(x, 5)),
            (lax.top_k(x, 0), jlax.top_k(x, 0)),
            (lax.top_k(x, 2, axis=0), jlax.top_k(x, 2, axis=0)),
        ):
            for a, b in zip(ours, theirs, strict=True):
                b = np.asarray(b)
                assert a.dtype == b.dtype
                np.testing.assert_array_equal(a, b)
                if b.dtype.kind == "f":
                    np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


# ---- gather and scatter ---------------------------

GATHERS = [
    # offsets, collapsed, map, slice sizes, array, indices
    ((1,), (0,), (0,), (1, 3), (4, 3), [[0], [3], [1], [-1], [4]]),
    ((), (0, 1), (1, 0), (1, 1), (4, 3), [[0, 1], [2, 3], [1, 5]]),
    ((0, 2), (), (1,), (2, 2), (4, 3), [[0], [1], [2]]),
]
MODES = [None, "clip", "fill", "promise_in_bounds"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", range(len(GATHERS)))
def test_gather(case, mode):
    offset, collapsed, index_map, sizes, shape, indices = GATHERS[case]
    x, indices = normal(7, *shape), np.array(indices)
    if mode in (None, "promise_in_bounds"):
        indices = np.clip(indices, 0, 1)

    def f(m):
        numbers = m.GatherDimensionNumbers(offset, collapsed, index_map)
        return lambda x: m.gather(x, indices, numbers, sizes, mode=mode)

    assert_close(f(lax)(x), np.asarray(f(jlax)(x)))
    ours = swntk.jacrev(lambda x: np.nan_to_num(f(lax)(x)) ** 2)(x)
    assert_close(
        ours, np.asarray(jax.jit(jax.jacrev(lambda x: jnp.nan_to_num(f(jlax)(x)) ** 2))(x))
    )
    if mode == "fill":
        whole = np.arange(12).reshape(shape)
        assert_close(f(lax)(whole), np.asarray(f(jlax)(whole)))


SCATTERS = [
    ((1,), (0,), (0,), (4, 3), [[0], [3], [1], [-1], [4]], (5, 3)),
    ((1,), (0,), (0,), (4, 3), [[2], [2], [1]], (3, 3)),
    ((), (0, 1), (1, 0), (4, 3), [[0, 1], [2, 3], [1, 5], [0, 1]], (4,)),
    ((1,), (), (0,), (6,), [[0], [1], [3]], (3, 2)),
]


@pytest.mark.parametrize("mode", [None, "clip", "promise_in_bounds"])
@pytest.mark.parametrize("case", range(len(SCATTERS)))
@pytest.mark.parametrize(
    "name", ["scatter", "scatter_add", "scatter_mul", "scatter_min", "scatter_max"]
)
def test_scatter(name, case, mode):
    window, inserted, index_map, shape, indices, sizes = SCATTERS[case]
    indices = np.array(indices)
    limits = np.array([shape[a] for a in index_map]) - (2 if case == 3 else 1)
    inside = (0 <= indices).all() and (indices <= limits).all()
    if mode == "promise_in_bounds" and not inside:
        pytest.skip("outside")
    x, updates = normal(8, *shape), normal(9, *sizes)

    def f(m):
        numbers = m.ScatterDimensionNumbers(window, inserted, index_map)
        return lambda x, u: getattr(m, name)(x, indices, u, numbers, mode=mode)

    assert_close(f(lax)(x, updates), np.asarray(jax.jit(f(jlax))(x, updates)))
    by = (0,) if name == "scatter_mul" else (0, 1)
    if mode == "clip" and not inside and name in ("scatter_min", "scatter_max"):
        pytest.skip("JAX reads what it clips as NaN")

    def check(power):
        def powered(m):
            return lambda *a: f(m)(*a) ** power

        theirs = jax.jit(jax.jacrev(powered(jlax), by))(x, updates)
        for jacobian in (swntk.jacrev, swntk.jacfwd):
            for a, b in zip(jacobian(powered(lax), by)(x, updates), theirs):
                assert_close(a, np.asarray(b))

    check(3)


def test_ties_of_scattered_extremes_are_shared():
    numbers = ((), (0,), (0,))
    x, updates = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 5.0, 5.0])
    at = np.array([[0], [0], [1], [1]])

    def f(m):
        numbers_ = m.ScatterDimensionNumbers(*numbers)
        return lambda x, u: m.scatter_max(x, at, u, numbers_)

    ours = swntk.jacrev(f(lax), (0, 1))(x, updates)
    for a, b in zip(ours, jax.jacrev(f(jlax), (0, 1))(x, updates)):
        assert_close(a, np.asarray(b))


def test_unique_products_have_a_derivative():
    def f(m):
        numbers = m.ScatterDimensionNumbers((1,), (0,), (0,))
        at = np.array([[2], [0], [7]])
        return lambda x, u: m.scatter_mul(x, at, u, numbers, unique_indices=True)

    x, u = normal(8, 4, 3), normal(9, 3, 3)
    for a, b in zip(swntk.jacrev(f(lax), (0, 1))(x, u), jax.jacrev(f(jlax), (0, 1))(x, u)):
        assert_close(a, np.asarray(b))
    ours = swntk.hessian(lambda u: np.sum(f(lax)(x, u) ** 2))(u)
    assert_close(ours, np.asarray(jax.hessian(lambda u: jnp.sum(f(jlax)(x, u) ** 2))(u)))


WRONG = {
    "order": (swntk.UnsupportedError, lambda x: np.sort(x, order="a")),
    "kind": (swntk.ArgumentError, lambda x: np.sort(x, kind="fast")),
    "axis": (swntk.ArgumentError, lambda x: np.sort(x, axis=2)),
    "kth": (swntk.ArgumentError, lambda x: np.partition(x, 9)),
    "traced kth": (swntk.TracingError, lambda x: np.partition(x, x[0, 0].astype(int))),
    "side": (swntk.ArgumentError, lambda x: np.searchsorted(x[0], x, side="middle")),
    "matrix": (swntk.ArgumentError, lambda x: np.searchsorted(x, x[0])),
    "q": (swntk.ArgumentError, lambda x: np.quantile(x, 1.5)),
    "percent": (swntk.ArgumentError, lambda x: np.percentile(x, -1)),
    "method": (swntk.ArgumentError, lambda x: np.quantile(x, 0.5, method="best")),
    "no keys": (swntk.ArgumentError, lambda x: lax.sort([])),
    "too many keys": (swntk.ArgumentError, lambda x: lax.sort(x, num_keys=2)),
    "shapes": (swntk.ShapeError, lambda x: lax.sort((x, x[0]))),
    "k": (swntk.ArgumentError, lambda x: lax.top_k(x, 9)),
    "mode": (
        swntk.ArgumentError,
        lambda x: lax.scatter(
            x, np.array([[0]]), x[:1], lax.ScatterDimensionNumbers((1,), (0,), (0,)), mode="wrap"
        ),
    ),
    "indices": (
        swntk.DTypeError,
        lambda x: lax.scatter(
            x, np.array([[0.5]]), x[:1], lax.ScatterDimensionNumbers((1,), (0,), (0,))
        ),
    ),
    "numbers": (
        swntk.ArgumentError,
        lambda x: lax.scatter(
            x, np.array([[0]]), x[:1], lax.ScatterDimensionNumbers((5,), (0,), (0,))
        ),
    ),
    "types": (
        swntk.DTypeError,
        lambda x: lax.scatter(
            x,
            np.array([[0]]),
            x[:1].astype("f4"),
            lax.ScatterDimensionNumbers((1,), (0,), (0,)),
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments(name):
    error, f = WRONG[name]
    with pytest.raises(error) as caught:
        swntk.jit(f)(normal(0, 4, 3))
    assert "test_sorting.py" in str(caught.value)


def test_products_that_meet_have_no_derivative_by_the_updates():
    numbers = lax.ScatterDimensionNumbers((), (0,), (0,))
    f = lambda u: np.sum(lax.scatter_mul(np.ones(3), np.array([[0], [0]]), u, numbers))  # noqa: E731
    with pytest.raises(swntk.UnsupportedError, match="unique_indices"):
        swntk.grad(f)(np.ones(2))


def test_from_text():
    """What the builder made reads back from text; a program of one's own text runs."""
    x = normal(0, 3, 2)
    program = swntk.trace(lambda x: lax.top_k(lax.sort(x, dimension=0), 1)[0], x)
    assert str(swntk.Program.parse(str(program))) == str(program)
    own = swntk.Program.parse("""ntk 1
program(%0: f64[4], %1: i64[2,1], %2: f64[2]) {
  %3: f64[4] = scatter[update_window_dims=[], inserted_window_dims=[0],
    scatter_dims_to_operand_dims=[0]](%0, %1, %2)
  %4: f64[4], %5: f64[4] = sort[dimension=0](%3, %0)
  %6: f64[4] = lgamma(%4)
  return %5, %6
}
""")
    x, updates = np.array([3.0, 1, 4, 2]), np.array([0.5, 7.0])
    moved, values = own.evaluate([x, np.array([[0], [1]]), updates])
    np.testing.assert_array_equal(moved, [3, 2, 4, 1])
    assert_close(values, np.array([jax.lax.lgamma(v) for v in (0.5, 2.0, 4.0, 7.0)]))
