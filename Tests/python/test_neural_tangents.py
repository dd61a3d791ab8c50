"""Laws of the functions that neural-tangents has, and what they refuse.

Tests/neural_tangents compares their results with neural-tangents' own.
"""

import types

import jax
import numpy as np
import pytest
import swntk
from checkers import assert_close
from swntk import predict

RNG = np.random.default_rng(3)
PARAMS = {"w": RNG.standard_normal((4, 6)), "v": [RNG.standard_normal((6, 3))]}
X1, X2 = RNG.standard_normal((5, 4)), RNG.standard_normal((7, 4))


def f(params, x, scale=1.0):
    return np.tanh(x @ params["w"]) @ params["v"][0] * scale


def kernel_of_outputs(x1, x2, trace_axes=(), diagonal_axes=()):
    return swntk.empirical_nngp_fn(f, trace_axes, diagonal_axes)(x1, x2, PARAMS)


def test_nngp():
    y1, y2 = f(PARAMS, X1), f(PARAMS, X2)
    assert_close(kernel_of_outputs(X1, X2), np.einsum("na,mb->nmab", y1, y2))
    assert_close(kernel_of_outputs(X1, X2, (1,)), y1 @ y2.T / 3)
    assert_close(kernel_of_outputs(X1, None, (0,)), y1.T @ y1 / 5)
    assert_close(kernel_of_outputs(X1, None, (), (0, 1)), y1 * y1)


def test_nngp_under_transforms():
    def of(params):
        return np.sum(swntk.empirical_nngp_fn(f)(X1, X2, params) ** 2)

    def jax_of(params):
        y1, y2 = (jax.numpy.tanh(x @ params["w"]) @ params["v"][0] for x in (X1, X2))
        return jax.numpy.sum((y1 @ y2.T / 3) ** 2)

    expected = jax.grad(jax_of)(PARAMS)
    for found in (swntk.grad(of)(PARAMS), swntk.jit(swntk.grad(of))(PARAMS)):
        assert_close(found["w"], np.asarray(expected["w"]))
        assert_close(found["v"][0], np.asarray(expected["v"][0]))


def test_vector_product_is_the_kernel_times_the_vector():
    theta = swntk.empirical_ntk_fn(f, ())(X1, X2, PARAMS, scale=(2.0, 0.5))
    vp = swntk.empirical_ntk_vp_fn(f, X1, X2, PARAMS, scale=(2.0, 0.5))
    for seed in range(2):
        v = np.random.default_rng(seed).standard_normal((7, 3))
        assert_close(vp(v), np.einsum("nmab,mb->na", theta, v))
    with pytest.raises(swntk.ShapeError):
        vp(np.zeros((5, 3)))


def test_vector_product_under_jit_and_in_single_precision():
    params = swntk.tree.map(np.float32, PARAMS)
    x1, x2, v = np.float32(X1), np.float32(X2), np.float32(RNG.standard_normal((7, 3)))
    product = swntk.jit(lambda p, v: swntk.empirical_ntk_vp_fn(f, x1, x2, p)(v))(params, v)
    theta = swntk.empirical_ntk_fn(f, ())(x1, x2, params)
    assert_close(product, np.einsum("nmab,mb->na", theta, v))


@pytest.mark.parametrize("degree", range(7))
def test_taylor_expansion_of_a_polynomial_is_exact_from_its_degree_on(degree):
    def cubic(p, x):
        return p["a"] ** 3 * x + p["a"] * p["b"] + 2.0

    old, new = {"a": np.array(0.5), "b": np.array(2.0)}, {"a": np.array(1.5), "b": np.array(-1.0)}
    found = swntk.taylor_expand(cubic, old, degree)(new, X1)
    exact = cubic(new, X1)
    if degree >= 3:
        assert_close(found, exact)
    else:
        assert np.abs(found - exact).max() > 0.1


def test_taylor_expansion_grows_by_a_power_of_the_degree():
    """Doubled, the degree makes it 2³ times longer at most; unmerged, it would be 2⁸ times."""
    lengths = [
        swntk.trace(swntk.taylor_expand(f, PARAMS, d), PARAMS, X1).simplify().counts[3]
        for d in (8, 16)
    ]
    assert lengths[1] < 8 * lengths[0]


def test_taylor_expansion_keeps_half_precision():
    params = swntk.tree.map(np.float16, PARAMS)
    moved = swntk.tree.map(lambda p: p * np.float16(1.01), params)
    found = swntk.taylor_expand(f, params, 3)(moved, X1.astype(np.float16))
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, f(moved, X1.astype(np.float32)), rtol=0.02, atol=0.02)


def test_taylor_expansion_is_differentiable():
    x = X1[:2]
    expanded = swntk.taylor_expand(f, PARAMS, 2)
    gradient = swntk.grad(lambda p: np.sum(expanded(p, x)))(PARAMS)
    expected = swntk.grad(lambda p: np.sum(f(p, x)))(PARAMS)
    assert_close(gradient["w"], expected["w"])


def test_integer_outputs_do_not_move():
    value, count = swntk.linearize(lambda p, x: (p * x, np.argmax(x)), np.array(1.0))(2.0, X1[0])
    assert_close(value, 2 * X1[0])
    assert count == np.argmax(X1[0])


@pytest.mark.parametrize("degree", [-1, 1.5, "2", None])
def test_bad_degrees(degree):
    with pytest.raises(swntk.ArgumentError, match="degree"):
        swntk.taylor_expand(f, PARAMS, degree)


# ---- get ------------------------------


def make_getters():
    kernels = types.SimpleNamespace(nngp=np.eye(2), ntk=np.eye(2))
    y = np.ones((2, 1))
    empirical = swntk.empirical_kernel_fn(f)

    def kernel_fn(x1, x2, get):
        return kernels.ntk if isinstance(get, str) else kernels

    ensemble = predict.gradient_descent_mse_ensemble(kernel_fn, y, y)
    drawn = swntk.monte_carlo_kernel_fn(
        lambda key, shape: (shape, PARAMS),
        lambda p, x, rng: f(p, x),
        swntk.random.PRNGKey(0),
        1,
    )
    return {
        "empirical_kernel_fn": lambda get: empirical(X1, None, get, PARAMS),
        "monte_carlo_kernel_fn": lambda get: drawn(X1, None, get),
        "gp_inference": lambda get: predict.gp_inference(kernels, y)(get, kernels),
        "gradient_descent_mse_ensemble": lambda get: ensemble(None, y, get),
    }


GETTERS = make_getters()


@pytest.mark.parametrize("get", ["foo", (), ("ntk", "foo"), ("ntk", "ntk"), 3, (1,), ""])
@pytest.mark.parametrize("name", GETTERS)
def test_bad_get(name, get):
    with pytest.raises(swntk.ArgumentError, match="get"):
        GETTERS[name](get)


@pytest.mark.parametrize("name", GETTERS)
def test_get(name):
    both = GETTERS[name](None)
    assert both._fields == ("nngp", "ntk")
    one = GETTERS[name](("ntk",))
    assert one._fields == ("ntk",)
    assert_close(one.ntk, both.ntk)
    assert_close(GETTERS[name]("NTK"), both.ntk)


# ---- batches and draws ------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 7, 100])
def test_batches_are_the_whole(size):
    keep = np.linspace(0, 1, 5)[:, None], np.linspace(1, 2, 7)[:, None]
    kernel_fn = swntk.empirical_kernel_fn(f, ())
    expected = kernel_fn(X1, X2, None, PARAMS, scale=keep)
    found = swntk.batch(kernel_fn, size)(X1, X2, None, PARAMS, scale=keep)
    assert found._fields == expected._fields
    assert_close(found.ntk, expected.ntk)
    assert_close(found.nngp, expected.nngp)
    alone = swntk.batch(kernel_fn, size)(X1, None, "ntk", PARAMS, scale=(keep[0], keep[0]))
    assert_close(alone, kernel_fn(X1, None, "ntk", PARAMS, scale=(keep[0], keep[0])))


def test_batches_under_jit():
    kernel_fn = swntk.batch(swntk.empirical_ntk_fn(f), 3)
    assert_close(
        swntk.jit(kernel_fn)(X1, X2, PARAMS), swntk.empirical_ntk_fn(f)(X1, X2, PARAMS)
    )


def test_batches_fold_a_key_once():
    def noisy(params, x, rng):
        return f(params, x) + swntk.random.normal(rng, (3,))

    kernel_fn = swntk.empirical_nngp_fn(noisy, ())
    key = swntk.random.PRNGKey(1)
    for x2 in (None, X1.copy(), X2):
        expected = kernel_fn(X1, x2, PARAMS, rng=key)
        assert_close(swntk.batch(kernel_fn, 2)(X1, x2, PARAMS, rng=key), expected)


def test_bad_batches():
    kernel_fn = swntk.empirical_ntk_fn(f)
    for options in [{"batch_size": -1}, {"batch_size": 1.5}, {"device_count": -2}]:
        with pytest.raises(swntk.ArgumentError, match=next(iter(options))):
            swntk.batch(kernel_fn, **options)
    with pytest.raises(swntk.ShapeError, match="first two axes"):
        swntk.batch(swntk.empirical_ntk_fn(f, diagonal_axes=(0,)), 2)(X1, None, PARAMS)
    with pytest.raises(swntk.ShapeError, match="samples along axis 0"):
        swntk.batch(kernel_fn, 2)({"a": X1, "b": X2}, None, PARAMS)
    with pytest.raises(swntk.ShapeError, match="no axis 0"):
        swntk.batch(kernel_fn, 2)(np.array(1.0), None, PARAMS)


def test_draws_are_the_mean():
    def init_fn(key, shape):
        assert shape == X1.shape
        return (5, 3), {"w": swntk.random.normal(key, (4, 6)), "v": PARAMS["v"]}

    def make(count):
        apply_fn = lambda p, x, rng: f(p, x)  # noqa: E731
        key = swntk.random.PRNGKey(0)
        return swntk.monte_carlo_kernel_fn(init_fn, apply_fn, key, count)(X1, X2, "ntk")

    key, total = swntk.random.PRNGKey(0), 0
    for _ in range(3):
        key, own = swntk.random.split(key)
        params = init_fn(swntk.random.split(own)[0], X1.shape)[1]
        total = total + swntk.empirical_ntk_fn(f)(X1, X2, params)
    assert_close(make(3), total / 3)
    several = list(make([3, 1, 3]))
    assert len(several) == 2
    assert_close(several[0], make(1))
    assert_close(several[1], make(3))


@pytest.mark.parametrize("counts", [0, -1, 1.5, [], [0, 1], ["a"], None])
def test_bad_counts(counts):
    with pytest.raises(swntk.ArgumentError, match="n_samples"):
        swntk.monte_carlo_kernel_fn(None, f, swntk.random.PRNGKey(0), counts)


@pytest.mark.parametrize("key", [None, 3, np.zeros((2, 2), np.uint32), np.zeros(3, np.uint32)])
def test_bad_keys(key):
    with pytest.raises(swntk.ArgumentError, match="key"):
        swntk.monte_carlo_kernel_fn(None, f, key, 1)
    if key is not None:
        with pytest.raises(swntk.NTKError):
            swntk.empirical_ntk_fn(lambda p, x, rng: f(p, x))(X1, X2, PARAMS, rng=key)


@pytest.mark.parametrize("make", [swntk.empirical_direct_ntk_fn, swntk.empirical_implicit_ntk_fn])
@pytest.mark.parametrize("keys", [5, "a", np.zeros(3, np.uint32), np.zeros((3, 2), np.uint32), ()])
def test_bad_keys_of_the_earlier_forms(make, keys):
    with pytest.raises(swntk.ArgumentError, match="keys must be"):
        make(lambda p, x, rng: f(p, x))(X1, X2, PARAMS, keys=keys)


AXES = [((2,), ()), ((), (-3,)), ((0,), (0,)), ((1, -1), ()), ((1.5,), ()), ("a", ())]


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("make", [swntk.empirical_nngp_fn, swntk.empirical_kernel_fn])
def test_bad_axes(make, axes):
    with pytest.raises(swntk.ArgumentError):
        fn = make(f, *axes)
        fn(*(X1, None, "ntk", PARAMS) if make is swntk.empirical_kernel_fn else (X1, None, PARAMS))


def test_sides_that_do_not_fit():
    with pytest.raises(swntk.ShapeError, match="sizes"):
        kernel_of_outputs(X1, X2, (0,))
    with pytest.raises(swntk.ShapeError, match="axes"):
        swntk.empirical_nngp_fn(lambda p, x: x)(X1, X1[0], ())


# ---- predictions ------------------------------

N, M = 5, 3
A = RNG.standard_normal((N + M, 20))
K, C, T = A[:N] @ A[:N].T, A[N:] @ A[:N].T, A[N:] @ A[N:].T
Y, F0, G0 = RNG.standard_normal((N, 2)), RNG.standard_normal((N, 2)), RNG.standard_normal((M, 2))


def squares(fx, y):
    return np.mean((fx - y) ** 2) / 2


def test_closed_form_solves_the_equation():
    """f' = -K (f - y) / y.size, by differences; g' likewise with the rows of test samples."""
    predict_fn = predict.gradient_descent_mse(K, Y)
    t, h = 1.3, 1e-4
    (f1, g1), (f2, g2) = (predict_fn(t + s, F0, G0, C) for s in (-h, h))
    train, _ = predict_fn(t, F0, G0, C)
    for change, kernel in ((f2 - f1, K), (g2 - g1, C)):
        np.testing.assert_allclose(change / (2 * h), -kernel @ (train - Y) / Y.size, rtol=1e-6)
    start = predict_fn(0, F0, G0, C)
    np.testing.assert_array_equal(start[0], F0)
    np.testing.assert_array_equal(start[1], G0)


@pytest.mark.parametrize("t", [0.0, 0.7, np.array([[0.0, 5.0], [2.0, 1.0]]), np.zeros(0)])
def test_integrated_squares_are_the_closed_form(t):
    """Also far more closely than neural-tangents' solver; times in any order."""
    found = predict.gradient_descent(squares, K, Y, 0.3)(t, F0, G0, C)
    expected = predict.gradient_descent_mse(K, Y, 0.3)(t, F0, G0, C)
    for a, e in zip(found, expected):
        assert_close(a, e, 1e-10)


@pytest.mark.parametrize("momentum", [None, 0.5])
def test_training_to_the_end(momentum):
    found = predict.gradient_descent(squares, K, Y, momentum=momentum)(None, F0, G0, C)
    expected = predict.gradient_descent_mse(K, Y)(None, F0, G0, C)
    for a, e in zip(found, expected):
        assert_close(a, e, 1e-8)


def test_momentum_is_the_damped_oscillator():
    """One sample with kernel 1: q' = -(1 - m) / √η q - (f - y) at time √η t."""
    m, rate, t = 0.9, 0.25, 3.0
    state = predict.ODEState(np.zeros((1, 1)))
    loss = lambda fx, y: np.sum((fx - y) ** 2) / 2  # noqa: E731
    found = predict.gradient_descent(loss, np.eye(1), np.ones((1, 1)), rate, m)(t, state)
    damping = (1 - m) / np.sqrt(rate) / 2
    frequency, time = np.sqrt(1 - damping**2), np.sqrt(rate) * t
    phase, decay = frequency * time, np.exp(-damping * time)
    position = 1 - decay * (np.cos(phase) + damping / frequency * np.sin(phase))
    assert_close(found.fx_train, np.full((1, 1), position), 1e-10)
    assert_close(found.qx_train, np.full((1, 1), decay * np.sin(phase) / frequency), 1e-10)
    assert found.fx_test is None and found.qx_test is None


def test_single_precision_in_and_out():
    half = [x.astype(np.float32) for x in (K, Y, F0, G0, C)]
    k, y, f0, g0, c = half
    expected = predict.gradient_descent_mse(K, Y)(2.0, F0, G0, C)
    for fn in (predict.gradient_descent_mse(k, y), predict.gradient_descent(squares, k, y)):
        for a, e in zip(fn(2.0, f0, g0, c), expected):
            assert_close(a, e.astype(np.float32))


def test_regularization_of_any_kernel():
    rank_one = np.outer(np.arange(1.0, N + 1), np.arange(1.0, N + 1))
    for reg, absolute, added in ((0.5, True, 0.5), (0.5, False, 0.5 * np.trace(rank_one) / N)):
        predict_fn = predict.gradient_descent_mse(rank_one, Y, 1.0, reg, absolute)
        expected = C @ np.linalg.solve(rank_one + added * np.eye(N), Y)
        assert_close(predict_fn(None, None, 0.0, C), expected)
        assert_close(predict_fn(np.inf, None, 0.0, C), expected)


SINGULAR = {
    "ones": np.ones((N, N)),
    "twice": K[np.ix_([0, 1, 2, 3, 3], [0, 1, 2, 3, 3])],
    "zero": np.zeros((N, N)),
    "single": np.float32(np.ones((N, N))),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_singular_kernels(name):
    """Refused where an inverse is needed, with what to do; exact at finite times."""
    k = SINGULAR[name]
    predict_fn = predict.gradient_descent_mse(k, Y)
    for t in (None, np.inf, [1.0, np.inf]):
        with pytest.raises(swntk.linalg.SingularKernelError, match="k_train_train.*diag_reg"):
            predict_fn(t, F0, G0, C)
    with pytest.raises(swntk.linalg.SingularKernelError, match="k_train_train.*diag_reg"):
        predict.gp_inference(k, Y)("nngp", C)
    found = predict_fn(2.0, F0, F0, k)
    expected = predict.gradient_descent(squares, k, Y)(2.0, F0, F0, k)
    tolerance = 1e-6 if k.dtype == np.float32 else 1e-9
    for a, e in zip(found, expected):
        assert_close(a, e, tolerance)
    np.testing.assert_array_equal(predict_fn(None, F0), Y)


def bad(match, call, error=swntk.ArgumentError):
    return pytest.param(match, call, error, id=match)


@pytest.mark.parametrize(
    "match, call, error",
    [
        bad("negative", lambda: predict.gradient_descent_mse(K, Y)(-1.0)),
        bad("t must not", lambda: predict.gradient_descent(squares, K, Y)([0.0, np.nan])),
        bad("NaN", lambda: predict.gradient_descent_mse(K * np.nan, Y)),
        bad("y_train holds", lambda: predict.gradient_descent_mse(K, Y * np.inf)),
        bad("not symmetric", lambda: predict.gradient_descent_mse(K + A[:N, :N], Y)),
        bad("not positive semidefinite", lambda: predict.gradient_descent_mse(-K, Y)(1.0)),
        bad(
            "nngp is not positive",
            lambda: predict.gp_inference(types.SimpleNamespace(nngp=-K), Y)("nngp", C),
        ),
        bad("trace_axes", lambda: predict.gradient_descent_mse(K, Y, trace_axes=(2,))),
        bad("twice", lambda: predict.gp_inference(K, Y, trace_axes=(1, -1))),
        bad("learning_rate", lambda: predict.gradient_descent_mse(K, Y, -1.0)),
        bad("diag_reg", lambda: predict.gradient_descent_mse(K, Y, 1.0, -1.0)),
        bad("momentum", lambda: predict.gradient_descent(squares, K, Y, 1.0, np.nan)),
        bad("both None", lambda: predict.gradient_descent_mse(K, Y)(1.0, None)),
        bad("k_test_train is None", lambda: predict.gradient_descent_mse(K, Y)(1.0, F0, G0)),
        bad("expected axes in equal pairs", lambda: predict.max_learning_rate(C), swntk.ShapeError),
        bad("is empty", lambda: predict.max_learning_rate(np.zeros((0, 0)), 3)),
        bad("y_train_size", lambda: predict.max_learning_rate(K, 0)),
        bad("expected .5, 5.", lambda: predict.gradient_descent_mse(C, Y), swntk.ShapeError),
        bad(
            "k_train_train has shape .8, 8.",
            lambda: predict.gradient_descent(squares, A @ A.T, Y),
            swntk.ShapeError,
        ),
        bad(
            "k_test_train has shape",
            lambda: predict.gradient_descent_mse(K, Y)(1.0, F0, G0, C.T),
            swntk.ShapeError,
        ),
        bad(
            "fx_test_0 has shape",
            lambda: predict.gradient_descent_mse(K, Y)(1.0, F0, F0, C),
            swntk.ShapeError,
        ),
        bad(
            "fx_train_0 has shape",
            lambda: predict.gradient_descent_mse(K, Y)(1.0, G0),
            swntk.ShapeError,
        ),
        bad(
            "velocities",
            lambda: predict.gradient_descent(squares, K, Y)(1.0, predict.ODEState(F0, None, F0)),
        ),
        bad(
            "beside an ODEState",
            lambda: predict.gradient_descent(squares, K, Y)(1.0, predict.ODEState(F0), G0, C),
        ),
        bad(
            "does not converge",
            lambda: predict.gradient_descent(
                lambda fx, y: np.sum(np.log1p(np.exp(-fx * y))), np.eye(1), np.ones((1, 1))
            )(None),
        ),
        bad(
            "leave all bounds",
            lambda: predict.gradient_descent(
                lambda fx, y: -np.sum(fx**4), np.eye(1), np.ones((1, 1))
            )(9.0, 1.0),
        ),
        bad("no 'nngp'", lambda: predict.gp_inference(types.SimpleNamespace(ntk=K), Y)(None, C)),
        bad("needs nngp and ntk", lambda: predict.gp_inference(K, Y)("ntk", C, T)),
        bad(
            "scale is 1.0 for the training",
            lambda: predict.gradient_descent_mse_ensemble(
                lambda *a, scale: K, X1, Y, scale=1.0
            )(None, X1, "ntk", scale=2.0),
        ),
    ],
)
def test_refusals(match, call, error):
    with pytest.raises(error, match=match):
        call()


def test_predictions_are_not_traced():
    with pytest.raises(swntk.TracingError, match="predict"):
        swntk.jit(lambda k: predict.gradient_descent_mse(k, Y)(1.0))(K)


def test_no_samples():
    none = np.zeros((0, 0))
    predict_fn = predict.gradient_descent_mse(none, np.zeros((0, 2)))
    train, test = predict_fn(1.0, 0.0, G0, np.zeros((M, 0)))
    assert train.shape == (0, 2)
    assert_close(test, G0)
    trained = predict.gradient_descent(lambda fx, y: np.sum((fx - y) ** 2), none, np.zeros((0, 2)))
    assert_close(trained(1.0, 0.0, G0, np.zeros((M, 0)))[1], G0)


def test_what_is_not_here_says_where_to_look():
    with pytest.raises(AttributeError, match=r"no attribute 'stax': write the network as a NumPy"):
        getattr(swntk, "stax")  # noqa: B009
    with pytest.raises(AttributeError, match="no attribute 'nothing'$"):
        getattr(swntk, "nothing")  # noqa: B009


@pytest.mark.parametrize("axes", [((), (0,)), ((0,), ()), ((), (0, 1))])
def test_batch_refuses_kernels_whose_samples_do_not_stand_in_pairs(axes):
    """Also where as many outputs stand where the samples are looked for."""
    rng = np.random.default_rng(0)
    w, x = rng.standard_normal((4, 3)), rng.standard_normal((6, 4))
    ntk_fn = swntk.empirical_ntk_fn(lambda w, x: np.tanh(x @ w), *axes)
    assert ntk_fn(x, None, w).shape[:1] in [(6,), (3,)]
    for size in (2, 3, 4):
        with pytest.raises(swntk.ShapeError):
            swntk.batch(ntk_fn, size)(x, None, w)
